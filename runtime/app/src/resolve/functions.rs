//! The functions on strings and lists.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{Resolved, Resolver, Trouble, json, network};
use crate::node::{Key, Kind, Node, Place, Value};
use crate::report::Fault;
use crate::suggest::closest;

/// Functions that give a value, as they are written in full.
const FUNCTIONS: &[&str] = &[
    "Ref",
    "Fn::Base64",
    "Fn::Cidr",
    "Fn::FindInMap",
    "Fn::GetAtt",
    "Fn::GetAZs",
    "Fn::GetStackOutput",
    "Fn::If",
    "Fn::ImportValue",
    "Fn::Join",
    "Fn::Length",
    "Fn::Select",
    "Fn::Split",
    "Fn::Sub",
    "Fn::ToJsonString",
    "Fn::Transform",
];

const CONDITIONS: &[&str] = &["Fn::And", "Fn::Equals", "Fn::Not", "Fn::Or"];

impl Resolver<'_> {
    /// Calls an intrinsic function.
    pub(super) fn call(&self, function: &Key, argument: &Node, at: Place) -> Resolved<Node> {
        let text = |text: String| Node::text(text, at);
        match function.name.as_str() {
            "Ref" => match argument.as_str() {
                Some(name) => self.reference(name, argument.at, at),
                // The language extensions allow intrinsic functions here and in `Fn::GetAtt`.
                None if self.template.language_extensions && argument.intrinsic().is_some() => {
                    self.reference(&self.text("Ref", argument)?, argument.at, at)
                }
                None => Err(Fault::new(argument.at, "`Ref` takes a name")
                    .help("write `!Ref NAME` with the name of a parameter or resource".to_owned())
                    .into()),
            },
            "Fn::GetAtt" => self.get_att(argument, at),
            "Fn::Sub" => self.substitute(argument).map(text),
            "Fn::Join" => self.join(argument).map(text),
            "Fn::Base64" => {
                let plain = self.text("Fn::Base64", argument)?;
                self.spend(plain.len() as u64 / 6, at)?;
                Ok(text(BASE64_STANDARD.encode(plain)))
            }
            "Fn::Split" => self.split(argument, at),
            "Fn::Select" => self.select(argument),
            "Fn::If" => {
                let [name, yes, no] = self.arguments("Fn::If", argument)?;
                let Some(condition) = name.as_str() else {
                    return Err(Fault::new(
                        name.at,
                        "`Fn::If` takes the name of a condition first",
                    )
                    .help("define the condition under `Conditions:`".to_owned())
                    .into());
                };
                self.try_resolve(if self.condition(condition, name.at)? { yes } else { no })
            }
            "Fn::FindInMap" => self.find_in_map(argument),
            "Fn::Length" => {
                self.needs_language_extensions(function)?;
                let length = self.list("Fn::Length", argument)?.len();
                Ok(Node { value: Value::Scalar(Kind::Number, length.to_string()), at })
            }
            "Fn::ToJsonString" => {
                self.needs_language_extensions(function)?;
                let value = self.try_resolve(argument)?;
                let json = json::text(&value).ok_or(Trouble::Reported)?;
                self.spend(json.len() as u64 / 8, at)?;
                Ok(text(json))
            }
            "Fn::GetAZs" => {
                let region = match argument.as_str() {
                    Some("") => self.options.region.clone(),
                    _ => self.text("Fn::GetAZs", argument)?,
                };
                let region = if region.is_empty() { &self.options.region } else { &region };
                let zones = ["a", "b", "c"].map(|zone| text(format!("{region}{zone}")));
                Ok(Node { value: Value::List(zones.into()), at })
            }
            "Fn::Cidr" => network::cidr(self, argument, at),
            "Fn::ImportValue" => {
                let name = self.text("Fn::ImportValue", argument)?;
                Ok(match self.options.values.exports.get(&name) {
                    Some(value) => text(value.clone()),
                    None => self.unresolved_value("import", &name, function.at, at),
                })
            }
            "Fn::GetStackOutput" => {
                let part = |name: &str| match argument.get(name) {
                    Some(node) => self.text("Fn::GetStackOutput", node),
                    None => {
                        let message = format!("`Fn::GetStackOutput` has no `{name}`");
                        Err(Fault::new(argument.at, message).into())
                    }
                };
                let name = format!("{}.{}", part("StackName")?, part("OutputName")?);
                Ok(match self.options.values.exports.get(&name) {
                    Some(value) => text(value.clone()),
                    None => self.unresolved_value("output", &name, function.at, at),
                })
            }
            "Fn::Transform" => Err(Fault::new(function.at, "`Fn::Transform` is not supported yet")
                .help("write what the macro would give".to_owned())
                .into()),
            name if CONDITIONS.contains(&name) => {
                Err(Fault::new(function.at, format!("`{name}` gives a condition, not a value"))
                    .help(
                        "name it under `Conditions:` and use `!If [NAME, VALUE, VALUE]`".to_owned(),
                    )
                    .into())
            }
            name => {
                let message = format!("unknown intrinsic function `{name}`");
                let help = closest(name, FUNCTIONS.iter().chain(CONDITIONS).copied())
                    .map(|name| format!("did you mean `{name}`?"));
                Err(Fault::new(function.at, message).help(help).into())
            }
        }
    }

    /// Exactly `N` arguments.
    pub(super) fn arguments<'n, const N: usize>(
        &self,
        function: &str,
        argument: &'n Node,
    ) -> Resolved<&'n [Node; N]> {
        let list = argument.as_list().and_then(|list| list.try_into().ok());
        list.ok_or_else(|| {
            let items = if N == 1 { "item" } else { "items" };
            let message =
                format!("`{function}` takes a list of {N} {items}, not {}", count(argument));
            Fault::new(argument.at, message).into()
        })
    }

    /// An argument that must be text once it is resolved.
    pub(super) fn text(&self, function: &str, argument: &Node) -> Resolved<String> {
        let value = self.try_resolve(argument)?;
        let _ = self.text_of(&value);
        match value.value {
            Value::Scalar(_, text) => Ok(text),
            Value::Poison => Err(Trouble::Reported),
            _ => {
                let message = format!("`{function}` needs text here, not {}", value.describe());
                Err(Fault::new(argument.at, message).into())
            }
        }
    }

    /// An argument that must be a list once it is resolved.
    pub(super) fn list(&self, function: &str, argument: &Node) -> Resolved<Vec<Node>> {
        let value = self.try_resolve(argument)?;
        let _ = self.text_of(&value);
        match value.value {
            Value::List(list) => {
                for item in &list {
                    let _ = self.text_of(item);
                }
                Ok(list)
            }
            Value::Poison => Err(Trouble::Reported),
            _ => {
                let message = format!("`{function}` needs a list here, not {}", value.describe());
                Err(Fault::new(argument.at, message).into())
            }
        }
    }

    fn join(&self, argument: &Node) -> Resolved<String> {
        let [delimiter, items] = self.arguments("Fn::Join", argument)?;
        let Some(delimiter) = delimiter.as_str() else {
            return Err(
                Fault::new(delimiter.at, "`Fn::Join` takes a delimiter as text first").into()
            );
        };
        let mut joined = String::new();
        for (index, item) in self.list("Fn::Join", items)?.iter().enumerate() {
            let _ = self.text_of(item);
            let piece = match &item.value {
                Value::Scalar(_, text) => text,
                Value::Poison => return Err(Trouble::Reported),
                _ => {
                    let message = format!("`Fn::Join` joins texts, not {}", item.describe());
                    return Err(Fault::new(item.at, message).into());
                }
            };
            self.spend((delimiter.len() + piece.len()) as u64 / 8, item.at)?;
            if index > 0 {
                joined.push_str(delimiter);
            }
            joined.push_str(piece);
        }
        Ok(joined)
    }

    fn split(&self, argument: &Node, at: Place) -> Resolved<Node> {
        let [delimiter, source] = self.arguments("Fn::Split", argument)?;
        let Some(delimiter) = delimiter.as_str().filter(|delimiter| !delimiter.is_empty()) else {
            let message = "`Fn::Split` takes a delimiter that is not empty as its first item";
            return Err(Fault::new(delimiter.at, message).into());
        };
        let source = self.text("Fn::Split", source)?;
        let pieces: Vec<Node> =
            source.split(delimiter).map(|piece| Node::text(piece, at)).collect();
        self.spend(pieces.len() as u64, at)?;
        Ok(Node { value: Value::List(pieces), at })
    }

    fn select(&self, argument: &Node) -> Resolved<Node> {
        let [index, list] = self.arguments("Fn::Select", argument)?;
        let text = self.text("Fn::Select", index)?;
        let Ok(number) = text.parse::<usize>() else {
            let message = format!("`Fn::Select` takes an index from 0, not `{text}`");
            return Err(Fault::new(index.at, message).into());
        };
        let mut list = self.list("Fn::Select", list)?;
        if number >= list.len() {
            let message = format!("`Fn::Select` asks for item {number} of {}", list.len());
            return Err(Fault::new(index.at, message).help("items count from 0".to_owned()).into());
        }
        let item = list.swap_remove(number);
        if item.is_poison() { Err(Trouble::Reported) } else { Ok(item) }
    }

    fn needs_language_extensions(&self, function: &Key) -> Resolved<()> {
        if self.template.language_extensions {
            return Ok(());
        }
        Err(Fault::new(function.at, format!("`{}` needs the language extensions", function.name))
            .help(
                "write `Transform: [AWS::LanguageExtensions, AWS::Serverless-2016-10-31]`"
                    .to_owned(),
            )
            .into())
    }
}

/// How many items an argument has, for messages.
fn count(argument: &Node) -> String {
    match argument.as_list() {
        Some(list) => format!("{}", list.len()),
        None => argument.describe(),
    }
}
