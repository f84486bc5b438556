//! WASM execution environments: a fresh isolate for every invocation.
//!
//! A [`Host`] compiles components and keeps their machine code on disk. For each function it makes
//! a [`WasmProvider`], which starts an isolate for every invocation: its own memory, its own
//! handles, nothing shared with the isolate before it or beside it. A component is loaded once, and
//! given back while nobody calls it.
//!
//! What a component exports decides what it is given. Where it exports several of these, the first
//! counts:
//!
//! 1. `wasi:http/handler@0.3`: HTTP requests;
//! 2. `wasi:http/incoming-handler@0.2`: the same;
//! 3. `samovar:function/handler@0.1`: events, as bytes, with the invocation's context;
//! 4. `wasi:cli/run@0.3`: a command, with its event on standard input and its response on standard
//!    output;
//! 5. `wasi:cli/run@0.2`: the same.
//!
//! Drafts of these interfaces (`0.2.0-rc-2023-11-10`) are not served: they differ from each other.
//! A core module that is a command of WASI 0.1 (`wasi_snapshot_preview1`) is made into a component
//! with wasmtime's adapter, and is the last of them from there on.
//!
//! A component that imports or exports something of WASI 0.3 runs on an engine of its own, made when
//! the first of them is loaded, since concurrency inside a component costs every store something.
//!
//! # Reuse
//! With [`Function::reuse`](samovar_app::Function::reuse) above 1 an isolate serves as many
//! invocations, one after another, and the guest's memory is there for the next one. It ends
//! earlier when the guest does not return (a trap, an exit, a time-out, a client that went away),
//! when it wanted more memory than it may have, when it has been idle for as long as the dispatcher
//! keeps environments, or when half of all places for isolates are taken. A command cannot be
//! called again, and is refused with that setting. A component of WASI 0.3 too takes one invocation
//! at a time: the dispatcher gives an environment its next one when the last has ended, and a guest
//! that is busy or waits in a blocking call would hold up all others of its instance.
//!
//! # What an isolate costs
//! To change the page tables is the dear part of a fresh isolate: mapping its memory, a fault for
//! each page that it touches, and giving all of it back, which interrupts every core. wasmtime's
//! pool maps pages copy on write and gives them back after each guest; two threads then made fewer
//! isolates a second than one. So a component with little data (256 KB) has its memory where guests
//! before had theirs, cleaned in place, with its data mapped there once for all of them (`memory`,
//! `separate`). The guest of an invocation is dropped, and one for the next made ready, after the
//! answer has gone: on a request's path there is only the call. Components with more data, which
//! interpreters have, keep wasmtime's pool: they write to more pages than are worth cleaning.
//!
//! `examples/cost.rs` measures it, `tests/peers/isolates.py` all of a request, and
//! `tests/peers/README.md` says where the time goes and what was tried. What is left is mostly
//! instantiation by wasmtime (lookups of functions, tables, resources), then the guest, then the
//! kernel's scan of the pages.
//!
//! # Limits
//! An isolate can use the memory that its function has, and no file, no socket, and no variable
//! but its function's own. It can send HTTP requests to the endpoints that its variables name as
//! AWS's (`AWS_ENDPOINT_URL`), to the hosts that the template allows (`Metadata: Samovar:
//! AllowedHosts`), and nowhere else.

mod address_space;
pub mod aot;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is compiled is kept where there is a compiler")
)]
mod cache;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is compiled is kept where there is a compiler")
)]
mod compiled;
#[cfg(feature = "compile")]
mod compiler;
mod component;
mod concurrent;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "the pool is for hosts of many functions, which compile them")
)]
mod engine;
mod error;
mod export;
mod failure;
#[cfg(feature = "compile")]
mod gate;
mod host;
mod invoke;
mod isolate;
mod last_words;
mod limit;
mod map;
mod memory;
mod network;
mod on_demand;
mod output;
#[cfg(feature = "compile")]
mod preview1;
#[cfg_attr(
    not(feature = "compile"),
    expect(dead_code, reason = "what is not kept is not given back either")
)]
mod resident;
mod seal;
#[cfg(feature = "compile")]
mod separate;
mod settings;
mod slots;
#[cfg(feature = "compile")]
mod source;
mod state;
mod wasi;

#[cfg(feature = "compile")]
pub use compiler::CompileObserver;
pub use error::{HostError, LoadError};
#[cfg(feature = "compile")]
pub use host::HostConfig;
pub use host::{Capacity, Host, WasmConfig};
pub use invoke::gateway;
pub use isolate::WasmProvider;
pub use seal::Broken;
