//! `EventInvokeConfig` and dead-letter queues: what becomes of asynchronous invocations.
//!
//! Source: SAM developer guide, "EventInvokeConfiguration" and "DeadLetterQueue"; CloudFormation's
//! resource reference, "AWS::Lambda::EventInvokeConfig".

use std::time::Duration;

use super::Subject;
use crate::model::{Asynchronous, Destination};
use crate::node::{self, Key, Map, Node};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

/// What SAM lets a destination be.
const TYPES: &[&str] = &["SQS", "SNS", "EventBridge", "Lambda", "S3Bucket"];

/// Settings of asynchronous invocations, while they are read.
pub(crate) struct Origin<'a, 't> {
    pub(crate) resolver: &'a Resolver<'t>,
    pub(crate) reader: &'a Reader<'t>,
    /// The function of SAM's that has them; `None`: they are a resource of their own.
    pub(crate) function: Option<&'a Resource<'t>>,
}

/// `EventInvokeConfig` of a function.
pub(super) fn read(subject: &Subject) -> Asynchronous {
    let default = Asynchronous::default();
    let config = subject.property("EventInvokeConfig").filter(|_| subject.is_sam);
    let Some((_, node)) = config else { return default };
    let Some(map) = subject.reader.map("EventInvokeConfig", &node) else { return default };
    subject
        .reader
        .only(map, &["DestinationConfig", "MaximumEventAgeInSeconds", "MaximumRetryAttempts"]);
    let Subject { resolver, reader, resource, .. } = subject;
    Origin { resolver, reader, function: Some(resource) }.read(map)
}

/// `DeadLetterQueue`, or `DeadLetterConfig`.
pub(super) fn dead_letter(subject: &Subject) -> Option<Destination> {
    let name = if subject.is_sam { "DeadLetterQueue" } else { "DeadLetterConfig" };
    let (key, node) = subject.property(name)?;
    let reader = &subject.reader;
    let map = reader.map(name, &node)?;
    let missing = |what: &str, help: &str| {
        let message = format!("`{name}` of {} has no `{what}`", reader.owner);
        subject.fault(Fault::new(key.at, message).help(help.to_owned()));
    };
    if subject.is_sam {
        reader.only(map, &["TargetArn", "Type"]);
        match node.get("Type") {
            Some(kind) => {
                reader.choice("DeadLetterQueue.Type", kind, &["SQS", "SNS"]);
            }
            None => missing("Type", "add one: `Type: SQS`"),
        }
    } else {
        reader.only(map, &["TargetArn"]);
    }
    match node.get("TargetArn") {
        Some(arn) => destination(subject.resolver, reader, &format!("{name}.TargetArn"), arn),
        None => {
            if subject.is_sam {
                missing("TargetArn", "add one: `TargetArn: !GetAtt QUEUE.Arn`");
            }
            None
        }
    }
}

impl Origin<'_, '_> {
    /// The settings that are written, and Lambda's defaults for the others.
    pub(crate) fn read(&self, properties: &Map) -> Asynchronous {
        let default = Asynchronous::default();
        let number = |name: &str, least, most, unit| {
            let node = node::get(properties, name)?;
            self.reader.integer(&self.path(name), node, least..=most, unit)
        };
        let maximum_age = number("MaximumEventAgeInSeconds", 60, 21_600, "seconds");
        let maximum_retries = number("MaximumRetryAttempts", 0, 2, "");
        let name = self.path("DestinationConfig");
        let config = node::get(properties, "DestinationConfig")
            .and_then(|node| self.reader.map(&name, node));
        if let Some(config) = config {
            self.reader.only(config, &["OnFailure", "OnSuccess"]);
        }
        let on = |outcome: &str| self.outcome(node::entry(config?, outcome)?);
        Asynchronous {
            maximum_age: maximum_age
                .map_or(default.maximum_age, |seconds| Duration::from_secs(seconds.into())),
            maximum_retries: maximum_retries.unwrap_or(default.maximum_retries),
            on_success: on("OnSuccess"),
            on_failure: on("OnFailure"),
        }
    }

    /// `OnSuccess` or `OnFailure`.
    fn outcome(&self, (key, node): (&Key, &Node)) -> Option<Destination> {
        let name = self.path(&format!("DestinationConfig.{}", key.name));
        let map = self.reader.map(&name, node)?;
        let missing = |what: &str, help: &str| {
            let message = format!("`{name}` of {} has no `{what}`", self.reader.owner);
            self.reader.report.fault(Fault::new(key.at, message).help(help.to_owned()));
        };
        let mut kind = None;
        if self.function.is_some() {
            self.reader.only(map, &["Destination", "Type"]);
            kind = match node.get("Type") {
                Some(kind) => self.reader.choice(&format!("{name}.Type"), kind, TYPES),
                None => {
                    missing("Type", "add one: `Type: SQS`");
                    return None;
                }
            };
        } else {
            self.reader.only(map, &["Destination"]);
        }
        if let Some(arn) = node.get("Destination") {
            return destination(self.resolver, self.reader, &format!("{name}.Destination"), arn);
        }
        let function = self.function.filter(|_| matches!(kind, Some("SQS" | "SNS")));
        let Some(function) = function else {
            if self.function.is_none() || kind.is_some() {
                missing("Destination", "give its ARN: `Destination: !GetAtt QUEUE.Arn`");
            }
            return None;
        };
        // SAM makes the queue or topic itself.
        let made = self.resolver.made_destinations(function);
        let made = made.iter().find(|made| made.outcome == key.name)?;
        Some(self.resolver.load.targets.destination(&made.arn(self.resolver)))
    }

    /// A property as messages name it.
    fn path(&self, name: &str) -> String {
        match self.function {
            Some(_) => format!("EventInvokeConfig.{name}"),
            None => name.to_owned(),
        }
    }
}

/// A destination by its ARN; nothing where that is empty.
fn destination(
    resolver: &Resolver,
    reader: &Reader,
    name: &str,
    node: &Node,
) -> Option<Destination> {
    let arn = reader.text(name, node)?;
    if arn.is_empty() {
        return None;
    }
    if !(arn.starts_with("arn:") || node.is_unresolved()) {
        let queue = arn.rsplit('/').next().unwrap_or_default();
        let queues = resolver.load.queues.borrow();
        let help = match queues.get(&resolver.queue_arn(queue)) {
            Some(queue) => {
                format!("`!Ref` gives the queue's URL: write `!GetAtt {}.Arn`", queue.logical_id)
            }
            None => "write `!GetAtt NAME.Arn`".to_owned(),
        };
        reader.wrong(name, node, "an ARN", help);
        return None;
    }
    Some(resolver.load.targets.destination(arn))
}
