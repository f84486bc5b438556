//! The way from a template's path to the [`App`].

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::api::Apis;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::model::App;
use crate::node::Node;
use crate::options::Options;
use crate::queue::Queues;
use crate::report::{Fault, Report};
use crate::resolve::Resolver;
use crate::source::Source;
use crate::suggest::did_you_mean;
use crate::template::{Resource, Template};
use crate::{api, function, outputs, queue, yaml};

/// SAM's resource types.
const SERVERLESS: &[&str] = &[
    "AWS::Serverless::Api",
    "AWS::Serverless::Application",
    "AWS::Serverless::CapacityProvider",
    "AWS::Serverless::Connector",
    "AWS::Serverless::Function",
    "AWS::Serverless::GraphQLApi",
    "AWS::Serverless::HttpApi",
    "AWS::Serverless::LayerVersion",
    "AWS::Serverless::SimpleTable",
    "AWS::Serverless::StateMachine",
    "AWS::Serverless::WebSocketApi",
];

/// SQS's resource types.
const SQS: &[&str] = &["AWS::SQS::Queue", "AWS::SQS::QueueInlinePolicy", "AWS::SQS::QueuePolicy"];

/// Permissions: nothing is refused here for want of one, so they say nothing about the run.
const PERMISSIONS: &[&str] = &[
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::Policy",
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::Lambda::Permission",
    "AWS::SQS::QueueInlinePolicy",
    "AWS::SQS::QueuePolicy",
    "AWS::Serverless::Connector",
];

/// Loads the template at `path`.
///
/// Reads the template and looks whether the code that it names is there; nothing else is touched.
///
/// # Errors
/// Every fault that is found in one run, each with its place and what to write instead: a file
/// that cannot be read, text that is not YAML, properties that are unknown, of the wrong type or
/// out of AWS's bounds, intrinsic functions that cannot be resolved, functions without code.
pub fn load(path: &Path, options: &Options) -> Result<App, Diagnostics> {
    let source = Source::read(path)?;
    let absolute = std::path::absolute(path).map_err(|e| Diagnostic {
        file: path.into(),
        mark: None,
        message: format!("the template's folder is not known: {e}"),
        path: None,
        help: Some("give the template's full path: --template PATH".to_owned()),
    })?;
    let base = absolute.parent().unwrap_or(Path::new("/")).to_owned();
    from_source(&source, absolute, &base, options)
}

/// Loads a template whose code is looked for under `base`.
pub(crate) fn from_source(
    source: &Source,
    path: PathBuf,
    base: &Path,
    options: &Options,
) -> Result<App, Diagnostics> {
    let report = Report::new(source);
    let root: Option<Node> = yaml::parse(&report);
    let app = root.as_ref().and_then(|root| {
        let template = Template::read(root, options, &report)?;
        Some(assemble(&template, options, &report, path, base))
    });
    let not_emulated = report.finish(root.as_ref())?;
    match app {
        Some(app) => Ok(App { not_emulated, ..app }),
        // Nothing was read, and every way to that reports why; `finish` gave those back above.
        None => Err(Diagnostic {
            file: source.file.clone(),
            mark: None,
            message: "the template holds nothing that can be read".to_owned(),
            path: None,
            help: None,
        }
        .into()),
    }
}

