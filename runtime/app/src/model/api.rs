//! HTTP APIs and REST APIs.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{
    Access, ApiKeySource, Authorizer, AwsIntegration, Exchange, HttpIntegration, Mapping,
    ServiceIntegration, Span,
};

/// An API that gives requests to functions.
#[derive(Clone, Debug)]
pub struct Api {
    /// The resource's logical id; `ServerlessHttpApi` or `ServerlessRestApi` where implicit.
    pub logical_id: String,
    /// HTTP API or REST API.
    pub kind: ApiKind,
    /// `Name`, or the logical id.
    pub name: String,
    /// The API's id, as in its host name on AWS: ten lower-case letters and digits,
    /// the same for the same logical id.
    pub id: String,
    /// Stage name: `$default` for HTTP APIs, `Prod` for an implicit REST API. Of several stages
    /// of a plain API, the first in template order.
    pub stage: String,
    /// `StageVariables` (`Variables`).
    pub stage_variables: BTreeMap<String, String>,
    /// Base paths of custom domains (`Domain.BasePath`, API mappings), without slashes at the
    /// ends; empty where there is none or it is the root.
    pub base_paths: Vec<String>,
    /// Routes in the order in which they were found: definition, then events.
    pub routes: Vec<ApiRoute>,
    /// `CorsConfiguration` (`Cors`).
    pub cors: Option<Cors>,
    /// `BinaryMediaTypes` of a REST API, with `/` for SAM's `~1`.
    pub binary_media_types: Vec<String>,
    /// Authorizers that its routes name.
    pub authorizers: Vec<Authorizer>,
    /// `ApiKeySourceType` of a REST API.
    pub api_key_source: ApiKeySource,
    /// What a preflight needs that SAM's `Cors` of a REST API answers
    /// (`AddDefaultAuthorizerToCorsPreflight`, `AddApiKeyRequiredToCorsPreflight`). An HTTP API
    /// answers preflights before it authorizes.
    pub preflight: Access,
    /// `AccessLogSettings.Format` (`AccessLogSetting.Format`); `None`: no requests are logged.
    pub access_log: Option<String>,
    /// `MinimumCompressionSize` of a REST API in bytes; `None`: responses are not compressed.
    pub minimum_compression: Option<u32>,
    /// The resource policy of a REST API as a JSON document, with `execute-api:/STAGE/METHOD/PATH`
    /// for ARNs of its own.
    pub policy: Option<serde_json::Value>,
    /// Gateway responses of a REST API by their types: `DEFAULT_4XX`, `UNAUTHORIZED`.
    pub gateway_responses: BTreeMap<String, GatewayResponse>,
    /// Where the API stands; `None` where implicit.
    pub span: Option<Span>,
}

/// Which of API Gateway's products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKind {
    /// `AWS::Serverless::HttpApi`: payload format 2.0 unless it is told otherwise.
    Http,
    /// `AWS::Serverless::Api`: payload format 1.0.
    Rest,
}

/// What a route matches.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Route {
    /// Upper-case method; `None`: any (`ANY`, `*`, `x-amazon-apigateway-any-method`).
    pub method: Option<String>,
    /// `/orders/{id}`, `/files/{proxy+}`; `None`: the API's `$default` route.
    pub path: Option<String>,
}

/// A route of an API with its integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiRoute {
    /// What it matches.
    pub route: Route,
    /// What answers.
    pub integration: Integration,
    /// `PayloadFormatVersion` of an HTTP API; `None`: as the kind of API has it.
    pub payload_format: Option<PayloadFormat>,
    /// `TimeoutInMillis`; `None`: API Gateway's own limit.
    pub timeout: Option<Duration>,
    /// Whether the response goes to the client as it comes (`ResponseTransferMode: STREAM` of a
    /// REST API).
    pub streaming: bool,
    /// Who may call it, and how often.
    pub access: Access,
    /// Where the route stands.
    pub span: Span,
}

impl ApiRoute {
    /// The logical id of the function that is called, where one is.
    pub fn function(&self) -> Option<&str> {
        match &self.integration {
            Integration::Function(id) => Some(id),
            _ => None,
        }
    }
}

/// What answers a route.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Integration {
    /// The function with this logical id, by proxy integration.
    Function(String),
    /// `MOCK` of a REST API: its templates alone.
    Mock(Box<Exchange>),
    /// `AWS` of a REST API: a call of a service that Samovar has.
    Aws(Box<AwsIntegration>),
    /// `HTTP_PROXY`: another server.
    Http(Box<HttpIntegration>),
    /// A call of a service by an HTTP API (`IntegrationSubtype`).
    Service(Box<ServiceIntegration>),
    /// Something else, which is not emulated, in a few words: `HTTP`, `Kinesis-PutRecord`.
    Other(String),
}

impl Integration {
    /// What answers, in a few words, where it is no function: `mock`, `SQS-SendMessage`.
    pub fn in_words(&self) -> Option<String> {
        Some(match self {
            Self::Function(_) => return None,
            Self::Mock(_) => "mock".to_owned(),
            Self::Aws(aws) => format!("AWS {}", aws.service),
            Self::Http(http) => http.uri.clone(),
            Self::Service(service) => service.action.as_str().to_owned(),
            Self::Other(what) => what.clone(),
        })
    }
}

/// Shape of the events that an HTTP API sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PayloadFormat {
    /// `1.0`, as REST APIs have it.
    V1,
    /// `2.0`.
    V2,
}

/// What the clients of a REST API get instead of its own word for an error.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GatewayResponse {
    /// `StatusCode`; `None`: the error's own.
    pub status: Option<u16>,
    /// Headers by their names.
    pub headers: Vec<(String, Mapping)>,
    /// `ResponseTemplates`: bodies by content type, in lower case. Empty: the error's own body.
    /// [`MappingPart::Context`](super::MappingPart::Context) may also be `error.message`,
    /// `error.messageString` and `error.responseType`.
    pub templates: Vec<(String, Mapping)>,
}

/// Rules of cross-origin resource sharing. Values are as they stand in headers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Cors {
    /// `AllowOrigins`.
    pub allow_origins: Vec<String>,
    /// `AllowMethods`.
    pub allow_methods: Vec<String>,
    /// `AllowHeaders`.
    pub allow_headers: Vec<String>,
    /// `ExposeHeaders`.
    pub expose_headers: Vec<String>,
    /// `MaxAge` in seconds.
    pub max_age: Option<u32>,
    /// `AllowCredentials`.
    pub allow_credentials: bool,
}
