//! What enters a function and what comes back.

use std::fmt;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use http::{HeaderValue, Request, Response as HttpResponse};
use http_body_util::combinators::UnsyncBoxBody;
use serde_json::json;
use tokio::sync::oneshot;

/// An error of a body while it streams.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A streaming HTTP body.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// Largest response of a synchronous invocation, in bytes (recorded from AWS, 2025-11).
pub const MAX_RESPONSE_BYTES: usize = 6_291_556;

/// Largest streamed response, in bytes: 200 MB (Lambda guide, "Quotas", since July 2025).
pub const MAX_STREAMED_BYTES: u64 = 200 * 1024 * 1024;

/// One call of a function.
#[derive(Debug)]
pub struct Invocation {
    /// `x-amzn-RequestId`: a UUID, in lower case.
    pub request_id: String,
    /// The event.
    pub event: Event,
    /// Client context, as JSON text (already decoded from base64).
    pub client_context: Option<String>,
    /// ARN by which the function was called; `None`: the function's own.
    pub invoked_function_arn: Option<String>,
    /// `X-Amzn-Trace-Id`: `Root=1-...;Parent=...;Sampled=0`.
    pub trace_id: String,
    /// What caused the call, for people.
    pub source: Source,
    /// Whether the caller takes a [`Response::Stream`]. To others a function that streams
    /// answers with bytes, when it has ended, as on AWS.
    pub streaming: bool,
    /// When the function's time ends. The dispatcher sets it when an environment takes the
    /// invocation; before that it is the time of arrival.
    pub deadline: SystemTime,
}

impl Invocation {
    /// An invocation with a new request id and trace id.
    pub fn new(event: Event, source: Source) -> Self {
        Self {
            request_id: uuid::Uuid::new_v4().to_string(),
            event,
            client_context: None,
            invoked_function_arn: None,
            trace_id: new_trace_id(),
            source,
            streaming: false,
            deadline: SystemTime::UNIX_EPOCH,
        }
    }
}

/// `Root=1-EPOCH-RANDOM;Parent=RANDOM;Sampled=0`, as X-Ray has it (AWS X-Ray guide, "Tracing
/// header"). The time part is random too: nothing reads it, and the dispatcher has no clock here.
fn new_trace_id() -> String {
    let a = uuid::Uuid::new_v4().simple().to_string();
    let b = uuid::Uuid::new_v4().simple().to_string();
    format!("Root=1-{}-{};Parent={};Sampled=0", &a[..8], &a[8..], &b[..16])
}

/// The event: JSON (or any bytes), or an HTTP request for a function whose [`Door`] takes HTTP.
#[expect(clippy::large_enum_variant, reason = "one an invocation; a box would be an allocation")]
pub enum Event {
    /// Event bytes, as a Lambda function gets them.
    Bytes(Bytes),
    /// An HTTP request. Only for [`Door::Http`].
    Http(Request<Body>),
}

impl fmt::Debug for Event {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Event::Bytes({} bytes)", bytes.len()),
            Self::Http(request) => write!(f, "Event::Http({} {})", request.method(), request.uri()),
        }
    }
}

/// Which events an environment takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Bytes only: HTTP front ends make an API Gateway event first.
    Event,
    /// HTTP requests directly, and as API Gateway or function URL events in bytes.
    Http,
}

/// What a function answers.
pub enum Response {
    /// Response bytes.
    Bytes(Bytes),
    /// An HTTP response; its body may still be in the making.
    Http(HttpResponse<Body>),
    /// A response in streaming mode, in the making. Only for an invocation that is
    /// [`streaming`](Invocation::streaming).
    Stream(Streamed),
}

/// A response in streaming mode (Lambda guide, "Response streaming for Lambda functions").
pub struct Streamed {
    /// The content type that the runtime gave. Of `application/vnd.awslambda.http-integration-response`
    /// the bytes begin with a JSON prelude, which only HTTP front ends read.
    pub content_type: Option<HeaderValue>,
    /// The bytes, at the pace at which they are read. A function that fails in the middle ends
    /// them with an error that is a [`FunctionError`].
    pub body: Body,
}

impl fmt::Debug for Streamed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Streamed").field("content_type", &self.content_type).finish_non_exhaustive()
    }
}

impl fmt::Debug for Response {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(bytes) => write!(f, "Response::Bytes({} bytes)", bytes.len()),
            Self::Http(response) => write!(f, "Response::Http({})", response.status()),
            Self::Stream(_) => write!(f, "Response::Stream"),
        }
    }
}

/// Where an environment puts its answer, once.
#[derive(Debug)]
pub struct Reply(oneshot::Sender<Replied>);

/// An answer on its way to the caller.
#[derive(Debug)]
pub struct Replied {
    /// The answer.
    pub response: Response,
    /// Whether the caller gets it before the invocation is over.
    pub at_once: bool,
}

impl Reply {
    /// A reply and the end where it arrives.
    pub fn channel() -> (Self, oneshot::Receiver<Replied>) {
        let (sender, receiver) = oneshot::channel();
        (Self(sender), receiver)
    }

