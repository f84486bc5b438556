//! Environments of real processes: `lambda_runtime`'s, shell scripts, and runtimes that the tests
//! play themselves over raw HTTP.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on must fail")]

mod containment;
mod extensions;
mod extensions_api;
mod failures;
mod freezing;
mod invocations;
mod lifetime;
mod limits;
mod logs;
mod protocol;
mod resets;
mod streaming;
mod support;
mod together;
