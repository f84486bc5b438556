//! What a caller is told when an isolate fails.
//!
//! Lambda has one error for a runtime that ends by itself, `Runtime.ExitError`, with
//! "Runtime exited with error: " and the reason: an exit status, or `signal: killed` where the
//! memory was too small (recorded answers: LocalStack, `test_lambda.snapshot.json`).

use samovar_dispatch::FunctionError;
use wasmtime::{Error, Trap};
use wasmtime_wasi::I32Exit;

use crate::error::LoadError;
use crate::last_words::Reason;
use crate::state::State;

const EXIT: &str = "Runtime.ExitError";

/// How many lines of a trap's backtrace go to the log.
const BACKTRACE_LINES: usize = 24;

/// The error for an isolate that did not come to be.
pub(crate) fn start(error: Error, state: &State) -> FunctionError {
    if state.memory.refused() {
        return out_of_memory(state);
    }
    if error.is::<Trap>() || error.is::<I32Exit>() {
        return invocation(error, state);
    }
    FunctionError::platform(
        "Runtime.InvalidEntrypoint",
        format!("The component could not be instantiated: {error:#}"),
    )
}

/// The error for a component that could not be loaded again.
pub(crate) fn load(error: &LoadError) -> FunctionError {
    FunctionError::platform("Runtime.InvalidEntrypoint", error.to_string())
}

/// The error for an isolate that ended before it had answered.
pub(crate) fn invocation(error: Error, state: &State) -> FunctionError {
    let exit = error.downcast_ref::<I32Exit>().map(|exit| exit.0);
    if state.memory.refused() && exit != Some(0) {
        // What a guest does that cannot allocate: it aborts, or exits (Go).
        return out_of_memory(state);
    }
    if let Some(status) = exit {
        return exited(status);
    }
    let told = match error.downcast_ref::<Trap>() {
        // What panics and aborts compile to; their message went to standard error.
        Some(Trap::UnreachableCodeReached) => state.stderr.reason(),
        _ => None,
    };
    let reason = match told {
        Some(Reason::Raised(document)) => {
            return FunctionError::handler(document.to_string().into());
        }
        Some(Reason::Said(words)) => words,
        None => {
            // The guest said nothing, so the log says where it was.
            for line in format!("{error:?}").lines().take(BACKTRACE_LINES) {
                state.log.line(line.as_bytes());
            }
            error.root_cause().to_string()
        }
    };
    FunctionError::platform(EXIT, format!("Runtime exited with error: {reason}"))
}

/// The error for a guest that called `exit`.
pub(crate) fn exited(status: i32) -> FunctionError {
    let message = match status {
        0 => "Runtime exited without providing a reason".to_owned(),
        status => format!("Runtime exited with error: exit status {status}"),
    };
    FunctionError::platform(EXIT, message)
}

/// The error for a guest that answered nothing.
pub(crate) fn no_response(what: &str) -> FunctionError {
    FunctionError::platform(EXIT, format!("Runtime exited without a response: {what}"))
}

fn out_of_memory(state: &State) -> FunctionError {
    let note = format!(
        "The isolate wanted more than its memory; it used {} MB. MemorySize is the limit.",
        state.memory.peak() >> 20,
    );
    state.log.line(note.as_bytes());
    FunctionError::platform(EXIT, "Runtime exited with error: signal: killed")
}
