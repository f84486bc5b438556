//! A function's answer as an HTTP response.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, Response, StatusCode, header};
use http_body::Body as _;
use samovar_app::PayloadFormat;
use samovar_dispatch::Body;
use samovar_http::full;
use serde_json::{Map, Value};
use thiserror::Error;

use super::endpoint::Front;
use super::headers::remap;

/// The function answered, but not what the front end understands: AWS's "Malformed Lambda proxy
/// response".
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum Malformed {
    #[error("the function's response is not JSON")]
    NotJson,
    #[error("the function's response is not an object with statusCode, headers and body")]
    NotAnObject,
    #[error("`{0}` is not a field of a proxy response")]
    UnknownField(String),
    #[error("`{0}` is not a statusCode from 200 to 599")]
    StatusCode(String),
    #[error("header `{0}` has a name or value that HTTP does not allow")]
    Header(String),
    #[error("there are more headers than anybody can read")]
    TooManyHeaders,
    #[error("`{0}` is not of the type that a proxy response has there")]
    Type(&'static str),
    #[error("isBase64Encoded is true, but the body is not base64")]
    Base64,
    #[error("the streamed response ended before its prelude did, or its prelude is too long")]
    NoPrelude,
}

/// Fields of a REST API's proxy response; any other makes it malformed (recorded from AWS,
/// LocalStack `apigateway/next_gen/execute_api/integrations/aws.py`).
const V1_FIELDS: [&str; 5] =
    ["statusCode", "headers", "multiValueHeaders", "body", "isBase64Encoded"];

/// By whose rules an answer becomes a response.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Mapping {
    pub(crate) front: Front,
    /// The route's.
    pub(crate) format: PayloadFormat,
    /// Whether the client of a REST API takes binary bodies, see
    /// [`MediaTypes::are_accepted`](super::binary::MediaTypes::are_accepted).
    pub(crate) takes_binary: bool,
    /// Whether the function was asked to stream.
    pub(crate) streaming: bool,
}

impl Mapping {
    /// Reads response bytes.
    ///
    /// # Errors
    /// They are none that the front end understands.
    pub(crate) fn parse(self, payload: &[u8]) -> Result<Response<Bytes>, Malformed> {
        let value = serde_json::from_slice(payload);
        match (self.format, value) {
            (PayloadFormat::V1, Ok(Value::Object(fields))) => {
                self.check(&fields)?;
                self.response(&fields)
            }
            (PayloadFormat::V1, Ok(_)) => Err(Malformed::NotAnObject),
            (PayloadFormat::V1, Err(_)) => Err(Malformed::NotJson),
            (PayloadFormat::V2, Ok(Value::Object(fields))) if fields.contains_key("statusCode") => {
                self.response(&fields)
            }
            // Format 2.0 infers a response: what has no statusCode is the body of a 200 (API
            // Gateway guide, "Lambda function response for format 2.0"), whether it is JSON or
            // not; a bare string is sent without its quotes (aws-lambda-dotnet,
            // `InvokeResponseExtensionsIntegrationTests.cs`, compared with AWS; recorded too in
            // LocalStack's `test_lambda.snapshot.json`).
            (PayloadFormat::V2, Ok(Value::String(text))) => Ok(inferred(text.into())),
            (PayloadFormat::V2, _) => Ok(inferred(Bytes::copy_from_slice(payload))),
        }
    }

    /// A REST API takes no other fields than its own, and does without any of them (LocalStack's
    /// `test_lambda_aws_proxy_response_format`, validated against AWS); an HTTP API wants
    /// `statusCode`.
    fn check(self, fields: &Map<String, Value>) -> Result<(), Malformed> {
        match self.front {
            Front::RestApi => {
                let unknown = fields.keys().find(|name| !V1_FIELDS.contains(&name.as_str()));
                unknown.map_or(Ok(()), |name| Err(Malformed::UnknownField(name.clone())))
            }
            Front::HttpApi | Front::FunctionUrl if !fields.contains_key("statusCode") => {
                Err(Malformed::StatusCode(String::new()))
            }
            Front::HttpApi | Front::FunctionUrl => Ok(()),
        }
    }

    fn response(self, fields: &Map<String, Value>) -> Result<Response<Bytes>, Malformed> {
        let mut response = Response::new(self.body(fields)?);
        *response.status_mut() = status(fields.get("statusCode"))?;
        let headers = response.headers_mut();
        match self.format {
            PayloadFormat::V1 => v1_headers(fields, headers)?,
            PayloadFormat::V2 => v2_headers(fields, headers)?,
        }
        remap(self.front, headers);
        if !headers.contains_key(header::CONTENT_TYPE) {
            let default = match self.front {
                Front::HttpApi => "text/plain;charset=UTF-8",
                Front::RestApi | Front::FunctionUrl => "application/json",
            };
            headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(default));
        }
        Ok(response)
    }

    fn body(self, fields: &Map<String, Value>) -> Result<Bytes, Malformed> {
        let text = match fields.get("body") {
            None | Some(Value::Null) => return Ok(Bytes::new()),
            Some(Value::String(text)) => text.clone(),
            // Function URLs write other JSON out (LocalStack's router, compared with AWS).
            Some(other) if self.front == Front::FunctionUrl => other.to_string(),
            Some(_) => return Err(Malformed::Type("body")),
        };
        match fields.get("isBase64Encoded") {
            // A REST API gives the text itself to whom it may not give binary bodies.
            Some(Value::Bool(true)) if self.front == Front::RestApi && !self.takes_binary => {
                Ok(text.into())
            }
            Some(Value::Bool(true)) => {
                STANDARD.decode(text).map(Bytes::from).map_err(|_| Malformed::Base64)
            }
            None | Some(Value::Null | Value::Bool(false)) => Ok(text.into()),
            Some(_) => Err(Malformed::Type("isBase64Encoded")),
        }
    }
}

