//! What a runtime posts, with its limits.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use samovar_dispatch::{FunctionError, MAX_RESPONSE_BYTES};
use serde_json::{Value, json};

/// The header (or trailer) that names an error's type.
pub(crate) const ERROR_TYPE: &str = "lambda-runtime-function-error-type";

/// The trailer that holds an error document, in base64.
pub(crate) const ERROR_BODY: &str = "lambda-runtime-function-error-body";

/// How an error begins that stands in the body.
pub(crate) const ERROR_IN_BODY: &[u8] = b"Lambda-Runtime-Function-Error-Type: ";

/// A body that has been read to its end.
#[derive(Debug, Default)]
pub(crate) struct Received {
    /// Its bytes.
    pub(crate) bytes: Bytes,
    /// Its trailers.
    pub(crate) trailers: HeaderMap,
}

/// Why a body could not be read.
#[derive(Debug)]
pub(crate) enum Unread {
    /// It is larger than [`MAX_RESPONSE_BYTES`]. The rest can be discarded.
    TooLarge,
    /// The connection broke.
    Truncated,
}

/// Reads a body of at most [`MAX_RESPONSE_BYTES`] bytes.
pub(crate) async fn read(body: &mut Incoming) -> Result<Received, Unread> {
    let expected = body.size_hint().lower();
    if expected > MAX_RESPONSE_BYTES as u64 {
        return Err(Unread::TooLarge);
    }
    let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default());
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame.map_err(|_| Unread::Truncated)?.into_data() {
            Ok(data) if bytes.len() + data.len() > MAX_RESPONSE_BYTES => {
                return Err(Unread::TooLarge);
            }
            Ok(data) => bytes.extend_from_slice(&data),
            Err(frame) => trailers.extend(frame.into_trailers().unwrap_or_default()),
        }
    }
    Ok(Received { bytes: bytes.freeze(), trailers })
}

/// Reads the rest of a body that is not wanted, so that a runtime that writes all of its request
/// before it reads the answer gets to the answer.
pub(crate) async fn discard(body: &mut Incoming) {
    while let Some(Ok(_)) = body.frame().await {}
}

/// The error that a runtime posts to `.../error` or `init/error`: its document as it stands. Its
/// type is the document's, else the header's; an empty body makes a document of the header's.
pub(crate) fn posted_error(header: Option<&HeaderValue>, document: Bytes) -> FunctionError {
    let header = error_type(header);
    if document.is_empty() {
        return own_error(header, String::new());
    }
    let mut error = FunctionError::handler(document);
    if error.error_type.is_empty() {
        error.error_type = header.to_owned();
    }
    error
}

/// The error at the end of a response in streaming mode, if there is one ("Building a custom
/// runtime", response streaming): in trailers, or, as `lambda_runtime` of Rust writes them
/// (`ToStreamErrorTrailer`), in the same words at the end of the body.
pub(crate) fn streaming_error(received: &Received) -> Option<FunctionError> {
    error_in_trailers(&received.trailers).or_else(|| error_at_end(&received.bytes))
}

/// The error that the trailers of a response hold.
pub(crate) fn error_in_trailers(trailers: &HeaderMap) -> Option<FunctionError> {
    let error_type = trailers.get(ERROR_TYPE)?;
    let body = trailers.get(ERROR_BODY).map(HeaderValue::as_bytes);
    Some(trailing_error(Some(error_type), body.unwrap_or_default()))
}

/// The error that `lambda_runtime` of Rust writes at the end of the body.
pub(crate) fn error_at_end(bytes: &[u8]) -> Option<FunctionError> {
    let (error_type, body) = error_in_body(bytes)?;
    Some(trailing_error(HeaderValue::from_bytes(error_type).ok().as_ref(), body))
}

/// `NAME: TYPE CRLF NAME: BODY CRLF` at the end of `bytes`; the type and the body.
fn error_in_body(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_suffix(b"\r\n")?;
    let (rest, body) = field(rest, b"Lambda-Runtime-Function-Error-Body: ")?;
    let rest = rest.strip_suffix(b"\r\n")?;
    let (_, error_type) = field(rest, ERROR_IN_BODY)?;
    Some((error_type, body))
}

/// What stands before the last `name`, and its value, which has no line end in it.
fn field<'a>(bytes: &'a [u8], name: &[u8]) -> Option<(&'a [u8], &'a [u8])> {
    // A name is looked for in the last line only, so this is linear in that line.
    let line = bytes.iter().rposition(|&b| b == b'\n').map_or(0, |end| end + 1);
    let at = bytes[line..].windows(name.len()).rposition(|window| window == name)? + line;
    Some((&bytes[..at], &bytes[at + name.len()..]))
}

