//! The body of a guest's response.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use http_body::{Frame, SizeHint};
use samovar_dispatch::{BoxError, FunctionError, MAX_STREAMED_BYTES};
use tokio::sync::oneshot;
use wasmtime_wasi_http::p2::body::HyperOutgoingBody;

/// A guest's body, which is whole only if the guest came to its end. `wasmtime-wasi-http` ends
/// it in good order when the guest has trapped in the middle.
///
/// The guest writes no faster than this is read: 64 KB at a time wait.
pub(super) struct GuestBody {
    body: HyperOutgoingBody,
    /// `None`: nothing comes any more.
    end: Option<End>,
    /// Is told when nobody wants the rest.
    dropped: Option<oneshot::Sender<()>>,
    /// Bytes so far.
    count: u64,
}

/// The end of a guest.
enum End {
    /// It is to come; without a word if the guest fails.
    Running(oneshot::Receiver<()>),
    /// The guest returned.
    Good,
}

impl GuestBody {
    pub(super) fn new(
        body: HyperOutgoingBody,
        end: oneshot::Receiver<()>,
        dropped: oneshot::Sender<()>,
    ) -> Self {
        Self { body, end: Some(End::Running(end)), dropped: Some(dropped), count: 0 }
    }
}

impl Drop for GuestBody {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            // Whoever has ended by now does not listen.
            let _ = dropped.send(());
        }
    }
}

impl http_body::Body for GuestBody {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let mut polled = match self.end {
            Some(_) => Pin::new(&mut self.body).poll_frame(cx),
            None => return Poll::Ready(None),
        };
        if !matches!(polled, Poll::Ready(Some(_)))
            && let Some(End::Running(end)) = &mut self.end
        {
            match ready!(Pin::new(end).poll(cx)) {
                Ok(()) => self.end = Some(End::Good),
                // It may leave its half of the body open for as long as its store lives.
                Err(_) => {
                    self.end = None;
                    let broken = "the function ended before its response did";
                    return Poll::Ready(Some(Err(broken.into())));
                }
            }
            // What it wrote last may have come since.
            if polled.is_pending() {
                polled = Pin::new(&mut self.body).poll_frame(cx);
            }
        }
        if let Poll::Ready(Some(frame)) = polled {
            let frame = frame?;
            self.count += frame.data_ref().map_or(0, |data| data.len() as u64);
            if self.count > MAX_STREAMED_BYTES {
                self.end = None;
                return Poll::Ready(Some(Err(too_large().into())));
            }
            return Poll::Ready(Some(Ok(frame)));
        }
        // The end, or nothing more: a guest that has returned writes no more, though it may have
        // left its half of the body open, and though its isolate may serve other invocations.
        self.end = None;
        Poll::Ready(None)
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

fn too_large() -> FunctionError {
    let message = format!(
        "Response payload size exceeded maximum allowed payload size ({MAX_STREAMED_BYTES} bytes)."
    );
    FunctionError { message, ..FunctionError::response_too_large() }
}
