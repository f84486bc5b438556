//! What mappings and templates may ask of a request.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use percent_encoding::percent_decode_str;
use samovar_app::{Mapping, MappingPart};
use serde_json::{Map, Value, json};

use super::{Reply, json_path};
use crate::gateway::authorizer::Identity;
use crate::gateway::endpoint::Front;
use crate::gateway::headers::text;
use crate::gateway::inbound::Inbound;
use crate::time::{common_log, epoch_millis};

/// A request for an integration.
pub(crate) struct Call<'r> {
    pub(crate) front: Front,
    pub(crate) inbound: &'r Inbound,
    /// The path without a stage.
    pub(crate) path: &'r str,
    /// Path parameters, percent-encoded.
    pub(crate) parameters: &'r [(&'r str, String)],
    /// The client's headers with those that API Gateway adds.
    pub(crate) headers: &'r HeaderMap,
    pub(crate) body: &'r Bytes,
    /// `/orders/{id}`; empty for `$default`.
    pub(crate) resource: &'r str,
    pub(crate) route_key: &'r str,
    pub(crate) api_id: &'r str,
    pub(crate) stage: &'r str,
    pub(crate) stage_variables: &'r BTreeMap<String, String>,
    pub(crate) account_id: &'r str,
    pub(crate) request_id: &'r str,
    pub(crate) extended_request_id: &'r str,
    /// Who calls.
    pub(crate) caller: &'r Identity,
    /// How long the integration may take.
    pub(crate) limit: Duration,
    /// Whether the answer goes to the client as it comes.
    pub(crate) streaming: bool,
}

impl Call<'_> {
    /// `$context` (API Gateway guide, "Variables for data transformations for API Gateway").
    pub(super) fn context(&self) -> Value {
        let inbound = self.inbound;
        let mut identity = Map::new();
        identity.insert("sourceIp".into(), inbound.peer.to_string().into());
        identity.insert("userAgent".into(), inbound.user_agent().into());
        for name in ["accountId", "apiKeyId", "caller", "user", "userArn"] {
            let value = self.caller.variable(&format!("identity.{name}"));
            identity.extend(value.map(|value| (name.to_owned(), value.into())));
        }
        json!({
            "accountId": self.account_id,
            "apiId": self.api_id,
            "authorizer": self.caller.v1().unwrap_or_else(|| json!({})),
            "domainName": inbound.host.name,
            "domainPrefix": inbound.host.label().unwrap_or(self.api_id),
            "extendedRequestId": self.extended_request_id,
            "httpMethod": inbound.method.as_str(),
            "identity": identity,
            "path": format!("/{}{}", self.stage.trim_start_matches("$default"), self.path)
                .replace("//", "/"),
            "protocol": inbound.protocol(),
            "requestId": self.request_id,
            "requestTime": common_log(inbound.at),
            "requestTimeEpoch": epoch_millis(inbound.at),
            "resourcePath": self.resource,
            "routeKey": self.route_key,
            "stage": self.stage,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<String> {
        let values: Vec<String> = self.headers.get_all(name).iter().map(text).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    pub(super) fn query(&self, name: &str) -> Option<String> {
        let parameters = self.inbound.query_parameters(self.front).into_iter();
        let values: Vec<String> =
            parameters.filter(|(own, _)| own == name).map(|(_, value)| value).collect();
        (!values.is_empty()).then(|| values.join(","))
    }

    pub(super) fn path_parameter(&self, name: &str) -> Option<String> {
        let (_, value) = self.parameters.iter().find(|(own, _)| *own == name)?;
        Some(percent_decode_str(value).decode_utf8_lossy().into_owned())
    }

    /// `$input.params()`.
    pub(super) fn all_parameters(&self) -> Value {
        let object = |pairs: Vec<(String, String)>| {
            let pairs = pairs.into_iter().map(|(name, value)| (name, Value::String(value)));
            Value::Object(pairs.collect::<Map<_, _>>())
        };
        let path = self.parameters.iter();
        let path =
            path.filter_map(|(name, _)| Some(((*name).to_owned(), self.path_parameter(name)?)));
        let headers = self.headers.keys();
        let headers = headers
            .filter_map(|name| Some((name.as_str().to_owned(), self.header(name.as_str())?)));
        json!({
            "path": object(path.collect()),
            "querystring": object(self.inbound.query_parameters(self.front)),
            "header": object(headers.collect()),
        })
    }

    /// The body as text; what is not UTF-8 is replaced.
    pub(super) fn body_text(&self) -> Cow<'_, str> {
        String::from_utf8_lossy(self.body)
    }

    /// What a mapping gives; `None`: the request or `reply` does not have it.
    pub(super) fn value(&self, mapping: &Mapping, reply: Option<&Reply>) -> Option<String> {
        match mapping.0.as_slice() {
            [only] => self.part(only, reply),
            parts => {
                Some(parts.iter().map(|part| self.part(part, reply).unwrap_or_default()).collect())
            }
        }
    }

    /// What one part of a mapping gives.
    pub(in crate::gateway) fn part(
        &self,
        part: &MappingPart,
        reply: Option<&Reply>,
    ) -> Option<String> {
        match part {
            MappingPart::Text(text) => Some(text.clone()),
            MappingPart::Header(name) => self.header(name),
            MappingPart::Query(name) => self.query(name),
            MappingPart::PathParameter(name) => self.path_parameter(name),
            MappingPart::FullPath => Some(self.path.to_owned()),
            MappingPart::Body(path) => in_body(self.body, path.as_deref()),
            MappingPart::ResponseHeader(name) => reply?.headers.get(name).map(text),
            MappingPart::ResponseBody(path) => in_body(&reply?.body, path.as_deref()),
            MappingPart::Context(path) => json_path::find(&self.context(), path).map(plain),
            MappingPart::StageVariable(name) => self.stage_variables.get(name).cloned(),
        }
    }
}

fn in_body(body: &Bytes, path: Option<&str>) -> Option<String> {
    match path {
        None => Some(String::from_utf8_lossy(body).into_owned()),
        Some(path) => {
            let document: Value = serde_json::from_slice(body).ok()?;
            json_path::find(&document, path).map(plain)
        }
    }
}

/// Text as it is, anything else as JSON.
pub(super) fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
