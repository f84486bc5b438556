use super::*;

#[test]
fn the_context_is_lambdas() {
    let headers = [
        ("lambda-runtime-deadline-ms", "1700000000123"),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:us-east-1:0:function:tea"),
        ("lambda-runtime-trace-id", "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"),
        ("lambda-runtime-client-context", r#"{"custom":{"tea":"black"}}"#),
    ];
    let headers = headers.map(|(name, value)| {
        (name.parse::<::http::HeaderName>().unwrap(), value.parse::<::http::HeaderValue>().unwrap())
    });
    let config = lambda_runtime::Config {
        function_name: "tea".into(),
        memory: 256,
        ..lambda_runtime::Config::default()
    };
    let headers = headers.into_iter().collect();
    let context = lambda_runtime::Context::new("id", config.into(), &headers).unwrap();
    let context = Context::from(context);
    assert_eq!(context.request_id, "id");
    assert_eq!(context.function_name, "tea");
    assert_eq!(context.memory_limit_mb, 256);
    assert_eq!(context.deadline, SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_123));
    assert_eq!(context.remaining_time(), Duration::ZERO);
    assert_eq!(context.trace_id.as_deref(), Some("Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700"));
    assert_eq!(context.client_context.unwrap()["custom"]["tea"], "black");
}
