//! One invocation, by the way that the component takes it.

mod awaited;
mod command;
mod event;
pub mod gateway;
mod guest_body;
mod http;
mod lambda_context;
mod service;

use bytes::Bytes;
use samovar_app::Function;
use samovar_dispatch::{Event, FunctionError, Invocation, Reply, Response};

use self::http::Handler;
use crate::component::Instance;
use crate::isolate::Guest;

/// Gives an invocation to a guest.
///
/// # Errors
/// The guest failed, or did not answer.
pub(crate) async fn invoke(
    guest: &mut Guest,
    function: &Function,
    invocation: Invocation,
    reply: Reply,
) -> Result<(), FunctionError> {
    let Guest { store, instance } = guest;
    match instance {
        Instance::Service(service) => {
            http::invoke(Handler::Concurrent(service), store, function, invocation, reply).await
        }
        Instance::Http(proxy) => {
            http::invoke(Handler::Incoming(proxy), store, function, invocation, reply).await
        }
        Instance::Event(guest) => {
            let response = event::invoke(guest, store, function, invocation).await?;
            reply.send(Response::Bytes(response))
        }
        Instance::Command(command) => {
            let event = bytes(invocation.event)?;
            let response = command::invoke(command, store, event).await?;
            reply.send(Response::Bytes(response))
        }
        Instance::ConcurrentCommand(command) => {
            let event = bytes(invocation.event)?;
            let response = command::invoke_concurrent(command, store, event).await?;
            reply.send(Response::Bytes(response))
        }
    }
}

/// The bytes of an event. HTTP front ends make an event for a function that takes events.
fn bytes(event: Event) -> Result<Bytes, FunctionError> {
    match event {
        Event::Bytes(bytes) => Ok(bytes),
        Event::Http(_) => Err(FunctionError::platform(
            "Runtime.InvalidEvent",
            "The function takes events, and was given an HTTP request",
        )),
    }
}
