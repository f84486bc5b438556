//! What is known of a function, in the shapes of the service model (botocore,
//! `lambda/2015-03-31/service-2.json`), and how it becomes a function that is served.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use samovar_app::{
    Architecture, Build, Code, Cors, Destination, Function, FunctionUrl, Kind, Layer,
    LayerReference, Logging, Span, Target, Tracing,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::host::{LayerContent, StoredCode};

pub(super) const LATEST: &str = "$LATEST";

/// A function with its versions and all that hangs on it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct Record {
    /// `$LATEST`.
    pub(super) latest: Config,
    /// What was published, oldest first.
    pub(super) versions: Vec<Config>,
    /// How many versions were published, those that are deleted too.
    pub(super) published: u64,
    pub(super) aliases: BTreeMap<String, AliasConfig>,
    pub(super) url: Option<UrlConfig>,
    pub(super) concurrency: Option<u32>,
    pub(super) event_invoke: Option<EventInvoke>,
    pub(super) policy: Vec<Value>,
    pub(super) tags: BTreeMap<String, String>,
    pub(super) mappings: Vec<MappingConfig>,
    /// What the template has; `None` for a function that was made by the API, and is kept.
    #[serde(skip)]
    pub(super) template: Option<Arc<Function>>,
}

/// One version's configuration: `FunctionConfiguration`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Config {
    pub(super) function_name: String,
    pub(super) function_arn: String,
    pub(super) runtime: String,
    pub(super) role: String,
    pub(super) handler: String,
    pub(super) description: String,
    pub(super) timeout: u32,
    pub(super) memory_size: u32,
    pub(super) last_modified: String,
    pub(super) version: String,
    pub(super) environment: BTreeMap<String, String>,
    pub(super) architecture: String,
    pub(super) ephemeral_storage: u32,
    pub(super) dead_letter: Option<String>,
    pub(super) tracing: String,
    pub(super) logging: Value,
    pub(super) layers: Vec<LayerUse>,
    pub(super) revision_id: String,
    /// `None`: the template's.
    pub(super) code: Option<StoredCode>,
    /// Which of the template's builds since Samovar started it is.
    #[serde(skip)]
    pub(super) build: u64,
}

/// A layer of a function.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct LayerUse {
    /// The ARN of its version.
    pub(super) arn: String,
    /// What it has, which the function keeps when the layer goes; `None`: it is not on this
    /// machine.
    pub(super) content: Option<LayerContent>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct AliasConfig {
    pub(super) version: String,
    pub(super) description: String,
    pub(super) weights: BTreeMap<String, f64>,
    pub(super) revision_id: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct UrlConfig {
    pub(super) auth_type: String,
    pub(super) invoke_mode: String,
    pub(super) cors: Option<CorsConfig>,
    pub(super) created: String,
    pub(super) modified: String,
}

/// `Cors` of a function URL.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct CorsConfig {
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_credentials: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_methods: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    allow_origins: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expose_headers: Option<Vec<String>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_age: Option<u32>,
}

#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(super) struct EventInvoke {
    pub(super) maximum_age: Option<u32>,
    pub(super) maximum_retries: Option<u32>,
    pub(super) on_success: Option<String>,
    pub(super) on_failure: Option<String>,
    /// Seconds since the epoch.
    pub(super) modified: f64,
}

/// An event source mapping that was made by the API.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct MappingConfig {
    pub(super) id: String,
    pub(super) arn: String,
    pub(super) enabled: bool,
    pub(super) batch_size: u32,
    pub(super) batch_window: u32,
    pub(super) report_batch_item_failures: bool,
    pub(super) maximum_concurrency: Option<u32>,
    /// Patterns, as text.
    pub(super) filters: Vec<String>,
}

