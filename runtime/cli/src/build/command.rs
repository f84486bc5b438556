//! `samovar build`: functions are built, and nothing is served.

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_app::{App, Architecture, Diagnostics, Function, Kind};
use samovar_wasm::aot::Target;
use thiserror::Error;

use super::aot::{self, Job};
use super::{Artifact, Mode};
use crate::args;
use crate::settings::{self, Settings};
use crate::state;
use crate::terminal::{Style, pad, say, warn, widest, words};

/// Why something is not built.
#[derive(Debug, Error)]
pub(crate) enum Failed {
    #[error("{0}")]
    Template(Diagnostics),
    #[error("cannot use the state folder {}: {error}", .path.display())]
    StateDir { path: PathBuf, error: io::Error },
    #[error("the template has no function `{name}`; it has {}", .known.join(", "))]
    Unknown { name: String, known: Vec<String> },
    #[error("{0} is a file: `samovar build --aot {0}` compiles it")]
    File(String),
    #[error("this machine is none of Lambda's: say what to compile for with --target")]
    Target,
    #[error(
        "{} and {} would both become {}: build them into two folders",
        .one.display(), .other.display(), .file.display()
    )]
    Clash { one: PathBuf, other: PathBuf, file: PathBuf },
    #[error("not everything was built; the reasons are above")]
    Functions,
}

/// One line of what was made.
struct Made {
    name: String,
    artifact: Result<PathBuf, String>,
    /// What else there is to say: what it is for, its size.
    about: String,
}

/// `samovar build`.
pub(crate) async fn build(options: &args::Build) -> Result<(), Failed> {
    let (files, functions): (Vec<_>, Vec<_>) =
        options.what.iter().cloned().partition(|what| what.ends_with(".wasm"));
    if let Some(file) = files.first().filter(|_| !options.aot) {
        return Err(Failed::File(file.clone()));
    }
    let mut made = Vec::new();
    let mut components = Vec::new();
    for file in files {
        let target = options.target.or_else(Target::host).ok_or(Failed::Target)?;
        components.push((file.clone(), PathBuf::from(file), target));
    }
    if components.is_empty() || !functions.is_empty() {
        for (function, artifact) in template(options, &functions).await? {
            let name = function.logical_id.clone();
            match artifact {
                Ok(artifact) if options.aot && is_component(&function, &artifact) => {
                    let target = options.target.unwrap_or(match function.architecture {
                        Architecture::X86_64 => Target::X86_64,
                        Architecture::Arm64 => Target::Arm64,
                    });
                    components.push((name, artifact.path, target));
                }
                // Of the others there is nothing to compile, unless they are asked for by name.
                Ok(_) if options.aot && functions.is_empty() => {}
                artifact => {
                    let artifact = artifact.map(|artifact| artifact.path);
                    made.push(Made { name, artifact, about: String::new() });
                }
            }
        }
    }
    made.extend(compile(components, options.output.as_deref()).await?);
    show(&made);
    if made.iter().any(|made| made.artifact.is_err()) { Err(Failed::Functions) } else { Ok(()) }
}

/// Whether it is to be compiled: some templates name what is compiled already.
fn is_component(function: &Function, artifact: &Artifact) -> bool {
    function.kind == Kind::Wasm && artifact.path.extension().is_some_and(|it| it == "wasm")
}

/// Builds the functions of the template that are named, or all.
async fn template(
    options: &args::Build,
    names: &[String],
) -> Result<Vec<(Arc<Function>, Result<Artifact, String>)>, Failed> {
    let Settings { template, options: outside, skipped, .. } =
        settings::read(&options.application).map_err(Failed::Template)?;
    skipped.iter().for_each(warn);
    let mut app = samovar_app::load(&template, &outside).map_err(Failed::Template)?;
    select(&mut app, names)?;
    let state = state::folder(options.state_dir.as_deref(), &app.template)
        .map_err(|(path, error)| Failed::StateDir { path, error })?;
    let tell = |text: &str| say(format_args!("  {text}"));
    let mut artifacts = super::artifacts(&app, &state, Mode::Build, &tell).await;
    let of = |function: &Arc<Function>| {
        let artifact = artifacts.remove(&function.logical_id)?;
        Some((function.clone(), artifact.map_err(|error| error.to_string())))
    };
    Ok(app.functions.iter().filter_map(of).collect())
}

/// Leaves only the functions that are named, by logical id or name.
fn select(app: &mut App, names: &[String]) -> Result<(), Failed> {
    let is = |function: &Function, name: &str| function.logical_id == name || function.name == name;
    for name in names {
        if !app.functions.iter().any(|function| is(function, name)) {
            let known = app.functions.iter().map(|function| function.logical_id.clone());
            return Err(Failed::Unknown { name: name.clone(), known: known.collect() });
        }
    }
    if !names.is_empty() {
        app.functions.retain(|function| names.iter().any(|name| is(function, name)));
    }
    Ok(())
}

/// Compiles components, each once for each target.
async fn compile(
    components: Vec<(String, PathBuf, Target)>,
    output: Option<&Path>,
) -> Result<Vec<Made>, Failed> {
    let mut jobs = BTreeSet::new();
    let mut sources = HashMap::<PathBuf, (PathBuf, Target)>::new();
    for (_, wasm, target) in &components {
        let file = aot::file(wasm, output);
        let same = (wasm.clone(), *target);
        let other = sources.entry(file.clone()).or_insert_with(|| same.clone());
        if *other != same {
            let (one, other) = (other.0.clone(), wasm.clone());
            return Err(Failed::Clash { one, other, file });
        }
        jobs.insert(Job { wasm: wasm.clone(), file, target: *target });
    }
    let done = aot::compile(jobs).await;
    let made = components.into_iter().map(|(name, wasm, target)| {
        let result = &done[&aot::file(&wasm, output)];
        let about = result.as_ref().map(|size| format!("{target}  {}", words::size(*size)));
        let artifact = result.clone().map(|_| aot::file(&wasm, output));
        Made { name, artifact, about: about.unwrap_or_default() }
    });
    Ok(made.collect())
}

fn show(made: &[Made]) {
    let (style, errors) = (Style::stdout(), Style::stderr());
    let here = std::env::current_dir().unwrap_or_default();
    let shown = |path: &PathBuf| path.strip_prefix(&here).unwrap_or(path).display().to_string();
    let names = widest(made.iter().map(|made| made.name.as_str()));
    let paths = made.iter().filter_map(|made| made.artifact.as_ref().ok()).map(shown);
    let paths = widest(paths.collect::<Vec<_>>().iter().map(String::as_str));
    for Made { name, artifact, about } in made {
        match artifact {
            Ok(path) => {
                let line = format!("  {}  {}  ", pad(name, names), pad(&shown(path), paths));
                say(format_args!("{}", format!("{line}{}", style.dim(about)).trim_end()));
            }
            // A file's reason names it.
            Err(reason) if reason.starts_with(name) => {
                eprintln!("{} {reason}", errors.error("error:"));
            }
            Err(reason) => eprintln!("{} {name}: {reason}", errors.error("error:")),
        }
    }
}
