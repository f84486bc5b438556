//! `tracing` output, in the form that `lambda_runtime` gives it.

use std::env;
use std::io;
use std::str::FromStr;

use tracing::Span;
use tracing_subscriber::filter::LevelFilter;

use crate::Context;

/// Installs a subscriber that writes to standard error: standard output may be the response.
pub(super) fn init() {
    let level = env::var("AWS_LAMBDA_LOG_LEVEL")
        .or_else(|_| env::var("RUST_LOG"))
        .ok()
        .and_then(|level| LevelFilter::from_str(&level).ok())
        .unwrap_or(LevelFilter::INFO);
    let json = env::var("AWS_LAMBDA_LOG_FORMAT").is_ok_and(|f| f.eq_ignore_ascii_case("json"));
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_target(false)
        .without_time()
        .with_ansi(false)
        .with_writer(io::stderr);
    // An isolate that is used again has its subscriber already.
    let _ = if json { subscriber.json().try_init() } else { subscriber.try_init() };
}

/// The span of an invocation, as `lambda_runtime` names it, so that logs can be read alike.
pub(super) fn span(context: &Context) -> Span {
    tracing::info_span!(
        "Lambda runtime invoke",
        requestId = context.request_id.as_str(),
        xrayTraceId = context.trace_id.as_deref(),
    )
}
