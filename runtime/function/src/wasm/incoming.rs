//! An incoming request of `wasi:http` as an [`http::Request`].

use std::io;
use std::pin::Pin;
use std::task::{self, Poll, ready};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue};
use http::{Method, Uri};
use http_body::{Frame, SizeHint};
use serde::Deserialize;
use serde_json::Value;
use wasip2::http::types::{self, IncomingBody, IncomingRequest};
use wasip2::io::streams::{InputStream, StreamError};
use wstd::runtime::{AsyncPollable, WaitFor};

use crate::context::{self, Context};
use crate::{Body, Error, Request};

/// How much is read at once of a body.
const CHUNK: u64 = 64 * 1024;

/// Converts a request. The body is read as it is asked for. Where the host tells of the invocation,
/// its [`Context`] is among the extensions.
pub(super) fn request(incoming: IncomingRequest) -> Result<Request, Error> {
    let mut headers = HeaderMap::new();
    for (name, value) in incoming.headers().entries() {
        headers.append(
            HeaderName::from_bytes(name.as_bytes())?,
            HeaderValue::from_maybe_shared(Bytes::from(value))?,
        );
    }
    let mut request = Request::default();
    *request.method_mut() = method(&incoming.method())?;
    *request.uri_mut() = uri(&incoming)?;
    let length = headers
        .get(CONTENT_LENGTH)
        .and_then(|length| length.to_str().ok())
        .and_then(|length| length.parse().ok());
    if let Some(context) = headers.get(context::HEADER).and_then(context) {
        request.extensions_mut().insert(context);
    }
    *request.headers_mut() = headers;
    // Of a body that is known to be empty the host is not asked for anything.
    let state = if length == Some(0) { State::Ended } else { State::Untouched(incoming) };
    *request.body_mut() = Body::new(Incoming { state, length });
    Ok(request)
}

/// A context as the header has it.
#[derive(Deserialize)]
struct Told {
    request_id: String,
    deadline: u64,
    invoked_function_arn: String,
    xray_trace_id: Option<String>,
    client_context: Option<Value>,
    env_config: Config,
}

#[derive(Deserialize)]
struct Config {
    function_name: String,
    memory: u32,
}

fn context(header: &HeaderValue) -> Option<Context> {
    let told: Told = serde_json::from_slice(header.as_bytes()).ok()?;
    Some(Context {
        request_id: told.request_id,
        function_name: told.env_config.function_name,
        invoked_function_arn: told.invoked_function_arn,
        deadline: SystemTime::UNIX_EPOCH + Duration::from_millis(told.deadline),
        memory_limit_mb: told.env_config.memory,
        trace_id: told.xray_trace_id,
        client_context: told.client_context,
    })
}

fn method(method: &types::Method) -> Result<Method, Error> {
    Ok(match method {
        types::Method::Get => Method::GET,
        types::Method::Head => Method::HEAD,
        types::Method::Post => Method::POST,
        types::Method::Put => Method::PUT,
        types::Method::Delete => Method::DELETE,
        types::Method::Connect => Method::CONNECT,
        types::Method::Options => Method::OPTIONS,
        types::Method::Trace => Method::TRACE,
        types::Method::Patch => Method::PATCH,
        types::Method::Other(other) => Method::from_bytes(other.as_bytes())?,
    })
}

fn uri(incoming: &IncomingRequest) -> Result<Uri, Error> {
    let path = incoming.path_with_query().unwrap_or_else(|| "/".to_owned());
    let builder = Uri::builder().path_and_query(path);
    let builder = match (incoming.scheme(), incoming.authority()) {
        (Some(scheme), Some(authority)) => {
            let scheme = match scheme {
                types::Scheme::Http => "http".to_owned(),
                types::Scheme::Https => "https".to_owned(),
                types::Scheme::Other(other) => other,
            };
            builder.scheme(scheme.as_str()).authority(authority)
        }
        _ => builder,
    };
    Ok(builder.build()?)
}

/// The body of a request. Many a handler never looks at it: the host is asked for it when it is read.
struct Incoming {
    state: State,
    length: Option<u64>,
}

enum State {
    Untouched(IncomingRequest),
    Open(Open),
    Ended,
}

/// A body that is read. Each field belongs to the one after it, and is dropped before it.
struct Open {
    /// While nothing is there.
    waiting: Option<WaitFor>,
    /// Tells when there is more; made when it is needed first.
    more: Option<AsyncPollable>,
    stream: InputStream,
    _body: IncomingBody,
}

impl Open {
    fn new(request: &IncomingRequest) -> io::Result<Self> {
        let taken = |()| io::Error::other("the request's body was taken already");
        let body = request.consume().map_err(taken)?;
        let stream = body.stream().map_err(taken)?;
        Ok(Self { waiting: None, more: None, stream, _body: body })
    }

    /// Reads at most `size` bytes, which is above 0; none at the end of the stream.
    fn poll_read(&mut self, size: u64, cx: &mut task::Context<'_>) -> Poll<io::Result<Vec<u8>>> {
        loop {
            if let Some(waiting) = &mut self.waiting {
                ready!(Pin::new(waiting).poll(cx));
                self.waiting = None;
            }
            match self.stream.read(size) {
                Ok(bytes) if bytes.is_empty() => {
                    let subscribe = || AsyncPollable::new(self.stream.subscribe());
                    self.waiting = Some(self.more.get_or_insert_with(subscribe).wait_for());
                }
                Ok(bytes) => return Poll::Ready(Ok(bytes)),
                Err(StreamError::Closed) => return Poll::Ready(Ok(Vec::new())),
                Err(StreamError::LastOperationFailed(error)) => {
                    return Poll::Ready(Err(io::Error::other(error.to_debug_string())));
                }
            }
        }
    }
}

impl http_body::Body for Incoming {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, io::Error>>> {
        let size = self.length.map_or(CHUNK, |length| length.clamp(1, CHUNK));
        if let State::Untouched(request) = &self.state {
            match Open::new(request) {
                Ok(open) => self.state = State::Open(open),
                Err(error) => {
                    self.state = State::Ended;
                    return Poll::Ready(Some(Err(error)));
                }
            }
        }
        let State::Open(open) = &mut self.state else { return Poll::Ready(None) };
        match ready!(open.poll_read(size, cx)) {
            Ok(bytes) if !bytes.is_empty() => Poll::Ready(Some(Ok(Frame::data(bytes.into())))),
            end => {
                self.state = State::Ended;
                Poll::Ready(end.err().map(Err))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self.state, State::Ended)
    }

    fn size_hint(&self) -> SizeHint {
        // An upper bound, since a part may have been read already.
        let mut hint = SizeHint::default();
        if let Some(length) = self.length {
            hint.set_upper(length);
        }
        hint
    }
}
