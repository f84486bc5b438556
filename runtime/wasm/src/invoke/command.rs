//! A command: event on standard input, response on standard output.

use std::future::poll_fn;

use bytes::Bytes;
use samovar_dispatch::{FunctionError, MAX_RESPONSE_BYTES};
use wasmtime::{AsContextMut, Store};
use wasmtime_wasi::I32Exit;
use wasmtime_wasi::p2::bindings::Command;
use wasmtime_wasi::p3::bindings::Command as ConcurrentCommand;

use crate::failure;
use crate::state::{State, Stdout};

pub(super) async fn invoke(
    command: &Command,
    store: &mut Store<State>,
    event: Bytes,
) -> Result<Bytes, FunctionError> {
    store.data().stdin.set(event);
    let outcome = command.wasi_cli_run().call_run(store.as_context_mut()).await;
    response(store.data(), outcome)
}

/// The same for WASI 0.3. What the guest has left behind when it returns is waited for: it may
/// still write.
pub(super) async fn invoke_concurrent(
    command: &ConcurrentCommand,
    store: &mut Store<State>,
    event: Bytes,
) -> Result<Bytes, FunctionError> {
    store.data().stdin.set(event);
    let outcome = store
        .run_concurrent(async |guest| {
            let outcome = command.wasi_cli_run().call_run(guest).await?;
            poll_fn(|cx| guest.poll_no_interesting_tasks(cx)).await;
            Ok(outcome)
        })
        .await;
    response(store.data(), outcome.flatten())
}

/// What a command has printed, if it ended well.
fn response(
    state: &State,
    outcome: wasmtime::Result<Result<(), ()>>,
) -> Result<Bytes, FunctionError> {
    let response = match &state.stdout {
        Stdout::Response(pipe) => pipe.contents(),
        Stdout::Log(_) => Bytes::new(),
    };
    if response.len() > MAX_RESPONSE_BYTES {
        // Whatever came of it: its output was cut.
        return Ok(response);
    }
    match outcome {
        Ok(Ok(())) => Ok(response),
        Ok(Err(())) => Err(failure::exited(1)),
        Err(error) => match error.downcast_ref::<I32Exit>() {
            Some(I32Exit(0)) => Ok(response),
            _ => Err(failure::invocation(error, state)),
        },
    }
}
