//! How large a request may be, and how long its answer may take.

use std::time::Duration;

use super::endpoint::Front;

/// API Gateway's payload limit (API Gateway guide, "Quotas").
pub(crate) const API_BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Lambda's limit of a synchronous invocation's event (Lambda guide, "Quotas"), and so of a
/// function URL's body.
pub(crate) const EVENT_LIMIT: usize = 6 * 1024 * 1024;

impl Front {
    pub(crate) fn body_limit(self) -> usize {
        match self {
            Self::HttpApi | Self::RestApi => API_BODY_LIMIT,
            Self::FunctionUrl => EVENT_LIMIT,
        }
    }

    /// How long the front end waits for the function (API Gateway guide, "Quotas"); a function
    /// URL waits as long as the function may run.
    pub(crate) fn time_limit(self) -> Option<Duration> {
        match self {
            Self::HttpApi => Some(Duration::from_secs(30)),
            Self::RestApi => Some(Duration::from_secs(29)),
            Self::FunctionUrl => None,
        }
    }
}
