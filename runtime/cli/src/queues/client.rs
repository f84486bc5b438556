//! A client of a running Samovar's AWS port: SQS's JSON protocol, and Samovar's own pages.
//!
//! Requests are signed where there are credentials: a Samovar that has some asks for it.

use std::fmt;
use std::str::FromStr;
use std::time::{Duration, SystemTime};

use http::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Request};
use samovar_http::{Credentials, Signer};
use serde::de::DeserializeOwned;
use serde_json::Value;
use ureq::Agent;
use ureq::http::{Response, Uri};

use super::ToolError;
use super::pages::{MessagesPage, Queue, QueuesPage};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(60);

/// The longest answer: a hundred messages of 1 MiB, which JSON may escape.
const ANSWER_LIMIT: u64 = 1024 * 1024 * 1024;

const TARGET: HeaderName = HeaderName::from_static("x-amz-target");

/// The region of signatures where none is meant.
const REGION: &str = "us-east-1";

/// Where a Samovar listens: `http://HOST:PORT`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(String);

impl Endpoint {
    /// That of the environment, under the names and in the order that AWS's SDKs have
    /// (<https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html>), or the
    /// default.
    pub(super) fn from_environment(
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, ToolError> {
        for name in ["AWS_ENDPOINT_URL_SQS", "AWS_ENDPOINT_URL"] {
            if let Some(value) = variable(name).filter(|value| !value.is_empty()) {
                let parsed = value.parse();
                return parsed.map_err(|_| ToolError::Endpoint { variable: name, value });
            }
        }
        Ok(Self::default())
    }
}

impl Default for Endpoint {
    fn default() -> Self {
        Self("http://127.0.0.1:9000".to_owned())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for Endpoint {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim_end_matches('/');
        let uri = text.parse::<Uri>().ok();
        let usable = |uri: &Uri| {
            uri.scheme_str() == Some("http") && uri.authority().is_some() && uri.path() == "/"
        };
        match uri.filter(usable) {
            Some(_) => Ok(Self(text.to_owned())),
            None => Err("write it as http://HOST:PORT"),
        }
    }
}

/// A client of one endpoint.
#[derive(Debug)]
pub(crate) struct Client {
    endpoint: Endpoint,
    agent: Agent,
    credentials: Option<Credentials>,
}

/// The queues that there are, and the one that was asked for among them.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) queue: Queue,
    pub(super) all: Vec<Queue>,
}

impl Client {
    pub(crate) fn new(endpoint: Endpoint, credentials: Option<Credentials>) -> Self {
        let config = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            // What runs here is not reached through a proxy.
            .proxy(None)
            .build();
        Self { endpoint, agent: config.into(), credentials }
    }

    /// All queues, by name.
    pub(super) fn queues(&self) -> Result<Vec<Queue>, ToolError> {
        let page: QueuesPage = self.page("/_samovar/queues")?;
        Ok(page.queues)
    }

    /// The queue of the default account and region that a person means by a name, a URL or an
    /// ARN.
    pub(super) fn find(&self, text: &str) -> Result<Found, ToolError> {
        let name = queue_name(text).ok_or_else(|| ToolError::NotAQueue(text.to_owned()))?;
        let mut all = self.queues()?;
        all.retain(Queue::is_in_default_scope);
        match all.iter().find(|queue| queue.name == name) {
            Some(queue) => Ok(Found { queue: queue.clone(), all }),
            None => Err(ToolError::no_queue(name, &self.endpoint, &all)),
        }
    }

    /// The first messages of a queue.
    pub(super) fn messages(&self, queue: &Queue, max: u8) -> Result<MessagesPage, ToolError> {
        // Names of queues have no character that a URL would need to escape.
        self.page(&format!("/_samovar/queues/{}/messages?max={max}", queue.name))
    }

