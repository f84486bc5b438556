//! Connections in, requests to a service, and an orderly end.

use std::convert::Infallible;
use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode, header};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio_util::sync::CancellationToken;

use crate::guard::{self, Hosts};
use crate::listen::Listeners;

/// An error of a body while it streams.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// A streaming response body.
pub type Body = UnsyncBoxBody<Bytes, BoxError>;

/// A client that has not sent its request's head by then is gone (slow-header attacks too).
const HEADER_TIMEOUT: Duration = Duration::from_secs(30);

/// How long to wait before the next accept where the machine is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Serves HTTP/1.1 and cleartext HTTP/2 until `shutdown`; then takes no more connections, lets
/// requests in flight end within `grace`, and returns.
///
/// The service gets the request and the client's address. Foreign hosts and origins (see
/// [`Hosts`]) are answered 403 and never reach it.
pub async fn serve<S, F>(
    listeners: Listeners,
    service: S,
    shutdown: CancellationToken,
    grace: Duration,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let hosts = listeners.hosts;
    let connections = tokio::task::JoinSet::from_iter(
        listeners
            .sockets
            .into_iter()
            .map(|listener| accept(listener, hosts, service.clone(), shutdown.clone(), grace)),
    );
    connections.join_all().await;
}

async fn accept<S, F>(
    listener: TcpListener,
    hosts: Hosts,
    service: S,
    shutdown: CancellationToken,
    grace: Duration,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    let connections = GracefulShutdown::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        match accepted {
            Ok((stream, peer)) => {
                connection(stream, peer, hosts, service.clone(), &connections);
            }
            // Out of file descriptors, mostly: those in use will come free.
            Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
        }
    }
    drop(listener);
    let _ = tokio::time::timeout(grace, connections.shutdown()).await;
}

fn connection<S, F>(
    stream: TcpStream,
    peer: SocketAddr,
    hosts: Hosts,
    service: S,
    connections: &GracefulShutdown,
) where
    S: Fn(Request<Incoming>, SocketAddr) -> F + Clone + Send + 'static,
    F: Future<Output = Response<Body>> + Send + 'static,
{
    // Answers are small and written whole: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let mut builder = Builder::new(TokioExecutor::new());
    builder.http1().timer(TokioTimer::new()).header_read_timeout(HEADER_TIMEOUT);
    builder.http2().timer(TokioTimer::new());
    let handle = service_fn(move |request: Request<Incoming>| {
        let checked = guard::check(hosts, request.uri(), request.headers());
        let handled = checked.map(|()| service(request, peer));
        async move {
            Ok::<_, Infallible>(match handled {
                Ok(response) => response.await,
                Err(foreign) => refusal(&foreign),
            })
        }
    });
    let serving = builder.serve_connection(TokioIo::new(stream), handle).into_owned();
    let serving = connections.watch(serving);
    // A connection that breaks is its client's affair.
    tokio::spawn(async move {
        let _ = serving.await;
    });
}

fn refusal(foreign: &guard::Foreign) -> Response<Body> {
    let body = serde_json::json!({"message": foreign.to_string()}).to_string();
    let body = Full::new(Bytes::from(body)).map_err(|never| match never {}).boxed_unsync();
    let mut response = Response::new(body);
    *response.status_mut() = StatusCode::FORBIDDEN;
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, header::HeaderValue::from_static("application/json"));
    response
}

#[cfg(test)]
mod tests;
