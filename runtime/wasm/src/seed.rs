//! Seeds for guests' hash maps.

use std::hash::{BuildHasher, RandomState};

use wasmtime::Result;
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::p2::bindings::random::insecure_seed;

use crate::state::State;

/// `wasi:random/insecure-seed@0.2` without the rest of WASI.
///
/// Rust's `HashMap` asks for a seed, and many a handler for nothing else of the host: for it alone
/// wasmtime's context of WASI would be made, with its generators of random numbers.
struct Seed;

impl HasData for Seed {
    type Data<'a> = Self;
}

impl insecure_seed::Host for Seed {
    /// Two numbers that nobody can foresee: hashes with a key that this thread had from the system,
    /// which each call changes.
    fn insecure_seed(&mut self) -> Result<(u64, u64)> {
        let state = RandomState::new();
        Ok((state.hash_one(0), state.hash_one(1)))
    }
}

/// Gives guests this one in place of wasmtime's.
///
/// # Errors
/// wasmtime's.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    linker.allow_shadowing(true);
    let added = insecure_seed::add_to_linker::<State, Seed>(linker, |_| Seed);
    linker.allow_shadowing(false);
    added
}
