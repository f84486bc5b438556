//! `Ref`, `Fn::GetAtt` and pseudo parameters.

use super::{Resolved, Resolver, Trouble, foreign, is_nested, lambda};
use crate::node::{Node, Place, Value};
use crate::report::Fault;
use crate::suggest::did_you_mean;
use crate::template::{Parameter, Resource, items};

const PSEUDO: &[&str] = &[
    "AWS::AccountId",
    "AWS::NoValue",
    "AWS::NotificationARNs",
    "AWS::Partition",
    "AWS::Region",
    "AWS::StackId",
    "AWS::StackName",
    "AWS::URLSuffix",
];

/// What SAM makes for a resource and lets templates refer to through it.
const REFERABLE: &[&str] = &["Alias", "DestinationQueue", "DestinationTopic", "Version"];

/// The stack's name: there is one, and nothing that a template can say names it.
const STACK: &str = "samovar";

impl<'t> Resolver<'t> {
    /// What `Ref` gives for a name. `name_at` is where the name stands, `at` where the value goes.
    pub(super) fn reference(&self, name: &str, name_at: Place, at: Place) -> Resolved<Node> {
        if name.starts_with("AWS::") {
            return self.pseudo(name, name_at, at);
        }
        if let Some(parameter) = self.template.parameters.get(name) {
            return match parameter {
                Parameter::Text(text) => Ok(Node::text(text, at)),
                Parameter::List(items) => Ok(list_of(items, at)),
                Parameter::Ssm { name, list } => Ok(match self.options.values.ssm.get(name) {
                    Some(value) if *list => list_of(&items(value), at),
                    Some(value) => Node::text(value, at),
                    None => self.unresolved_value("ssm", name, name_at, at),
                }),
                Parameter::Faulty => Err(Trouble::Reported),
            };
        }
        self.check_place(name_at)?;
        if let Some(resource) = self.template.resource(name) {
            self.check_created(resource, name_at)?;
            return Ok(Node::text(self.reference_of(resource)?, at));
        }
        // Neither looking for generated names nor for similar ones is free.
        self.spend(name.len() as u64 + self.template.resources.len() as u64 / 8, name_at)?;
        if let Some(implied) = self.implied(name) {
            return Ok(Node::text(self.reference_of_implied(&implied)?, at));
        }
        // SAM's "referable properties": `MyFunction.Version`, `MyApi.Stage`.
        if let Some((id, property)) = name.split_once('.')
            && let Some(resource) = self.template.resource(id)
        {
            if let Some(text) = self.referable_of_api(resource, property)? {
                return Ok(Node::text(text, at));
            }
            if REFERABLE.contains(&property) {
                return Ok(Node::text(self.referable(resource, property)?, at));
            }
        }
        Err(self.unknown(name, "Ref", name_at).into())
    }

    /// The stand-in of a value that only AWS knows, named once as such.
    pub(super) fn unresolved_value(
        &self,
        kind: &str,
        name: &str,
        name_at: Place,
        at: Place,
    ) -> Node {
        let shown: String = name.chars().take(120).collect();
        let (what, section) = match kind {
            "import" => (format!("Fn::ImportValue {shown}"), "Exports"),
            "output" => (format!("Fn::GetStackOutput {shown}"), "Exports"),
            _ => (format!("SSM parameter {shown}"), "Parameters"),
        };
        let note = format!("not known here: give it under `{section}` of a values file");
        self.report.note(name_at, what, note);
        Node::unresolved(format!("{{{{unresolved:{kind}:{name}}}}}"), at)
    }

    /// The argument of `Fn::GetAtt`: `Id.Attribute` or a list of the two.
    pub(super) fn get_att(&self, argument: &Node, at: Place) -> Resolved<Node> {
        if let Some((id, attribute)) = argument.as_str().and_then(|text| text.split_once('.')) {
            return self.attribute(id, attribute, argument.at, at);
        }
        match argument.as_list() {
            Some([id, attribute]) => {
                let attribute = self.text("Fn::GetAtt", attribute)?;
                let id = match id.as_str() {
                    Some(id) => id.to_owned(),
                    None if self.template.language_extensions => self.text("Fn::GetAtt", id)?,
                    None => return Err(Fault::new(id.at, "a logical id must be text").into()),
                };
                self.attribute(&id, &attribute, argument.at, at)
            }
            _ => Err(Fault::new(argument.at, "`Fn::GetAtt` takes a logical id and an attribute")
                .help("write `!GetAtt NAME.Arn`".to_owned())
                .into()),
        }
    }

    /// What `Fn::GetAtt` gives for an attribute.
    pub(super) fn attribute(
        &self,
        id: &str,
        attribute: &str,
        name_at: Place,
        at: Place,
    ) -> Resolved<Node> {
        self.check_place(name_at)?;
        let (value, known) = if let Some(resource) = self.template.resource(id) {
            self.check_created(resource, name_at)?;
            if let Some(output) = attribute.strip_prefix("Outputs.").filter(|_| is_nested(resource))
            {
                return self.output_of(resource, output, name_at, at);
            }
            self.attribute_of(resource, attribute, at)?
        } else if let Some(implied) = self.implied(id) {
            self.spend(id.len() as u64, name_at)?;
            self.attribute_of_implied(&implied, attribute)?
        } else {
            return Err(self.unknown(id, "Fn::GetAtt", name_at).into());
        };
        value.ok_or_else(|| {
            let message = format!("{id} has no attribute `{attribute}`");
            let help = did_you_mean(attribute, known.iter().copied()).or_else(|| {
                Some(format!("it has {}", known.join(", "))).filter(|_| !known.is_empty())
            });
            Fault::new(name_at, message).help(help).into()
        })
    }

