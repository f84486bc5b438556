//! Durable queues with the semantics of Amazon SQS.
//!
//! [`Queues`] is the service: it knows SQS's actions, their inputs, outputs and errors, but no
//! wire protocol. What it has acknowledged is on the disk.
//!
//! Inside, a queue's rules are a pure state machine (`core`), the messages are in an embedded
//! database (`store`), and all changes go through one group commit (`commit`), under the lock of
//! their queue, so that the state machine and the database see them in the same order. After a
//! failure of the database the state in memory is thrown away and read again: to the rules, a
//! failed disk is the same as a crash.

mod attributes;
mod clock;
mod commit;
mod core;
mod digest;
mod error;
mod queues;
mod receipt;
mod redrive;
mod scope;
mod store;
mod types;
mod validate;

pub use clock::{Clock, SystemClock, Timestamp, TokioClock};
pub use error::{ErrorKind, OpenError, QueueError};
pub use queues::{Options, Queues};
pub use types::{
    AttributeValue, Attributes, BatchEntry, BatchResult, ChangeVisibility, Message,
    MessageAttribute, MessageAttributes, MessageMoveTask, MessageState, MoveTaskStatus, QueueList,
    QueueView, ReceiveMessage, SeenMessage, SendMessage, SentMessage, StartMessageMoveTask,
};
