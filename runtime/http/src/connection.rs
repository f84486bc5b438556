//! One connection: HTTP/1.1 or HTTP/2 until either side ends it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use crate::guard::{self, Hosts};
use crate::limits::Limits;
use crate::request_body::RequestBody;
use crate::serve::{Body, BoxError};

/// How long a connection that was told to end may take, where it has no request left: HTTP/2
/// says goodbye and waits for the client's answer.
const GOODBYE: Duration = Duration::from_secs(5);

/// When connections end that have not ended by themselves.
#[derive(Clone, Debug)]
pub(crate) struct Ends {
    /// Requests in flight may end, and no new one begins.
    pub(crate) soon: CancellationToken,
    /// At once.
    pub(crate) now: CancellationToken,
}

/// What the connections of a server have in common.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) ends: Ends,
}

/// Serves one connection to its end. `scheme` tells whether it is encrypted; requests have it
/// among their extensions.
pub(crate) async fn serve<T, S, F>(
    stream: T,
    peer: SocketAddr,
    scheme: Scheme,
    rules: &Rules,
    service: S,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<RequestBody>, SocketAddr) -> F + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let Rules { hosts, limits, ends } = rules;
    let (hosts, pause) = (*hosts, limits.body_pause);
    let work = Arc::new(Work::default());
    let begun = Arc::clone(&work);
    let handle = service_fn(move |request: Request<Incoming>| {
        let working = Working::begin(&begun);
        let handled = guard::check(hosts, &request).map(|()| {
            let mut request = request.map(|incoming| RequestBody::new(incoming, pause));
            request.extensions_mut().insert(scheme.clone());
            service(request, peer)
        });
        async move {
            let response = match handled {
                Ok(response) => response.await,
                Err(refused) => refused.response(),
            };
            Ok::<_, Infallible>(response.map(|body| Tracked { body, _working: working }))
        }
    });
    let builder = builder(limits);
    let mut serving = pin!(builder.serve_connection_with_upgrades(TokioIo::new(stream), handle));
    let mut tick = pin!(sleep(limits.idle));
    let (mut ending, mut seen) = (false, 0);
    loop {
        tokio::select! {
            // A connection that breaks is its client's affair.
            _ = &mut serving => return,
            () = ends.now.cancelled() => return,
            () = ends.soon.cancelled(), if !ending => {
                ending = true;
                serving.as_mut().graceful_shutdown();
            }
            () = &mut tick => {
                let mut next = limits.idle;
                if work.is_none_since(&mut seen) {
                    if ending {
                        return;
                    }
                    ending = true;
                    next = GOODBYE;
                    serving.as_mut().graceful_shutdown();
                }
                tick.as_mut().reset(Instant::now() + next);
            }
        }
    }
}

fn builder(limits: &Limits) -> Builder<TokioExecutor> {
    let mut builder = Builder::new(TokioExecutor::new());
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(limits.idle)
        .max_buf_size(limits.head_bytes)
        .max_headers(limits.headers);
    builder
        .http2()
        .timer(TokioTimer::new())
        .max_concurrent_streams(limits.streams)
        .max_header_list_size(u32::try_from(limits.head_bytes).unwrap_or(u32::MAX));
    builder
}

/// The requests of a connection.
#[derive(Debug, Default)]
struct Work {
    in_flight: AtomicUsize,
    /// Since the connection's start; it may wrap.
    begun: AtomicUsize,
}

impl Work {
    /// Whether no request runs, and none has begun since the last call with this `seen`.
    fn is_none_since(&self, seen: &mut usize) -> bool {
        let begun = self.begun.load(Ordering::Acquire);
        let is_same = std::mem::replace(seen, begun) == begun;
        is_same && self.in_flight.load(Ordering::Acquire) == 0
    }
}

/// A request that runs, until its response is written.
#[derive(Debug)]
struct Working(Arc<Work>);

impl Working {
    fn begin(work: &Arc<Work>) -> Self {
        work.in_flight.fetch_add(1, Ordering::AcqRel);
        work.begun.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(work))
    }
}

impl Drop for Working {
    fn drop(&mut self) {
        self.0.in_flight.fetch_sub(1, Ordering::AcqRel);
    }
}

/// A response body whose request is in flight for as long as it lives.
struct Tracked {
    body: Body,
    _working: Working,
}

impl HttpBody for Tracked {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
