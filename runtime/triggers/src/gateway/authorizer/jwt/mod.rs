//! JSON Web Tokens: whose they are, and whether that is true.
//!
//! API Gateway guide, "Control access to HTTP APIs with JWT authorizers" and "Control access to
//! REST APIs using Amazon Cognito user pools"; RFC 7515 (signatures), RFC 7517 (keys), RFC 7519
//! (claims). Only signatures by RSA keys are taken, as on AWS: a token cannot choose an algorithm
//! that makes a public key a secret, or no algorithm at all.

mod claims;
mod fetch;
mod issuer;
mod keys;
mod token;

use std::path::Path;
use std::time::SystemTime;

pub(super) use claims::Claims;
pub(super) use issuer::Issuer;
use keys::KeyError;
use thiserror::Error;
use token::Token;

/// Why a token is not taken. The texts go into `error_description` of `www-authenticate`; AWS's
/// guide shows that of the audience ("Troubleshooting issues with HTTP API JWT authorizers"), the
/// others are like it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum TokenError {
    /// It is no signed token.
    #[error("the token is malformed")]
    Malformed,
    /// Its algorithm is not one of RSA's.
    #[error("the token's signing algorithm is not supported")]
    Algorithm,
    /// It names no key, or one that the issuer does not have.
    #[error("the token's signing key is not known")]
    UnknownKey,
    /// The issuer's keys could not be had. The second text is for people.
    #[error("{0}")]
    Keys(&'static str, String),
    /// Somebody else signed it, or it was changed.
    #[error("the token's signature is invalid")]
    Signature,
    /// `iss` is another.
    #[error("the token does not have a valid issuer")]
    Issuer,
    /// Neither `aud` nor `client_id` is one of the authorizer's.
    #[error("the token does not have a valid audience")]
    Audience,
    /// `exp` is over, or not there.
    #[error("the token has expired")]
    Expired,
    /// `nbf` or `iat` is in the future.
    #[error("the token is not valid yet")]
    NotYet,
    /// It has none of the route's scopes.
    #[error("the token does not have a required scope")]
    Scope,
}

/// The claims of a token that `issuer` has signed and that is good at this time. Audience and
/// scopes are the caller's to check.
///
/// # Errors
/// See [`TokenError`].
pub(super) async fn verify(
    issuer: &Issuer,
    token: &str,
    now: SystemTime,
) -> Result<Claims, TokenError> {
    let token = Token::parse(token)?;
    let key = issuer.key(&token.key_id).await.map_err(|error| match error {
        KeyError::Unknown => TokenError::UnknownKey,
        KeyError::Unavailable(short, long) => TokenError::Keys(short, long),
    })?;
    key.verify(token.algorithm, token.signed.as_bytes(), &token.signature)?;
    let claims = Claims::parse(&token.payload)?;
    claims.check_issuer(issuer.name())?;
    claims.check_time(now)?;
    Ok(claims)
}

/// Whether a file has keys, and else why not.
pub(super) fn check_file(file: &Path) -> Result<(), String> {
    let json = std::fs::read(file).map_err(|error| error.to_string())?;
    let keys = keys::KeySet::parse(&json).map_err(|error| format!("no key set: {error}"))?;
    if keys.is_empty() {
        return Err("it has no RSA key with a `kid` for signatures".to_owned());
    }
    Ok(())
}

/// The token of an identity source: alone, or after `Bearer`.
pub(super) fn without_scheme(value: &str) -> &str {
    let value = value.trim();
    match value.split_once(' ') {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case("bearer") => token.trim(),
        _ => value,
    }
}

/// Whose token this says it is, which is not verified.
pub(super) fn claimed_issuer(token: &str) -> Option<String> {
    let claims = Claims::parse(&Token::parse(token).ok()?.payload).ok()?;
    claims.text("iss").map(str::to_owned)
}

#[cfg(test)]
pub(super) mod testing;
#[cfg(test)]
mod tests;
