//! One connection: HTTP/1.1 or HTTP/2 until either side ends it.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::guard::{self, Hosts};
use crate::lent::{FIRST, First, Lent, Recall};
use crate::limits::Limits;
use crate::request_body::RequestBody;
use crate::serve::{Body, BoxError};
use crate::work::{Work, Working};

/// How long a connection that was told to end may take, where it has no request left: HTTP/2
/// says goodbye and waits for the client's answer.
const GOODBYE: Duration = Duration::from_secs(5);

/// How long, once to twice, a connection of HTTP/1.1 keeps what serves it after its last request:
/// longer than a busy client's pauses, as making it anew takes some microseconds.
const QUIET: Duration = Duration::from_millis(100);

/// How often at least it is looked at where its requests take long.
const QUIET_MAX: Duration = Duration::from_secs(2);

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
    mut stream: T,
    peer: SocketAddr,
    scheme: Scheme,
    rules: &Rules,
    service: S,
) where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let mut wait = rules.limits.idle;
    while let Some(first) = first(&mut stream, wait, &rules.ends).await {
        let recall = Recall::default();
        let (lent, mut back) = Lent::new(stream, first, recall.clone());
        // Large, and dropped with all that it has while there is nothing to serve.
        let served = Box::pin(requests(lent, recall, peer, &scheme, rules, service.clone()));
        if !served.await {
            return;
        }
        let Ok(returned) = back.try_recv() else { return };
        stream = returned;
        wait = rules.limits.idle.saturating_sub(quiet(&rules.limits));
    }
    // TLS says goodbye, too.
    let goodbye = timeout(GOODBYE, stream.shutdown());
    let _ = rules.ends.now.run_until_cancelled(goodbye).await;
}

/// The first bytes of a request. None where none come in `wait`, or the connection is to end.
async fn first<T: AsyncRead + Unpin>(stream: &mut T, wait: Duration, ends: &Ends) -> Option<First> {
    let mut bytes = [0; FIRST];
    let read = timeout(wait, stream.read(&mut bytes));
    let length = tokio::select! {
        read = read => read.ok()?.ok()?,
        () = ends.soon.cancelled() => return None,
        () = ends.now.cancelled() => return None,
    };
    (length > 0).then_some(First { bytes, length })
}

/// How long a connection is served that has no request.
fn quiet(limits: &Limits) -> Duration {
    QUIET.min(limits.idle / 2)
}

/// Serves requests until the connection ends, which is false, or is silent.
async fn requests<T, S, F>(
    stream: Lent<T>,
    recall: Recall,
    peer: SocketAddr,
    scheme: &Scheme,
    rules: &Rules,
    service: S,
) -> bool
where
    T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    S: Fn(Request<RequestBody>, SocketAddr) -> F + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let Rules { hosts, limits, ends } = rules;
    let (hosts, body_pause, scheme) = (*hosts, limits.body_pause, scheme.clone());
    let work = Arc::new(Work::default());
    let begun = Arc::clone(&work);
    let handle = service_fn(move |request: Request<Incoming>| {
        let working = Working::begin(&begun, request.version());
        let handled = guard::check(hosts, &request).map(|()| {
            let body = |incoming| RequestBody::new(incoming, body_pause, working.clone());
            let mut request = request.map(body);
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
    let mut pause = quiet(limits);
    let mut silent = pin!(sleep(pause));
    let (mut ending, mut recalled, mut is_http2) = (false, false, false);
    let (mut seen, mut seen_quiet) = (0, 0);
    loop {
        tokio::select! {
            // A connection that breaks is its client's affair. One that has bytes of the next
            // request, which would be lost, ends with an error.
            served = &mut serving => return recalled && !ending && served.is_ok(),
            () = ends.now.cancelled() => return false,
            () = ends.soon.cancelled(), if !ending => {
                ending = true;
                serving.as_mut().graceful_shutdown();
            }
            () = &mut silent, if !(ending || recalled || is_http2) => {
                is_http2 = work.is_http1() == Some(false);
                // Polled after this, which is when it hears of it.
                recalled = work.is_none_since(&mut seen_quiet)
                    && work.is_http1() == Some(true)
                    && recall.recall();
                pause = if work.is_none() { quiet(limits) } else { QUIET_MAX.min(pause * 2) };
                silent.as_mut().reset(Instant::now() + pause);
            }
            () = &mut tick => {
                let mut next = limits.idle;
                if work.is_none_since(&mut seen) {
                    if ending {
                        return false;
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
