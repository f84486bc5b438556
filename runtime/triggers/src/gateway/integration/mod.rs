//! Integrations that call no function: mock answers, other servers, calls of services.
//!
//! API Gateway developer guide, "Set up REST API integrations", "Create integrations for HTTP
//! APIs" and "Integration subtype reference". Services are called in this process, by the same
//! protocols that AWS's clients speak.

mod change;
mod exchange;
mod json_path;
mod proxy;
mod render;
mod service;
mod util;
mod values;
mod xml;

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use samovar_app::Integration;
use samovar_dispatch::Body;
use samovar_http::full;

pub(crate) use self::values::Call;
use super::failure::Failure;

/// Answers calls of AWS's protocols.
pub type Services = Arc<dyn Fn(Request<Full<Bytes>>) -> Answered + Send + Sync>;

/// The answer of a call, some time.
pub type Answered = Pin<Box<dyn Future<Output = Response<Body>> + Send>>;

/// How long an integration may take where nothing says so.
pub(crate) const TIME_LIMIT: Duration = Duration::from_secs(30);

/// The largest answer of an integration (API Gateway developer guide, "Quotas").
const BODY_LIMIT: usize = 10 * 1024 * 1024;

/// What integrations need beside a request.
#[derive(Default)]
pub(crate) struct Integrations {
    services: OnceLock<Services>,
    client: OnceLock<proxy::Client>,
}

/// What an integration answered, or a client is to be answered.
pub(super) struct Reply {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Integrations {
    /// Says who answers calls of services; the first one stays.
    pub(crate) fn set_services(&self, services: Services) {
        let _ = self.services.set(services);
    }

    /// The answer of an integration that calls no function.
    ///
    /// # Errors
    /// It has none, or is not emulated.
    pub(crate) async fn answer(
        &self,
        integration: &Integration,
        call: &Call<'_>,
    ) -> Result<Response<Body>, Failure> {
        let reply = match integration {
            Integration::Http(http) if call.streaming => {
                return proxy::stream(self, http, call).await;
            }
            Integration::Mock(exchange) => exchange::mock(exchange, call)?,
            Integration::Aws(aws) => service::of_rest(self, aws, call).await?,
            Integration::Service(service) => service::of_http(self, service, call).await?,
            Integration::Http(http) => proxy::answer(self, http, call).await?,
            Integration::Function(id) => {
                return Err(Failure::Refused(format!("there is no function {id}")));
            }
            Integration::Other(what) => {
                return Err(Failure::Refused(format!("{what} is not emulated")));
            }
        };
        let mut response = Response::new(full(reply.body));
        *response.status_mut() = reply.status;
        *response.headers_mut() = reply.headers;
        response.headers_mut().remove(http::header::CONTENT_LENGTH);
        Ok(response)
    }

    /// Calls a service.
    async fn call(&self, request: Request<Full<Bytes>>) -> Result<Reply, Failure> {
        let Some(services) = self.services.get() else {
            return Err(Failure::Refused("no services are served here".to_owned()));
        };
        let (parts, body) = services(request).await.into_parts();
        let body = body.collect().await;
        let body = body.map_err(|error| Failure::Refused(error.to_string()))?.to_bytes();
        Ok(Reply { status: parts.status, headers: parts.headers, body })
    }
}

#[cfg(test)]
mod tests;
