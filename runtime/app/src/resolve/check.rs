//! Names in values that are never resolved.
//!
//! CloudFormation refuses a template in which any `Ref`, `Fn::GetAtt` or `Fn::Sub` names what is
//! not there, in `Policies` as in `Timeout`. What Samovar does not read it does not resolve, but a
//! misspelt name in it is shown all the same.

use super::Resolver;
use super::substitute::{Piece, is_variable, pieces};
use crate::node::{self, Map, Node, Place, Value};

impl Resolver<'_> {
    /// Checks every name that the resources' properties refer to.
    pub(crate) fn check_names(&self) {
        for resource in &self.template.resources {
            for (_, node) in resource.properties {
                self.check_node(node);
            }
        }
    }

    fn check_node(&self, node: &Node) {
        if let Some((function, argument)) = node.intrinsic() {
            match (function.name.as_str(), &argument.value) {
                ("Ref", Value::Scalar(_, name)) => self.check_name(name, "Ref", argument.at, None),
                ("Fn::GetAtt", Value::Scalar(_, text)) => {
                    let id = text.split_once('.').map_or(text.as_str(), |(id, _)| id);
                    self.check_name(id, "Fn::GetAtt", argument.at, None);
                }
                ("Fn::GetAtt", Value::List(list)) => {
                    if let Some((id, at)) = list.first().and_then(|n| Some((n.as_str()?, n.at))) {
                        self.check_name(id, "Fn::GetAtt", at, None);
                    }
                }
                ("Fn::Sub", Value::Scalar(_, text)) => {
                    self.check_string(text, argument.at, &Map::new());
                }
                ("Fn::Sub", Value::List(list)) => {
                    if let [Node { value: Value::Scalar(_, text), at }, variables] = list.as_slice()
                    {
                        self.check_string(text, *at, variables.as_map().unwrap_or(&Map::new()));
                        self.check_node(variables);
                    }
                }
                _ => self.check_node(argument),
            }
            return;
        }
        match &node.value {
            Value::List(list) => list.iter().for_each(|node| self.check_node(node)),
            // A loop has variables of its own.
            Value::Map(map) if map.iter().any(|(k, _)| k.name.starts_with("Fn::ForEach::")) => {}
            Value::Map(map) => map.iter().for_each(|(_, node)| self.check_node(node)),
            _ => {}
        }
    }

    fn check_string(&self, text: &str, at: Place, variables: &Map) {
        for piece in pieces(text) {
            let Piece::Variable(name) = piece else { continue };
            if self.spend(1 + variables.len() as u64 / 32, at).is_err() {
                return;
            }
            if node::get(variables, name).is_some() || !is_variable(name) || name.contains(':') {
                continue;
            }
            match name.split_once('.') {
                Some((id, _)) => self.check_name(id, "Fn::GetAtt", at, Some(name)),
                None => self.check_name(name, "Ref", at, Some(name)),
            }
        }
    }

    /// `variable` is the name as a string has it, in `${...}`.
    fn check_name(&self, name: &str, function: &str, at: Place, variable: Option<&str>) {
        let is_parameter = function == "Ref" && self.template.parameters.contains_key(name);
        if name.starts_with("AWS::") || is_parameter || self.template.resource(name).is_some() {
            return;
        }
        let is_paid = self.spend(name.len() as u64, at).is_ok();
        if !is_paid || self.may_be_generated(name) || self.generated_queue(name).is_some() {
            return;
        }
        let at = match variable {
            Some(variable) if self.report.is_close() => {
                self.report.find(at, &format!("${{{variable}}}"))
            }
            _ => at,
        };
        self.report.fault(self.unknown(name, function, at));
    }

    /// SAM generates many more resources than [`Resolver::implied`] has values for; their logical
    /// ids all start with that of the resource that they are generated for, or with `Serverless`.
    fn may_be_generated(&self, name: &str) -> bool {
        let name = name.get(..name.len().min(600)).unwrap_or_default();
        let is_sam = |id: &str| {
            self.template.resource(id).is_some_and(|r| r.kind.starts_with("AWS::Serverless::"))
        };
        name.starts_with("Serverless")
            || (1..name.len()).filter_map(|end| name.get(..end)).any(is_sam)
    }
}
