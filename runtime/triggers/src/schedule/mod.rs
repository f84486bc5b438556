//! Schedules: an invocation at every tick.

mod event;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use samovar_app::{Function, Rate, ScheduleTrigger};
use samovar_dispatch::{Account, Clock, Dispatcher, Event, Invocation, Source};
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval_at};
use tokio_util::sync::CancellationToken;

/// One schedule of one function.
pub struct Scheduler {
    trigger: ScheduleTrigger,
    function: Arc<Function>,
    account: Account,
    dispatcher: Dispatcher,
    clock: Arc<dyn Clock>,
}

impl Scheduler {
    /// A schedule that gives `function` to `dispatcher`. `clock` tells the event's `time`.
    pub fn new(
        trigger: ScheduleTrigger,
        function: Arc<Function>,
        account: Account,
        dispatcher: Dispatcher,
        clock: Arc<dyn Clock>,
    ) -> Self {
        Self { trigger, function, account, dispatcher, clock }
    }

    /// Fires until `shutdown`, then waits for what runs.
    ///
    /// The first firing comes one interval after the start: a rate counts from the rule's
    /// creation (EventBridge guide, "Rate expressions"). A firing does not wait for the one
    /// before; ticks that were missed, while the machine slept, are not made up for. Returns at
    /// once for a trigger that is disabled or not a rate.
    pub async fn run(self, shutdown: CancellationToken) {
        let Some(period) = self.period() else { return };
        let mut ticks = interval_at(Instant::now() + period, period);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
        let mut running = JoinSet::new();
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            running.spawn(self.fire());
            while running.try_join_next().is_some() {}
        }
        while running.join_next().await.is_some() {}
    }

    fn period(&self) -> Option<Duration> {
        match &self.trigger.rate {
            Rate::Every(period) if self.trigger.enabled && !period.is_zero() => Some(*period),
            Rate::Every(_) | Rate::Expression(_) => None,
        }
    }

    fn fire(&self) -> impl Future<Output = ()> + Send + use<> {
        let payload: Bytes = match &self.trigger.input {
            Some(input) => input.clone().into(),
            None => event::scheduled(&self.account, &self.trigger.rule, self.clock.now()).into(),
        };
        let source = Source::Schedule { rule: self.trigger.rule.clone() };
        let invocation = Invocation::new(Event::Bytes(payload), source);
        let (dispatcher, name) = (self.dispatcher.clone(), self.function.name.clone());
        async move {
            // Nobody waits for the outcome; the dispatcher's observer tells it.
            let _ = dispatcher.invoke(&name, invocation).await;
        }
    }
}

#[cfg(test)]
mod tests;
