//! Answers what it sees: `{"variables": {...}, "context": {...}}`.

use std::collections::BTreeMap;

use samovar_function::{Context, Error};
use serde_json::{Value, json};

async fn look(_event: Value, context: Context) -> Result<Value, Error> {
    let variables: BTreeMap<_, _> = std::env::vars().collect();
    let remaining_ms = u64::try_from(context.remaining_time().as_millis())?;
    Ok(json!({
        "variables": variables,
        "context": {
            "requestId": context.request_id,
            "functionName": context.function_name,
            "invokedFunctionArn": context.invoked_function_arn,
            "remainingMs": remaining_ms,
            "memoryLimitMb": context.memory_limit_mb,
            "traceId": context.trace_id,
            "clientContext": context.client_context,
        },
    }))
}

samovar_function::event!(look);
