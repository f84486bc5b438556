//! Authorizers that take tokens of an issuer: JWT authorizers of HTTP APIs, and those of user pools
//! of REST APIs.

use regex_lite::Regex;
use samovar_app::{IdentitySource, JwtAuthorizer, UserPoolsAuthorizer};

use super::identity::Proof;
use super::jwt::{self, Issuer, TokenError};
use super::refusal::{Refusal, RefusalKind};
use super::source;
use crate::gateway::event::Source;

/// The JWT authorizer of an HTTP API.
pub(super) struct Jwt {
    issuer: Issuer,
    settings: JwtAuthorizer,
}

/// The authorizer of a REST API that takes tokens of user pools.
pub(super) struct Pools {
    issuers: Vec<Issuer>,
    header: String,
    audience: Option<Regex>,
}

impl Jwt {
    pub(super) fn new(settings: &JwtAuthorizer, issuer: Issuer) -> Self {
        Self { issuer, settings: settings.clone() }
    }

    /// Where the token is.
    pub(super) fn identity_source(&self) -> &IdentitySource {
        &self.settings.identity_source
    }

    /// Who sends the request, by this token.
    pub(super) async fn check(
        &self,
        source: &Source<'_>,
        token: Option<String>,
        scopes: &[String],
    ) -> Result<Proof, Refusal> {
        let Some(token) = token else {
            let challenge = Some("Bearer".to_owned());
            return Err(RefusalKind::Unauthorized { challenge }.into());
        };
        let challenge = |code: &str, error: &TokenError| {
            let wanted = scopes.join(" ");
            format!(r#"Bearer scope="{wanted}" error="{code}" error_description="{error}""#)
        };
        let refused = |error: TokenError| {
            let challenge = Some(challenge("invalid_token", &error));
            let reason = match &error {
                TokenError::Keys(_, long) => long.clone(),
                other => other.to_string(),
            };
            Refusal::because(RefusalKind::Unauthorized { challenge }, reason)
        };
        let token = jwt::without_scheme(&token);
        let claims = jwt::verify(&self.issuer, token, source.inbound.at).await.map_err(refused)?;
        claims.check_audience(&self.settings.audience).map_err(refused)?;
        let found = claims.scopes(scopes).map_err(|error| {
            let challenge = challenge("insufficient_scope", &error);
            Refusal::because(RefusalKind::Scope { challenge }, error.to_string())
        })?;
        let found: Vec<String> = found.into_iter().map(str::to_owned).collect();
        let scopes = (!scopes.is_empty()).then_some(found);
        Ok(Proof::Token { claims: claims.as_texts(), scopes })
    }
}

impl Pools {
    pub(super) fn new(settings: &UserPoolsAuthorizer, issuers: Vec<Issuer>) -> Self {
        // An expression that cannot be read is noted when the template is.
        let audience = settings.validation.as_deref();
        let audience = audience.and_then(|text| Regex::new(&format!("^(?:{text})$")).ok());
        Self { issuers, header: settings.header.clone(), audience }
    }

    /// The user pool authorizer of a REST API: a route with scopes takes access tokens, one without
    /// takes identity tokens (API Gateway guide, "Integrate a REST API with an Amazon Cognito user
    /// pool").
    pub(super) async fn check(
        &self,
        source: &Source<'_>,
        scopes: &[String],
    ) -> Result<Proof, Refusal> {
        let unauthorized = |reason: String| {
            Refusal::because(RefusalKind::Unauthorized { challenge: None }, reason)
        };
        let token = source::header(source, &self.header).unwrap_or_default();
        let token = jwt::without_scheme(&token);
        if token.is_empty() {
            return Err(RefusalKind::Unauthorized { challenge: None }.into());
        }
        let claimed = jwt::claimed_issuer(token);
        let known = self.issuers.iter().find(|known| claimed.as_deref() == Some(known.name()));
        let issuer = known.ok_or_else(|| unauthorized(TokenError::Issuer.to_string()))?;
        let claims =
            jwt::verify(issuer, token, source.inbound.at).await.map_err(|error| match error {
                TokenError::Expired => RefusalKind::TokenExpired.into(),
                TokenError::Keys(_, long) => unauthorized(long),
                other => unauthorized(other.to_string()),
            })?;
        let fits = |expression: &Regex| {
            claims.text("aud").is_some_and(|audience| expression.is_match(audience))
        };
        if !self.audience.as_ref().is_none_or(fits) {
            return Err(unauthorized(TokenError::Audience.to_string()));
        }
        let is_access = claims.text("token_use") == Some("access");
        if is_access == scopes.is_empty() {
            let wanted = if is_access { "an identity token" } else { "an access token" };
            return Err(unauthorized(format!("the route takes {wanted}")));
        }
        claims.scopes(scopes).map_err(|error| unauthorized(error.to_string()))?;
        Ok(Proof::Pool { claims: claims.as_pool_texts() })
    }
}
