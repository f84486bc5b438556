//! The Lambda Runtime API of one environment ("Using the Lambda runtime API for custom
//! runtimes", AWS Lambda developer guide), version `2018-06-01`.
//!
//! - `server`: the listener and its connections;
//! - `routes`: from an HTTP request to the state machine and back;
//! - `state`: which call is allowed when, and where events and answers are handed over;
//! - `body`: what a runtime posts, with its limits;
//! - `stream`: what it posts in streaming mode;
//! - `event`: what `next` answers;
//! - `extensions`: the Extensions API, version `2020-01-01`;
//! - `telemetry`: subscriptions to the Telemetry and Logs APIs;
//! - `respond`: what answers have in common.
//!
//! Statuses, bodies and transitions follow AWS's own emulator (`internal/lambda/rapi` and
//! `internal/lambda/core/states.go` of aws-lambda-runtime-interface-emulator).

mod body;
mod event;
pub(crate) mod extensions;
mod respond;
mod routes;
mod server;
mod state;
mod stream;
mod telemetry;

pub(crate) use event::NextEvent;
pub(crate) use server::{Server, Shared, Waiting};
pub(crate) use state::{Answer, Init, Streaming};
