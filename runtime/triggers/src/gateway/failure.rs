//! What clients get where no function answered: AWS's status, body and headers.

use http::{HeaderValue, Response, StatusCode, header};
use samovar_dispatch::{Body, InvokeError, ThrottleReason};
use samovar_http::full;
use serde_json::json;

use super::access_log::ErrorMessage;
use super::authorizer::Refusal;
use super::endpoint::Front;

/// Why there is no answer of a function.
#[derive(Debug)]
pub(crate) enum Failure {
    /// No route takes the request.
    NoRoute,
    /// The path of AWS's own address does not begin with the stage.
    NoStage,
    /// The request line is over the front end's limit.
    UriTooLong,
    /// The values of the headers are.
    HeadersTooLarge,
    /// The body is.
    TooLarge,
    /// The event is over Lambda's limit.
    EventTooLarge,
    /// The request's body broke off.
    BadRequest,
    /// The request's body did not come in time.
    TooSlow,
    /// The request's body is not in the coding that it says, in one that is not known, or of a type
    /// that the integration does not take.
    UnsupportedMediaType,
    /// The function failed, or answered what the front end cannot use. The text is for people.
    Function(String),
    /// The server of an integration cannot be reached. The text is for people.
    Unreachable(String),
    /// The invocation was refused. The text is for people.
    Refused(String),
    /// The caller is not let through.
    Access(Refusal),
    /// Too many invocations at once.
    Throttled(ThrottleReason),
    /// The integration took longer than the front end waits.
    TimedOut,
    /// Samovar is stopping.
    Stopping,
}

/// Tells a person what AWS keeps to the logs of API Gateway.
const REASON: &str = "x-samovar-reason";

/// A function writes its own error's message, however long: clients do not read long headers.
const REASON_LIMIT: usize = 1000;

impl From<InvokeError> for Failure {
    fn from(error: InvokeError) -> Self {
        match error {
            InvokeError::Throttled { reason } => Self::Throttled(reason),
            InvokeError::ShuttingDown => Self::Stopping,
            InvokeError::NotFound { .. } | InvokeError::Unavailable { .. } => {
                Self::Refused(error.to_string())
            }
        }
    }
}

impl From<Refusal> for Failure {
    fn from(refusal: Refusal) -> Self {
        Self::Access(refusal)
    }
}

