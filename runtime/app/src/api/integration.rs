//! Integrations: what answers a route.
//!
//! Source: API Gateway developer guide, "x-amazon-apigateway-integration object" and "Create
//! integrations for HTTP APIs"; CloudFormation's resource reference, "AWS::ApiGatewayV2::
//! Integration" and "AWS::ApiGateway::Method Integration".

mod change;
mod exchange;
mod mapping;

use std::collections::BTreeMap;
use std::time::Duration;

pub(super) use self::change::expression_of_rest;
use self::exchange::Beyond;
pub(super) use self::mapping::parts_of_template;
use super::path::timeout;
use crate::model::{
    ApiKind, AwsIntegration, ChangeKind, Exchange, HttpIntegration, Integration, ParameterChange,
    PayloadFormat, ServiceAction, ServiceIntegration,
};
use crate::node::{self, Map, Node, Place, Value};
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;

/// Longest URI in which stage variables are replaced, in bytes: more than a function's can have.
const MAX_URI: usize = 4096;

/// What an integration's properties are called.
pub(super) struct Names {
    kind: &'static str,
    uri: &'static str,
    subtype: &'static str,
    payload: &'static str,
    timeout: &'static str,
    method: &'static str,
    transfer_mode: &'static str,
    response_parameters: &'static str,
    exchange: exchange::Names,
}

/// In a definition.
pub(super) const DEFINITION: Names = Names {
    kind: "type",
    uri: "uri",
    subtype: "integrationSubtype",
    payload: "payloadFormatVersion",
    timeout: "timeoutInMillis",
    method: "httpMethod",
    transfer_mode: "responseTransferMode",
    response_parameters: "responseParameters",
    exchange: exchange::Names {
        parameters: "requestParameters",
        templates: "requestTemplates",
        passthrough: "passthroughBehavior",
        responses: "responses",
    },
};

/// In `AWS::ApiGatewayV2::Integration`.
pub(super) const HTTP_API: Names = Names {
    kind: "IntegrationType",
    uri: "IntegrationUri",
    subtype: "IntegrationSubtype",
    payload: "PayloadFormatVersion",
    timeout: "TimeoutInMillis",
    method: "IntegrationMethod",
    transfer_mode: "",
    response_parameters: "ResponseParameters",
    exchange: IN_RESOURCES,
};

/// Of resources, in either kind of API.
const IN_RESOURCES: exchange::Names = exchange::Names {
    parameters: "RequestParameters",
    templates: "RequestTemplates",
    passthrough: "PassthroughBehavior",
    responses: "IntegrationResponses",
};

/// In `AWS::ApiGateway::Method`. Payload formats and subtypes are for HTTP APIs only, and those
/// do not stream.
pub(super) const REST_API: Names = Names {
    kind: "Type",
    uri: "Uri",
    subtype: "",
    payload: "",
    timeout: "TimeoutInMillis",
    method: "IntegrationHttpMethod",
    transfer_mode: "ResponseTransferMode",
    response_parameters: "",
    exchange: IN_RESOURCES,
};

/// What answers a route, and how it is asked.
#[derive(Clone, Debug)]
pub(super) struct Integrated {
    pub(super) integration: Integration,
    pub(super) payload_format: Option<PayloadFormat>,
    pub(super) timeout: Option<Duration>,
    pub(super) streaming: bool,
}

/// Reads integrations of one API.
pub(super) struct Integrations<'r, 't> {
    pub(super) resolver: &'r Resolver<'t>,
    pub(super) kind: ApiKind,
    pub(super) stage_variables: &'r BTreeMap<String, String>,
}

