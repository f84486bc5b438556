//! The application as plain data: what the rest of Samovar sees of a template.

mod access;
mod api;
mod function;
mod host;
mod integration;
mod managed;
mod place;
mod queue;
mod sender;
mod socket;
mod trigger;

use std::path::PathBuf;
use std::sync::Arc;

pub use access::{
    Access, ApiKey, ApiKeySource, Authorization, Authorizer, AuthorizerKind, IdentitySource,
    JwtAuthorizer, LambdaAuthorizer, LambdaAuthorizerForm, PlannedApi, Quota, QuotaPeriod,
    Throttle, UsagePlan, UserPoolsAuthorizer,
};
pub use api::{Api, ApiKind, ApiRoute, Cors, GatewayResponse, Integration, PayloadFormat, Route};
pub use function::{
    Architecture, Asynchronous, Build, Code, Destination, Function, FunctionUrl, Kind, Layer,
    LayerReference, Logging, Tracing,
};
pub use host::{AllowedHost, AllowedHostError, Host, HostError, HostPattern};
pub use integration::{
    AwsIntegration, ChangeKind, Exchange, HttpIntegration, IntegrationResponse, Mapping,
    MappingPart, ParameterChange, ParameterTarget, Passthrough, ServiceAction, ServiceIntegration,
};
pub use managed::ManagedRuntime;
pub use place::{Places, Span};
pub use queue::{Queue, Subscription, Target, Topic};
pub use sender::{QueueTarget, Sender};
pub use socket::{WebSocketApi, WebSocketRoute};
pub use trigger::{
    AlexaTrigger, BucketTrigger, HttpTrigger, InputTransformer, IotTrigger, LogsTrigger,
    QueueTrigger, Rate, RetryPolicy, RuleTrigger, ScheduleService, ScheduleTrigger,
    SqsSubscription, StreamSource, StreamTrigger, TopicTrigger, Trigger, UserPoolTrigger,
};

/// A whole application: every resource of the template, and those that Samovar serves in full.
#[derive(Clone, Debug)]
pub struct App {
    /// The template's path, absolute.
    pub template: PathBuf,
    /// The template's `Description`.
    pub description: Option<String>,
    /// Functions, in template order; those that are not run too (see [`Function::not_run`]).
    pub functions: Vec<Arc<Function>>,
    /// Layers, in template order.
    pub layers: Vec<Layer>,
    /// HTTP APIs and REST APIs, explicit and implicit, in template order.
    pub apis: Vec<Api>,
    /// WebSocket APIs, in template order.
    pub web_sockets: Vec<WebSocketApi>,
    /// API keys, in template order.
    pub api_keys: Vec<ApiKey>,
    /// Usage plans, in template order.
    pub usage_plans: Vec<UsagePlan>,
    /// Queues, in template order.
    pub queues: Vec<Queue>,
    /// Topics, in template order.
    pub topics: Vec<Topic>,
    /// Queues that rules and schedules send to, in template order.
    pub queue_targets: Vec<QueueTarget>,
    /// Every resource that is created, in template order.
    pub resources: Vec<Resource>,
    /// The template's `Outputs`, resolved.
    pub outputs: Vec<Output>,
    /// What the template asks for and Samovar does not do.
    pub not_emulated: Vec<NotEmulated>,
}

impl App {
    /// The function with this logical id.
    pub fn function(&self, logical_id: &str) -> Option<&Arc<Function>> {
        self.functions.iter().find(|f| f.logical_id == logical_id)
    }

    /// The resource with this logical id. Queues, APIs, topics and layers are resources too: here
    /// is where each of their properties stands.
    pub fn resource(&self, logical_id: &str) -> Option<&Resource> {
        self.resources.iter().find(|resource| resource.logical_id == logical_id)
    }
}

/// One resource of the template, of any type.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its logical id.
    pub logical_id: String,
    /// Its `Type`.
    pub kind: String,
    /// What `Ref` of it gives.
    pub reference: String,
    /// Where it stands.
    pub span: Span,
    /// Where each of its properties stands, those from `Globals` too, by the template's names:
    /// `RedrivePolicy.maxReceiveCount`.
    pub places: Places,
}

/// One of the template's `Outputs`.
#[derive(Clone, Debug)]
pub struct Output {
    /// Its name.
    pub name: String,
    /// Its `Description`.
    pub description: Option<String>,
    /// Its value, resolved.
    pub value: String,
    /// `Export.Name`, resolved.
    pub export: Option<String>,
    /// Where it stands.
    pub span: Span,
}

/// Something the template asks for that Samovar does not do.
#[derive(Clone, Debug)]
pub struct NotEmulated {
    /// Path in the template: `Resources.Table (AWS::DynamoDB::Table)`.
    pub what: String,
    /// What that means for the user, one short line: `not created`.
    pub note: String,
    /// Where it stands.
    pub span: Span,
}
