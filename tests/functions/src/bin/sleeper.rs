//! Prints lines, sleeps, answers: `{"print": ["a line"], "ms": 1000}` → `{"slept": 1000}`.

use std::time::Duration;

use samovar_function::{Context, Error};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
struct Event {
    /// Lines for standard output, before the sleep.
    print: Vec<String>,
    /// How long to sleep, in milliseconds.
    ms: u64,
}

/// Blocks the thread, so that a WASM build waits inside a host call.
async fn sleep(event: Event, _context: Context) -> Result<Value, Error> {
    for line in event.print {
        println!("{line}");
    }
    std::thread::sleep(Duration::from_millis(event.ms));
    Ok(json!({"slept": event.ms}))
}

samovar_function::event!(sleep);
