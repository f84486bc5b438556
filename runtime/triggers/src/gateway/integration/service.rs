//! Calls of AWS's services, by the protocols that Samovar speaks.

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, Request, header};
use http_body_util::Full;
use samovar_app::{AwsIntegration, ParameterTarget, ServiceAction, ServiceIntegration};
use serde_json::{Map, Value, json};
use tokio::time::timeout;

use super::util::url_encode;
use super::values::Call;
use super::{Integrations, Reply, change, exchange, xml};
use crate::gateway::failure::Failure;

const FORM: &str = "application/x-www-form-urlencoded";

/// An `AWS` integration of a REST API.
pub(super) async fn of_rest(
    integrations: &Integrations,
    aws: &AwsIntegration,
    call: &Call<'_>,
) -> Result<Reply, Failure> {
    let body = exchange::request_body(&aws.exchange, call)?;
    let mut path = aws.path.clone();
    let mut query: Vec<(String, String)> = Vec::new();
    let mut request = Request::new(Full::from(body));
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    let given = call.headers.get(header::CONTENT_TYPE).cloned();
    let json = HeaderValue::from_static("application/json");
    headers.insert(header::CONTENT_TYPE, given.unwrap_or(json));
    if let Some(action) = &aws.action {
        if aws.service == "events" {
            let target = HeaderValue::from_str(&format!("AWSEvents.{action}"));
            headers.extend(target.ok().map(|t| (HeaderName::from_static("x-amz-target"), t)));
        } else {
            query.push(("Action".to_owned(), action.clone()));
        }
    }
    for (target, mapping) in &aws.exchange.parameters {
        let Some(value) = call.value(mapping, None) else { continue };
        match target {
            ParameterTarget::Header(name) => {
                let pair = (name.parse::<HeaderName>(), HeaderValue::from_str(&value));
                if let (Ok(name), Ok(value)) = pair {
                    headers.insert(name, value);
                }
            }
            ParameterTarget::Query(name) => query.push((name.clone(), value)),
            ParameterTarget::Path(name) => {
                path = path.replace(&format!("{{{name}}}"), &url_encode(&value));
            }
            ParameterTarget::FullPath | ParameterTarget::StatusCode => {}
        }
    }
    if !query.is_empty() {
        path = format!("{path}?{}", form(&query));
    }
    let is_form = |value: &HeaderValue| value.as_bytes().starts_with(FORM.as_bytes());
    let is_query = !query.is_empty() || headers.get(header::CONTENT_TYPE).is_some_and(is_form);
    *request.uri_mut() = path.parse().map_err(|_| malformed(&path))?;
    *request.method_mut() = aws.method.parse().unwrap_or(Method::POST);
    let mut reply = limited(integrations, request, call).await?;
    // API Gateway asks services of the query protocol for JSON.
    if is_query && let Some(value) = xml::to_json(&String::from_utf8_lossy(&reply.body)) {
        reply.body = with_nulls(value).to_string().into();
        let json = HeaderValue::from_static("application/json");
        reply.headers.insert(header::CONTENT_TYPE, json);
    }
    exchange::respond(&aws.exchange, call, &reply)
}

/// What SQS's JSON has of a message that was sent, there or not.
fn with_nulls(mut value: Value) -> Value {
    if let Some(result) = value.pointer_mut("/SendMessageResponse/SendMessageResult")
        && let Some(result) = result.as_object_mut()
    {
        for name in ["MD5OfMessageAttributes", "MD5OfMessageSystemAttributes", "SequenceNumber"] {
            result.entry(name).or_insert(Value::Null);
        }
    }
    value
}

