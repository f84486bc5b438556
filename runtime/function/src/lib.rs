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
//! before its first event. It may `.await` and use `?`. A native environment serves many
//! invocations, so clients and connections belong there; a WASM isolate serves one.
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
//! # Errors
//!
//! A handler fails with [`Error`] (any `std::error::Error` by `?`), or with a type of its own
//! that converts to [`Diagnostic`], which is what the caller gets as `errorType` and
//! `errorMessage`. Both builds give the same document for the same error.
//!
//! A panic fails the invocation. Natively it is caught, and the message is `Lambda panicked: …`.
//! A WASM isolate ends with it: the panic goes to the log, and the host answers
//! `Runtime.ExitError` with the same text.
//!
//! # Logs
//!
//! What goes to standard output and standard error goes to the function's log, a line an entry.
//! [`tracing`] events do so too: a subscriber is installed before the set-up runs. It takes the
//! level from `AWS_LAMBDA_LOG_LEVEL` or `RUST_LOG` (default `INFO`) and writes JSON where
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
