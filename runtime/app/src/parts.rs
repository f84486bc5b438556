//! What one template adds to the application.

use std::collections::HashMap;

use crate::model::{
    Api, ApiKey, Function, Layer, Output, Queue, QueueTarget, Resource, Subscription, Target,
    Topic, TopicTrigger, Trigger, UsagePlan, WebSocketApi,
};

/// What one template, with its nested ones, adds to the application.
#[derive(Default)]
pub(crate) struct Parts {
    pub(crate) description: Option<String>,
    pub(crate) functions: Vec<Function>,
    pub(crate) layers: Vec<Layer>,
    pub(crate) apis: Vec<Api>,
    pub(crate) web_sockets: Vec<WebSocketApi>,
    pub(crate) api_keys: Vec<ApiKey>,
    pub(crate) usage_plans: Vec<UsagePlan>,
    pub(crate) queues: Vec<Queue>,
    pub(crate) topics: Vec<Topic>,
    pub(crate) queue_targets: Vec<QueueTarget>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) outputs: Vec<Output>,
    /// What plain resources start functions by, with the functions' logical ids.
    pub(crate) triggers: Vec<(String, Trigger)>,
    /// What plain resources subscribe to topics, with the topics' logical ids.
    pub(crate) subscriptions: Vec<(String, Subscription)>,
}

impl Parts {
    /// Adds what a nested application brings. Its outputs are its own.
    pub(crate) fn extend(&mut self, nested: Self) {
        self.functions.extend(nested.functions);
        self.layers.extend(nested.layers);
        self.apis.extend(nested.apis);
        self.web_sockets.extend(nested.web_sockets);
        self.api_keys.extend(nested.api_keys);
        self.usage_plans.extend(nested.usage_plans);
        self.queues.extend(nested.queues);
        self.topics.extend(nested.topics);
        self.queue_targets.extend(nested.queue_targets);
        self.resources.extend(nested.resources);
        self.triggers.extend(nested.triggers);
        self.subscriptions.extend(nested.subscriptions);
    }

    /// Gives functions and topics, of whichever template, what was found for them.
    pub(crate) fn connected(mut self) -> Self {
        let topics = self.topics.iter().map(|topic| topic.logical_id.clone());
        let topics: HashMap<String, usize> = topics.zip(0..).collect();
        let functions = self.functions.iter().map(|function| function.logical_id.clone());
        let functions: HashMap<String, usize> = functions.zip(0..).collect();
        let of_events = self.functions.iter().flat_map(|function| {
            let triggers = function.triggers.iter();
            triggers.filter_map(move |trigger| match trigger {
                Trigger::Topic(t) => Some((t.topic.clone()?, subscription(function, t))),
                _ => None,
            })
        });
        for (id, subscription) in of_events.chain(std::mem::take(&mut self.subscriptions)) {
            if let Some(topic) = topics.get(&id) {
                self.topics[*topic].subscriptions.push(subscription);
            }
        }
        for (id, trigger) in std::mem::take(&mut self.triggers) {
            if let Some(function) = functions.get(&id) {
                self.functions[*function].triggers.push(trigger);
            }
        }
        self
    }
}

/// The subscription that an `SNS` event makes: the function's, or that of the queue between.
fn subscription(function: &Function, trigger: &TopicTrigger) -> Subscription {
    let queue = trigger.by_queue.as_ref().and_then(|_| {
        function.triggers.iter().find_map(|other| match other {
            Trigger::Queue(mapping) if mapping.name == trigger.name => Some(mapping),
            _ => None,
        })
    });
    let (protocol, endpoint, target) = match queue {
        Some(mapping) => {
            let target = mapping.queue.clone().map_or(Target::Elsewhere, Target::Queue);
            ("sqs", mapping.arn.clone(), target)
        }
        None => ("lambda", function.arn.clone(), Target::Function(function.logical_id.clone())),
    };
    Subscription {
        protocol: protocol.to_owned(),
        endpoint,
        target,
        filter_policy: trigger.filter_policy.clone(),
        filters_body: trigger.filters_body,
        raw: false,
        dead_letter: trigger.dead_letter.clone(),
        span: trigger.span.clone(),
    }
}
