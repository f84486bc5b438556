//! Functions and their versions.

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::StatusCode;
use samovar_app::Kind;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::host::{CodeError, StoredCode};
use super::input::{Query, invalid, read, within};
use super::record::{Config, LATEST, Record, kind, revision, sha256};
use super::{Answer, Functions, nothing, ok};
use crate::reply;

/// Longest of all variables of a function (Lambda guide, "Quotas").
const ENVIRONMENT_BYTES: usize = 4 * 1024;

/// Largest archive in a request (the same page).
const ARCHIVE_BYTES: usize = 50 * 1024 * 1024;

/// Variables that only Lambda sets (Lambda guide, "Defined runtime environment variables").
const RESERVED_VARIABLES: &[&str] = &[
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
    "AWS_DEFAULT_REGION",
    "AWS_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_TASK_ROOT",
    "LAMBDA_RUNTIME_DIR",
];

/// `CreateFunctionRequest`, and `UpdateFunctionConfigurationRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    function_name: Option<String>,
    runtime: Option<String>,
    role: Option<String>,
    handler: Option<String>,
    code: Option<CodeInput>,
    description: Option<String>,
    timeout: Option<u32>,
    memory_size: Option<u32>,
    #[serde(default)]
    publish: bool,
    package_type: Option<String>,
    dead_letter_config: Option<DeadLetterConfig>,
    environment: Option<Environment>,
    tracing_config: Option<TracingConfig>,
    #[serde(default)]
    tags: BTreeMap<String, String>,
    layers: Option<Vec<String>>,
    architectures: Option<Vec<String>>,
    ephemeral_storage: Option<EphemeralStorage>,
    logging_config: Option<Value>,
    revision_id: Option<String>,
}

