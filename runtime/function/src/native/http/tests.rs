use std::convert::Infallible;
use std::future::poll_fn;

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
    let mut service = Buffered(service);
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

/// As in an isolate: the context is an extension and a header, which is never the client's.
#[tokio::test]
async fn requests_tell_of_their_invocation() {
    let seen = |context: Option<lambda_runtime::Context>| {
        let mut event = lambda_http::Request::new(lambda_http::Body::Empty);
        for forged in ["{}", "2"] {
            event.headers_mut().append("x-amzn-lambda-context", HeaderValue::from_static(forged));
        }
        if let Some(context) = context {
            event = event.with_lambda_context(context);
        }
        let request = request(event);
        let headers = request.headers().get_all("x-amzn-lambda-context").iter();
        let headers: Vec<_> = headers
            .map(|header| serde_json::from_slice::<serde_json::Value>(header.as_bytes()).unwrap())
            .collect();
        (request.extensions().get::<Context>().cloned(), headers)
    };
    assert_eq!(seen(None), (None, Vec::new()));
    let mut given = lambda_runtime::Context::default();
    given.request_id = "8f5e1c2d-0000-4000-8000-000000000000".to_owned();
    given.deadline = 1_700_000_000_123;
    let (context, headers) = seen(Some(given.clone()));
    assert_eq!(context, Some(Context::from(given)));
    assert_eq!(headers.len(), 1);
    assert_eq!(headers[0]["request_id"], "8f5e1c2d-0000-4000-8000-000000000000");
    assert_eq!(headers[0]["deadline"], 1_700_000_000_123_u64);
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

/// What a streaming function sends: the parts that came before an error, and the error.
async fn streamed<B>(body: B) -> (Vec<Bytes>, Option<String>)
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>> + Send + 'static,
{
    let mut body = Some(body);
    let handler = move |_: Request| {
        let body = body.take().unwrap();
        async move { Ok::<_, Infallible>(Response::new(body)) }
    };
    let mut service = Streaming(http_handler(handler));
    let request = lambda_http::Request::new(lambda_http::Body::Empty);
    let mut body = service.call(request).await.unwrap().into_body();
    let mut parts = Vec::new();
    while let Some(frame) = body.frame().await {
        match frame {
            Ok(frame) => parts.push(frame.into_data().unwrap()),
            Err(error) => {
                assert!(http_body::Body::is_end_stream(&body) && body.frame().await.is_none());
                return (parts, Some(error.to_string()));
            }
        }
    }
    (parts, None)
}

/// A body of one part, and then a panic or an end.
struct OnePart {
    sent: bool,
    panics: bool,
}

impl http_body::Body for OnePart {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut task::Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match std::mem::replace(&mut self.sent, true) {
            false => Poll::Ready(Some(Ok(Frame::data("tea".into())))),
            true if self.panics => panic!("no {} is left", "tea"),
            true => Poll::Ready(None),
        }
    }
}

#[tokio::test]
async fn a_stream_ends_with_its_body_or_its_error() {
    let tea = vec![Bytes::from("tea")];
    let whole = streamed(OnePart { sent: false, panics: false }).await;
    assert_eq!(whole, (tea.clone(), None));
    let panics = streamed(OnePart { sent: false, panics: true }).await;
    assert_eq!(panics, (tea, Some("Lambda panicked: no tea is left".to_owned())));
    assert_eq!(streamed(Leak).await, (Vec::new(), Some("the samovar leaks".to_owned())));
}
