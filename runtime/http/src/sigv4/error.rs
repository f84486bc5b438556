//! Why a request is not let in.

use bytes::Bytes;
use http::{HeaderValue, Response, StatusCode, header};
use serde_json::json;
use thiserror::Error;

use crate::{Body, full};

/// A request that is not signed as it should be. The texts are AWS's (IAM user guide,
/// "Troubleshoot Signature Version 4 signing for AWS API requests").
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SignatureError {
    /// It is not signed at all.
    #[error("Missing Authentication Token")]
    Missing,
    /// The signature's form is wrong.
    #[error("{0}")]
    Incomplete(String),
    /// Nobody here has this key.
    #[error("The security token included in the request is invalid.")]
    UnknownKey,
    /// The signature is not that of this request and the key's secret.
    #[error(
        "The request signature we calculated does not match the signature you provided. Check \
         your AWS Secret Access Key and signing method. Consult the service documentation for \
         details."
    )]
    Mismatch,
    /// It is too old, or of the future.
    #[error("{0}")]
    Time(String),
    /// A presigned URL whose time is over.
    #[error("Request has expired.")]
    Expired,
    /// The body is not covered.
    #[error(
        "The body must be signed: x-amz-content-sha256 must be its SHA-256 in hexadecimal, or \
         absent."
    )]
    UnsignedPayload,
    /// The body is larger than any service takes.
    #[error("The request is too large.")]
    TooLarge,
    /// The body broke off.
    #[error("The request body broke off.")]
    Broken,
}

impl SignatureError {
    /// The code of AWS's JSON protocols: `InvalidSignatureException`.
    pub fn code(&self) -> &'static str {
        self.codes().0
    }

    /// The code of AWS's JSON protocols, and that of the query protocol.
    fn codes(&self) -> (&'static str, &'static str) {
        match self {
            Self::Missing => ("MissingAuthenticationTokenException", "MissingAuthenticationToken"),
            Self::Incomplete(_) => ("IncompleteSignatureException", "IncompleteSignature"),
            Self::UnknownKey => ("UnrecognizedClientException", "InvalidClientTokenId"),
            Self::Mismatch | Self::Time(_) | Self::UnsignedPayload => {
                ("InvalidSignatureException", "SignatureDoesNotMatch")
            }
            Self::Expired => ("RequestExpired", "RequestExpired"),
            Self::TooLarge => ("RequestEntityTooLargeException", "RequestEntityTooLarge"),
            Self::Broken => ("IncompleteBody", "IncompleteBody"),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Broken | Self::Incomplete(_) => StatusCode::BAD_REQUEST,
            _ => StatusCode::FORBIDDEN,
        }
    }

    /// The answer: XML for the query protocol (its requests are forms), else JSON.
    pub fn response(&self, form: bool) -> Response<Body> {
        let (code, query_code) = self.codes();
        let (content_type, body) = if form {
            // The texts have no character that XML would mean something by, but what callers name.
            let message = self.to_string().replace('&', "&amp;").replace('<', "&lt;");
            let error = format!("<Code>{query_code}</Code><Message>{message}</Message>");
            let error = format!("<Error><Type>Sender</Type>{error}</Error>");
            ("text/xml", format!("<ErrorResponse>{error}</ErrorResponse>"))
        } else {
            let document = json!({"__type": code, "message": self.to_string()});
            ("application/json", document.to_string())
        };
        let mut response = Response::new(full(Bytes::from(body)));
        *response.status_mut() = self.status();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        headers.insert("x-amzn-errortype", HeaderValue::from_static(code));
        response
    }
}
