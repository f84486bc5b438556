//! HTTP requests as events of API Gateway, of function URLs and of load balancers, and back.
//!
//! Payload formats 2.0 and 1.0: API Gateway Developer Guide, "Create AWS Lambda proxy
//! integrations for HTTP APIs"; AWS Lambda Developer Guide, "Invoking Lambda function URLs". Load
//! balancers: User Guide for Application Load Balancers, "Use Lambda functions as targets".

use std::borrow::Cow;
use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use bytes::Bytes;
use http::header::{CONTENT_ENCODING, CONTENT_TYPE, COOKIE, HOST, HeaderMap, SET_COOKIE};
use http::response::Parts;
use http::{HeaderName, HeaderValue, Request};
use http_body_util::{BodyExt, Full};
use samovar_dispatch::Body;
use serde::Deserialize;
use serde_json::{Map, Value, json};

/// The shape of an event, and so of its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// 2.0: HTTP APIs and function URLs.
    V2,
    /// 1.0: REST APIs, HTTP APIs that ask for it.
    V1,
    /// A load balancer.
    Alb {
        /// Whether its target group has multi-value headers. It then reads those of the response,
        /// and else the others.
        multi_value: bool,
    },
}

/// What is read of an event. In 1.0, members that are empty are there and null.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GatewayEvent {
    raw_path: Option<String>,
    raw_query_string: Option<String>,
    cookies: Option<Vec<String>>,
    http_method: Option<String>,
    path: Option<String>,
    query_string_parameters: Option<BTreeMap<String, String>>,
    multi_value_query_string_parameters: Option<BTreeMap<String, Vec<String>>>,
    headers: Option<BTreeMap<String, String>>,
    multi_value_headers: Option<BTreeMap<String, Vec<String>>>,
    #[serde(default)]
    request_context: RequestContext,
    body: Option<String>,
    #[serde(default)]
    is_base64_encoded: bool,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RequestContext {
    http: Option<HttpContext>,
    domain_name: Option<String>,
    /// Who calls, as an authorizer told it.
    authorizer: Option<Value>,
    /// The same of a signature and an API key, in format 1.0.
    identity: Option<Identity>,
    /// There for load balancers, which do not decode the query.
    elb: Option<Value>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Identity {
    api_key_id: Option<String>,
    user_arn: Option<String>,
}

#[derive(Debug, Deserialize)]
struct HttpContext {
    method: String,
}

/// The request that an event stands for.
///
/// # Errors
/// What is wrong with the event, for its sender.
pub fn request(event: &[u8]) -> Result<(Format, Request<Body>), String> {
    const WHAT: &str = "The function takes HTTP requests, and the event is none: expected an \
                        event of API Gateway, a function URL or a load balancer, with rawPath \
                        and requestContext.http.method, or with path and httpMethod";
    let document = event;
    let event: GatewayEvent =
        serde_json::from_slice(event).map_err(|error| format!("{WHAT} ({error})"))?;
    let (format, method, target) =
        if let (Some(path), Some(http)) = (&event.raw_path, &event.request_context.http) {
            let query = event.raw_query_string.clone().unwrap_or_default();
            (Format::V2, http.method.clone(), with_query(path, &query))
        } else if let (Some(path), Some(method)) = (&event.path, &event.http_method) {
            let format = match event.request_context.elb {
                Some(_) => Format::Alb { multi_value: event.multi_value_headers.is_some() },
                None => Format::V1,
            };
            (format, method.clone(), with_query(path, &event.query()))
        } else {
            return Err(WHAT.to_owned());
        };
    let body = event.body()?;
    let mut request = Request::builder()
        .method(method.as_str())
        .uri(target)
        .body(Full::new(body).map_err(|never| match never {}).boxed_unsync())
        .map_err(|error| format!("The event has no valid request: {error}"))?;
    *request.headers_mut() = event.header_map()?;
    event.request_context.mark(document, request.headers_mut());
    Ok((format, request))
}

/// What a component learns of its caller by: the event's `requestContext`, where that says who it
/// is. Samovar's own front door gives it likewise.
const REQUEST_CONTEXT: &str = "x-amzn-request-context";
const LAMBDA_CONTEXT: &str = "x-amzn-lambda-context";

impl RequestContext {
    /// Puts what is known of the caller into a header, instead of what the client put there.
    fn mark(&self, event: &[u8], headers: &mut HeaderMap) {
        headers.remove(REQUEST_CONTEXT);
        headers.remove(LAMBDA_CONTEXT);
        let of_identity =
            |identity: &Identity| identity.api_key_id.is_some() || identity.user_arn.is_some();
        if self.authorizer.is_none() && !self.identity.as_ref().is_some_and(of_identity) {
            return;
        }
        let event: Value = serde_json::from_slice(event).unwrap_or_default();
        let context = event["requestContext"].to_string();
        if let Ok(value) = HeaderValue::from_bytes(context.as_bytes()) {
            headers.insert(REQUEST_CONTEXT, value);
        }
    }
}

impl GatewayEvent {
    /// The query of format 1.0. API Gateway has decoded it.
    fn query(&self) -> String {
        let encode = |text| match self.request_context.elb {
            Some(_) => Cow::Borrowed(text),
            None => Cow::Owned(percent_encode(text, is_unreserved)),
        };
        let pair = |name, value| format!("{}={}", encode(name), encode(value));
        let pairs: Vec<_> =
            match (&self.multi_value_query_string_parameters, &self.query_string_parameters) {
                (Some(parameters), _) => parameters
                    .iter()
                    .flat_map(|(name, values)| values.iter().map(move |value| pair(name, value)))
                    .collect(),
                (None, Some(parameters)) => {
                    parameters.iter().map(|(name, value)| pair(name, value)).collect()
                }
                (None, None) => Vec::new(),
            };
        pairs.join("&")
    }

    fn body(&self) -> Result<Bytes, String> {
        let body = self.body.clone().unwrap_or_default();
        if !self.is_base64_encoded {
            return Ok(body.into());
        }
        let body = BASE64.decode(body);
        body.map(Bytes::from).map_err(|error| format!("The event's body is not base64: {error}"))
    }

    fn header_map(&self) -> Result<HeaderMap, String> {
        let mut headers = HeaderMap::new();
        let mut append = |name: &str, value: &str| {
            let invalid = || format!("The event's header {name:?} is not valid");
            let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| invalid())?;
            headers.append(name, HeaderValue::from_str(value).map_err(|_| invalid())?);
            Ok::<_, String>(())
        };
        match &self.multi_value_headers {
            Some(headers) => {
                for (name, values) in headers {
                    values.iter().try_for_each(|value| append(name, value))?;
                }
            }
            None => {
                for (name, value) in self.headers.iter().flatten() {
                    append(name, value)?;
                }
            }
        }
        if let Some(cookies) = self.cookies.as_ref().filter(|cookies| !cookies.is_empty()) {
            append(COOKIE.as_str(), &cookies.join("; "))?;
        }
        if let Some(domain) = &self.request_context.domain_name
            && !headers.contains_key(HOST)
            && let Ok(domain) = HeaderValue::from_str(domain)
        {
            headers.insert(HOST, domain);
        }
        Ok(headers)
    }
}

