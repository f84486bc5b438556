//! `samovar new`: a function's cargo package and the template's lines for it.

mod changes;
mod form;
mod name;
mod package;
mod source;
mod survey;
mod template;
mod workspace;

use std::env;
use std::fmt;
use std::path::{Path, PathBuf};

use thiserror::Error;

use self::changes::Changes;
use self::form::Form;
use self::name::Name;
use self::source::Source;
use self::template::Template;
use self::workspace::{Workspace, relative};
use crate::terminal::{Style, pad, say, widest};

/// Names of templates, in the order in which `samovar up` looks for them.
const TEMPLATES: [&str; 3] = ["template.yaml", "template.yml", "template.json"];

/// The SAM CLI's settings beside a new template.
const SAMCONFIG: &str = "# Settings of the SAM CLI.\nversion = 0.1\n\n\
                         [default.build.parameters]\n\
                         # Cargo needs the whole workspace, not a copy of one function's folder.\n\
                         build_in_source = true\n";

/// Options of `samovar new`.
#[derive(Debug, clap::Args)]
pub(crate) struct New {
    /// The function's name: order-worker makes the package order-worker and the resource
    /// OrderWorker.
    name: String,

    /// Answer requests of an HTTP API: an axum router [default: direct invokes and a function URL].
    #[arg(long, group = "form")]
    http: bool,

    /// Handle the messages of a queue, which is declared too, with one for those that fail.
    #[arg(long, group = "form")]
    sqs: bool,

    /// Run on a schedule: every minute, until you change that.
    #[arg(long, group = "form")]
    schedule: bool,

    /// Build a Lambda binary, a process of its own [default: a WASM component, a fresh isolate for
    /// each request]. The source is the same.
    #[arg(long)]
    native: bool,

    /// The template that the function is added to [default: template.yaml or template.yml here,
    /// which is made where there is none].
    #[arg(short, long, value_name = "PATH")]
    template: Option<PathBuf>,

    /// Where the crate samovar-function is: its folder, or the URL of a git repository [default:
    /// the source tree that this samovar was built from].
    #[arg(long, value_name = "PATH|URL")]
    function_crate: Option<String>,
}

/// Why no function was made. Nothing was written.
#[derive(Debug, Error)]
pub(crate) enum NewError {
    /// The name is none.
    #[error("`{name}` is no name for a function: {why}")]
    Name { name: String, why: String },
    /// There is something with the name.
    #[error("{} is there already: give the function another name, or remove it", .0.display())]
    Exists(PathBuf),
    /// A file cannot be read.
    #[error("{}: {error}", path.display())]
    Read { path: PathBuf, error: String },
    /// Nothing can be added to the template.
    #[error("nothing was added to {}: {why}", path.display())]
    Template { path: PathBuf, why: String },
    /// A file cannot be written.
    #[error("{} cannot be written: {error}; nothing was", path.display())]
    Write { path: PathBuf, error: String },
    /// The folder of `--function-crate` is another one.
    #[error("--function-crate: {} has no crate samovar-function", .0.display())]
    NotTheCrate(PathBuf),
    /// The tree that this was built from is gone.
    #[error(
        "the crate samovar-function is not on crates.io yet, and the source tree that this samovar \
         was built from is gone: say where the crate is with --function-crate PATH|URL"
    )]
    NoCrate,
}

/// `samovar new`.
///
/// # Errors
/// The function cannot be made. Nothing was written then.
pub(crate) fn new(options: &New) -> Result<(), NewError> {
    say(make(options)?);
    Ok(())
}

