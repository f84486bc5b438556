//! The context of an invocation.

use std::time::{Duration, SystemTime};

use http::HeaderName;
use serde_json::Value;

/// Where an HTTP request says to which invocation it belongs, in both builds: the JSON of
/// `lambda_runtime`'s `Context`, as the AWS Lambda Web Adapter has it.
pub(crate) const HEADER: HeaderName = HeaderName::from_static("x-amzn-lambda-context");

/// What the platform tells of an invocation, the same in both builds.
///
/// AWS Lambda Developer Guide, "Using the Lambda context object".
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Context {
    /// Id of the request: a UUID, as in the START, END and REPORT lines of the log.
    pub request_id: String,
    /// The function's name.
    pub function_name: String,
    /// ARN by which the function was called.
    pub invoked_function_arn: String,
    /// When the function's time ends.
    pub deadline: SystemTime,
    /// How much memory the function may use, in MB.
    pub memory_limit_mb: u32,
    /// X-Ray tracing header: `Root=1-…;Parent=…;Sampled=0`.
    pub trace_id: Option<String>,
    /// What the caller sent as client context. Natively it is what `lambda_runtime` keeps of it:
    /// the members `client`, `custom` and `environment`.
    pub client_context: Option<Value>,
}

impl Context {
    /// How long the function may still run; zero when its time is over.
    pub fn remaining_time(&self) -> Duration {
        self.deadline.duration_since(SystemTime::now()).unwrap_or_default()
    }
}

/// An empty context with no time left: for tests, which set what they need.
impl Default for Context {
    fn default() -> Self {
        Self {
            request_id: String::new(),
            function_name: String::new(),
            invoked_function_arn: String::new(),
            deadline: SystemTime::UNIX_EPOCH,
            memory_limit_mb: 0,
            trace_id: None,
            client_context: None,
        }
    }
}
