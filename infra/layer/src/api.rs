//! The client of the Lambda Runtime API (Lambda guide, "Using the Lambda runtime API for custom
//! runtimes").

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, TRAILER, USER_AGENT};
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use samovar_dispatch::{Body, FunctionError};
use serde_json::json;
use thiserror::Error;
use tokio::net::TcpStream;

const ERROR_TYPE: HeaderName = HeaderName::from_static("lambda-runtime-function-error-type");
const ERROR_BODY: HeaderName = HeaderName::from_static("lambda-runtime-function-error-body");
const RESPONSE_MODE: HeaderName = HeaderName::from_static("lambda-runtime-function-response-mode");

/// Content type of a response in streaming mode that begins with a prelude.
const INTEGRATION_RESPONSE: HeaderValue =
    HeaderValue::from_static("application/vnd.awslambda.http-integration-response");

const AGENT: HeaderValue =
    HeaderValue::from_static(concat!("samovar-layer/", env!("CARGO_PKG_VERSION")));

/// Why a runtime cannot go on: it ends, and Lambda starts another.
#[derive(Debug, Error)]
pub(crate) enum ApiError {
    /// Nobody listens.
    #[error("cannot connect to the Runtime API at {0}: {1}")]
    Connect(String, std::io::Error),
    /// The connection broke.
    #[error("the Runtime API is gone: {0}")]
    Http(#[from] hyper::Error),
    /// A request that could not be made, of a request id that Lambda does not have.
    #[error("the Runtime API sent something else than an invocation: {0}")]
    Invalid(String),
    /// It refused a request.
    #[error("the Runtime API answered {path} with {status}: {text}")]
    Refused {
        /// Of the request.
        path: String,
        /// Of the answer.
        status: StatusCode,
        /// Its body.
        text: String,
    },
}

/// A connection that is made again where the other side has closed it.
pub(crate) struct Client {
    address: String,
    host: HeaderValue,
    connection: Option<SendRequest<Body>>,
}

impl Client {
    /// A client of the Runtime API at `HOST:PORT`. Nothing is connected yet.
    pub(crate) fn new(address: &str) -> Result<Self, ApiError> {
        let host = HeaderValue::from_str(address);
        let host = host.map_err(|_| ApiError::Invalid("AWS_LAMBDA_RUNTIME_API".into()))?;
        Ok(Self { address: address.to_owned(), host, connection: None })
    }

    /// Waits for the next event.
    pub(crate) async fn next(&mut self) -> Result<Response<Bytes>, ApiError> {
        let (head, body) = self
            .send(Method::GET, "invocation/next", HeaderMap::new(), empty())
            .await?
            .into_parts();
        Ok(Response::from_parts(head, body.collect().await?.to_bytes()))
    }

    /// Answers with bytes.
    pub(crate) async fn respond(&mut self, id: &str, response: Bytes) -> Result<(), ApiError> {
        self.post(&format!("invocation/{id}/response"), HeaderMap::new(), full(response)).await
    }

    /// Answers with a body in the making that begins with a prelude. It ends with a
    /// [`FunctionError`] where the function failed in the middle, which goes into the trailers.
    pub(crate) async fn stream(&mut self, id: &str, body: Body) -> Result<(), ApiError> {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, INTEGRATION_RESPONSE);
        headers.insert(RESPONSE_MODE, HeaderValue::from_static("streaming"));
        // hyper sends those that are announced.
        headers.append(TRAILER, ERROR_TYPE.into());
        headers.append(TRAILER, ERROR_BODY.into());
        let path = format!("invocation/{id}/response");
        self.post(&path, headers, crate::answer::with_trailers(body, id, error_fields)).await
    }

    /// Tells that the function failed.
    pub(crate) async fn error(&mut self, id: &str, error: &FunctionError) -> Result<(), ApiError> {
        let headers = HeaderMap::from_iter([(ERROR_TYPE, error_type(error))]);
        let document = full(error.document(id));
        self.post(&format!("invocation/{id}/error"), headers, document).await
    }

    /// Tells that the function cannot be run at all.
    pub(crate) async fn init_error(&mut self, kind: &str, message: &str) -> Result<(), ApiError> {
        let error = FunctionError::platform(kind, message);
        let headers = HeaderMap::from_iter([(ERROR_TYPE, error_type(&error))]);
        let document = json!({"errorType": kind, "errorMessage": message}).to_string();
        self.post("init/error", headers, full(document.into())).await
    }

    async fn post(&mut self, path: &str, headers: HeaderMap, body: Body) -> Result<(), ApiError> {
        let answer = self.send(Method::POST, path, headers, body).await?;
        // To its end, so that the connection can be used again.
        answer.into_body().collect().await?;
        Ok(())
    }

    async fn send(
        &mut self,
        method: Method,
        path: &str,
        headers: HeaderMap,
        body: Body,
    ) -> Result<Response<Incoming>, ApiError> {
        let path = format!("/2018-06-01/runtime/{path}");
        let request = Request::builder().method(method).uri(&path).body(body);
        let mut request = request.map_err(|error| ApiError::Invalid(error.to_string()))?;
        *request.headers_mut() = headers;
        request.headers_mut().insert(HOST, self.host.clone());
        request.headers_mut().insert(USER_AGENT, AGENT);
        let answer = self.connection().await?.send_request(request).await?;
        let status = answer.status();
        if status.is_success() {
            return Ok(answer);
        }
        let text = answer.into_body().collect().await?.to_bytes();
        let text = String::from_utf8_lossy(&text).into_owned();
        Err(ApiError::Refused { path, status, text })
    }

    /// The connection, made where there is none that can be used.
    async fn connection(&mut self) -> Result<&mut SendRequest<Body>, ApiError> {
        let mut kept = self.connection.take();
        if let Some(connection) = &mut kept
            && connection.ready().await.is_err()
        {
            kept = None;
        }
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.address).await?,
        };
        Ok(self.connection.insert(connection))
    }
}

async fn connect(address: &str) -> Result<SendRequest<Body>, ApiError> {
    let failed = |error| ApiError::Connect(address.to_owned(), error);
    let stream = TcpStream::connect(address).await.map_err(failed)?;
    // What is written is whole: waiting for more only delays it.
    stream.set_nodelay(true).map_err(failed)?;
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // Where it breaks, the next request says so.
    tokio::spawn(connection);
    Ok(sender)
}

/// The trailers of a response that broke off.
fn error_fields(error: &FunctionError, id: &str) -> HeaderMap {
    let document = BASE64.encode(error.document(id));
    // base64 has no character that a header could not have.
    let document = HeaderValue::from_str(&document).unwrap_or(HeaderValue::from_static(""));
    HeaderMap::from_iter([(ERROR_TYPE, error_type(error)), (ERROR_BODY, document)])
}

/// The error's type, as far as it can stand in a header.
fn error_type(error: &FunctionError) -> HeaderValue {
    HeaderValue::from_str(&error.error_type).unwrap_or(HeaderValue::from_static("Runtime.Unknown"))
}

fn empty() -> Body {
    full(Bytes::new())
}

fn full(bytes: Bytes) -> Body {
    Full::new(bytes).map_err(|never| match never {}).boxed_unsync()
}