/// `FunctionCode`, and `UpdateFunctionCodeRequest`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct CodeInput {
    zip_file: Option<String>,
    architectures: Option<Vec<String>>,
    #[serde(default)]
    publish: bool,
    #[serde(default)]
    dry_run: bool,
    revision_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct DeadLetterConfig {
    target_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct TracingConfig {
    mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct EphemeralStorage {
    size: Option<u32>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Publication {
    code_sha256: Option<String>,
    description: Option<String>,
    revision_id: Option<String>,
}

impl Functions {
    pub(super) fn list_functions(&self, query: &Query) -> Answer {
        let all = query.get("FunctionVersion") == Some("ALL");
        let records = self.records();
        let documents = records.values().flat_map(|record| {
            let versions = record.versions.iter().filter(|_| all);
            let configs = [&record.latest].into_iter().chain(versions);
            configs.map(|config| config.document(all, true)).collect::<Vec<_>>()
        });
        Ok(ok(&query.page("Functions", documents.collect(), 50)?))
    }

    pub(super) fn list_versions(&self, name: &str, query: &Query) -> Answer {
        let (record, _) = self.find(name)?;
        let configs = [&record.latest].into_iter().chain(&record.versions);
        let documents = configs.map(|config| config.document(true, true)).collect();
        Ok(ok(&query.page("Versions", documents, 50)?))
    }

    pub(super) fn get_function(&self, name: &str, query: &Query) -> Answer {
        let (record, config, qualified) = self.qualified(name, query)?;
        let mut document = json!({
            "Configuration": config.document(qualified, false),
            // There is no bucket that it could be fetched from.
            "Code": {"RepositoryType": "S3"},
        });
        if !record.tags.is_empty() {
            document["Tags"] = json!(record.tags);
        }
        if let Some(reserved) = record.concurrency {
            document["Concurrency"] = json!({"ReservedConcurrentExecutions": reserved});
        }
        Ok(ok(&document))
    }

    pub(super) fn get_configuration(&self, name: &str, query: &Query) -> Answer {
        let (_, config, qualified) = self.qualified(name, query)?;
        Ok(ok(&config.document(qualified, false)))
    }

    /// The version that a path and query name, and whether they name one.
    fn qualified(
        &self,
        name: &str,
        query: &Query,
    ) -> Result<(Arc<Record>, Config, bool), LambdaError> {
        let (record, own) = self.find(name)?;
        let qualifier = query.get("Qualifier").map(str::to_owned).or(own);
        let Some(config) = record.config(qualifier.as_deref()).cloned() else {
            let qualifier = qualifier.unwrap_or_default();
            let arn = format!("{}:{qualifier}", record.latest.function_arn);
            return Err(LambdaError::FunctionNotFound { arn });
        };
        Ok((record, config, qualifier.is_some()))
    }

    pub(super) async fn create_function(&self, body: &[u8]) -> Answer {
        let input: Settings = read(body)?;
        let _writing = self.0.writing.lock().await;
        let name = input.function_name.clone().unwrap_or_default();
        let name = name.rsplit_once("function:").map_or(name.as_str(), |(_, bare)| bare);
        check_name(name)?;
        if self.record(name).is_some() {
            return Err(LambdaError::Conflict(format!("Function already exist: {name}")));
        }
        if input.package_type.as_deref() == Some("Image") {
            let message = "Samovar runs no container images: give the code as a ZipFile.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        if input.role.as_deref().unwrap_or_default().is_empty() {
            return Err(missing("role"));
        }
        let zip = input.code.as_ref().ok_or_else(|| missing("code"))?;
        let account = &self.parts().account;
        let mut config = Config {
            function_name: name.to_owned(),
            function_arn: format!(
                "arn:aws:lambda:{}:{}:function:{name}",
                account.region, account.id
            ),
            runtime: String::new(),
            role: String::new(),
            handler: String::new(),
            description: String::new(),
            timeout: 3,
            memory_size: 128,
            last_modified: String::new(),
            version: LATEST.to_owned(),
            environment: BTreeMap::new(),
            architecture: "x86_64".to_owned(),
            ephemeral_storage: 512,
            dead_letter: None,
            tracing: "PassThrough".to_owned(),
            logging: json!({"LogFormat": "Text", "LogGroup": format!("/aws/lambda/{name}")}),
            layers: Vec::new(),
            revision_id: String::new(),
            code: None,
        };
        let publish = input.publish;
        let tags = input.tags.clone();
        let archive = archive(zip)?;
        apply(&mut config, input)?;
        config.code = Some(self.store(name, archive).await?);
        self.touch(&mut config);
        let mut record = Record {
            latest: config,
            versions: Vec::new(),
            published: 0,
            aliases: BTreeMap::new(),
            url: None,
            concurrency: None,
            event_invoke: None,
            policy: Vec::new(),
            tags,
            mappings: Vec::new(),
            template: None,
        };
        let served = self.serve(&record, &record.latest).await;
        if let Err(error) = served {
            // Nothing of it stays; what cannot be removed is in nobody's way.
            let _ = self.parts().host.forget(record.name()).await;
            return Err(error);
        }
        let mut document = record.latest.document(false, false);
        if publish {
            document = self.publish_latest(&mut record, None).await?;
        }
        self.commit(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    pub(super) async fn update_configuration(&self, name: &str, body: &[u8]) -> Answer {
        let input: Settings = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        apply(&mut record.latest, input)?;
        self.touch(&mut record.latest);
        self.serve(&record, &record.latest).await?;
        let document = record.latest.document(false, false);
        self.commit(record).await?;
        Ok(ok(&document))
    }

    pub(super) async fn update_code(&self, name: &str, body: &[u8]) -> Answer {
        let input: CodeInput = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        let archive = archive(&input)?;
        if let Some(architectures) = &input.architectures {
            record.latest.architecture = architecture(architectures)?;
        }
        let code = self.store(record.name(), archive).await?;
        if input.dry_run {
            return Ok(ok(&record.latest.document(false, false)));
        }
        record.latest.code = Some(code);
        self.touch(&mut record.latest);
        self.serve(&record, &record.latest).await?;
        let mut document = record.latest.document(false, false);
        if input.publish {
            document = self.publish_latest(&mut record, None).await?;
        }
        self.commit(record).await?;
        Ok(ok(&document))
    }

    pub(super) async fn publish_version(&self, name: &str, body: &[u8]) -> Answer {
        let input: Publication = read(body)?;
        let _writing = self.0.writing.lock().await;
        let (record, _) = self.find(name)?;
        let mut record = Record::clone(&record);
        check_revision(input.revision_id.as_deref(), &record.latest.revision_id)?;
        let own = record.latest.code.as_ref().map(sha256).unwrap_or_default();
        if let Some(wanted) =
            input.code_sha256.filter(|wanted| !wanted.is_empty() && *wanted != own)
        {
            return Err(LambdaError::InvalidParameter(format!(
                "CodeSHA256 ({wanted}) is different from current CodeSHA256 in $LATEST ({own}). \
                 Please try again with the CodeSHA256 in $LATEST."
            )));
        }
        let document = self.publish_latest(&mut record, input.description).await?;
        self.commit(record).await?;
        Ok(reply::json(StatusCode::CREATED, &document))
    }

    /// Makes `$LATEST` a version, unless it is the last one already (Lambda API reference,
    /// "PublishVersion").
    async fn publish_latest(
        &self,
        record: &mut Record,
        description: Option<String>,
    ) -> Result<Value, LambdaError> {
        let mut config = record.latest.clone();
        config.description = description.unwrap_or(config.description);
        if let Some(last) = record.versions.last() {
            let same = Config {
                version: config.version.clone(),
                revision_id: config.revision_id.clone(),
                last_modified: config.last_modified.clone(),
                description: config.description.clone(),
                ..last.clone()
            };
            if same == config {
                return Ok(last.document(true, false));
            }
        }
        record.published += 1;
        config.version = record.published.to_string();
        config.revision_id = revision();
        self.serve(record, &config).await?;
        let document = config.document(true, false);
        record.versions.push(config);
        Ok(document)
    }

    pub(super) async fn delete_function(&self, name: &str, query: &Query) -> Answer {
        let _writing = self.0.writing.lock().await;
        let (record, own) = self.find(name)?;
        let qualifier = query.get("Qualifier").map(str::to_owned).or(own);
        let parts = self.parts();
        if let Some(version) = qualifier {
            return self.delete_version(&record, &version).await;
        }
        if record.template.is_none() {
            let forgotten = parts.host.forget(record.name()).await;
            forgotten.map_err(|_| LambdaError::Service("The function could not be removed."))?;
        }
        parts.mappings.remove_function(record.name());
        let mut last = Record::clone(&record);
        last.url = None;
        parts.gateway.set_url(&last.function(&last.latest));
        parts.dispatcher.remove(record.name(), None);
        self.0
            .records
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .remove(record.name());
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    async fn delete_version(&self, record: &Record, version: &str) -> Answer {
        if version == LATEST {
            let message = "$LATEST version cannot be deleted without deleting the function.";
            return Err(LambdaError::InvalidParameter(message.to_owned()));
        }
        if let Some((alias, _)) = record
            .aliases
            .iter()
            .find(|(_, alias)| alias.version == version || alias.weights.contains_key(version))
        {
            let arn = format!("{}:{alias}", record.latest.function_arn);
            return Err(LambdaError::Conflict(format!(
                "Version {version} cannot be deleted because the following aliases point to it: \
                 [{arn}]"
            )));
        }
        let mut record = record.clone();
        record.versions.retain(|config| config.version != version);
        self.parts().dispatcher.remove(record.name(), Some(version));
        self.commit(record).await?;
        Ok(nothing(StatusCode::NO_CONTENT))
    }

    /// Has `config` of a record served.
    pub(super) async fn serve(&self, record: &Record, config: &Config) -> Result<(), LambdaError> {
        let function = record.function(config);
        let served = self.parts().host.serve(function, config.code.as_ref()).await;
        served.map_err(LambdaError::InvalidParameter)
    }

    async fn store(&self, name: &str, archive: Bytes) -> Result<StoredCode, LambdaError> {
        self.parts().host.store(name, archive).await.map_err(|error| match error {
            CodeError::Invalid(_) => LambdaError::InvalidParameter(
                "Could not unzip uploaded file. Please check your file, then try to upload again."
                    .to_owned(),
            ),
            CodeError::TooLarge(_) => LambdaError::InvalidParameter(error.to_string()),
            CodeError::Io(_) => LambdaError::Service("The code could not be written to disk."),
        })
    }

    /// Marks a configuration as changed.
    pub(super) fn touch(&self, config: &mut Config) {
        config.revision_id = revision();
        config.last_modified = self.timestamp();
    }
}

/// Puts what a request says into a configuration; what it does not say stays.
fn apply(config: &mut Config, input: Settings) -> Result<(), LambdaError> {
    let set = |place: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *place = value;
        }
    };
    set(&mut config.runtime, input.runtime);
    set(&mut config.role, input.role);
    set(&mut config.handler, input.handler);
    set(&mut config.description, input.description);
    if config.handler.is_empty() {
        return Err(missing("handler"));
    }
    if kind(&config.handler) == Kind::Process && !config.runtime.starts_with("provided") {
        return Err(LambdaError::InvalidParameter(format!(
            "Samovar runs the runtimes provided.al2023 and provided.al2 here, and components whose \
             Handler ends in .wasm, not '{}'.",
            config.runtime
        )));
    }
    if let Some(timeout) = within(input.timeout, "timeout", 1..=900)? {
        config.timeout = timeout;
    }
    if let Some(size) = within(input.memory_size, "memorySize", 128..=10_240)? {
        config.memory_size = size;
    }
    let storage = input.ephemeral_storage.and_then(|storage| storage.size);
    if let Some(size) = within(storage, "ephemeralStorage.size", 512..=10_240)? {
        config.ephemeral_storage = size;
    }
    if let Some(architectures) = &input.architectures {
        config.architecture = architecture(architectures)?;
    }
    if let Some(variables) = input.environment.map(|it| it.variables.unwrap_or_default()) {
        check_variables(&variables)?;
        config.environment = variables;
    }
    if let Some(target) = input.dead_letter_config {
        config.dead_letter = target.target_arn.filter(|arn| !arn.is_empty());
    }
    set(&mut config.tracing, input.tracing_config.and_then(|tracing| tracing.mode));
    if let Some(layers) = input.layers {
        config.layers = layers;
    }
    if let Some(logging) = input.logging_config.as_ref().and_then(Value::as_object) {
        for (name, value) in logging {
            config.logging[name] = value.clone();
        }
    }
    Ok(())
}

fn missing(member: &str) -> LambdaError {
    LambdaError::Validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    ))
}

/// Lambda API reference, "CreateFunction": letters, digits, `-` and `_`, at most 64.
fn check_name(name: &str) -> Result<(), LambdaError> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=64).contains(&name.len()) && name.chars().all(is_valid) {
        return Ok(());
    }
    let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}";
    Err(invalid(name, "functionName", pattern))
}

