//! Functions and their layers.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use super::{AllowedHost, Cors, ManagedRuntime, Places, Span, Target, Trigger};

/// One `AWS::Serverless::Function` or `AWS::Lambda::Function`.
#[derive(Clone, Debug)]
pub struct Function {
    /// The resource's logical id; in a nested application behind that of the application:
    /// `Orders/Worker`.
    pub logical_id: String,
    /// `FunctionName`, or the logical id with `-` for `/`.
    pub name: String,
    /// `arn:aws:lambda:REGION:ACCOUNT:function:NAME`.
    pub arn: String,
    /// Which version of the function this is: `$LATEST`, or the number of one that was published.
    pub version: String,
    /// Where the resource stands in the template.
    pub span: Span,
    /// Where each of its properties stands, those from `Globals` too.
    pub places: Places,
    /// `Description`.
    pub description: Option<String>,
    /// Native process or WASM component.
    pub kind: Kind,
    /// Why Samovar does not run this function, if it does not: `the runtime java21 is not run yet`.
    pub not_run: Option<String>,
    /// `Runtime`, as the template has it (`provided.al2023`; see [`Self::managed`]); empty for a
    /// container image.
    pub runtime: String,
    /// `Handler`; empty for a container image.
    pub handler: String,
    /// `Architectures` (default `x86_64`).
    pub architecture: Architecture,
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
    /// `Layers`, in order: a later one covers an earlier one.
    pub layers: Vec<LayerReference>,
    /// `ReservedConcurrentExecutions`.
    pub reserved_concurrency: Option<u32>,
    /// `ProvisionedConcurrencyConfig.ProvisionedConcurrentExecutions`.
    pub provisioned_concurrency: Option<u32>,
    /// `AutoPublishAlias`, or the name of an `AWS::Lambda::Alias` of the function.
    pub alias: Option<String>,
    /// `EventInvokeConfig`: what becomes of asynchronous invocations.
    pub asynchronous: Asynchronous,
    /// `DeadLetterQueue` (`DeadLetterConfig`): where asynchronous events go that failed to the end.
    pub dead_letter: Option<Destination>,
    /// `Tracing`.
    pub tracing: Tracing,
    /// `LoggingConfig`.
    pub logging: Logging,
    /// `SnapStart.ApplyOn` is `PublishedVersions`.
    pub snap_start: bool,
    /// `Metadata.Samovar.AllowedHosts`: where a WASM function may send requests.
    pub allowed_hosts: Vec<AllowedHost>,
    /// `Metadata.Samovar.Reuse`: how many requests an isolate of a WASM function serves, one after
    /// another, before it ends (default 1).
    pub reuse: NonZeroU32,
    /// What starts the function, in template order.
    pub triggers: Vec<Trigger>,
    /// `FunctionUrlConfig`, or an `AWS::Lambda::Url` of the function.
    pub url: Option<FunctionUrl>,
}

/// The version that is not published.
const LATEST: &str = "$LATEST";

impl Function {
    /// What this version is known by: `NAME`, or `NAME:VERSION` of one that was published.
    pub fn qualified_name(&self) -> Cow<'_, str> {
        match self.version.as_str() {
            LATEST => Cow::Borrowed(&self.name),
            version => Cow::Owned(format!("{}:{version}", self.name)),
        }
    }

    /// What its triggers call: with an `AutoPublishAlias`, SAM connects them to the alias (SAM
    /// developer guide, "AWS::Serverless::Function").
    pub fn called_by_triggers(&self) -> Cow<'_, str> {
        match &self.alias {
            Some(alias) => Cow::Owned(format!("{}:{alias}", self.name)),
            None => Cow::Borrowed(&self.name),
        }
    }

    /// How many environments are provisioned for this version. Of a function with an alias they are
    /// that one's: a published version's.
    pub fn provisioned(&self) -> u32 {
        match self.version.as_str() {
            LATEST if self.alias.is_some() => 0,
            _ => self.provisioned_concurrency.unwrap_or_default(),
        }
    }

    /// The managed runtime that runs the function's source; `None`: the code is a program.
    pub fn managed(&self) -> Option<ManagedRuntime> {
        ManagedRuntime::parse(&self.runtime)
    }

    /// A function with Lambda's defaults, in account `000000000000` of `us-east-1`, named as its
    /// logical id says (Lambda API reference, "CreateFunction").
    pub fn new(logical_id: &str, kind: Kind, code: Code) -> Self {
        let name = logical_id.replace('/', "-");
        let handler = match kind {
            Kind::Process => "bootstrap".to_owned(),
            Kind::Wasm => format!("{name}.wasm"),
        };
        Self {
            logical_id: logical_id.to_owned(),
            arn: format!("arn:aws:lambda:us-east-1:000000000000:function:{name}"),
            name,
            version: LATEST.to_owned(),
            span: code.span.clone(),
            places: Places::new(code.span.clone()),
            description: None,
            kind,
            not_run: None,
            runtime: "provided.al2023".to_owned(),
            handler,
            architecture: Architecture::X86_64,
            code,
            memory_mb: 128,
            timeout: Duration::from_secs(3),
            ephemeral_storage_mb: 512,
            environment: BTreeMap::new(),
            layers: Vec::new(),
            reserved_concurrency: None,
            provisioned_concurrency: None,
            alias: None,
            asynchronous: Asynchronous::default(),
            dead_letter: None,
            tracing: Tracing::PassThrough,
            logging: Logging::default(),
            snap_start: false,
            allowed_hosts: Vec::new(),
            reuse: NonZeroU32::MIN,
            triggers: Vec::new(),
            url: None,
        }
    }
}

