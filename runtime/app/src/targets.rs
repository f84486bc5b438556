//! What ARNs mean: functions, queues and topics of the whole application.

use std::cell::RefCell;
use std::collections::HashMap;

use crate::model::{Destination, Target};

/// Functions, queues, topics and layers by ARN. A template enters its own before anything that refers to
/// them is read, so that order does not matter.
#[derive(Default)]
pub(crate) struct Targets {
    known: RefCell<HashMap<String, Target>>,
    /// Logical ids of functions, by name.
    functions: RefCell<HashMap<String, String>>,
    layers: RefCell<Layers>,
}

/// Versions of layers.
#[derive(Default)]
struct Layers {
    /// How many versions there are, by the layer's name.
    versions: HashMap<String, u32>,
    /// Logical ids, by ARN.
    ids: HashMap<String, String>,
    /// ARNs, by logical id.
    arns: HashMap<String, String>,
}

impl Targets {
    /// Enters a resource; whether its ARN was free.
    pub(crate) fn insert(&self, arn: String, target: Target) -> bool {
        if let (Target::Function(id), Some((_, name))) = (&target, arn.split_once(":function:")) {
            self.functions.borrow_mut().insert(name.to_owned(), id.clone());
        }
        self.known.borrow_mut().insert(arn, target).is_none()
    }

    /// What an ARN means. A function's may have a version or alias behind it.
    pub(crate) fn find(&self, arn: &str) -> Target {
        let known = self.known.borrow();
        if let Some(target) = known.get(arn) {
            return target.clone();
        }
        let unqualified = arn.rsplit_once(':').and_then(|(arn, _)| known.get(arn));
        match unqualified {
            Some(function @ Target::Function(_)) => function.clone(),
            _ => Target::Elsewhere,
        }
    }

    /// The function that an ARN, a part of one (`ACCOUNT:function:NAME`) or a name means, with or
    /// without a qualifier: the forms of `FunctionName` in Lambda's API.
    pub(crate) fn function(&self, name: &str) -> Option<String> {
        if name.starts_with("arn:") {
            return match self.find(name) {
                Target::Function(id) => Some(id),
                _ => None,
            };
        }
        let rest = name.split_once("function:").map_or(name, |(_, rest)| rest);
        let name = rest.split(':').next().unwrap_or_default();
        self.functions.borrow().get(name).cloned()
    }

    /// The function that an integration of API Gateway calls: by the function's ARN, or by
    /// `arn:PARTITION:apigateway:REGION:lambda:path/2015-03-31/functions/ARN/invocations`.
    pub(crate) fn integration(&self, uri: &str) -> Option<String> {
        let arn = match uri.split_once("/functions/") {
            Some((_, rest)) => rest.split_once('/').map_or(rest, |(arn, _)| arn),
            None => uri,
        };
        match self.find(arn) {
            Target::Function(id) => Some(id),
            _ => None,
        }
    }

    /// Enters a layer's version, the next one of this name: `arn` gives its ARN.
    pub(crate) fn insert_layer(&self, id: String, name: &str, arn: impl Fn(u32) -> String) {
        let mut layers = self.layers.borrow_mut();
        let version = layers.versions.entry(name.to_owned()).or_default();
        *version += 1;
        let arn = arn(*version);
        layers.ids.insert(arn.clone(), id.clone());
        layers.arns.insert(id, arn);
    }

    /// The logical id of the layer with this ARN.
    pub(crate) fn layer(&self, arn: &str) -> Option<String> {
        self.layers.borrow().ids.get(arn).cloned()
    }

    /// The ARN of the layer with this logical id.
    pub(crate) fn layer_arn(&self, id: &str) -> Option<String> {
        self.layers.borrow().arns.get(id).cloned()
    }

    /// A destination by its ARN.
    pub(crate) fn destination(&self, arn: &str) -> Destination {
        Destination { arn: arn.to_owned(), target: self.find(arn) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_by_every_form() {
        let targets = Targets::default();
        let arn = "arn:aws:lambda:us-east-1:000000000000:function:hello";
        assert!(targets.insert(arn.to_owned(), Target::Function("Hello".to_owned())));
        let queue = "arn:aws:sqs:us-east-1:000000000000:hello";
        assert!(targets.insert(queue.to_owned(), Target::Queue("hello".to_owned())));
        for name in [arn, &format!("{arn}:live"), "hello", "hello:1", "000000000000:function:hello"]
        {
            assert_eq!(targets.function(name).as_deref(), Some("Hello"), "{name}");
        }
        assert_eq!(targets.function("other"), None);
        let far = "arn:aws:lambda:us-east-1:123456789012:function:hello";
        assert_eq!(targets.function(far), None);
        let uri = format!(
            "arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}:live/invocations"
        );
        assert_eq!(targets.integration(&uri).as_deref(), Some("Hello"));
        assert_eq!(targets.integration(queue), None);
        assert_eq!(targets.find(&format!("{queue}:x")), Target::Elsewhere);
        assert_eq!(targets.find(&format!("{arn}:live")), Target::Function("Hello".to_owned()));
    }
}
