//! Handlers of HTTP requests: async functions and `tower` services.

use std::fmt::Debug;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use bytes::Bytes;
use tower_service::Service;

use crate::{Body, Diagnostic, Error};

/// A request, as a handler given to [`http!`](crate::http!) gets it.
pub type Request = http::Request<Body>;

/// A response. The body may be of any type that is an [`http_body::Body`]; [`Body`] is the
/// common one.
pub type Response<B = Body> = http::Response<B>;

/// What [`http!`](crate::http!) takes: an `async fn(Request) -> Result<Response<B>, E>`, or a
/// [`tower_service::Service`] of [`Request`]s, such as an axum router.
///
/// `B` is any body of [`Bytes`], `E` any error that converts to a [`Diagnostic`], futures are
/// `Send`. `Kind` tells functions and services apart; the compiler finds it.
///
/// What is neither does not compile:
///
/// ```compile_fail
/// async fn hello(name: String) -> Result<String, samovar_function::Error> {
///     Ok(name)
/// }
///
/// samovar_function::http!(hello);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` does not handle HTTP requests",
    label = "neither an async function from `Request` to `Result<Response, Error>` nor a service of `Request`s",
    note = "write `async fn name(request: samovar_function::Request) -> Result<samovar_function::Response, samovar_function::Error>`, or give a tower service such as `axum::Router` (without state, or after `.with_state(..)`)"
)]
pub trait HttpHandler<Kind> {
    /// The handler as a service.
    type Service: Service<
            Request,
            Response = Response<Self::Body>,
            Error: Into<Diagnostic> + Debug,
            Future: Send + 'static,
        > + 'static;

    /// Body of its responses.
    type Body: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static;

    /// The handler as a service.
    fn into_service(self) -> Self::Service;
}

/// [`HttpHandler`] `Kind` of functions.
#[derive(Debug)]
pub enum Function {}

/// [`HttpHandler`] `Kind` of services.
#[derive(Debug)]
pub enum TowerService {}

#[diagnostic::do_not_recommend]
impl<F, Fut, B, E> HttpHandler<Function> for F
where
    F: FnMut(Request) -> Fut + 'static,
    Fut: Future<Output = Result<Response<B>, E>> + Send + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
    E: Into<Diagnostic> + Debug,
{
    type Service = FunctionService<F, Fut>;
    type Body = B;

    fn into_service(self) -> Self::Service {
        FunctionService { function: self, future: PhantomData }
    }
}

#[diagnostic::do_not_recommend]
impl<S, B> HttpHandler<TowerService> for S
where
    S: Service<
            Request,
            Response = Response<B>,
            Error: Into<Diagnostic> + Debug,
            Future: Send + 'static,
        > + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    type Service = S;
    type Body = B;

    fn into_service(self) -> S {
        self
    }
}

/// An async function as a service.
#[derive(Debug)]
pub struct FunctionService<F, Fut> {
    function: F,
    future: PhantomData<fn() -> Fut>,
}

impl<F, Fut, B, E> Service<Request> for FunctionService<F, Fut>
where
    F: FnMut(Request) -> Fut,
    Fut: Future<Output = Result<Response<B>, E>>,
{
    type Response = Response<B>;
    type Error = E;
    type Future = Fut;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), E>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request) -> Fut {
        (self.function)(request)
    }
}

/// What [`http!`](crate::http!) does with its argument.
#[doc(hidden)]
pub fn http_handler<Kind, H: HttpHandler<Kind>>(handler: H) -> H::Service {
    handler.into_service()
}
