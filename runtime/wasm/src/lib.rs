//! WASM execution environments: a fresh isolate for every invocation.
//!
//! A [`Host`] compiles components and keeps their machine code on disk. For each function it makes
//! a [`WasmProvider`], which starts an isolate for every invocation: its own memory, its own
//! handles, nothing shared with the isolate before it or beside it. A component is loaded once, and
//! given back while nobody calls it.
//!
//! What a component exports decides what it is given: `wasi:http/incoming-handler` gets HTTP
//! requests, `samovar:function/handler` gets events, and a `wasi:cli/run` command gets its event
//! on standard input.
//!
//! An isolate can use the memory that its function has, and no file, no socket, and no variable
//! but its function's own. It can send HTTP requests to the endpoints that its variables name as
//! AWS's (`AWS_ENDPOINT_URL`), to the hosts that the template allows (`Metadata: Samovar:
//! AllowedHosts`), and nowhere else.

#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "the pool is for hosts of many functions, which compile them")
)]
mod address_space;
pub mod aot;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is compiled is kept where there is a compiler")
)]
mod cache;
#[cfg(feature = "compile")]
mod compiler;
mod component;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "the pool is for hosts of many functions, which compile them")
)]
mod engine;
mod error;
mod failure;
#[cfg(feature = "compile")]
mod gate;
mod host;
mod invoke;
mod isolate;
mod last_words;
mod limit;
mod map;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is used again is so in hosts of many functions")
)]
mod memory;
mod network;
mod on_demand;
mod output;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is not kept is not given back either")
)]
mod resident;
mod seal;
mod settings;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "the pool is for hosts of many functions, which compile them")
)]
mod slots;
#[cfg(feature = "compile")]
mod source;
mod state;

#[cfg(feature = "compile")]
pub use compiler::CompileObserver;
pub use error::{HostError, LoadError};
#[cfg(feature = "compile")]
pub use host::HostConfig;
pub use host::{Capacity, Host, WasmConfig};
pub use invoke::gateway;
pub use isolate::WasmProvider;
pub use seal::Broken;
