//! Authorizers, in their three spellings: SAM's `Auth`, security schemes of API definitions, and
//! plain resources.

mod definition;
mod keys;
mod plain;
mod sam;
mod throttle;

use std::time::Duration;

pub(super) use definition::{Schemes, schemes, security};
pub(super) use keys::{Keys, key_source, made_by_sam};
pub(super) use plain::{http, rest, web_socket};
pub(super) use sam::authorizer;
pub(super) use throttle::{Settings, method_settings, route_settings};

use crate::model::{
    AuthorizerKind, IdentitySource, JwtAuthorizer, LambdaAuthorizer, LambdaAuthorizerForm,
    UserPoolsAuthorizer,
};
use crate::node::{Node, Place, Value};
use crate::read::Reader;
use crate::resolve::Resolver;

use super::subject::items;

/// How long a REST API keeps the answer of an authorizer that does not say so (API Gateway API,
/// "CreateAuthorizer"). An HTTP API keeps none.
const REST_TTL: Duration = Duration::from_secs(300);

/// The longest time that answers are kept, in seconds.
const LONGEST_TTL: u32 = 3600;

/// The header that REST APIs' authorizers look at where none is named.
const HEADER: &str = "Authorization";

/// An authorizer while it is read.
pub(super) struct Subject<'r, 't> {
    pub(super) resolver: &'r Resolver<'t>,
    pub(super) reader: &'r Reader<'t>,
    pub(super) at: Place,
    /// Where it stands, for notes.
    pub(super) path: String,
}

impl Subject<'_, '_> {
    /// One that cannot ask anything here, for this reason.
    fn unknown(&self, why: &str) -> AuthorizerKind {
        let note = format!("not checked: {why}; every request is let through");
        self.reader.report.note(self.at, self.path.clone(), note);
        AuthorizerKind::Unknown
    }

    /// A JWT authorizer. `source` is where its token stands.
    fn jwt(
        &self,
        issuer: Option<&Node>,
        audience: Option<&Node>,
        source: Option<&Node>,
    ) -> AuthorizerKind {
        let text = issuer.filter(|node| !node.is_unresolved());
        let text = text.and_then(|node| self.reader.text("issuer", node));
        let Some(issuer) = text.filter(|text| !text.is_empty()) else {
            return self.unknown("its issuer is not known here");
        };
        if !issuer.starts_with("https://") && !issuer.starts_with("http://") {
            return self.unknown("its issuer is no URL");
        }
        let audience = audience.map(|node| items(self.reader, "audience", node));
        let sources = source.map(|node| self.sources(node)).unwrap_or_default();
        let header = || IdentitySource::Header(HEADER.to_owned());
        AuthorizerKind::Jwt(JwtAuthorizer {
            issuer: issuer.to_owned(),
            audience: audience.unwrap_or_default(),
            identity_source: sources.into_iter().next().unwrap_or_else(header),
        })
    }

    /// An authorizer by user pools, which are given by their ARNs.
    fn user_pools(
        &self,
        arns: Option<&Node>,
        header: Option<String>,
        validation: Option<String>,
    ) -> AuthorizerKind {
        let arns = arns.map(|node| items(self.reader, "UserPoolArn", node)).unwrap_or_default();
        let issuers: Vec<String> = arns.iter().filter_map(|arn| issuer_of_pool(arn)).collect();
        if issuers.is_empty() {
            return self.unknown("its user pools are not known here");
        }
        let Ok(validation) = self.expression(validation) else {
            return self.unknown("its `IdentityValidationExpression` cannot be read");
        };
        let header = header.unwrap_or_else(|| HEADER.to_owned());
        AuthorizerKind::UserPools(UserPoolsAuthorizer { issuers, header, validation })
    }

    /// A Lambda authorizer; `uri` has its function's ARN.
    fn lambda(
        &self,
        uri: Option<&Node>,
        form: LambdaAuthorizerForm,
        identity_sources: Vec<IdentitySource>,
        validation: Option<String>,
        ttl: Duration,
    ) -> AuthorizerKind {
        let uri = uri.and_then(|node| self.reader.text("FunctionArn", node));
        let function = uri.and_then(|uri| self.resolver.load.targets.integration(uri));
        let Some(function) = function else {
            return self.unknown("its function is not in this application");
        };
        let Ok(validation) = self.expression(validation) else {
            return self.unknown("its `IdentityValidationExpression` cannot be read");
        };
        let lambda = LambdaAuthorizer { function, form, identity_sources, validation, ttl };
        AuthorizerKind::Lambda(lambda)
    }

    /// A regular expression that can be used here: without look-around and back references.
    fn expression(&self, text: Option<String>) -> Result<Option<String>, regex_lite::Error> {
        if let Some(text) = &text {
            regex_lite::Regex::new(text)?;
        }
        Ok(text)
    }

    /// Identity sources: a list, or a text with commas between them.
    fn sources(&self, node: &Node) -> Vec<IdentitySource> {
        let texts = items(self.reader, "IdentitySource", node);
        let parts = texts.iter().flat_map(|text| text.split(',')).filter(|part| !part.is_empty());
        let read = |part: &str| {
            let source = IdentitySource::parse(part);
            if source.is_none() && !node.is_unresolved() {
                let expected = "an identity source";
                let help = "write `$request.header.NAME`, or `method.request.header.NAME` for a \
                            REST API";
                self.reader.wrong("IdentitySource", node, expected, help.to_owned());
            }
            source
        };
        parts.filter_map(read).collect()
    }

    /// How long answers are kept.
    fn ttl(&self, name: &str, node: Option<&Node>, default: Duration) -> Duration {
        let seconds =
            node.and_then(|node| self.reader.integer(name, node, 0..=LONGEST_TTL, "seconds"));
        seconds.map_or(default, |seconds| Duration::from_secs(seconds.into()))
    }
}

/// `https://cognito-idp.REGION.amazonaws.com/POOL` of
/// `arn:aws:cognito-idp:REGION:ACCOUNT:userpool/POOL` (Cognito guide, "Verifying JSON web tokens").
fn issuer_of_pool(arn: &str) -> Option<String> {
    let mut parts = arn.splitn(6, ':');
    let service = parts.nth(2)?;
    let region = parts.next()?;
    let pool = parts.nth(1)?.strip_prefix("userpool/")?;
    (service == "cognito-idp" && !pool.is_empty())
        .then(|| format!("https://cognito-idp.{region}.amazonaws.com/{pool}"))
}

/// A value that is written with either a small or a capital letter at its beginning.
fn either<'n>(node: &'n Node, name: &str) -> Option<&'n Node> {
    let Value::Map(map) = &node.value else { return None };
    map.iter().find(|(key, _)| key.name.eq_ignore_ascii_case(name)).map(|(_, node)| node)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn user_pools_are_issuers() {
        let arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Abc";
        let issuer = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc";
        assert_eq!(issuer_of_pool(arn).as_deref(), Some(issuer));
        for arn in ["", "arn:aws:cognito-idp:eu-west-1:1:userpool/", "arn:aws:sqs:a:b:userpool/x"] {
            assert_eq!(issuer_of_pool(arn), None, "{arn}");
        }
    }
}