/// Reads the resources in the order of their needs: queues and APIs, then functions, then outputs.
fn assemble(
    template: &Template,
    options: &Options,
    report: &Report,
    path: PathBuf,
    base: &Path,
) -> App {
    let resolver = Resolver::new(template, options, report);
    resolver.check_conditions();
    let active: Vec<&Resource> =
        template.resources.iter().filter(|resource| resolver.is_active(resource)).collect();
    for resource in &template.resources {
        check_depends_on(&resolver, resource);
    }

    let mut facts = Queues::new();
    let mut unfinished = Vec::new();
    for resource in active.iter().filter(|resource| resource.kind == "AWS::SQS::Queue") {
        if let Some((queue, rest)) = queue::read(&resolver, resource) {
            check_unique(&mut facts, &resolver, resource, queue);
            unfinished.push(rest);
        }
    }
    let queues = unfinished.into_iter().map(|rest| rest.finish(&resolver, &facts)).collect();

    let identities = resolver.apis().iter();
    let apis = identities.map(|identity| match template.resource(identity.logical_id) {
        Some(resource) if identity.at.is_some() => api::explicit(&resolver, resource, identity),
        _ => api::implicit(&resolver, identity),
    });
    let mut apis = Apis::new(apis.collect());

    let mut functions: Vec<Arc<crate::model::Function>> = Vec::new();
    let mut names = HashMap::new();
    for resource in &active {
        match resource.kind {
            "AWS::Serverless::Function" => {
                let function = function::read(&resolver, resource, base, &facts, &mut apis);
                let Some(function) = function else { continue };
                if let Some(other) = names.insert(function.name.clone(), resource.id) {
                    let message =
                        format!("{other} and {} are both named `{}`", resource.id, function.name);
                    let help = "give each function its own `FunctionName`".to_owned();
                    report.fault(Fault::new(resource.at, message).help(help));
                }
                functions.push(function);
            }
            "AWS::SQS::Queue" | "AWS::Serverless::HttpApi" | "AWS::Serverless::Api" => {}
            kind if PERMISSIONS.contains(&kind) => {}
            _ => not_served(resource, report),
        }
    }
    let outputs = outputs::read(&resolver, &apis);
    resolver.check_names();
    App {
        template: path,
        description: template.description.map(str::to_owned),
        functions,
        apis: apis.into_inner(),
        queues,
        outputs,
        not_emulated: Vec::new(),
    }
}

/// Enters a queue under its ARN, if its name is its own.
fn check_unique(
    queues: &mut Queues,
    resolver: &Resolver,
    resource: &Resource,
    queue: queue::QueueFacts,
) {
    let name = queue.name.clone();
    if queues.insert(resolver.queue_arn(&name), queue).is_some() {
        let message = format!("another queue is named `{name}` as {} is", resource.id);
        let help = "give each queue its own `QueueName`".to_owned();
        resolver.report.fault(Fault::new(resource.at, message).help(help));
    }
}

/// A resource of a type that Samovar does not serve: kept, and named once.
fn not_served(resource: &Resource, report: &Report) {
    let kind = resource.kind;
    let families = [("AWS::Serverless::", SERVERLESS), ("AWS::SQS::", SQS)];
    let family = families.iter().find(|(prefix, _)| kind.starts_with(prefix));
    let shown: String = kind.chars().take(80).collect();
    let unknown = match family {
        Some((_, types)) if types.contains(&kind) => None,
        Some((_, types)) => Some(
            did_you_mean(kind, types.iter().copied())
                .unwrap_or_else(|| format!("there are {}", types.join(", "))),
        ),
        // Custom resources are `Custom::Name`, modules `Org::Service::Name::MODULE`.
        None if kind.starts_with("Custom::") || kind.split("::").count() >= 3 => None,
        None => Some("a type is written as `AWS::SQS::Queue`".to_owned()),
    };
    match unknown {
        Some(help) => {
            let message = format!("unknown resource type `{shown}` of {}", resource.id);
            report.fault(Fault::new(resource.kind_at, message).help(help));
        }
        None => {
            let what = format!("Resources.{} ({shown})", resource.id);
            report.note(
                resource.at,
                what,
                "not created: it has a name and ARN, and nothing behind",
            );
        }
    }
}

/// `DependsOn` names resources of the template.
fn check_depends_on(resolver: &Resolver, resource: &Resource) {
    let Resolver { template, report, .. } = resolver;
    let Some(node) = resource.depends_on else { return };
    let single = std::slice::from_ref(node);
    for node in node.as_list().unwrap_or(single) {
        let fault = match node.as_str() {
            Some(name) if template.resource(name).is_some() => continue,
            Some(name) if resolver.is_implied(name) => continue,
            Some(name) => {
                let shown: String = name.chars().take(60).collect();
                let ids = template.resources.iter().map(|resource| resource.id);
                Fault::new(node.at, format!("there is no resource `{shown}`"))
                    .help(did_you_mean(name, ids))
            }
            None => Fault::new(node.at, "`DependsOn` takes names of resources")
                .help("write one name, or a list of names".to_owned()),
        };
        report.fault(fault);
    }
}
