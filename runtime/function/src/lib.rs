//! What a function crate depends on: one handler, built natively or to WASM.
