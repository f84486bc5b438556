//! The native build: `lambda_runtime` and `lambda_http`.

use std::fmt::Debug;
use std::pin::Pin;
use std::task;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};
use tower_service::Service;

use crate::{Body, Context, Error, Request, Response};

/// Makes the binary's `main` from a handler of events.
///
/// The argument is an expression that is evaluated once an execution environment; it may
/// `.await` and use `?`. Its value is the handler: an `async fn(T, Context) -> Result<R, E>` or
/// an async closure, with `T` any type that can be deserialised, `R` any that can be serialised,
/// and `E` any that converts to [`Diagnostic`](crate::Diagnostic).
///
/// ```no_run
/// use samovar_function::{Context, Error};
/// use serde_json::Value;
///
/// async fn echo(event: Value, _context: Context) -> Result<Value, Error> {
///     Ok(event)
/// }
///
/// samovar_function::event!(echo);
/// ```
///
/// See the [crate's documentation](crate) for set-up and errors.
#[macro_export]
macro_rules! event {
    ($handler:expr $(,)?) => {
        fn main() -> ::std::result::Result<(), $crate::Error> {
            $crate::__private::run_event(async {
                ::std::result::Result::Ok($crate::__private::event_handler($handler))
            })
        }
    };
}

/// Makes the binary's `main` from a handler of HTTP requests: an async function or a `tower`
/// service (see [`HttpHandler`](crate::HttpHandler)).
///
/// The argument is an expression that is evaluated once an execution environment; it may
/// `.await` and use `?`.
///
/// ```no_run
/// use samovar_function::{Error, Request, Response};
///
/// async fn hello(request: Request) -> Result<Response, Error> {
///     Ok(Response::new(format!("You asked for {}.\n", request.uri().path()).into()))
/// }
///
/// samovar_function::http!(hello);
/// ```
///
/// An axum router, unmodified:
///
/// ```no_run
/// use axum::{Router, routing::get};
///
/// fn router() -> Router {
///     Router::new().route("/health", get(async || "ok\n"))
/// }
///
/// samovar_function::http!(router());
/// ```
///
/// A native function gets API Gateway's events (HTTP API, REST API, function URL) and answers in
/// their shape; a component gets the request as it is.
#[macro_export]
macro_rules! http {
    ($handler:expr $(,)?) => {
        fn main() -> ::std::result::Result<(), $crate::Error> {
            $crate::__private::run_http(async {
                ::std::result::Result::Ok($crate::__private::http_handler($handler))
            })
        }
    };
}

/// `main` of [`event!`](crate::event!).
///
/// # Errors
/// The set-up failed, or the Runtime API cannot be reached any more.
pub fn run_event<I, H, T, R, E>(init: I) -> Result<(), Error>
where
    I: Future<Output = Result<H, Error>>,
    H: AsyncFn(T, Context) -> Result<R, E>,
    T: DeserializeOwned,
    R: Serialize,
    E: Into<Diagnostic> + Debug,
{
    block_on(async {
        let handler = &init.await?;
        let service = service_fn(|event: LambdaEvent<T>| async move {
            handler(event.payload, event.context.into()).await
        });
        lambda_runtime::run(service).await
    })
}

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
        >,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    block_on(async { lambda_http::run(Adapter(init.await?)).await })
}

/// The runtime that `#[tokio::main]` makes, with `lambda_runtime`'s subscriber.
fn block_on(run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    tokio::runtime::Builder::new_multi_thread().enable_all().build()?.block_on(run)
}

/// A service of our requests as one of `lambda_http`'s.
struct Adapter<S>(S);

impl<S, B> Service<lambda_http::Request> for Adapter<S>
where
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic>, Future: Send + 'static>,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    type Response = Response<Full<Bytes>>;
    type Error = Diagnostic;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Diagnostic>> + Send>>;

    fn poll_ready(&mut self, cx: &mut task::Context<'_>) -> task::Poll<Result<(), Diagnostic>> {
        self.0.poll_ready(cx).map_err(Into::into)
    }

    fn call(&mut self, request: lambda_http::Request) -> Self::Future {
        let answer = self.0.call(request.map(|body| Body::from(body.to_vec())));
        Box::pin(async move {
            let (head, body) = answer.await.map_err(Into::into)?.into_parts();
            let body = body.collect().await.map_err(Into::<Error>::into)?.to_bytes();
            Ok(Response::from_parts(head, Full::new(body)))
        })
    }
}

impl From<lambda_runtime::Context> for Context {
    fn from(context: lambda_runtime::Context) -> Self {
        Self {
            request_id: context.request_id,
            function_name: context.env_config.function_name.clone(),
            invoked_function_arn: context.invoked_function_arn,
            deadline: SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline),
            // `Config` has a signed number; Lambda gives 128 to 10,240.
            memory_limit_mb: context.env_config.memory.try_into().unwrap_or_default(),
            trace_id: context.xray_trace_id,
            client_context: context
                .client_context
                .and_then(|context| serde_json::to_value(context).ok()),
        }
    }
}

#[cfg(test)]
mod tests;
