//! What a caller gets who is not let through: AWS's status, body and headers.

use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use samovar_dispatch::Body;
use samovar_http::{SignatureError, full};

use crate::gateway::access_log::ErrorMessage;
use crate::gateway::endpoint::Front;

/// Tells a person what AWS keeps to itself.
const REASON: &str = "x-samovar-reason";

/// The longest reason that is told.
const REASON_LIMIT: usize = 500;

/// Where a function URL's caller can read on.
const URL_HELP: &str = "Forbidden. For troubleshooting Function URL authorization issues, see: \
                        https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html";

/// Why a request is not let through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::gateway) struct Refusal {
    pub(super) kind: RefusalKind,
    /// For people; empty: the kind says it all.
    reason: String,
}

/// The kinds of refusals.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum RefusalKind {
    /// There is no identity, or it is not taken. The challenge is for `www-authenticate`.
    Unauthorized { challenge: Option<String> },
    /// The user pool's token is no longer good.
    TokenExpired,
    /// The token lacks a scope. The challenge is for `www-authenticate`.
    Scope { challenge: String },
    /// The Lambda authorizer does not let the caller through; or by an explicit `Deny`.
    Denied { explicit: bool },
    /// The API's resource policy does not let the caller through; or by an explicit `Deny`.
    Policy { user: String, resource: String, explicit: bool },
    /// The Lambda authorizer failed, or gave what cannot be used.
    AuthorizerFailed,
    /// The signature is not good, or not there.
    Signature(SignatureError),
    /// There is no API key that is good for the API.
    ApiKey,
    /// Too many requests in too short a time.
    Throttled,
    /// More requests than the key's quota has.
    Quota,
}

impl From<RefusalKind> for Refusal {
    fn from(kind: RefusalKind) -> Self {
        Self { kind, reason: String::new() }
    }
}

impl Refusal {
    /// A refusal whose reason is told to people.
    pub(super) fn because(kind: RefusalKind, reason: impl Into<String>) -> Self {
        Self { kind, reason: reason.into() }
    }

    /// There is no identity.
    pub(in crate::gateway) fn unauthorized() -> Self {
        RefusalKind::Unauthorized { challenge: None }.into()
    }

    /// Status and message for a client that wants to connect to a WebSocket API. The words are
    /// those of REST APIs, whose gateway responses WebSocket APIs share.
    pub(in crate::gateway) fn web_socket(&self) -> (StatusCode, &'static str) {
        match &self.kind {
            RefusalKind::Unauthorized { .. } | RefusalKind::TokenExpired => {
                (StatusCode::UNAUTHORIZED, "Unauthorized")
            }
            RefusalKind::Denied { explicit: true } => (
                StatusCode::FORBIDDEN,
                "User is not authorized to access this resource with an explicit deny",
            ),
            RefusalKind::Denied { explicit: false } | RefusalKind::Policy { .. } => {
                (StatusCode::FORBIDDEN, "User is not authorized to access this resource")
            }
            RefusalKind::Scope { .. } | RefusalKind::Signature(_) | RefusalKind::ApiKey => {
                (StatusCode::FORBIDDEN, "Forbidden")
            }
            RefusalKind::AuthorizerFailed => {
                (StatusCode::INTERNAL_SERVER_ERROR, "Internal server error")
            }
            RefusalKind::Throttled | RefusalKind::Quota => {
                (StatusCode::TOO_MANY_REQUESTS, "Too Many Requests")
            }
        }
    }

    /// Adds the reason, which AWS keeps to itself, if there is one.
    pub(in crate::gateway) fn explain(&self, headers: &mut HeaderMap) {
        if self.reason.is_empty() {
            return;
        }
        let visible = self.reason.chars().filter(|c| (' '..='~').contains(c));
        let visible: String = visible.take(REASON_LIMIT).collect();
        if let Ok(reason) = HeaderValue::from_str(&visible) {
            headers.insert(REASON, reason);
        }
    }

    /// The response, in the words of `front`.
    pub(in crate::gateway) fn response(&self, front: Front) -> Response<Body> {
        let (status, error_type, body) = match front {
            Front::HttpApi => self.http_api(),
            Front::RestApi => self.rest_api(),
            Front::FunctionUrl => self.function_url(),
        };
        let document: serde_json::Value = serde_json::from_str(&body).unwrap_or_default();
        let message = document.get("message").or_else(|| document.get("Message"));
        let message = message.and_then(|message| message.as_str()).map(str::to_owned);
        let mut response = Response::new(full(body));
        if let Some(message) = message {
            response.extensions_mut().insert(ErrorMessage(message));
        }
        *response.status_mut() = status.try_into().unwrap_or_default();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
        if let Some(error_type) = error_type {
            headers.insert("x-amzn-errortype", HeaderValue::from_static(error_type));
        }
        let challenge = match &self.kind {
            RefusalKind::Unauthorized { challenge } => challenge.as_deref(),
            RefusalKind::Scope { challenge } => Some(challenge.as_str()),
            _ => None,
        };
        if let Some(challenge) = challenge.and_then(|text| HeaderValue::from_str(text).ok()) {
            headers.insert(header::WWW_AUTHENTICATE, challenge);
        }
        self.explain(headers);
        response
    }

