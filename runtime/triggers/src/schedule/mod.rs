//! Schedules: an event at every tick.

mod cron;
mod event;
mod info;
mod single;
mod when;

use std::sync::Arc;

use jiff::Timestamp;
use samovar_app::{Function, QueueTarget, ScheduleTrigger, Sender, Trigger};
use samovar_dispatch::Account;
use samovar_queue::QueueError;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

pub use self::info::{FireError, ScheduleInfo};
use self::single::Schedule;
use crate::deliveries::Deliveries;
use crate::target::Target;

/// The schedules of an application: rules with a schedule, and those of EventBridge Scheduler.
/// Cheap to clone.
#[derive(Clone)]
pub struct Schedules(Arc<Shared>);

struct Shared {
    schedules: Vec<Arc<Schedule>>,
    account: Account,
    deliveries: Deliveries,
}

impl Schedules {
    /// The schedules that start these functions and send to these queues, by `deliveries`, whose
    /// clock they go by. They count from now on.
    pub fn new(
        functions: &[Arc<Function>],
        queues: &[QueueTarget],
        account: Account,
        deliveries: Deliveries,
    ) -> Self {
        let mut shared = Shared { schedules: Vec::new(), account, deliveries };
        for function in functions {
            for trigger in &function.triggers {
                if let Trigger::Schedule(trigger) = trigger {
                    let dead_letter = trigger.dead_letter.as_ref();
                    let target = Target::function(function, dead_letter);
                    shared.add(trigger, target, Some(function));
                }
            }
        }
        for queue in queues {
            if let Sender::Schedule(trigger) = &queue.sender {
                let target = Target::queue(queue, trigger.dead_letter.as_ref());
                shared.add(trigger, target, None);
            }
        }
        Self(Arc::new(shared))
    }

    /// Fires until `shutdown`, or until there is no further time: after every `EndDate`, and the
    /// one time of every `at(...)`. Returns at once where nothing ever fires.
    ///
    /// A firing does not wait for the invocation of the one before. With a flexible window it
    /// comes at any time within the window. Times that were missed, while the machine slept, are
    /// made up for by a single firing; those before the start of Samovar are not.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut running = JoinSet::new();
        for schedule in &self.0.schedules {
            let (this, schedule) = (self.0.clone(), schedule.clone());
            running.spawn(schedule.run(this, shutdown.clone()));
        }
        while running.join_next().await.is_some() {}
    }

    /// All schedules, those too that do not fire by themselves, in template order.
    pub fn list(&self) -> Vec<ScheduleInfo> {
        let now = self.0.now();
        self.0.schedules.iter().map(|schedule| schedule.info(now)).collect()
    }

    /// Fires a schedule now, be it enabled or not: its targets get what a tick would send them.
    /// They are on disk when this returns.
    ///
    /// `name` is the schedule's name, the logical id of its resource, that of a resource that SAM
    /// makes of an event, or `Function.Event`; the event's name alone, where it is the only one.
    ///
    /// # Errors
    /// See [`FireError`].
    pub async fn fire(&self, name: &str) -> Result<ScheduleInfo, FireError> {
        let schedules = self.0.schedules.iter();
        let named: Vec<_> = schedules.filter(|schedule| schedule.is_called(name)).collect();
        // What one is named may be what another one's event is called.
        let exact = named.iter().find(|schedule| schedule.rule() == name).copied();
        let schedule = match (exact, named.as_slice()) {
            (Some(schedule), _) => schedule,
            (None, [schedule]) => *schedule,
            (None, []) => return Err(FireError::Unknown),
            (None, several) => {
                let names = several.iter().map(|schedule| schedule.rule().to_owned());
                return Err(FireError::Ambiguous(names.collect()));
            }
        };
        let now = self.0.now();
        schedule.fire(&self.0, now).await?;
        Ok(schedule.info(now))
    }
}

impl From<QueueError> for FireError {
    fn from(error: QueueError) -> Self {
        Self::Store(error)
    }
}

impl Shared {
    /// Adds a target; targets of one rule are of one schedule.
    fn add(&mut self, trigger: &ScheduleTrigger, target: Target, function: Option<&Function>) {
        let now = self.now();
        let known = self.schedules.iter_mut().find(|schedule| schedule.is_of(trigger));
        match known.and_then(Arc::get_mut) {
            Some(schedule) => schedule.add(trigger, target, function),
            None => {
                let schedule = Schedule::new(trigger, target, function, now);
                self.schedules.push(Arc::new(schedule));
            }
        }
    }

    /// The present time; the epoch for times that no calendar here reaches.
    fn now(&self) -> Timestamp {
        Timestamp::try_from(self.deliveries.clock().now()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests;
