//! Values for the template's parameters: `--parameter-overrides`, and `parameter_overrides` of a
//! samconfig file.
//!
//! Source: SAM CLI 1.170, samcli/cli/types.py (`CfnParameterOverridesType`).

mod text;

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::document::{self, Format, Purpose};
use super::{Diagnostics, Files};
use crate::model::Span;
use crate::node::{Key, Kind, Node, Place, Value};
use crate::report::{Fault, Report};
use crate::source::Source;

/// The file that faults of the command line are in.
const OPTION: &str = "--parameter-overrides";

const PURPOSE: Purpose = Purpose { name: "file of parameters", remedy: "file://PATH" };

/// Most values that are taken. A template has at most 200 parameters (CloudFormation guide,
/// "Understand CloudFormation quotas").
const MAX_VALUES: usize = 1000;

/// Most parts that are told of those that say nothing.
const MAX_SKIPPED: usize = 20;

/// How overrides are written.
const SPELLINGS: &str = "write `Key=Value` or `ParameterKey=Key,ParameterValue=Value`; keys are \
                         letters and digits, and a value with blanks has quotes of its own";

/// Values for the template's parameters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Overrides {
    /// By the parameter's name.
    pub values: BTreeMap<String, String>,
    /// Parts that give no parameter a value. The SAM CLI passes them over without a word.
    pub skipped: Vec<Skipped>,
}

/// A part of an override that says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Skipped {
    /// Where it stands; on the command line, the line is the number of the argument.
    pub at: Span,
    /// The part.
    pub text: String,
    /// What to write instead.
    pub help: String,
}

/// Reads the arguments of `--parameter-overrides`, of which a later one goes before an earlier
/// one:
///
/// - `Key=Value Other="a b"`, in one argument or in several,
/// - `ParameterKey=Key,ParameterValue=Value ParameterKey=...`,
/// - `file://PATH`: a TOML or YAML file with a mapping of keys and values, a list of what stands
///   here, or one text of it. `$include: PATH` in a mapping takes in another file.
///
/// # Errors
/// An argument gives no parameter a value, or a file cannot be read or has faults.
pub fn parameter_overrides(
    files: &dyn Files,
    arguments: &[String],
) -> Result<Overrides, Diagnostics> {
    let source = Source { file: Path::new(OPTION).into(), text: arguments.join("\n") };
    let report = Report::new(files, source);
    let mut collector = Collector::new(&report);
    let mut line = 1;
    for argument in arguments {
        let width = argument.lines().next().map_or(1, |line| line.chars().count());
        let width = u32::try_from(width.max(1)).unwrap_or(u32::MAX);
        collector.text(argument, Place { file: 0, line, column: 1, width }, None);
        let lines = argument.matches('\n').count() + 1;
        line = line.saturating_add(u32::try_from(lines).unwrap_or(u32::MAX));
    }
    let overrides = collector.overrides;
    report.finish()?;
    Ok(overrides)
}

/// Reads the value of `parameter_overrides`: a text, a list or a mapping.
pub(super) fn read(report: &Report, node: &Node) -> Overrides {
    let mut collector = Collector::new(report);
    collector.value(node, None);
    collector.overrides
}

struct Collector<'r, 's> {
    report: &'r Report<'s>,
    overrides: Overrides,
    /// Values that were given, those that later ones replaced too.
    given: usize,
    /// Files that are being read, one for the other.
    open: Vec<PathBuf>,
}

impl<'r, 's> Collector<'r, 's> {
    fn new(report: &'r Report<'s>) -> Self {
        Self { report, overrides: Overrides::default(), given: 0, open: Vec::new() }
    }

    /// Anything that says values. Paths in it start from `folder`, or where the program runs.
    fn value(&mut self, node: &Node, folder: Option<&Path>) {
        match &node.value {
            Value::Scalar(Kind::Text, text) => self.text(text, node.at, folder),
            Value::List(items) => items.iter().for_each(|item| self.value(item, folder)),
            Value::Map(map) => map.iter().for_each(|(key, node)| self.entry(key, node, folder)),
            Value::Null => {}
            _ => {
                let message = format!("parameter overrides cannot be {}", node.describe());
                self.report.fault(Fault::new(node.at, message).help(SPELLINGS.to_owned()));
            }
        }
    }

    /// An entry of a mapping: a parameter and its value, or `$include`.
    fn entry(&mut self, key: &Key, node: &Node, folder: Option<&Path>) {
        if self.given > MAX_VALUES {
            return;
        }
        if key.name == "$include" && node.value != Value::Null {
            match &node.value {
                Value::Scalar(Kind::Text, _) | Value::List(_) => self.value(node, folder),
                _ => {
                    let message =
                        format!("`$include` must be text or a list, not {}", node.describe());
                    self.report
                        .fault(Fault::new(node.at, message).help("write `file://PATH`".to_owned()));
                }
            }
            return;
        }
        let value = match &node.value {
            Value::Null => Some(String::new()),
            // As a list parameter takes it.
            Value::List(items) => {
                let items = items.iter().filter(|item| item.value != Value::Null);
                let items: Option<Vec<String>> = items.map(|item| self.scalar(item)).collect();
                items.map(|items| {
                    let items = items.iter().filter(|item| !item.is_empty());
                    items.map(|item| item.trim()).collect::<Vec<_>>().join(",")
                })
            }
            _ => self.scalar(node),
        };
        match value {
            Some(value) => self.set(text::unquote(&key.name), text::unquote(&value), node.at),
            None => {
                let name: String = key.name.chars().take(60).collect();
                let message = format!("`{name}` must be text or a list of texts");
                self.report.fault(
                    Fault::new(node.at, message)
                        .help("a parameter's value is one text: write it as such".to_owned()),
                );
            }
        }
    }

