//! The other side: requests of Samovar's own, signed.

use std::time::{Duration, SystemTime};

use http::request::Parts;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, header};
use jiff::Timestamp;
use percent_encoding::utf8_percent_encode;
use sha2::{Digest as _, Sha256};

use super::canonical::ENCODED;
use super::claim::{ALGORITHM, Claim, TIMESTAMP};
use super::error::SignatureError;
use super::{Credentials, hex};

const DATE: HeaderName = HeaderName::from_static("x-amz-date");
const HASH: HeaderName = HeaderName::from_static("x-amz-content-sha256");

/// Signs requests with Signature Version 4 (IAM user guide, "Create a signed AWS API request").
/// Cheap to clone.
#[derive(Clone)]
pub struct Signer {
    credentials: Credentials,
    region: String,
    service: &'static str,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Signer").field("region", &self.region).finish_non_exhaustive()
    }
}

impl Signer {
    /// A signer with these credentials, for requests to a service of a region.
    pub fn new(credentials: Credentials, region: impl Into<String>, service: &'static str) -> Self {
        Self { credentials, region: region.into(), service }
    }

    /// The headers that make a request with this body signed at this time, besides `host` and
    /// those in `headers`, all of which must be sent as they are: `x-amz-date`,
    /// `x-amz-content-sha256` and `authorization`.
    ///
    /// # Errors
    /// `url` is no absolute URL of this form: `http://HOST/PATH?QUERY`.
    pub fn sign(
        &self,
        method: &Method,
        url: &str,
        headers: &HeaderMap,
        body: &[u8],
        now: SystemTime,
    ) -> Result<HeaderMap, SignatureError> {
        let hash = hex(&Sha256::digest(body));
        let mut parts = parts(method, url)?;
        parts.headers.extend(headers.clone());
        let mut added = HeaderMap::new();
        added.insert(DATE, text(&spell(now))?);
        added.insert(HASH, text(&hash)?);
        parts.headers.extend(added.clone());
        let mut names: Vec<_> = parts.headers.keys().map(|name| name.as_str().to_owned()).collect();
        names.sort();
        let claim = self.claim(names, now, None);
        let signature = claim.signature(&parts, &hash, &self.credentials.secret_access_key)?;
        let authorization = format!(
            "{ALGORITHM} Credential={}/{}, SignedHeaders={}, Signature={}",
            claim.access_key_id,
            claim.scope(),
            claim.signed_headers.join(";"),
            hex(&signature)
        );
        added.insert(header::AUTHORIZATION, text(&authorization)?);
        Ok(added)
    }

    /// A URL of `host` by which anybody may `GET` what is at `path` for the time of `life`. The
    /// path is encoded already.
    pub fn presign(&self, host: &str, path: &str, now: SystemTime, life: Duration) -> String {
        let claim = self.claim(vec!["host".to_owned()], now, Some(life.as_secs()));
        let credential = format!("{}/{}", claim.access_key_id, claim.scope());
        let credential = utf8_percent_encode(&credential, ENCODED);
        let url = format!(
            "http://{host}{path}?X-Amz-Algorithm={ALGORITHM}&X-Amz-Credential={credential}\
             &X-Amz-Date={}&X-Amz-Expires={}&X-Amz-SignedHeaders=host",
            claim.timestamp,
            life.as_secs()
        );
        let secret = &self.credentials.secret_access_key;
        let signature = parts(&Method::GET, &url)
            .and_then(|parts| claim.signature(&parts, &hex(&Sha256::digest([])), secret));
        match signature {
            Ok(signature) => format!("{url}&X-Amz-Signature={}", hex(&signature)),
            // A host that is none: the URL leads nowhere either way.
            Err(_) => url,
        }
    }

    fn claim(&self, signed_headers: Vec<String>, now: SystemTime, life: Option<u64>) -> Claim {
        let timestamp = spell(now);
        Claim {
            access_key_id: self.credentials.access_key_id.clone(),
            date: timestamp[..8].to_owned(),
            region: self.region.clone(),
            service: self.service.to_owned(),
            signed_headers,
            signature: Vec::new(),
            timestamp,
            at: now,
            life,
        }
    }
}

/// A request's head, with its host.
fn parts(method: &Method, url: &str) -> Result<Parts, SignatureError> {
    let malformed = |_| SignatureError::Incomplete(format!("`{url}` is no URL."));
    let request = Request::builder().method(method).uri(url).body(()).map_err(malformed)?;
    let (mut parts, ()) = request.into_parts();
    let host = parts.uri.authority().map(ToString::to_string).unwrap_or_default();
    parts.headers.insert(header::HOST, text(&host)?);
    Ok(parts)
}

fn text(value: &str) -> Result<HeaderValue, SignatureError> {
    let malformed = |_| SignatureError::Incomplete(format!("`{value}` is no header's value."));
    HeaderValue::from_str(value).map_err(malformed)
}

fn spell(at: SystemTime) -> String {
    Timestamp::try_from(at).unwrap_or_default().strftime(TIMESTAMP).to_string()
}
