//! Invocations, one after another.

use std::borrow::Cow;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::HeaderMap;
use samovar_dispatch::{
    Door, EnvironmentLog, Event, FunctionError, Invocation, Provider, Replied, Reply, Response,
    Source, Streamed, ending_as,
};
use samovar_wasm::{WasmConfig, WasmProvider, gateway};
use thiserror::Error;
use tokio::sync::oneshot;

use crate::answer;
use crate::api::{ApiError, Client};
use crate::artifact::{self, ArtifactError};
use crate::environment::Environment;
use crate::log::StandardOutput;

/// Why the runtime ends.
#[derive(Debug, Error)]
pub(crate) enum ServeError {
    /// The Runtime API.
    #[error(transparent)]
    Api(#[from] ApiError),
    /// The function.
    #[error(transparent)]
    Artifact(#[from] ArtifactError),
}

/// Loads the function and serves it.
///
/// # Errors
/// The function cannot be run, which Lambda has been told; or the Runtime API is gone.
pub(crate) async fn serve(environment: Environment) -> Result<Infallible, ServeError> {
    let Environment { runtime_api, task_root, function, variables, streaming } = environment;
    let mut client = Client::new(&runtime_api)?;
    let component = task_root.join(&function.handler);
    let config = WasmConfig { function: Arc::new(function), component, variables };
    let provider = match artifact::load(&task_root, config) {
        Ok(provider) => provider,
        Err(error) => {
            client.init_error("Runtime.InvalidEntrypoint", &error.to_string()).await?;
            return Err(error.into());
        }
    };
    let runtime = Runtime { provider, streaming };
    loop {
        let (head, event) = client.next().await?.into_parts();
        runtime.serve(&mut client, &head.headers, event).await?;
    }
}

struct Runtime {
    provider: WasmProvider,
    streaming: bool,
}

impl Runtime {
    /// Serves one invocation.
    async fn serve(
        &self,
        client: &mut Client,
        headers: &HeaderMap,
        event: Bytes,
    ) -> Result<(), ApiError> {
        let (event, stream) = self.event(event);
        let mut invocation = invocation(headers, event)?;
        invocation.streaming = stream;
        let id = invocation.request_id.clone();
        let log = EnvironmentLog::new("", Arc::new(StandardOutput));
        let mut isolate = match self.provider.start(log).await {
            Ok(isolate) => isolate,
            Err(error) => return client.error(&id, &error).await,
        };

        let (reply, replied) = Reply::channel();
        let (end, ended) = oneshot::channel();
        let guest = async {
            let outcome = isolate.invoke(invocation, reply).await;
            // A response that is not streamed waits for no end.
            let _ = end.send(outcome.clone());
            outcome
        };
        let answer = async {
            match replied.await.map(|replied: Replied| replied.response) {
                Ok(Response::Http(response)) => {
                    let Streamed { body, .. } = ending_as(answer::with_prelude(response), ended);
                    client.stream(&id, body).await.map(|()| Answered::Streamed)
                }
                Ok(Response::Bytes(bytes)) => Ok(Answered::Whole(bytes)),
                // Isolates stream HTTP responses only.
                Ok(Response::Stream(_)) | Err(_) => Ok(Answered::Not),
            }
        };
        let (outcome, answered) = tokio::join!(guest, answer);
        match (answered?, outcome) {
            // Trailers have told of an error.
            (Answered::Streamed, _) => {}
            (_, Err(error)) => client.error(&id, &error).await?,
            (Answered::Whole(bytes), Ok(())) => client.respond(&id, bytes).await?,
            (Answered::Not, Ok(())) => {
                let error = FunctionError::platform("Runtime.ExitError", "There was no response");
                client.error(&id, &error).await?;
            }
        }
        // Nothing of it is left when Lambda freezes this process.
        isolate.stop(Duration::ZERO).await;
        Ok(())
    }

    /// The event for the function's door, and whether its response is streamed.
    fn event(&self, event: Bytes) -> (Event, bool) {
        if self.streaming
            && self.provider.door() == Door::Http
            && let Ok((format, request)) = gateway::request(&event)
            && format.streams()
        {
            return (Event::Http(request), true);
        }
        // What is wrong with an event is told when it is invoked.
        (Event::Bytes(event), false)
    }
}

/// What has become of the answer, while its isolate came to its end.
enum Answered {
    /// It has been sent.
    Streamed,
    /// It is to be sent if the isolate ended well.
    Whole(Bytes),
    /// There was none.
    Not,
}

/// What Lambda says of an invocation (Lambda guide, "Next invocation").
///
/// # Errors
/// It has no request id, so nobody can be answered.
fn invocation(headers: &HeaderMap, event: Event) -> Result<Invocation, ApiError> {
    let text = |name: &str| {
        // Client context may be any text.
        let value = headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()));
        value.map(Cow::into_owned)
    };
    let mut invocation = Invocation::new(event, Source::Invoke);
    invocation.request_id = text("lambda-runtime-aws-request-id")
        .ok_or_else(|| ApiError::Invalid("it has no request id".to_owned()))?;
    let deadline = text("lambda-runtime-deadline-ms").and_then(|ms| ms.parse().ok());
    let deadline = Duration::from_millis(deadline.unwrap_or_default());
    invocation.deadline = SystemTime::UNIX_EPOCH + deadline;
    invocation.invoked_function_arn = text("lambda-runtime-invoked-function-arn");
    invocation.trace_id = text("lambda-runtime-trace-id").unwrap_or_default();
    invocation.client_context = text("lambda-runtime-client-context");
    Ok(invocation)
}
