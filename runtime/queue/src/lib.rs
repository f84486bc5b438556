//! Durable queues with the semantics of Amazon SQS.
//!
//! [`Queues`] is the service: it knows SQS's actions, their inputs, outputs and errors, but no
//! wire protocol. What it has acknowledged is on disk.

mod clock;
mod error;
mod queues;
mod types;

pub use clock::{Clock, SystemClock, Timestamp, TokioClock};
pub use error::{ErrorKind, OpenError, QueueError};
pub use queues::{Options, Queues};
pub use types::{
    AttributeValue, Attributes, BatchEntry, BatchResult, ChangeVisibility, Message,
    MessageAttribute, MessageAttributes, QueueList, ReceiveMessage, SendMessage, SentMessage,
};
