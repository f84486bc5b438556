//! Fails in the way that the event asks for: `{"how": "exit"}`. An event that names no way (a
//! batch from a queue) takes the one in the variable `HOW`; without that too, all goes well.

use std::hint::black_box;

use samovar_function::{Context, Error};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
struct Event {
    how: Option<How>,
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum How {
    /// The handler answers an error.
    Error,
    /// The handler panics.
    Panic,
    /// The process exits with status 42.
    Exit,
    /// The process exits with status 0.
    Exit0,
    /// The process dies of SIGABRT; a component traps.
    Abort,
    /// The stack overflows: SIGABRT by Rust's guard; a component traps.
    Overflow,
}

#[expect(clippy::panic, reason = "this function is here to fail")]
async fn crash(event: Event, _context: Context) -> Result<Value, Error> {
    let configured = || serde_json::from_value(std::env::var("HOW").ok()?.into()).ok();
    match event.how.or_else(configured) {
        None => Ok(json!({"crashed": false})),
        Some(How::Error) => Err("asked to fail".into()),
        Some(How::Panic) => panic!("asked to panic"),
        Some(How::Exit) => std::process::exit(42),
        Some(How::Exit0) => std::process::exit(0),
        Some(How::Abort) => std::process::abort(),
        Some(How::Overflow) => Ok(overflow(1).into()),
    }
}

/// Never returns; written so that the compiler makes no loop of it.
fn overflow(depth: u64) -> u64 {
    let frame = black_box([depth; 128]);
    if black_box(depth) == 0 { 0 } else { frame[0] + overflow(depth + 1) }
}

samovar_function::event!(crash);
