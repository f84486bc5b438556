//! How code is compiled: what the engine that compiles and the engine that runs must agree on.
//!
//! wasmtime compares these settings when it loads compiled code, and refuses code that was made
//! with others (`wasmtime::Config`, "AOT compilation"). So they are in one place, for `samovar up`,
//! `samovar build --aot` and the Lambda layer alike. How instances are allocated is not part of
//! them: code runs in a pool and out of one. What is compiled ahead of time has its content mapped,
//! but for components of WASI 0.3.

#[cfg(feature = "compile")]
use wasmparser::{Parser, Payload};
use wasmtime::Config;

/// How much data a component has whose guests have memory that is cleaned in place. Those with more,
/// interpreters, write to more of it.
#[cfg(feature = "compile")]
const MAX_COPIED: usize = 256 << 10;

/// How the memory of a new guest gets its content.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Content {
    /// It is in memory that guests before have used, mapped there for all of them or copied for
    /// each: see [`crate::memory`].
    Copied,
    /// It is mapped, and a page is copied when the guest writes to it.
    Mapped,
}

#[cfg(feature = "compile")]
impl Content {
    /// What is quicker for a component.
    pub(crate) fn of(component: &[u8]) -> Self {
        let mut data = 0_usize;
        // Of what is no valid component the compiler tells why.
        for payload in Parser::new(0).parse_all(component).flatten() {
            if let Payload::DataSection(segments) = payload {
                data += segments.into_iter().flatten().map(|data| data.data.len()).sum::<usize>();
            }
        }
        if data > MAX_COPIED { Self::Mapped } else { Self::Copied }
    }
}

/// The settings of the engine for WASI 0.3, whatever a component has of data.
pub(crate) fn concurrent() -> Config {
    let mut config = code(Content::Copied);
    config.concurrency_support(true);
    config
}

/// The settings of every engine.
pub(crate) fn code(content: Content) -> Config {
    let mut config = Config::new();
    config.memory_init_cow(content == Content::Mapped);
    // Guests are stopped and made to share by epochs: see `Ticker`.
    config.epoch_interruption(true);
    // For WASI 0.3 alone, which has an engine of its own: it has its price for every store.
    config.concurrency_support(false);
    // For native debuggers and profilers alone: wasmtime walks guests' stacks by frame pointers,
    // and registering the tables takes time and memory for each component.
    config.native_unwind_info(false);
    config
}
