//! `InvokeWithResponseStream`: a synchronous call whose response comes in pieces.
//!
//! Lambda API reference, "InvokeWithResponseStream". The answer is an event stream: any number
//! of `PayloadChunk`, then one `InvokeComplete`, which tells how the function ended.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http::request::Parts;
use http::{Response, header};
use http_body::{Body as HttpBody, Frame};
use http_body_util::BodyExt;
use samovar_dispatch::{Body, BoxError, FunctionError, LogTail, Response as Output};
use samovar_http::full;
use serde_json::{Map, Value};

use super::error::{EVENT_LIMIT, LambdaError};
use super::event_stream::event;
use super::invoke::{
    EXECUTED_VERSION, TRACE_ID, call, client_context, invocation, named, qualified, read_event,
    wants_tail,
};
use crate::{Services, reply};

/// The content type of an event stream.
const EVENT_STREAM: &str = "application/vnd.amazon.eventstream";

/// What a function's failure is called, as in `X-Amz-Function-Error` of a plain invoke.
const ERROR_CODE: &str = "Unhandled";

/// Invokes the function that the path names; its response streams if the function streams, else
/// it is one chunk.
pub(crate) async fn invoke<B>(
    services: &Services,
    name: &str,
    parts: &Parts,
    body: B,
    request_id: &str,
) -> Result<Response<Body>, LambdaError>
where
    B: HttpBody<Data = Bytes>,
    B::Error: Into<BoxError>,
{
    let name = qualified(named(services, name)?, parts)?;
    let tail = wants_tail(&parts.headers)?;
    let client_context = client_context(&parts.headers)?;
    let payload = read_event(body, (EVENT_LIMIT, LambdaError::TooLarge)).await?;

    let mut invocation = invocation(payload, request_id, client_context, &parts.headers);
    invocation.streaming = true;
    let trace_id = invocation.trace_id.clone();
    let answer = call(services, &name, invocation).await?;

    let (body, error) = match answer.result {
        Ok(Output::Bytes(payload)) => (full(payload), None),
        Ok(Output::Stream(streamed)) => (streamed.body, None),
        Ok(Output::Http(_)) => {
            return Err(LambdaError::Service("The function answered an event with HTTP."));
        }
        Err(error) => (full(Bytes::new()), Some(error)),
    };
    let log = tail.then_some(answer.log);
    let events = Events { request_id: answer.request_id, log, step: Step::Chunks { body, error } };
    let mut response = Response::new(events.boxed_unsync());
    reply::set(&mut response, header::CONTENT_TYPE, EVENT_STREAM);
    reply::set(&mut response, EXECUTED_VERSION, &answer.function.version);
    reply::set(&mut response, TRACE_ID, &trace_id);
    Ok(response)
}

/// A response as an event stream.
struct Events {
    request_id: String,
    /// The invocation's log, if it was asked for.
    log: Option<LogTail>,
    step: Step,
}

enum Step {
    /// Chunks come, until the body ends.
    Chunks { body: Body, error: Option<FunctionError> },
    /// The end of the log comes.
    Log { log: Pin<Box<dyn Future<Output = Vec<u8>> + Send>>, error: Option<FunctionError> },
    /// Everything has been said.
    Over,
}

impl Events {
    fn complete(&self, error: Option<FunctionError>, log: Option<Vec<u8>>) -> Bytes {
        let mut document = Map::new();
        if let Some(error) = error {
            let details = error.document(&self.request_id);
            let details = String::from_utf8_lossy(&details).into_owned();
            document.insert("ErrorCode".into(), ERROR_CODE.into());
            document.insert("ErrorDetails".into(), details.into());
        }
        if let Some(log) = log {
            document.insert("LogResult".into(), STANDARD.encode(log).into());
        }
        let document = Value::Object(document).to_string();
        event("InvokeComplete", "application/json", document.as_bytes())
    }
}

impl HttpBody for Events {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        loop {
            let (error, log) = match &mut self.step {
                Step::Chunks { body, error } => match ready!(Pin::new(body).poll_frame(context)) {
                    Some(Ok(frame)) => {
                        let Ok(data) = frame.into_data() else { continue };
                        if data.is_empty() {
                            continue;
                        }
                        let chunk = event("PayloadChunk", "application/octet-stream", &data);
                        return Poll::Ready(Some(Ok(Frame::data(chunk))));
                    }
                    Some(Err(broken)) => match broken.downcast::<FunctionError>() {
                        Ok(failed) => (Some(*failed), None),
                        Err(broken) => {
                            self.step = Step::Over;
                            return Poll::Ready(Some(Err(broken)));
                        }
                    },
                    None => (error.take(), None),
                },
                Step::Log { log, error } => {
                    let log = ready!(log.as_mut().poll(context));
                    (error.take(), Some(log))
                }
                Step::Over => return Poll::Ready(None),
            };
            if let Some(log) = self.log.take() {
                self.step = Step::Log { log: Box::pin(log.wait()), error };
                continue;
            }
            self.step = Step::Over;
            let complete = self.complete(error, log);
            return Poll::Ready(Some(Ok(Frame::data(complete))));
        }
    }
}
