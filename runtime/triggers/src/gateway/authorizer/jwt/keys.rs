//! Key sets (RFC 7517), of which the RSA keys for signatures are used.

use std::collections::HashMap;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::signature::{self, RsaParameters, RsaPublicKeyComponents};
use serde::Deserialize;
use thiserror::Error;

use super::TokenError;
use super::token::Algorithm;

/// Why there is no key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum KeyError {
    /// The issuer has no such key.
    #[error("the issuer has no such key")]
    Unknown,
    /// The issuer's keys could not be had: in the words of a response, and for people.
    #[error("{0}: {1}")]
    Unavailable(&'static str, String),
}

/// The keys of an issuer, by `kid`.
#[derive(Debug, Default)]
pub(super) struct KeySet(HashMap<String, Key>);

/// An RSA key for signatures.
#[derive(Clone, Debug)]
pub(super) struct Key {
    modulus: Vec<u8>,
    exponent: Vec<u8>,
    /// The only algorithm that it is for, where it says so.
    algorithm: Option<String>,
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<serde_json::Value>,
}

#[derive(Deserialize)]
struct Written {
    kty: String,
    kid: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    n: String,
    e: String,
}

impl KeySet {
    /// Reads a set. Keys of other kinds are passed over, as RFC 7517 (section 5) has it.
    ///
    /// # Errors
    /// It is no key set.
    pub(super) fn parse(json: &[u8]) -> Result<Self, serde_json::Error> {
        let document: Document = serde_json::from_slice(json)?;
        let keys = document.keys.into_iter().filter_map(|key| {
            let written: Written = serde_json::from_value(key).ok()?;
            let is_for_signatures = written.purpose.as_deref().is_none_or(|it| it == "sig");
            (written.kty == "RSA" && is_for_signatures).then_some(())?;
            let decode = |text: &str| {
                let bytes = URL_SAFE_NO_PAD.decode(text.trim_end_matches('=')).ok()?;
                // Some write a sign byte, which ring refuses.
                let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
                Some(bytes[zeros..].to_vec())
            };
            let (modulus, exponent) = (decode(&written.n)?, decode(&written.e)?);
            Some((written.kid, Key { modulus, exponent, algorithm: written.alg }))
        });
        Ok(Self(keys.collect()))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn get(&self, key_id: &str) -> Option<&Key> {
        self.0.get(key_id)
    }
}

impl Key {
    /// Whether this key made the signature.
    pub(super) fn verify(
        &self,
        algorithm: Algorithm,
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), TokenError> {
        if self.algorithm.as_deref().is_some_and(|only| only != algorithm.name()) {
            return Err(TokenError::Algorithm);
        }
        let parameters: &RsaParameters = match algorithm {
            Algorithm::RS256 => &signature::RSA_PKCS1_2048_8192_SHA256,
            Algorithm::RS384 => &signature::RSA_PKCS1_2048_8192_SHA384,
            Algorithm::RS512 => &signature::RSA_PKCS1_2048_8192_SHA512,
            Algorithm::PS256 => &signature::RSA_PSS_2048_8192_SHA256,
            Algorithm::PS384 => &signature::RSA_PSS_2048_8192_SHA384,
            Algorithm::PS512 => &signature::RSA_PSS_2048_8192_SHA512,
        };
        let key = RsaPublicKeyComponents { n: &self.modulus, e: &self.exponent };
        key.verify(parameters, message, signature).map_err(|_| TokenError::Signature)
    }
}
