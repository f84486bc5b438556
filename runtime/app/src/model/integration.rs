//! Integrations that call no function.

use crate::vtl::Template;

/// What stands around a `MOCK` or `AWS` integration of a REST API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exchange {
    /// `RequestParameters`: what the integration gets, besides the body.
    pub parameters: Vec<(ParameterTarget, Mapping)>,
    /// `RequestTemplates`, by content type.
    pub templates: Vec<(String, Template)>,
    /// `PassthroughBehavior`.
    pub passthrough: Passthrough,
    /// `IntegrationResponses`, in template order.
    pub responses: Vec<IntegrationResponse>,
}

/// What becomes of a body for which there is no template.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Passthrough {
    /// `WHEN_NO_MATCH`: it is passed on.
    #[default]
    WhenNoMatch,
    /// `WHEN_NO_TEMPLATES`: it is passed on if there are no templates at all, else refused (415).
    WhenNoTemplates,
    /// `NEVER`: it is refused (415).
    Never,
}

/// How an integration's answer becomes the client's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IntegrationResponse {
    /// `SelectionPattern`, a regular expression for the integration's status; `None`: the default.
    pub pattern: Option<String>,
    /// The client's status.
    pub status: u16,
    /// Headers by their names.
    pub headers: Vec<(String, Mapping)>,
    /// `ResponseTemplates`, by content type.
    pub templates: Vec<(String, Template)>,
}

/// An `AWS` integration of a REST API: a call of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AwsIntegration {
    /// `sqs`, `sns`, `events`.
    pub service: String,
    /// `path/...` without `path`: `/000000000000/orders`; `/` where an action is named.
    pub path: String,
    /// `action/SendMessage`: `SendMessage`.
    pub action: Option<String>,
    /// `IntegrationHttpMethod`.
    pub method: String,
    /// Its templates and mappings.
    pub exchange: Exchange,
}

/// An `HTTP_PROXY` integration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HttpIntegration {
    /// `IntegrationMethod` (`IntegrationHttpMethod`); `None`: the client's.
    pub method: Option<String>,
    /// `IntegrationUri` (`Uri`), which may have `{name}` of path parameters in it.
    pub uri: String,
    /// Changes to the request.
    pub changes: Vec<ParameterChange>,
    /// Changes to responses, by the status that they are for.
    pub response_changes: Vec<(u16, Vec<ParameterChange>)>,
}

/// A first-class integration of an HTTP API: one call of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceIntegration {
    /// Which.
    pub action: ServiceAction,
    /// The call's parameters by their names.
    pub parameters: Vec<(String, Mapping)>,
    /// Changes to responses, by the status that they are for.
    pub response_changes: Vec<(u16, Vec<ParameterChange>)>,
}

/// The services' calls that an HTTP API can make here (`IntegrationSubtype`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServiceAction {
    /// `SQS-SendMessage`.
    SendMessage,
    /// `SQS-ReceiveMessage`.
    ReceiveMessage,
    /// `SQS-DeleteMessage`.
    DeleteMessage,
    /// `SQS-PurgeQueue`.
    PurgeQueue,
    /// `EventBridge-PutEvents`.
    PutEvents,
}

impl ServiceAction {
    /// As `IntegrationSubtype` has it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SendMessage => "SQS-SendMessage",
            Self::ReceiveMessage => "SQS-ReceiveMessage",
            Self::DeleteMessage => "SQS-DeleteMessage",
            Self::PurgeQueue => "SQS-PurgeQueue",
            Self::PutEvents => "EventBridge-PutEvents",
        }
    }
}

/// A part of a request that a mapping fills.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParameterTarget {
    /// A header.
    Header(String),
    /// A parameter of the query.
    Query(String),
    /// The whole path in an HTTP API (`path`).
    FullPath,
    /// A parameter of the URI's path in a REST API.
    Path(String),
    /// The status, of a response.
    StatusCode,
}

/// A parameter mapping of an HTTP API: `overwrite:header.x`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParameterChange {
    /// What is done.
    pub kind: ChangeKind,
    /// To what.
    pub target: ParameterTarget,
    /// The value; of [`ChangeKind::Remove`] it says nothing.
    pub value: Mapping,
}

/// What a parameter mapping does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeKind {
    /// `append`.
    Append,
    /// `overwrite`.
    Overwrite,
    /// `remove`.
    Remove,
}

/// A value that is made of parts, one after the other.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping(pub Vec<MappingPart>);

/// Where a part of a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MappingPart {
    /// The template.
    Text(String),
    /// A header of the client's request.
    Header(String),
    /// A query parameter of the client's request.
    Query(String),
    /// A path parameter of the client's request.
    PathParameter(String),
    /// The path of the client's request.
    FullPath,
    /// The body of the client's request, or what is in it at a JSON path.
    Body(Option<String>),
    /// A header of the integration's response.
    ResponseHeader(String),
    /// The body of the integration's response, or what is in it at a JSON path.
    ResponseBody(Option<String>),
    /// A field of `$context`, by its path: `identity.sourceIp`.
    Context(String),
    /// A stage variable.
    StageVariable(String),
}
