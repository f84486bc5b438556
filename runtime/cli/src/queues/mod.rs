//! A person's tools on the queues of a running Samovar: `queues`, `send`, `peek`, `redrive`,
//! `purge`.

mod actions;
mod args;
mod client;
mod error;
mod messages;
mod pages;
mod table;
mod watch;

use std::io::{self, IsTerminal};
use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::json;

pub(crate) use self::args::{Peek, Purge, Queues, Redrive, Send, Server};
pub(crate) use self::client::Client;
use self::client::Found;
pub(crate) use self::error::ToolError;
use self::messages::Messages;
use self::pages::Queue;
use self::table::Table;
pub(crate) use self::table::rounded;
use crate::args::Format;
use crate::terminal::{Style, say};

/// `samovar queues`.
pub(crate) fn queues(options: &Queues) -> Result<(), ToolError> {
    let client = options.server.client()?;
    if options.watch {
        return Err(watch::watch(&client, options.format, io::stdout().is_terminal()));
    }
    let queues = client.queues()?;
    match options.format {
        Format::Json => say(document(&queues)),
        Format::Text => {
            say(Table { queues: &queues, rates: None, now: now(), style: Style::stdout() });
        }
    }
    Ok(())
}

/// `samovar peek`.
pub(crate) fn peek(options: &Peek) -> Result<(), ToolError> {
    let client = options.server.client()?;
    let Found { queue, .. } = client.find(&options.queue)?;
    let page = client.messages(&queue, options.max)?;
    match options.format {
        Format::Json => say(json!(page)),
        Format::Text => {
            let style = Style::stdout();
            say(Messages { queue: &queue, seen: &page.messages, now: now(), style });
        }
    }
    Ok(())
}

/// `samovar send`.
pub(crate) fn send(options: &Send) -> Result<(), ToolError> {
    actions::send(&options.server.client()?, options)
}

/// `samovar redrive`.
pub(crate) fn redrive(options: &Redrive) -> Result<(), ToolError> {
    actions::redrive(&options.server.client()?, options)
}

/// `samovar purge`.
pub(crate) fn purge(options: &Purge) -> Result<(), ToolError> {
    actions::purge(&options.server.client()?, options)
}

/// All queues in one line of JSON.
fn document(queues: &[Queue]) -> String {
    json!({"queues": queues}).to_string()
}

/// In milliseconds since 1970.
fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(now.as_millis()).unwrap_or(u64::MAX)
}
