//! Resources that SAM generates and templates may refer to.
//!
//! Source: SAM developer guide, "Generated CloudFormation resources".

use super::destination::MadeDestination;
use super::gateway::ApiIdentity;
use super::{GeneratedQueue, Resolved, Resolver, Trouble};
use crate::model::ApiKind;
use crate::node::Node;
use crate::template::Resource;

/// A generated resource that the template does not contain.
pub(super) enum Implied<'r, 't> {
    /// `ServerlessHttpApi`, `ServerlessRestApi`.
    Api(&'r ApiIdentity<'t>),
    /// `<Api><Stage>Stage`, by its name.
    Stage(&'r str),
    /// `<Api>Stage`, of an API whose stage has its name from an intrinsic function.
    StageOf(&'r Resource<'t>),
    /// `<Function>Role`.
    Role(&'r Resource<'t>),
    /// `<Function>Url`.
    Url(&'r Resource<'t>),
    /// `<Function>Alias<Name>`, by its name.
    Alias(&'r Resource<'t>, String),
    /// `<Function>EventInvokeConfigOnFailureQueue` and the like.
    Destination(MadeDestination),
    /// `<Function><Event>`: a rule, schedule or event source mapping.
    Event(&'r Resource<'t>, &'r str),
    /// `<Function><Event>Queue`, or what `QueueLogicalId` says.
    Queue(&'r GeneratedQueue),
}

impl<'t> Resolver<'t> {
    /// The generated resource with this logical id.
    pub(super) fn implied<'r>(&'r self, name: &'r str) -> Option<Implied<'r, 't>> {
        // Two logical ids put together are no longer than this.
        if name.len() > 600 || !name.bytes().all(|b| b.is_ascii_alphanumeric()) {
            return None;
        }
        let apis = self.apis();
        if let Some(api) = apis.iter().find(|api| api.at.is_none() && api.logical_id == name) {
            return Some(Implied::Api(api));
        }
        if let Some(queue) = self.generated_queue(name) {
            return Some(Implied::Queue(queue));
        }
        if let Some(rest) = name.strip_suffix("Stage") {
            for api in apis.iter().filter(|api| api.is_sam) {
                match (rest.strip_prefix(api.logical_id), api.kind) {
                    (Some("ApiGatewayDefault"), ApiKind::Http) => {
                        return Some(Implied::Stage("$default"));
                    }
                    (Some(stage), _) if !stage.is_empty() => return Some(Implied::Stage(stage)),
                    (Some(_), _) => {
                        let resource = self.template.resource(api.logical_id);
                        let name = resource.and_then(|resource| resource.property("StageName"));
                        if name.is_some_and(|name| name.intrinsic().is_some()) {
                            return resource.map(Implied::StageOf);
                        }
                    }
                    _ => {}
                }
            }
        }
        (1..name.len()).find_map(|end| {
            let (id, rest) = name.split_at(end);
            let function = self.template.resource(id)?;
            (function.kind == "AWS::Serverless::Function")
                .then(|| self.implied_by(function, rest))?
        })
    }

    /// Whether SAM generates a resource with this logical id.
    pub(crate) fn is_implied(&self, name: &str) -> bool {
        self.implied(name).is_some()
    }

    fn implied_by<'r>(&self, function: &'r Resource<'t>, rest: &'r str) -> Option<Implied<'r, 't>> {
        let global = |name| crate::node::get(self.template.globals.of(function.kind), name);
        let has = |name| function.property(name).or_else(|| global(name)).is_some();
        match rest {
            "Role" if !has("Role") => Some(Implied::Role(function)),
            "Url" if has("FunctionUrlConfig") => Some(Implied::Url(function)),
            event if function.property("Events").is_some_and(|e| e.get(event).is_some()) => {
                Some(Implied::Event(function, event))
            }
            _ if rest.starts_with("EventInvokeConfigOn") => {
                let made = self.made_destinations(function).into_iter();
                let mut named = made.filter(|made| made.logical_id[function.id.len()..] == *rest);
                named.next().map(Implied::Destination)
            }
            alias if has("AutoPublishAlias") => {
                let alias = alias.strip_prefix("Alias")?;
                let name = self.alias_of(function).ok().flatten()?;
                // Logical ids have letters and digits only.
                let is_named = name.replace('-', "D").replace('_', "U") == alias;
                is_named.then_some(Implied::Alias(function, name))
            }
            _ => None,
        }
    }

    pub(super) fn reference_of_implied(&self, implied: &Implied<'_, 't>) -> Resolved<String> {
        Ok(match implied {
            Implied::Api(api) => api.id.clone(),
            Implied::Stage(stage) => (*stage).to_owned(),
            Implied::StageOf(api) => {
                self.referable_of_api(api, "Stage")?.ok_or(Trouble::Reported)?
            }
            Implied::Role(function) => format!("{}Role", function.id),
            Implied::Url(function) => self.function_arn(&self.name_of(function)?),
            Implied::Alias(function, alias) => {
                format!("{}:{alias}", self.function_arn(&self.name_of(function)?))
            }
            Implied::Destination(made) if made.is_queue => self.queue_url(&made.name(self)),
            Implied::Destination(made) => made.arn(self),
            Implied::Event(function, event) => self.reference_of_event(function, event)?,
            Implied::Queue(queue) => self.queue_url(&queue.name),
        })
    }

    /// The value of an attribute, and the attributes that the resource has.
    pub(super) fn attribute_of_implied(
        &self,
        implied: &Implied<'_, 't>,
        attribute: &str,
    ) -> Resolved<(Option<Node>, &'static [&'static str])> {
        let at = crate::node::Place { file: 0, line: 0, column: 0, width: 1 };
        let account = &self.options.account_id;
        let (value, known): (_, &[&str]) = match (implied, attribute) {
            (Implied::Api(api), _) => self.attribute_of_api(api, attribute),
            (Implied::Role(function), "Arn") => {
                (Some(format!("arn:aws:iam::{account}:role/{}Role", function.id)), &[])
            }
            (Implied::Role(function), "RoleId") => (Some(format!("{}Role", function.id)), &[]),
            (Implied::Role(_), _) => (None, &["Arn", "RoleId"]),
            (Implied::Url(function), "FunctionUrl") => (Some(self.function_url(function.id)), &[]),
            (Implied::Url(function), "FunctionArn") => {
                (Some(self.function_arn(&self.name_of(function)?)), &[])
            }
            (Implied::Url(_), _) => (None, &["FunctionUrl", "FunctionArn"]),
            (Implied::Event(function, event), _) => {
                self.attribute_of_event(function, event, attribute)?
            }
            (Implied::Queue(queue), _) => self.attribute_of_queue(&queue.name, attribute),
            (Implied::Alias(function, alias), "AliasArn") => {
                (Some(format!("{}:{alias}", self.function_arn(&self.name_of(function)?))), &[])
            }
            (Implied::Alias(..), _) => (None, &["AliasArn"]),
            (Implied::Destination(made), _) => self.attribute_of_made(made, attribute),
            (Implied::Stage(_) | Implied::StageOf(_), _) => (None, &[]),
        };
        Ok((value.map(|text| Node::text(text, at)), known))
    }

    fn attribute_of_made(
        &self,
        made: &MadeDestination,
        attribute: &str,
    ) -> (Option<String>, &'static [&'static str]) {
        let name = made.name(self);
        match (made.is_queue, attribute) {
            (true, _) => self.attribute_of_queue(&name, attribute),
            (false, "TopicArn") => (Some(made.arn(self)), &[]),
            (false, "TopicName") => (Some(name), &[]),
            (false, _) => (None, &["TopicArn", "TopicName"]),
        }
    }

    fn attribute_of_queue(
        &self,
        name: &str,
        attribute: &str,
    ) -> (Option<String>, &'static [&'static str]) {
        let value = match attribute {
            "Arn" => Some(self.queue_arn(name)),
            "QueueName" => Some(name.to_owned()),
            "QueueUrl" => Some(self.queue_url(name)),
            _ => None,
        };
        (value, &["Arn", "QueueName", "QueueUrl"])
    }
}
