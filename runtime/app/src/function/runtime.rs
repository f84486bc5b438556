//! `Runtime`, `Handler` and `PackageType`: what runs a function.

use std::path::{Component, Path};

use super::Subject;
use crate::model::{Kind, ManagedRuntime};
use crate::node::Node;
use crate::report::Fault;
use crate::suggest::did_you_mean;

/// Lambda's runtimes, the withdrawn ones that templates still name among them (Lambda developer
/// guide, "Lambda runtimes").
const RUNTIMES: &[&str] = &[
    "dotnet10",
    "dotnet6",
    "dotnet8",
    "dotnetcore1.0",
    "dotnetcore2.0",
    "dotnetcore2.1",
    "dotnetcore3.1",
    "go1.x",
    "java11",
    "java11.al2023",
    "java17",
    "java17.al2023",
    "java21",
    "java25",
    "java8",
    "java8.al2",
    "java8.al2023",
    "nodejs",
    "nodejs10.x",
    "nodejs12.x",
    "nodejs14.x",
    "nodejs16.x",
    "nodejs18.x",
    "nodejs20.x",
    "nodejs22.x",
    "nodejs24.x",
    "nodejs26.x",
    "nodejs4.3",
    "nodejs4.3-edge",
    "nodejs6.10",
    "nodejs8.10",
    "provided",
    "provided.al2",
    "provided.al2023",
    "python2.7",
    "python3.10",
    "python3.11",
    "python3.12",
    "python3.13",
    "python3.14",
    "python3.15",
    "python3.6",
    "python3.7",
    "python3.8",
    "python3.9",
    "ruby2.5",
    "ruby2.7",
    "ruby3.2",
    "ruby3.3",
    "ruby3.4",
    "ruby4.0",
];

/// What runs a function.
pub(super) struct Runs {
    pub(super) kind: Kind,
    pub(super) runtime: String,
    pub(super) handler: String,
    /// What runs its source.
    pub(super) managed: Option<ManagedRuntime>,
    /// Why it is not run here.
    pub(super) not_run: Option<String>,
    pub(super) is_image: bool,
}

/// `None`: that cannot be said, for faults that are reported.
pub(super) fn read(subject: &Subject) -> Option<Runs> {
    let id = subject.resource.id;
    let reader = &subject.reader;
    if let Some((_, node)) = subject.property("PackageType")
        && reader.choice("PackageType", &node, &["Zip", "Image"])? == "Image"
    {
        return Some(Runs {
            kind: Kind::Process,
            runtime: String::new(),
            handler: String::new(),
            managed: None,
            not_run: Some("container images are not run".to_owned()),
            is_image: true,
        });
    }
    let text = |name: &str, help: &str| match subject.property(name) {
        Some((_, node)) => {
            let text = reader.text(name, &node)?.to_owned();
            Some((text, node))
        }
        None => {
            let message = format!("{id} has no `{name}`");
            subject.fault(Fault::new(subject.resource.at, message).help(help.to_owned()));
            None
        }
    };
    let runtime = text("Runtime", "add one: `Runtime: provided.al2023` runs a native binary");
    let handler = text("Handler", "add one: `Handler: bootstrap`, or the name of a `.wasm` file");
    let ((runtime, runtime_node), (handler, handler_node)) = (runtime?, handler?);
    if !RUNTIMES.contains(&runtime.as_str()) && !runtime_node.is_unresolved() {
        let shown: String = runtime.chars().take(60).collect();
        let help = did_you_mean(&runtime, RUNTIMES.iter().copied())
            .unwrap_or_else(|| "for a native binary or WASM: `provided.al2023`".to_owned());
        let message = format!("unknown runtime `{shown}` of {id}");
        subject.fault(Fault::new(runtime_node.at, message).help(help));
        return None;
    }
    let managed = ManagedRuntime::parse(&runtime);
    let is_program = runtime.starts_with("provided");
    let not_run =
        (!is_program && managed.is_none()).then(|| format!("the runtime {runtime} is not run yet"));
    check_handler(subject, &handler, &handler_node);
    let is_wasm = is_program && Kind::of_handler(&handler) == Kind::Wasm;
    if is_wasm && !stays_inside(&handler) {
        let message = format!("`Handler` of {id} must name a file in the folder of the code");
        let help = "give its name alone: `hello.wasm`".to_owned();
        subject.fault(Fault::new(handler_node.at, message).help(help));
        return None;
    }
    let kind = if is_wasm { Kind::Wasm } else { Kind::Process };
    Some(Runs { kind, runtime, handler, managed, not_run, is_image: false })
}

/// At most 128 characters without blanks (Lambda API reference, "CreateFunction").
fn check_handler(subject: &Subject, handler: &str, node: &Node) {
    if node.is_unresolved() {
        return;
    }
    if handler.is_empty() || handler.len() > 128 || handler.contains(char::is_whitespace) {
        let expected = "at most 128 characters without blanks";
        subject.reader.wrong("Handler", node, expected, None);
    }
}

fn stays_inside(path: &str) -> bool {
    Path::new(path).components().all(|part| matches!(part, Component::Normal(_)))
}
