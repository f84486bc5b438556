//! Components of WASI 0.3, which tests build for `wasm32-wasip2` and run: see `examples/`.