    /// Gives the answer. That nobody waits for it any more is not the environment's concern.
    ///
    /// The caller gets bytes when the invocation is over, anything else at once.
    ///
    /// # Errors
    /// The answer is larger than [`MAX_RESPONSE_BYTES`]: the invocation has failed.
    pub fn send(self, response: Response) -> Result<(), FunctionError> {
        let at_once = !matches!(response, Response::Bytes(_));
        self.give(response, at_once)
    }

    /// Ready when nobody waits for the answer any more.
    pub fn poll_abandoned(&mut self, context: &mut Context<'_>) -> Poll<()> {
        self.0.poll_closed(context)
    }

    /// The same, and the caller gets it at once: what is left of the invocation is no concern of
    /// the caller's, as when extensions still work on it (Lambda guide, "Lambda Extensions API",
    /// invoke phase).
    ///
    /// # Errors
    /// As [`Self::send`].
    pub fn send_at_once(self, response: Response) -> Result<(), FunctionError> {
        self.give(response, true)
    }

    fn give(self, response: Response, at_once: bool) -> Result<(), FunctionError> {
        if matches!(&response, Response::Bytes(bytes) if bytes.len() > MAX_RESPONSE_BYTES) {
            return Err(FunctionError::response_too_large());
        }
        let _ = self.0.send(Replied { response, at_once });
        Ok(())
    }
}

/// Never reaches a client, see [`FunctionError::no_place`].
const NO_PLACE: &str = "Samovar.NoPlace";

/// A function that failed: HTTP 200 with `X-Amz-Function-Error: Unhandled` on the Invoke API,
/// 502 on HTTP front ends.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{error_type}: {message}")]
pub struct FunctionError {
    /// `Runtime.ExitError`, `Sandbox.Timedout`, or the handler's own type.
    pub error_type: String,
    /// For people and logs, without request id.
    pub message: String,
    /// The handler's own error document, where it gave one.
    pub payload: Option<Bytes>,
    /// Whether `RequestId: ID Error: ` stands before the message in the document that clients
    /// get: true for errors that the platform found (an exit, a time-out).
    pub by_platform: bool,
}

impl FunctionError {
    /// An error that the platform found.
    pub fn platform(error_type: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            error_type: error_type.into(),
            message: message.into(),
            payload: None,
            by_platform: true,
        }
    }

    /// A response of more than [`MAX_RESPONSE_BYTES`].
    pub fn response_too_large() -> Self {
        let message = format!(
            "Response payload size exceeded maximum allowed payload size \
             ({MAX_RESPONSE_BYTES} bytes)."
        );
        let by_platform = false;
        Self { by_platform, ..Self::platform("Function.ResponseSizeTooLarge", message) }
    }

    /// There is no room for one more environment: the invocation is throttled.
    pub fn no_place() -> Self {
        Self::platform(NO_PLACE, "There is no room for another environment")
    }

    /// Whether it is [`no_place`](Self::no_place).
    pub(crate) fn is_no_place(&self) -> bool {
        self.by_platform && self.error_type == NO_PLACE
    }

    /// An error document of the function itself: `{"errorType", "errorMessage", ...}`, or
    /// whatever bytes the runtime posted.
    pub fn handler(payload: Bytes) -> Self {
        let document: serde_json::Value = serde_json::from_slice(&payload).unwrap_or_default();
        let field = |name: &str| document[name].as_str().unwrap_or_default().to_owned();
        Self {
            error_type: field("errorType"),
            message: field("errorMessage"),
            payload: Some(payload),
            by_platform: false,
        }
    }

    /// The document that clients get.
    pub fn document(&self, request_id: &str) -> Bytes {
        if let Some(payload) = &self.payload {
            return payload.clone();
        }
        let message = if self.by_platform {
            format!("RequestId: {request_id} Error: {}", self.message)
        } else {
            self.message.clone()
        };
        json!({"errorType": self.error_type, "errorMessage": message}).to_string().into()
    }
}

/// What caused an invocation, for the line that a person reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// A direct invoke.
    Invoke,
    /// A request to an API or a function URL.
    Http {
        /// `GET`.
        method: String,
        /// Path without query.
        path: String,
    },
    /// A batch from a queue.
    Queue {
        /// The queue's name.
        queue: String,
        /// Messages in the batch.
        messages: usize,
    },
    /// A schedule.
    Schedule {
        /// The rule's name.
        rule: String,
    },
    /// A message of a topic.
    Topic {
        /// The topic's name.
        topic: String,
    },
    /// An event that a rule matched.
    Rule {
        /// The rule's name.
        rule: String,
    },
    /// The outcome of an asynchronous invocation, by the destination of its function.
    Function {
        /// The name of the function whose outcome it is.
        function: String,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invoke => write!(f, "invoke"),
            Self::Http { method, path } => write!(f, "{method} {path}"),
            Self::Queue { queue, messages } => write!(f, "{queue} ×{messages}"),
            Self::Schedule { rule } => write!(f, "schedule {rule}"),
            Self::Topic { topic } => write!(f, "topic {topic}"),
            Self::Rule { rule } => write!(f, "rule {rule}"),
            Self::Function { function } => write!(f, "outcome of {function}"),
        }
    }
}