impl Record {
    /// What the template says of a function; `layers` are the template's.
    pub(super) fn of_template(
        function: &Arc<Function>,
        layers: &[Layer],
        now: &str,
        epoch: f64,
    ) -> Self {
        let destination =
            |destination: &Option<Destination>| Some(destination.as_ref()?.arn.clone());
        let asynchronous = &function.asynchronous;
        let event_invoke = (*asynchronous != Default::default()).then(|| EventInvoke {
            maximum_age: u32::try_from(asynchronous.maximum_age.as_secs()).ok(),
            maximum_retries: Some(asynchronous.maximum_retries),
            on_success: destination(&asynchronous.on_success),
            on_failure: destination(&asynchronous.on_failure),
            modified: epoch,
        });
        let url = function.url.as_ref().map(|url| UrlConfig {
            auth_type: if url.public { "NONE" } else { "AWS_IAM" }.to_owned(),
            invoke_mode: if url.streaming { "RESPONSE_STREAM" } else { "BUFFERED" }.to_owned(),
            cors: url.cors.as_ref().map(CorsConfig::of),
            created: now.to_owned(),
            modified: now.to_owned(),
        });
        let alias = |version: &str| AliasConfig {
            version: version.to_owned(),
            description: String::new(),
            weights: BTreeMap::new(),
            revision_id: revision(),
        };
        Self {
            latest: Config::of_template(function, layers, now),
            versions: Vec::new(),
            published: 0,
            // Nothing is published here: what SAM's alias leads to is what the template has.
            aliases: function.alias.iter().map(|name| (name.clone(), alias(LATEST))).collect(),
            url,
            concurrency: function.reserved_concurrency,
            event_invoke,
            policy: Vec::new(),
            tags: BTreeMap::new(),
            mappings: Vec::new(),
            template: Some(function.clone()),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.latest.function_name
    }

    /// The configuration that a qualifier means; `None` for `$LATEST`.
    pub(super) fn config(&self, qualifier: Option<&str>) -> Option<&Config> {
        match qualifier {
            None | Some(LATEST) => Some(&self.latest),
            Some(qualifier) => {
                let alias = self.aliases.get(qualifier).map(|alias| alias.version.as_str());
                let version = alias.unwrap_or(qualifier);
                if version == LATEST {
                    return Some(&self.latest);
                }
                self.versions.iter().find(|config| config.version == version)
            }
        }
    }

    /// All code that some version has.
    pub(super) fn code(&self) -> Vec<StoredCode> {
        let configs = self.versions.iter().chain([&self.latest]);
        configs.filter_map(|config| config.code.clone()).collect()
    }

    /// The same, with its layers.
    pub(super) fn archives(&self) -> Vec<StoredCode> {
        let configs = self.versions.iter().chain([&self.latest]);
        let layers = configs.flat_map(|config| config.layers.iter());
        let layers = layers.filter_map(|layer| match &layer.content {
            Some(LayerContent::Archive(archive)) => Some(archive.clone()),
            _ => None,
        });
        self.code().into_iter().chain(layers).collect()
    }

    /// A version as it is served.
    pub(super) fn function(&self, config: &Config) -> Arc<Function> {
        let mut function = match &self.template {
            Some(function) => Function::clone(function),
            None => Function::new(&config.function_name, kind(config), no_code()),
        };
        let Config { function_name, function_arn, runtime, handler, .. } = config;
        function.name.clone_from(function_name);
        function.arn.clone_from(function_arn);
        function.version.clone_from(&config.version);
        function.runtime.clone_from(runtime);
        function.handler.clone_from(handler);
        function.kind = kind(config);
        function.description = Some(config.description.clone()).filter(|text| !text.is_empty());
        function.memory_mb = config.memory_size;
        function.timeout = Duration::from_secs(config.timeout.into());
        function.ephemeral_storage_mb = config.ephemeral_storage;
        function.environment.clone_from(&config.environment);
        function.architecture = match config.architecture.as_str() {
            "arm64" => Architecture::Arm64,
            _ => Architecture::X86_64,
        };
        function.tracing = match config.tracing.as_str() {
            "Active" => Tracing::Active,
            _ => Tracing::PassThrough,
        };
        let text = |name: &str| config.logging[name].as_str().map(str::to_owned);
        function.logging = Logging {
            json: config.logging["LogFormat"] == "JSON",
            application_level: text("ApplicationLogLevel"),
            system_level: text("SystemLogLevel"),
            group: text("LogGroup"),
        };
        function.dead_letter = config.dead_letter.clone().map(elsewhere);
        function.reserved_concurrency = self.concurrency;
        function.asynchronous = self.event_invoke.clone().unwrap_or_default().asynchronous();
        function.url = self.url.as_ref().map(|url| FunctionUrl {
            public: url.auth_type == "NONE",
            streaming: url.invoke_mode == "RESPONSE_STREAM",
            cors: url.cors.clone().map(CorsConfig::model),
            id: match self.template.as_ref().and_then(|function| function.url.as_ref()) {
                Some(url) => url.id.clone(),
                None => function.name.to_ascii_lowercase(),
            },
            span: span(),
        });
        Arc::new(function)
    }
}

impl Config {
    fn of_template(function: &Function, layers: &[Layer], now: &str) -> Self {
        let Logging { json, application_level, system_level, group } = &function.logging;
        let default_group = || format!("/aws/lambda/{}", function.name);
        let mut logging = json!({
            "LogFormat": if *json { "JSON" } else { "Text" },
            "LogGroup": group.clone().unwrap_or_else(default_group),
        });
        for (name, level) in
            [("ApplicationLogLevel", application_level), ("SystemLogLevel", system_level)]
        {
            if let Some(level) = level {
                logging[name] = level.clone().into();
            }
        }
        let account = function.arn.split(':').nth(4).unwrap_or_default();
        let layers = function.layers.iter().filter_map(|layer| match layer {
            LayerReference::Local(id) => {
                let layer = layers.iter().find(|layer| layer.logical_id == *id)?;
                let content = layer.path.is_some().then(|| LayerContent::Template(id.clone()));
                Some(LayerUse { arn: layer.arn.clone(), content })
            }
            LayerReference::Remote(arn) => Some(LayerUse { arn: arn.clone(), content: None }),
        });
        Self {
            function_name: function.name.clone(),
            function_arn: function.arn.clone(),
            runtime: function.runtime.clone(),
            role: format!("arn:aws:iam::{account}:role/{}", function.name),
            handler: function.handler.clone(),
            description: function.description.clone().unwrap_or_default(),
            timeout: u32::try_from(function.timeout.as_secs()).unwrap_or(900),
            memory_size: function.memory_mb,
            last_modified: now.to_owned(),
            version: LATEST.to_owned(),
            environment: function.environment.clone(),
            architecture: function.architecture.as_str().to_owned(),
            ephemeral_storage: function.ephemeral_storage_mb,
            dead_letter: function.dead_letter.as_ref().map(|to| to.arn.clone()),
            tracing: match function.tracing {
                Tracing::Active => "Active",
                Tracing::PassThrough => "PassThrough",
            }
            .to_owned(),
            logging,
            layers: layers.collect(),
            revision_id: revision(),
            code: None,
            build: 0,
        }
    }