impl Failure {
    /// The response, in the words of `front`.
    pub(crate) fn response(&self, front: Front) -> Response<Body> {
        if let Self::Access(refusal) = self {
            return refusal.response(front);
        }
        let (status, error_type, body) = match front {
            Front::HttpApi => self.http_api(),
            Front::RestApi => self.rest_api(),
            Front::FunctionUrl => self.function_url(),
        };
        let content_type =
            if body.starts_with('{') { "application/json" } else { "text/plain;charset=UTF-8" };
        let message = serde_json::from_str::<serde_json::Value>(&body).ok();
        let message = message.and_then(|body| Some(body.get("message")?.as_str()?.to_owned()));
        let mut response = Response::new(full(body));
        if let Some(message) = message {
            response.extensions_mut().insert(ErrorMessage(message));
        }
        *response.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_GATEWAY);
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
        if let Some(error_type) = error_type {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(error_type));
        }
        if let Self::Function(reason) | Self::Refused(reason) | Self::Unreachable(reason) = self {
            let visible = reason.chars().filter(|c| (' '..='~').contains(c));
            let visible: String = visible.take(REASON_LIMIT).collect();
            if let Ok(reason) = HeaderValue::from_str(&visible) {
                headers.insert(REASON, reason);
            }
        }
        response
    }

    /// The gateway response of a REST API by which a template may change this one (API Gateway
    /// guide, "Gateway response types"); `None`: none does.
    pub(crate) fn response_type(&self) -> Option<&'static str> {
        Some(match self {
            Self::NoRoute => "MISSING_AUTHENTICATION_TOKEN",
            Self::TooLarge | Self::EventTooLarge => "REQUEST_TOO_LARGE",
            Self::UnsupportedMediaType => "UNSUPPORTED_MEDIA_TYPE",
            Self::Function(_) | Self::Throttled(_) => "DEFAULT_5XX",
            Self::Refused(_) => "API_CONFIGURATION_ERROR",
            Self::Unreachable(_) => "INTEGRATION_FAILURE",
            Self::TimedOut => "INTEGRATION_TIMEOUT",
            Self::Access(refusal) => refusal.response_type(),
            // No API has been found yet, the client is gone, or there is no server any more.
            Self::NoStage
            | Self::UriTooLong
            | Self::HeadersTooLarge
            | Self::BadRequest
            | Self::TooSlow
            | Self::Stopping => return None,
        })
    }

    /// HTTP APIs answer 500 for a failed or malformed integration and 503 for one that is
    /// throttled or takes longer than 30 s (API Gateway guide, "Troubleshooting issues with
    /// HTTP API Lambda integrations"; seen in aws-lambda-cpp #117 and cortex #1225). AWS does not
    /// say what it answers to a head over its limit: these are the statuses of RFC 9110, section
    /// 15.5.15, and RFC 6585, section 5.
    fn http_api(&self) -> Answer {
        let (status, message) = match self {
            Self::NoRoute | Self::NoStage => (404, "Not Found"),
            Self::UriTooLong => (414, "URI Too Long"),
            Self::HeadersTooLarge => (431, "Request Header Fields Too Large"),
            Self::TooLarge | Self::EventTooLarge => (413, "Request Entity Too Large"),
            Self::BadRequest => (400, "Bad Request"),
            Self::TooSlow => (408, "Request Timeout"),
            Self::UnsupportedMediaType => (415, "Unsupported Media Type"),
            Self::Function(_) | Self::Refused(_) | Self::Access(_) => {
                (500, "Internal Server Error")
            }
            Self::Throttled(_) | Self::TimedOut | Self::Stopping | Self::Unreachable(_) => {
                (503, "Service Unavailable")
            }
        };
        (status, None, format!(r#"{{"message":"{message}"}}"#))
    }

    /// REST APIs answer 502 for a failed or malformed function, 500 where Lambda refused the
    /// invocation (Lambda guide, "Handling Lambda errors with an API Gateway API"), and the
    /// default gateway responses otherwise (API Gateway guide, "Gateway response types"). An event
    /// over Lambda's limit is "Request Too Long" (aws-lambda-dotnet, `LargePayloadTests.cs`).
    fn rest_api(&self) -> Answer {
        let internal = r#"{"message": "Internal server error"}"#;
        let (status, error_type, body) = match self {
            Self::NoRoute => (
                403,
                "MissingAuthenticationTokenException",
                r#"{"message":"Missing Authentication Token"}"#,
            ),
            Self::NoStage => (403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
            Self::UriTooLong => (414, "BadRequestException", r#"{"message":"URI Too Long"}"#),
            Self::HeadersTooLarge => {
                (431, "BadRequestException", r#"{"message":"Request Header Fields Too Large"}"#)
            }
            Self::TooLarge => (
                413,
                "RequestTooLargeException",
                r#"{"message":"HTTP content length exceeded 10485760 bytes."}"#,
            ),
            Self::EventTooLarge => {
                (413, "RequestTooLargeException", r#"{"message":"Request Too Long"}"#)
            }
            Self::BadRequest => (400, "BadRequestException", r#"{"message":"Bad Request"}"#),
            Self::TooSlow => (408, "BadRequestException", r#"{"message":"Request Timeout"}"#),
            Self::UnsupportedMediaType => {
                (415, "BadRequestException", r#"{"message":"Unsupported Media Type"}"#)
            }
            Self::Function(_) => (502, "InternalServerErrorException", internal),
            Self::Refused(_) | Self::Throttled(_) | Self::Access(_) => {
                (500, "InternalServerErrorException", internal)
            }
            Self::Unreachable(_) => (
                504,
                "InternalServerErrorException",
                r#"{"message": "Network error communicating with endpoint"}"#,
            ),
            Self::TimedOut => (
                504,
                "InternalServerErrorException",
                r#"{"message": "Endpoint request timed out"}"#,
            ),
            Self::Stopping => {
                (503, "ServiceUnavailableException", r#"{"message": "Service Unavailable"}"#)
            }
        };
        (status, Some(error_type), body.to_owned())
    }

    /// Function URLs answer Lambda's own errors, and 502 for a failed function (LocalStack's
    /// `test_lambda.snapshot.json`).
    fn function_url(&self) -> Answer {
        match self {
            Self::NoRoute | Self::NoStage => (404, None, r#"{"Message":null}"#.to_owned()),
            Self::UriTooLong => (414, None, r#"{"message":"URI Too Long"}"#.to_owned()),
            Self::HeadersTooLarge => {
                (431, None, r#"{"message":"Request Header Fields Too Large"}"#.to_owned())
            }
            Self::TooLarge | Self::EventTooLarge => (
                413,
                Some("RequestEntityTooLargeException"),
                r#"{"Message":"Request must be smaller than 6291456 bytes for the InvokeFunction operation"}"#
                    .to_owned(),
            ),
            Self::BadRequest => (400, None, r#"{"message":"Bad Request"}"#.to_owned()),
            Self::TooSlow => (408, None, r#"{"message":"Request Timeout"}"#.to_owned()),
            Self::UnsupportedMediaType => {
                (415, None, r#"{"message":"Unsupported Media Type"}"#.to_owned())
            }
            Self::Function(_)
            | Self::Refused(_)
            | Self::Access(_)
            | Self::TimedOut
            | Self::Unreachable(_) => {
                (502, None, "Internal Server Error".to_owned())
            }
            Self::Throttled(reason) => {
                let body = json!({
                    "Reason": reason.to_string(), "Type": "User", "message": "Rate Exceeded."
                });
                (429, Some("TooManyRequestsException"), body.to_string())
            }
            Self::Stopping => (
                503,
                Some("ServiceUnavailableException"),
                r#"{"Message":"Service Unavailable"}"#.to_owned(),
            ),
        }
    }
}

/// Status, `x-amzn-errortype`, body.
type Answer = (u16, Option<&'static str>, String);

#[cfg(test)]
mod tests;
