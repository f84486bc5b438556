//! API keys, usage plans and the limits of stages.

use samovar_app::{PlannedApi, Quota, QuotaPeriod, Throttle};

use super::*;

fn keyed(throttle: Option<Throttle>, quota: Option<Quota>) -> Authorizing {
    let key = |id: &str, value: &str| ApiKey {
        logical_id: id.into(),
        id: id.into(),
        value: value.into(),
        is_generated: false,
        enabled: true,
    };
    let plan = UsagePlan {
        logical_id: "Plan".into(),
        id: "plan".into(),
        apis: vec![PlannedApi { api: "Web".into(), methods: BTreeMap::new() }],
        throttle,
        quota,
        keys: vec!["ann".into()],
    };
    Authorizing {
        api_keys: vec![
            key("ann", "a-key-of-twenty-letters"),
            key("bob", "b-key-of-twenty-letters"),
        ],
        usage_plans: vec![plan],
        ..Authorizing::default()
    }
}

/// API Gateway guide, "Usage plans and API keys for REST APIs"; "Gateway response types":
/// INVALID_API_KEY, THROTTLED, QUOTA_EXCEEDED.
#[tokio::test(start_paused = true)]
async fn rest_apis_take_keys() {
    let access = Access { api_key_required: true, ..Access::default() };
    let rest = || api(ApiKind::Rest, None, access.clone());
    let with = |key: &str| get("/pets/7", &[("x-api-key", key)]);
    let ann = "a-key-of-twenty-letters";
    let limit = Throttle { rate: 1.0, burst: 2 };
    let throttled = stand(rest(), keyed(Some(limit), None), never);
    for _ in 0..2 {
        assert_eq!(throttled.send(with(ann)).await.status(), 200);
    }
    let identity = throttled.event()["requestContext"]["identity"].clone();
    assert_eq!((&identity["apiKey"], &identity["apiKeyId"]), (&json!(ann), &json!("ann")));
    let many = throttled.send(with(ann)).await;
    assert_eq!(many.headers()["x-amzn-errortype"], "TooManyRequestsException");
    assert_eq!(
        (many.status().as_u16(), &many.body()[..]),
        (429, &br#"{"message":"Too Many Requests"}"#[..])
    );
    for bad in [with("b-key-of-twenty-letters"), with("x"), get("/pets/7", &[])] {
        let response = throttled.send(bad).await;
        assert_eq!(response.headers()["x-amzn-errortype"], "ForbiddenException");
        assert_eq!(
            (response.status().as_u16(), &response.body()[..]),
            (403, &br#"{"message":"Forbidden"}"#[..])
        );
    }
    let quota = Quota { limit: 1, offset: 0, period: QuotaPeriod::Day };
    let counted = stand(rest(), keyed(None, Some(quota)), never);
    assert_eq!(counted.send(with(ann)).await.status(), 200);
    assert_eq!(counted.answer(with(ann)).await, answer(429, r#"{"message":"Limit Exceeded"}"#));
}

#[tokio::test]
async fn an_authorizer_may_name_the_key() {
    let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
    let access = Access { api_key_required: true, ..by_staff(&[]) };
    let mut api = api(ApiKind::Rest, Some(kind), access);
    api.api_key_source = ApiKeySource::Authorizer;
    let stand = stand(api, keyed(None, None), |asked| {
        let mut answer = policy("Allow", "*");
        if asked > 0 {
            answer["usageIdentifierKey"] = json!("another");
        }
        Ok(answer)
    });
    assert_eq!(stand.send(get("/pets/7", &[("auth", "ann")])).await.status(), 200);
    let forbidden = answer(403, r#"{"message":"Forbidden"}"#);
    let header = get("/pets/7", &[("auth", "ann"), ("x-api-key", "a-key-of-twenty-letters")]);
    assert_eq!(stand.answer(header).await, forbidden);
}

/// API Gateway guide, "Throttle requests to your HTTP APIs": each route by itself.
#[tokio::test(start_paused = true)]
async fn stages_limit_each_route() {
    for kind in [ApiKind::Http, ApiKind::Rest] {
        let throttle = Some(Throttle { rate: 0.5, burst: 1 });
        let stand = stand(
            api(kind, None, Access { throttle, ..Access::default() }),
            Authorizing::default(),
            never,
        );
        let mut post = get("/pets/7", &[]);
        *post.method_mut() = http::Method::POST;
        assert_eq!(stand.send(get("/pets/7", &[])).await.status(), 200);
        let many = stand.answer(get("/pets/8", &[])).await;
        assert_eq!(many, answer(429, r#"{"message":"Too Many Requests"}"#));
        assert_eq!(stand.send(post).await.status(), 200);
        tokio::time::advance(Duration::from_secs(2)).await;
        assert_eq!(stand.send(get("/pets/7", &[])).await.status(), 200);
    }
}
