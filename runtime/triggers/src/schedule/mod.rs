//! Schedules: an event at every tick.

mod cron;
mod event;
mod when;

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use samovar_app::{Function, ScheduleService, ScheduleTrigger};
use samovar_dispatch::Account;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use self::when::When;
use crate::deliveries::{DeadLetter, Deliveries, Form, Limits, Origin, Parcel, dead_letter_queue};

/// How long the clock is trusted to go on evenly: timers stand still while the machine sleeps.
const GLANCE: Duration = Duration::from_secs(15);

/// How often an event is tried to be accepted where the store fails, a second apart.
const ATTEMPTS: u32 = 5;

/// One schedule of one function.
pub struct Scheduler {
    trigger: ScheduleTrigger,
    function: Arc<Function>,
    account: Account,
    deliveries: Deliveries,
}

impl Scheduler {
    /// A schedule that sends events to `function` by `deliveries`, whose clock it goes by.
    pub fn new(
        trigger: ScheduleTrigger,
        function: Arc<Function>,
        account: Account,
        deliveries: Deliveries,
    ) -> Self {
        Self { trigger, function, account, deliveries }
    }

    /// Fires until `shutdown`, or until there is no further time: after an `EndDate`, or the one
    /// time of `at(...)`. Returns at once for a schedule that never fires.
    ///
    /// A firing does not wait for the invocation of the one before. With a flexible window it
    /// comes at any time within the window. Times that were missed, while the machine slept, are
    /// made up for by a single firing; those before the start of Samovar are not.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut last = self.now();
        let Some(when) = When::new(&self.trigger, last) else { return };
        let this = Arc::new(self);
        let mut firing = JoinSet::new();
        while let Some(due) = when.next(last) {
            if shutdown.run_until_cancelled(this.wait_until(due)).await.is_none() {
                break;
            }
            last = this.now().max(due);
            while firing.try_join_next().is_some() {}
            let (this, shutdown) = (this.clone(), shutdown.clone());
            firing.spawn(async move {
                let at = due.checked_add(this.delay()).unwrap_or(due);
                if shutdown.run_until_cancelled(this.wait_until(at)).await.is_some() {
                    this.fire(due).await;
                }
            });
        }
        while firing.join_next().await.is_some() {}
    }

    /// The present time; the epoch for times that no calendar here reaches.
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.deliveries.clock().now()).unwrap_or_default()
    }

    /// Waits by the wall clock, which may be set or go on while the machine sleeps.
    async fn wait_until(&self, at: Timestamp) {
        while let Ok(left) = Duration::try_from(self.now().duration_until(at))
            && !left.is_zero()
        {
            sleep(left.min(GLANCE)).await;
        }
    }

    /// A time within the flexible window.
    fn delay(&self) -> SignedDuration {
        let Some(window) = self.trigger.flexible_window else { return SignedDuration::ZERO };
        let seconds = u128::from(window.as_secs()).max(1);
        // The remainder of 122 random bits is as good as evenly spread.
        let random = uuid::Uuid::new_v4().as_u128() % seconds;
        SignedDuration::from_secs(i64::try_from(random).unwrap_or_default())
    }

    /// Sends the event of one tick.
    async fn fire(&self, due: Timestamp) {
        let trigger = &self.trigger;
        let arn = event::arn(&self.account, trigger);
        let payload = match (&trigger.input, trigger.service) {
            (Some(input), ScheduleService::Rule) => input.clone().into_bytes(),
            (Some(input), ScheduleService::Scheduler) => event::filled(input, &arn, due),
            (None, _) => event::scheduled(&self.account, trigger, &arn, due),
        };
        let queue = dead_letter_queue(trigger.dead_letter.as_ref());
        let dead_letter = queue.map(|queue| DeadLetter {
            queue,
            form: Form::Event { rule: arn, target: self.function.arn.clone() },
        });
        let parcel = Parcel::new(
            &self.function,
            Origin::Schedule(trigger.rule.clone()),
            Limits::of_target(&trigger.retry, &self.function),
            dead_letter,
            payload,
            self.deliveries.clock().now(),
        );
        for _ in 0..ATTEMPTS {
            if self.deliveries.accept(vec![parcel.clone()]).await.is_ok() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }
}

#[cfg(test)]
mod tests;
