//! `LambdaConfig` of an `AWS::Cognito::UserPool`.
//!
//! Source: CloudFormation's resource reference, "AWS::Cognito::UserPool LambdaConfig".

use super::{Links, function};
use crate::event::Source;
use crate::model::{Trigger, UserPoolTrigger};
use crate::node::Value;
use crate::resolve::Resolver;
use crate::template::Resource;

/// Hooks, which take an ARN or a mapping with one, and the key that some of them need.
const NAMES: &[&str] = &[
    "CreateAuthChallenge",
    "CustomEmailSender",
    "CustomMessage",
    "CustomSMSSender",
    "DefineAuthChallenge",
    "InboundFederation",
    "KMSKeyID",
    "PostAuthentication",
    "PostConfirmation",
    "PreAuthentication",
    "PreSignUp",
    "PreTokenGeneration",
    "PreTokenGenerationConfig",
    "UserMigration",
    "VerifyAuthChallengeResponse",
];

pub(super) fn read<'t>(links: &mut Links, resolver: &Resolver<'t>, resource: &Resource<'t>) {
    let source = Source::properties(resolver, resource, &["LambdaConfig"]);
    let Some(config) = source.part("LambdaConfig", NAMES) else { return };
    // A fault in it is told of where the pool is listed.
    let user_pool = resolver.reference_of(resource).unwrap_or_default();
    for (key, node) in config.properties.iter().filter(|(key, _)| key.name != "KMSKeyID") {
        let id = match &node.value {
            Value::Map(_) => config
                .part(&key.name, &["LambdaArn", "LambdaVersion"])
                .and_then(|part| function(&part, "LambdaArn")),
            _ => function(&config, &key.name),
        };
        let Some(id) = id else { continue };
        let trigger = UserPoolTrigger {
            name: source.key.name.clone(),
            user_pool: user_pool.clone(),
            hooks: vec![key.name.clone()],
            span: source.reader.report.span(key.at),
        };
        links.add_not_called(&config, "Cognito", id, Trigger::UserPool(trigger));
    }
}
