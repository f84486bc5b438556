//! One request and its response.

use std::error::Error as _;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::header::{HOST, HeaderValue};
use http::uri::{PathAndQuery, Uri};
use http::{Request, Response, StatusCode};
use http_body::{Body, Frame, SizeHint};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep, timeout};
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody};

use super::allowed::{Place, Target};
use super::connect::{ConnectError, connect};
use super::connections::{Connection, Connections};

/// How long each step may take where the guest does not say: as long as in wasmtime. The
/// function's own time ends sooner, mostly.
const STEP: Duration = Duration::from_secs(600);

/// Sends a request to a server that it may go to. Redirects are the guest's to follow.
///
/// Dropping the future or the response's body ends the exchange, and closes its connection.
pub(super) async fn send(
    connections: &Connections,
    target: Target,
    mut request: Request<WasiBody>,
    options: RequestOptions,
) -> Result<Response<WasiBody>, ConnectError> {
    // The host in its one form: what the guest wrote could be read in two ways.
    let host = HeaderValue::try_from(target.place.authority());
    request.headers_mut().insert(HOST, host.map_err(|_| Error::HttpRequestUriInvalid)?);
    let path = request.uri().path_and_query().cloned();
    *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));

    let to_connect = options.connect_timeout.unwrap_or(STEP);
    let to_answer = options.first_byte_timeout.unwrap_or(STEP);
    let between = options.between_bytes_timeout.unwrap_or(STEP);
    let timed_out = |_| Error::ConnectionTimeout;
    let busy = timeout(to_connect, connections.place()).await.map_err(timed_out)?;
    loop {
        let (mut connection, is_fresh) = match connections.take(&target.place) {
            Some(connection) => (connection, false),
            None => {
                let connected = timeout(to_connect, connect(&target)).await;
                let (sender, driver) = connected.map_err(timed_out)??;
                (Connection::new(sender, driver), true)
            }
        };
        let spare;
        (request, spare) = if is_fresh { (request, None) } else { Spare::of(request) };
        let answer = timeout(to_answer, connection.sender.try_send_request(request)).await;
        let mut failed = match answer.map_err(|_| Error::ConnectionReadTimeout)? {
            Ok(response) if response.status() == StatusCode::SWITCHING_PROTOCOLS => {
                return Err(Error::HttpUpgradeFailed.into());
            }
            Ok(response) => {
                let lease = Lease {
                    connections: connections.clone(),
                    place: target.place,
                    connection,
                    busy,
                };
                return Ok(
                    response.map(|body| ResponseBody::new(body, between, lease).boxed_unsync())
                );
            }
            Err(failed) => failed,
        };
        // The server has closed a connection that waited: before it got anything, or at the moment
        // when it got what may be sent twice.
        let error = failure(failed.error());
        let unsent = failed.take_message();
        drop(failed);
        let is_lost = unsent.is_none() && matches!(error, Error::ConnectionTerminated);
        request = match (unsent, spare.filter(|_| is_lost).and_then(Spare::again)) {
            (Some(again), _) if !is_fresh => again,
            (None, Some(again)) => again,
            _ => return Err(error.into()),
        };
    }
}

/// A request that can be sent once more, as long as nothing of its body was: RFC 9110, section
/// 9.2.2, "Idempotent Methods".
struct Spare {
    head: Request<()>,
    body: Arc<Mutex<Unsent>>,
}

/// The body of such a request.
struct Unsent {
    body: WasiBody,
    is_begun: bool,
}

/// What is sent of it.
struct Sent(Arc<Mutex<Unsent>>);

impl Spare {
    /// Keeps what is needed to send a request again, if it may be.
    fn of(request: Request<WasiBody>) -> (Request<WasiBody>, Option<Self>) {
        if !request.method().is_idempotent() {
            return (request, None);
        }
        let (head, body) = request.into_parts();
        let body = Arc::new(Mutex::new(Unsent { body, is_begun: false }));
        let spare = Self { head: Request::from_parts(head.clone(), ()), body: body.clone() };
        (Request::from_parts(head, Sent(body).boxed_unsync()), Some(spare))
    }

    /// The request, once hyper has given up the one that was sent.
    fn again(self) -> Option<Request<WasiBody>> {
        let unsent = Arc::into_inner(self.body)?.into_inner().ok()?;
        (!unsent.is_begun).then(|| self.head.map(|()| unsent.body))
    }
}

impl Body for Sent {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        // Nothing panics while it holds the lock but a body, which then is of no more use.
        let mut unsent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let frame = ready!(Pin::new(&mut unsent.body).poll_frame(cx));
        unsent.is_begun |= frame.is_some();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).body.size_hint()
    }
}

/// What the guest is told of an error of hyper's.
fn failure(error: &hyper::Error) -> Error {
    if error.is_parse_too_large() {
        return Error::HttpResponseHeaderSectionSize(None);
    }
    if error.is_parse() || error.is_parse_status() {
        return Error::HttpProtocolError;
    }
    if error.is_user() {
        // Most of all: its body was shorter or longer than it said.
        let told = error.source().and_then(|source| source.downcast_ref::<Error>());
        return match told {
            Some(Error::HttpRequestBodySize(size)) => Error::HttpRequestBodySize(*size),
            _ => Error::HttpProtocolError,
        };
    }
    Error::ConnectionTerminated
}

/// A connection that is in use.
struct Lease {
    connections: Connections,
    place: Place,
    connection: Connection,
    busy: Option<OwnedSemaphorePermit>,
}

impl Lease {
    /// Gives the connection back: the response has been read to its end.
    fn end(self) {
        self.connections.put(self.place, self.connection, self.busy);
    }
}

/// The body of a response, read as fast as the guest reads it.
struct ResponseBody {
    incoming: Incoming,
    between: Duration,
    /// When the next part must be there; set while the guest waits for one.
    deadline: Option<Pin<Box<Sleep>>>,
    /// Gone once the body has ended or broken.
    lease: Option<Lease>,
}

impl ResponseBody {
    fn new(incoming: Incoming, between: Duration, lease: Lease) -> Self {
        let mut body = Self { incoming, between, deadline: None, lease: Some(lease) };
        body.settle();
        body
    }

    /// Gives the connection back where the body has ended.
    fn settle(&mut self) {
        if self.incoming.is_end_stream()
            && let Some(lease) = self.lease.take()
        {
            lease.end();
        }
    }
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let this = &mut *self;
        match Pin::new(&mut this.incoming).poll_frame(cx) {
            Poll::Ready(Some(Ok(frame))) => {
                this.deadline = None;
                this.settle();
                Poll::Ready(Some(Ok(frame)))
            }
            Poll::Ready(Some(Err(error))) => {
                this.lease = None;
                Poll::Ready(Some(Err(failure(&error))))
            }
            Poll::Ready(None) => {
                if let Some(lease) = this.lease.take() {
                    lease.end();
                }
                Poll::Ready(None)
            }
            Poll::Pending => {
                let between = this.between;
                let deadline = this.deadline.get_or_insert_with(|| Box::pin(sleep(between)));
                ready!(deadline.as_mut().poll(cx));
                // Broken for good.
                deadline.as_mut().reset(Instant::now());
                this.lease = None;
                Poll::Ready(Some(Err(Error::ConnectionReadTimeout)))
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.incoming.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.incoming.size_hint()
    }
}