fn architecture(architectures: &[String]) -> Result<String, LambdaError> {
    match architectures {
        [only] if matches!(only.as_str(), "x86_64" | "arm64") => Ok(only.clone()),
        other => {
            let constraint = "Member must satisfy constraint: [Member must satisfy enum value \
                              set: [x86_64, arm64]]";
            Err(invalid(&format!("[{}]", other.join(", ")), "architectures", constraint))
        }
    }
}

fn check_variables(variables: &BTreeMap<String, String>) -> Result<(), LambdaError> {
    let reserved = variables.keys().map(String::as_str);
    let reserved: Vec<&str> = reserved.filter(|name| RESERVED_VARIABLES.contains(name)).collect();
    if !reserved.is_empty() {
        return Err(LambdaError::InvalidParameter(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided contains reserved keys that are currently not supported \
             for modification. Reserved keys used in this request: {}",
            reserved.join(", ")
        )));
    }
    let text = json!(variables).to_string();
    if text.len() > ENVIRONMENT_BYTES {
        return Err(LambdaError::InvalidParameter(format!(
            "Lambda was unable to configure your environment variables because the environment \
             variables you have provided exceeded the 4KB limit. String measured: {text}"
        )));
    }
    Ok(())
}

/// The archive in a request.
fn archive(input: &CodeInput) -> Result<Bytes, LambdaError> {
    let Some(zip) = input.zip_file.as_deref().filter(|zip| !zip.is_empty()) else {
        let message = "Samovar takes code as a ZipFile only: S3 and images are not fetched.";
        return Err(LambdaError::InvalidParameter(message.to_owned()));
    };
    let bytes = STANDARD
        .decode(zip)
        .map_err(|_| LambdaError::InvalidContent("ZipFile must be base64-encoded.".to_owned()))?;
    if bytes.len() > ARCHIVE_BYTES {
        return Err(LambdaError::RequestEntityTooLarge);
    }
    Ok(bytes.into())
}

fn check_revision(wanted: Option<&str>, own: &str) -> Result<(), LambdaError> {
    match wanted {
        Some(wanted) if !wanted.is_empty() && wanted != own => Err(LambdaError::PreconditionFailed),
        _ => Ok(()),
    }
}
