//! `CodeUri` and `Metadata`: where a function's code is and how it is built.
//!
//! Source: SAM developer guide, "CodeUri" and "Building Lambda functions" (`BuildMethod`).

use std::path::{Path, PathBuf};

use super::Subject;
use super::runtime::Runs;
use crate::model::{Build, Code, Kind};
use crate::node::{Node, Place};
use crate::report::Fault;

/// Finds a function's code, and why it is not run where its kind of code is not. `None`: there is
/// none, which is reported.
pub(super) fn read(subject: &Subject, runs: &Runs) -> Option<(Code, Option<String>)> {
    let id = subject.resource.id;
    let base = &subject.resolver.scope.base;
    let elsewhere = |at: Place, build: Build, why: &str| {
        let span = subject.reader.report.span(at);
        Some((Code { path: base.clone(), span, build }, Some(why.to_owned())))
    };
    if runs.is_image {
        let uri = subject.property("ImageUri");
        let at = uri.as_ref().map_or(subject.resource.at, |(_, node)| node.at);
        let uri = uri.and_then(|(_, node)| node.as_str().map(str::to_owned));
        return elsewhere(at, Build::Image(uri), "container images are not run");
    }
    let inline = subject.property("InlineCode");
    let Some((_, node)) = subject.property("CodeUri") else {
        if let Some((_, node)) = inline {
            let text = subject.reader.text("InlineCode", &node)?.to_owned();
            return elsewhere(node.at, Build::Inline(text), "inline code is not run");
        }
        let message = format!("{id} has no `CodeUri`");
        let help = "add `CodeUri: FOLDER`, taken from the template's own folder".to_owned();
        subject.fault(Fault::new(subject.resource.at, message).help(help));
        return None;
    };
    if let Some((key, _)) = inline {
        let message = format!("{id} has both `InlineCode` and `CodeUri`");
        subject.fault(Fault::new(key.at, message).help("keep one of them".to_owned()));
        return None;
    }
    if let Some(uri) = in_s3(&node) {
        return elsewhere(node.at, Build::S3(uri), "code in S3 is not fetched");
    }
    if node.is_unresolved() {
        let uri = node.as_str().unwrap_or_default().to_owned();
        return elsewhere(node.at, Build::S3(uri), "where its code is, is not known");
    }
    let uri = subject.reader.text("CodeUri", &node)?;
    let path = base.join(uri);
    let span = subject.reader.report.span(node.at);
    let found = |build| Code { path: path.clone(), span: span.clone(), build };
    if runs.not_run.is_some() {
        // It is not run, so nobody looks into its code.
        return Some((found(Build::Prebuilt), None));
    }
    let files = subject.reader.report.files;
    if files.is_file(&path) && path.extension().is_some_and(|extension| extension == "zip") {
        return Some((found(Build::Archive), None));
    }
    if !files.is_folder(&path) {
        let (what, mut help) = if files.is_file(&path) {
            ("is neither a folder nor a zip archive", "give a folder, or a zip archive".to_owned())
        } else {
            let help = "`CodeUri` is taken from the template's folder";
            ("does not exist", format!("{help}: {}", path.display()))
        };
        if path.components().any(|part| part.as_os_str() == "lambda") && uri.contains("target") {
            help = format!("build it first with `cargo lambda build --release` ({help})");
        }
        let message = format!("{id} has no code: `{uri}` {what}");
        subject.fault(Fault::new(node.at, message).help(help));
        return None;
    }
    let (build, not_run) = build(subject, &path, uri, runs, node.at)?;
    Some((found(build), not_run))
}

/// The address of code in S3: `s3://...`, or a mapping of `Bucket` and `Key`.
fn in_s3(node: &Node) -> Option<String> {
    if node.as_map().is_some() {
        let part = |name: &str| node.get(name).and_then(Node::as_str).unwrap_or_default();
        return Some(format!("s3://{}/{}", part("Bucket"), part("Key")));
    }
    node.as_str().filter(|uri| uri.starts_with("s3://")).map(str::to_owned)
}

