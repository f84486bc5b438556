//! Receives that can be repeated, in the store: so they can be after a restart too.
//!
//! An attempt is stored in the commit that stores what it took. It costs a write to those alone
//! who give a `ReceiveRequestAttemptId`.

use super::queue::Queue;
use crate::{
    Timestamp,
    core::Core,
    store::{AttemptKey, Write},
};

/// What to store when the attempt with this id has taken messages: it, and that those which have
/// ended are forgotten.
pub(super) fn writes(queue: &Queue, core: &mut Core, id: &str, now: Timestamp) -> Vec<Write> {
    let key = |id: String| AttemptKey { queue: queue.id, id };
    let ended = core.expire_attempts(now).into_iter().map(|id| Write::RemoveAttempt(key(id)));
    let mut writes: Vec<Write> = ended.collect();
    let attempt = core.attempt(id);
    writes.extend(attempt.map(|attempt| Write::Attempt { key: key(id.to_owned()), attempt }));
    writes
}
