//! `{"how": "loop"}` never ends and never waits; any other event is answered with itself.

use samovar_function::{Context, Error};
use serde_json::Value;

async fn run(event: Value, _context: Context) -> Result<Value, Error> {
    if event["how"] == "loop" {
        loop {
            std::hint::spin_loop();
        }
    }
    Ok(event)
}

samovar_function::event!(run);