/// How the code in a folder is built, and why it cannot be where it cannot.
fn build(
    subject: &Subject,
    path: &Path,
    uri: &str,
    runs: &Runs,
    at: Place,
) -> Option<(Build, Option<String>)> {
    let id = subject.resource.id;
    let metadata = Metadata::read(subject)?;
    let files = subject.reader.report.files;
    let (kind, handler) = (runs.kind, runs.handler.as_str());
    let artifact = match kind {
        Kind::Process => "bootstrap",
        Kind::Wasm => handler,
    };
    let stem = || {
        let stem = PathBuf::from(handler).file_stem()?.to_str()?.to_owned();
        (kind == Kind::Wasm).then_some(stem)
    };
    let is_package = files.is_file(&path.join("Cargo.toml")) && !metadata.is_skipped;
    let is_built = files.is_file(&path.join(artifact));
    let has_makefile = files.is_file(&path.join("Makefile")) && !metadata.is_skipped;
    let build = match metadata.method.as_deref() {
        // A makefile of a cargo package runs cargo and copies what comes out: so does Samovar.
        Some("rust-cargolambda" | "makefile") | None if is_package => {
            Build::Cargo { binary: metadata.binary.or_else(stem) }
        }
        Some("makefile") if has_makefile => Build::Make { target: format!("build-{id}") },
        // `sam build` leaves `Metadata` as it was in the template of its output.
        _ if is_built => Build::Prebuilt,
        Some("rust-cargolambda") => {
            let message = format!("{id} has no code: `{uri}` has no Cargo.toml");
            let help = "`BuildMethod: rust-cargolambda` needs a cargo package there".to_owned();
            subject.fault(Fault::new(at, message).help(help));
            return None;
        }
        Some("makefile") => {
            let message = format!("{id} has no code: `{uri}` has no Makefile");
            let help =
                format!("`BuildMethod: makefile` needs a Makefile with the target `build-{id}`");
            subject.fault(Fault::new(at, message).help(help));
            return None;
        }
        None => {
            let message =
                format!("{id} has no code: `{uri}` has neither Cargo.toml nor {artifact}");
            let help = match kind {
                Kind::Process => "give the folder of a cargo package, or of a built `bootstrap`",
                Kind::Wasm => "give the folder of a cargo package, or of the built component",
            };
            subject.fault(Fault::new(at, message).help(help.to_owned()));
            return None;
        }
        Some(method) => {
            let why = format!("the build method {method} is not run, and {artifact} not built");
            return Some((Build::Prebuilt, Some(why)));
        }
    };
    Some((build, None))
}

/// What `Metadata` says about the build.
struct Metadata {
    method: Option<String>,
    binary: Option<String>,
    /// `SkipBuild`: the folder holds what runs.
    is_skipped: bool,
}

impl Metadata {
    /// `None`: it is faulty.
    fn read(subject: &Subject) -> Option<Self> {
        let Some(node) = subject.resource.metadata else {
            return Some(Self { method: None, binary: None, is_skipped: false });
        };
        // Other tools keep other things here, which are none of our business.
        let resolved = |name: &str| node.get(name).map(|node| subject.resolver.resolve(node));
        let method = match resolved("BuildMethod") {
            Some(node) => Some(subject.reader.text("BuildMethod", &node)?.to_owned()),
            None => None,
        };
        let properties = resolved("BuildProperties");
        let binary = match properties.as_ref().and_then(|properties| properties.get("Binary")) {
            Some(node) => Some(binary(subject, node)?),
            None => None,
        };
        let is_skipped = match resolved("SkipBuild") {
            Some(node) => subject.reader.boolean("SkipBuild", &node)?,
            None => false,
        };
        Some(Self { method, binary, is_skipped })
    }
}

/// A binary's name, which cargo gets as an argument: nothing that could be an option or a path.
fn binary(subject: &Subject, node: &Node) -> Option<String> {
    let name = subject.reader.text("BuildProperties.Binary", node)?;
    let is_valid = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    if name.is_empty() || name.starts_with('-') || !name.chars().all(is_valid) {
        let help = "give the name of one of the package's binaries".to_owned();
        subject.reader.wrong("BuildProperties.Binary", node, "the name of a binary", help);
        return None;
    }
    Some(name.to_owned())
}
