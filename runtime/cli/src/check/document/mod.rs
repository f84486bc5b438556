//! What `samovar check --format json` prints: one JSON object. Fields are only ever added.
//!
//! | field | |
//! |---|---|
//! | `template` | the template's path, as it was named or found; `null` where none was found |
//! | `valid` | whether there are no errors |
//! | `errors` | faults: `file`, `line`, `column`, `width`, `message`, `path` in the template, `help` |
//! | `omittedErrors` | how many more there are than are listed |
//! | `warnings` | parts of parameter overrides that say nothing: `file`, `line`, `column`, `message`, `help` |
//! | `description` | the template's |
//! | `notEmulated` | what Samovar will not do: `what`, `note`, and where it stands |
//! | `functions`, `apis`, `webSocketApis`, `queues`, `topics`, `outputs`, `resources` | see the types below; empty where there are errors |
//!
//! Lines and columns count from 1, columns and widths in characters; where a fault is with a file
//! as a whole, `line`, `column` and `width` are `null`.

mod function;
mod parts;

use std::fmt;
use std::path::Path;

use samovar_app::config::Skipped;
use samovar_app::{App, Diagnostic, Diagnostics, NotEmulated, Span};
use serde::Serialize;

use self::function::Function;
use self::parts::{Api, Output, Queue, Resource, Topic, WebSocketApi};
use crate::settings::Settings;

/// The whole document. `Display` gives it as indented JSON.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Document {
    template: Option<String>,
    valid: bool,
    errors: Vec<Error>,
    omitted_errors: usize,
    warnings: Vec<Warning>,
    #[serde(flatten)]
    application: Application,
}

/// What the template declares.
#[derive(Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    description: Option<String>,
    not_emulated: Vec<Missing>,
    functions: Vec<Function>,
    apis: Vec<Api>,
    web_socket_apis: Vec<WebSocketApi>,
    queues: Vec<Queue>,
    topics: Vec<Topic>,
    outputs: Vec<Output>,
    resources: Vec<Resource>,
}

#[derive(Debug, Serialize)]
struct Error {
    file: String,
    line: Option<u32>,
    column: Option<u32>,
    width: Option<u32>,
    message: String,
    path: Option<String>,
    help: Option<String>,
}

#[derive(Debug, Serialize)]
struct Warning {
    #[serde(flatten)]
    place: Place,
    message: String,
    help: String,
}

#[derive(Debug, Serialize)]
struct Place {
    file: String,
    line: u32,
    column: u32,
}

#[derive(Debug, Serialize)]
struct Missing {
    what: String,
    note: String,
    #[serde(flatten)]
    place: Place,
}

impl Document {
    /// `named` is the template of the command line; `settings` are missing where they are at fault.
    pub(super) fn new(
        named: Option<&Path>,
        settings: Option<&Settings>,
        result: Result<&App, &Diagnostics>,
    ) -> Self {
        let template = settings.map(|settings| settings.template.as_path()).or(named);
        let skipped = settings.iter().flat_map(|settings| &settings.skipped);
        let faults = result.err();
        Self {
            template: template.map(|path| path.display().to_string()),
            valid: result.is_ok(),
            errors: faults.into_iter().flatten().map(Error::new).collect(),
            omitted_errors: faults.map_or(0, Diagnostics::omitted),
            warnings: skipped.map(Warning::new).collect(),
            application: result.map_or_else(|_| Application::default(), Application::new),
        }
    }
}

impl fmt::Display for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&serde_json::to_string_pretty(self).map_err(|_| fmt::Error)?)
    }
}

impl Application {
    fn new(app: &App) -> Self {
        Self {
            description: app.description.clone(),
            not_emulated: app.not_emulated.iter().map(Missing::new).collect(),
            functions: app.functions.iter().map(|function| Function::new(function)).collect(),
            apis: app.apis.iter().map(Api::new).collect(),
            web_socket_apis: app.web_sockets.iter().map(WebSocketApi::new).collect(),
            queues: app.queues.iter().map(|queue| Queue::new(app, queue)).collect(),
            topics: app.topics.iter().map(Topic::new).collect(),
            outputs: app.outputs.iter().map(Output::new).collect(),
            resources: app.resources.iter().map(Resource::new).collect(),
        }
    }
}

impl Error {
    fn new(fault: &Diagnostic) -> Self {
        let mark = fault.mark.as_ref();
        Self {
            file: fault.file.display().to_string(),
            line: mark.map(|mark| mark.line),
            column: mark.map(|mark| mark.column),
            width: mark.map(|mark| mark.width),
            message: fault.message.clone(),
            path: fault.path.clone(),
            help: fault.help.clone(),
        }
    }
}

impl Warning {
    fn new(skipped: &Skipped) -> Self {
        let message = format!("`{}` gives no parameter a value", skipped.text);
        Self { place: Place::new(&skipped.at), message, help: skipped.help.clone() }
    }
}

impl Place {
    fn new(span: &Span) -> Self {
        Self { file: span.file.display().to_string(), line: span.line, column: span.column }
    }
}

impl Missing {
    fn new(missing: &NotEmulated) -> Self {
        Self {
            what: missing.what.clone(),
            note: missing.note.clone(),
            place: Place::new(&missing.span),
        }
    }
}

#[cfg(test)]
mod tests;
