//! HTTP: the events of API Gateway and function URLs, through `lambda_http`.

use std::any::Any;
use std::env;
use std::fmt::Debug;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::Pin;
use std::task::{self, Poll};

use bytes::Bytes;
use http::HeaderValue;
use http_body::{Frame, SizeHint};
use http_body_util::{BodyExt, Full};
use lambda_http::RequestExt;
use lambda_runtime::Diagnostic;
use tower_service::Service;

use super::block_on;
use crate::context::{self, Context};
use crate::{Body, Error, Request, Response};

/// `RESPONSE_STREAM` here has responses streamed. A function is not told how it is invoked, and
/// only a function URL of that `InvokeMode` reads what a streaming function writes.
const INVOKE_MODE: &str = "SAMOVAR_INVOKE_MODE";

/// `main` of [`http!`](crate::http!).
///
/// # Errors
/// The set-up failed, or the Runtime API cannot be reached any more.
pub fn run_http<I, S, B>(init: I) -> Result<(), Error>
where
    I: Future<Output = Result<S, Error>>,
    S: Service<
            Request,
            Response = Response<B>,
            Error: Into<Diagnostic> + Debug,
            Future: Send + 'static,
        > + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    block_on(async {
        let service = init.await?;
        match env::var(INVOKE_MODE).as_deref() {
            Ok("RESPONSE_STREAM") => {
                lambda_http::run_with_streaming_response(Streaming(service)).await
            }
            Ok("BUFFERED") | Err(_) => lambda_http::run(Buffered(service)).await,
            Ok(other) => {
                Err(format!("{INVOKE_MODE} must be BUFFERED or RESPONSE_STREAM, not {other}")
                    .into())
            }
        }
    })
}

/// A request of `lambda_http` as one of ours. The header that tells of the invocation is Lambda's, and
/// never the client's.
fn request(mut request: lambda_http::Request) -> Request {
    request.headers_mut().remove(context::HEADER);
    if let Some(context) = request.lambda_context_ref().cloned() {
        let value = serde_json::to_vec(&context).ok();
        if let Some(value) =
            value.and_then(|value| HeaderValue::from_maybe_shared(Bytes::from(value)).ok())
        {
            request.headers_mut().insert(context::HEADER, value);
        }
        request.extensions_mut().insert(Context::from(context));
    }
    request.map(|body| Body::from(body.to_vec()))
}

type Answer<B> = Pin<Box<dyn Future<Output = Result<Response<B>, Diagnostic>> + Send>>;

/// A service whose responses are collected.
struct Buffered<S>(S);

impl<S, B> Service<lambda_http::Request> for Buffered<S>
where
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic>, Future: Send + 'static>,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Diagnostic;
    type Future = Answer<Full<Bytes>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Diagnostic>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, event: lambda_http::Request) -> Self::Future {
        let answer = self.0.call(request(event));
        Box::pin(async move {
            let (head, body) = answer.await.map_err(Into::into)?.into_parts();
            let body = body.collect().await.map_err(Into::<Error>::into)?.to_bytes();
            Ok(Response::from_parts(head, Full::new(body)))
        })
    }
}

/// A service whose responses go out as they are made.
struct Streaming<S>(S);

impl<S, B> Service<lambda_http::Request> for Streaming<S>
where
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic>, Future: Send + 'static>,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    type Response = Response<Guarded>;
    type Error = Diagnostic;
    type Future = Answer<Guarded>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> Poll<Result<(), Diagnostic>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, event: lambda_http::Request) -> Self::Future {
        let answer = self.0.call(request(event));
        Box::pin(async move {
            let response = answer.await.map_err(Into::into)?;
            Ok(response.map(|body| Guarded(Some(Body::new(body)))))
        })
    }
}

/// A body whose panic is an error. `lambda_runtime` polls bodies in a task of their own: a panic
/// there would end the response as if it were whole. Nothing after an error is asked for.
struct Guarded(Option<Body>);

impl http_body::Body for Guarded {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        let Some(body) = &mut self.0 else { return Poll::Ready(None) };
        // Nobody sees the body after its panic.
        let polled = catch_unwind(AssertUnwindSafe(|| Pin::new(body).poll_frame(cx)))
            .unwrap_or_else(|panic| Poll::Ready(Some(Err(panicked(&*panic).into()))));
        if let Poll::Ready(Some(Err(error))) = &polled {
            tracing::error!("the response's body broke off: {error}");
            self.0 = None;
        }
        polled
    }

    fn is_end_stream(&self) -> bool {
        self.0.as_ref().is_none_or(http_body::Body::is_end_stream)
    }

    fn size_hint(&self) -> SizeHint {
        self.0.as_ref().map(http_body::Body::size_hint).unwrap_or_default()
    }
}

/// A panic in the words of `lambda_runtime`.
fn panicked(panic: &(dyn Any + Send)) -> String {
    let text = panic.downcast_ref::<&str>().copied();
    match text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)) {
        Some(text) => format!("Lambda panicked: {text}"),
        None => "Lambda panicked".to_owned(),
    }
}

#[cfg(test)]
mod tests;
