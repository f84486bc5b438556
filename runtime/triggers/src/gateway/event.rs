//! What both payload formats share.

use std::borrow::Cow;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, header};
use samovar_dispatch::{Account, Invocation};

use super::endpoint::Endpoint;
use super::headers;
use super::inbound::Inbound;
use super::route::Matched;

/// Everything an event is made of.
pub(crate) struct Source<'r> {
    pub(crate) account: &'r Account,
    pub(crate) endpoint: &'r Endpoint,
    pub(crate) matched: &'r Matched<'r>,
    pub(crate) inbound: &'r Inbound,
    /// The path without a stage.
    pub(crate) path: &'r str,
    pub(crate) body: &'r Bytes,
    /// See [`headers::forwarded`].
    pub(crate) headers: &'r HeaderMap,
    pub(crate) invocation: &'r Invocation,
    /// See [`Ids`](super::ids::Ids).
    pub(crate) extended_request_id: &'r str,
}

impl<'r> Source<'r> {
    /// `requestContext.domainName`: the host without its port.
    pub(crate) fn domain_name(&self) -> &'r str {
        &self.inbound.host.name
    }

    /// `requestContext.domainPrefix`: the host's first label, and the endpoint's id where the
    /// host has none.
    pub(crate) fn domain_prefix(&self) -> &'r str {
        self.inbound.host.label().unwrap_or(&self.endpoint.id)
    }
}

/// A body as an event carries it.
pub(crate) struct EventBody<'b> {
    /// `None`: there is none.
    pub(crate) text: Option<Cow<'b, str>>,
    pub(crate) is_base64: bool,
}

impl<'b> EventBody<'b> {
    /// Payload format 2.0: text types as they are, all others as base64. AWS's list of text
    /// types (Lambda guide, "Using AWS Lambda with an Application Load Balancer"; function URLs
    /// and HTTP APIs do the same) is `text/*`, `application/json`, `application/javascript`,
    /// `application/xml`; the `+json` and `+xml` types belong to them. A body without a type is
    /// text if it is UTF-8.
    pub(crate) fn v2(body: &'b Bytes, headers: &HeaderMap) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).map(headers::text);
        Self::new(body, content_type.as_deref().is_none_or(is_text))
    }

    /// Payload format 1.0 of a REST API without `BinaryMediaTypes`: text. What is not UTF-8
    /// cannot be text; AWS would damage it, here it comes as base64.
    pub(crate) fn v1(body: &'b Bytes) -> Self {
        Self::new(body, true)
    }

    fn new(body: &'b Bytes, as_text: bool) -> Self {
        if body.is_empty() {
            return Self { text: None, is_base64: false };
        }
        match std::str::from_utf8(body) {
            Ok(text) if as_text => Self { text: Some(text.into()), is_base64: false },
            _ => Self { text: Some(STANDARD.encode(body).into()), is_base64: true },
        }
    }
}

fn is_text(content_type: &str) -> bool {
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    let media_type = media_type.to_ascii_lowercase();
    media_type.starts_with("text/")
        || ["application/json", "application/javascript", "application/xml"]
            .contains(&media_type.as_str())
        || media_type.ends_with("+json")
        || media_type.ends_with("+xml")
}