    /// What its layers have, of those that are on this machine.
    pub(super) fn layer_contents(&self) -> Vec<LayerContent> {
        self.layers.iter().filter_map(|layer| layer.content.clone()).collect()
    }

    /// The ARN, with the version where `qualified` or published.
    pub(super) fn arn(&self, qualified: bool) -> String {
        if qualified || self.version != LATEST {
            return format!("{}:{}", self.function_arn, self.version);
        }
        self.function_arn.clone()
    }

    /// `FunctionConfiguration`. Lists have no state (recorded from AWS in LocalStack's
    /// `test_lambda_api.snapshot.json`).
    pub(super) fn document(&self, qualified: bool, listed: bool) -> Value {
        let mut document = json!({
            "FunctionName": self.function_name,
            "FunctionArn": self.arn(qualified),
            "Runtime": self.runtime,
            "Role": self.role,
            "Handler": self.handler,
            "CodeSize": self.code.as_ref().map_or(0, |code| code.size),
            "CodeSha256": self.code.as_ref().map_or_else(String::new, sha256),
            "Description": self.description,
            "Timeout": self.timeout,
            "MemorySize": self.memory_size,
            "LastModified": self.last_modified,
            "Version": self.version,
            "TracingConfig": {"Mode": self.tracing},
            "RevisionId": self.revision_id,
            "PackageType": "Zip",
            "Architectures": [self.architecture],
            "EphemeralStorage": {"Size": self.ephemeral_storage},
            "SnapStart": {"ApplyOn": "None", "OptimizationStatus": "Off"},
            "LoggingConfig": self.logging,
        });
        if !self.environment.is_empty() {
            document["Environment"] = json!({"Variables": self.environment});
        }
        if let Some(arn) = &self.dead_letter {
            document["DeadLetterConfig"] = json!({"TargetArn": arn});
        }
        if !self.layers.is_empty() {
            let layers = self.layers.iter().map(|layer| {
                let size = match &layer.content {
                    Some(LayerContent::Archive(archive)) => archive.size,
                    _ => 0,
                };
                json!({"Arn": layer.arn, "CodeSize": size})
            });
            document["Layers"] = layers.collect();
        }
        if !listed {
            document["State"] = "Active".into();
            document["LastUpdateStatus"] = "Successful".into();
        }
        document
    }
}

impl EventInvoke {
    fn asynchronous(self) -> samovar_app::Asynchronous {
        let default = samovar_app::Asynchronous::default();
        let seconds = |seconds: u32| Duration::from_secs(seconds.into());
        samovar_app::Asynchronous {
            maximum_age: self.maximum_age.map_or(default.maximum_age, seconds),
            maximum_retries: self.maximum_retries.unwrap_or(default.maximum_retries),
            on_success: self.on_success.map(elsewhere),
            on_failure: self.on_failure.map(elsewhere),
        }
    }
}

impl CorsConfig {
    fn of(cors: &Cors) -> Self {
        let list = |list: &Vec<String>| (!list.is_empty()).then(|| list.clone());
        Self {
            allow_credentials: Some(cors.allow_credentials),
            allow_headers: list(&cors.allow_headers),
            allow_methods: list(&cors.allow_methods),
            allow_origins: list(&cors.allow_origins),
            expose_headers: list(&cors.expose_headers),
            max_age: cors.max_age,
        }
    }

