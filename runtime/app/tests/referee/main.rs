//! What `samovar-app` finds in a template is what AWS's own transform makes of it.
//!
//! `tests/referee/transform.py` transforms every template of the corpus (`tests/templates`) with
//! the package `aws-sam-translator`, and tells what is in the result; here that is compared with
//! the model, line by line. The package comes with the SAM CLI (`.ci/requirements.txt`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod found;
mod told;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use samovar_app::{Options, Values, load};
use serde_json::Value;

/// Lines about functions, about routes and so on, by what they are about.
type Lines = BTreeMap<&'static str, BTreeSet<String>>;

/// Stands in the referee's lines for what it cannot know.
const UNKNOWN: char = '\u{fffd}';

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What the referee says of each template; `None`: it is not installed.
fn verdicts() -> Option<Vec<Value>> {
    let python =
        |arguments: &[&str]| Command::new("python3").args(arguments).current_dir(root()).output();
    let installed = python(&["-c", "import samcli, samtranslator"]);
    if !installed.is_ok_and(|output| output.status.success()) {
        return None;
    }
    let output = python(&["tests/referee/transform.py", "--all", "--facts"]).unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    Some(lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect())
}

/// The options that a template's side files give.
fn options(template: &Path) -> Options {
    let read = |kind: &str| -> Value {
        let text = std::fs::read_to_string(template.with_extension(kind));
        text.map_or(Value::Null, |text| serde_json::from_str(&text).unwrap())
    };
    let texts = |value: &Value| -> BTreeMap<String, String> {
        let entries = value.as_object().into_iter().flatten();
        let text = |value: &Value| value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        entries.map(|(name, value)| (name.clone(), text(value))).collect()
    };
    let values = read("values.json");
    Options {
        parameters: texts(&read("parameters.json")),
        values: Values {
            exports: texts(&values["exports"]),
            ssm: texts(&values["ssm"]),
            secrets: texts(&values["secrets"]),
        },
        ..Options::default()
    }
}

/// What one side has and the other has not.
fn differences(told: &Lines, found: &Lines) -> Vec<String> {
    let mut differences = Vec::new();
    for subject in told.keys().chain(found.keys()).collect::<BTreeSet<_>>() {
        let none = BTreeSet::new();
        let told = told.get(subject).unwrap_or(&none);
        let mut rest: Vec<&String> = found
            .get(subject)
            .unwrap_or(&none)
            .iter()
            .filter(|line| !told.contains(*line))
            .collect();
        for line in told.iter().filter(|line| !found.get(subject).unwrap_or(&none).contains(*line))
        {
            match rest.iter().position(|found| matches(line, found)) {
                Some(at) => {
                    rest.remove(at);
                }
                None => differences.push(format!("  {subject}: AWS     {line}")),
            }
        }
        differences.extend(rest.iter().map(|line| format!("  {subject}: Samovar {line}")));
    }
    differences
}

/// Whether a line of the referee's, in which [`UNKNOWN`] is anything, is that line.
fn matches(pattern: &str, line: &str) -> bool {
    let mut parts = pattern.split(UNKNOWN);
    let Some(mut rest) = parts.next().and_then(|first| line.strip_prefix(first)) else {
        return false;
    };
    let mut is_open = false;
    for part in parts {
        is_open = part.is_empty();
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    is_open || rest.is_empty()
}

#[test]
fn the_model_is_what_aws_makes_of_every_template() {
    let Some(verdicts) = verdicts() else {
        let remedy = "pip install aws-sam-cli, and put its environment first in PATH";
        assert!(std::env::var_os("CI").is_none(), "the referee is not installed: {remedy}");
        eprintln!("NOT RUN: the referee of templates: {remedy}");
        return;
    };
    assert!(verdicts.len() >= 40, "the corpus has {} templates", verdicts.len());
    let mut report = Vec::new();
    for verdict in &verdicts {
        let template = Path::new(verdict["template"].as_str().unwrap());
        let name = template.strip_prefix(root()).unwrap_or(template).display();
        assert_eq!(verdict["error"], Value::Null, "{name}");
        match load(template, &options(template)) {
            Err(faults) => report.push(format!("{name}\n{faults}")),
            Ok(app) => {
                let differences = differences(&told::lines(&verdict["facts"]), &found::lines(&app));
                if !differences.is_empty() {
                    report.push(format!("{name}\n{}", differences.join("\n")));
                }
            }
        }
    }
    assert!(report.is_empty(), "{} templates differ\n\n{}", report.len(), report.join("\n\n"));
}

#[test]
fn lines_with_something_unknown_in_them_match() {
    assert!(matches("a=\u{fffd} b=\u{fffd}", "a=1 b=2"));
    assert!(matches("a=\u{fffd} b=2", "a= b=2"));
    assert!(!matches("a=\u{fffd} b=2", "a=1 b=3"));
    assert!(!matches("a=1", "a=12"));
}