fn inferred(body: Bytes) -> Response<Bytes> {
    let mut response = Response::new(body);
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// Fields of the prelude behind a REST API (API Gateway guide, "Set up a Lambda proxy integration
/// with payload response streaming").
const PRELUDE_FIELDS: [&str; 4] = ["statusCode", "headers", "multiValueHeaders", "cookies"];

/// Reads the prelude of a streamed response: `statusCode`, `headers` and `cookies`, and
/// `multiValueHeaders` for a REST API, which takes no other field.
pub(crate) fn prelude(front: Front, json: &[u8]) -> Result<Response<()>, Malformed> {
    let Value::Object(fields) = serde_json::from_slice(json).map_err(|_| Malformed::NotJson)?
    else {
        return Err(Malformed::NotAnObject);
    };
    let mut response = Response::new(());
    *response.status_mut() = status(fields.get("statusCode"))?;
    let headers = response.headers_mut();
    if front == Front::RestApi {
        let known = |name: &&String| PRELUDE_FIELDS.contains(&name.as_str());
        if let Some(unknown) = fields.keys().find(|name| !known(name)) {
            return Err(Malformed::UnknownField(unknown.clone()));
        }
        v1_headers(&fields, headers)?;
        cookies(&fields, headers)?;
    } else {
        v2_headers(&fields, headers)?;
    }
    remap(front, headers);
    Ok(response)
}

/// A number or its text; 200 if there is none.
fn status(value: Option<&Value>) -> Result<StatusCode, Malformed> {
    let number = match value {
        None | Some(Value::Null) => Some(200),
        Some(Value::Number(number)) => number
            .as_u64()
            .or_else(|| number.as_f64().filter(|n| n.fract() == 0.0).map(|n| n as u64)),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(_) => None,
    };
    number
        .and_then(|number| u16::try_from(number).ok())
        // 1xx are not final responses, and beyond 599 there is no meaning.
        .filter(|number| (200..600).contains(number))
        .and_then(|number| StatusCode::from_u16(number).ok())
        .ok_or_else(|| Malformed::StatusCode(value.map(Value::to_string).unwrap_or_default()))
}

/// `headers`, and one `set-cookie` for each of `cookies`.
fn v2_headers(fields: &Map<String, Value>, headers: &mut HeaderMap) -> Result<(), Malformed> {
    for (name, value) in object(fields, "headers")? {
        if let Some(value) = scalar(value, "headers")? {
            append(headers, name, &value)?;
        }
    }
    cookies(fields, headers)
}

fn cookies(fields: &Map<String, Value>, headers: &mut HeaderMap) -> Result<(), Malformed> {
    for cookie in list(fields.get("cookies"), "cookies")? {
        if let Some(cookie) = scalar(cookie, "cookies")? {
            append(headers, header::SET_COOKIE.as_str(), &cookie)?;
        }
    }
    Ok(())
}

/// `headers` and `multiValueHeaders` as one list; a pair that is in both counts once (API
/// Gateway guide, "Output format of a Lambda function for proxy integration").
fn v1_headers(fields: &Map<String, Value>, headers: &mut HeaderMap) -> Result<(), Malformed> {
    for (name, values) in object(fields, "multiValueHeaders")? {
        for value in list(Some(values), "multiValueHeaders")? {
            if let Some(value) = scalar(value, "multiValueHeaders")? {
                append(headers, name, &value)?;
            }
        }
    }
    for (name, value) in object(fields, "headers")? {
        let Some(value) = scalar(value, "headers")? else { continue };
        if headers.get_all(name).iter().all(|other| other.as_bytes() != value.as_bytes()) {
            append(headers, name, &value)?;
        }
    }
    Ok(())
}

fn object<'f>(
    fields: &'f Map<String, Value>,
    field: &'static str,
) -> Result<impl Iterator<Item = (&'f String, &'f Value)>, Malformed> {
    match fields.get(field) {
        None | Some(Value::Null) => Ok(None.into_iter().flatten()),
        Some(Value::Object(map)) => Ok(Some(map).into_iter().flatten()),
        Some(_) => Err(Malformed::Type(field)),
    }
}

fn list<'f>(value: Option<&'f Value>, field: &'static str) -> Result<&'f [Value], Malformed> {
    match value {
        None | Some(Value::Null) => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(_) => Err(Malformed::Type(field)),
    }
}

/// A header value's text; `None` for null.
fn scalar(value: &Value, field: &'static str) -> Result<Option<String>, Malformed> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) => Ok(Some(text.clone())),
        Value::Bool(_) | Value::Number(_) => Ok(Some(value.to_string())),
        Value::Array(_) | Value::Object(_) => Err(Malformed::Type(field)),
    }
}

fn append(headers: &mut HeaderMap, name: &str, value: &str) -> Result<(), Malformed> {
    let malformed = || Malformed::Header(name.to_owned());
    let parsed = HeaderName::from_bytes(name.as_bytes()).map_err(|_| malformed())?;
    let value = HeaderValue::from_bytes(value.trim().as_bytes()).map_err(|_| malformed())?;
    // Beyond 32,768 names the map has no more room.
    headers.try_append(parsed, value).map_err(|_| Malformed::TooManyHeaders)?;
    Ok(())
}

/// The response to a HEAD request: the headers that a GET would have, and no body.
pub(crate) fn without_body(response: Response<Body>) -> Response<Body> {
    let (mut parts, body) = response.into_parts();
    if let Some(length) = body.size_hint().exact() {
        parts.headers.insert(header::CONTENT_LENGTH, length.into());
    }
    Response::from_parts(parts, full(Bytes::new()))
}

#[cfg(test)]
mod tests;
