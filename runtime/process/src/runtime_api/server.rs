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

use super::routes;
use super::state::State;

/// How many connections one environment may hold. A runtime needs one, an extension a few; the
/// file descriptors are Samovar's, which other functions need too.
const MAX_CONNECTIONS: usize = 64;

/// How long to wait before the next accept where the machine is out of sockets.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// A Runtime API that serves until it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    state: Arc<State>,
    address: SocketAddr,
    closing: CancellationToken,
    serving: AbortOnDropHandle<()>,
}

impl Server {
    /// Listens on a free port of 127.0.0.1.
    ///
    /// # Errors
    /// No socket can be had.
    pub(crate) async fn bind() -> io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let state = Arc::new(State::new());
        let closing = CancellationToken::new();
        let serving = serve(listener, Arc::clone(&state), address, closing.clone());
        let serving = AbortOnDropHandle::new(tokio::spawn(serving));
        Ok(Self { state, address, closing, serving })
    }

    /// What `AWS_LAMBDA_RUNTIME_API` says: `127.0.0.1:PORT`.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// The state machine.
    pub(crate) fn state(&self) -> &State {
        &self.state
    }

    /// Tells whether the runtime waits for an event.
    pub(crate) fn waiting(&self) -> Waiting {
        Waiting(Arc::clone(&self.state))
    }

    /// Takes no more connections and waits until the present ones have ended, for at most
    /// `limit`. Of a process that has exited, everything that it sent has then been handled.
    pub(crate) async fn close(&mut self, limit: Duration) {
        self.closing.cancel();
        // What has not ended by then is aborted when the server is dropped.
        let _ = tokio::time::timeout(limit, &mut self.serving).await;
    }
}

/// Tells whether a runtime waits for an event.
#[derive(Clone, Debug)]
pub(crate) struct Waiting(Arc<State>);

impl Waiting {
    /// Whether it has asked for one and has none.
    pub(crate) fn is_waiting(&self) -> bool {
        self.0.is_waiting()
    }
}

async fn serve(
    listener: TcpListener,
    state: Arc<State>,
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
                    connections.spawn(connection(stream, Arc::clone(&state), Arc::clone(&authority)));
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

async fn connection(stream: TcpStream, state: Arc<State>, authority: Arc<str>) {
    // Answers are written whole: waiting for more only delays them.
    let _ = stream.set_nodelay(true);
    let handle = service_fn(|request| {
        let answered = routes::handle(Arc::clone(&state), Arc::clone(&authority), request);
        async { Ok::<_, Infallible>(answered.await) }
    });
    // A connection that breaks is the runtime's affair.
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), handle).await;
}
