//! Signature Version 4: whether a request comes from somebody who has the secret key.
//!
//! AWS Identity and Access Management user guide, "AWS Signature Version 4 for API requests". Both
//! forms are taken: the `Authorization` header, and the query of a presigned URL. The signature
//! covers method, path, query, host, every `x-amz-` header and the body; region and service of its
//! scope are those that the caller names, since one Samovar is all of them.
//!
//! Bodies without a hash (`UNSIGNED-PAYLOAD`, chunked signatures) are refused: the services here do
//! not take them on AWS either.

mod canonical;
mod claim;
mod error;
mod sign;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hmac::{Hmac, KeyInit, Mac};
use http::Request;
use http::request::Parts;
use http_body::Body as HttpBody;
use http_body_util::Full;
use sha2::{Digest, Sha256};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use self::claim::{ALGORITHM, Claim};
pub use self::error::SignatureError;
pub use self::sign::Signer;
use crate::BoxError;
use crate::body::{BodyError, read_body};

/// Largest body in bytes: Lambda's largest request, an archive of code.
const BODY_LIMIT: usize = 70_167_211;

/// How long a body may take: what waits for room must not wait for ever.
const BODY_TIME: Duration = Duration::from_secs(60);

/// Megabytes of bodies that are held at once before it is known who sends them.
const UNVERIFIED_MB: usize = 256;

/// Somebody's key. Its secret is not shown.
#[derive(Clone)]
pub struct Credentials {
    /// `AKIDEXAMPLE`.
    pub access_key_id: String,
    /// The secret.
    pub secret_access_key: String,
}

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let id = &self.access_key_id;
        f.debug_struct("Credentials").field("access_key_id", id).finish_non_exhaustive()
    }
}

/// Who signed a request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signatory {
    /// The key's id.
    pub access_key_id: String,
}

impl Signatory {
    /// Who a request says has signed it, which is not verified; `None`: it does not say.
    pub fn claimed(parts: &Parts) -> Option<Self> {
        let claim = Claim::read(parts).ok()?;
        Some(Self { access_key_id: claim.access_key_id })
    }
}

/// Verifies requests. Cheap to clone.
#[derive(Clone)]
pub struct Verifier {
    secrets: Arc<HashMap<String, String>>,
    unverified: Arc<Semaphore>,
}

impl Verifier {
    /// Takes requests that are signed with one of these.
    pub fn new(credentials: impl IntoIterator<Item = Credentials>) -> Self {
        let secrets = credentials.into_iter();
        let secrets = secrets.map(|key| (key.access_key_id, key.secret_access_key)).collect();
        Self { secrets: Arc::new(secrets), unverified: Arc::new(Semaphore::new(UNVERIFIED_MB)) }
    }

    /// Who signed a request whose body is read already, if it is signed as it should be at this
    /// time, for this service (`execute-api`, `lambda`).
    ///
    /// # Errors
    /// See [`SignatureError`]; [`SignatureError::Mismatch`] for another service.
    pub fn check(
        &self,
        parts: &Parts,
        body: &[u8],
        service: &str,
        now: SystemTime,
    ) -> Result<Signatory, SignatureError> {
        let claim = Claim::read(parts)?;
        claim.check_time(now)?;
        let secret = self.secrets.get(&claim.access_key_id).ok_or(SignatureError::UnknownKey)?;
        let hash = hex(&Sha256::digest(body));
        if announced_hash(parts)?.is_some_and(|announced| announced != hash) {
            return Err(SignatureError::Mismatch);
        }
        claim.check(parts, &hash, secret)?;
        if claim.service != service {
            return Err(SignatureError::Mismatch);
        }
        Ok(Signatory { access_key_id: claim.access_key_id })
    }

    /// The request with its body read, if it is signed as it should be at this time.
    ///
    /// # Errors
    /// See [`SignatureError`]. Nothing of the body is read unless the signature's form, time and
    /// key id are good.
    pub async fn verify<B>(
        &self,
        request: Request<B>,
        now: SystemTime,
    ) -> Result<Request<Full<Bytes>>, SignatureError>
    where
        B: HttpBody<Data = Bytes>,
        B::Error: Into<BoxError>,
    {
        let (parts, body) = request.into_parts();
        let claim = Claim::read(&parts)?;
        claim.check_time(now)?;
        let secret = self.secrets.get(&claim.access_key_id);
        let secret = secret.ok_or(SignatureError::UnknownKey)?;
        // Another form of the hash, or none: it is that of the body.
        let announced = announced_hash(&parts)?;
        let most = body.size_hint().upper().and_then(|most| usize::try_from(most).ok());
        let most = most.unwrap_or(BODY_LIMIT).min(BODY_LIMIT);
        let megabytes = u32::try_from(most.div_ceil(1 << 20)).unwrap_or(u32::MAX);
        let _held = self.unverified.acquire_many(megabytes).await;
        let body = match timeout(BODY_TIME, read_body(body, BODY_LIMIT)).await {
            Ok(Ok(body)) => body,
            Ok(Err(BodyError::TooLarge)) => return Err(SignatureError::TooLarge),
            Ok(Err(BodyError::Broken | BodyError::TooSlow)) | Err(_) => {
                return Err(SignatureError::Broken);
            }
        };
        let hash = hex(&Sha256::digest(&body));
        if announced.is_some_and(|announced| announced != hash) {
            return Err(SignatureError::Mismatch);
        }
        claim.check(&parts, &hash, secret)?;
        Ok(Request::from_parts(parts, Full::new(body)))
    }
}

/// The hash of the body that the request names.
fn announced_hash(parts: &Parts) -> Result<Option<&str>, SignatureError> {
    let Some(value) = parts.headers.get("x-amz-content-sha256") else { return Ok(None) };
    let value = value.to_str().map_err(|_| SignatureError::Mismatch)?;
    let is_hash = value.len() == 64 && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    if is_hash { Ok(Some(value)) } else { Err(SignatureError::UnsignedPayload) }
}

impl Claim {
    /// Whether the signature is the one that this secret makes.
    fn check(&self, parts: &Parts, hash: &str, secret: &str) -> Result<(), SignatureError> {
        // Takes the same time wherever they differ.
        let same = self.code(parts, hash, secret)?.verify_slice(&self.signature);
        same.map_err(|_| SignatureError::Mismatch)
    }

    /// The signature that this secret makes.
    fn signature(
        &self,
        parts: &Parts,
        hash: &str,
        secret: &str,
    ) -> Result<Vec<u8>, SignatureError> {
        Ok(self.code(parts, hash, secret)?.finalize().into_bytes().to_vec())
    }

    fn code(
        &self,
        parts: &Parts,
        hash: &str,
        secret: &str,
    ) -> Result<Hmac<Sha256>, SignatureError> {
        let request = canonical::request(parts, self, hash)?;
        let digest = hex(&Sha256::digest(request));
        let Claim { timestamp, date, region, service, .. } = self;
        let text = format!("{ALGORITHM}\n{timestamp}\n{}\n{digest}", self.scope());
        let mut key = format!("AWS4{secret}").into_bytes();
        for part in [date, region, service, "aws4_request"] {
            key = mac(&key, part).finalize().into_bytes().to_vec();
        }
        Ok(mac(&key, &text))
    }

    fn scope(&self) -> String {
        let Claim { date, region, service, .. } = self;
        format!("{date}/{region}/{service}/aws4_request")
    }
}

fn mac(key: &[u8], text: &str) -> Hmac<Sha256> {
    // A key of any length will do (RFC 2104, section 3), so this is never refused.
    #[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
    let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("a key of any length");
    mac.update(text.as_bytes());
    mac
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests;
