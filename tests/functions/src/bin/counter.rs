//! Counts in a global: `{"count": N}`, where N is how many invocations this instance has had.
//! A fresh isolate an invocation always answers 1.

use std::sync::atomic::{AtomicU64, Ordering};

use samovar_function::{Context, Error};
use serde_json::{Value, json};

static INVOCATIONS: AtomicU64 = AtomicU64::new(0);

async fn count(_event: Value, _context: Context) -> Result<Value, Error> {
    Ok(json!({"count": INVOCATIONS.fetch_add(1, Ordering::Relaxed) + 1}))
}

samovar_function::event!(count);
