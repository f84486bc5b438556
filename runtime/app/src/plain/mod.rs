//! Plain resources that start functions: what SAM makes of events, written out.

mod bucket;
mod log_filter;
mod mapping;
mod rule;
mod schedule;
mod subscription;
mod target;
mod user_pool;

use std::collections::HashMap;

use crate::event::{Consumer, Source};
use crate::model::{Function, QueueTarget, Subscription, Target, Trigger};
use crate::resolve::Resolver;
use crate::template::Resource;

/// What plain resources start functions by, what they subscribe to topics, and what they send to
/// queues. All are known by logical ids and names, which may be another template's.
pub(crate) struct Links<'f> {
    /// Functions of the template.
    functions: HashMap<&'f str, &'f Function>,
    pub(crate) triggers: Vec<(String, Trigger)>,
    pub(crate) subscriptions: Vec<(String, Subscription)>,
    pub(crate) queue_targets: Vec<QueueTarget>,
}

impl<'f> Links<'f> {
    pub(crate) fn new(functions: &'f [Function]) -> Self {
        let functions = functions.iter().map(|f| (f.logical_id.as_str(), f)).collect();
        Self {
            functions,
            triggers: Vec::new(),
            subscriptions: Vec::new(),
            queue_targets: Vec::new(),
        }
    }

    /// Reads a resource that starts functions; whether it is of such a type, and nothing else is
    /// to be said of it.
    pub(crate) fn read<'t>(&mut self, resolver: &Resolver<'t>, resource: &Resource<'t>) -> bool {
        match resource.kind {
            "AWS::Lambda::EventSourceMapping" => mapping::read(self, resolver, resource),
            "AWS::Events::Rule" => rule::read(self, resolver, resource),
            "AWS::Scheduler::Schedule" => schedule::read(self, resolver, resource),
            "AWS::SNS::Subscription" => subscription::read(self, resolver, resource),
            "AWS::Logs::SubscriptionFilter" => log_filter::read(self, resolver, resource),
            // Buckets and user pools are not served otherwise.
            "AWS::S3::Bucket" => {
                bucket::read(self, resolver, resource);
                return false;
            }
            "AWS::Cognito::UserPool" => {
                user_pool::read(self, resolver, resource);
                return false;
            }
            _ => return false,
        }
        true
    }

    /// A function that an ARN means, as far as it is known to this template.
    fn consumer(&self, resolver: &Resolver, id: &str) -> Option<Consumer> {
        let function = self.functions.get(id)?;
        Some(Consumer {
            id: resolver.local(id).to_owned(),
            timeout: u32::try_from(function.timeout.as_secs()).unwrap_or(u32::MAX),
        })
    }

    /// Adds what starts a function and is not run here.
    fn add_not_called(&mut self, source: &Source, kind: &str, function: String, trigger: Trigger) {
        source.note_not_called(kind, source.resolver.local(&function));
        self.triggers.push((function, trigger));
    }
}

/// The function whose ARN a property has. Of anything else it is noted that nothing arrives there.
fn function(source: &Source, property: &str) -> Option<String> {
    let arn = source.arn(property, "a function", "!GetAtt FUNCTION.Arn")?;
    match source.resolver.load.targets.find(&arn) {
        Target::Function(id) => Some(id),
        _ => {
            let shown: String = arn.chars().take(120).collect();
            let note = format!("{shown} is not a function of this template: it gets nothing");
            source.reader.report.note(source.at(property), source.path(), note);
            None
        }
    }
}