    /// A scalar as Python prints it: booleans are `True` and `False`.
    fn scalar(&self, node: &Node) -> Option<String> {
        let Value::Scalar(kind, text) = &node.value else { return None };
        Some(match kind {
            Kind::Text if !is_digits(text) => text.clone(),
            _ => yaml_1_2(&self.written(node.at), text, *kind),
        })
    }

    /// The text of a place in its file.
    fn written(&self, at: Place) -> String {
        let source = self.report.source(at.file);
        let line = source.text.lines().nth(at.line.saturating_sub(1) as usize).unwrap_or_default();
        line.chars().skip(at.column.saturating_sub(1) as usize).take(at.width as usize).collect()
    }

    /// A text: a file to be read, or pairs.
    fn text(&mut self, text: &str, at: Place, folder: Option<&Path>) {
        if let Some(path) = text.strip_prefix("file://") {
            return self.file(Path::new(path), at, folder);
        }
        if text.trim().is_empty() {
            return;
        }
        let Some(pairs) = text::pairs(text) else {
            let shown: String = text.trim().chars().take(60).collect();
            let message = format!("`{shown}` gives no parameter a value");
            return self.report.fault(Fault::new(at, message).help(help(text.trim())));
        };
        for part in pairs.skipped {
            if self.overrides.skipped.len() == MAX_SKIPPED {
                break;
            }
            let at = self.report.span(self.locate(text, at, part.clone()));
            let part = text[part].to_owned();
            self.overrides.skipped.push(Skipped { at, help: help(&part), text: part });
        }
        for (key, value) in pairs.found {
            self.set(key, value, at);
        }
    }

    /// Where a part of a text stands whose value starts at `at`.
    fn locate(&self, text: &str, at: Place, part: Range<usize>) -> Place {
        let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        let whole = self.report.find(at, text);
        if whole.width == narrow(text.chars().count()) {
            let before = narrow(text[..part.start].chars().count());
            return Place { column: whole.column.saturating_add(before), ..whole };
        }
        // It is written with escapes, or over several lines.
        self.report.find(at, &text[part])
    }

    fn file(&mut self, path: &Path, at: Place, folder: Option<&Path>) {
        let path = folder.map_or_else(|| path.to_owned(), |folder| folder.join(path));
        let Some(format) = Format::of(&path) else {
            let message = format!("`{}` has an extension that is not read", path.display());
            let help = "name a file that ends in .toml, .yaml or .yml".to_owned();
            return self.report.fault(Fault::new(at, message).help(help));
        };
        if self.open.contains(&path) {
            let message = format!("`{}` takes in itself", path.display());
            let help = "remove one of the references".to_owned();
            return self.report.fault(Fault::new(at, message).help(help));
        }
        let source = match document::open(self.report.files, &path, PURPOSE) {
            Ok(source) => source,
            Err(diagnostics) => {
                return diagnostics.iter().for_each(|fault| self.report.diagnostic(fault.clone()));
            }
        };
        let Some(number) = self.report.add(source) else {
            let message = "too many files of parameters";
            let help = "put the values into fewer files".to_owned();
            return self.report.fault(Fault::new(at, message).help(help));
        };
        if let Some(root) = document::parse(self.report, number, format, PURPOSE) {
            let folder = path.parent().map(Path::to_owned);
            self.open.push(path);
            self.value(&root, folder.as_deref());
            self.open.pop();
        }
    }

    fn set(&mut self, key: String, value: String, at: Place) {
        self.given += 1;
        if self.given <= MAX_VALUES {
            self.overrides.values.insert(key, value);
        } else if self.given == MAX_VALUES + 1 {
            let message = format!("more than {MAX_VALUES} parameter values are given");
            let help = "a template has at most 200 parameters: remove the other values".to_owned();
            self.report.fault(Fault::new(at, message).help(help));
        }
    }
}

/// What to write instead of a part that says nothing.
fn help(part: &str) -> String {
    match part.strip_suffix('=') {
        Some(key) if !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric()) => {
            format!("write `{key}=\"\"` for an empty value")
        }
        _ if part.contains('"') => format!("close the quotes; {SPELLINGS}"),
        _ => SPELLINGS.to_owned(),
    }
}

/// The text of a scalar where YAML 1.2 and Python differ from YAML 1.1, as which it was read:
/// `yes` is text, `010` is ten, `true` is printed `True`.
fn yaml_1_2(written: &str, text: &str, kind: Kind) -> String {
    match (kind, written) {
        (Kind::Bool, "true" | "True" | "TRUE") => "True".to_owned(),
        (Kind::Bool, "false" | "False" | "FALSE") => "False".to_owned(),
        (Kind::Bool, _) => written.to_owned(),
        (_, digits) if is_digits(digits) => match digits.trim_start_matches('0') {
            "" => "0".to_owned(),
            digits => digits.to_owned(),
        },
        _ => text.to_owned(),
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
