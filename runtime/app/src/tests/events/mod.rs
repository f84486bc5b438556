//! What starts functions, type by type, in whole.

mod generated;
mod mappings;
mod plain;
mod push;
mod topics;

use super::{app, hello};
use crate::{App, Trigger};

/// A trigger as it is, without where it stands.
fn shown(trigger: &Trigger) -> String {
    let text = format!("{trigger:?}");
    match text.rsplit_once(", span: Span {") {
        Some((start, _)) => format!("{start} }})"),
        None => text,
    }
}

/// What starts `Hello`.
fn triggers(app: &App) -> Vec<String> {
    app.function("Hello").unwrap().triggers.iter().map(shown).collect()
}

/// The triggers that an event of `Hello` makes: its type and properties on one line. `rest` are
/// more resources.
#[track_caller]
fn event(kind: &str, properties: &str, rest: &str) -> Vec<String> {
    let event = format!("Events:\n  Event:\n    Type: {kind}\n    Properties: {properties}");
    triggers(&app(&hello(&event, rest)))
}
