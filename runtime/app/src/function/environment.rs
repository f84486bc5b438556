//! `Environment.Variables`.

use std::collections::BTreeMap;

use super::Subject;
use crate::model::Api;
use crate::node::{self, Key};
use crate::report::Fault;

/// Variables that Lambda sets itself and templates may not (Lambda developer guide, "Defined
/// runtime environment variables", reserved ones).
const RESERVED: &[&str] = &[
    "AWS_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "AWS_DEFAULT_REGION",
    "AWS_EXECUTION_ENV",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_VERSION",
    "AWS_LAMBDA_INITIALIZATION_TYPE",
    "AWS_LAMBDA_LOG_GROUP_NAME",
    "AWS_LAMBDA_LOG_STREAM_NAME",
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_REGION",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_SESSION_TOKEN",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "_HANDLER",
    "_X_AMZN_TRACE_ID",
];

/// The variables, resolved; addresses of the template's own APIs are the live ones.
pub(super) fn read(subject: &Subject, apis: &[Api]) -> BTreeMap<String, String> {
    let Subject { reader, resolver, resource } = subject;
    let mut environment = BTreeMap::new();
    let Some((_, node)) = subject.property("Environment") else { return environment };
    let Some(map) = reader.map("Environment", &node) else { return environment };
    reader.only(map, &["Variables"]);
    let Some(variables) = node::get(map, "Variables") else { return environment };
    let Some(variables) = reader.map("Environment.Variables", variables) else {
        return environment;
    };
    for (key, value) in variables {
        check_name(subject, key);
        let Some(text) = reader.text(&key.name, value) else { continue };
        if text.contains("{{resolve:") {
            let what = format!("Resources.{}.Environment.Variables.{}", resource.id, key.name);
            reader.report.note(value.at, what, "the dynamic reference is left as it is written");
        }
        environment.insert(key.name.clone(), resolver.live(text, apis));
    }
    environment
}

/// A letter first, then letters, digits and `_`; at least two characters.
fn check_name(subject: &Subject, key: &Key) {
    let name = key.name.as_str();
    let shown: String = name.chars().take(60).collect();
    if RESERVED.contains(&name) {
        let message = format!("`{name}` is set by Lambda itself");
        let help = "choose another name: AWS refuses this one".to_owned();
        subject.fault(Fault::new(key.at, message).help(help));
    } else if name.len() < 2
        || !name.starts_with(|c: char| c.is_ascii_alphabetic())
        || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
    {
        subject.fault(
            Fault::new(key.at, format!("`{shown}` is not the name of an environment variable"))
                .help("start with a letter, go on with letters, digits and `_`".to_owned()),
        );
    }
}
