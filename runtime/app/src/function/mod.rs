//! `AWS::Serverless::Function`.
//!
//! Source: SAM developer guide, "AWS::Serverless::Function"; bounds from CloudFormation's resource
//! reference, "AWS::Lambda::Function", and Lambda's quotas.

mod code;
mod environment;
mod event;
mod properties;
mod runtime;
mod url;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::api::Apis;
use crate::model::Function;
use crate::node::{Key, Node};
use crate::property;
use crate::queue::Queues;
use crate::read::Reader;
use crate::report::Fault;
use crate::resolve::Resolver;
use crate::template::Resource;
use runtime::Runs;

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

    /// Leaves the function out, and says why.
    fn leave_out(&self, why: &str) {
        let events = self.resource.property("Events").and_then(Node::as_map);
        let names: Vec<&str> = events.into_iter().flatten().map(|(k, _)| k.name.as_str()).collect();
        let id = self.resource.id;
        let note = match names.as_slice() {
            [] => format!("{why}: the function is left out"),
            names => format!("{why}: the function is left out, with {}", names.join(", ")),
        };
        self.reader.report.note(
            self.resource.at,
            format!("Resources.{id} ({})", self.resource.kind),
            note,
        );
    }
}

/// Reads a function. Its routes go to the APIs that they name; `base` is the template's folder.
///
/// `None`: the function is faulty, which is reported, or not emulated, which is noted.
pub(crate) fn read<'t>(
    resolver: &Resolver<'t>,
    resource: &Resource<'t>,
    base: &Path,
    queues: &Queues,
    apis: &mut Apis,
) -> Option<Arc<Function>> {
    let reader = Reader { report: resolver.report, owner: resource.id.to_owned() };
    let subject = Subject { resolver, resource, reader };
    let path = format!("Resources.{}", resource.id);
    property::check(&subject.reader, resource.properties, properties::TABLE, &path);
    let globals = resolver.template.globals.of(resource.kind);
    property::note(resolver.report, globals, properties::TABLE, "Globals.Function");

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
    let code = match &runs {
        Runs::Here { kind, handler, .. } => code::read(&subject, base, *kind, handler),
        Runs::Not(_) | Runs::Faulty => None,
    };
    let is_served = code.is_some();
    let triggers = event::read(&subject, timeout, queues, apis, is_served);

    let (kind, runtime, handler) = match runs {
        Runs::Here { kind, runtime, handler } => (kind, runtime, handler),
        Runs::Not(why) => {
            subject.leave_out(&why);
            return None;
        }
        Runs::Faulty => return None,
    };
    let name = name?;
    Some(Arc::new(Function {
        logical_id: resource.id.to_owned(),
        arn: resolver.function_arn(&name),
        name,
        span: resolver.report.span(resource.at),
        kind,
        runtime,
        handler,
        code: code?,
        memory_mb: memory_mb.unwrap_or(128),
        timeout: Duration::from_secs(timeout.into()),
        ephemeral_storage_mb: storage.unwrap_or(512),
        environment,
        reserved_concurrency,
        triggers,
        url,
    }))
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
