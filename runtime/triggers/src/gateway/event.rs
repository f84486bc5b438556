//! What both payload formats share.

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, header};
use percent_encoding::percent_decode_str;
use samovar_dispatch::Account;

use super::authorizer::Identity;
use super::binary::MediaTypes;
use super::endpoint::{Endpoint, Front};
use super::headers;
use super::inbound::Inbound;
use super::route::Matched;

/// Everything an event is made of.
#[derive(Clone, Copy)]
pub(crate) struct Source<'r> {
    pub(crate) account: &'r Account,
    pub(crate) endpoint: &'r Endpoint,
    pub(crate) matched: &'r Matched<'r>,
    pub(crate) inbound: &'r Inbound,
    /// The path without a stage.
    pub(crate) path: &'r str,
    /// Whether it begins with a base path, as a path of a custom domain name does.
    pub(crate) is_mapped: bool,
    /// The path that was routed: without a base path, too.
    pub(crate) routed: &'r str,
    pub(crate) body: &'r Bytes,
    /// See [`headers::forwarded`].
    pub(crate) headers: &'r HeaderMap,
    /// The invocation's.
    pub(crate) request_id: &'r str,
    /// The invocation's.
    pub(crate) trace_id: &'r str,
    /// Who calls.
    pub(crate) identity: &'r Identity,
    /// See [`Ids`](super::ids::Ids).
    pub(crate) extended_request_id: &'r str,
}

impl<'r> Source<'r> {
    /// The body as the front end gives it to functions.
    pub(crate) fn event_body(&self) -> EventBody<'r> {
        match self.endpoint.front {
            Front::RestApi => EventBody::rest(self.body, self.headers, &self.endpoint.binary),
            Front::HttpApi | Front::FunctionUrl => EventBody::http(self.body, self.headers),
        }
    }

    /// `pathParameters`. HTTP APIs decode them, REST APIs give them as they stand in the path
    /// (aws-lambda-dotnet, `HttpContextTestCases.cs`, which AWS's own answers are compared with).
    pub(crate) fn path_parameters(&self) -> BTreeMap<&'r str, Cow<'r, str>> {
        let parameters = self.matched.parameters.iter();
        let value = |text: &'r str| match self.endpoint.front {
            Front::RestApi => Cow::Borrowed(text),
            Front::HttpApi | Front::FunctionUrl => percent_decode_str(text).decode_utf8_lossy(),
        };
        parameters.map(|(name, text)| (*name, value(text))).collect()
    }

    /// `stageVariables`, if there are any.
    pub(crate) fn stage_variables(&self) -> Option<&'r BTreeMap<String, String>> {
        Some(&self.endpoint.stage_variables).filter(|variables| !variables.is_empty())
    }

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
    /// Of HTTP APIs and function URLs: text types as they are, all others as base64. AWS's list of text
    /// types (Lambda guide, "Using AWS Lambda with an Application Load Balancer"; function URLs
    /// and HTTP APIs do the same) is `text/*`, `application/json`, `application/javascript`,
    /// `application/xml`; the `+json` and `+xml` types belong to them. A body without a type is
    /// text if it is UTF-8.
    pub(crate) fn http(body: &'b Bytes, headers: &HeaderMap) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).map(headers::text);
        Self::new(body, content_type.as_deref().is_none_or(is_text))
    }

    /// A REST API's: base64 if its type is one of `BinaryMediaTypes`, text otherwise. What is not
    /// UTF-8 cannot be text; AWS would damage it, here it comes as base64.
    pub(crate) fn rest(body: &'b Bytes, headers: &HeaderMap, binary: &MediaTypes) -> Self {
        let content_type = headers.get(header::CONTENT_TYPE).map(headers::text);
        Self::new(body, !binary.are_of_body(content_type.as_deref()))
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
