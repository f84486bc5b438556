//! An [`http::Response`] as an outgoing response of `wasi:http`.

use std::future::poll_fn;
use std::pin::pin;

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CONNECTION, HOST, HeaderMap, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TRANSFER_ENCODING,
    UPGRADE,
};
use http::response::Parts;
use wasip2::http::types::{Fields, OutgoingBody, OutgoingResponse};
use wasip2::io::streams::OutputStream;
use wstd::io::AsyncOutputStream;

use crate::Error;

/// Makes a response from its head, and the body that is to be sent.
pub(super) fn start(head: &Parts) -> Result<(OutgoingResponse, OutgoingBody), Error> {
    let response = OutgoingResponse::new(fields(&head.headers)?);
    // A response has 200 where it is told no other.
    if head.status != StatusCode::OK {
        let status = head.status.as_u16();
        let refused = |()| format!("the host refuses status {status}");
        response.set_status_code(status).map_err(refused)?;
    }
    let body = response.body().map_err(|()| "the response's body was taken already")?;
    Ok((response, body))
}

/// Headers that belong to the connection (RFC 9110, section 7.6.1): hosts refuse them, and API
/// Gateway drops them.
pub(crate) fn of_connection() -> [&'static str; 9] {
    [
        CONNECTION.as_str(),
        HOST.as_str(),
        "http2-settings",
        "keep-alive",
        PROXY_AUTHENTICATE.as_str(),
        PROXY_AUTHORIZATION.as_str(),
        "proxy-connection",
        TRANSFER_ENCODING.as_str(),
        UPGRADE.as_str(),
    ]
}

/// Headers, without those of the connection.
fn fields(headers: &HeaderMap) -> Result<Fields, Error> {
    let of_connection = of_connection();
    let entries: Vec<_> = headers
        .iter()
        .filter(|(name, _)| !of_connection.contains(&name.as_str()))
        .map(|(name, value)| (name.as_str().to_owned(), value.as_bytes().to_vec()))
        .collect();
    Fields::from_list(&entries)
        .map_err(|error| format!("the host refuses the headers: {error}").into())
}

/// Sends a body, chunk by chunk as they come, and its trailers. An error leaves it unfinished,
/// which the host tells the client.
pub(super) async fn send<B>(body: B, outgoing: OutgoingBody) -> Result<(), Error>
where
    B: http_body::Body<Data = Bytes, Error: Into<Error>>,
{
    let mut stream = None;
    let mut body = pin!(body);
    let mut trailers = None;
    while let Some(frame) = poll_fn(|cx| body.as_mut().poll_frame(cx)).await {
        match frame.map_err(Into::into)?.into_data() {
            Ok(data) if data.is_empty() => {}
            Ok(data) => {
                let stream = match &mut stream {
                    Some(stream) => stream,
                    None => stream.insert(AsyncOutputStream::new(written(&outgoing)?)),
                };
                stream.write_all(&data).await?;
            }
            Err(frame) => trailers = frame.into_trailers().ok(),
        }
    }
    // The stream belongs to the body and has to go first.
    drop(stream);
    let trailers = trailers.as_ref().map(fields).transpose()?;
    OutgoingBody::finish(outgoing, trailers)?;
    Ok(())
}

/// What a body is written to; once.
fn written(outgoing: &OutgoingBody) -> Result<OutputStream, Error> {
    outgoing.write().map_err(|()| "the response's body was taken already".into())
}
