//! Queues that SAM makes for events.
//!
//! Source: SAM developer guide, "SNS" and "DeadLetterConfig", and what SAM's transform does
//! (`samtranslator/model/eventsources/push.py`, `scheduler.py` and `eventbridge_utils.py`).

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::Resolver;
use crate::node::{Key, Node, Place};
use crate::template::{Parameter, Resource, is_id};

/// A queue of SAM's making.
pub(crate) struct GeneratedQueue {
    /// Its logical id: `<Function><Event>Queue`, or what `QueueLogicalId` says.
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) fifo: bool,
    /// Where the event stands that it is made for.
    pub(crate) at: Place,
}

/// The queues of SAM's making, in template order.
#[derive(Default)]
pub(super) struct GeneratedQueues {
    all: Vec<GeneratedQueue>,
    /// Their positions by logical id.
    index: HashMap<String, usize>,
}

impl GeneratedQueues {
    /// Adds a queue, unless there is one with its logical id: events can share theirs.
    fn add(&mut self, queue: GeneratedQueue) {
        if let Entry::Vacant(entry) = self.index.entry(queue.id.clone()) {
            entry.insert(self.all.len());
            self.all.push(queue);
        }
    }
}

impl<'t> Resolver<'t> {
    /// Every queue that SAM makes for the events of the template's functions.
    pub(crate) fn generated_queues(&self) -> &[GeneratedQueue] {
        &self.find_generated_queues().all
    }

    /// The queue of SAM's making with this logical id.
    pub(crate) fn generated_queue(&self, id: &str) -> Option<&GeneratedQueue> {
        let queues = self.find_generated_queues();
        queues.index.get(id).map(|index| &queues.all[*index])
    }

    fn find_generated_queues(&self) -> &GeneratedQueues {
        self.generated_queues.get_or_init(|| {
            let mut queues = GeneratedQueues::default();
            let functions = self.template.resources.iter();
            for function in functions.filter(|r| r.kind == "AWS::Serverless::Function") {
                if !self.is_active(function) {
                    continue;
                }
                let events = function.property("Events").and_then(Node::as_map);
                for (key, event) in events.into_iter().flatten() {
                    let Some((id, fifo)) = self.queue_of(function, key, event) else { continue };
                    if is_id(&id) && self.template.resource(&id).is_none() {
                        let name = self.made_name(&id, if fifo { ".fifo" } else { "" });
                        queues.add(GeneratedQueue { id, name, fifo, at: key.at });
                    }
                }
            }
            queues
        })
    }

    /// Logical id of the queue that SAM makes for an event, and whether it is FIFO.
    fn queue_of(&self, function: &Resource<'t>, key: &Key, event: &Node) -> Option<(String, bool)> {
        let properties = event.get("Properties")?;
        let own = || format!("{}{}Queue", function.id, key.name);
        match event.get("Type")?.as_str()? {
            "SNS" => {
                let through = self.settled(properties.get("SqsSubscription")?)?;
                let is_made = through.eq_ignore_ascii_case("true");
                is_made.then(|| (own(), self.is_of_fifo_topic(properties)))
            }
            "Schedule" | "ScheduleV2" | "EventBridgeRule" | "CloudWatchEvent" => {
                let config = properties.get("DeadLetterConfig")?;
                if self.settled(config.get("Type")?)? != "SQS" || config.get("Arn").is_some() {
                    return None;
                }
                // A logical id cannot be an intrinsic function's value.
                match config.get("QueueLogicalId") {
                    Some(id) => id.as_str().map(|id| (id.to_owned(), false)),
                    None => Some((own(), false)),
                }
            }
            _ => None,
        }
    }

    /// The text of a value that parameters and conditions settle. Resources have no say in which
    /// resources there are; who reads the value reports what is wrong with it.
    fn settled<'n>(&'n self, node: &'n Node) -> Option<&'n str> {
        let Some((function, argument)) = node.intrinsic() else { return node.as_str() };
        match (function.name.as_str(), argument.as_list()) {
            ("Ref", None) => match self.template.parameters.get(argument.as_str()?)? {
                Parameter::Text(text) => Some(text),
                _ => None,
            },
            ("Fn::If", Some([condition, then, otherwise])) => {
                let is_met = self.condition(condition.as_str()?, condition.at).ok()?;
                self.settled(if is_met { then } else { otherwise })
            }
            _ => None,
        }
    }

    /// Whether `Topic` refers to a FIFO topic of the template: SAM makes a FIFO queue then.
    fn is_of_fifo_topic(&self, properties: &Node) -> bool {
        let id = properties.get("Topic").and_then(Node::intrinsic).and_then(|(function, id)| {
            match function.name.as_str() {
                "Ref" => id.as_str(),
                "Fn::GetAtt" => match id.as_list() {
                    Some([id, ..]) => id.as_str(),
                    _ => id.as_str()?.split('.').next(),
                },
                _ => None,
            }
        });
        let topic = id.and_then(|id| self.template.resource(id));
        let fifo = topic.and_then(|topic| self.settled(topic.property("FifoTopic")?));
        fifo.is_some_and(|fifo| fifo.eq_ignore_ascii_case("true"))
    }
}
