//! Lambda's own door: `Invoke` with the invocation type `Event`.

use bytes::Bytes;
use samovar_app::Function;
use samovar_queue::QueueError;

use super::Deliveries;
use super::parcel::{Call, Limits, MAX_PAYLOAD, Origin, Parcel};

/// An event that nobody waits for.
#[derive(Clone, Debug)]
pub struct AsynchronousEvent {
    /// The request id, which every attempt has.
    pub request_id: String,
    /// Version or alias; `None`: `$LATEST`.
    pub qualifier: Option<String>,
    /// Client context, as JSON text.
    pub client_context: Option<String>,
    /// `X-Amzn-Trace-Id`, where the caller has one.
    pub trace_id: Option<String>,
    /// The event's JSON, of at most [`Self::MAX_BYTES`].
    pub payload: Bytes,
}

impl AsynchronousEvent {
    /// Largest event in bytes that is kept.
    pub const MAX_BYTES: usize = MAX_PAYLOAD;
}

impl Deliveries {
    /// Accepts an event for a function: it is on disk when this returns. Its outcome is told to the
    /// function's destinations and dead-letter queue alone.
    ///
    /// # Errors
    /// The store failed.
    pub async fn invoke(
        &self,
        function: &Function,
        event: AsynchronousEvent,
    ) -> Result<(), QueueError> {
        let AsynchronousEvent { request_id, qualifier, client_context, trace_id, payload } = event;
        let limits = Limits::of_function(function);
        let now = self.clock().now();
        let mut parcel = Parcel::new(function, Origin::Invoke, limits, None, payload, now);
        parcel.label.call = Call { request_id, qualifier, client_context, trace_id };
        self.accept(vec![parcel]).await
    }
}