    /// Does an action of SQS on a queue.
    ///
    /// # Errors
    /// SQS refuses it; names the queue.
    pub(super) fn act(
        &self,
        action: &str,
        queue: &Queue,
        input: &Value,
    ) -> Result<Value, ToolError> {
        let target = format!("AmazonSQS.{action}");
        let target = HeaderValue::try_from(target).map_err(|it| self.other(it.to_string()))?;
        let json = HeaderValue::from_static("application/x-amz-json-1.0");
        let headers = HeaderMap::from_iter([(CONTENT_TYPE, json), (TARGET, target)]);
        // `arn:aws:sqs:REGION:…`: a signature says which region's queues are meant.
        let region = queue.arn.split(':').nth(3).unwrap_or(REGION);
        let body = input.to_string();
        let (status, body) = self.send(Method::POST, "/", headers, body.as_bytes(), region)?;
        // An action without output has none.
        let document = if body.is_empty() { Value::Null } else { self.parse(&body)? };
        if status == 200 {
            return Ok(document);
        }
        let code = document["__type"].as_str().unwrap_or_default();
        let code = code.rsplit('#').next().unwrap_or_default();
        let message = document["message"].as_str().or(document["Message"].as_str());
        Err(ToolError::refused(&queue.name, code, message.unwrap_or_default()))
    }

    /// Where it asks.
    pub(crate) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Sends a `POST` without a body to one of Samovar's own pages: the status, and the document
    /// that is answered.
    pub(crate) fn post(&self, path: &str) -> Result<(u16, Value), ToolError> {
        let (status, body) = self.send(Method::POST, path, HeaderMap::new(), b"", REGION)?;
        let document: Value = self.parse(&body)?;
        match status {
            403 => Err(self.unsigned(&document)),
            _ => Ok((status, document)),
        }
    }

    /// A document that Samovar has answered, in its shape.
    pub(crate) fn read_as<T: DeserializeOwned>(&self, document: Value) -> Result<T, ToolError> {
        serde_json::from_value(document)
            .map_err(|error| self.other(format!("its answer is not understood: {error}")))
    }

    /// One of Samovar's own pages.
    pub(crate) fn page<T: DeserializeOwned>(&self, path: &str) -> Result<T, ToolError> {
        let (status, body) = self.send(Method::GET, path, HeaderMap::new(), b"", REGION)?;
        match status {
            200 => return self.parse(&body),
            403 => return Err(self.unsigned(&self.parse(&body)?)),
            _ => {}
        }
        Err(self.other(format!("it answers GET {path} with status {status}")))
    }

    fn send(
        &self,
        method: Method,
        path: &str,
        mut headers: HeaderMap,
        body: &[u8],
        region: &str,
    ) -> Result<(u16, String), ToolError> {
        let url = format!("{}{path}", self.endpoint);
        if let Some(credentials) = &self.credentials {
            let signer = Signer::new(credentials.clone(), region, "sqs");
            let now = SystemTime::now();
            let signature = signer.sign(&method, &url, &headers, body, now);
            headers.extend(signature.map_err(|error| self.other(error.to_string()))?);
        }
        let mut request = Request::builder().method(method).uri(url);
        if let Some(own) = request.headers_mut() {
            own.extend(headers);
        }
        let sent = match body {
            b"" => request.body(()).map(|request| self.agent.run(request)),
            body => request.body(body).map(|request| self.agent.run(request)),
        };
        self.read(sent.map_err(|error| self.other(error.to_string()))?)
    }

    fn read(
        &self,
        response: Result<Response<ureq::Body>, ureq::Error>,
    ) -> Result<(u16, String), ToolError> {
        let read = |mut response: Response<ureq::Body>| {
            let body = response.body_mut().with_config().limit(ANSWER_LIMIT).read_to_string()?;
            Ok((response.status().as_u16(), body))
        };
        response.and_then(read).map_err(|error| match error {
            ureq::Error::Protocol(_) => self.other("it does not speak HTTP".to_owned()),
            ureq::Error::Io(error) => self.unreachable(error.to_string()),
            error => self.unreachable(error.to_string()),
        })
    }

