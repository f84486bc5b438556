//! The state of a queue apart from everything else.

mod fifo;
pub(crate) mod model;
mod standard;

use super::*;

const OPTIONS: TakeOptions =
    TakeOptions { max: 10, visibility: 30_000, retention: 60_000, max_receives: None };

fn seqs(taken: &Taken) -> Vec<Seq> {
    taken.leases.iter().map(|lease| lease.seq).collect()
}
