//! Receives that can be repeated, in the store: so they can be after a restart too.
//!
//! An attempt is stored in the commit that stores what it took. It costs a write to those alone
//! who give a `ReceiveRequestAttemptId`.

use super::queue::Queue;
use crate::{
    QueueError, Timestamp,
    core::Core,
    store::{AttemptKey, Write},
};

/// What to store when the attempt with this id has taken messages: it, and that those which have
/// ended are forgotten.
pub(super) fn writes(queue: &Queue, core: &mut Core, id: &str, now: Timestamp) -> Vec<Write> {
    let key = |id: String| AttemptKey { queue: queue.id, id };
    let ended = core.expire_attempts(now).into_iter().map(|id| Write::RemoveAttempt(key(id)));
    let mut writes: Vec<Write> = ended.collect();
    let key = key(id.to_owned());
    writes.push(match core.attempt(id) {
        Some(attempt) => Write::Attempt { key, attempt },
        None => Write::RemoveAttempt(key),
    });
    writes
}

/// AWS's error for a receive that is repeated after something was done with its messages. The
/// rule: <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_ReceiveMessage.html>,
/// `ReceiveRequestAttemptId`. The message: aws/aws-sdk-java, issue 2613.
pub(super) fn not_retryable(id: &str) -> QueueError {
    QueueError::invalid_parameter(
        "ReceiveRequestAttemptId",
        id,
        "The receiveRequestAttemptId is not valid anymore since the receive call is not retryable.",
    )
}
