//! `CodeUri`, `Code` and `Metadata`: where a function's code is and how it is built.
//!
//! Source: SAM developer guide, "CodeUri" and "Building Lambda functions" (`BuildMethod`);
//! CloudFormation's resource reference, "AWS::Lambda::Function Code".

use std::path::{Path, PathBuf};

use super::runtime::Runs;
use super::{Subject, bootstrap};
use crate::model::{Build, Code, Kind, LayerReference, ManagedRuntime};
use crate::node::{Node, Place};
use crate::report::Fault;
use crate::shape::{Field, Optional, Required, Shape};

/// What a function's code is, as it is written.
enum Written {
    /// `InlineCode`, `Code.ZipFile`.
    Inline(String),
    /// An object in S3, or an address that is not known here.
    Stored(String, &'static str),
    Image(Option<String>),
    /// A path that a property gives, taken from the template's folder.
    Path(&'static str, String),
}

/// Finds a function's code, and why it is not run where its kind of code is not. `None`: there is
/// none, which is reported.
pub(super) fn read(
    subject: &Subject,
    runs: &Runs,
    layers: &[LayerReference],
) -> Option<(Code, Option<String>)> {
    let (written, at) = match (runs.is_image, subject.is_sam) {
        (true, _) => image(subject)?,
        (false, true) => sam(subject)?,
        (false, false) => plain(subject)?,
    };
    let (build, why) = match written {
        Written::Path(property, uri) => {
            // A bootstrap may be in a layer: see `bootstrap::check`.
            let may_lack = runs.kind == Kind::Process && !layers.is_empty();
            return folder(subject, (runs, may_lack), property, &uri, at);
        }
        Written::Inline(text) => {
            // On AWS only Node.js and Python take it ("AWS::Lambda::Function Code", `ZipFile`).
            let why = runs.managed.is_none().then(|| "inline code is not run".to_owned());
            return Some((not_a_folder(subject, at, Build::Inline(text)), why));
        }
        Written::Stored(uri, why) => (Build::S3(uri), why),
        Written::Image(uri) => (Build::Image(uri), "container images are not run"),
    };
    Some((not_a_folder(subject, at, build), Some(why.to_owned())))
}

/// Code that no path leads to.
fn not_a_folder(subject: &Subject, at: Place, build: Build) -> Code {
    let path = subject.resolver.scope.base.clone();
    Code { path, span: subject.reader.report.span(at), build }
}

/// `ImageUri`, or `Code.ImageUri`; none where `Metadata` says how the image is built.
fn image(subject: &Subject) -> Option<(Written, Place)> {
    let name = if subject.is_sam { "ImageUri" } else { "Code" };
    let uri = match subject.property(name) {
        Some((_, node)) if subject.is_sam => Some(node),
        Some((_, node)) => node.get("ImageUri").cloned(),
        None => None,
    };
    if let Some(node) = uri {
        let uri = subject.reader.text("ImageUri", &node)?.to_owned();
        return Some((Written::Image(Some(uri)), node.at));
    }
    let metadata = subject.resource.metadata;
    let is_built = |name| metadata.is_some_and(|metadata| metadata.get(name).is_some());
    if !["Dockerfile", "DockerContext", "DockerTag", ASSET].into_iter().any(is_built) {
        let message = format!("{} has no `ImageUri`", subject.resource.id);
        let help = "give the image's address, or say under `Metadata` how it is built";
        subject.fault(Fault::new(subject.resource.at, message).help(help.to_owned()));
        return None;
    }
    Some((Written::Image(None), subject.resource.at))
}

/// `InlineCode` or `CodeUri`.
fn sam(subject: &Subject) -> Option<(Written, Place)> {
    let id = subject.resource.id;
    let uri = subject.property("CodeUri");
    if let Some((_, node)) = subject.property("InlineCode") {
        let text = subject.reader.text("InlineCode", &node)?.to_owned();
        if let Some((key, _)) = uri {
            // The transform takes the inline code and says nothing.
            let what = format!("Resources.{id}.CodeUri");
            subject.reader.report.note(key.at, what, "not used: `InlineCode` goes before it");
        }
        return Some((Written::Inline(text), node.at));
    }
    let Some((_, node)) = uri else {
        let message = format!("{id} has no `CodeUri`");
        let help = "add `CodeUri: FOLDER`, taken from the template's own folder".to_owned();
        subject.fault(Fault::new(subject.resource.at, message).help(help));
        return None;
    };
    if node.as_map().is_some() {
        let fields = &[
            Field("Bucket", Required, Shape::Text(63)),
            Field("Key", Required, Shape::Text(1024)),
            Field("Version", Optional, Shape::Text(1024)),
        ];
        return stored(subject, "CodeUri", &node, fields);
    }
    let uri = located(subject, "CodeUri", &node)?;
    Some((uri, node.at))
}

/// `Code`: a mapping, or a path as `sam build` and `aws cloudformation package` take it.
fn plain(subject: &Subject) -> Option<(Written, Place)> {
    let id = subject.resource.id;
    if let Some((path, at)) = asset(subject.resource.metadata, "Code") {
        return Some((Written::Path("Code", path.to_owned()), at));
    }
    let Some((_, node)) = subject.property("Code") else {
        let message = format!("{id} has no `Code`");
        let help = "add `Code: FOLDER`, taken from the template's own folder".to_owned();
        subject.fault(Fault::new(subject.resource.at, message).help(help));
        return None;
    };
    if node.as_map().is_none() {
        let code = located(subject, "Code", &node)?;
        return Some((code, node.at));
    }
    if let Some(inline) = node.get("ZipFile") {
        let text = subject.reader.text("Code.ZipFile", inline)?.to_owned();
        return Some((Written::Inline(text), inline.at));
    }
    let fields = &[
        Field("ImageUri", Optional, Shape::Text(1024)),
        Field("S3Bucket", Required, Shape::Text(63)),
        Field("S3Key", Required, Shape::Text(1024)),
        Field("S3ObjectStorageMode", Optional, Shape::Choice(&["COPY", "REFERENCE"])),
        Field("S3ObjectVersion", Optional, Shape::Text(1024)),
        Field("SourceKMSKeyArn", Optional, Shape::Arn),
        Field("ZipFile", Optional, Shape::Any),
    ];
    stored(subject, "Code", &node, fields)
}

/// A mapping that says where in S3 an archive is.
fn stored(
    subject: &Subject,
    name: &str,
    node: &Node,
    fields: &'static [Field],
) -> Option<(Written, Place)> {
    Shape::Map(fields).check(&subject.reader, name, node);
    Some((Written::Stored(in_s3(node)?, NOT_FETCHED), node.at))
}

/// Text that says where code is.
fn located(subject: &Subject, property: &'static str, node: &Node) -> Option<Written> {
    if let Some(uri) = in_s3(node) {
        return Some(Written::Stored(uri, NOT_FETCHED));
    }
    let uri = subject.reader.text(property, node)?.to_owned();
    Some(match node.is_unresolved() {
        true => Written::Stored(uri, "where its code is, is not known"),
        false => Written::Path(property, uri),
    })
}

/// What is said of code in S3.
const NOT_FETCHED: &str = "code in S3 is not fetched";

/// The metadata in which AWS CDK names the local files that a property stands for (CDK's
/// `aws-cdk-lib/cx-api`, "assets"; SAM CLI reads them too).
const ASSET: &str = "aws:asset:path";

/// The local path that stands for a property, as AWS CDK writes it.
pub(crate) fn asset<'t>(metadata: Option<&'t Node>, property: &str) -> Option<(&'t str, Place)> {
    let metadata = metadata?;
    let path = metadata.get(ASSET)?;
    let is_property = metadata.get("aws:asset:property")?.as_str() == Some(property);
    path.as_str().filter(|_| is_property).map(|text| (text, path.at))
}

/// The address of something in S3: `s3://...`, or a mapping of bucket and key.
pub(crate) fn in_s3(node: &Node) -> Option<String> {
    if node.as_map().is_some() {
        let part = |names: [&str; 2]| names.into_iter().find_map(|n| node.get(n)?.as_str());
        let bucket = part(["Bucket", "S3Bucket"]).unwrap_or_default();
        let key = part(["Key", "S3Key"]).unwrap_or_default();
        return Some(format!("s3://{bucket}/{key}"));
    }
    node.as_str().filter(|uri| uri.starts_with("s3://")).map(str::to_owned)
}

/// Whether a file is called as a zip archive is.
pub(crate) fn is_zip(path: &Path) -> bool {
    path.extension().is_some_and(|end| end.eq_ignore_ascii_case("zip"))
}

/// Code in a folder or archive of this machine. `may_lack`: it may do without what is run.
fn folder(
    subject: &Subject,
    (runs, may_lack): (&Runs, bool),
    property: &str,
    uri: &str,
    at: Place,
) -> Option<(Code, Option<String>)> {
    let id = subject.resource.id;
    let path = subject.resolver.scope.base.join(uri);
    let found = |build| {
        let span = subject.reader.report.span(at);
        Code { path: path.clone(), span, build }
    };
    if runs.not_run.is_some() {
        // It is not run, so nobody looks into its code.
        return Some((found(Build::Prebuilt), None));
    }
    let files = subject.reader.report.files;
    if files.is_file(&path) && is_zip(&path) {
        return Some((found(Build::Archive), None));
    }
    if !files.is_folder(&path) {
        let (what, mut help) = if files.is_file(&path) {
            ("is neither a folder nor a zip archive", "give a folder, or a zip archive".to_owned())
        } else {
            let help = format!("`{property}` is taken from the template's folder");
            ("does not exist", format!("{help}: {}", path.display()))
        };
        if path.components().any(|part| part.as_os_str() == "lambda") && uri.contains("target") {
            help = format!("build it first with `cargo lambda build --release` ({help})");
        }
        let message = format!("{id} has no code: `{uri}` {what}");
        subject.fault(Fault::new(at, message).help(help));
        return None;
    }
    let (build, not_run) = build(subject, &path, uri, (runs, may_lack), at)?;
    Some((found(build), not_run))
}

/// How the code in a folder is built, and why it cannot be where it cannot.
fn build(
    subject: &Subject,
    path: &Path,
    uri: &str,
    (runs, may_lack): (&Runs, bool),
    at: Place,
) -> Option<(Build, Option<String>)> {
    let id = subject.resource.id;
    let metadata = Metadata::read(subject)?;
    let files = subject.reader.report.files;
    if runs.managed.is_some() {
        return source(subject, path, uri, &metadata, at);
    }
    let (kind, handler) = (runs.kind, runs.handler.as_str());
    let artifact = match kind {
        Kind::Process => bootstrap::FILE,
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
        _ if is_built || (may_lack && metadata.is_sam_output) => Build::Prebuilt,
        None if may_lack => Build::Prebuilt,
        Some("rust-cargolambda") => {
            let message = format!("{id} has no code: `{uri}` has no Cargo.toml");
            let help = "`BuildMethod: rust-cargolambda` needs a cargo package there".to_owned();
            subject.fault(Fault::new(at, message).help(help));
            return None;
        }
        Some("makefile") => {
            no_makefile(subject, uri, at);
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

/// How source of a managed runtime is built: its packages are installed, unless the folder has
/// them already.
fn source(
    subject: &Subject,
    path: &Path,
    uri: &str,
    metadata: &Metadata,
    at: Place,
) -> Option<(Build, Option<String>)> {
    let id = subject.resource.id;
    if metadata.is_skipped || metadata.is_sam_output {
        return Some((Build::Prebuilt, None));
    }
    match metadata.method.as_deref() {
        None => Some((Build::Source, None)),
        // `BuildMethod: python3.12` says again what `Runtime` says.
        Some(method) if ManagedRuntime::parse(method).is_some() => Some((Build::Source, None)),
        Some("makefile") if subject.reader.report.files.is_file(&path.join("Makefile")) => {
            Some((Build::Make { target: format!("build-{id}") }, None))
        }
        Some("makefile") => {
            no_makefile(subject, uri, at);
            None
        }
        Some(method) => {
            let why =
                format!("the build method {method} is not run: serve what `sam build` leaves");
            Some((Build::Prebuilt, Some(why)))
        }
    }
}

fn no_makefile(subject: &Subject, uri: &str, at: Place) {
    let id = subject.resource.id;
    let message = format!("{id} has no code: `{uri}` has no Makefile");
    let help = format!("`BuildMethod: makefile` needs a Makefile with the target `build-{id}`");
    subject.fault(Fault::new(at, message).help(help));
}

/// What `Metadata` says about the build.
struct Metadata {
    method: Option<String>,
    binary: Option<String>,
    /// `SkipBuild`: the folder holds what runs.
    is_skipped: bool,
    /// `SamResourceId`, which `sam build` adds in the template of its output.
    is_sam_output: bool,
}

impl Metadata {
    /// `None`: it is faulty.
    fn read(subject: &Subject) -> Option<Self> {
        let Some(node) = subject.resource.metadata else {
            return Some(Self {
                method: None,
                binary: None,
                is_skipped: false,
                is_sam_output: false,
            });
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
        let is_sam_output = node.get("SamResourceId").is_some();
        Some(Self { method, binary, is_skipped, is_sam_output })
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
