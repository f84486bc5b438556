//! The canonical request: the one spelling of a request that is signed.
//!
//! IAM user guide, "Create a signed AWS API request", step 1.

use http::HeaderMap;
use http::request::Parts;
use percent_encoding::{
    AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode, utf8_percent_encode,
};

use super::claim::Claim;
use super::error::SignatureError;

/// All but RFC 3986's unreserved characters.
pub(super) const ENCODED: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The same, of a whole path.
const ENCODED_PATH: &AsciiSet = &ENCODED.remove(b'/');

/// The query parameter that is not signed.
const SIGNATURE: &str = "X-Amz-Signature";

/// The canonical request with this hash of the body.
pub(super) fn request(parts: &Parts, claim: &Claim, hash: &str) -> Result<String, SignatureError> {
    // What decides of a request must not be added to it on the way.
    let signed = |name: &str| claim.signed_headers.iter().any(|signed| signed == name);
    let all_signed = parts.headers.keys().all(|name| {
        let name = name.as_str();
        !name.starts_with("x-amz-") || name == "x-amz-user-agent" || signed(name)
    });
    if !all_signed {
        return Err(SignatureError::Mismatch);
    }
    let mut headers = String::new();
    for name in &claim.signed_headers {
        let value = value(&parts.headers, name).or_else(|| {
            // HTTP/2 has the host in the URI.
            (name == "host").then(|| parts.uri.authority().map(|host| host.to_string())).flatten()
        });
        let value = value.ok_or(SignatureError::Mismatch)?;
        headers.push_str(&format!("{name}:{value}\n"));
    }
    Ok([
        parts.method.as_str(),
        &path(parts.uri.path()),
        &query(parts.uri.query().unwrap_or_default()),
        &headers,
        &claim.signed_headers.join(";"),
        hash,
    ]
    .join("\n"))
}

/// The path as it was sent, in its shortest form, encoded once more.
fn path(path: &str) -> String {
    let mut segments: Vec<&str> = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let mut shortest = format!("/{}", segments.join("/"));
    if path.ends_with('/') && !segments.is_empty() {
        shortest.push('/');
    }
    utf8_percent_encode(&shortest, ENCODED_PATH).to_string()
}

fn query(query: &str) -> String {
    // By bytes: nothing that differs may become the same here.
    let encode = |text: &str| {
        // As forms have it, which AWS's own signers follow.
        let text = text.replace('+', " ");
        let bytes: Vec<u8> = percent_decode_str(&text).collect();
        percent_encode(&bytes, ENCODED).to_string()
    };
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let mut pairs: Vec<_> = pairs
        .map(|(name, value)| (encode(name), encode(value)))
        .filter(|(name, _)| name != SIGNATURE)
        .collect();
    pairs.sort();
    let pairs: Vec<_> = pairs.iter().map(|(name, value)| format!("{name}={value}")).collect();
    pairs.join("&")
}

/// A query's decoded pairs.
pub(super) fn pairs(query: &str) -> Vec<(String, String)> {
    let decode = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let pairs = query.split('&').filter(|pair| !pair.is_empty());
    let pairs = pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    pairs.map(|(name, value)| (decode(name), decode(value))).collect()
}

/// `host;x-amz-date`, apart.
pub(super) fn split_list(list: &str) -> Vec<String> {
    list.split(';').map(str::to_owned).collect()
}

/// All values of a header, each with its spaces made one.
fn value(headers: &HeaderMap, name: &str) -> Option<String> {
    let values = headers.get_all(name).iter();
    let values: Vec<String> = values
        .map(|value| {
            let text = String::from_utf8_lossy(value.as_bytes()).into_owned();
            text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
        })
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}
