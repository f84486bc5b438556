//! Values of functions' variables: `--env-vars` and `--env-file`.
//!
//! Source: SAM CLI 1.170, samcli/commands/local/cli_common/invoke_context.py
//! (`_get_env_vars_value`) and samcli/local/lambdafn/env_vars.py (`_stringify_value`).

use std::collections::BTreeMap;
use std::path::Path;

use super::document::{self, Format, Purpose, entries};
use super::{Diagnostics, Files, Shell, dotenv, json};
use crate::node::{Node, Value};
use crate::options::VariableOverrides;
use crate::report::{Fault, Report};
use crate::source::Source;

const ENV_VARS: Purpose = Purpose { name: "file of variables", remedy: "--env-vars FILE" };
const ENV_FILE: Purpose = Purpose { name: "file of variables", remedy: "--env-file FILE" };

/// Reads a file in the format of SAM CLI's `--env-vars`: JSON,
///
/// ```json
/// {
///   "Parameters": {"STAGE": "dev"},
///   "OrderWorker": {"STAGE": "test", "RETRIES": 3}
/// }
/// ```
///
/// with values for every function under `Parameters` and for one under its logical id or name; or,
/// as the SAM CLI takes too, a file as [`env_file`] reads it. What starts with `{` is JSON.
///
/// Numbers and booleans become text, `null` becomes the empty text.
///
/// # Errors
/// The file cannot be read or parsed, or a value is a list or a mapping. (The SAM CLI makes those
/// empty without a word.)
pub fn env_vars(
    files: &dyn Files,
    path: &Path,
    shell: &Shell<'_>,
) -> Result<VariableOverrides, Diagnostics> {
    let source = document::open(files, path, ENV_VARS)?;
    if !source.text.trim_start().starts_with(['{', '[']) {
        let all = dotenv(files, source, shell)?;
        return Ok(VariableOverrides { all, ..VariableOverrides::default() });
    }
    if let Err(fault) = json::check(&source.text) {
        let report = Report::new(files, source);
        report.fault(fault);
        report.finish()?;
        return Ok(VariableOverrides::default());
    }
    document::take(files, source, Format::Yaml, ENV_VARS, overrides)
}

/// Reads a `.env` file as python-dotenv does, which the SAM CLI uses: `NAME=value` lines, `export`
/// before them, quotes (`"` with escapes, both over several lines), comments, and `${NAME}` or
/// `${NAME:-default}` for what stands above or in `shell`. Nothing is executed.
///
/// # Errors
/// The file cannot be read, lines are no assignments, or values grow beyond bounds.
pub fn env_file(
    files: &dyn Files,
    path: &Path,
    shell: &Shell<'_>,
) -> Result<BTreeMap<String, String>, Diagnostics> {
    let source = document::open(files, path, ENV_FILE)?;
    dotenv(files, source, shell)
}

fn dotenv(
    files: &dyn Files,
    source: Source,
    shell: &Shell<'_>,
) -> Result<BTreeMap<String, String>, Diagnostics> {
    let (variables, faults) = dotenv::parse(&source.text, shell);
    let report = Report::new(files, source);
    for fault in faults {
        report.fault(fault);
    }
    report.finish()?;
    Ok(variables)
}

fn overrides(report: &Report, root: &Node) -> VariableOverrides {
    let mut overrides = VariableOverrides::default();
    for (key, node) in entries(report, root, "a file of variables") {
        let shown: String = key.name.chars().take(60).collect();
        if node.as_map().is_none() {
            let message =
                format!("`{shown}` must be a mapping of variables, not {}", node.describe());
            report.fault(Fault::new(node.at, message).help(format!(
                "write `\"Parameters\": {{\"{shown}\": ...}}` for a variable of every function"
            )));
            continue;
        }
        let mut variables = BTreeMap::new();
        for (name, node) in entries(report, node, "") {
            let value = match &node.value {
                Value::Scalar(_, text) => text.clone(),
                Value::Null => String::new(),
                _ => {
                    let name: String = name.name.chars().take(60).collect();
                    let message =
                        format!("`{name}` of {shown} must be text, not {}", node.describe());
                    report.fault(
                        Fault::new(node.at, message)
                            .help("a variable is text: write the value as one string".to_owned()),
                    );
                    continue;
                }
            };
            variables.insert(name.name.clone(), value);
        }
        if key.name == "Parameters" {
            overrides.all = variables;
        } else {
            overrides.functions.insert(key.name.clone(), variables);
        }
    }
    overrides
}
