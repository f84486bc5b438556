//! One attempt: invoke, and decide what comes then.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samovar_dispatch::{InvokeError, Response};
use samovar_queue::{ChangeVisibility, Message, QueueError};
use tokio::time::{interval, sleep};

use super::outcome::Outcome;
use super::outlets::Outlets;
use super::parcel::Parcel;
use super::{Failure, FailureKind, LEASE, PAUSE, QUEUE, Shared};
use crate::time::epoch_millis;

/// Lambda guide, "How Lambda handles errors and retries with asynchronous invocation": "a
/// one-minute wait between the first two attempts, and two minutes between the second and third".
const AFTER_FAILURE: Duration = Duration::from_secs(60);

/// The same page: throttles are repeated "from 1 second after the first attempt to a maximum of
/// 5 minutes".
const AFTER_REFUSAL: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(5 * 60);

/// How often a change of the queue is tried where the store fails.
const STORE_ATTEMPTS: u32 = 5;

impl Shared {
    /// Invokes the function with what a message keeps. The message is deleted when the event is
    /// done, given up, or kept anew for its next attempt; otherwise it comes again by itself.
    pub(super) async fn deliver(self: Arc<Self>, message: Message, outlets: Outlets) {
        let Some(parcel) = Parcel::read(&message) else {
            self.delete(&message).await;
            return;
        };
        let settled = tokio::select! {
            settled = self.attempt(&parcel) => settled,
            never = self.renew(&message) => match never {},
        };
        let kept = match settled {
            Settled::Done(answer) => {
                let success = Outcome::Success(&answer);
                self.persist(|| self.tell(&parcel, &success, &outlets)).await
            }
            Settled::Interrupted => return self.release(&message).await,
            Settled::Failed(failure) => self.follow_up(parcel, &failure, &outlets).await,
        };
        if kept {
            self.delete(&message).await;
        }
    }

    async fn attempt(&self, parcel: &Parcel) -> Settled {
        let name = parcel.qualified_name();
        let answer = match self.dispatcher.invoke(&name, parcel.invocation()).await {
            Ok(answer) => answer,
            Err(InvokeError::ShuttingDown) => return Settled::Interrupted,
            Err(error) => return Settled::Failed(self.refusal(parcel, &error)),
        };
        match answer.result {
            Ok(Response::Bytes(payload)) => Settled::Done(payload),
            // What answers an event in another way answers nothing that a record could have.
            Ok(_) => Settled::Done(Bytes::from_static(b"null")),
            Err(error) => Settled::Failed(Failure {
                code: "ERROR_FROM_TARGET".to_owned(),
                message: format!("{}: {}", error.error_type, error.message),
                kind: FailureKind::Failed,
                document: Some(error.document(&answer.request_id)),
            }),
        }
    }

    /// The function never ran.
    fn refusal(&self, parcel: &Parcel, error: &InvokeError) -> Failure {
        let reserved = || self.dispatcher.resolve(&parcel.label.function)?.reserved_concurrency;
        let (code, kind) = match error {
            InvokeError::NotFound { .. } => ("NO_RESOURCE", FailureKind::Final),
            InvokeError::Throttled { .. } if reserved() == Some(0) => {
                ("THROTTLING", FailureKind::Disabled)
            }
            InvokeError::Throttled { .. } => ("THROTTLING", FailureKind::Refused),
            _ => ("INTERNAL_ERROR", FailureKind::Refused),
        };
        Failure { code: code.to_owned(), message: error.to_string(), kind, document: None }
    }

    /// Keeps the event for its next attempt, or gives it up; whether that is on disk.
    async fn follow_up(
        self: &Arc<Self>,
        mut parcel: Parcel,
        failure: &Failure,
        outlets: &Outlets,
    ) -> bool {
        let wait = parcel.next_wait(failure.kind).filter(|wait| {
            let age = epoch_millis(self.clock.now()).saturating_sub(parcel.label.accepted);
            let most = self.scale.duration(Duration::from_millis(parcel.label.limits.age));
            Duration::from_millis(age).saturating_add(self.scale.duration(*wait)) < most
        });
        let Some(wait) = wait else {
            // What was in Lambda's hands is Lambda's to tell of; what never came there is a dead
            // letter of who sent it.
            if failure.kind == FailureKind::Final {
                return self.persist(|| self.give_up(&parcel, failure)).await;
            }
            let outcome = Outcome::Failure(failure);
            return self.persist(|| self.tell(&parcel, &outcome, outlets)).await;
        };
        match failure.kind {
            FailureKind::Failed => parcel.label.failures += 1,
            _ => parcel.label.refusals += 1,
        }
        let message = parcel.message(self.scale.seconds(wait));
        let again =
            || async { self.queues.send_message(QUEUE, message.clone()).await.map(|_sent| ()) };
        self.persist(again).await
    }

    /// Does something in the store, again while that fails; whether it was done.
    async fn persist<F>(&self, action: impl Fn() -> F) -> bool
    where
        F: Future<Output = Result<(), QueueError>>,
    {
        for _ in 0..STORE_ATTEMPTS {
            match action().await {
                Ok(()) => return true,
                Err(error) if error.is_sender_fault() => return true,
                Err(_) => sleep(PAUSE).await,
            }
        }
        false
    }

    async fn delete(&self, message: &Message) {
        let handle = &message.receipt_handle;
        self.persist(|| self.queues.delete_message(QUEUE, handle)).await;
    }

    /// Lets the next start have the message at once.
    async fn release(&self, message: &Message) {
        // If it fails the message comes back when its lease is over.
        let _ = self.queues.change_message_visibility(QUEUE, lease(message, 0)).await;
    }

    /// Keeps the message hidden for as long as this is polled.
    async fn renew(&self, message: &Message) -> Infallible {
        let mut ticks = interval(LEASE / 3);
        ticks.tick().await;
        loop {
            ticks.tick().await;
            let seconds = i64::try_from(LEASE.as_secs()).unwrap_or_default();
            // A store that fails may be well again at the next tick.
            let _ = self.queues.change_message_visibility(QUEUE, lease(message, seconds)).await;
        }
    }
}

fn lease(message: &Message, visibility_timeout: i64) -> ChangeVisibility {
    ChangeVisibility { receipt_handle: message.receipt_handle.clone(), visibility_timeout }
}

/// How an attempt ended.
enum Settled {
    /// The function did its work, and answered this.
    Done(Bytes),
    /// Samovar stops: the event is for the next start.
    Interrupted,
    /// The function failed, or never ran.
    Failed(Failure),
}

impl Parcel {
    /// How long to wait after a failure of this kind; `None`: its retries are used up.
    fn next_wait(&self, kind: FailureKind) -> Option<Duration> {
        let (first, count, most) = match kind {
            FailureKind::Failed => (AFTER_FAILURE, self.label.failures, self.label.limits.failures),
            FailureKind::Refused => {
                (AFTER_REFUSAL, self.label.refusals, self.label.limits.refusals)
            }
            FailureKind::Disabled | FailureKind::Final => return None,
        };
        let doubled = 2_u32.checked_pow(count).and_then(|factor| first.checked_mul(factor));
        (count < most).then(|| doubled.unwrap_or(LONGEST_WAIT).min(LONGEST_WAIT))
    }
}
