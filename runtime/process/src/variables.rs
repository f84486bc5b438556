//! The environment variables that Lambda defines ("Using Lambda environment variables", AWS
//! Lambda developer guide).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::SystemTime;

use jiff::Timestamp;
use samovar_app::Function;
use samovar_dispatch::FunctionError;

/// What the defined variables of one environment depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The environment's log stream.
    pub(crate) log_stream: &'a str,
    /// Where its Runtime API listens.
    pub(crate) runtime_api: SocketAddr,
    /// Why it is started.
    pub(crate) initialization: Initialization,
    /// The function's code.
    pub(crate) task_root: &'a Path,
    /// The environment's own `/tmp`, where that is not `/tmp` itself.
    pub(crate) tmp: Option<&'a Path>,
}

/// Why an environment is started (`AWS_LAMBDA_INITIALIZATION_TYPE`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Initialization {
    /// An invocation needs it.
    OnDemand,
    /// The function has provisioned concurrency.
    Provisioned,
}

impl Initialization {
    fn as_str(self) -> &'static str {
        match self {
            Self::OnDemand => "on-demand",
            Self::Provisioned => "provisioned-concurrency",
        }
    }
}

/// All variables of an environment. `own` are the function's; they may replace those of Lambda's
/// that are not reserved.
///
/// # Errors
/// `Runtime.InvalidTaskConfig`: a name or value of `own` is none that a process can have.
pub(crate) fn variables(
    function: &Function,
    own: &[(String, String)],
    place: Place<'_>,
) -> Result<BTreeMap<String, String>, FunctionError> {
    let mut all: BTreeMap<String, String> = open(place).into();
    if let Some(tmp) = place.tmp {
        // Not Lambda's: most programs ask it for the folder of temporary files.
        all.insert("TMPDIR".to_owned(), tmp.display().to_string());
    }
    for (name, value) in own {
        if name.is_empty() || name.contains(['=', '\0']) || value.contains('\0') {
            let message = format!(
                "environment variable {name:?}: a name must not be empty or hold `=`, and neither \
                 name nor value may hold a NUL character"
            );
            return Err(FunctionError::platform("Runtime.InvalidTaskConfig", message));
        }
        all.insert(name.clone(), value.clone());
    }
    all.extend(reserved(function, place));
    // "Not defined for OS-only runtimes."
    if function.runtime.starts_with("provided") {
        all.remove("AWS_EXECUTION_ENV");
    } else {
        let execution_env = format!("AWS_Lambda_{}", function.runtime);
        all.insert("AWS_EXECUTION_ENV".to_owned(), execution_env);
    }
    Ok(all)
}

/// Variables that a function may replace.
fn open(place: Place<'_>) -> [(String, String); 5] {
    let task = place.task_root.display();
    [
        ("LANG", "en_US.UTF-8".to_owned()),
        ("TZ", ":UTC".to_owned()),
        ("PATH", "/usr/local/bin:/usr/bin:/bin:/opt/bin".to_owned()),
        (
            "LD_LIBRARY_PATH",
            format!("/lib64:/usr/lib64:/var/runtime:/var/runtime/lib:{task}:{task}/lib:/opt/lib"),
        ),
        ("AWS_XRAY_CONTEXT_MISSING", "LOG_ERROR".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Variables that a function cannot set.
fn reserved(function: &Function, place: Place<'_>) -> [(String, String); 10] {
    [
        ("_HANDLER", function.handler.clone()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.clone()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", place.initialization.as_str().to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", log_group(function)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream.to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", place.runtime_api.to_string()),
        ("LAMBDA_TASK_ROOT", place.task_root.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// `LoggingConfig.LogGroup`, or `/aws/lambda/NAME`.
fn log_group(function: &Function) -> String {
    let default = || format!("/aws/lambda/{}", function.name);
    function.logging.group.clone().unwrap_or_else(default)
}

/// `yyyy/mm/dd/[$LATEST]ID`, of the day (UTC) on which the environment starts. The epoch's for a
/// clock that no calendar here reaches.
pub(crate) fn log_stream(now: SystemTime, id: &str) -> String {
    let day = Timestamp::try_from(now).unwrap_or_default().strftime("%Y/%m/%d");
    format!("{day}/[$LATEST]{id}")
}

#[cfg(test)]
mod tests;
