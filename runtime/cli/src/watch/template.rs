//! A template that is loaded again: which files say what the application is, and what of a new
//! one differs from the old.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt::Debug;
use std::io;
use std::path::{Path, PathBuf};

use samovar_app::{App, Diagnostics, Disk, FileKind, Files, Function, Options, Trigger};

use crate::args::Application;
use crate::settings;

/// Loads the application again, with what the command line and the files beside the template say
/// now. `fixed` has what a running Samovar cannot change: its ports and addresses.
///
/// # Errors
/// The template, or a file that comes with it, has faults.
pub(super) fn load(given: &Application, fixed: &Options) -> (Result<App, Diagnostics>, Read) {
    let mut read = Read::beside(given);
    let settings = match settings::read(given) {
        Ok(settings) => settings,
        Err(faults) => return (Err(faults), read),
    };
    let options = Options {
        endpoint: fixed.endpoint.clone(),
        http_port: fixed.http_port,
        account_id: fixed.account_id.clone(),
        region: fixed.region.clone(),
        ..settings.options
    };
    read.add(&settings.template);
    let files = Recorder { read: RefCell::new(read) };
    let loaded = samovar_app::load_from(&files, &settings.template, &options);
    (loaded, files.read.into_inner())
}

/// Files that say what the application is. Absolute.
#[derive(Clone, Debug, Default)]
pub(super) struct Read(pub(super) BTreeSet<PathBuf>);

impl Read {
    /// Those that the command line names, and those that may be beside the template.
    fn beside(given: &Application) -> Self {
        let mut read = Self::default();
        let template = given.template.as_deref().unwrap_or(Path::new(""));
        let folder = template.parent().unwrap_or(Path::new(""));
        match &given.config_file {
            Some(path) => read.add(&folder.join(path)),
            None => {
                for suffix in ["toml", "yaml", "yml"] {
                    read.add(&folder.join("samconfig").with_extension(suffix));
                }
            }
        }
        let named = [&given.template, &given.env_vars, &given.env_file, &given.values];
        named.into_iter().flatten().for_each(|path| read.add(path));
        read
    }

    fn add(&mut self, path: &Path) {
        // Where there is no file yet, its folder is what a link may hide.
        let real = path.canonicalize().ok().or_else(|| {
            let folder = std::path::absolute(path).ok()?.parent()?.canonicalize().ok()?;
            Some(folder.join(path.file_name()?))
        });
        self.0.extend(real);
    }
}

/// The machine's files; those that are read are remembered.
struct Recorder {
    read: RefCell<Read>,
}

impl Files for Recorder {
    fn read(&self, path: &Path, most: u64) -> io::Result<Vec<u8>> {
        self.read.borrow_mut().add(path);
        Disk.read(path, most)
    }

    fn kind(&self, path: &Path) -> Option<FileKind> {
        Disk.kind(path)
    }
}

/// What of a new application differs from the one that is served.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Functions that are new, or other than they were, by logical id.
    pub(super) functions: BTreeSet<String>,
    /// The names of functions that are there no more.
    pub(super) removed: BTreeSet<String>,
    /// What changes only with the next start, for people.
    pub(super) restart: Vec<&'static str>,
}

pub(super) fn difference(old: &App, new: &App) -> Difference {
    let is_new = |function: &&std::sync::Arc<Function>| {
        let old = old.function(&function.logical_id);
        old.is_none_or(|old| runs(old) != runs(function))
    };
    let functions = new.functions.iter().filter(is_new);
    let mut restart = Vec::new();
    let mut compare = |what, same: bool| {
        if !same {
            restart.push(what);
        }
    };
    let names = |app: &App| app.functions.iter().map(|f| f.name.clone()).collect::<BTreeSet<_>>();
    compare("routes", same(&old.apis, &new.apis));
    compare("WebSocket APIs", same(&old.web_sockets, &new.web_sockets));
    let keys = (&old.api_keys, &old.usage_plans) == (&new.api_keys, &new.usage_plans);
    compare("API keys", keys);
    compare("queues", same(&old.queues, &new.queues));
    compare("topics", same(&old.topics, &new.topics));
    compare("triggers", each(old, new, others_start));
    let removed = names(old).difference(&names(new)).cloned().collect();
    Difference { functions: functions.map(|f| f.logical_id.clone()).collect(), removed, restart }
}

/// Its triggers that somebody else holds; its URL and its queues are followed with it.
fn others_start(function: &Function) -> Vec<&Trigger> {
    let triggers = function.triggers.iter();
    triggers.filter(|trigger| !matches!(trigger, Trigger::Queue(_))).collect()
}

