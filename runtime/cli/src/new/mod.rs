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

/// Cargo's settings of a new workspace. An isolate whose memory grows costs two changes of the
/// protection of its pages, of which the second interrupts the other threads.
const CARGO_CONFIG: &str = "[target.wasm32-wasip2]\n\
    # Isolates start with a heap of 256 KB: to let it grow takes as long as a small handler does.\n\
    rustflags = [\"-C\", \"link-arg=--initial-heap=262144\"]\n";

/// What git passes over in a new workspace.
const IGNORED: &str = "/target/\n/.samovar/\n/.aws-sam/\n";

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
    let folder = place.package(&name);
    if folder.symlink_metadata().is_ok() {
        return Err(NewError::Exists(place.shown(&folder)));
    }
    let is_wasm = !options.native;
    let mut made = Made { name, form, is_wasm, folder, place, lines: Vec::new() };
    let mut changes = Changes::default();
    made.package(options.function_crate.as_deref(), &mut changes)?;
    made.template(&mut changes)?;
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

/// A function that is made: what is written of it, and what to do next.
struct Made {
    name: Name,
    form: Form,
    is_wasm: bool,
    /// Of its package.
    folder: PathBuf,
    place: Place,
    lines: Vec<(PathBuf, String)>,
}

impl Made {
    fn tell(&mut self, path: &Path, what: &str) {
        self.lines.push((self.place.shown(path), what.to_owned()));
    }

    /// The package, in its workspace.
    fn package(&mut self, given: Option<&str>, changes: &mut Changes) -> Result<(), NewError> {
        let workspace = Workspace::of(&self.folder)?;
        let has_function = |w: &Workspace| w.shares("dependencies", "samovar-function");
        let (function, new_workspace) = match &workspace {
            Some(workspace) if has_function(workspace) => (package::inherited(), None),
            None if self.place.is_fresh => {
                let source = Source::find(given)?;
                (package::inherited(), Some(workspace::new(source.dependency())))
            }
            _ => (package::by_source(&Source::find(given)?), None),
        };
        let manifest = package::manifest(&self.name, self.form, workspace.as_ref(), &function);
        let mut files = vec![("Cargo.toml", manifest)];
        if self.is_wasm {
            let root = match &workspace {
                Some(workspace) => &workspace.root,
                None if new_workspace.is_some() => &self.place.base,
                None => &self.folder,
            };
            let depth = self.folder.strip_prefix(root).map_or(0, |rest| rest.components().count());
            files.push(("Makefile", package::makefile(&self.name, &"../".repeat(depth))));
        }
        files.push(("src/main.rs", self.form.source(&self.name)));
        for (file, _) in &files {
            self.tell(&self.folder.join(file), "");
        }
        changes.folder(self.folder.clone(), files);

        if let Some(workspace) = &workspace
            && let Some(text) = workspace.with(&self.folder)?
        {
            self.tell(&workspace.manifest(), "a member of the workspace");
            changes.replace(workspace.manifest(), workspace.text().to_owned(), text);
        }
        if let Some(text) = new_workspace {
            self.file("Cargo.toml", "the workspace", text, changes);
            if !self.place.base.join(".gitignore").exists() {
                self.file(".gitignore", "", IGNORED.to_owned(), changes);
            }
            let config = self.place.base.join(".cargo");
            if !config.join("config.toml").exists() && !config.join("config").exists() {
                let text = CARGO_CONFIG.to_owned();
                self.file(".cargo/config.toml", "memory of components", text, changes);
            }
        }
        Ok(())
    }

    /// The template's lines.
    fn template(&mut self, changes: &mut Changes) -> Result<(), NewError> {
        let code = relative(&self.folder, &self.place.base);
        let ids = self.form.ids(&self.name);
        let Some(path) = self.place.template.clone() else {
            let resources = self.form.resources(&self.name, &code, self.is_wasm, None);
            if !self.place.base.join("samconfig.toml").exists() {
                self.file("samconfig.toml", "for sam build", SAMCONFIG.to_owned(), changes);
            }
            self.file(TEMPLATES[0], &ids.join(", "), template::new(&resources), changes);
            return Ok(());
        };
        let template = Template::read(&path, self.place.shown(&path))?;
        let resources = self.form.resources(&self.name, &code, self.is_wasm, template.http_api());
        let text = template.with(&resources, &ids)?;
        self.tell(&path, &ids.join(", "));
        changes.replace(path, template.text().to_owned(), text);
        Ok(())
    }

    /// A new file beside the template.
    fn file(&mut self, name: &str, what: &str, text: String, changes: &mut Changes) {
        let path = self.place.base.join(name);
        self.tell(&path, what);
        changes.file(path, text);
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
