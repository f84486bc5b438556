use std::convert::Infallible;
use std::future::poll_fn;

use http_body::Frame;

use super::*;
use crate::service::http_handler;

/// What `lambda_http` would get from a service.
async fn answer<S, B>(
    service: S,
    body: lambda_http::Body,
) -> Result<Response<Full<Bytes>>, Diagnostic>
where
    S: Service<Request, Response = Response<B>, Error: Into<Diagnostic>, Future: Send + 'static>,
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    let mut service = Adapter(service);
    poll_fn(|cx| service.poll_ready(cx)).await?;
    service.call(lambda_http::Request::new(body)).await
}

async fn echo(request: Request) -> Result<Response, Error> {
    Ok(Response::new(request.into_body()))
}

async fn bytes(response: Response<Full<Bytes>>) -> Bytes {
    response.into_body().collect().await.map(|body| body.to_bytes()).unwrap_or_default()
}

#[tokio::test]
async fn bodies_pass_as_they_are() {
    for (body, expected) in [
        (lambda_http::Body::Empty, b"".as_slice()),
        (lambda_http::Body::Text("tea".into()), b"tea"),
        (lambda_http::Body::Binary(vec![0xff, 0x00]), b"\xff\x00"),
    ] {
        assert_eq!(bytes(answer(http_handler(echo), body).await.unwrap()).await, expected);
    }
}

#[tokio::test]
async fn a_service_is_a_handler() {
    let router = axum::Router::new().fallback(async || "tea");
    let response = answer(http_handler(router), lambda_http::Body::Empty).await.unwrap();
    assert_eq!(response.headers()["content-type"], "text/plain; charset=utf-8");
    assert_eq!(bytes(response).await, "tea");
}

/// A body that fails.
struct Leak;

impl http_body::Body for Leak {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> task::Poll<Option<Result<Frame<Bytes>, Error>>> {
        task::Poll::Ready(Some(Err("the samovar leaks".into())))
    }
}

#[tokio::test]
async fn errors_become_diagnostics() {
    let fails = async |_: Request| Err::<Response, Error>("the samovar is empty".into());
    let error = answer(http_handler(fails), lambda_http::Body::Empty).await.unwrap_err();
    assert_eq!(error.error_message, "the samovar is empty");

    let breaks_off = async |_: Request| Ok::<_, Infallible>(Response::new(Leak));
    let error = answer(http_handler(breaks_off), lambda_http::Body::Empty).await.unwrap_err();
    assert_eq!(error.error_message, "the samovar leaks");
}

#[test]
fn the_context_is_lambdas() {
    let headers = [
        ("lambda-runtime-deadline-ms", "1700000000123"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:tea"),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ("lambda-runtime-client-context", r#"{"custom":{"tea":"black"}}"#),
    ];
    let headers = headers.map(|(name, value)| {
        (name.parse::<http::HeaderName>().unwrap(), value.parse::<http::HeaderValue>().unwrap())
    });
    let config = lambda_runtime::Config {
        function_name: "tea".into(),
        memory: 256,
        ..lambda_runtime::Config::default()
    };
    let headers = headers.into_iter().collect();
    let context = lambda_runtime::Context::new("id", config.into(), &headers).unwrap();
    let context = Context::from(context);
    assert_eq!(context.request_id, "id");
    assert_eq!(context.function_name, "tea");
    assert_eq!(context.memory_limit_mb, 256);
    assert_eq!(context.deadline, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    assert_eq!(context.remaining_time(), Duration::ZERO);
    assert_eq!(context.trace_id.as_deref(), Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"));
    assert_eq!(context.client_context.unwrap()["custom"]["tea"], "black");
}