impl Integrations<'_, '_> {
    /// Reads an integration; `path` is where it is, for notes. `None`: it is faulty, which is
    /// reported.
    pub(super) fn read(
        &self,
        reader: &Reader,
        names: &Names,
        map: &Map,
        at: Place,
        path: &str,
    ) -> Option<Integrated> {
        let payload = self.get(map, names.payload).filter(|_| self.kind == ApiKind::Http);
        let payload_format =
            payload.as_ref().and_then(|node| payload_format(reader, names.payload, node));
        let limit = self.get(map, names.timeout);
        let timeout =
            limit.as_ref().and_then(|node| timeout(reader, names.timeout, node, self.kind));
        let integration = self.answer(reader, names, map, at, path)?;
        if let Integration::Other(what) = &integration {
            reader.report.note(at, path, format!("{what}: not emulated, the route answers 500"));
        }
        let streaming = self.streams(reader, names, map, &integration);
        Some(Integrated { integration, payload_format, timeout, streaming })
    }

    /// Whether a REST API passes the response on as it comes (API Gateway developer guide, "Stream
    /// the integration response for your proxy integrations"). The transfer mode and the URI say
    /// it; AWS refuses an integration whose two disagree.
    fn streams(
        &self,
        reader: &Reader,
        names: &Names,
        map: &Map,
        integration: &Integration,
    ) -> bool {
        let uri = self.get(map, names.uri);
        let uri_node = uri.as_ref().filter(|uri| !uri.is_unresolved());
        let uri = uri_node.and_then(Node::as_str).unwrap_or_default();
        let uri_streams = uri.ends_with("/response-streaming-invocations");
        let is_function = matches!(integration, Integration::Function(_));
        if self.kind == ApiKind::Http {
            return false;
        }
        let node = self.get(map, names.transfer_mode);
        let mode = node
            .as_ref()
            .and_then(|node| reader.choice(names.transfer_mode, node, &["BUFFERED", "STREAM"]));
        let streams = mode == Some("STREAM");
        if let Some(node) = uri_node.filter(|_| is_function && streams != uri_streams) {
            let expected = match streams {
                true => "a URI that streams, as its transfer mode is STREAM",
                false => "a URI that does not stream, as its transfer mode is BUFFERED",
            };
            let help = match streams {
                true => "write `.../2021-11-15/functions/ARN/response-streaming-invocations`",
                false => "set the transfer mode to STREAM, or end the URI with `/invocations`",
            };
            reader.wrong(names.uri, node, expected, help.to_owned());
        }
        if let Some(node) = node.as_ref().filter(|_| streams)
            && !matches!(integration, Integration::Function(_) | Integration::Http(_))
        {
            let help = "only AWS_PROXY and HTTP_PROXY integrations stream".to_owned();
            reader.wrong(names.transfer_mode, node, "BUFFERED", help);
            return false;
        }
        streams
    }

    /// What answers.
    fn answer(
        &self,
        reader: &Reader,
        names: &Names,
        map: &Map,
        at: Place,
        path: &str,
    ) -> Option<Integration> {
        let Some(kind) = self.get(map, names.kind) else {
            let message = format!("the integration of {} has no `{}`", reader.owner, names.kind);
            let help = format!("add one: `{}: {}`", names.kind, proxy(names));
            reader.report.fault(Fault::new(at, message).help(help));
            return None;
        };
        let upper = match kind.as_str() {
            Some(text) if !kind.is_unresolved() => Node::text(text.to_ascii_uppercase(), kind.at),
            _ => kind,
        };
        let kinds: &[&str] = match self.kind {
            ApiKind::Http => &["AWS_PROXY", "HTTP_PROXY"],
            ApiKind::Rest => &["AWS_PROXY", "AWS", "HTTP_PROXY", "HTTP", "MOCK"],
        };
        Some(match reader.choice(names.kind, &upper, kinds)? {
            "AWS_PROXY" => self.proxy(reader, names, map, at)?,
            "AWS" => self.service(reader, names, map, path),
            "MOCK" => match self.exchange(reader, names, map, path) {
                Some(exchange) => Integration::Mock(exchange.into()),
                None => Integration::Other("MOCK with such a template".to_owned()),
            },
            "HTTP_PROXY" => self.http(reader, names, map, at)?,
            other => Integration::Other(other.to_owned()),
        })
    }