    fn parse<T: DeserializeOwned>(&self, body: &str) -> Result<T, ToolError> {
        serde_json::from_str(body)
            .map_err(|error| self.other(format!("its answer is not understood: {error}")))
    }

    fn unsigned(&self, document: &Value) -> ToolError {
        let reason = document["message"].as_str().unwrap_or_default().to_owned();
        ToolError::Unsigned { endpoint: self.endpoint.clone(), reason }
    }

    fn unreachable(&self, reason: String) -> ToolError {
        ToolError::Unreachable { endpoint: self.endpoint.clone(), reason }
    }

    fn other(&self, reason: String) -> ToolError {
        ToolError::NotSamovar { endpoint: self.endpoint.clone(), reason }
    }
}

/// The name in what a person calls a queue: itself, the end of its URL, or the end of its ARN.
fn queue_name(text: &str) -> Option<&str> {
    let name = if let Some((_, rest)) = text.split_once("://") {
        rest.split_once('/')?.1.trim_end_matches('/').rsplit('/').next()?
    } else if text.starts_with("arn:") {
        let mut parts = text.split(':').skip(5);
        parts.next().filter(|_| parts.next().is_none())?
    } else {
        text
    };
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (!name.is_empty() && name.chars().all(allowed)).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn queues_have_three_names() {
        for text in [
            "orders.fifo",
            "http://127.0.0.1:9000/000000000000/orders.fifo",
            "https://sqs.us-east-1.amazonaws.com/123456789012/orders.fifo",
            "arn:aws:sqs:us-east-1:000000000000:orders.fifo",
        ] {
            assert_eq!(queue_name(text), Some("orders.fifo"), "{text}");
        }
        for text in [
            "",
            "a b",
            "a/b",
            "http://127.0.0.1:9000",
            "http://h/",
            "arn:aws:sqs",
            "arn:a:b:c:d:e:f",
        ] {
            assert_eq!(queue_name(text), None, "{text}");
        }
    }

    #[test]
    fn endpoints_are_of_plain_http() {
        for text in ["http://127.0.0.1:9000", "http://localhost:9000/", "http://[::1]:9000"] {
            assert_eq!(text.parse::<Endpoint>().unwrap().0, text.trim_end_matches('/'));
        }
        for text in ["", "localhost:9000", "https://localhost:9000", "http://h/path", "http://"] {
            text.parse::<Endpoint>().unwrap_err();
        }
    }

    #[test]
    fn the_environment_is_read_as_sdks_do() {
        let endpoint = |set: &[(&str, &str)]| {
            let value =
                |name: &str| Some(set.iter().find(|(known, _)| *known == name)?.1.to_owned());
            Endpoint::from_environment(value).map(|endpoint| endpoint.0)
        };
        assert_eq!(endpoint(&[]).unwrap(), "http://127.0.0.1:9000");
        assert_eq!(endpoint(&[("AWS_ENDPOINT_URL", "")]).unwrap(), "http://127.0.0.1:9000");
        let general = ("AWS_ENDPOINT_URL", "http://localhost:1");
        assert_eq!(endpoint(&[general]).unwrap(), "http://localhost:1");
        let special = ("AWS_ENDPOINT_URL_SQS", "http://localhost:2");
        assert_eq!(endpoint(&[general, special]).unwrap(), "http://localhost:2");
        let error = endpoint(&[("AWS_ENDPOINT_URL", "localhost")]).unwrap_err().to_string();
        assert!(error.starts_with("AWS_ENDPOINT_URL is `localhost`"), "{error}");
    }

    #[test]
    fn nothing_there_is_said() {
        // A port that was free a moment ago.
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let endpoint: Endpoint =
            format!("http://{}", listener.local_addr().unwrap()).parse().unwrap();
        drop(listener);
        let error = Client::new(endpoint.clone(), None).queues().unwrap_err();
        assert!(matches!(error, ToolError::Unreachable { .. }), "{error:?}");
        assert!(
            error.to_string().starts_with(&format!("nothing answers at {endpoint}: ")),
            "{error}"
        );
    }
}
