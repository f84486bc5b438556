//! WASI 0.2, as guests import it.
//!
//! It is wasmtime's but for what nearly every guest asks for, which here does not need wasmtime's
//! context of WASI: to make that, with its generators of random numbers and a copy of all variables,
//! takes as long as a small handler's call.

use std::hash::{BuildHasher, RandomState};

use wasmtime::Result;
use wasmtime::component::{HasData, Linker, ResourceTable};
use wasmtime_wasi::p2::bindings::random::insecure_seed;
use wasmtime_wasi_io::IoView;

use crate::state::State;

/// `wasi:random/insecure-seed`. Rust's `HashMap` asks for a seed.
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

/// `wasi:io`: streams, of bodies too, and what can be waited for.
impl IoView for State {
    fn table(&mut self) -> &mut ResourceTable {
        self.resources()
    }
}

/// Gives guests WASI 0.2 and its HTTP.
///
/// # Errors
/// wasmtime's.
pub(crate) fn add_to_linker(linker: &mut Linker<State>) -> Result<()> {
    wasmtime_wasi::p2::add_to_linker_async(linker)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(linker)?;
    linker.allow_shadowing(true);
    wasmtime_wasi_io::add_to_linker_async(linker)?;
    insecure_seed::add_to_linker::<State, Seed>(linker, |_| Seed)?;
    linker.allow_shadowing(false);
    Ok(())
}
