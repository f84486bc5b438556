//! What a request says of its signature.

use std::time::{Duration, SystemTime};

use http::header;
use http::request::Parts;
use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;

use super::canonical::{pairs, split_list};
use super::error::SignatureError;

/// How far clocks may differ (the guide's "5 minutes").
const SKEW: Duration = Duration::from_secs(5 * 60);

/// The longest life of a presigned URL in seconds: seven days.
const LONGEST_LIFE: u64 = 604_800;

pub(super) const ALGORITHM: &str = "AWS4-HMAC-SHA256";

/// The spelling of times: `20150830T123600Z`.
pub(super) const TIMESTAMP: &str = "%Y%m%dT%H%M%SZ";

/// A signature and what it is made of.
#[derive(Debug)]
pub(super) struct Claim {
    pub(super) access_key_id: String,
    /// `20150830`.
    pub(super) date: String,
    pub(super) region: String,
    pub(super) service: String,
    /// Names, in lower case and in order.
    pub(super) signed_headers: Vec<String>,
    pub(super) signature: Vec<u8>,
    /// `20150830T123600Z`.
    pub(super) timestamp: String,
    pub(super) at: SystemTime,
    /// Seconds that a presigned URL lives; `None`: the signature is in a header.
    pub(super) life: Option<u64>,
}

impl Claim {
    pub(super) fn read(parts: &Parts) -> Result<Self, SignatureError> {
        let mut headers = parts.headers.get_all(header::AUTHORIZATION).iter();
        match (headers.next(), headers.next()) {
            (None, _) => Self::presigned(parts),
            (Some(value), None) => {
                Self::header(parts, value.to_str().map_err(|_| SignatureError::Missing)?)
            }
            (Some(_), Some(_)) => Err(incomplete("There are two Authorization headers.")),
        }
    }

    /// `AWS4-HMAC-SHA256 Credential=…, SignedHeaders=…, Signature=…`.
    fn header(parts: &Parts, value: &str) -> Result<Self, SignatureError> {
        let Some(fields) = value.strip_prefix(ALGORITHM).and_then(|it| it.strip_prefix(' ')) else {
            return Err(incomplete("Authorization header requires 'AWS4-HMAC-SHA256'."));
        };
        let field = |wanted: &str| {
            let mut fields = fields.split(',').filter_map(|field| field.trim().split_once('='));
            let found = fields.find(|(name, _)| *name == wanted).map(|(_, value)| value);
            found.ok_or_else(|| {
                incomplete(&format!("Authorization header requires '{wanted}' parameter."))
            })
        };
        let timestamp = parts.headers.get("x-amz-date").and_then(|value| value.to_str().ok());
        let timestamp = timestamp.ok_or_else(|| {
            incomplete("Authorization header requires existence of a 'X-Amz-Date' header.")
        })?;
        let (credential, headers) = (field("Credential")?, field("SignedHeaders")?);
        Self::new(credential, headers, field("Signature")?, timestamp, None)
    }

    /// A query with `X-Amz-Signature` and its companions.
    fn presigned(parts: &Parts) -> Result<Self, SignatureError> {
        let pairs = pairs(parts.uri.query().unwrap_or_default());
        let get = |wanted: &str| {
            let mut found = pairs.iter().filter(|(name, _)| name == wanted);
            match (found.next(), found.next()) {
                (Some((_, value)), None) => Some(value.as_str()),
                _ => None,
            }
        };
        if get("X-Amz-Algorithm").is_none() && get("X-Amz-Signature").is_none() {
            return Err(SignatureError::Missing);
        }
        if get("X-Amz-Algorithm") != Some(ALGORITHM) {
            return Err(incomplete("X-Amz-Algorithm must be AWS4-HMAC-SHA256."));
        }
        let need = |name: &str| get(name).ok_or_else(|| incomplete(&format!("{name} is missing.")));
        let life = need("X-Amz-Expires")?.parse().ok().filter(|life| *life <= LONGEST_LIFE);
        let life = life.ok_or_else(|| {
            incomplete(&format!("X-Amz-Expires must be from 0 to {LONGEST_LIFE} seconds."))
        })?;
        Self::new(
            need("X-Amz-Credential")?,
            need("X-Amz-SignedHeaders")?,
            need("X-Amz-Signature")?,
            need("X-Amz-Date")?,
            Some(life),
        )
    }

    fn new(
        credential: &str,
        headers: &str,
        signature: &str,
        timestamp: &str,
        life: Option<u64>,
    ) -> Result<Self, SignatureError> {
        let scope: Vec<&str> = credential.rsplitn(5, '/').collect();
        let ["aws4_request", service, region, date, access_key_id] = scope[..] else {
            let form = "Credential must have 5 parts: <access-key-id>/<date>/<region>/<service>/\
                        aws4_request.";
            return Err(incomplete(form));
        };
        let at = DateTime::strptime(TIMESTAMP, timestamp).ok();
        let at = at.and_then(|at| at.to_zoned(TimeZone::UTC).ok()).map(|at| at.timestamp().into());
        let at = at.ok_or_else(|| incomplete("Date must be in ISO-8601 'basic format'."))?;
        if !timestamp.starts_with(date) || date.len() != 8 {
            return Err(SignatureError::Time(
                "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date \
                 from HTTP"
                    .to_owned(),
            ));
        }
        let signature = unhex(signature).ok_or(SignatureError::Mismatch)?;
        let mut signed_headers = split_list(headers);
        let given = signed_headers.clone();
        signed_headers.sort();
        signed_headers.dedup();
        if signed_headers != given || !given.iter().any(|name| name == "host") {
            return Err(incomplete("'Host' must be a 'SignedHeader', and they must be in order."));
        }
        Ok(Self {
            access_key_id: access_key_id.to_owned(),
            date: date.to_owned(),
            region: region.to_owned(),
            service: service.to_owned(),
            signed_headers,
            signature,
            timestamp: timestamp.to_owned(),
            at,
            life,
        })
    }

    /// Whether the signature is of this time.
    pub(super) fn check_time(&self, now: SystemTime) -> Result<(), SignatureError> {
        let spell = |at: SystemTime| {
            let at = Timestamp::try_from(at).unwrap_or_default();
            at.strftime(TIMESTAMP).to_string()
        };
        if let Ok(ahead) = self.at.duration_since(now)
            && ahead > SKEW
        {
            let latest = spell(now + SKEW);
            return Err(SignatureError::Time(format!(
                "Signature not yet current: {} is still later than {latest} ({} + 5 min.)",
                self.timestamp,
                spell(now)
            )));
        }
        let age = now.duration_since(self.at).unwrap_or_default();
        match self.life {
            Some(life) if age > Duration::from_secs(life) => Err(SignatureError::Expired),
            None if age > SKEW => Err(SignatureError::Time(format!(
                "Signature expired: {} is now earlier than {} ({} - 5 min.)",
                self.timestamp,
                spell(now.checked_sub(SKEW).unwrap_or(now)),
                spell(now)
            ))),
            _ => Ok(()),
        }
    }
}

fn incomplete(message: &str) -> SignatureError {
    SignatureError::Incomplete(message.to_owned())
}

/// Bytes of 64 hexadecimal digits in lower case, as signatures are spelled.
fn unhex(text: &str) -> Option<Vec<u8>> {
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    if text.len() != 64 || !text.bytes().all(is_digit) {
        return None;
    }
    let byte = |at: usize| u8::from_str_radix(&text[at..at + 2], 16).ok();
    (0..text.len()).step_by(2).map(byte).collect()
}