/// All that decides how a function runs, and what is followed with it.
fn runs(function: &Function) -> String {
    let Function { name, kind, not_run, runtime, handler, architecture, code, .. } = function;
    let Function { memory_mb, timeout, ephemeral_storage_mb, environment, layers, .. } = function;
    let Function { reserved_concurrency, provisioned_concurrency, alias, .. } = function;
    let Function { asynchronous, dead_letter, tracing, logging, description, .. } = function;
    let Function { url, triggers, .. } = function;
    let queues = triggers.iter().filter(|trigger| matches!(trigger, Trigger::Queue(_)));
    let code = (name, kind, not_run, runtime, handler, architecture, &code.path, &code.build);
    let limits = (memory_mb, timeout, ephemeral_storage_mb, environment, layers);
    let scaling = (reserved_concurrency, provisioned_concurrency, alias);
    let calls = (url, queues.collect::<Vec<_>>());
    plain(&(code, limits, scaling, asynchronous, dead_letter, tracing, logging, description, calls))
}

/// Whether a list of each function is as it was; of a new function, whether it is empty.
fn each<'a, T: Debug>(old: &'a App, new: &'a App, part: fn(&'a Function) -> Vec<T>) -> bool {
    new.functions.iter().all(|function| {
        let old = old.function(&function.logical_id).map(|function| part(function));
        same(&old.unwrap_or_default(), &part(function))
    })
}

fn same<T: Debug>(old: &T, new: &T) -> bool {
    plain(old) == plain(new)
}

/// A value's `Debug` text without the places in it, which change with every line that is added
/// above: `Span { file: "template.yaml", line: 3, column: 5 }`.
fn plain(value: &impl Debug) -> String {
    let text = format!("{value:?}");
    let mut parts = text.split("Span { file: ");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        plain += part.split_once(" }").map_or(part, |(_, rest)| rest);
    }
    plain
}

#[cfg(test)]
mod tests {
    use samovar_app::Memory;

    use super::*;

    const TEXT: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Jobs: {Type: 'AWS::SQS::Queue'}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: hello
      Handler: bootstrap
      Runtime: provided.al2023
      Timeout: 3
      Environment: {Variables: {NAME: Ada}}
      Events: {Get: {Type: HttpApi, Properties: {Path: /, Method: get}}}
";

    fn app(text: &str) -> App {
        let mut files = Memory::default();
        files.insert("/app/template.yaml", text);
        files.insert("/app/hello/bootstrap", "");
        let path = Path::new("/app/template.yaml");
        samovar_app::load_from(&files, path, &Options::default()).unwrap()
    }

    fn changed(from: &str, to: &str) -> Difference {
        assert!(TEXT.contains(from));
        difference(&app(TEXT), &app(&TEXT.replacen(from, to, 1)))
    }

    #[test]
    fn other_lines_are_no_difference() {
        assert_eq!(changed("Resources:", "Description: x\n\nResources:"), Difference::default());
    }

    #[test]
    fn what_a_function_runs_with_can_change_at_once() {
        for (from, to) in [
            ("Timeout: 3", "Timeout: 4"),
            ("Timeout: 3", "Timeout: 3\n      MemorySize: 256"),
            ("NAME: Ada", "NAME: Grace"),
            ("NAME: Ada", "NAME: Ada, URL: !Ref Jobs"),
            ("Timeout: 3", "Timeout: 3\n      FunctionUrlConfig: {AuthType: NONE}"),
            ("Events: {", "Events: {Work: {Type: SQS, Properties: {Queue: !GetAtt Jobs.Arn}}, "),
        ] {
            let expected =
                Difference { functions: ["Hello".to_owned()].into(), ..Difference::default() };
            assert_eq!(changed(from, to), expected, "{to}");
        }
    }

    #[test]
    fn what_is_open_already_waits_for_a_restart() {
        let restart = |from, to| changed(from, to).restart;
        assert_eq!(restart("Path: /,", "Path: /hello,"), ["routes", "triggers"]);
        assert_eq!(restart("Jobs:", "Tasks:"), ["queues"]);
        let api = "Chat: {Type: 'AWS::ApiGatewayV2::Api', Properties: {Name: chat, ProtocolType: \
                   WEBSOCKET, RouteSelectionExpression: $request.body.action}}";
        let with_api = format!("{api}\n  Jobs:");
        assert_eq!(restart("Jobs:", &with_api), ["WebSocket APIs"]);
        let delay = "Type: 'AWS::SQS::Queue', Properties: {DelaySeconds: 3}";
        assert_eq!(restart("Type: 'AWS::SQS::Queue'", delay), ["queues"]);
        let gone = difference(&app(TEXT), &app(TEXT.split("  Hello:").next().unwrap()));
        assert_eq!(gone.restart, ["routes"]);
        assert_eq!(gone.removed, ["Hello".to_owned()].into());
    }
}
