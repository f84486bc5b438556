//! `samovar trigger`: the schedules of a running Samovar, and one of them fired now.

mod pages;
mod table;

use std::time::{SystemTime, UNIX_EPOCH};

use jiff::tz::TimeZone;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

use self::pages::{Schedule, SchedulesPage};
use self::table::Table;
use crate::args::Format;
use crate::queues::{Client, Server, ToolError};
use crate::terminal::{Style, say};

const PAGE: &str = "/_samovar/schedules";

/// Options of `samovar trigger`.
#[derive(Debug, clap::Args)]
pub(crate) struct Trigger {
    #[command(flatten)]
    server: Server,

    /// The schedule to fire: the name of the rule or schedule, its logical id, or Function.Event
    /// [default: none; show the schedules that there are].
    name: Option<String>,

    /// How to say it: for people, or as one JSON document for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,
}

/// `samovar trigger`.
pub(crate) fn trigger(options: &Trigger) -> Result<(), ToolError> {
    let client = options.server.client()?;
    match &options.name {
        Some(name) => fire(&client, name, options.format),
        None => list(&client, options.format),
    }
}

fn list(client: &Client, format: Format) -> Result<(), ToolError> {
    let page: SchedulesPage = client.page(PAGE)?;
    match format {
        Format::Json => say(json!(page)),
        Format::Text => {
            let schedules = &page.schedules;
            let zone = TimeZone::system();
            say(Table { schedules, now: now(), zone, style: Style::stdout() });
        }
    }
    Ok(())
}

fn fire(client: &Client, name: &str, format: Format) -> Result<(), ToolError> {
    let path = format!("{PAGE}/{}/fire", utf8_percent_encode(name, NON_ALPHANUMERIC));
    let (status, document): (u16, Value) = client.post(&path)?;
    let message = document["message"].as_str().unwrap_or_default();
    match status {
        200 => {
            let schedule: Schedule = client.read_as(document)?;
            match format {
                Format::Json => say(json!(schedule)),
                Format::Text => say(fired(&schedule)),
            }
            Ok(())
        }
        404 => {
            let page: SchedulesPage = client.page(PAGE)?;
            let names: Vec<&str> = page.schedules.iter().map(|one| one.name.as_str()).collect();
            Err(ToolError::no_schedule(name, client.endpoint(), &names))
        }
        _ => Err(ToolError::NotFired { name: name.to_owned(), message: message.to_owned() }),
    }
}

/// `Fired HeartbeatTick: an event for Heartbeat.`
fn fired(schedule: &Schedule) -> String {
    let targets = schedule.targets.join(" and ");
    format!("Fired {}: an event for {targets}.", schedule.name)
}

/// In milliseconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
