//! `AWS::Serverless::Function`.
//!
//! Source: SAM developer guide, "AWS::Serverless::Function"; bounds from CloudFormation's resource
//! reference, "AWS::Lambda::Function", and Lambda's quotas.

mod code;
mod environment;
mod properties;
mod runtime;
mod url;

use std::time::Duration;

use crate::api::Apis;
use crate::event::{self, Called};
use crate::model::{Function, Places};
use crate::node::{Key, Node};
use crate::property;
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;

/// A function while it is read.
struct Subject<'r, 't> {
    resolver: &'r Resolver<'t>,
    resource: &'r Resource<'t>,
    reader: Reader<'t>,
}

impl<'t> Subject<'_, 't> {
    /// A property over `Globals`, resolved.
    fn property(&self, name: &str) -> Option<(Key, Node)> {
        self.resolver.property(self.resource, name)
    }

    fn integer(&self, name: &str, least: u32, most: u32, unit: &str) -> Option<u32> {
        let (_, node) = self.property(name)?;
        self.reader.integer(name, &node, least..=most, unit)
    }

    fn fault(&self, fault: Fault) {
        self.reader.report.fault(fault);
    }

    /// Notes that the function is not run, and why.
    fn note_not_run(&self, why: &str) {
        let id = self.resource.id;
        let what = format!("Resources.{id} ({})", self.resource.kind);
        self.reader.report.note(self.resource.at, what, format!("not run: {why}"));
    }
}

/// Reads a function. Its routes go to the APIs that they name.
///
/// `None`: the function is faulty, which is reported.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    resource: &'t Resource<'t>,
    apis: &mut Apis,
) -> Option<Function> {
    let report = resolver.report;
    let reader = Reader { report, owner: resource.id.to_owned() };
    let subject = Subject { resolver, resource, reader };
    let path = format!("Resources.{}", resource.id);
    property::check(&subject.reader, resource.properties, properties::TABLE, &path);
    let globals = resolver.template.globals.of(resource.kind);
    property::note(report, globals, properties::TABLE, "Globals.Function");

    // Everything is read before anything is given up, so that all faults show.
    let name = resolver.name_of(resource).ok();
    if let Some(name) = &name {
        check_name(&subject, name);
    }
    let memory_mb = subject.integer("MemorySize", 128, 10_240, "MB");
    let timeout = subject.integer("Timeout", 1, 900, "seconds").unwrap_or(3);
    let storage = properties::ephemeral_storage(&subject);
    let reserved_concurrency = subject.integer("ReservedConcurrentExecutions", 0, 1_000_000, "");
    properties::check_architectures(&subject);
    let environment = environment::read(&subject, apis);
    let url = url::read(&subject);
    let runs = runtime::read(&subject);
    let code = runs.as_ref().and_then(|runs| code::read(&subject, runs));
    let mut places = places(&subject);
    let called = Called { resource, timeout };
    let triggers = event::read(resolver, &called, apis, &mut places);

    let (name, runs) = (name?, runs?);
    let (code, not_run) = code?;
    let not_run = runs.not_run.or(not_run);
    if let Some(why) = &not_run {
        subject.note_not_run(why);
    }
    let id = resolver.id(resource.id);
    Some(Function {
        arn: resolver.function_arn(&name),
        name,
        span: report.span(resource.at),
        places,
        not_run,
        runtime: runs.runtime,
        handler: runs.handler,
        memory_mb: memory_mb.unwrap_or(128),
        timeout: Duration::from_secs(timeout.into()),
        ephemeral_storage_mb: storage.unwrap_or(512),
        environment,
        reserved_concurrency,
        triggers,
        url,
        ..Function::new(&id, runs.kind, code)
    })
}

/// Where the function's properties stand. `Events` are placed where they are read.
fn places(subject: &Subject) -> Places {
    let report = subject.reader.report;
    let mut places = Places::new(report.span(subject.resource.at));
    let globals = subject.resolver.template.globals.of(subject.resource.kind);
    for (key, node) in globals.iter().chain(subject.resource.properties) {
        if key.name != "Events" {
            report.place(&mut places, &key.name, node);
        }
    }
    places
}

/// Letters, digits, `-` and `_`, at most 64.
fn check_name(subject: &Subject, name: &str) {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // A logical id may be longer than a name; on AWS a name is made from it then.
    let Some(written) = subject.resource.property("FunctionName") else { return };
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_valid) {
        let shown: String = name.chars().take(80).collect();
        subject.fault(
            Fault::new(written.at, format!("`{shown}` is not a function name"))
                .help("use letters, digits, `-` and `_`, at most 64".to_owned()),
        );
    }
}
