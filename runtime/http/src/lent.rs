//! A stream that HTTP has for as long as there are requests.
//!
//! What serves HTTP keeps some 25 KB for each connection, whether or not anything is asked: two
//! buffers, and the state of both versions of the protocol. So a connection that has become silent
//! is taken from it, and given to a new one when bytes come: 3 to 6 KB are left (the example
//! `idle`).

use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::sync::oneshot;

/// What is read while nobody serves: as much as tells the versions of HTTP apart (RFC 9113,
/// section 3.4).
pub(crate) const FIRST: usize = 24;

/// Bytes that were read before the stream was lent.
#[derive(Debug)]
pub(crate) struct First {
    pub(crate) bytes: [u8; FIRST],
    pub(crate) length: usize,
}

/// What happened last on a stream: its user has read, ...
const READ: u8 = 0;
/// ... has written all that it had, ...
const WRITTEN: u8 = 1;
/// ... waits until it can write, ...
const BLOCKED: u8 = 2;
/// ... or is told that nothing more comes, so that it gives the stream back.
const RECALLED: u8 = 3;

/// Asks for a lent stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Recall(Arc<AtomicU8>);

impl Recall {
    /// From now on the stream reads as ended, without being so. Only where all that was begun is
    /// written, and nothing was read since; returns whether it is so. The user's end without an
    /// error then tells that it keeps no bytes.
    pub(crate) fn recall(&self) -> bool {
        let (was, is) = (Ordering::AcqRel, Ordering::Acquire);
        self.0.compare_exchange(WRITTEN, RECALLED, was, is).is_ok()
    }

    fn is_recalled(&self) -> bool {
        self.0.load(Ordering::Acquire) == RECALLED
    }

    fn flushed(&self) {
        let (was, is) = (Ordering::AcqRel, Ordering::Acquire);
        // Any other state stays: flushing nothing is no news.
        let _ = self.0.compare_exchange(BLOCKED, WRITTEN, was, is);
    }

    fn note(&self, state: u8) {
        if !self.is_recalled() {
            self.0.store(state, Ordering::Release);
        }
    }
}

/// A stream that goes back to its owner when it is dropped, or ends where nobody waits for it.
#[derive(Debug)]
pub(crate) struct Lent<T> {
    /// Until it is dropped.
    lent: Option<(T, oneshot::Sender<T>)>,
    first: First,
    read: usize,
    recall: Recall,
}

impl<T> Lent<T> {
    /// Lends `stream`, which begins with `first`.
    pub(crate) fn new(stream: T, first: First, recall: Recall) -> (Self, oneshot::Receiver<T>) {
        let (owner, back) = oneshot::channel();
        (Self { lent: Some((stream, owner)), first, read: 0, recall }, back)
    }

    fn stream(&mut self) -> io::Result<&mut T> {
        let lent = self.lent.as_mut().map(|(stream, _)| stream);
        lent.ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    fn wrote<R>(&self, result: Poll<io::Result<R>>) -> Poll<io::Result<R>> {
        self.recall.note(if result.is_ready() { WRITTEN } else { BLOCKED });
        result
    }
}

impl<T> Drop for Lent<T> {
    fn drop(&mut self) {
        if let Some((stream, owner)) = self.lent.take() {
            // Dropped where its owner is gone.
            let _ = owner.send(stream);
        }
    }
}

impl<T: AsyncRead + Unpin> AsyncRead for Lent<T> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let rest = self.first.bytes.get(self.read..self.first.length).unwrap_or_default();
        if !rest.is_empty() {
            let length = rest.len().min(buffer.remaining());
            buffer.put_slice(&rest[..length]);
            self.read += length;
            self.recall.note(READ);
            return Poll::Ready(Ok(()));
        }
        if self.recall.is_recalled() {
            return Poll::Ready(Ok(()));
        }
        let result = Pin::new(self.stream()?).poll_read(context, buffer);
        if result.is_ready() {
            self.recall.note(READ);
        }
        result
    }
}

impl<T: AsyncWrite + Unpin> AsyncWrite for Lent<T> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(self.stream()?).poll_write(context, bytes);
        self.wrote(result)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(self.stream()?).poll_write_vectored(context, slices);
        self.wrote(result)
    }

    fn is_write_vectored(&self) -> bool {
        self.lent.as_ref().is_some_and(|(stream, _)| stream.is_write_vectored())
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        let result = Pin::new(self.stream()?).poll_flush(context);
        if result.is_pending() {
            self.recall.note(BLOCKED);
        } else {
            self.recall.flushed();
        }
        result
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.recall.is_recalled() {
            return Poll::Ready(Ok(()));
        }
        Pin::new(self.stream()?).poll_shutdown(context)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    #[tokio::test]
    async fn it_comes_back_whole_where_all_was_answered() {
        let (mut client, stream) = duplex(64);
        let mut bytes = [0; FIRST];
        bytes[..2].copy_from_slice(b"ab");
        let recall = Recall::default();
        let first = First { bytes, length: 2 };
        let (mut lent, mut back) = Lent::new(stream, first, recall.clone());
        client.write_all(b"cd").await.unwrap();
        let mut read = [0; 4];
        lent.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"abcd");
        assert!(!recall.recall(), "a request is not answered");
        lent.write_all(b"answer").await.unwrap();
        client.write_all(b"more").await.unwrap();
        assert!(recall.recall());
        assert_eq!(lent.read(&mut read).await.unwrap(), 0);
        lent.shutdown().await.unwrap();
        assert!(back.try_recv().is_err());
        drop(lent);
        let mut stream = back.try_recv().unwrap();
        stream.read_exact(&mut read).await.unwrap();
        assert_eq!(&read, b"more");
        stream.write_all(b"!").await.unwrap();
        let mut said = [0; 7];
        client.read_exact(&mut said).await.unwrap();
        assert_eq!(&said, b"answer!");
    }

    #[tokio::test]
    async fn one_that_waits_for_its_client_is_not_taken_away() {
        let (mut client, stream) = duplex(4);
        let recall = Recall::default();
        let first = First { bytes: [0; FIRST], length: 0 };
        let (mut lent, _back) = Lent::new(stream, first, recall.clone());
        let writing = tokio::spawn(async move { lent.write_all(b"answer").await });
        while recall.0.load(Ordering::Acquire) != BLOCKED {
            tokio::task::yield_now().await;
        }
        assert!(!recall.recall());
        client.read_exact(&mut [0; 6]).await.unwrap();
        writing.await.unwrap().unwrap();
        assert!(recall.recall());
    }
}
