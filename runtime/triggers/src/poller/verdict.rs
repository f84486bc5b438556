//! Which messages of a batch are done.
//!
//! Lambda guide, "Handling errors for an SQS event source in Lambda", sections "Implementing
//! partial batch responses" and "Success and failure conditions".

use std::collections::HashSet;

use samovar_dispatch::{FunctionError, Response};
use serde_json::Value;

/// What becomes of a batch. What is not deleted returns to the queue by itself, when its
/// visibility timeout ends.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Delete every message.
    Done,
    /// Delete all but these message ids.
    Partly(HashSet<String>),
    /// Delete none.
    Failed,
}

/// Judges the outcome of an invocation with the messages `ids`.
pub(crate) fn verdict<'m>(
    result: &Result<Response, FunctionError>,
    ids: impl IntoIterator<Item = &'m str>,
    report_batch_item_failures: bool,
) -> Verdict {
    match result {
        Err(_) => Verdict::Failed,
        Ok(_) if !report_batch_item_failures => Verdict::Done,
        Ok(Response::Bytes(payload)) => {
            let ids: HashSet<&str> = ids.into_iter().collect();
            partly(payload, &ids).unwrap_or(Verdict::Failed)
        }
        // An HTTP response to a batch of messages is no batch response, and no poller streams.
        Ok(Response::Http(_) | Response::Stream(_)) => Verdict::Failed,
    }
}

/// `None` for every response that AWS treats as a complete failure.
fn partly(payload: &[u8], ids: &HashSet<&str>) -> Option<Verdict> {
    if payload.trim_ascii().is_empty() {
        return Some(Verdict::Done);
    }
    let failures = match serde_json::from_slice(payload).ok()? {
        Value::Null => return Some(Verdict::Done),
        Value::Object(mut fields) => match fields.remove("batchItemFailures") {
            None | Some(Value::Null) => return Some(Verdict::Done),
            Some(Value::Array(failures)) => failures,
            Some(_) => return None,
        },
        Value::String(text) if text.is_empty() => return Some(Verdict::Done),
        _ => return None,
    };
    let mut failed = HashSet::with_capacity(failures.len());
    for failure in failures {
        let id = failure.get("itemIdentifier")?.as_str()?;
        // An empty id is one that the batch does not have.
        if !ids.contains(id) {
            return None;
        }
        failed.insert(id.to_owned());
    }
    Some(if failed.is_empty() { Verdict::Done } else { Verdict::Partly(failed) })
}

#[cfg(test)]
mod tests;