    /// What a proxy integration calls: a function, or another service of AWS.
    fn proxy(&self, reader: &Reader, names: &Names, map: &Map, at: Place) -> Option<Integration> {
        if let Some(subtype) = self.get(map, names.subtype) {
            let text = reader.text(names.subtype, &subtype)?;
            let actions = [
                ServiceAction::SendMessage,
                ServiceAction::ReceiveMessage,
                ServiceAction::DeleteMessage,
                ServiceAction::PurgeQueue,
                ServiceAction::PutEvents,
            ];
            let Some(action) = actions.into_iter().find(|action| action.as_str() == text) else {
                return Some(Integration::Other(text.to_owned()));
            };
            let parameters = self.get(map, names.exchange.parameters);
            let parameters =
                parameters.map(|node| change::of_service(reader, names.exchange.parameters, &node));
            return Some(Integration::Service(Box::new(ServiceIntegration {
                action,
                parameters: parameters.unwrap_or_default(),
                response_changes: self.response_changes(reader, names, map),
            })));
        }
        let Some(uri) = self.get(map, names.uri) else {
            let message = format!("the integration of {} has no `{}`", reader.owner, names.uri);
            let help = format!("name the function: `{}: !GetAtt FUNCTION.Arn`", names.uri);
            reader.report.fault(Fault::new(at, message).help(help));
            return None;
        };
        let text = reader.text(names.uri, &uri)?;
        Some(self.target(text, uri.is_unresolved()))
    }

    /// Another server.
    fn http(&self, reader: &Reader, names: &Names, map: &Map, at: Place) -> Option<Integration> {
        let Some(uri) = self.get(map, names.uri) else {
            let message = format!("the integration of {} has no `{}`", reader.owner, names.uri);
            let help = format!("name the server: `{}: https://example.com/{{id}}`", names.uri);
            reader.report.fault(Fault::new(at, message).help(help));
            return None;
        };
        let text = self.with_variables(reader.text(names.uri, &uri)?);
        if uri.is_unresolved() || !(text.starts_with("http://") || text.starts_with("https://")) {
            // A load balancer or a service of Cloud Map, by a VPC link.
            return Some(Integration::Other("HTTP_PROXY by a VPC link".to_owned()));
        }
        let method = self.get(map, names.method);
        let method = method.and_then(|node| Some(reader.text(names.method, &node)?.to_owned()));
        let parameters = self.get(map, names.exchange.parameters);
        let changes = parameters.map(|node| match self.kind {
            ApiKind::Http => change::requests(reader, names.exchange.parameters, &node),
            ApiKind::Rest => {
                let mapped = change::of_rest_requests(reader, names.exchange.parameters, &node);
                let overwrite = |(target, value)| ParameterChange {
                    kind: ChangeKind::Overwrite,
                    target,
                    value,
                };
                mapped.into_iter().map(overwrite).collect()
            }
        });
        Some(Integration::Http(Box::new(HttpIntegration {
            method: method.map(|text| text.to_ascii_uppercase()).filter(|text| text != "ANY"),
            uri: text,
            changes: changes.unwrap_or_default(),
            response_changes: self.response_changes(reader, names, map),
        })))
    }

    fn response_changes(
        &self,
        reader: &Reader,
        names: &Names,
        map: &Map,
    ) -> Vec<(u16, Vec<ParameterChange>)> {
        let name = names.response_parameters;
        let node = self.get(map, name).filter(|_| self.kind == ApiKind::Http);
        node.map(|node| change::responses(reader, name, &node)).unwrap_or_default()
    }

