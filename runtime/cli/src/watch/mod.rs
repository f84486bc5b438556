//! `samovar up --watch`: what changes is built again and takes over while all else is served.
//!
//! A function is built again when something changes that it is built from. The new build is
//! registered with the dispatcher when it is loaded: invocations that run end where they began,
//! those that come later go to the new one, and none finds nobody. Where a build fails, the one
//! before goes on serving.

mod changes;
mod generations;
mod ignored;
mod seen;
mod template;

use std::collections::{BTreeSet, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::SystemTime;

use jiff::Zoned;
use samovar_api::Functions;
use samovar_app::{App, Build, Function, Options};
use samovar_dispatch::Dispatcher;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use self::changes::Changes;
use self::template::Difference;
use crate::args::Application;
use crate::build::{self, Artifacts, Mode, Source};
use crate::deployed::Deployed;
use crate::providers::{self, Surroundings};
use crate::terminal::{Style, faults, say};

pub(crate) use self::generations::Generations;

/// An application that is served and watched.
pub(crate) struct Watched {
    /// What is served.
    pub(crate) app: App,
    /// The command line.
    pub(crate) given: Application,
    /// What the application was loaded with.
    pub(crate) options: Options,
    /// The state folder, absolute.
    pub(crate) state: PathBuf,
    /// What new environments see.
    pub(crate) surroundings: Surroundings,
    /// Has what runs components, and is told of new builds.
    pub(crate) deployed: Deployed,
    /// What the Lambda API tells of functions.
    pub(crate) functions: Functions,
    /// Who gets the new builds.
    pub(crate) dispatcher: Dispatcher,
    /// The builds that serve.
    pub(crate) generations: Generations,
    /// For the terminal.
    pub(crate) style: Style,
    /// When the first build began: what was written later is not in it.
    pub(crate) since: SystemTime,
}

impl Watched {
    /// Builds again what changes, until `stop`.
    pub(crate) async fn run(self, stop: CancellationToken) {
        let changes = match Changes::new() {
            Ok(changes) => changes,
            Err(error) => {
                let text = format!("Changes are not seen: {error}");
                return say(format_args!("  {}", self.style.warning(&text)));
            }
        };
        // Dropping a build stops its tools.
        stop.run_until_cancelled_owned(self.follow(changes)).await;
    }

    async fn follow(mut self, mut changes: Changes) {
        let (_, mut template) = template::load(&self.given, &self.options);
        let mut sources = build::sources(&self.app).await;
        let mut since = self.since;
        loop {
            let folders = sources.values().flat_map(|source| &source.folders);
            let files = sources.values().flat_map(|source| &source.files).chain(&template.0);
            let mut changed = changes.watch(folders, files, since);
            // Cargo itself writes these while it builds.
            for path in sources.values().flat_map(|source| &source.files) {
                if path.ends_with("Cargo.lock") {
                    changes.is_seen(path);
                    changed.remove(path);
                }
            }
            if let Some(reason) = changes.unwatched() {
                let text = format!("Not every change is seen: {reason}");
                say(format_args!("  {}", self.style.warning(&text)));
            }
            if changed.is_empty() {
                changed = changes.next().await;
            }
            // From here on new sources are as they are built now.
            since = SystemTime::now();
            changed.retain(|path| !path.starts_with(&self.state));
            let mut wanted = touched(&sources, &changed);
            let mut other = BTreeSet::new();
            if !changed.is_disjoint(&template.0) {
                let (loaded, read) = template::load(&self.given, &self.options);
                template.0.extend(read.0);
                match loaded {
                    Ok(app) => other = self.take(app).await,
                    Err(diagnostics) => {
                        faults(&diagnostics);
                        self.tell("", "The application before goes on serving", Style::error);
                    }
                }
            }
            wanted.extend(other.iter().cloned());
            if !wanted.is_empty() {
                self.rebuild(&wanted, &other).await;
            }
            let is_manifest = |path: &PathBuf| path.ends_with("Cargo.toml");
            if !other.is_empty() || changed.iter().any(is_manifest) {
                sources = build::sources(&self.app).await;
            }
        }
    }

    /// Serves a new template as far as that is possible now, and ends the functions that are no
    /// longer in it. Returns the functions that have changed in it.
    async fn take(&mut self, app: App) -> BTreeSet<String> {
        let Difference { functions, removed, restart } = template::difference(&self.app, &app);
        if !restart.is_empty() {
            let text = format!("Start Samovar again for new {}", restart.join(", "));
            self.tell("", &text, Style::warning);
        }
        self.app = app;
        if !removed.is_empty() {
            for name in &removed {
                self.functions.withdraw(name).await;
            }
            let names: Vec<_> = removed.into_iter().collect();
            self.tell(&names.join(", "), "is no longer in the template, and has ended", Style::dim);
        }
        functions
    }

    /// Builds functions again, and has those serve that could be built and are other than before:
    /// by their code, or because they are in `other`.
    async fn rebuild(&mut self, wanted: &BTreeSet<String>, other: &BTreeSet<String>) {
        let began = Instant::now();
        let part = self.part(|function| wanted.contains(&function.logical_id));
        self.tell(&names(&part.functions), "building again", Style::dim);
        let folder = match self.generations.begin() {
            Ok(folder) => folder,
            Err(error) => {
                let text = format!("cannot be built: {}: {error}", self.state.display());
                return self.tell(&names(&part.functions), &text, Style::error);
            }
        };
        let announce = |text: &str| say(format_args!("  {text}"));
        let mode = Mode::Rebuild(&folder);
        let mut artifacts = build::artifacts(&part, &self.state, mode, &announce).await;
        self.generations.use_of(folder, &part.functions);

        let mut new = Vec::new();
        let mut same = Vec::new();
        for function in &part.functions {
            match artifacts.get(&function.logical_id) {
                Some(Err(error)) => self.failed(function, &error.to_string()),
                Some(Ok(artifact)) => {
                    let is_new = self.generations.is_new(function, &artifact.path);
                    // Beside the one file there may be others.
                    let is_new = is_new || !matches!(function.code.build, Build::Cargo { .. });
                    let list = match is_new || other.contains(&function.logical_id) {
                        true => &mut new,
                        false => &mut same,
                    };
                    list.push(function.clone());
                }
                None => {}
            }
        }
        if !same.is_empty() {
            self.tell(&names(&same), "as it was", Style::dim);
        }
        drop(same);
        let part = App { functions: new, ..part };
        artifacts.retain(|id, _| part.function(id).is_some());
        self.serve(part, artifacts, began).await;
    }

    /// Has functions take over.
    async fn serve(&mut self, part: App, mut artifacts: Artifacts, began: Instant) {
        self.generations.keep(&part.functions, &mut artifacts);
        self.deployed.declare(&self.app, &part.functions, &artifacts);
        let loaded =
            match providers::load(&part, artifacts, &self.surroundings, self.deployed.wasm()).await
            {
                Ok(loaded) => loaded,
                Err(error) => {
                    for function in &part.functions {
                        self.failed(function, &error.to_string());
                    }
                    return;
                }
            };
        let mut serving = Vec::new();
        for (function, provider) in loaded {
            match provider {
                Ok(provider) => match self.dispatcher.take_over(function.clone(), provider).await {
                    Ok(()) => {
                        self.functions.redeclare(&function, &self.app.layers).await;
                        serving.push(function);
                    }
                    Err(error) => {
                        let reason = format!("{}: {}", error.error_type, error.message);
                        self.failed(&function, &reason);
                    }
                },
                Err(reason) => self.failed(&function, &reason),
            }
        }
        if !serving.is_empty() {
            let text = format!("new build serves, after {:.1} s", began.elapsed().as_secs_f64());
            self.tell(&names(&serving), &text, Style::good);
        }
    }

    /// Says that a function could not be built or loaded. One that never could is told so when it
    /// is invoked.
    fn failed(&self, function: &Arc<Function>, reason: &str) {
        let mut serving = self.dispatcher.functions().into_iter();
        if serving.any(|other| other.name == function.name && other.state == "ready") {
            let text = format!("{reason}; the build before goes on serving");
            self.tell(&function.name, &text, Style::error);
        } else {
            self.tell(&function.name, reason, Style::error);
            self.dispatcher.register_failed(function.clone(), reason);
        }
    }

    /// The application with some of its functions only. They are copies, each in a place of its
    /// own, by which it is known how long it is used.
    fn part(&self, is_in: impl Fn(&Function) -> bool) -> App {
        let functions = self.app.functions.iter();
        let functions = functions.filter(|function| is_in(function) && function.not_run.is_none());
        let functions = functions.map(|function| Arc::new(Function::clone(function))).collect();
        App { functions, ..self.app.clone() }
    }

    /// `  12:03:05  Hello  is built again`.
    fn tell(&self, names: &str, text: &str, paint: fn(Style, &str) -> String) {
        let time = Zoned::now().strftime("%H:%M:%S").to_string();
        let text = paint(self.style, text);
        let gap = if names.is_empty() { "" } else { "  " };
        say(format_args!("  {}  {names}{gap}{text}", self.style.dim(&time)));
    }
}

/// The functions that some of the changed files are part of, by logical id.
fn touched(sources: &HashMap<String, Source>, changed: &BTreeSet<PathBuf>) -> BTreeSet<String> {
    let is_touched = |source: &Source| changed.iter().any(|path| source.has(path));
    let touched = sources.iter().filter(|(_, source)| is_touched(source));
    touched.map(|(id, _)| id.clone()).collect()
}

fn names(functions: &[Arc<Function>]) -> String {
    let names: Vec<_> = functions.iter().map(|function| function.name.as_str()).collect();
    names.join(", ")
}
