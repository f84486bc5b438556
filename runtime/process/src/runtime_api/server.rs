//! The listener of one environment, and its connections.

use std::convert::Infallible;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::extensions::{Extensions, Metadata};
use super::routes;
use super::state::State;
use crate::telemetry::Telemetry;

/// How many connections one environment may hold. A runtime needs one, an extension a few; the
/// file descriptors are Samovar's, which other functions need too.
const MAX_CONNECTIONS: usize = 64;

/// How long to wait before the next accept where the machine is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What the APIs of one environment speak for.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) state: Arc<State>,
    pub(crate) extensions: Extensions,
    pub(crate) telemetry: Arc<Telemetry>,
}

/// The APIs of one environment, which serve until this is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    shared: Arc<Shared>,
    address: SocketAddr,
    closing: CancellationToken,
    serving: AbortOnDropHandle<()>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No socket can be had.
    pub(crate) async fn bind(metadata: Metadata, json_logs: bool) -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared {
            state: Arc::new(State::new()),
            extensions: Extensions::new(metadata),
            telemetry: Telemetry::new(address.port(), json_logs),
        });
        let closing = CancellationToken::new();
        let serving = serve(listener, Arc::clone(&shared), address, closing.clone());
        let serving = AbortOnDropHandle::new(tokio::spawn(serving));
        Ok(Self { shared, address, closing, serving })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says: `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state machine.
    pub(crate) fn state(&self) -> &State {
        &self.shared.state
    }

    /// What all APIs speak for.
    pub(crate) fn shared(&self) -> &Arc<Shared> {
        &self.shared
    }

    /// The extensions.
    pub(crate) fn extensions(&self) -> &Extensions {
        &self.shared.extensions
    }

    /// What subscribers get.
    pub(crate) fn telemetry(&self) -> &Arc<Telemetry> {
        &self.shared.telemetry
    }

    /// Tells whether the environment waits for an event.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(Arc::clone(&self.shared))
    }

    /// Takes no more connections and waits until the present ones have ended, for at most
    /// `limit`. Of a process that has exited, everything that it sent has then been handled.
    pub(crate) async fn close(&mut self, limit: Duration) {
        self.closing.cancel();
        // What has not ended by then is aborted when the server is dropped.
        let _ = tokio::time::timeout(limit, &mut self.serving).await;
    }
}

/// Tells whether an environment waits for an event.
#[derive(Clone, Debug)]
pub(crate) struct Waiting(Arc<Shared>);

impl Waiting {
    /// Whether the runtime and every extension have asked for one and have none.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.state.is_waiting() && self.0.extensions.are_waiting()
    }
}

async fn serve(
    listener: TcpListener,
    shared: Arc<Shared>,
    address: SocketAddr,
    closing: CancellationToken,
) {
    let authority: Arc<str> = address.to_string().into();
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            // In this order: a connection that was made before the end is still taken.
            biased;
            Some(_) = connections.join_next() => {}
            accepted = listener.accept(), if connections.len() < MAX_CONNECTIONS => match accepted {
                Ok((stream, _)) => {
                    connections.spawn(connection(stream, Arc::clone(&shared), Arc::clone(&authority)));
                }
                // Out of file descriptors, mostly: those in use will come free.
                Err(_) => tokio::time::sleep(ACCEPT_PAUSE).await,
            },
            () = closing.cancelled() => break,
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

async fn connection(stream: TcpStream, shared: Arc<Shared>, authority: Arc<str>) {
    // Answers are written whole: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let handle = service_fn(|request| {
        let answered = routes::handle(Arc::clone(&shared), Arc::clone(&authority), request);
        async { Ok::<_, Infallible>(answered.await) }
    });
    // A connection that breaks is the runtime's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handle).await;
}
