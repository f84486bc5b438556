//! A reply that somebody waits for, or no more.

use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::Poll;

use samovar_dispatch::{FunctionError, Reply, Response};

/// A reply that can be sent in one place while another watches whether it is still waited for.
#[derive(Clone)]
pub(super) struct Awaited(Arc<Mutex<Option<Reply>>>);

impl Awaited {
    pub(super) fn new(reply: Reply) -> Self {
        Self(Arc::new(Mutex::new(Some(reply))))
    }

    /// Gives the answer; only the first one counts.
    ///
    /// # Errors
    /// As [`Reply::send`].
    pub(super) fn send(&self, response: Response) -> Result<(), FunctionError> {
        let reply = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        reply.map_or(Ok(()), |reply| reply.send(response))
    }

    /// Returns when nobody waits for an answer that has not been given; once it is, never.
    pub(super) async fn abandoned(&self) {
        poll_fn(|context| {
            let mut reply = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            match reply.as_mut() {
                Some(reply) => reply.poll_abandoned(context),
                None => Poll::Pending,
            }
        })
        .await;
    }
}
