//! Resource policies of REST APIs.
//!
//! API Gateway guide, "How API Gateway resource policies affect authorization workflow" and "Access
//! policy language overview for Amazon API Gateway".

use samovar_dispatch::Account;
use serde_json::Value;

use super::{Facts, Policy, PolicyError, Verdict};
use crate::gateway::authorizer::iam::Caller;

/// What a policy's resources may begin with instead of the ARN of its own API.
const SHORT: &str = "execute-api:/";

/// A resource policy. One that cannot be used lets nobody through.
#[derive(Clone, Debug)]
pub(in crate::gateway::authorizer) struct ResourcePolicy(Result<Policy, PolicyError>);

/// Whose requests a statement is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Principals {
    /// `*`, account ids and ARNs.
    names: Vec<String>,
    /// `NotPrincipal`: about all others'.
    is_negated: bool,
}

impl ResourcePolicy {
    /// The policy of the API with this id.
    pub(in crate::gateway::authorizer) fn new(
        document: &Value,
        account: &Account,
        api: &str,
    ) -> Self {
        let prefix = format!("arn:aws:execute-api:{}:{}:{api}/", account.region, account.id);
        Self(Policy::read_with(&expanded(document, &prefix), |it| Principals::read(it).map(Some)))
    }

    /// What it says of a request for this ARN.
    ///
    /// # Errors
    /// It cannot be used.
    pub(in crate::gateway::authorizer) fn verdict(
        &self,
        arn: &str,
        facts: &Facts<'_>,
    ) -> Result<Verdict, PolicyError> {
        self.0.as_ref().map(|policy| policy.verdict(arn, facts)).map_err(Clone::clone)
    }
}

/// The document with whole ARNs for `execute-api:/STAGE/METHOD/PATH`.
fn expanded(document: &Value, prefix: &str) -> Value {
    match document {
        Value::String(text) => match text.strip_prefix(SHORT) {
            Some(rest) => Value::String(format!("{prefix}{rest}")),
            None => document.clone(),
        },
        Value::Array(all) => all.iter().map(|one| expanded(one, prefix)).collect(),
        Value::Object(map) => {
            let entries = map.iter();
            Value::Object(entries.map(|(key, it)| (key.clone(), expanded(it, prefix))).collect())
        }
        other => other.clone(),
    }
}

impl Principals {
    fn read(statement: &Value) -> Result<Self, PolicyError> {
        let (value, is_negated) = match (statement.get("Principal"), statement.get("NotPrincipal"))
        {
            (Some(value), None) => (value, false),
            (None, Some(value)) => (value, true),
            _ => return Err(PolicyError("a statement has no `Principal`")),
        };
        let texts = |value: &Value| super::texts(value);
        let names = match value {
            Value::Object(kinds) => {
                // Services and federated users do not call here.
                let of_aws = kinds.iter().filter(|(kind, _)| *kind == "AWS");
                let lists: Option<Vec<_>> = of_aws.map(|(_, value)| texts(value)).collect();
                lists.map(|lists| lists.into_iter().flatten().collect())
            }
            value => texts(value).filter(|names| *names == ["*"]),
        };
        let names = names.ok_or(PolicyError("a `Principal` is neither `*` nor an object"))?;
        Ok(Self { names, is_negated })
    }

    /// Whether a caller is among them; `None` is nobody that is known.
    pub(super) fn include(&self, caller: Option<&Caller>) -> bool {
        let is_among = self.names.iter().any(|name| {
            name == "*"
                || caller.is_some_and(|caller| {
                    let root = name.strip_suffix(":root").and_then(|arn| arn.rsplit(':').next());
                    *name == caller.arn
                        || *name == caller.account
                        || root == Some(caller.account.as_str())
                })
        });
        is_among != self.is_negated
    }
}
