//! JSON, strictly: what YAML would take beyond it, the SAM CLI does not.

use crate::node::Place;
use crate::report::Fault;

/// What keeps a text from being JSON.
pub(super) fn check(text: &str) -> Result<(), Fault> {
    let Err(error) = serde_json::from_str::<serde_json::Value>(text) else { return Ok(()) };
    let line = text.lines().nth(error.line().saturating_sub(1)).unwrap_or_default();
    // The error's column counts bytes, up to and with the one that is wrong.
    let before = line.char_indices().take_while(|(at, _)| at + 1 < error.column()).count();
    let narrow = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let at =
        Place { file: 0, line: narrow(error.line().max(1)), column: narrow(before + 1), width: 1 };
    let message = error.to_string();
    // The place is shown already.
    let message = message.split(" at line ").next().unwrap_or_default();
    Err(Fault::new(at, format!("not valid JSON: {message}"))
        .help("check the quotes, commas and braces up to this place".to_owned()))
}
