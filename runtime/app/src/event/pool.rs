//! `Cognito` events.
//!
//! Source: SAM developer guide, "Cognito"; CloudFormation's resource reference,
//! "AWS::Cognito::UserPool LambdaConfig".

use super::source::Source;
use crate::model::UserPoolTrigger;
use crate::property::{Effect, Table};

pub(super) const TABLE: &Table = &[("Trigger", Effect::Read), ("UserPool", Effect::Read)];

/// Hooks that take the ARN of a function, which is what SAM gives them.
const HOOKS: &[&str] = &[
    "CreateAuthChallenge",
    "CustomMessage",
    "DefineAuthChallenge",
    "PostAuthentication",
    "PostConfirmation",
    "PreAuthentication",
    "PreSignUp",
    "PreTokenGeneration",
    "UserMigration",
    "VerifyAuthChallengeResponse",
];

/// Reads the hooks of a user pool, which `Ref` gives as this.
pub(super) fn read(source: &Source, user_pool: String) -> Option<UserPoolTrigger> {
    let hooks =
        source.words("Trigger", HOOKS, "a hook of Cognito's", "add one: `Trigger: PreSignUp`")?;
    Some(UserPoolTrigger { name: source.key.name.clone(), user_pool, hooks, span: source.span() })
}
