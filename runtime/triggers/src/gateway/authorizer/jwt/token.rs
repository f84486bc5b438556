//! The compact form of a signed token (RFC 7515, section 7.1).

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Deserialize;

use super::TokenError;

/// The longest token that is looked at, in bytes: API Gateway takes no longer headers than 10,240.
const LIMIT: usize = 10_240;

/// How a token is signed (RFC 7518, section 3.1): the algorithms of RSA keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub(super) enum Algorithm {
    RS256,
    RS384,
    RS512,
    PS256,
    PS384,
    PS512,
}

impl Algorithm {
    /// As it is written.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::RS256 => "RS256",
            Self::RS384 => "RS384",
            Self::RS512 => "RS512",
            Self::PS256 => "PS256",
            Self::PS384 => "PS384",
            Self::PS512 => "PS512",
        }
    }
}

/// A token in its parts; nothing of it is verified.
#[derive(Debug)]
pub(super) struct Token<'t> {
    pub(super) algorithm: Algorithm,
    pub(super) key_id: String,
    /// Header and payload as they are signed.
    pub(super) signed: &'t str,
    /// The claims' JSON.
    pub(super) payload: Vec<u8>,
    pub(super) signature: Vec<u8>,
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    /// Extensions that whoever does not know them must refuse (RFC 7515, section 4.1.11).
    crit: Option<serde_json::Value>,
}

impl<'t> Token<'t> {
    pub(super) fn parse(text: &'t str) -> Result<Self, TokenError> {
        if text.len() > LIMIT {
            return Err(TokenError::Malformed);
        }
        let (signed, signature) = text.rsplit_once('.').ok_or(TokenError::Malformed)?;
        let (header, payload) = signed.split_once('.').ok_or(TokenError::Malformed)?;
        let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).map_err(|_| TokenError::Malformed);
        let header: Header =
            serde_json::from_slice(&decode(header)?).map_err(|_| TokenError::Malformed)?;
        if header.crit.is_some() {
            return Err(TokenError::Malformed);
        }
        let algorithm = serde_json::from_value(header.alg.into());
        let algorithm = algorithm.map_err(|_| TokenError::Algorithm)?;
        let key_id = header.kid.ok_or(TokenError::UnknownKey)?;
        let (payload, signature) = (decode(payload)?, decode(signature)?);
        Ok(Self { algorithm, key_id, signed, payload, signature })
    }
}
