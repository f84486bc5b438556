//! How large a request may be, and how long its answer may take.

use std::time::Duration;

use http::HeaderMap;

use super::endpoint::Front;
use super::failure::Failure;
use super::inbound::Inbound;

/// API Gateway's payload limit (API Gateway guide, "Quotas").
pub(crate) const API_BODY_LIMIT: usize = 10 * 1024 * 1024;

/// Lambda's limit of a synchronous invocation's event (Lambda guide, "Quotas"), and so of a
/// function URL's body.
pub(crate) const EVENT_LIMIT: usize = 6 * 1024 * 1024;

/// API Gateway's limit of a request's head, in bytes: of the request line and the values of
/// headers together in an HTTP API, of the values alone in a REST API (API Gateway guide, "Quotas
/// for configuring and running an HTTP API" and "… a REST API").
const HEAD_LIMIT: usize = 10_240;

impl Front {
    /// Refuses a request whose head is larger than API Gateway takes. Function URLs have no such
    /// limit but the server's own.
    pub(crate) fn check_head(self, inbound: &Inbound) -> Result<(), Failure> {
        let values = |headers: &HeaderMap| headers.values().map(|value| value.len()).sum::<usize>();
        match self {
            Self::HttpApi => {
                let line = inbound.request_line();
                if line > HEAD_LIMIT {
                    return Err(Failure::UriTooLong);
                }
                if line + values(&inbound.headers) > HEAD_LIMIT {
                    return Err(Failure::HeadersTooLarge);
                }
            }
            Self::RestApi if values(&inbound.headers) > HEAD_LIMIT => {
                return Err(Failure::HeadersTooLarge);
            }
            Self::RestApi | Self::FunctionUrl => {}
        }
        Ok(())
    }

    pub(crate) fn body_limit(self) -> usize {
        match self {
            Self::HttpApi | Self::RestApi => API_BODY_LIMIT,
            Self::FunctionUrl => EVENT_LIMIT,
        }
    }

    /// How long the front end waits for an integration whose route says `timeout` (API Gateway
    /// guide, "Quotas"). A REST API may say more than its 29 seconds, which AWS grants on
    /// request; a function URL waits as long as the function may run.
    pub(crate) fn time_limit(self, timeout: Option<Duration>) -> Option<Duration> {
        match self {
            Self::HttpApi => Some(timeout.unwrap_or(Duration::from_secs(30))),
            Self::RestApi => Some(timeout.unwrap_or(Duration::from_secs(29))),
            Self::FunctionUrl => None,
        }
    }
}
