//! One schedule: when it fires, and what it sends.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use jiff::{SignedDuration, Timestamp};
use samovar_app::{Function, ScheduleService, ScheduleTrigger};
use samovar_queue::QueueError;
use tokio::task::JoinSet;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;

use super::when::When;
use super::{ScheduleInfo, Shared, event};
use crate::deliveries::Origin;
use crate::target::{Target, ship};

/// How long the clock is trusted to go on evenly: timers stand still while the machine sleeps.
const GLANCE: Duration = Duration::from_secs(15);

/// How often an event is tried to be accepted where the store fails, a second apart.
const ATTEMPTS: u32 = 5;

/// A rule with a schedule, or a schedule of EventBridge Scheduler, and its targets.
pub(super) struct Schedule {
    /// That of the first target: what is the schedule's own is the same in all of them.
    trigger: ScheduleTrigger,
    /// `None`: it never fires by itself.
    when: Option<When>,
    /// Each with its `Input`.
    targets: Vec<(Option<String>, Target)>,
    /// What it may be called.
    names: BTreeSet<String>,
}

impl Schedule {
    /// A schedule that was made at `created`. `function` is its target, if that is one.
    pub(super) fn new(
        trigger: &ScheduleTrigger,
        target: Target,
        function: Option<&Function>,
        created: Timestamp,
    ) -> Self {
        let when = When::new(trigger, created);
        let trigger = trigger.clone();
        let mut schedule = Self {
            names: BTreeSet::from([trigger.rule.clone()]),
            targets: Vec::new(),
            trigger,
            when,
        };
        schedule.add(&schedule.trigger.clone(), target, function);
        schedule
    }

    /// Adds a target.
    pub(super) fn add(
        &mut self,
        trigger: &ScheduleTrigger,
        target: Target,
        function: Option<&Function>,
    ) {
        let event = &trigger.name;
        self.names.insert(event.clone());
        if let Some(Function { logical_id, .. }) = function {
            // The resource that SAM makes of an event has both names as its logical id.
            self.names.extend([format!("{logical_id}.{event}"), format!("{logical_id}{event}")]);
        }
        self.targets.push((trigger.input.clone(), target));
    }

    /// Whether a trigger is another target of this schedule.
    pub(super) fn is_of(&self, trigger: &ScheduleTrigger) -> bool {
        self.trigger.service == trigger.service && self.trigger.rule == trigger.rule
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.names.contains(name)
    }

    pub(super) fn rule(&self) -> &str {
        &self.trigger.rule
    }

    pub(super) fn info(&self, now: Timestamp) -> ScheduleInfo {
        ScheduleInfo {
            name: self.trigger.rule.clone(),
            expression: self.trigger.rate.to_string(),
            timezone: self.trigger.timezone.clone(),
            enabled: self.trigger.enabled,
            next: self.when.as_ref().and_then(|when| when.next(now)).map(SystemTime::from),
            targets: self.targets.iter().map(|(_, target)| target.name().to_owned()).collect(),
        }
    }

    /// See [`Schedules::run`](super::Schedules::run).
    pub(super) async fn run(self: Arc<Self>, shared: Arc<Shared>, shutdown: CancellationToken) {
        let Some(when) = &self.when else { return };
        let mut last = shared.now();
        let mut firing = JoinSet::new();
        while let Some(due) = when.next(last) {
            if shutdown.run_until_cancelled(shared.wait_until(due)).await.is_none() {
                break;
            }
            last = shared.now().max(due);
            while firing.try_join_next().is_some() {}
            let (this, shared, shutdown) = (self.clone(), shared.clone(), shutdown.clone());
            firing.spawn(async move {
                let at = due.checked_add(this.delay()).unwrap_or(due);
                if shutdown.run_until_cancelled(shared.wait_until(at)).await.is_some() {
                    this.insist(&shared, due).await;
                }
            });
        }
        while firing.join_next().await.is_some() {}
    }

    /// A time within the flexible window.
    fn delay(&self) -> SignedDuration {
        let Some(window) = self.trigger.flexible_window else { return SignedDuration::ZERO };
        let seconds = u128::from(window.as_secs()).max(1);
        // The remainder of 122 random bits is as good as evenly spread.
        let random = uuid::Uuid::new_v4().as_u128() % seconds;
        SignedDuration::from_secs(i64::try_from(random).unwrap_or_default())
    }

    /// Fires, again where the store fails.
    async fn insist(&self, shared: &Shared, due: Timestamp) {
        for _ in 0..ATTEMPTS {
            if self.fire(shared, due).await.is_ok() {
                return;
            }
            sleep(Duration::from_secs(1)).await;
        }
    }

    /// Sends the event of one tick to all targets.
    ///
    /// # Errors
    /// The store failed.
    pub(super) async fn fire(&self, shared: &Shared, due: Timestamp) -> Result<(), QueueError> {
        let (account, trigger) = (&shared.account, &self.trigger);
        let arn = event::arn(account, trigger);
        let scheduled = event::scheduled(account, trigger, &arn, due);
        let now = shared.deliveries.clock().now();
        let shipments = self.targets.iter().map(|(input, target)| {
            let payload = match (input, trigger.service) {
                (Some(input), ScheduleService::Rule) => input.clone(),
                (Some(input), ScheduleService::Scheduler) => event::filled(input, &arn, due),
                (None, _) => scheduled.clone(),
            };
            target.shipment(Origin::Schedule(trigger.rule.clone()), &arn, payload, now)
        });
        ship(&shared.deliveries, shipments.collect()).await
    }
}

impl Shared {
    /// Waits by the wall clock, which may be set or go on while the machine sleeps.
    async fn wait_until(&self, at: Timestamp) {
        while let Ok(left) = Duration::try_from(self.now().duration_until(at))
            && !left.is_zero()
        {
            sleep(left.min(GLANCE)).await;
        }
    }
}
