//! WASM execution environments: a fresh isolate for every invocation.
//!
//! A [`Host`] compiles components and keeps their machine code on disk. Each component is loaded
//! once into a [`WasmProvider`], which starts an isolate for every invocation: its own memory,
//! its own handles, nothing shared with the isolate before it or beside it.
//!
//! What a component exports decides what it is given: `wasi:http/incoming-handler` gets HTTP
//! requests, `samovar:function/handler` gets events, and a `wasi:cli/run` command gets its event
//! on standard input.
//!
//! An isolate can use the memory that its function has, and no file, no socket, and no variable
//! but its function's own. It can send HTTP requests to the endpoints that its variables name as
//! AWS's (`AWS_ENDPOINT_URL`), and nowhere else.

pub mod aot;
#[cfg(feature = "compile")]
mod cache;
mod component;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "the pool is for hosts of many functions, which compile them")
)]
mod engine;
mod error;
mod failure;
mod host;
mod invoke;
mod isolate;
mod limit;
mod map;
mod network;
mod on_demand;
mod output;
mod seal;
mod settings;
mod state;

pub use error::{HostError, LoadError};
#[cfg(feature = "compile")]
pub use host::HostConfig;
pub use host::{Host, WasmConfig};
pub use isolate::WasmProvider;
pub use seal::Broken;
