//! `Environment.Variables`.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::{Subject, dynamic};
use crate::model::Api;
use crate::node::{self, Key, Node, Value};
use crate::property;
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

/// The most that names and values may take together (Lambda's quotas).
const MAX_BYTES: usize = 4096;

/// The variables, resolved; addresses of the template's own APIs are the live ones. `name` is the
/// function's.
pub(super) fn read(
    subject: &Subject,
    name: Option<&str>,
    apis: &[Api],
) -> BTreeMap<String, String> {
    let Subject { reader, resolver, resource, .. } = subject;
    let mut environment = BTreeMap::new();
    let Some((key, written)) = subject.written("Environment") else { return environment };
    let overrides = overrides(subject, name);
    // What is replaced is never resolved: nobody misses the value of an export that is given here.
    let node = resolver.resolve(&replace(&written, &overrides));
    if node.value == Value::Absent {
        return environment;
    }
    let node = replace(&node, &overrides);
    let Some(map) = reader.map("Environment", &node) else { return environment };
    reader.only(map, &["Variables"]);
    let Some(variables) = node::get(map, "Variables") else { return environment };
    let Some(variables) = reader.map("Environment.Variables", variables) else {
        return environment;
    };
    let mut bytes = 0;
    for (key, value) in variables {
        check_name(subject, key);
        let Some(text) = reader.text(&key.name, value) else { continue };
        let (text, is_left) = match overrides.contains_key(key.name.as_str()) {
            true => (text.to_owned(), false),
            false => dynamic::replace(text, &resolver.options.values),
        };
        if is_left {
            let what = format!("Resources.{}.Environment.Variables.{}", resource.id, key.name);
            reader.report.note(value.at, what, "the dynamic reference is left as it is written");
        }
        if !(is_left || value.is_unresolved() || overrides.contains_key(key.name.as_str())) {
            bytes += key.name.len() + text.len();
        }
        environment.insert(key.name.clone(), resolver.live(&text, apis));
    }
    if bytes > MAX_BYTES {
        let message = format!("the environment of {} takes {bytes} bytes", resource.id);
        let help = format!("Lambda has room for {MAX_BYTES}: put large values into files");
        subject.fault(Fault::new(key.at, message).help(help));
    }
    environment
}

/// What replaces the template's values: as in SAM CLI, those of one function, by its logical id or
/// else by its name, before those for all (`_make_env_vars` in `samcli/commands/local/lib/
/// local_lambda.py`).
fn overrides<'r>(subject: &Subject<'r, '_>, name: Option<&str>) -> BTreeMap<&'r str, &'r str> {
    let resolver = subject.resolver;
    let given = &resolver.options.variables;
    let id = resolver.id(subject.resource.id);
    let of_function = [Some(subject.resource.id), name, Some(&id)]
        .into_iter()
        .flatten()
        .find_map(|name| given.functions.get(name).filter(|variables| !variables.is_empty()));
    let text = |(name, value): (&'r String, &'r String)| (name.as_str(), value.as_str());
    given.all.iter().chain(of_function.into_iter().flatten()).map(text).collect()
}

/// `Environment` with the values of `Variables` replaced, as far as they stand there.
fn replace<'n>(environment: &'n Node, overrides: &BTreeMap<&str, &str>) -> Cow<'n, Node> {
    if overrides.is_empty() {
        return Cow::Borrowed(environment);
    }
    let mut environment = environment.clone();
    if let Value::Map(map) = &mut environment.value
        && let Some((_, variables)) = map.iter_mut().find(|(key, _)| key.name == "Variables")
        && let Value::Map(variables) = &mut variables.value
    {
        for (key, node) in variables {
            // `AWS::NoValue` makes no variable.
            if let Some(text) = overrides.get(key.name.as_str())
                && !property::is_no_value(node)
            {
                *node = Node::text(*text, node.at);
            }
        }
    }
    Cow::Owned(environment)
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