    /// The gateway response of a REST API that this is, see
    /// [`Failure::response_type`](crate::gateway::failure::Failure::response_type).
    pub(in crate::gateway) fn response_type(&self) -> &'static str {
        match &self.kind {
            RefusalKind::Unauthorized { .. } | RefusalKind::TokenExpired => "UNAUTHORIZED",
            RefusalKind::Denied { .. } | RefusalKind::Policy { .. } | RefusalKind::Scope { .. } => {
                "ACCESS_DENIED"
            }
            RefusalKind::AuthorizerFailed => "AUTHORIZER_CONFIGURATION_ERROR",
            RefusalKind::Signature(error) => match error {
                SignatureError::Missing => "MISSING_AUTHENTICATION_TOKEN",
                SignatureError::Expired => "EXPIRED_TOKEN",
                SignatureError::UnknownKey => "ACCESS_DENIED",
                _ => "INVALID_SIGNATURE",
            },
            RefusalKind::ApiKey => "INVALID_API_KEY",
            RefusalKind::Throttled => "THROTTLED",
            RefusalKind::Quota => "QUOTA_EXCEEDED",
        }
    }

    /// API Gateway guide, "Troubleshooting issues with HTTP API JWT authorizers" and "... Lambda
    /// integrations", "Control access to HTTP APIs with AWS Lambda authorizers".
    fn http_api(&self) -> Answer {
        let (status, message) = match &self.kind {
            RefusalKind::Unauthorized { .. } | RefusalKind::TokenExpired => (401, "Unauthorized"),
            RefusalKind::Scope { .. }
            | RefusalKind::Denied { .. }
            | RefusalKind::Policy { .. }
            | RefusalKind::Signature(_)
            | RefusalKind::ApiKey => (403, "Forbidden"),
            RefusalKind::AuthorizerFailed => (500, "Internal Server Error"),
            RefusalKind::Throttled | RefusalKind::Quota => (429, "Too Many Requests"),
        };
        (status, None, format!(r#"{{"message":"{message}"}}"#))
    }

    /// The default gateway responses (API Gateway guide, "Gateway response types"), with the
    /// messages that REST APIs are known to send.
    fn rest_api(&self) -> Answer {
        let (status, error_type, body) = match &self.kind {
            RefusalKind::Unauthorized { .. } => {
                (401, "UnauthorizedException", r#"{"message":"Unauthorized"}"#)
            }
            RefusalKind::TokenExpired => {
                (401, "UnauthorizedException", r#"{"message":"The incoming token has expired"}"#)
            }
            RefusalKind::Denied { explicit: true } => (
                403,
                "AccessDeniedException",
                r#"{"Message":"User is not authorized to access this resource with an explicit deny"}"#,
            ),
            RefusalKind::Scope { .. } | RefusalKind::Denied { explicit: false } => (
                403,
                "AccessDeniedException",
                r#"{"Message":"User is not authorized to access this resource"}"#,
            ),
            // AWS's words, which leave no more than the end of the account's id to be seen.
            RefusalKind::Policy { user, resource, explicit } => {
                let why = match explicit {
                    true => "with an explicit deny in a resource-based policy",
                    false => {
                        "because no resource-based policy allows the execute-api:Invoke action"
                    }
                };
                let text = format!(
                    "User: {user} is not authorized to perform: execute-api:Invoke on resource: \
                     {} {why}",
                    masked(resource)
                );
                let body = serde_json::json!({"Message": text}).to_string();
                return (403, Some("AccessDeniedException"), body);
            }
            RefusalKind::AuthorizerFailed => {
                (500, "AuthorizerConfigurationException", r#"{"message":null}"#)
            }
            RefusalKind::Signature(error) => {
                let body = serde_json::json!({"message": error.to_string()}).to_string();
                return (403, Some(error.code()), body);
            }
            RefusalKind::ApiKey => (403, "ForbiddenException", r#"{"message":"Forbidden"}"#),
            RefusalKind::Throttled => {
                (429, "TooManyRequestsException", r#"{"message":"Too Many Requests"}"#)
            }
            RefusalKind::Quota => {
                (429, "LimitExceededException", r#"{"message":"Limit Exceeded"}"#)
            }
        };
        (status, Some(error_type), body.to_owned())
    }

    /// Lambda guide, "Control access to Lambda function URLs"; the text as recorded from AWS in
    /// LocalStack's `test_lambda.snapshot.json`. A URL refuses for no other reason than the
    /// signature.
    fn function_url(&self) -> Answer {
        let body = serde_json::json!({"Message": URL_HELP}).to_string();
        (403, Some("AccessDeniedException"), body)
    }
}

/// An ARN with `********9012` for its account's id.
fn masked(arn: &str) -> String {
    let mut parts: Vec<&str> = arn.splitn(6, ':').collect();
    let account = parts.get(4).and_then(|id| id.get(id.len().checked_sub(4)?..));
    let account = account.map(|end| format!("********{end}"));
    if let Some((account, part)) = account.as_deref().zip(parts.get_mut(4)) {
        *part = account;
    }
    parts.join(":")
}

/// Status, `x-amzn-errortype`, body.
type Answer = (u16, Option<&'static str>, String);
