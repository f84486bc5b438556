//! What a guest that takes HTTP learns of its invocation.
//!
//! `wasi:http` has no place for it: it is in a header, as the AWS Lambda Web Adapter gives it to web
//! applications (github.com/aws/aws-lambda-web-adapter, "Lambda Context"). The value is the JSON of
//! `lambda_runtime`'s `Context`.

use std::time::SystemTime;

use http::{HeaderName, HeaderValue};
use samovar_app::Function;
use samovar_dispatch::Invocation;
use serde::Serialize;
use serde_json::Value;

/// A client's own header of this name is dropped.
pub(super) const NAME: HeaderName = HeaderName::from_static("x-amzn-lambda-context");

#[derive(Serialize)]
struct Context<'a> {
    request_id: &'a str,
    /// Milliseconds since 1970.
    deadline: u64,
    invoked_function_arn: &'a str,
    xray_trace_id: &'a str,
    client_context: Option<Value>,
    /// Of Cognito, which is not emulated.
    identity: Option<Value>,
    env_config: Config<'a>,
}

#[derive(Serialize)]
struct Config<'a> {
    function_name: &'a str,
    /// In MB.
    memory: u32,
    version: &'a str,
    /// Isolates have none.
    log_stream: &'a str,
    log_group: String,
}

/// The header's value. `None`: there is none, which JSON does not come to.
pub(super) fn value(function: &Function, invocation: &Invocation) -> Option<HeaderValue> {
    let deadline = invocation.deadline.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let client_context = invocation.client_context.as_deref();
    let context = Context {
        request_id: &invocation.request_id,
        // Enough for 500 million years.
        deadline: deadline.as_millis() as u64,
        invoked_function_arn: invocation.invoked_function_arn.as_deref().unwrap_or(&function.arn),
        xray_trace_id: &invocation.trace_id,
        client_context: client_context.and_then(|context| serde_json::from_str(context).ok()),
        identity: None,
        env_config: Config {
            function_name: &function.name,
            memory: function.memory_mb,
            version: &function.version,
            log_stream: "",
            log_group: format!("/aws/lambda/{}", function.name),
        },
    };
    // JSON has no control characters, which alone a header may not have.
    let value = bytes::Bytes::from(serde_json::to_vec(&context).ok()?);
    HeaderValue::from_maybe_shared(value).ok()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use samovar_app::{Build, Code, Kind, Span};
    use samovar_dispatch::{Event, Source};
    use serde_json::json;

    use super::*;

    #[test]
    fn the_header_is_the_json_of_lambda_runtimes_context() {
        let span = Span { file: std::path::PathBuf::from("t.yaml").into(), line: 1, column: 1 };
        let code = Code { path: "/code".into(), span, build: Build::Prebuilt };
        let function = Function::new("hello", Kind::Wasm, code);
        let mut invocation = Invocation::new(Event::Bytes(Bytes::new()), Source::Invoke);
        invocation.request_id = "8f5e1c2d-0000-4000-8000-000000000000".into();
        invocation.trace_id = "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700".into();
        invocation.deadline = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123);
        let read = |invocation: &Invocation| {
            let value = value(&function, invocation).unwrap();
            serde_json::from_slice::<Value>(value.as_bytes()).unwrap()
        };
        let mut expected = json!({
            "request_id": "8f5e1c2d-0000-4000-8000-000000000000",
            "deadline": 1_700_000_000_123_u64,
            "invoked_function_arn": "arn:aws:lambda:us-east-1:000000000000:function:hello",
            "xray_trace_id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700",
            "client_context": null,
            "identity": null,
            "env_config": {
                "function_name": "hello", "memory": 128, "version": "$LATEST", "log_stream": "",
                "log_group": "/aws/lambda/hello",
            },
        });
        assert_eq!(read(&invocation), expected);
        // Whatever the caller writes there stays within the header.
        invocation.client_context = Some(r#"{"custom":{"tea":"чай\u0000\r\nx: y"}}"#.into());
        expected["client_context"] = json!({"custom": {"tea": "чай\0\r\nx: y"}});
        assert_eq!(read(&invocation), expected);
        invocation.client_context = Some("not JSON".into());
        expected["client_context"] = Value::Null;
        assert_eq!(read(&invocation), expected);
    }
}