    fn model(self) -> Cors {
        Cors {
            allow_origins: self.allow_origins.unwrap_or_default(),
            allow_methods: self.allow_methods.unwrap_or_default(),
            allow_headers: self.allow_headers.unwrap_or_default(),
            expose_headers: self.expose_headers.unwrap_or_default(),
            max_age: self.max_age,
            allow_credentials: self.allow_credentials.unwrap_or_default(),
        }
    }
}

/// `CodeSha256`.
pub(super) fn sha256(code: &StoredCode) -> String {
    STANDARD.encode(code.sha256)
}

/// A new `RevisionId`.
pub(super) fn revision() -> String {
    uuid::Uuid::new_v4().to_string()
}

/// A component, or a native program.
pub(super) fn kind(config: &Config) -> Kind {
    let is_program = config.runtime.starts_with("provided");
    if is_program { Kind::of_handler(&config.handler) } else { Kind::Process }
}

/// A destination by its ARN, which tells all that is needed.
fn elsewhere(arn: String) -> Destination {
    Destination { arn, target: Target::Elsewhere }
}

/// Where things stand that no template has.
pub(super) fn span() -> Span {
    Span { file: PathBuf::from("the Lambda API").into(), line: 1, column: 1 }
}

fn no_code() -> Code {
    Code { path: PathBuf::new(), span: span(), build: Build::Archive }
}
