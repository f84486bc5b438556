//! Policies: those that Lambda authorizers answer, and the resource policies of REST APIs.
//!
//! API Gateway guide, "Output from an API Gateway Lambda authorizer" and "Control access to a REST
//! API with API Gateway resource policies"; IAM user guide, "Policy evaluation logic" and the
//! elements of "IAM JSON policy": an explicit deny goes before an allow, and what nothing allows is
//! denied.

mod condition;
mod facts;
mod resource;

use serde_json::Value;
use thiserror::Error;

use self::condition::Condition;
pub(in crate::gateway) use self::facts::{Facts, arn};
use self::resource::Principals;
pub(super) use self::resource::ResourcePolicy;

/// The only action of callers.
const ACTION: &str = "execute-api:Invoke";

/// Statements in a policy that are read; an IAM policy of the largest size has fewer.
const LIMIT: usize = 1000;

/// A policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway::authorizer) struct Policy(Vec<Statement>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Statement {
    allows: bool,
    actions: Matches,
    resources: Matches,
    /// All of them must hold.
    conditions: Vec<Condition>,
    /// Whose requests it is about; `None`: everybody's, as in an authorizer's answer.
    principals: Option<Principals>,
}

/// Patterns, of which one must fit, or none.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Matches {
    One(Vec<String>),
    None(Vec<String>),
}

/// What a policy says of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::gateway::authorizer) enum Verdict {
    Allowed,
    /// Nothing allows it.
    NotAllowed,
    /// A statement denies it.
    Denied,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the policy cannot be used: {0}")]