    /// The value of a resource's attribute, and the attributes that its type has.
    fn attribute_of(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
        at: Place,
    ) -> Resolved<(Option<Node>, &'static [&'static str])> {
        let text = |text: String| Some(Node::text(text, at));
        Ok(match resource.kind {
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => {
                let value = match attribute {
                    "Arn" => text(self.function_arn(&self.name_of(resource)?)),
                    "Version" | "Alias" => text(self.referable(resource, attribute)?),
                    _ => None,
                };
                (value, &["Arn"])
            }
            "AWS::SQS::Queue" => {
                let value = match attribute {
                    "Arn" => text(self.queue_arn(&self.name_of(resource)?)),
                    "QueueName" => text(self.name_of(resource)?),
                    "QueueUrl" => text(self.queue_url(&self.name_of(resource)?)),
                    _ => None,
                };
                (value, &["Arn", "QueueName", "QueueUrl"])
            }
            kind if lambda::TYPES.contains(&kind) => {
                let (value, known) = self.attribute_of_lambda(resource, attribute)?;
                (value.and_then(text), known)
            }
            _ => match self.attribute_of_gateway(resource, attribute)? {
                Some((value, known)) => (value.and_then(text), known),
                None => (
                    foreign::attribute(self, resource, attribute)?.map(|mut node| {
                        node.at = at;
                        node
                    }),
                    &[],
                ),
            },
        })
    }

    /// What `Ref` of a resource gives.
    pub(crate) fn reference_of(&self, resource: &Resource<'t>) -> Resolved<String> {
        match resource.kind {
            "AWS::SQS::Queue" => Ok(self.queue_url(&self.name_of(resource)?)),
            "AWS::Serverless::Function" | "AWS::Lambda::Function" => self.name_of(resource),
            kind if lambda::TYPES.contains(&kind) => self.reference_of_lambda(resource),
            _ => super::gateway::reference(self, resource),
        }
    }

    fn referable(&self, resource: &Resource<'t>, attribute: &str) -> Resolved<String> {
        let name = self.name_of(resource)?;
        Ok(match attribute {
            "Version" => format!("{}:1", self.function_arn(&name)),
            "Alias" => {
                let alias = self.alias_of(resource)?;
                format!("{}:{}", self.function_arn(&name), alias.as_deref().unwrap_or("live"))
            }
            "DestinationQueue" | "DestinationTopic" => {
                let made = self.made_destinations(resource);
                let is_queue = attribute == "DestinationQueue";
                match made.iter().find(|made| made.is_queue == is_queue) {
                    Some(made) if is_queue => self.queue_url(&made.name(self)),
                    Some(made) => made.arn(self),
                    None => format!("{}{attribute}", resource.id),
                }
            }
            other => format!("{}{other}", resource.id),
        })
    }

    /// A resource whose condition is not met does not exist: CloudFormation refuses references.
    fn check_created(&self, resource: &Resource, at: Place) -> Resolved<()> {
        if self.is_active(resource) {
            return Ok(());
        }
        let condition = resource.condition.and_then(Node::as_str).unwrap_or_default();
        let id = resource.id;
        Err(Fault::new(at, format!("{id} is not created: its condition `{condition}` is not met"))
            .help(format!("use `!If [{condition}, ..., !Ref AWS::NoValue]` here"))
            .into())
    }

    /// Conditions are evaluated before there are resources.
    fn check_place(&self, at: Place) -> Resolved<()> {
        if self.in_conditions.get() == 0 {
            return Ok(());
        }
        Err(Fault::new(at, "a condition can refer to parameters only")
            .help("declare it under `Parameters:`, or use a pseudo parameter".to_owned())
            .into())
    }

    fn pseudo(&self, name: &str, name_at: Place, at: Place) -> Resolved<Node> {
        let Self { options, .. } = self;
        let text = match name {
            "AWS::AccountId" => options.account_id.clone(),
            "AWS::Region" => options.region.clone(),
            "AWS::Partition" => "aws".to_owned(),
            "AWS::URLSuffix" => "amazonaws.com".to_owned(),
            "AWS::StackName" => STACK.to_owned(),
            "AWS::StackId" => format!(
                "arn:aws:cloudformation:{}:{}:stack/{STACK}/00000000-0000-0000-0000-000000000000",
                options.region, options.account_id
            ),
            "AWS::NotificationARNs" => return Ok(Node { value: Value::List(Vec::new()), at }),
            "AWS::NoValue" => return Ok(Node { value: Value::Absent, at }),
            _ => {
                let help = did_you_mean(name, PSEUDO.iter().copied())
                    .unwrap_or_else(|| format!("there are {}", PSEUDO.join(", ")));
                return Err(Fault::new(name_at, format!("unknown pseudo parameter `{name}`"))
                    .help(help)
                    .into());
            }
        };
        Ok(Node::text(text, at))
    }

    /// The fault of a name that nothing has.
    pub(super) fn unknown(&self, name: &str, function: &str, at: Place) -> Fault {
        let shown: String = name.chars().take(60).collect();
        let resources = self.template.resources.iter().map(|resource| resource.id);
        let is_ref = function == "Ref";
        let parameters = self.template.parameters.keys().copied().filter(|_| is_ref);
        let apis = self.apis().iter().map(|api| api.logical_id);
        let help = self.report.hint(|| {
            did_you_mean(name, resources.chain(parameters).chain(apis)).or_else(|| {
                Some(format!("add `{shown}` to the template, or name one that is there"))
            })
        });
        let what = if is_ref { "parameter or resource" } else { "resource" };
        Fault::new(at, format!("there is no {what} `{shown}`")).help(help)
    }
}

fn list_of(items: &[String], at: Place) -> Node {
    let items = items.iter().map(|item| Node::text(item, at)).collect();
    Node { value: Value::List(items), at }
}
