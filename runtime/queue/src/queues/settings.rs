//! Reading and changing the attributes of queues.

use std::sync::Arc;

use super::{Inner, Queues, queue::Queue, send::settled};
use crate::{
    Attributes, QueueError,
    attributes::{READ_ONLY, Settings, unknown},
    commit::{Committed, Durability},
    scope::{self, Scope},
    store::Write,
};

impl Queues {
    /// `GetQueueAttributes`: those named, or all for the name `All`; no names, no attributes. An
    /// attribute that is not set is left out. The numbers of messages are exact.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidAttributeName`, `InternalFailure`.
    pub async fn get_queue_attributes(
        &self,
        queue: &str,
        names: &[String],
    ) -> Result<Attributes, QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        let known = |name: &str| {
            name == "All" || READ_ONLY.contains(&name) || Settings::names().any(|n| n == name)
        };
        if let Some(name) = names.iter().find(|name| !known(name)) {
            return Err(unknown(name));
        }
        let (counts, attributes) = queue.change(|state| {
            let counts = inner.counts(&queue, state)?;
            let mut attributes: Attributes = Settings::names()
                .filter_map(|name| Some((name.to_owned(), state.settings.get(name)?)))
                .collect();
            let seconds = |millis: u64| (millis / 1000).to_string();
            attributes.insert("CreatedTimestamp".into(), seconds(state.created_at));
            attributes.insert("LastModifiedTimestamp".into(), seconds(state.modified_at));
            Ok::<_, QueueError>((counts, attributes))
        })?;
        let computed = [
            ("ApproximateNumberOfMessages", counts.visible.to_string()),
            ("ApproximateNumberOfMessagesDelayed", counts.delayed.to_string()),
            ("ApproximateNumberOfMessagesNotVisible", counts.in_flight.to_string()),
            ("QueueArn", queue.arn()),
        ];
        let mut attributes = attributes;
        attributes.extend(computed.map(|(name, value)| (name.to_owned(), value)));
        attributes.retain(|name, _| names.iter().any(|wanted| wanted == "All" || wanted == name));
        Ok(attributes)
    }

    /// `SetQueueAttributes`: those that are not named stay, those with an empty value go back to
    /// their defaults.
    ///
    /// # Errors
    ///
    /// `QueueDoesNotExist`, `InvalidAttributeName`, `InvalidAttributeValue`,
    /// `InvalidParameterValue` (the redrive policies), `InternalFailure`.
    pub async fn set_queue_attributes(
        &self,
        queue: &str,
        attributes: &Attributes,
    ) -> Result<(), QueueError> {
        let inner = &self.inner;
        let queue = self.queue(queue).await?;
        let _guard = inner.manage.lock().await;
        let settings = Settings::clone(&queue.settings()).with(attributes)?;
        if attributes.contains_key("RedrivePolicy") {
            inner.check_redrive(&queue.scope, &queue.name, &settings)?;
        }
        settled(inner.set(&queue, settings)?).await
    }
}

impl Inner {
    /// Changes the settings of a queue.
    pub(super) fn set(&self, queue: &Queue, settings: Settings) -> Result<Committed, QueueError> {
        // A new redrive policy or retention period may concern a receive that waits.
        queue.change(|state| {
            let now = self.options.clock.now();
            let delay = settings.millis("DelaySeconds");
            let is_new = delay != state.settings.millis("DelaySeconds");
            let core = state.core()?;
            if is_new && settings.is_fifo() {
                core.delay(delay, now);
            }
            state.settings = Arc::new(settings);
            state.modified_at = now;
            let writes = vec![Write::Queue(queue.record(state))];
            Ok(self.committer.submit(writes, Durability::Disk, || {}))
        })
    }

    /// Checks that the dead-letter queue is in the same region and account, exists, is another
    /// queue, is of the same type, and lets this one send to it.
    ///
    /// The messages about region and account are those that Eucalyptus took over from AWS
    /// (`SimpleQueueService.java`).
    pub(super) fn check_redrive(
        &self,
        scope: &Scope,
        name: &str,
        settings: &Settings,
    ) -> Result<(), QueueError> {
        let Some(redrive) = settings.redrive() else { return Ok(()) };
        let invalid = |reason: &str| {
            let json = settings.get("RedrivePolicy").unwrap_or_default();
            Err(QueueError::invalid_parameter("RedrivePolicy", json, reason))
        };
        if let Some((region, account_id)) =
            scope::parse_arn(&redrive.target_arn).and_then(|(theirs, _)| theirs.split_once(':'))
        {
            if region != scope.region() {
                return invalid("Dead-letter target must be in same region as the source.");
            }
            if account_id != scope.account_id() {
                return invalid("Dead-letter target owner should be same as the source.");
            }
        }
        let target = self.find_arn(&redrive.target_arn).filter(|target| target.name != name);
        let Some(target) = target else { return invalid("Dead letter target does not exist.") };
        let theirs = target.settings();
        if theirs.is_fifo() != settings.is_fifo() {
            return invalid("Dead-letter queue must be same type of queue as the source.");
        }
        if !theirs.redrive_allow().allows(&scope.arn(name)) {
            return invalid("The RedriveAllowPolicy of the dead letter target forbids it.");
        }
        Ok(())
    }
}
