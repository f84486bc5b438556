use http_body_util::BodyExt;

use super::*;

async fn answer(front: Front, failure: Failure) -> (u16, String) {
    let response = failure.response(front);
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    (status, String::from_utf8_lossy(&body).into_owned())
}

/// Sources stand at the methods.
#[tokio::test]
async fn failures_are_worded_as_each_front_end_words_them() {
    let throttled = ThrottleReason::ReservedFunctionConcurrentInvocationLimitExceeded;
    use Front::{FunctionUrl, HttpApi, RestApi};
    for (front, failure, status, body) in [
        (HttpApi, Failure::NoRoute, 404, r#"{"message":"Not Found"}"#),
        (HttpApi, Failure::NoStage, 404, r#"{"message":"Not Found"}"#),
        (RestApi, Failure::NoStage, 403, r#"{"message":"Forbidden"}"#),
        (HttpApi, Failure::TooLarge, 413, r#"{"message":"Request Entity Too Large"}"#),
        (HttpApi, Failure::EventTooLarge, 413, r#"{"message":"Request Entity Too Large"}"#),
        (RestApi, Failure::EventTooLarge, 413, r#"{"message":"Request Too Long"}"#),
        (HttpApi, Failure::UriTooLong, 414, r#"{"message":"URI Too Long"}"#),
        (
            HttpApi,
            Failure::HeadersTooLarge,
            431,
            r#"{"message":"Request Header Fields Too Large"}"#,
        ),
        (
            HttpApi,
            Failure::Function("it broke".into()),
            500,
            r#"{"message":"Internal Server Error"}"#,
        ),
        (HttpApi, Failure::Throttled(throttled), 503, r#"{"message":"Service Unavailable"}"#),
        (HttpApi, Failure::TimedOut, 503, r#"{"message":"Service Unavailable"}"#),
        (RestApi, Failure::NoRoute, 403, r#"{"message":"Missing Authentication Token"}"#),
        (
            RestApi,
            Failure::Function("it broke".into()),
            502,
            r#"{"message": "Internal server error"}"#,
        ),
        (RestApi, Failure::Throttled(throttled), 500, r#"{"message": "Internal server error"}"#),
        (RestApi, Failure::TimedOut, 504, r#"{"message": "Endpoint request timed out"}"#),
        (FunctionUrl, Failure::Function("it broke".into()), 502, "Internal Server Error"),
        (
            FunctionUrl,
            Failure::Throttled(throttled),
            429,
            r#"{"Reason":"ReservedFunctionConcurrentInvocationLimitExceeded","Type":"User","message":"Rate Exceeded."}"#,
        ),
    ] {
        let name = format!("{front:?} {failure:?}");
        assert_eq!(answer(front, failure).await, (status, body.to_owned()), "{name}");
    }
}

#[test]
fn the_reason_is_told_beside_the_answer() {
    let failure = Failure::Function("Mine: a\nreason \u{e9}".into());
    assert_eq!(failure.response(Front::HttpApi).headers()[REASON], "Mine: areason ");
    let endless = Failure::Function("x".repeat(1_000_000));
    assert_eq!(endless.response(Front::HttpApi).headers()[REASON].len(), REASON_LIMIT);
}
