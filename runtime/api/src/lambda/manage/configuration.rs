//! What a function is configured with: what requests say of it, and what they may say.

use std::collections::BTreeMap;

use samovar_app::ManagedRuntime;
use serde::Deserialize;
use serde_json::{Value, json};

use super::super::error::LambdaError;
use super::functions::CodeInput;
use super::input::{invalid, within};
use super::record::Config;

/// Longest of all variables of a function (Lambda guide, "Quotas").
const ENVIRONMENT_BYTES: usize = 4 * 1024;

/// Runtimes of programs and components.
const PROGRAMS: &[&str] = &["provided.al2023", "provided.al2", "provided"];

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
pub(super) struct Settings {
    pub(super) function_name: Option<String>,
    pub(super) runtime: Option<String>,
    pub(super) role: Option<String>,
    pub(super) handler: Option<String>,
    pub(super) code: Option<CodeInput>,
    pub(super) description: Option<String>,
    pub(super) timeout: Option<u32>,
    pub(super) memory_size: Option<u32>,
    #[serde(default)]
    pub(super) publish: bool,
    pub(super) package_type: Option<String>,
    pub(super) dead_letter_config: Option<DeadLetterConfig>,
    pub(super) environment: Option<Environment>,
    pub(super) tracing_config: Option<TracingConfig>,
    #[serde(default)]
    pub(super) tags: BTreeMap<String, String>,
    pub(super) layers: Option<Vec<String>>,
    pub(super) architectures: Option<Vec<String>>,
    pub(super) ephemeral_storage: Option<EphemeralStorage>,
    pub(super) logging_config: Option<Value>,
    pub(super) revision_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DeadLetterConfig {
    target_arn: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Environment {
    variables: Option<BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct TracingConfig {
    mode: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct EphemeralStorage {
    size: Option<u32>,
}

/// Puts what a request says into a configuration, but for layers; what it does not say stays.
pub(super) fn apply(config: &mut Config, input: Settings) -> Result<(), LambdaError> {
    let set = |place: &mut String, value: Option<String>| {
        if let Some(value) = value {
            *place = value;
        }
    };
    set(&mut config.runtime, input.runtime);
    set(&mut config.role, input.role);
    set(&mut config.handler, input.handler);
    set(&mut config.description, input.description);
    if config.handler.is_empty() || config.runtime.is_empty() {
        return Err(LambdaError::InvalidParameter(
            "Runtime and Handler are mandatory parameters for functions created with deployment \
             packages."
                .to_owned(),
        ));
    }
    check_runtime(&config.runtime)?;
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
    if let Some(logging) = input.logging_config.as_ref().and_then(Value::as_object) {
        for (name, value) in logging {
            config.logging[name] = value.clone();
        }
    }
    Ok(())
}

/// The message is AWS's (recorded in LocalStack's `test_lambda_api.snapshot.json`), with the
/// runtimes that there are here.
fn check_runtime(runtime: &str) -> Result<(), LambdaError> {
    if PROGRAMS.contains(&runtime) || ManagedRuntime::parse(runtime).is_some() {
        return Ok(());
    }
    let managed = ManagedRuntime::names().into_iter();
    let names: Vec<_> = managed.chain(PROGRAMS.iter().map(|name| (*name).to_owned())).collect();
    Err(LambdaError::InvalidParameter(format!(
        "Value {runtime} at 'runtime' failed to satisfy constraint: Member must satisfy enum value \
         set: [{}] or be a valid ARN. Samovar runs no other runtimes.",
        names.join(", ")
    )))
}

pub(super) fn missing(member: &str) -> LambdaError {
    LambdaError::Validation(format!(
        "1 validation error detected: Value null at '{member}' failed to satisfy constraint: \
         Member must not be null"
    ))
}

/// Lambda API reference, "CreateFunction": letters, digits, `-` and `_`, at most 64.
pub(super) fn check_name(name: &str) -> Result<(), LambdaError> {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    if (1..=64).contains(&name.len()) && name.chars().all(is_valid) {
        return Ok(());
    }
    let pattern = "Member must satisfy regular expression pattern: [a-zA-Z0-9-_]{1,64}";
    Err(invalid(name, "functionName", pattern))
}

pub(super) fn architecture(architectures: &[String]) -> Result<String, LambdaError> {
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
