//! The ids by which AWS's front ends call a request.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE;
use http::{HeaderValue, Response};
use samovar_dispatch::{Body, Invocation};

use super::endpoint::Front;
use super::headers;

/// What AWS tells of a request in its response.
pub(crate) struct Ids {
    /// The invocation's own.
    pub(crate) request: String,
    /// API Gateway's short one.
    pub(crate) extended: String,
    /// `Root=1-…`.
    pub(crate) trace: String,
}

impl Ids {
    /// The ids of this invocation.
    pub(crate) fn of(invocation: &Invocation) -> Self {
        Self {
            request: invocation.request_id.clone(),
            extended: extended_request_id(),
            trace: headers::trace_root(&invocation.trace_id).to_owned(),
        }
    }

    /// Writes them into a response, as `front` does.
    pub(crate) fn mark(&self, front: Front, response: &mut Response<Body>) {
        let headers = response.headers_mut();
        let mut set = |name: &'static str, value: &str| {
            if let Ok(value) = HeaderValue::from_str(value) {
                headers.insert(name, value);
            }
        };
        match front {
            Front::HttpApi => set("apigw-requestid", &self.extended),
            Front::RestApi => {
                set("x-amzn-requestid", &self.request);
                set("x-amz-apigw-id", &self.extended);
                set("x-amzn-trace-id", &self.trace);
            }
            Front::FunctionUrl => {
                set("x-amzn-requestid", &self.request);
                set("x-amzn-trace-id", &self.trace);
            }
        }
    }
}

/// `LV7fzho-PHcEJPw=`: API Gateway's own short id of a request (`apigw-requestid`,
/// `x-amz-apigw-id`).
pub(crate) fn extended_request_id() -> String {
    URL_SAFE.encode(&uuid::Uuid::new_v4().as_bytes()[..11])
}
