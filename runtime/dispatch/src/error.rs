//! Why an invocation never reached a function.

use std::fmt;

use thiserror::Error;

/// The dispatcher refused an invocation; the function did not run.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum InvokeError {
    /// No function of this name.
    #[error("function not found: {name}")]
    NotFound {
        /// As it was asked for.
        name: String,
    },
    /// The function exists but cannot run: it did not build or its component did not load.
    #[error("function {function} cannot run: {reason}")]
    Unavailable {
        /// The function's name.
        function: String,
        /// Why, for people.
        reason: String,
    },
    /// Too many invocations at once: `TooManyRequestsException`.
    #[error("rate exceeded: {reason}")]
    Throttled {
        /// Which limit.
        reason: ThrottleReason,
    },
    /// Samovar is stopping and takes no more work.
    #[error("samovar is shutting down")]
    ShuttingDown,
}

/// The `Reason` of a `TooManyRequestsException` (Lambda API reference, `Invoke`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ThrottleReason {
    /// The account's concurrency (or this host's) is used up.
    ConcurrentInvocationLimitExceeded,
    /// The function would need new environments faster than AWS makes them.
    FunctionInvocationRateLimitExceeded,
    /// The function's own `ReservedConcurrentExecutions` is used up.
    ReservedFunctionConcurrentInvocationLimitExceeded,
}

impl fmt::Display for ThrottleReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The variants are AWS's own words.
        fmt::Debug::fmt(self, f)
    }
}
