//! HTTP requests: `wasi:http/incoming-handler`.

use std::fmt::Debug;
use std::future::poll_fn;
use std::io::{self, Write};

use bytes::Bytes;
use tower_service::Service;
use wasip2::http::types::{ErrorCode, IncomingRequest, ResponseOutparam};

use super::{Diagnostic, incoming, kept, log, outgoing, prepare};
use crate::{Error, Request, Response};

/// Runs set-up and handler for one request, and sends the response to its end.
pub fn handle_http<I, S, B>(init: I, request: IncomingRequest, outparam: ResponseOutparam)
where
    I: Future<Output = Result<S, Error>>,
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic> + Debug> + 'static,
    B: http_body::Body<Data = Bytes, Error: Into<Error>>,
{
    prepare();
    let request = match incoming::request(request) {
        Ok(request) => request,
        Err(error) => return fail(outparam, error.into()),
    };
    // Other hosts than Samovar and its layer tell of no invocation.
    let _logged = log::begin(request.extensions().get());
    let invocation = async {
        let mut service = match kept::take(init).await {
            Ok(service) => service,
            Err(error) => return fail(outparam, error.into()),
        };
        match answer(&mut service, request).await {
            Ok(response) => send(response, outparam).await,
            Err(error) => fail(outparam, error),
        }
        kept::put(service);
    };
    wstd::runtime::block_on(invocation);
    // What a `print!` without a line feed left behind. There is nobody to tell of a closed log.
    let _ = io::stdout().flush();
}

async fn answer<S, B>(service: &mut S, request: Request) -> Result<Response<B>, Diagnostic>
where
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic> + Debug>,
{
    let answer = async {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    answer.await.map_err(|error: S::Error| {
        tracing::error!("{error:?}");
        error.into()
    })
}

/// Sends a response, whose body goes out as it is made.
async fn send<B>(response: Response<B>, outparam: ResponseOutparam)
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>>,
{
    let (head, body) = response.into_parts();
    match outgoing::start(&head) {
        Ok((response, outgoing)) => {
            ResponseOutparam::set(outparam, Ok(response));
            if let Err(error) = outgoing::send(body, outgoing).await {
                tracing::error!("the response's body broke off: {error}");
            }
        }
        Err(error) => fail(outparam, error.into()),
    }
}

/// Answers with the error document of Lambda, in the one place that `wasi:http` has for text.
fn fail(outparam: ResponseOutparam, error: Diagnostic) {
    let document = serde_json::to_string(&error).ok();
    ResponseOutparam::set(outparam, Err(ErrorCode::InternalError(document)));
}