pub(in crate::gateway::authorizer) struct PolicyError(&'static str);

impl Policy {
    /// The policy of an authorizer.
    pub(super) fn read(document: &Value) -> Result<Self, PolicyError> {
        Self::read_with(document, |_| Ok(None))
    }

    fn read_with(
        document: &Value,
        principals: impl Fn(&Value) -> Result<Option<Principals>, PolicyError>,
    ) -> Result<Self, PolicyError> {
        let statements = document.get("Statement").ok_or(PolicyError("it has no `Statement`"))?;
        let statements = match statements {
            Value::Array(all) => all.as_slice(),
            one => std::slice::from_ref(one),
        };
        if statements.len() > LIMIT {
            return Err(PolicyError("it has too many statements"));
        }
        let read = |statement: &Value| {
            Ok(Statement { principals: principals(statement)?, ..Statement::read(statement)? })
        };
        statements.iter().map(read).collect::<Result<_, _>>().map(Self)
    }

    /// What it says of a request for this ARN.
    pub(super) fn verdict(&self, arn: &str, facts: &Facts<'_>) -> Verdict {
        let mut verdict = Verdict::NotAllowed;
        for statement in self.0.iter().filter(|statement| statement.fits(arn, facts)) {
            if !statement.allows {
                return Verdict::Denied;
            }
            verdict = Verdict::Allowed;
        }
        verdict
    }
}

impl Statement {
    fn read(document: &Value) -> Result<Self, PolicyError> {
        let allows = match document.get("Effect").and_then(Value::as_str) {
            Some("Allow") => true,
            Some("Deny") => false,
            _ => return Err(PolicyError("an `Effect` is neither `Allow` nor `Deny`")),
        };
        let matches = |one: &str, none: &str| match (document.get(one), document.get(none)) {
            (Some(value), None) => texts(value).map(Matches::One),
            (None, Some(value)) => texts(value).map(Matches::None),
            _ => None,
        };
        let actions = matches("Action", "NotAction");
        let actions = actions.ok_or(PolicyError("an `Action` is neither a text nor a list"))?;
        let resources = matches("Resource", "NotResource");
        let resources =
            resources.ok_or(PolicyError("a `Resource` is neither a text nor a list"))?;
        let conditions = condition::read(document.get("Condition"))?;
        Ok(Self { allows, actions, resources, conditions, principals: None })
    }

    fn fits(&self, arn: &str, facts: &Facts<'_>) -> bool {
        let action = ACTION.to_ascii_lowercase();
        let is_action = |pattern: &str| fits(&pattern.to_ascii_lowercase(), &action);
        self.actions.fit(is_action)
            && self.resources.fit(|pattern| fits(pattern, arn))
            && self.principals.as_ref().is_none_or(|them| them.include(facts.caller))
            && self.conditions.iter().all(|condition| condition.holds(facts))
    }
}

impl Matches {
    fn fit(&self, fits: impl Fn(&str) -> bool) -> bool {
        match self {
            Self::One(patterns) => patterns.iter().any(|pattern| fits(pattern)),
            Self::None(patterns) => !patterns.iter().any(|pattern| fits(pattern)),
        }
    }
}

/// A text, or a list of them.
fn texts(value: &Value) -> Option<Vec<String>> {
    match value {
        Value::String(text) => Some(vec![text.clone()]),
        Value::Array(all) => all.iter().map(|one| one.as_str().map(str::to_owned)).collect(),
        _ => None,
    }
}

/// Whether a pattern with `*` (any characters) and `?` (one) is this whole text. Takes time in
/// proportion to both lengths multiplied, at most.
fn fits(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.as_bytes(), text.as_bytes());
    let (mut p, mut t) = (0, 0);
    // The last star, and where the text that it takes ends.
    let mut star: Option<(usize, usize)> = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(byte) if *byte == b'?' || *byte == text[t] => {
                p += 1;
                t += 1;
            }
            _ => match star {
                Some((at, taken)) => {
                    star = Some((at, taken + 1));
                    p = at + 1;
                    t = taken + 1;
                }
                None => return false,
            },
        }
    }
    pattern[p..].iter().all(|byte| *byte == b'*')
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::gateway::inbound::Inbound;

    const ARN: &str = "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/GET/pets/7";

    fn verdict(statements: Value) -> Verdict {
        let document = json!({"Version": "2012-10-17", "Statement": statements});
        let request = http::Request::get("/").body(()).expect("a request").into_parts().0;
        let peer = "203.0.113.7:4711".parse().expect("an address");
        let inbound = Inbound::new(request, peer, std::time::SystemTime::UNIX_EPOCH);
        let facts = Facts { inbound: &inbound, caller: None };
        Policy::read(&document).expect("a policy").verdict(ARN, &facts)
    }

    /// IAM user guide, "IAM JSON policy elements: Resource": wildcards.
    #[test]
    fn resources_have_wildcards() {
        let of = |resource: &str| {
            verdict(
                json!([{"Effect": "Allow", "Action": "execute-api:Invoke", "Resource": resource}]),
            )
        };
        for resource in [
            "*",
            ARN,
            "arn:aws:execute-api:*:*:*/*/GET/pets/*",
            "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/*/*/*",
            "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/GET/pets/?",
            "arn:aws:*s/7",
        ] {
            assert_eq!(of(resource), Verdict::Allowed, "{resource}");
        }
        for resource in [
            "",
            "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/POST/*",
            "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/GET/pets",
            "arn:aws:execute-api:us-east-1:123456789012:abcdef1234/live/GET/pets/7?",
            "ARN:*",
        ] {
            assert_eq!(of(resource), Verdict::NotAllowed, "{resource}");
        }
    }

    /// IAM user guide, "Policy evaluation logic".
    #[test]
    fn a_deny_goes_before_an_allow() {
        let allow = json!({"Effect": "Allow", "Action": "*", "Resource": "*"});
        let deny =
            json!({"Effect": "Deny", "Action": "execute-api:*", "Resource": ["x", "*/pets/*"]});
        assert_eq!(verdict(json!([allow, deny])), Verdict::Denied);
        assert_eq!(verdict(json!([deny, allow])), Verdict::Denied);
        assert_eq!(verdict(json!([])), Verdict::NotAllowed);
        let other = json!({"Effect": "Deny", "NotAction": "execute-api:Invoke", "Resource": "*"});
        assert_eq!(verdict(json!([allow, other])), Verdict::Allowed);
        let all_but = json!({"Effect": "Deny", "Action": "EXECUTE-API:INVOKE", "NotResource": ARN});
        assert_eq!(verdict(json!([allow, all_but])), Verdict::Allowed);
        let elsewhere = json!({"Effect": "Deny", "Action": "*", "NotResource": "x"});
        assert_eq!(verdict(json!([allow, elsewhere])), Verdict::Denied);
    }

    #[test]
    fn a_statement_counts_where_its_conditions_hold() {
        let statement = |effect: &str, block: &str| {
            let condition = json!({"IpAddress": {"aws:SourceIp": block}});
            json!({"Effect": effect, "Action": "*", "Resource": "*", "Condition": condition})
        };
        let (here, elsewhere) = ("203.0.113.0/24", "10.0.0.0/8");
        assert_eq!(verdict(json!([statement("Allow", here)])), Verdict::Allowed);
        assert_eq!(verdict(json!([statement("Allow", elsewhere)])), Verdict::NotAllowed);
        let all = statement("Allow", "0.0.0.0/0");
        assert_eq!(verdict(json!([all, statement("Deny", here)])), Verdict::Denied);
        assert_eq!(verdict(json!([all, statement("Deny", elsewhere)])), Verdict::Allowed);
    }

    #[test]
    fn what_is_no_policy_is_refused() {
        for document in [
            json!(null),
            json!({}),
            json!({"Statement": 1}),
            json!({"Statement": [{"Effect": "allow", "Action": "*", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Resource": "*"}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": "*", "Resource": {}}]}),
            json!({"Statement": [{"Effect": "Allow", "Action": [1], "Resource": "*"}]}),
        ] {
            assert!(Policy::read(&document).is_err(), "{document}");
        }
    }

    /// Many stars against a text that does not fit must not take exponential time: with
    /// backtracking to each of them this would not end.
    #[test]
    fn hostile_patterns_end() {
        let pattern = "*a".repeat(2000);
        assert!(!fits(&pattern, &"a".repeat(1999)));
        assert!(fits(&pattern, &"a".repeat(2000)));
    }
}
