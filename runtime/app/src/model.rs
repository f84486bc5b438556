//! The application as plain data: what the rest of Samovar sees of a template.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// A place in a source file. Lines and columns count from 1.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Span {
    /// The file.
    pub file: Arc<Path>,
    /// Line, from 1.
    pub line: u32,
    /// Column in characters, from 1.
    pub column: u32,
}

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}", self.file.display(), self.line, self.column)
    }
}

/// A whole application: every resource of the template that Samovar serves.
#[derive(Clone, Debug)]
pub struct App {
    /// The template's path, absolute.
    pub template: PathBuf,
    /// The template's `Description`.
    pub description: Option<String>,
    /// Functions, in template order.
    pub functions: Vec<Arc<Function>>,
    /// HTTP APIs and REST APIs, explicit and implicit, in template order.
    pub apis: Vec<Api>,
    /// Queues, in template order.
    pub queues: Vec<Queue>,
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
}

/// One `AWS::Serverless::Function` (or, later, `AWS::Lambda::Function`).
#[derive(Clone, Debug)]
pub struct Function {
    /// The resource's logical id.
    pub logical_id: String,
    /// `FunctionName`, or the logical id.
    pub name: String,
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub arn: String,
    /// Where the resource stands in the template.
    pub span: Span,
    /// Native process or WASM component.
    pub kind: Kind,
    /// `Runtime`, as the template has it (`provided.al2023`).
    pub runtime: String,
    /// `Handler`.
    pub handler: String,
    /// Where the code is and how it is built.
    pub code: Code,
    /// `MemorySize` in MB (default 128).
    pub memory_mb: u32,
    /// `Timeout` (default 3 s).
    pub timeout: Duration,
    /// `EphemeralStorage.Size` in MB (default 512).
    pub ephemeral_storage_mb: u32,
    /// `Environment.Variables`, resolved: `!Ref QUEUE` is a live URL.
    pub environment: BTreeMap<String, String>,
    /// `ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<u32>,
    /// What starts the function, in template order.
    pub triggers: Vec<Trigger>,
    /// `FunctionUrlConfig`.
    pub url: Option<FunctionUrl>,
}

/// What runs a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A native process that speaks the Lambda Runtime API.
    Process,
    /// A WASM component: its `Handler` ends in `.wasm`.
    Wasm,
}

impl Kind {
    /// `process` or `wasm`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}

/// Where a function's code is.
#[derive(Clone, Debug)]
pub struct Code {
    /// `CodeUri`, absolute. It exists.
    pub path: PathBuf,
    /// Where `CodeUri` (or the function, where it is defaulted) stands.
    pub span: Span,
    /// How the code is built.
    pub build: Build,
}

/// How a function's code becomes something that runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Build {
    /// The folder is a cargo package (or `Metadata.BuildMethod` is `rust-cargolambda`).
    Cargo {
        /// `Metadata.BuildProperties.Binary`, or the stem of a `.wasm` handler;
        /// `None`: the package's only binary.
        binary: Option<String>,
    },
    /// The folder holds the built artifact already: `bootstrap`, or the `.wasm` handler.
    Prebuilt,
}

/// What starts a function.
#[derive(Clone, Debug)]
pub enum Trigger {
    /// A route of an API.
    Http(HttpTrigger),
    /// An event source mapping from a queue.
    Queue(QueueTrigger),
    /// A clock.
    Schedule(ScheduleTrigger),
}

/// An `HttpApi` or `Api` event.
#[derive(Clone, Debug)]
pub struct HttpTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// Logical id of the API (see [`App::apis`]).
    pub api: String,
    /// The route.
    pub route: Route,
    /// Where the event stands.
    pub span: Span,
}

/// One route: what it matches and whom it calls.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// Upper-case method; `None`: any (`ANY`, `*`, `x-amazon-apigateway-any-method`).
    pub method: Option<String>,
    /// `/orders/{id}`, `/files/{proxy+}`; `None`: the API's `$default` route.
    pub path: Option<String>,
}

/// An API that gives requests to functions.
#[derive(Clone, Debug)]
pub struct Api {
    /// The resource's logical id; `ServerlessHttpApi` or `ServerlessRestApi` where implicit.
    pub logical_id: String,
    /// HTTP API or REST API.
    pub kind: ApiKind,
    /// The API's id, as in its host name on AWS: ten lower-case letters and digits,
    /// the same for the same logical id.
    pub id: String,
    /// Stage name: `$default` for HTTP APIs, `Prod` for an implicit REST API.
    pub stage: String,
    /// Routes with the logical id of the function that each calls.
    pub routes: Vec<(Route, String)>,
    /// Where the API stands; `None` where implicit.
    pub span: Option<Span>,
}

/// Which of API Gateway's products.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiKind {
    /// `AWS::Serverless::HttpApi`: payload format 2.0.
    Http,
    /// `AWS::Serverless::Api`: payload format 1.0.
    Rest,
}

/// `FunctionUrlConfig`.
#[derive(Clone, Debug)]
pub struct FunctionUrl {
    /// `AuthType`: whether it is `NONE`.
    pub public: bool,
    /// `InvokeMode` is `RESPONSE_STREAM`.
    pub streaming: bool,
    /// The URL's id, as in its host name on AWS; the same for the same function.
    pub id: String,
    /// Where it stands.
    pub span: Span,
}

/// An `SQS` event: an event source mapping.
#[derive(Clone, Debug)]
pub struct QueueTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// Name of the queue.
    pub queue: String,
    /// `BatchSize` (default 10).
    pub batch_size: u32,
    /// `MaximumBatchingWindowInSeconds` (default 0).
    pub batch_window: Duration,
    /// `FunctionResponseTypes` has `ReportBatchItemFailures`.
    pub report_batch_item_failures: bool,
    /// `ScalingConfig.MaximumConcurrency`.
    pub maximum_concurrency: Option<u32>,
    /// `Enabled` (default true).
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// A `Schedule` or `ScheduleV2` event.
#[derive(Clone, Debug)]
pub struct ScheduleTrigger {
    /// The event's name under `Events`.
    pub name: String,
    /// The rule's name: `Name`, or function and event name.
    pub rule: String,
    /// When.
    pub rate: Rate,
    /// `Input`: the event's payload instead of EventBridge's own.
    pub input: Option<String>,
    /// `Enabled` (default true).
    pub enabled: bool,
    /// Where the event stands.
    pub span: Span,
}

/// When a schedule fires.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rate {
    /// `rate(VALUE UNIT)`.
    Every(Duration),
    /// `cron(...)` or `at(...)`: kept as written, not emulated yet.
    Expression(String),
}

/// An `AWS::SQS::Queue`.
#[derive(Clone, Debug)]
pub struct Queue {
    /// The resource's logical id.
    pub logical_id: String,
    /// `QueueName`, or the logical id.
    pub name: String,
    /// `http://HOST:PORT/ACCOUNT/NAME`, live.
    pub url: String,
    /// `arn:aws:sqs:REGION:ACCOUNT:NAME`.
    pub arn: String,
    /// Queue attributes by SQS's own names (`VisibilityTimeout`, `RedrivePolicy`, ...), with
    /// SQS's string values: what `CreateQueue` would be given.
    pub attributes: BTreeMap<String, String>,
    /// Where the queue stands.
    pub span: Span,
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