    /// A call of a service, as far as Samovar has it.
    fn service(&self, reader: &Reader, names: &Names, map: &Map, path: &str) -> Integration {
        let uri = self.get(map, names.uri);
        let uri = uri.as_ref().and_then(Node::as_str).unwrap_or_default();
        let uri = self.with_variables(uri);
        let name = service(&uri);
        let other = || Integration::Other(format!("AWS {}", name.unwrap_or("service")));
        let Some(name) = name.filter(|name| ["sqs", "sns", "events"].contains(name)) else {
            return other();
        };
        let rest = uri.splitn(6, ':').nth(5).unwrap_or_default();
        let (path_of_uri, action) = match (rest.strip_prefix("path"), rest.strip_prefix("action/"))
        {
            (Some(""), _) => ("/".to_owned(), None),
            (Some(path), _) if path.starts_with('/') => (path.to_owned(), None),
            (_, Some(action)) => ("/".to_owned(), Some(action.to_owned())),
            _ => return other(),
        };
        let method = self.get(map, names.method);
        let method = method.and_then(|node| Some(reader.text(names.method, &node)?.to_owned()));
        match self.exchange(reader, names, map, path) {
            Some(exchange) => Integration::Aws(Box::new(AwsIntegration {
                service: name.to_owned(),
                path: path_of_uri,
                action,
                method: method.unwrap_or_else(|| "POST".to_owned()).to_ascii_uppercase(),
                exchange,
            })),
            None => Integration::Other(format!("AWS {name} with such a template")),
        }
    }

    /// Templates and mappings; `None`: they have what is not supported, which is noted.
    fn exchange(&self, reader: &Reader, names: &Names, map: &Map, path: &str) -> Option<Exchange> {
        match exchange::read(reader, &names.exchange, |name| self.get(map, name)) {
            Ok(exchange) => Some(exchange),
            Err(Beyond { at, what }) => {
                reader.report.note(at, path, format!("{what}: not emulated"));
                None
            }
        }
    }

    /// The function that a URI means, with the stage's variables in it.
    pub(super) fn target(&self, uri: &str, is_unresolved: bool) -> Integration {
        let uri = self.with_variables(uri);
        if let Some(function) = self.resolver.load.targets.integration(&uri) {
            return Integration::Function(function);
        }
        if is_unresolved {
            return Integration::Other("a function that is not known here".to_owned());
        }
        let name = uri.split_once(":function:").map(|(_, name)| {
            let end = name.find([':', '/']).unwrap_or(name.len());
            name[..end].chars().take(64).collect::<String>()
        });
        Integration::Other(match (name, service(&uri)) {
            (Some(name), _) => format!("function {name}, which is not in this application"),
            (None, Some(service)) => format!("AWS_PROXY {service}"),
            (None, None) => "AWS_PROXY".to_owned(),
        })
    }

    /// `${stageVariables.NAME}` replaced by the variable's value, as far as URIs go.
    fn with_variables(&self, uri: &str) -> String {
        let mut replaced = String::new();
        let mut rest = uri;
        while let Some((before, after)) = rest.split_once("${stageVariables.")
            && let Some((name, after)) = after.split_once('}')
            && let Some(value) = self.stage_variables.get(name)
            && replaced.len() + before.len() + value.len() <= MAX_URI
        {
            replaced.push_str(before);
            replaced.push_str(value);
            rest = after;
        }
        replaced.push_str(rest);
        replaced
    }

    fn get(&self, map: &Map, name: &str) -> Option<Node> {
        let node = self.resolver.resolve(node::get(map, name)?);
        (node.value != Value::Absent).then_some(node)
    }
}

/// `PayloadFormatVersion` of an HTTP API.
pub(crate) fn payload_format(reader: &Reader, name: &str, node: &Node) -> Option<PayloadFormat> {
    Some(match reader.choice(name, node, &["1.0", "2.0"])? {
        "1.0" => PayloadFormat::V1,
        _ => PayloadFormat::V2,
    })
}

/// The type of an integration with a function, as it is usually written.
fn proxy(names: &Names) -> &'static str {
    if names.kind == DEFINITION.kind { "aws_proxy" } else { "AWS_PROXY" }
}

/// The service of `arn:aws:apigateway:REGION:SERVICE:path/...`.
fn service(uri: &str) -> Option<&str> {
    let mut parts = uri.strip_prefix("arn:")?.splitn(5, ':');
    (parts.nth(1)? == "apigateway").then_some(())?;
    parts.nth(1).filter(|service| (1..=40).contains(&service.len()))
}
