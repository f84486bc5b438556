//! The world `samovar:function/function`: event bytes in, response bytes out.

use std::time::SystemTime;

use bytes::Bytes;
use samovar_app::Function;
use samovar_dispatch::{FunctionError, Invocation};
use serde_json::json;
use wasmtime::{AsContextMut, Store};

use super::bytes;
use crate::component::bindings::Function as Guest;
use crate::component::bindings::exports::samovar::function::handler::Context;
use crate::failure;
use crate::state::State;

pub(super) async fn invoke(
    guest: &Guest,
    store: &mut Store<State>,
    function: &Function,
    invocation: Invocation,
) -> Result<Bytes, FunctionError> {
    let deadline = invocation.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let context = Context {
        request_id: invocation.request_id,
        function_name: function.name.clone(),
        invoked_function_arn: invocation
            .invoked_function_arn
            .unwrap_or_else(|| function.arn.clone()),
        // Enough for 500 million years.
        deadline_ms: deadline.as_millis() as u64,
        memory_limit_mb: function.memory_mb,
        trace_id: Some(invocation.trace_id),
        client_context: invocation.client_context,
    };
    let event = bytes(invocation.event)?;
    store.data_mut().returned = false;
    let called = guest
        .samovar_function_handler()
        .call_handle(store.as_context_mut(), &event, &context)
        .await;
    store.data_mut().returned = called.is_ok();
    match called {
        Ok(Ok(response)) => Ok(response.into()),
        Ok(Err(error)) => {
            let document = json!({"errorType": error.error_type, "errorMessage": error.message});
            Err(FunctionError::handler(document.to_string().into()))
        }
        Err(error) => Err(failure::invocation(error, store.data())),
    }
}