/// A first-class integration of an HTTP API.
pub(super) async fn of_http(
    integrations: &Integrations,
    service: &ServiceIntegration,
    call: &Call<'_>,
) -> Result<Reply, Failure> {
    let given = service.parameters.iter();
    let given: Vec<(&str, String)> = given
        .filter(|(name, _)| name != "Region")
        .filter_map(|(name, mapping)| Some((name.as_str(), call.value(mapping, None)?)))
        .collect();
    let request = match service.action {
        ServiceAction::PutEvents => put_events(&given),
        action => {
            let name = action.as_str().trim_start_matches("SQS-");
            query(name, &given)
        }
    };
    let mut reply = limited(integrations, request, call).await?;
    change::responses(&mut reply, &service.response_changes, call);
    Ok(reply)
}

/// A call of SQS's query protocol.
fn query(action: &str, given: &[(&str, String)]) -> Request<Full<Bytes>> {
    let mut fields = vec![
        ("Action".to_owned(), action.to_owned()),
        ("Version".to_owned(), "2012-11-05".to_owned()),
    ];
    for (name, value) in given {
        match *name {
            "MessageAttributes" | "MessageSystemAttributes" => {
                let one = name.trim_end_matches('s');
                let attributes: Value = serde_json::from_str(value).unwrap_or_default();
                for (at, (name, value)) in attributes.as_object().into_iter().flatten().enumerate()
                {
                    let prefix = format!("{one}.{}", at + 1);
                    fields.push((format!("{prefix}.Name"), name.clone()));
                    for (field, value) in value.as_object().into_iter().flatten() {
                        let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                        fields.push((format!("{prefix}.Value.{field}"), value));
                    }
                }
            }
            "AttributeNames" | "MessageAttributeNames" | "MessageSystemAttributeNames" => {
                let one = name.trim_end_matches('s');
                let names: Vec<String> = match serde_json::from_str(value) {
                    Ok(names) => names,
                    Err(_) => value.split(',').map(|name| name.trim().to_owned()).collect(),
                };
                for (at, name) in names.into_iter().enumerate() {
                    fields.push((format!("{one}.{}", at + 1), name));
                }
            }
            name => fields.push((name.to_owned(), value.clone())),
        }
    }
    let mut request = post(form(&fields), FORM);
    let path = given.iter().find(|(name, _)| *name == "QueueUrl").and_then(|(_, url)| {
        let rest = url.split_once("://")?.1;
        rest[rest.find('/')?..].parse().ok()
    });
    if let Some(path) = path {
        *request.uri_mut() = path;
    }
    request
}

/// A call of EventBridge's `PutEvents` with one entry.
fn put_events(given: &[(&str, String)]) -> Request<Full<Bytes>> {
    let mut entry = Map::new();
    for (name, value) in given {
        let value = match *name {
            "Resources" => serde_json::from_str(value).unwrap_or_else(|_| json!([value])),
            "Time" => value.parse::<f64>().map_or_else(|_| json!(value), |time| json!(time)),
            _ => json!(value),
        };
        entry.insert((*name).to_owned(), value);
    }
    let mut request = post(json!({"Entries": [entry]}).to_string(), "application/x-amz-json-1.1");
    let target = HeaderValue::from_static("AWSEvents.PutEvents");
    request.headers_mut().insert("x-amz-target", target);
    request
}

fn post(body: String, content_type: &'static str) -> Request<Full<Bytes>> {
    let mut request = Request::new(Full::from(body));
    *request.method_mut() = Method::POST;
    let headers = request.headers_mut();
    headers.insert(header::HOST, HeaderValue::from_static("localhost"));
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    request
}

fn form(fields: &[(String, String)]) -> String {
    let fields = fields.iter();
    let fields = fields.map(|(name, value)| format!("{}={}", url_encode(name), url_encode(value)));
    fields.collect::<Vec<_>>().join("&")
}

async fn limited(
    integrations: &Integrations,
    request: Request<Full<Bytes>>,
    call: &Call<'_>,
) -> Result<Reply, Failure> {
    let called = timeout(call.limit, integrations.call(request));
    called.await.map_err(|_| Failure::TimedOut)?
}

fn malformed(path: &str) -> Failure {
    Failure::Refused(format!("{path:?} is no path"))
}
