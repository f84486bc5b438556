//! The environment variables that Lambda defines ("Using Lambda environment variables", AWS
//! Lambda developer guide).

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use samovar_app::Function;
use samovar_dispatch::FunctionError;

/// What the defined variables of one environment depend on.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place<'a> {
    /// The environment's log stream.
    pub(crate) log_stream: &'a str,
    /// Where its Runtime API listens.
    pub(crate) runtime_api: SocketAddr,
    /// The function's code.
    pub(crate) task_root: &'a Path,
    /// The environment's own `/tmp`.
    pub(crate) tmp: &'a Path,
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

/// Variables that a function may replace. `TMPDIR` is not Lambda's: there `/tmp` itself is the
/// environment's own, here it is elsewhere.
fn open(place: Place<'_>) -> [(String, String); 6] {
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
        ("TMPDIR", place.tmp.display().to_string()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// Variables that a function cannot set.
fn reserved(function: &Function, place: Place<'_>) -> [(String, String); 10] {
    [
        ("_HANDLER", function.handler.clone()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST".to_owned()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("AWS_LAMBDA_LOG_STREAM_NAME", place.log_stream.to_owned()),
        ("AWS_LAMBDA_RUNTIME_API", place.runtime_api.to_string()),
        ("LAMBDA_TASK_ROOT", place.task_root.display().to_string()),
        ("LAMBDA_RUNTIME_DIR", "/var/runtime".to_owned()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
}

/// `yyyy/mm/dd/[$LATEST]ID`, of the day (UTC) on which the environment starts.
pub(crate) fn log_stream(now: SystemTime, id: &str) -> String {
    let since = now.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    let (year, month, day) = civil(since.as_secs() / 86_400);
    format!("{year:04}/{month:02}/{day:02}/[$LATEST]{id}")
}

/// Year, month and day, `days` after 1970-01-01, in the Gregorian calendar. Counts in eras of 400
/// years that begin on 1 March, so that the leap day is a year's last (Howard Hinnant,
/// "chrono-Compatible Low-Level Date Algorithms", `civil_from_days`).
fn civil(days: u64) -> (u64, u64, u64) {
    const ERA: u64 = 146_097;
    let days = days + 719_468;
    let day_of_era = days % ERA;
    let year_of_era =
        (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + days / ERA * 400 + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests;
