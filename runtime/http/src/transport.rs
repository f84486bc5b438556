//! The stream below HTTP, which ends where the client takes nothing for long, and sends quick
//! answers together.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::{Instant, Sleep, sleep};

use crate::rounds::Answer;

/// A client's connection, its TLS included. It is counted for as long as it lives, which is
/// longer than HTTP where another protocol follows (WebSocket).
#[derive(Debug)]
pub(crate) struct Transport<T> {
    stream: T,
    pause: Duration,
    /// Made at the first wait: few clients are slower than their buffers.
    end: Option<Pin<Box<Sleep>>>,
    /// Whether the time runs.
    waiting: bool,
    answer: Answer,
    _counted: OwnedSemaphorePermit,
}

impl<T> Transport<T> {
    /// Writing to `stream` fails when it has waited for `pause`.
    pub(crate) fn new(stream: T, pause: Duration, counted: OwnedSemaphorePermit) -> Self {
        Self { stream, pause, end: None, waiting: false, answer: Answer::None, _counted: counted }
    }

    fn bounded<R>(
        &mut self,
        context: &mut Context<'_>,
        result: Poll<io::Result<R>>,
    ) -> Poll<io::Result<R>> {
        if result.is_ready() {
            self.waiting = false;
            return result;
        }
        let pause = self.pause;
        let began = !std::mem::replace(&mut self.waiting, true);
        let end = self.end.get_or_insert_with(|| Box::pin(sleep(pause)));
        if began {
            end.as_mut().reset(Instant::now() + pause);
        }
        end.as_mut().poll(context).map(|()| Err(io::ErrorKind::TimedOut.into()))
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Transport<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let read = Pin::new(&mut self.stream).poll_read(context, buffer);
        if read.is_ready() {
            self.answer.asked();
        }
        read
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Transport<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if self.answer.waits(context) {
            return Poll::Pending;
        }
        let result = Pin::new(&mut self.stream).poll_write(context, bytes);
        self.bounded(context, result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        if self.answer.waits(context) {
            return Poll::Pending;
        }
        let result = Pin::new(&mut self.stream).poll_write_vectored(context, slices);
        self.bounded(context, result)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_flush(context);
        self.bounded(context, result)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(&mut self.stream).poll_shutdown(context);
        self.bounded(context, result)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::sync::Semaphore;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_client_that_takes_nothing_is_given_up_and_one_that_is_slow_is_not() {
        let places = Arc::new(Semaphore::new(1));
        let counted = places.clone().acquire_owned().await.unwrap();
        let (ours, mut theirs) = tokio::io::duplex(10);
        let mut transport = Transport::new(ours, Duration::from_secs(60), counted);
        let slow = tokio::spawn(async move {
            for _ in 0..4 {
                tokio::time::sleep(Duration::from_secs(59)).await;
                theirs.read_exact(&mut [0; 10]).await.unwrap();
            }
            theirs
        });
        transport.write_all(&[0; 50]).await.unwrap();
        let _theirs = slow.await.unwrap();
        let error = transport.write_all(&[0]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert_eq!(places.available_permits(), 0);
        drop(transport);
        assert_eq!(places.available_permits(), 1);
    }
}
