//! `CodeUri` and `Metadata`: where a function's code is and how it is built.
//!
//! Source: SAM developer guide, "CodeUri" and "Building Lambda functions" (`BuildMethod`).

use std::path::{Path, PathBuf};

use super::Subject;
use crate::model::{Build, Code, Kind};
use crate::node::{Node, Place};
use crate::report::Fault;

/// Finds the code of a function that runs here. `None`: there is none, which is reported, or it is
/// of a kind that is not run, which is noted.
pub(super) fn read(subject: &Subject, base: &Path, kind: Kind, handler: &str) -> Option<Code> {
    let id = subject.resource.id;
    let inline = subject.property("InlineCode");
    let Some((_, node)) = subject.property("CodeUri") else {
        if inline.is_some() {
            subject.leave_out("`InlineCode` is not run");
            return None;
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
    if node.as_map().is_some() {
        subject.leave_out("code in S3 is not fetched");
        return None;
    }
    let uri = subject.reader.text("CodeUri", &node)?;
    if uri.starts_with("s3://") {
        subject.leave_out("code in S3 is not fetched");
        return None;
    }
    let path = base.join(uri);
    if path.extension().is_some_and(|extension| extension == "zip" || extension == "jar") {
        subject.leave_out("code in an archive is not unpacked yet");
        return None;
    }
    if !path.is_dir() {
        let what = if path.exists() { "is not a folder" } else { "does not exist" };
        let message = format!("{id} has no code: `{uri}` {what}");
        let help = format!("`CodeUri` is taken from the template's folder: {}", path.display());
        subject.fault(Fault::new(node.at, message).help(help));
        return None;
    }
    let build = build(subject, &path, uri, kind, handler, node.at)?;
    Some(Code { path, span: subject.reader.report.span(node.at), build })
}

fn build(
    subject: &Subject,
    path: &Path,
    uri: &str,
    kind: Kind,
    handler: &str,
    at: Place,
) -> Option<Build> {
    let id = subject.resource.id;
    let metadata = Metadata::read(subject)?;
    let artifact = match kind {
        Kind::Process => "bootstrap",
        Kind::Wasm => handler,
    };
    let stem = || {
        let stem = PathBuf::from(handler).file_stem()?.to_str()?.to_owned();
        (kind == Kind::Wasm).then_some(stem)
    };
    let is_package = path.join("Cargo.toml").is_file();
    let is_built = path.join(artifact).is_file();
    match metadata.method.as_deref() {
        Some("rust-cargolambda") | None if is_package => {
            Some(Build::Cargo { binary: metadata.binary.or_else(stem) })
        }
        // A makefile of a cargo package runs cargo and copies what comes out: so does Samovar.
        Some("makefile") if is_package => {
            Some(Build::Cargo { binary: metadata.binary.or_else(stem) })
        }
        Some("rust-cargolambda") => {
            let message = format!("{id} has no code: `{uri}` has no Cargo.toml");
            let help = "`BuildMethod: rust-cargolambda` needs a cargo package there".to_owned();
            subject.fault(Fault::new(at, message).help(help));
            None
        }
        _ if is_built => Some(Build::Prebuilt),
        None => {
            let message =
                format!("{id} has no code: `{uri}` has neither Cargo.toml nor {artifact}");
            let help = match kind {
                Kind::Process => "give the folder of a cargo package, or of a built `bootstrap`",
                Kind::Wasm => "give the folder of a cargo package, or of the built component",
            };
            subject.fault(Fault::new(at, message).help(help.to_owned()));
            None
        }
        Some(method) => {
            subject.leave_out(&format!(
                "the build method {method} is not run, and {artifact} not built"
            ));
            None
        }
    }
}

/// What `Metadata` says about the build.
struct Metadata {
    method: Option<String>,
    binary: Option<String>,
}

impl Metadata {
    /// `None`: it is faulty.
    fn read(subject: &Subject) -> Option<Self> {
        let Some(node) = subject.resource.metadata else {
            return Some(Self { method: None, binary: None });
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
        Some(Self { method, binary })
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
