//! Accounts and regions, which keep queues apart.

use std::{borrow::Borrow, fmt, sync::Arc};

use serde::{Deserialize, Serialize};

/// What stands before the scope in the ARN of a queue.
const ARN: &str = "arn:aws:sqs:";

/// An account and a region, written as in ARNs: `us-east-1:000000000000`. In each, a queue's name
/// is its own. Cheap to clone.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct Scope(Arc<str>);

impl Scope {
    pub(crate) fn new(account_id: &str, region: &str) -> Self {
        Self(format!("{region}:{account_id}").into())
    }

    /// The twelve digits.
    pub(crate) fn account_id(&self) -> &str {
        self.split().1
    }

    pub(crate) fn region(&self) -> &str {
        self.split().0
    }

    /// As in ARNs.
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// The ARN that a queue of this name has here.
    pub(crate) fn arn(&self, queue: &str) -> String {
        format!("{ARN}{}:{queue}", self.0)
    }

    /// This scope with another account or region, where these have the form of one.
    pub(crate) fn with(&self, account_id: Option<&str>, region: Option<&str>) -> Self {
        let (own_region, own_account_id) = self.split();
        let account_id = account_id.filter(|id| is_account_id(id)).unwrap_or(own_account_id);
        let region = region.filter(|region| is_region(region)).unwrap_or(own_region);
        if (region, account_id) == (own_region, own_account_id) {
            return self.clone();
        }
        Self::new(account_id, region)
    }

    fn split(&self) -> (&str, &str) {
        // There is a colon, whoever made it.
        self.0.rsplit_once(':').unwrap_or((&self.0, ""))
    }
}

/// The scope and the name in the ARN of a queue; nothing for what is none.
pub(crate) fn parse_arn(arn: &str) -> Option<(&str, &str)> {
    let (scope, name) = arn.strip_prefix(ARN)?.rsplit_once(':')?;
    scope.contains(':').then_some((scope, name))
}

/// So that maps by scope can be asked with what an ARN says.
impl Borrow<str> for Scope {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Scope({})", self.0)
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.0.as_ref().to_owned()
    }
}

impl TryFrom<String> for Scope {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let parts = text.split_once(':');
        if parts.is_some_and(|(region, id)| is_region(region) && is_account_id(id)) {
            return Ok(Self(text.into()));
        }
        Err("a scope is REGION:ACCOUNT, as us-east-1:000000000000")
    }
}

/// <https://docs.aws.amazon.com/accounts/latest/reference/manage-acct-identifiers.html>
fn is_account_id(text: &str) -> bool {
    text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether this has the form of a region: a label of a host name, as it is one in endpoints.
fn is_region(text: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=63).contains(&text.len()) && text.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scope_is_the_middle_of_an_arn() {
        let scope = Scope::new("123456789012", "eu-west-1");
        assert_eq!((scope.account_id(), scope.region()), ("123456789012", "eu-west-1"));
        let arn = scope.arn("orders");
        assert_eq!(arn, "arn:aws:sqs:eu-west-1:123456789012:orders");
        assert_eq!(parse_arn(&arn), Some((scope.as_str(), "orders")));
        for none in ["", "orders", "arn:aws:sqs:orders", "arn:aws:sns:eu-west-1:1:orders"] {
            assert_eq!(parse_arn(none), None, "{none}");
        }
    }

    #[test]
    fn what_is_no_account_or_region_changes_nothing() {
        let scope = Scope::new("000000000000", "us-east-1");
        let with = |id, region| scope.with(Some(id), Some(region));
        for (id, region) in [
            ("AKIDEXAMPLE", ""),
            ("", "US-EAST-1"),
            ("12345678901", "eu:west"),
            ("1234567890123", "eu/west"),
            ("12345678901x", "eu west"),
        ] {
            assert_eq!(with(id, region), scope, "{id}, {region}");
        }
        assert_eq!(scope.with(None, None), scope);
        assert_eq!(with("123456789012", ""), Scope::new("123456789012", "us-east-1"));
        assert_eq!(with("x", "eu-west-1"), Scope::new("000000000000", "eu-west-1"));
    }

    #[test]
    fn stored_scopes_are_checked() {
        let scope = Scope::new("123456789012", "eu-west-1");
        let json = serde_json::to_string(&scope).unwrap();
        assert_eq!(json, r#""eu-west-1:123456789012""#);
        assert_eq!(serde_json::from_str::<Scope>(&json).unwrap(), scope);
        for bad in [r#""""#, r#""eu-west-1""#, r#""eu-west-1:1""#, r#""a:b:123456789012""#] {
            assert!(serde_json::from_str::<Scope>(bad).is_err(), "{bad}");
        }
    }
}
