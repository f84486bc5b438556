//! Whole templates in, models or diagnostics out.

mod access;
mod apis;
mod apis_plain;
mod code;
mod definitions;
mod environment;
mod events;
mod example;
mod expansion;
mod faults;
mod files;
mod functions;
mod hostile;
mod http;
mod integrations;
mod intrinsics;
mod lambda;
mod nested;
mod policies;
mod properties;
mod queues;
mod settings;
mod web_sockets;

use std::fs;
use std::path::PathBuf;

use tempfile::TempDir;

use crate::load::from_source;
use crate::source::Source;
use crate::{App, Diagnostics, Disk, Options};

/// The folder of a template: `code` holds built artifacts, `crate` a cargo package, `empty`
/// nothing.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for path in ["code/bootstrap", "code/hello.wasm", "code/hello.cwasm", "crate/Cargo.toml"] {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, "").unwrap();
    }
    fs::create_dir(folder.path().join("empty")).unwrap();
    folder
}

/// Loads a template that stands in a folder.
fn load_in(folder: &TempDir, text: &str, options: &Options) -> Result<App, Diagnostics> {
    let source = Source::decode(PathBuf::from("template.yaml").into(), text.into(), "template")
        .map_err(|e| *e)?;
    from_source(&Disk, source, &folder.path().join("template.yaml"), options)
}

fn load_with(text: &str, options: &Options) -> Result<App, Diagnostics> {
    load_in(&folder(), text, options)
}

fn load(text: &str) -> Result<App, Diagnostics> {
    load_with(text, &Options::default())
}

/// A template that loads.
#[track_caller]
fn app(text: &str) -> App {
    load(text).unwrap_or_else(|faults| panic!("{faults}"))
}

/// The messages of a template that does not load, without places and help.
#[track_caller]
fn messages(text: &str) -> Vec<String> {
    let faults = load(text).expect_err("the template loads");
    faults.iter().map(|fault| fault.message.clone()).collect()
}

/// What is not emulated, as `what: note`.
fn notes(app: &App) -> Vec<String> {
    app.not_emulated.iter().map(|n| format!("{}: {}", n.what, n.note)).collect()
}

/// A template of one function, `Hello`, that is there and complete; `properties` are lines of more
/// properties, `rest` lines of the template after it.
fn hello(properties: &str, rest: &str) -> String {
    let mut text = "\
Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
"
    .to_owned();
    for line in properties.lines() {
        text.push_str("      ");
        text.push_str(line);
        text.push('\n');
    }
    text.push_str(rest);
    text
}
