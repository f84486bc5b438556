//! The same on `lambda_http`, behind a function URL and a REST API: `GET /?port=PORT`.

use lambda_http::{Error, Request, RequestExt, Response, run_with_streaming_response, service_fn};
use lambda_runtime::streaming::{Body, channel};
use tokio::net::TcpStream;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run_with_streaming_response(service_fn(stream)).await
}

async fn stream(request: Request) -> Result<Response<Body>, Error> {
    let port: Option<u16> =
        request.query_string_parameters().first("port").map(str::parse).transpose()?;
    let (mut sender, body) = channel();
    tokio::spawn(async move {
        let _ = sender.send_data("first".into()).await;
        if let Some(port) = port {
            wait(port).await;
        }
        let _ = sender.send_data("second".into()).await;
    });
    let response = Response::builder()
        .status(202)
        .header("content-type", "text/x-pieces")
        .header("set-cookie", "a=1")
        .header("set-cookie", "b=2")
        .body(body)?;
    Ok(response)
}

/// Returns when the caller, who listens on this port, has closed the connection.
async fn wait(port: u16) {
    if let Ok(stream) = TcpStream::connect(("127.0.0.1", port)).await {
        let _ = stream.readable().await;
    }
}