fn trailing_error(error_type: Option<&HeaderValue>, body: &[u8]) -> FunctionError {
    let decoded = BASE64_STANDARD.decode(body).unwrap_or_else(|_| body.to_vec());
    match serde_json::from_slice(&decoded) {
        Ok(Value::Object(_)) => posted_error(error_type, decoded.into()),
        // Text, as Rust's runtime has it.
        _ => own_error(self::error_type(error_type), String::from_utf8_lossy(&decoded).into()),
    }
}

/// An error of the function that has no document of its own.
fn own_error(error_type: &str, message: String) -> FunctionError {
    let document = json!({"errorType": error_type, "errorMessage": message});
    FunctionError::handler(document.to_string().into())
}

/// A valid error type, or AWS's replacement (`GetValidRuntimeOrFunctionErrorType` of AWS's
/// emulator: somewhere `Runtime.` or `Function.`, a capital letter, another letter).
fn error_type(header: Option<&HeaderValue>) -> &str {
    let name = header.and_then(|value| value.to_str().ok()).unwrap_or_default();
    let valid = ["Runtime.", "Function."].iter().any(|prefix| {
        name.match_indices(prefix).any(|(at, _)| {
            let mut rest = name[at + prefix.len()..].bytes();
            rest.next().is_some_and(|b| b.is_ascii_uppercase())
                && rest.next().is_some_and(|b| b.is_ascii_alphabetic())
        })
    });
    match () {
        () if valid => name,
        () if name.starts_with("Function.") => "Function.Unknown",
        () => "Runtime.Unknown",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn received(bytes: &str) -> Received {
        Received { bytes: Bytes::copy_from_slice(bytes.as_bytes()), trailers: HeaderMap::new() }
    }

    #[test]
    fn error_types_are_checked_as_on_aws() {
        let checked = |name: &'static str| error_type(Some(&HeaderValue::from_static(name))).len();
        assert_eq!(checked("Runtime.InitError"), "Runtime.InitError".len());
        assert_eq!(checked("Function.Mine"), "Function.Mine".len());
        let unknown = |name: &'static str| {
            let value = HeaderValue::from_static(name);
            error_type(Some(&value)).to_owned()
        };
        assert_eq!(unknown("Function.mine"), "Function.Unknown");
        assert_eq!(unknown("unhandled"), "Runtime.Unknown");
        assert_eq!(unknown("Runtime.X"), "Runtime.Unknown");
        assert_eq!(error_type(None), "Runtime.Unknown");
    }

    #[test]
    fn a_posted_document_is_kept_as_it_stands() {
        let document = Bytes::from_static(br#"{"errorMessage":"no","errorType":"E","trace":[1]}"#);
        let error = posted_error(None, document.clone());
        assert_eq!((&*error.error_type, &*error.message), ("E", "no"));
        assert_eq!(error.document("id"), document);
    }

    #[test]
    fn a_document_without_type_gets_the_header_s() {
        let header = HeaderValue::from_static("Function.Odd");
        let error = posted_error(Some(&header), Bytes::from_static(b"not json"));
        assert_eq!(error.error_type, "Function.Odd");
        assert_eq!(error.document("id"), "not json");
        let empty = posted_error(Some(&header), Bytes::new());
        assert_eq!(empty.document("id"), r#"{"errorMessage":"","errorType":"Function.Odd"}"#);
    }

    #[test]
    fn an_error_in_trailers_fails_the_response() {
        let mut response = received("half of it");
        assert_eq!(streaming_error(&response), None);
        response.trailers.insert(ERROR_TYPE, HeaderValue::from_static("Runtime.StreamError"));
        let body = BASE64_STANDARD.encode(r#"{"errorType":"Mine","errorMessage":"broke"}"#);
        response.trailers.insert(ERROR_BODY, body.parse().unwrap());
        let error = streaming_error(&response).unwrap();
        assert_eq!((&*error.error_type, &*error.message), ("Mine", "broke"));
    }

    #[test]
    fn so_does_one_in_the_body_as_rust_s_runtime_writes_it() {
        let text = format!(
            "prelude\0\0half\nLambda-Runtime-Function-Error-Type: Runtime.StreamError\r\n\
             Lambda-Runtime-Function-Error-Body: {}\r\n",
            BASE64_STANDARD.encode("pipe broke")
        );
        let error = streaming_error(&received(&text)).unwrap();
        assert_eq!((&*error.error_type, &*error.message), ("Runtime.StreamError", "pipe broke"));
        for other in ["", "\r\n", "Lambda-Runtime-Function-Error-Body: x\r\n", &text[..40]] {
            assert_eq!(streaming_error(&received(other)), None, "{other:?}");
        }
    }
}
