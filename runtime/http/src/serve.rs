//! Connections in, requests to a service, and an orderly end.

use std::future::Future;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::uri::Scheme;
use http::{Request, Response};
use http_body_util::combinators::UnsyncBoxBody;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::connection::{self, Ends, Rules};
use crate::listen::Listeners;
use crate::request_body::RequestBody;
use crate::threads::Threads;
use crate::tls::{self, Tls};
use crate::transport::Transport;

/// An error of a body while it streams.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A streaming response body.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// How long to wait before the next accept where the machine is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1 and HTTP/2 until `shutdown`; then takes no more connections, ends idle ones at
/// once, lets requests in flight end within `grace`, and returns when no connection is left.
///
/// HTTP/2 is spoken with clients that know of it beforehand (RFC 9113, section 3.3) or choose it
/// within TLS, which is spoken where the listeners have it. The service gets the request, with the
/// connection's [`Scheme`] among its extensions, and the client's address. Foreign hosts and
/// origins (see [`Hosts`](crate::Hosts)) are answered 403 and never reach it. A connection of
/// HTTP/1.1 can be upgraded (`hyper::upgrade::on`); what follows is not waited for at the end.
///
/// Clients are bounded by [`Limits`](crate::Limits).
pub async fn serve<S, F>(
    listeners: Listeners,
    service: S,
    shutdown: CancellationToken,
    grace: Duration,
) where
    S: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let Listeners { sockets, hosts, limits, tls, threads, .. } = listeners;
    let ends = Ends { soon: shutdown, now: CancellationToken::new() };
    // Dropped with this future, too: then nobody waits for what is in flight.
    let now = ends.now.clone().drop_guard();
    let server = Server {
        rules: Arc::new(Rules { hosts, limits, ends }),
        tls,
        threads,
        places: Arc::new(Semaphore::new(limits.connections)),
        running: TaskTracker::new(),
        service,
    };
    let running = server.running.clone();
    let accepting = sockets.into_iter().map(|socket| server.clone().accept(socket));
    tokio::task::JoinSet::from_iter(accepting).join_all().await;
    running.close();
    if timeout(grace, running.wait()).await.is_err() {
        drop(now);
        running.wait().await;
    }
}

/// What serves the connections of all listeners.
#[derive(Clone)]
struct Server<S> {
    rules: Arc<Rules>,
    tls: Option<Tls>,
    threads: Option<Threads>,
    /// One for each connection that there may be.
    places: Arc<Semaphore>,
    running: TaskTracker,
    service: S,
}

impl<S, F> Server<S>
where
    S: Fn(Request<RequestBody>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    async fn accept(self, listener: TcpListener) {
        let soon = self.rules.ends.soon.clone();
        while let Some(accepted) = soon.run_until_cancelled(listener.accept()).await {
            let Ok((stream, peer)) = accepted else {
                // Out of file descriptors, mostly: those in use will come free.
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            };
            // This one waits for its place, and those behind it for being accepted.
            let place = soon.run_until_cancelled(Arc::clone(&self.places).acquire_owned());
            let Some(Ok(place)) = place.await else { return };
            let Some(threads) = &self.threads else {
                self.running.spawn(self.clone().connection(stream, peer, place));
                continue;
            };
            // It is watched by the scheduler of the thread that it goes to.
            let Ok(stream) = stream.into_std() else { continue };
            let server = self.clone();
            let (thread, seat) = threads.least();
            let served = async move {
                let _seat = seat;
                if let Ok(stream) = TcpStream::from_std(stream) {
                    server.connection(stream, peer, place).await;
                }
            };
            self.running.spawn_on(served, thread);
        }
    }

    async fn connection(self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) {
        let Self { rules, tls, service, .. } = self;
        let limits = &rules.limits;
        // Answers are small and written whole: waiting for more only delays them.
        let _ = stream.set_nodelay(true);
        let Some(tls) = tls else {
            let stream = Transport::new(stream, limits.write_pause, place);
            return connection::serve(stream, peer, Scheme::HTTP, &rules, service).await;
        };
        // Boxed: a connection without TLS, which is smaller by much, would have its size.
        let served = Box::pin(async {
            let accepted = timeout(limits.handshake, tls.accept(stream, peer));
            match rules.ends.soon.run_until_cancelled(accepted).await {
                Some(Ok(Ok(tls::Accepted::Encrypted(stream)))) => {
                    let stream = Transport::new(stream, limits.write_pause, place);
                    connection::serve(stream, peer, Scheme::HTTPS, &rules, service).await;
                }
                Some(Ok(Ok(tls::Accepted::Plain(stream)))) => {
                    let stream = Transport::new(stream, limits.write_pause, place);
                    connection::serve(stream, peer, Scheme::HTTP, &rules, service).await;
                }
                // Refused, broken, too slow, or too late.
                _ => {}
            }
        });
        served.await;
    }
}

#[cfg(test)]
mod tests;