fn make(options: &New) -> Result<Made, NewError> {
    let name = Name::parse(&options.name)?;
    let form = match () {
        () if options.http => Form::Http,
        () if options.sqs => Form::Sqs,
        () if options.schedule => Form::Schedule,
        () => Form::Invoke,
    };
    let place = Place::find(options.template.as_deref())?;
    let read = |path: &Path| Template::read(path, place.shown(path));
    let template = place.template.as_deref().map(read).transpose()?;
    let folder = place.package(&name);
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(place.shown(&folder)));
    }
    let workspace = Workspace::of(&folder)?;
    let is_new_workspace = workspace.is_none() && place.is_fresh;
    let in_workspace =
        workspace.as_ref().is_some_and(|w| w.shares("dependencies", "samovar-function"));
    let source = match in_workspace {
        true => None,
        false => Some(Source::find(options.function_crate.as_deref())?),
    };

    let mut changes = Changes::default();
    let mut made = Made { name: name.clone(), form, lines: Vec::new() };
    let function = match &source {
        Some(source) if !is_new_workspace => package::by_source(source),
        _ => package::inherited(),
    };
    let mut files = vec![
        ("Cargo.toml", package::manifest(&name, form, workspace.as_ref(), &function)),
        ("src/main.rs", form.source(&name)),
    ];
    if !options.native {
        let root = match &workspace {
            Some(workspace) => &workspace.root,
            None if is_new_workspace => &place.base,
            None => &folder,
        };
        let depth = folder.strip_prefix(root).map_or(0, |below| below.components().count());
        files.insert(1, ("Makefile", package::makefile(&name, &"../".repeat(depth))));
    }
    for (file, _) in &files {
        made.lines.push((place.shown(&folder).join(file), String::new()));
    }
    changes.folder(folder.clone(), files);

    match (&workspace, &source) {
        (Some(workspace), _) => {
            if let Some(text) = workspace.with(&folder)? {
                made.added(place.shown(&workspace.manifest()), "a member of the workspace");
                changes.replace(workspace.manifest(), workspace.text().to_owned(), text);
            }
        }
        (None, Some(source)) if is_new_workspace => {
            made.added(place.shown(&place.base.join("Cargo.toml")), "the workspace");
            changes.file(place.base.join("Cargo.toml"), workspace::new(source.dependency()));
            let ignored = place.base.join(".gitignore");
            if !ignored.exists() {
                made.added(place.shown(&ignored), "");
                changes.file(ignored, "/target/\n/.samovar/\n/.aws-sam/\n".to_owned());
            }
        }
        _ => {}
    }

    let code = relative(&folder, &place.base);
    let api = template.as_ref().and_then(Template::http_api);
    let resources = form.resources(&name, &code, !options.native, api);
    let ids = form.ids(&name);
    match (&place.template, &template) {
        (Some(path), Some(template)) => {
            made.added(place.shown(path), &ids.join(", "));
            let text = template.with(&resources, &ids)?;
            changes.replace(path.clone(), template.text().to_owned(), text);
        }
        _ => {
            let samconfig = place.base.join("samconfig.toml");
            if !samconfig.exists() {
                made.added(place.shown(&samconfig), "for sam build");
                changes.file(samconfig, SAMCONFIG.to_owned());
            }
            let path = place.base.join(TEMPLATES[0]);
            made.added(place.shown(&path), &ids.join(", "));
            changes.file(path, template::new(&resources));
        }
    }
    changes.write()?;
    Ok(made)
}

/// Where the function goes.
struct Place {
    /// Where the command was called.
    here: PathBuf,
    /// The template's folder.
    base: PathBuf,
    /// The template, if there is one.
    template: Option<PathBuf>,
    /// Whether nothing is there that a new workspace would disturb.
    is_fresh: bool,
}

impl Place {
    fn find(given: Option<&Path>) -> Result<Self, NewError> {
        let unreadable = |path: &Path| {
            let path = path.to_owned();
            move |error: std::io::Error| NewError::Read { path, error: error.to_string() }
        };
        let here = env::current_dir().map_err(unreadable(Path::new(".")))?;
        let template = match given {
            Some(path) => Some(path.to_owned()),
            None => TEMPLATES.map(|name| here.join(name)).into_iter().find(|path| path.exists()),
        };
        // Paths in a template are taken from the folder of its link; what is written is the file.
        let base = match template.as_deref().and_then(Path::parent) {
            Some(parent) => {
                let parent = here.join(parent);
                parent.canonicalize().map_err(unreadable(&parent))?
            }
            None => here.clone(),
        };
        let resolved = |path: PathBuf| path.canonicalize().map_err(unreadable(&path));
        let template = template.map(resolved).transpose()?;
        let is_fresh = template.is_none() && !base.join("Cargo.toml").exists();
        Ok(Self { here, base, template, is_fresh })
    }

    /// The package's folder: in `functions` where the application has that or a workspace, beside
    /// the template otherwise.
    fn package(&self, name: &Name) -> PathBuf {
        let functions = self.base.join("functions");
        let of_workspace = self.is_fresh || functions.is_dir() || self.has_workspace();
        if of_workspace { functions } else { self.base.clone() }.join(&name.package)
    }

    fn has_workspace(&self) -> bool {
        matches!(Workspace::of(&self.base.join("functions/x")), Ok(Some(_)))
    }

    /// A path as somebody types it here.
    fn shown(&self, path: &Path) -> PathBuf {
        path.strip_prefix(&self.here).unwrap_or(path).to_owned()
    }
}

/// What was written, and what to do next.
struct Made {
    name: Name,
    form: Form,
    lines: Vec<(PathBuf, String)>,
}

impl Made {
    fn added(&mut self, path: PathBuf, what: &str) {
        self.lines.push((path, what.to_owned()));
    }
}

impl fmt::Display for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let style = Style::stdout();
        let paths: Vec<_> = self.lines.iter().map(|(path, _)| path.display().to_string()).collect();
        let width = widest(paths.iter().map(String::as_str));
        writeln!(f)?;
        for (path, (_, what)) in paths.iter().zip(&self.lines) {
            let line = format!("  {}  {}", pad(path, width), style.dim(what));
            writeln!(f, "{}", line.trim_end())?;
        }
        writeln!(f, "\n  {}  {}", style.bold("Next"), style.link("samovar up"))?;
        write!(f, "        {}", style.link(&self.form.try_it(&self.name)))
    }
}
