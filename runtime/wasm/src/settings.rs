//! How code is compiled: what the engine that compiles and the engine that runs must agree on.
//!
//! wasmtime compares these settings when it loads compiled code, and refuses code that was made
//! with others (`wasmtime::Config`, "AOT compilation"). So they are in one place, for `samovar up`,
//! `samovar build --aot` and the Lambda layer alike. How instances are allocated is not part of
//! them: code runs in a pool and out of one.

use wasmtime::Config;

/// The settings of every engine.
pub(crate) fn code() -> Config {
    let mut config = Config::new();
    // Guests are stopped and made to share by epochs: see `Ticker`.
    config.epoch_interruption(true);
    // WASI 0.3 has its price for every store, and no door for it is open yet.
    config.concurrency_support(false);
    // For native debuggers and profilers alone: wasmtime walks guests' stacks by frame pointers,
    // and registering the tables takes time and memory for each component.
    config.native_unwind_info(false);
    config
}
