//! Access logs of APIs: a line for each request, in the API's own format.
//!
//! API Gateway guide, "Customize HTTP API access logs" and "Variables for access logging for API
//! Gateway".

mod format;

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::Response;
use http_body::{Body as HttpBody, Frame, SizeHint};
use http_body_util::BodyExt;
use samovar_dispatch::{Account, Body, BoxError};
use tokio::time::Instant;

pub(crate) use self::format::Format;
use super::authorizer::Identity;
use super::endpoint::{Front, Selected};
use super::headers;
use super::inbound::Inbound;
use crate::time::{common_log, epoch_millis};

/// Who keeps access logs.
pub trait AccessLog: Send + Sync + 'static {
    /// Takes a line of the API with this logical id, without a line feed.
    fn line(&self, api: &str, line: &str);
}

/// What a route's function took, among the extensions of a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Integration {
    pub(crate) latency: Duration,
}

/// What the gateway itself had to say, among the extensions of a response.
#[derive(Clone, Debug)]
pub(crate) struct ErrorMessage(pub(crate) String);

/// A request that will be logged when its response has ended.
pub(crate) struct Entry {
    format: Arc<Format>,
    log: Arc<dyn AccessLog>,
    api: String,
    values: Values,
    began: Instant,
}

/// What variables stand for.
struct Values {
    front: Front,
    account_id: String,
    api_id: String,
    stage: String,
    domain_name: String,
    domain_prefix: String,
    method: String,
    path: String,
    protocol: &'static str,
    request_time: String,
    request_time_epoch: u64,
    source_ip: String,
    user_agent: String,
    /// `GET /orders/{id}`.
    route_key: Option<String>,
    /// `/orders/{id}`.
    resource_path: Option<String>,
    /// Those of the response, when it is there.
    answered: Answered,
}

#[derive(Default)]
struct Answered {
    status: u16,
    request_id: Option<String>,
    extended_request_id: Option<String>,
    trace_id: Option<String>,
    integration: Option<Duration>,
    integration_error: Option<String>,
    error: Option<String>,
    caller: Identity,
    /// From the request's head to the response's.
    latency: Duration,
    length: u64,
}

impl Entry {
    /// The entry of a request, if its API logs requests.
    pub(crate) fn begin(
        log: Option<&Arc<dyn AccessLog>>,
        selected: &Selected<'_>,
        inbound: &Inbound,
        account: &Account,
    ) -> Option<Self> {
        let endpoint = selected.endpoint;
        let (log, format) = (log?.clone(), endpoint.access_log.clone()?);
        let target = selected.matched.as_ref().ok().map(|matched| matched.target);
        let path = match endpoint.stage.as_str() {
            "$default" => selected.path.to_owned(),
            stage => format!("/{stage}{}", selected.path),
        };
        let values = Values {
            front: endpoint.front,
            account_id: account.id.clone(),
            api_id: endpoint.id.clone(),
            stage: endpoint.stage.clone(),
            domain_name: inbound.host.name.clone(),
            domain_prefix: inbound.host.label().unwrap_or(&endpoint.id).to_owned(),
            method: inbound.method.to_string(),
            path,
            protocol: inbound.protocol(),
            request_time: common_log(inbound.at),
            request_time_epoch: epoch_millis(inbound.at),
            source_ip: inbound.peer.to_string(),
            user_agent: inbound.user_agent(),
            route_key: target.map(|target| target.key.clone()),
            resource_path: target.and_then(|target| target.resource.clone()),
            answered: Answered::default(),
        };
        let api = endpoint.logical_id.clone();
        Some(Self { format, log, api, values, began: Instant::now() })
    }

    /// The response, which is logged when its body has ended or its client has gone.
    pub(crate) fn finish(mut self, response: Response<Body>) -> Response<Body> {
        let header = |name: &str| response.headers().get(name).map(headers::text);
        let extensions = response.extensions();
        let (rest, http) = (header("x-amzn-requestid"), header("apigw-requestid"));
        self.values.answered = Answered {
            status: response.status().as_u16(),
            request_id: rest.or_else(|| http.clone()),
            extended_request_id: header("x-amz-apigw-id").or(http),
            trace_id: header("x-amzn-trace-id"),
            integration: extensions.get::<Integration>().map(|it| it.latency),
            integration_error: header("x-samovar-reason"),
            error: extensions.get::<ErrorMessage>().map(|ErrorMessage(text)| text.clone()),
            caller: extensions.get::<Identity>().cloned().unwrap_or_default(),
            latency: self.began.elapsed(),
            length: 0,
        };
        response.map(|body| Logged { body, entry: self }.boxed_unsync())
    }
}

impl Values {
    fn get(&self, name: &str) -> Option<String> {
        let answered = &self.answered;
        let millis = |time: Duration| time.as_millis().to_string();
        let is_rest = self.front == Front::RestApi;
        let of_rest = |value: &Option<String>| value.clone().filter(|_| is_rest);
        match name {
            "accountId" => Some(self.account_id.clone()),
            "apiId" => Some(self.api_id.clone()),
            "stage" => Some(self.stage.clone()),
            "domainName" => Some(self.domain_name.clone()),
            "domainPrefix" => Some(self.domain_prefix.clone()),
            "httpMethod" => Some(self.method.clone()),
            "path" => Some(self.path.clone()),
            "protocol" => Some(self.protocol.to_owned()),
            "requestTime" => Some(self.request_time.clone()),
            "requestTimeEpoch" => Some(self.request_time_epoch.to_string()),
            "identity.sourceIp" => Some(self.source_ip.clone()),
            "identity.userAgent" => Some(self.user_agent.clone()),
            "routeKey" => self.route_key.clone().filter(|_| !is_rest),
            "resourcePath" => of_rest(&self.resource_path),
            "requestId" => answered.request_id.clone(),
            "extendedRequestId" => answered.extended_request_id.clone(),
            "xrayTraceId" => of_rest(&answered.trace_id),
            "status" => Some(answered.status.to_string()),
            "responseLength" | "dataProcessed" => Some(answered.length.to_string()),
            "responseLatency" => Some(millis(answered.latency)),
            "integrationLatency" | "integration.latency" => answered.integration.map(millis),
            // Of a Lambda proxy integration it is Lambda's, not the function's.
            "integrationStatus" | "integration.integrationStatus" => {
                answered.integration.map(|_| "200".to_owned())
            }
            "integration.status" => answered.integration.map(|_| answered.status.to_string()),
            "integrationErrorMessage" | "integration.error" => answered.integration_error.clone(),
            "error.message" => answered.error.clone(),
            "error.messageString" => answered.error.as_ref().map(|text| format!("\"{text}\"")),
            name => answered.caller.variable(name),
        }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        let line = self.format.line(|name| self.values.get(name));
        self.log.line(&self.api, &line);
    }
}

/// The body of a response that is logged when it is dropped.
struct Logged {
    body: Body,
    entry: Entry,
}

impl HttpBody for Logged {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let polled = Pin::new(&mut self.body).poll_frame(context);
        if let Poll::Ready(Some(Ok(frame))) = &polled {
            let length = frame.data_ref().map_or(0, |data| data.len() as u64);
            self.entry.values.answered.length += length;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
