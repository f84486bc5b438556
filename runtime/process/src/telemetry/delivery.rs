//! Batches on their way to a subscriber, which listens on 127.0.0.1.
//!
//! There is no time limit on an answer: the subscriber is frozen between invocations. Its buffer
//! is bounded, and the task ends with the environment.

use std::io;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderValue, Method, Request, header};
use http_body_util::Full;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use super::queue::Queue;
use super::subscription::Destination;

/// How often a batch is tried before it is dropped, and the first pause between two tries, which
/// doubles: about five seconds in all, for a subscriber that comes up late or opens a new listener.
const TRIES: u32 = 8;
const PAUSE: Duration = Duration::from_millis(40);

/// Delivers batch after batch, for as long as the future is polled.
pub(crate) async fn run(queue: Arc<Queue>) {
    let mut line = Line::None;
    loop {
        let batch = queue.batch().await;
        let mut pause = PAUSE;
        for attempt in 1..=TRIES {
            match line.send(&queue.subscription().destination, &batch).await {
                Ok(()) => break,
                Err(_) if attempt == TRIES => queue.lose(&batch),
                Err(_) => {
                    // What has failed once is not used again.
                    line = Line::None;
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
            }
        }
        queue.settle();
    }
}

/// An open connection to the subscriber.
enum Line {
    None,
    Http(SendRequest<Full<Bytes>>),
    Tcp(TcpStream),
}

#[derive(Debug, thiserror::Error)]
enum Undelivered {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error(transparent)]
    Http(#[from] hyper::Error),
    #[error("the destination is no valid request")]
    Request(#[from] http::Error),
    #[error("the subscriber answered {0}")]
    Status(http::StatusCode),
}

impl Line {
    async fn send(
        &mut self,
        destination: &Destination,
        batch: &[String],
    ) -> Result<(), Undelivered> {
        match destination {
            Destination::Http { port, path, put } => {
                let body = format!("[{}]", batch.join(","));
                let host = format!("sandbox.localdomain:{port}");
                let request = Request::builder()
                    .method(if *put { Method::PUT } else { Method::POST })
                    .uri(path)
                    .header(header::HOST, host)
                    .header(header::CONTENT_TYPE, HeaderValue::from_static("application/json"))
                    .body(Full::new(Bytes::from(body)))?;
                let sender = self.http(*port).await?;
                sender.ready().await?;
                let response = sender.send_request(request).await?;
                let status = response.status();
                // The rest of the answer says nothing: the connection is only kept for another
                // batch if there is none.
                if !hyper::body::Body::is_end_stream(response.body()) {
                    *self = Self::None;
                }
                if status.is_success() { Ok(()) } else { Err(Undelivered::Status(status)) }
            }
            Destination::Tcp { port } => {
                let mut lines = batch.join("\n");
                lines.push('\n');
                Ok(self.tcp(*port).await?.write_all(lines.as_bytes()).await?)
            }
        }
    }

    async fn http(&mut self, port: u16) -> Result<&mut SendRequest<Full<Bytes>>, Undelivered> {
        if !matches!(self, Self::Http(sender) if !sender.is_closed()) {
            let stream = connect(port).await?;
            let (sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
            // It ends with its sender.
            tokio::spawn(connection);
            *self = Self::Http(sender);
        }
        match self {
            Self::Http(sender) => Ok(sender),
            Self::None | Self::Tcp(_) => unreachable!("it was just made"),
        }
    }

    async fn tcp(&mut self, port: u16) -> io::Result<&mut TcpStream> {
        if !matches!(self, Self::Tcp(_)) {
            *self = Self::Tcp(connect(port).await?);
        }
        match self {
            Self::Tcp(stream) => Ok(stream),
            Self::None | Self::Http(_) => unreachable!("it was just made"),
        }
    }
}

async fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