/// `path` and `query` as the target of a request.
fn with_query(path: &str, query: &str) -> String {
    let mut target = percent_encode(path, is_of_path);
    if !target.starts_with('/') {
        target.insert(0, '/');
    }
    if !query.is_empty() {
        target.push('?');
        target.push_str(query);
    }
    target
}

/// RFC 3986, section 2.3.
fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~".contains(&byte)
}

/// What may stand in a path as it is (RFC 3986, section 3.3), what is encoded already included.
fn is_of_path(byte: u8) -> bool {
    is_unreserved(byte) || b"/%!$&'()*+,;=:@".contains(&byte)
}

fn percent_encode(text: &str, keep: fn(u8) -> bool) -> String {
    let mut encoded = String::with_capacity(text.len());
    for byte in text.bytes() {
        if keep(byte) {
            encoded.push(char::from(byte));
        } else {
            encoded.push_str(&format!("%{byte:02X}"));
        }
    }
    encoded
}

impl Format {
    /// Whether this caller can take a response in streaming mode: all but load balancers.
    pub fn streams(self) -> bool {
        !matches!(self, Self::Alb { .. })
    }

    /// The answer to an event, for a response.
    pub(super) fn response(self, head: &Parts, body: &[u8]) -> Bytes {
        let text = is_text(&head.headers).then(|| std::str::from_utf8(body).ok()).flatten();
        let mut answer = json!({
            "statusCode": head.status.as_u16(),
            "body": text.map_or_else(|| BASE64.encode(body), str::to_owned),
            "isBase64Encoded": text.is_none(),
        });
        let values = |name: &HeaderName| {
            let values = head.headers.get_all(name).iter();
            values.map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        };
        let each = |skip: Option<&HeaderName>, value: &dyn Fn(&HeaderName) -> Value| {
            let names = head.headers.keys().filter(|name| Some(*name) != skip);
            names.map(|name| (name.to_string(), value(name))).collect::<Map<_, _>>()
        };
        let joined = |name: &HeaderName| values(name).collect::<Vec<_>>().join(",").into();
        let list = |name: &HeaderName| values(name).collect::<Vec<_>>().into();
        match self {
            Self::V2 => {
                answer["headers"] = each(Some(&SET_COOKIE), &joined).into();
                answer["cookies"] = values(&SET_COOKIE).collect::<Vec<_>>().into();
            }
            Self::V1 => {
                answer["headers"] = each(Some(&SET_COOKIE), &joined).into();
                answer["multiValueHeaders"] = each(None, &list).into();
            }
            Self::Alb { multi_value } => {
                let reason = head.status.canonical_reason().unwrap_or_default();
                answer["statusDescription"] = format!("{} {reason}", head.status.as_u16()).into();
                if multi_value {
                    answer["multiValueHeaders"] = each(None, &list).into();
                } else {
                    // The last of several cookies: they cannot be joined.
                    let value = |name: &HeaderName| match *name {
                        SET_COOKIE => values(name).next_back().unwrap_or_default().into(),
                        _ => joined(name),
                    };
                    answer["headers"] = each(None, &value).into();
                }
            }
        }
        answer.to_string().into()
    }
}

/// Whether a body goes into JSON as it is. The same types as in `lambda_http`, so that both
/// builds of a function answer alike.
fn is_text(headers: &HeaderMap) -> bool {
    if headers.contains_key(CONTENT_ENCODING) {
        return false;
    }
    let Some(kind) = headers.get(CONTENT_TYPE) else { return true };
    let Ok(kind) = kind.to_str() else { return false };
    let kind = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let whole =
        ["application/json", "application/javascript", "application/xml", "application/yaml"];
    kind.starts_with("text/")
        || whole.contains(&kind.as_str())
        || ["+xml", "+yaml", "+json"].iter().any(|suffix| kind.ends_with(suffix))
}

#[cfg(test)]
mod tests;
