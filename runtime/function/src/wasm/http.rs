//! HTTP requests: `wasi:http/incoming-handler`.

use std::fmt::Debug;
use std::future::poll_fn;
use std::io::{self, Write};

use bytes::Bytes;
use tower_service::Service;
use wasip2::http::types::{ErrorCode, IncomingRequest, ResponseOutparam};

use super::{Diagnostic, incoming, outgoing, prepare};
use crate::{Error, Request, Response};

/// Runs set-up and handler for one request, and sends the response to its end.
pub fn handle_http<I, S, B>(init: I, request: IncomingRequest, outparam: ResponseOutparam)
where
    I: Future<Output = Result<S, Error>>,
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic> + Debug>,
    B: http_body::Body<Data = Bytes, Error: Into<Error>>,
{
    prepare();
    wstd::runtime::block_on(async {
        let (head, body) = match answer(init, request).await {
            Ok(response) => response.into_parts(),
            Err(error) => return ResponseOutparam::set(outparam, Err(error_code(&error))),
        };
        match outgoing::start(&head) {
            Ok((response, outgoing)) => {
                ResponseOutparam::set(outparam, Ok(response));
                if let Err(error) = outgoing::send(body, outgoing).await {
                    eprintln!("The response's body broke off: {error}");
                }
            }
            Err(error) => ResponseOutparam::set(outparam, Err(error_code(&error.into()))),
        }
    });
    // What a `print!` without a line feed left behind. There is nobody to tell of a closed log.
    let _ = io::stdout().flush();
}

async fn answer<I, S, B>(init: I, request: IncomingRequest) -> Result<Response<B>, Diagnostic>
where
    I: Future<Output = Result<S, Error>>,
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic> + Debug>,
{
    let mut service = init.await?;
    let request = incoming::request(request)?;
    let answer = async {
        poll_fn(|cx| service.poll_ready(cx)).await?;
        service.call(request).await
    };
    answer.await.map_err(|error: S::Error| {
        tracing::error!("{error:?}");
        error.into()
    })
}

/// The error document of Lambda, in the one place that `wasi:http` has for text.
fn error_code(error: &Diagnostic) -> ErrorCode {
    ErrorCode::InternalError(serde_json::to_string(error).ok())
}
