//! WASM execution environments: a fresh isolate for every invocation.
