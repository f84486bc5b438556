//! `AWS::Serverless::Function` and `AWS::Lambda::Function`.
//!
//! Source: SAM developer guide, "AWS::Serverless::Function"; bounds from CloudFormation's resource
//! reference, "AWS::Lambda::Function", and Lambda's quotas.

mod asynchronous;
mod bootstrap;
mod code;
mod dynamic;
mod environment;
mod exclusions;
mod layers;
mod runtime;
mod samovar;
mod settings;
mod shapes;
mod sizes;
mod table;
mod url;
mod version;

use std::borrow::Cow;
use std::num::NonZeroU32;

pub(crate) use asynchronous::Origin;
pub(crate) use bootstrap::check as check_bootstrap;
pub(crate) use code::{asset, in_s3, is_zip};
pub(crate) use shapes::SCALING;
pub(crate) use url::Settings as UrlSettings;
pub(crate) use version::{alias, provisioned};

use self::samovar::Samovar;
use crate::api::Apis;
use crate::event::{self, Called};
use crate::model::{Function, Kind};
use crate::node::{Key, Node, Place};
use crate::property::{self, Table};
use crate::read::Reader;
use crate::report::{Fault, Report};
use crate::resolve::Resolver;
use crate::shape;
use crate::template::Resource;

/// SAM's function, and CloudFormation's own.
pub(crate) const TYPES: &[&str] = &["AWS::Serverless::Function", "AWS::Lambda::Function"];

/// A function while it is read.
struct Subject<'r, 't> {
    resolver: &'r Resolver<'t>,
    resource: &'r Resource<'t>,
    reader: Reader<'t>,
    /// Whether it is SAM's: the two kinds say some things in different properties.
    is_sam: bool,
}

impl<'t> Subject<'_, 't> {
    /// A property over `Globals`, resolved.
    fn property(&self, name: &str) -> Option<(Key, Node)> {
        self.resolver.property(self.resource, name)
    }

    /// A property over `Globals`, as it is written.
    fn written(&self, name: &str) -> Option<(Key, Cow<'t, Node>)> {
        self.resolver.written(self.resource, name)
    }

    /// Where a property stands, if the function has it.
    fn has(&self, name: &str) -> Option<Place> {
        let (key, node) = self.written(name)?;
        (node.intrinsic().is_none() || self.property(name).is_some()).then_some(key.at)
    }

    fn integer(&self, name: &str, least: u32, most: u32, unit: &str) -> Option<u32> {
        let (_, node) = self.property(name)?;
        self.reader.integer(name, &node, least..=most, unit)
    }

    fn table(&self) -> &'static Table {
        if self.is_sam { table::SAM } else { table::PLAIN }
    }

    fn fault(&self, fault: Fault) {
        self.reader.report.fault(fault);
    }
}

/// Notes that a function is not run, and why.
fn note_not_run(report: &Report, resource: &Resource, why: &str) {
    let what = format!("Resources.{} ({})", resource.id, resource.kind);
    report.note(resource.at, what, format!("not run: {why}"));
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
    let is_sam = resource.kind == "AWS::Serverless::Function";
    let subject = Subject { resolver, resource, reader, is_sam };
    let path = format!("Resources.{}", resource.id);
    property::check(&subject.reader, resource.properties, subject.table(), &path);
    let globals = resolver.template.globals.of(resource.kind);
    property::note(report, globals, subject.table(), "Globals.Function");

    // Everything is read before anything is given up, so that all faults show.
    let name = resolver.name_of(resource).ok();
    if let Some(name) = &name {
        check_name(&subject, name);
    }
    check_shapes(&subject);
    exclusions::check(&subject);
    let sizes = sizes::read(&subject);
    let reserved_concurrency = subject.integer("ReservedConcurrentExecutions", 0, 1_000_000, "");
    let provisioned_concurrency = version::of_function(&subject, reserved_concurrency);
    let alias = version::auto_published(&subject);
    let environment = environment::read(&subject, name.as_deref(), apis);
    let url = url::read(&subject);
    let asynchronous = asynchronous::read(&subject);
    let dead_letter = asynchronous::dead_letter(&subject);
    let description = settings::description(&subject);
    let architecture = settings::architecture(&subject);
    let tracing = settings::tracing(&subject);
    let logging = settings::logging(&subject);
    let snap_start = settings::snap_start(&subject);
    let layers = layers::read(&subject);
    let runs = runtime::read(&subject);
    let code = runs.as_ref().and_then(|runs| code::read(&subject, runs, &layers));
    let mut places = resolver.places(resource);
    let triggers = if is_sam {
        let called = Called { resource, timeout: sizes.timeout_s };
        event::read(resolver, &called, apis, &mut places)
    } else {
        Vec::new()
    };

    let kind = runs.as_ref().map_or(Kind::Process, |runs| runs.kind);
    let samovar = Samovar::read(&subject, kind);
    if let Some(reuse) = samovar.reuse {
        places.insert("Metadata.Samovar.Reuse", report.span(reuse.at));
    }

    let (name, runs) = (name?, runs?);
    let (code, not_run) = code?;
    let not_run = runs.not_run.or(not_run);
    if let Some(why) = &not_run {
        note_not_run(report, resource, why);
    }
    let id = resolver.id(resource.id);
    Some(Function {
        arn: resolver.function_arn(&name),
        name,
        version: "$LATEST".to_owned(),
        span: report.span(resource.at),
        places,
        description,
        not_run,
        runtime: runs.runtime,
        handler: runs.handler,
        architecture,
        memory_mb: sizes.memory_mb,
        timeout: sizes.timeout(),
        ephemeral_storage_mb: sizes.ephemeral_storage_mb,
        environment,
        layers,
        reserved_concurrency,
        provisioned_concurrency,
        alias,
        asynchronous,
        dead_letter,
        tracing,
        logging,
        snap_start,
        allowed_hosts: samovar.allowed_hosts,
        reuse: samovar.reuse.map_or(NonZeroU32::MIN, |reuse| reuse.requests),
        triggers,
        url,
        ..Function::new(&id, runs.kind, code)
    })
}

/// Checks what is not read any further.
fn check_shapes(subject: &Subject) {
    let own = if subject.is_sam { shapes::SAM } else { shapes::PLAIN };
    for fields in [shapes::COMMON, own] {
        let names = shape::names(fields).into_iter();
        let written: Vec<_> = names
            .filter_map(|name| subject.written(name))
            .map(|(key, node)| (key, node.into_owned()))
            .collect();
        shape::check(&subject.reader, "", subject.resource.at, &written, fields);
    }
}

/// Letters, digits, `-` and `_`, at most 64.
fn check_name(subject: &Subject, name: &str) {
    let is_valid = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    // A logical id may be longer than a name; on AWS a name is made from it then.
    let Some((_, written)) = subject.property("FunctionName") else { return };
    if written.is_unresolved() {
        return;
    }
    if name.is_empty() || name.len() > 64 || !name.chars().all(is_valid) {
        let shown: String = name.chars().take(80).collect();
        subject.fault(
            Fault::new(written.at, format!("`{shown}` is not a function name"))
                .help("use letters, digits, `-` and `_`, at most 64".to_owned()),
        );
    }
}
