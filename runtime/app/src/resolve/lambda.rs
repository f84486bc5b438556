//! `Ref` and `Fn::GetAtt` of what belongs to functions: versions, aliases, URLs, layers.
//!
//! Source: CloudFormation's resource reference, "Return values" of each type.

use super::{Resolved, Resolver, Trouble};
use crate::report::Fault;
use crate::template::Resource;

pub(super) const TYPES: &[&str] = &[
    "AWS::Lambda::Alias",
    "AWS::Lambda::LayerVersion",
    "AWS::Lambda::Url",
    "AWS::Lambda::Version",
    "AWS::Serverless::LayerVersion",
];

impl<'t> Resolver<'t> {
    /// What `Ref` gives: an ARN, for every one of [`TYPES`].
    pub(super) fn reference_of_lambda(&self, resource: &Resource<'t>) -> Resolved<String> {
        Ok(match resource.kind {
            "AWS::Lambda::Alias" => {
                let name = self.name_of(resource)?;
                format!("{}:{name}", self.function_arn_of(resource, "FunctionName")?)
            }
            "AWS::Lambda::Version" => {
                format!("{}:1", self.function_arn_of(resource, "FunctionName")?)
            }
            "AWS::Lambda::Url" => self.function_arn_of(resource, "TargetFunctionArn")?,
            _ => match self.load.targets.layer_arn(&self.id(resource.id)) {
                Some(arn) => arn,
                None => self.layer_arn(&self.name_of(resource)?, 1),
            },
        })
    }

    /// The value of an attribute, and the attributes that the type has.
    pub(super) fn attribute_of_lambda(
        &self,
        resource: &Resource<'t>,
        attribute: &str,
    ) -> Resolved<(Option<String>, &'static [&'static str])> {
        let reference = || self.reference_of_lambda(resource).map(Some);
        Ok(match (resource.kind, attribute) {
            ("AWS::Lambda::Alias", "AliasArn")
            | ("AWS::Lambda::Url" | "AWS::Lambda::Version", "FunctionArn")
            | ("AWS::Lambda::LayerVersion" | "AWS::Serverless::LayerVersion", "LayerVersionArn") => {
                (reference()?, &[])
            }
            ("AWS::Lambda::Version", "Version") => (Some("1".to_owned()), &[]),
            ("AWS::Lambda::Url", "FunctionUrl") => {
                let arn = self.function_arn_of(resource, "TargetFunctionArn")?;
                let id = self.load.targets.function(&arn);
                let id = id.as_deref().map_or(resource.id, |id| self.local(id));
                (Some(self.function_url(id)), &[])
            }
            ("AWS::Lambda::Alias", _) => (None, &["AliasArn"]),
            ("AWS::Lambda::Url", _) => (None, &["FunctionArn", "FunctionUrl"]),
            ("AWS::Lambda::Version", _) => (None, &["FunctionArn", "Version"]),
            _ => (None, &["LayerVersionArn"]),
        })
    }

    /// A function's `AutoPublishAlias`.
    pub(super) fn alias_of(&self, function: &Resource<'t>) -> Resolved<Option<String>> {
        let Some((_, node)) = self.written(function, "AutoPublishAlias") else { return Ok(None) };
        Ok(self.try_resolve(&node)?.as_str().map(str::to_owned))
    }

    /// The unqualified ARN of the function that a property names, in any of the forms that
    /// Lambda's API takes.
    fn function_arn_of(&self, resource: &Resource<'t>, property: &str) -> Resolved<String> {
        let Some(node) = resource.property(property) else {
            // Its absence is reported where the resource is read.
            return Ok(self.function_arn(&self.name(resource.id)));
        };
        let value = self.try_resolve(node)?;
        let _ = self.text_of(&value);
        let Some(text) = value.as_str() else {
            if value.is_poison() {
                return Err(Trouble::Reported);
            }
            let message = format!("`{property}` of {} must be text", resource.id);
            return Err(Fault::new(node.at, message).into());
        };
        let (account, rest) = text.split_once("function:").unwrap_or(("", text));
        let name = rest.split(':').next().unwrap_or_default();
        Ok(match account {
            arn if arn.starts_with("arn:") => format!("{arn}function:{name}"),
            _ => self.function_arn(name),
        })
    }
}