/// What runs a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A native process that speaks the Lambda Runtime API.
    Process,
    /// A WASM component: its `Handler` ends in `.wasm`, or in `.cwasm` where it is compiled ahead
    /// of time.
    Wasm,
}

impl Kind {
    /// What a function of a `provided` runtime is, by its handler.
    pub fn of_handler(handler: &str) -> Self {
        let is_component = handler.ends_with(".wasm") || handler.ends_with(".cwasm");
        if is_component { Self::Wasm } else { Self::Process }
    }

    /// `process` or `wasm`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Process => "process",
            Self::Wasm => "wasm",
        }
    }
}

/// Instruction set that a function is built for on AWS. Here it is the machine's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Architecture {
    /// `x86_64`.
    X86_64,
    /// `arm64`.
    Arm64,
}

impl Architecture {
    /// `x86_64` or `arm64`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

/// Where a function's code is.
#[derive(Clone, Debug)]
pub struct Code {
    /// `CodeUri`, absolute: a folder that exists, or an archive that does. Where the code is not
    /// on this machine, the template's folder.
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
    /// `Metadata.BuildMethod` is `makefile`: `make TARGET ARTIFACTS_DIR=...` in the folder.
    Make {
        /// `build-LOGICALID`.
        target: String,
    },
    /// The folder holds source of a managed runtime, run with the packages that its
    /// `requirements.txt` or `package.json` names, which are installed for it.
    Source,
    /// The folder holds the built artifact already: `bootstrap`, the `.wasm` handler, or a managed
    /// runtime's source beside the packages that it needs.
    Prebuilt,
    /// The path is a zip archive that holds the built artifact.
    Archive,
    /// `InlineCode` (`Code.ZipFile`): the text itself.
    Inline(String),
    /// An object in S3, which is not fetched: `s3://BUCKET/KEY`.
    S3(String),
    /// A container image, which is not run: `ImageUri`, where the template has one.
    Image(Option<String>),
}

/// One of a function's `Layers`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LayerReference {
    /// A layer of the template, by its logical id (see [`App::layers`](crate::App::layers)).
    Local(String),
    /// Another one, by its ARN.
    Remote(String),
}

/// An `AWS::Serverless::LayerVersion` or `AWS::Lambda::LayerVersion`.
#[derive(Clone, Debug)]
pub struct Layer {
    /// The resource's logical id.
    pub logical_id: String,
    /// `LayerName`, or the logical id.
    pub name: String,
    /// `arn:aws:lambda:REGION:ACCOUNT:layer:NAME:1`.
    pub arn: String,
    /// `ContentUri`, absolute: a folder or a zip archive. `None`: it is not on this machine.
    pub path: Option<PathBuf>,
    /// Where the layer stands.
    pub span: Span,
}

/// What becomes of asynchronous invocations (Lambda guide, "Asynchronous invocation").
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asynchronous {
    /// `MaximumEventAgeInSeconds` (default 6 h).
    pub maximum_age: Duration,
    /// `MaximumRetryAttempts` (default 2).
    pub maximum_retries: u32,
    /// `DestinationConfig.OnSuccess`.
    pub on_success: Option<Destination>,
    /// `DestinationConfig.OnFailure`.
    pub on_failure: Option<Destination>,
}

impl Default for Asynchronous {
    fn default() -> Self {
        Self {
            maximum_age: Duration::from_secs(6 * 60 * 60),
            maximum_retries: 2,
            on_success: None,
            on_failure: None,
        }
    }
}

/// Where events or records of them are sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Its ARN.
    pub arn: String,
    /// What of the template that is.
    pub target: Target,
}

/// `Tracing` (`TracingConfig.Mode`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tracing {
    /// `Active`.
    Active,
    /// `PassThrough`, Lambda's default; SAM's `Disabled` too.
    PassThrough,
}

/// `LoggingConfig`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Logging {
    /// `LogFormat` is `JSON` (default `Text`).
    pub json: bool,
    /// `ApplicationLogLevel`: `TRACE` to `FATAL`. Only for JSON.
    pub application_level: Option<String>,
    /// `SystemLogLevel`: `DEBUG`, `INFO` or `WARN`. Only for JSON.
    pub system_level: Option<String>,
    /// `LogGroup` (default `/aws/lambda/NAME`).
    pub group: Option<String>,
}

/// `FunctionUrlConfig`.
#[derive(Clone, Debug)]
pub struct FunctionUrl {
    /// `AuthType`: whether it is `NONE`.
    pub public: bool,
    /// `InvokeMode` is `RESPONSE_STREAM`.
    pub streaming: bool,
    /// `Cors`.
    pub cors: Option<Cors>,
    /// The URL's id, as in its host name on AWS; the same for the same function.
    pub id: String,
    /// Where it stands.
    pub span: Span,
}
