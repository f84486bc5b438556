//! Fails before its first event, in the way that the variable `INIT` names.

use std::time::Duration;

use samovar_function::{Context, Error};
use serde_json::Value;

samovar_function::event!({
    match std::env::var("INIT").as_deref() {
        Ok("exit") => std::process::exit(7),
        Ok("exit0") => std::process::exit(0),
        Ok("hang") => std::thread::sleep(Duration::from_secs(3600)),
        _ => return Err(Error::from("asked to fail in init")),
    }
    async |event: Value, _context: Context| Ok::<_, Error>(event)
});
