//! Functions that the template declares: when Samovar starts, and when the template changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use samovar_app::{Function, Layer, QueueTrigger, Trigger};
use samovar_triggers::Mappings;

use super::Functions;
use super::mappings::config_of;
use super::record::{LATEST, Record, revision};

impl Functions {
    pub(super) async fn add_template(&self, function: &Arc<Function>, layers: &[Layer]) {
        let mut record = Record::of_template(function, layers, &self.timestamp(), self.epoch());
        self.publish_declared(&mut record).await;
        for (id, trigger) in queue_triggers(function) {
            self.parts().mappings.insert(id, trigger.clone(), function.clone());
        }
        self.publish(record);
    }

    /// Follows a function of the template that was built again, or is new in it, and serves
    /// already: what is told of it, its alias, its URL, and its mappings of queues that there are.
    /// `layers` are the template's. Its tags, permissions, aliases and versions that the API made
    /// stay, settings that the API changed do not.
    pub async fn redeclare(&self, function: &Arc<Function>, layers: &[Layer]) {
        let _writing = self.0.writing.lock().await;
        let mut record = Record::of_template(function, layers, &self.timestamp(), self.epoch());
        let before = self.record(record.name()).filter(|before| before.template.is_some());
        let mut led_to = None;
        let was = before.as_ref().and_then(|before| before.template.clone());
        if let Some(before) = before {
            let before = Record::clone(&before);
            // Its code may be other, which nothing else says.
            record.latest.build = before.latest.build + 1;
            let alias = function.alias.as_ref().and_then(|name| before.aliases.get(name));
            led_to = alias.map(|alias| alias.version.clone());
            let declared = std::mem::take(&mut record.aliases);
            record.aliases = before.aliases.into_iter().chain(declared).collect();
            record.versions = before.versions;
            record.published = before.published;
            record.policy = before.policy;
            record.tags = before.tags;
            record.mappings = before.mappings;
            let declared: Vec<_> = was.iter().flat_map(|was| queue_triggers(was)).collect();
            record.mappings.retain(|mapping| declared.iter().all(|(id, _)| *id != mapping.id));
        }
        self.publish_declared(&mut record).await;
        if let Some(version) = led_to.filter(|version| version != LATEST) {
            self.retire(&mut record, &version);
        }
        self.parts().gateway.set_url(function);
        self.follow_mappings(function, was.as_ref()).await;
        self.publish(record);
    }

    /// Ends a function that is no longer in the template: what runs ends undisturbed.
    pub async fn withdraw(&self, name: &str) {
        let _writing = self.0.writing.lock().await;
        if let Some(record) = self.record(name).filter(|record| record.template.is_some()) {
            self.end(&record);
        }
    }

    /// Publishes what the template has of a function with an `AutoPublishAlias`, and has the alias
    /// lead there (SAM developer guide, "Deploying serverless applications gradually"). What cannot
    /// be served is not published: the alias then leads to `$LATEST`, which tells why.
    async fn publish_declared(&self, record: &mut Record) {
        let Some(name) = record.template.as_ref().and_then(|function| function.alias.clone())
        else {
            return;
        };
        let published = self.publish_latest(record, None).await.is_ok();
        if let (true, Some(last)) = (published, record.versions.last()) {
            let version = last.version.clone();
            if let Some(alias) = record.aliases.get_mut(&name) {
                alias.version = version;
                alias.revision_id = revision();
            }
        }
        if let Some(alias) = record.aliases.get(&name) {
            self.set_alias(record, &name, Some(alias));
        }
    }

    /// Ends the version that an alias led to before, unless one still leads there. AWS keeps all of
    /// them; here each would hold its build and its environments.
    fn retire(&self, record: &mut Record, version: &str) {
        let mut aliases = record.aliases.values();
        if aliases.any(|it| it.version == version || it.weights.contains_key(version)) {
            return;
        }
        record.versions.retain(|config| config.version != version);
        self.parts().dispatcher.remove(record.name(), Some(version));
    }

    /// Has the template's mappings of a function run as they are now. Those that it had `before`
    /// end; mappings that the API made stay.
    async fn follow_mappings(&self, function: &Arc<Function>, before: Option<&Arc<Function>>) {
        let mappings = &self.parts().mappings;
        let gone = before.into_iter().flat_map(|before| queue_triggers(before));
        let mut gone: BTreeSet<String> = gone.map(|(id, _)| id).collect();
        for (id, trigger) in queue_triggers(function) {
            gone.remove(&id);
            let same = mappings
                .get(&id)
                .is_some_and(|mapping| config_of(&id, &mapping.trigger) == config_of(&id, trigger));
            let name = trigger.arn.rsplit(':').next().unwrap_or_default();
            // A queue that is new in the template is there with the next start.
            if !same && mappings.queues().get_queue_url(name).await.is_ok() {
                mappings.insert(id, trigger.clone(), Arc::new(Function::clone(function)));
            }
        }
        for id in gone {
            mappings.remove(&id);
        }
    }
}

/// The triggers that are mappings, with their ids.
fn queue_triggers(function: &Function) -> impl Iterator<Item = (String, &QueueTrigger)> {
    function.triggers.iter().filter_map(|trigger| match trigger {
        Trigger::Queue(trigger) => Some((Mappings::id(&trigger.arn, &function.arn), trigger)),
        _ => None,
    })
}
