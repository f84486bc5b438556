//! What a function crate depends on: one handler, built natively or to WASM.
//!
//! A function is a binary crate with a handler and one macro, and no `main` of its own:
//!
//! ```no_run
//! use samovar_function::{Context, Error};
//! use serde::{Deserialize, Serialize};
//!
//! #[derive(Deserialize)]
//! struct Greeting {
//!     name: String,
//! }
//!
//! #[derive(Serialize)]
//! struct Reply {
//!     message: String,
//! }
//!
//! async fn greet(event: Greeting, _context: Context) -> Result<Reply, Error> {
//!     Ok(Reply { message: format!("Hello, {}!", event.name) })
//! }
//!
//! samovar_function::event!(greet);
//! ```
//!
//! The same crate builds to two kinds of artifact:
//!
//! - **Natively** it *is* a Lambda binary: [`event!`] runs `lambda_runtime`, [`http!`] runs
//!   `lambda_http`. Name it `bootstrap` and it runs on `provided.al2023`.
//! - **For `wasm32-wasip2`** it is a component: [`event!`] exports the world
//!   `samovar:function/function`, [`http!`] exports `wasi:http/incoming-handler`. A component
//!   with [`event!`] is a command, too: event on standard input, response on standard output.
//!
//! Function code needs no `cfg`. The bounds on handlers are the same in both builds, so what
//! compiles for one compiles for the other.
//!
//! # Set-up, once an environment
//!
//! The argument of both macros is an expression that is evaluated once an execution environment,
//! before its first event. It may `.await` and use `?`. Clients and connections belong there. A
//! native environment serves many invocations; a WASM isolate serves one, unless its function asks
//! for more.
//!
//! ```no_run
//! use samovar_function::{Context, Error};
//! # use serde_json::Value;
//! # struct Table;
//! # impl Table {
//! #     async fn connect() -> Result<Self, Error> { Ok(Self) }
//! #     async fn put(&self, _: Value) -> Result<(), Error> { Ok(()) }
//! # }
//!
//! samovar_function::event!({
//!     let table = Table::connect().await?;
//!     async move |event: Value, _context| table.put(event).await
//! });
//! ```
//!
//! # Streaming
//!
//! The body of an [`http!`] response goes out as it is made, an axum `Sse` as any other: for a
//! component, wherever the client is reached by a function URL of `InvokeMode: RESPONSE_STREAM`. A
//! native function is not told how it is invoked, and what it writes when it streams is read by
//! such a URL only, so it streams where the template tells it to, in a second place:
//!
//! ```yaml
//! FunctionUrlConfig:
//!   AuthType: NONE
//!   InvokeMode: RESPONSE_STREAM
//! Environment:
//!   Variables:
//!     SAMOVAR_INVOKE_MODE: RESPONSE_STREAM
//! ```
//!
//! A component reads a request's body as it comes, too; to a native function Lambda gives it whole.
//! The answer of an [`event!`] handler is one JSON document in both builds: the world
//! `samovar:function/function` has no stream, and so `lambda_runtime::streaming` has no counterpart
//! here.
//!
//! # Other servers
//!
//! With the feature `client`, `client::send` sends HTTP requests; with the feature `aws`,
//! `aws::config` configures the AWS SDK for Rust. Both do so in both builds. [`sleep`] waits in
//! both; tokio's own clock and network work natively only.
//!
//! # Errors
//!
//! A handler fails with [`Error`] (any `std::error::Error` by `?`), or with a type of its own
//! that converts to [`Diagnostic`], which is what the caller gets as `errorType` and
//! `errorMessage`. Both builds give the same document for the same error.
//!
//! ```
//! use samovar_function::Diagnostic;
//!
//! #[derive(Debug)]
//! enum OrderError {
//!     SoldOut(String),
//! }
//!
//! impl From<OrderError> for Diagnostic {
//!     fn from(OrderError::SoldOut(item): OrderError) -> Self {
//!         Self { error_type: "SoldOut".into(), error_message: format!("no {item} is left") }
//!     }
//! }
//! ```
//!
//! A panic fails the invocation. Natively it is caught, and the caller gets `Lambda panicked: …`. A
//! WASM isolate ends with it: the panic goes to the log, and the caller gets
//! `Runtime.ExitError` with the same text. A body that panics or fails after its response has begun
//! cuts the response in both; `lambda_runtime` tells Lambda so by text at its end, which Samovar
//! takes for what it means and AWS passes on.
//!
//! # Threads
//!
//! A handler and the tasks that it spawns share one thread, in both builds: an environment has one
//! invocation at a time, and a native one answers in half of the processor time that it takes with
//! the threads of `#[tokio::main]`. Natively, what blocks or computes for long beside other work
//! goes to `tokio::task::spawn_blocking` or a thread; `tokio::task::block_in_place` panics. A
//! component has no other threads.
//!
//! # Logs
//!
//! What goes to standard output and standard error goes to the function's log, a line an entry.
//! [`tracing`] events do so too, in a span with the request's id, which a component that takes HTTP
//! requests is not told. A subscriber is installed before the set-up runs. It takes the level from
//! `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `INFO`) and writes JSON where
//! `AWS_LAMBDA_LOG_FORMAT` is `JSON`.

#[cfg(feature = "aws")]
pub mod aws;
mod body;
#[cfg(feature = "client")]
pub mod client;
mod context;
mod service;
mod time;

#[cfg(not(target_family = "wasm"))]
mod native;
#[cfg(target_family = "wasm")]
mod wasm;

pub use body::Body;
pub use context::Context;
#[cfg(not(target_family = "wasm"))]
pub use lambda_runtime::Diagnostic;
pub use service::{HttpHandler, Request, Response};
pub use time::sleep;
#[cfg(target_family = "wasm")]
pub use wasm::Diagnostic;

pub use ::http;
pub use ::tracing;

/// Any error. It converts to a [`Diagnostic`] whose message is the error's own.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

/// What the macros expand to. Not part of the interface.
#[doc(hidden)]
pub mod __private {
    #[cfg(not(target_family = "wasm"))]
    pub use crate::native::{run_event, run_http};
    pub use crate::service::http_handler;
    #[cfg(target_family = "wasm")]
    pub use crate::wasm::*;

    use crate::Context;

    /// Names the form of an event handler where it is made, so that closures need no types and
    /// the compiler's message for a wrong handler points at the handler.
    pub fn event_handler<H, T, R, E>(handler: H) -> H
    where
        H: AsyncFn(T, Context) -> Result<R, E> + 'static,
    {
        handler
    }
}
