//! The native build: `lambda_runtime` and `lambda_http`.

mod http;

use std::fmt::Debug;
use std::time::{Duration, SystemTime};

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Context, Error};

pub use self::http::run_http;

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
/// their shape; a component gets the request as it is. In both, the invocation's
/// [`Context`](crate::Context) is among the request's extensions, and, for what does not know this
/// crate, in the header `x-amzn-lambda-context`. For responses that stream, see the [crate's
/// documentation](crate#streaming).
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
    H: AsyncFn(T, Context) -> Result<R, E> + 'static,
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

/// Runs everything on this thread, with `lambda_runtime`'s subscriber.
///
/// An environment has one invocation at a time, which waits for its requests to the Runtime API.
/// With the threads that `#[tokio::main]` makes, each of those wakes another thread and is woken by
/// it: an invocation takes half as much processor time without. It is also what a component has.
fn block_on(run: impl Future<Output = Result<(), Error>>) -> Result<(), Error> {
    lambda_runtime::tracing::init_default_subscriber();
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(run)
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
