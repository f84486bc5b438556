//! Lambda authorizers.

use aws_lambda_events::event::apigw::{
    ApiGatewayCustomAuthorizerRequest, ApiGatewayCustomAuthorizerRequestTypeRequest,
    ApiGatewayProxyRequest, ApiGatewayV2CustomAuthorizerV2Request,
};

use super::*;

/// API Gateway guide, "Control access to HTTP APIs with AWS Lambda authorizers": format 2.0.
#[tokio::test(start_paused = true)]
async fn simple_answers_of_http_apis_are_kept() {
    let sources = ["$request.header.X-User", "$request.querystring.team", "$stageVariables.kind"];
    let api = api(ApiKind::Http, Some(lambda(FORM_V2, &sources, 60)), by_staff(&[]));
    let stand = stand(api, Authorizing::default(), |asked| {
        Ok(json!({"isAuthorized": asked < 2, "context": {"level": 3, "names": ["a"], "on": true}}))
    });
    let ann = || get("/pets/7?team=red&x=1", &[("x-user", "ann"), ("cookie", "a=1")]);
    assert_eq!(stand.send(ann()).await.status(), 200);
    assert_eq!(
        stand.event()["requestContext"]["authorizer"],
        json!({"lambda": {"level": 3, "names": ["a"], "on": true}})
    );
    let question = stand.question();
    let typed: ApiGatewayV2CustomAuthorizerV2Request =
        serde_json::from_slice(&question).expect("an event of aws_lambda_events");
    assert_eq!(typed.identity_source, Some(vec!["ann".into(), "red".into(), "blue".into()]));
    let question: Value = serde_json::from_slice(&question).expect("JSON");
    assert_eq!(
        question["routeArn"],
        "arn:aws:execute-api:us-east-1:000000000000:web0000/live/GET/pets/7"
    );
    assert_eq!((&question["version"], &question["type"]), (&json!("2.0"), &json!("REQUEST")));
    assert_eq!(question["pathParameters"], json!({"id": "7"}));
    for absent in ["body", "isBase64Encoded"] {
        assert_eq!(question.get(absent), None, "{absent}");
    }

    // The same identity, on another route: the answer is the authorizer's, not the route's.
    let post = Request::post("/pets/8?team=red")
        .header("host", "web.localhost")
        .header("x-user", "ann")
        .body(Full::new(Bytes::from("body")));
    assert_eq!(stand.send(post.expect("a request")).await.status(), 200);
    assert_eq!(stand.asked(), 1);
    // Another identity is asked for, and the answer that refuses is kept too.
    let bob = || get("/pets/7?team=red", &[("x-user", "bob")]);
    assert_eq!(stand.send(bob()).await.status(), 200);
    tokio::time::advance(Duration::from_secs(61)).await;
    for _ in 0..2 {
        assert_eq!(stand.answer(bob()).await, answer(403, r#"{"message":"Forbidden"}"#));
    }
    assert_eq!(stand.asked(), 3);
    // All sources must be there.
    for incomplete in [get("/pets/7?team=red", &[]), get("/pets/7?team=", &[("x-user", "ann")])] {
        assert_eq!(stand.answer(incomplete).await, answer(401, r#"{"message":"Unauthorized"}"#));
    }
    assert_eq!(stand.asked(), 3);
}

#[tokio::test]
async fn without_a_time_each_request_asks() {
    let api = api(ApiKind::Http, Some(lambda(FORM_V2, &[], 300)), by_staff(&[]));
    let stand = stand(api, Authorizing::default(), |_| Ok(json!({"isAuthorized": true})));
    for asked in 1..4 {
        assert_eq!(stand.send(get("/pets/7", &[])).await.status(), 200);
        assert_eq!(stand.asked(), asked);
    }
    let none = json!({"lambda": null});
    assert_eq!(stand.event()["requestContext"]["authorizer"], none);
}

/// API Gateway guide, "Output from an API Gateway Lambda authorizer" and "Input to an API Gateway
/// Lambda authorizer": the policy that is kept counts for all methods.
#[tokio::test(start_paused = true)]
async fn policies_of_rest_apis_count_for_all_methods() {
    let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 300);
    let api = api(ApiKind::Rest, Some(kind), by_staff(&[]));
    let stand = stand(api, Authorizing::default(), |asked| match asked {
        0 => Ok(policy("Allow", "arn:aws:execute-api:*:*:*/live/GET/pets/*")),
        1 => Ok(policy("Deny", "*")),
        _ => Err(fails("Unauthorized")),
    });
    let ann = || get("/pets/7", &[("auth", "ann")]);
    assert_eq!(stand.send(ann()).await.status(), 200);
    let authorizer = stand.event()["requestContext"]["authorizer"].clone();
    assert_eq!(
        authorizer,
        json!({
            "principalId": "ann", "integrationLatency": authorizer["integrationLatency"],
            "level": "3", "name": "Ann", "on": "true",
        })
    );
    let _: ApiGatewayProxyRequest =
        serde_json::from_value(stand.event()).expect("an event of aws_lambda_events");
    let question: ApiGatewayCustomAuthorizerRequest =
        serde_json::from_slice(&stand.question()).expect("an event of aws_lambda_events");
    assert_eq!(question.authorization_token.as_deref(), Some("ann"));
    assert_eq!(
        question.method_arn.as_deref(),
        Some("arn:aws:execute-api:us-east-1:000000000000:web0000/live/GET/pets/7")
    );
    assert_eq!(stand.send(get("/pets/8", &[("auth", "ann")])).await.status(), 200);
    let mut post = get("/pets/7", &[("auth", "ann")]);
    *post.method_mut() = http::Method::POST;
    let denied = stand.send(post).await;
    assert_eq!(denied.status(), 403);
    assert_eq!(denied.headers()["x-amzn-errortype"], "AccessDeniedException");
    assert_eq!(
        denied.body(),
        r#"{"Message":"User is not authorized to access this resource"}"#.as_bytes()
    );
    assert_eq!(stand.asked(), 1);
    let bob = stand.answer(get("/pets/7", &[("auth", "bob")])).await;
    let message = "User is not authorized to access this resource with an explicit deny";
    assert_eq!(bob, answer(403, &format!(r#"{{"Message":"{message}"}}"#)));
    // An error that says so, and no token at all.
    for (request, asked) in [(get("/pets/7", &[("auth", "eve")]), 3), (get("/pets/7", &[]), 3)] {
        let response = stand.send(request).await;
        assert_eq!(response.headers()["x-amzn-errortype"], "UnauthorizedException");
        assert_eq!(response.body(), r#"{"message":"Unauthorized"}"#.as_bytes());
        assert_eq!((response.status().as_u16(), stand.asked()), (401, asked));
    }
}

/// SAM developer guide, "ApiAuth", AddDefaultAuthorizerToCorsPreflight: true unless it is set, so
/// that a preflight, which has no credentials, is refused.
#[tokio::test]
async fn preflights_of_rest_apis_may_need_an_authorizer() {
    let preflight = || {
        let mut request = get("/pets/7", &[("origin", "http://localhost:5173")]);
        *request.method_mut() = http::Method::OPTIONS;
        request
    };
    for (access, status) in [(by_staff(&[]), 401), (Access::default(), 200)] {
        let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
        let mut api = api(ApiKind::Rest, Some(kind), by_staff(&[]));
        api.preflight = access;
        api.cors = Some(samovar_app::Cors {
            allow_origins: vec!["*".into()],
            ..samovar_app::Cors::default()
        });
        let stand = stand(api, Authorizing::default(), |_| Ok(policy("Allow", "*")));
        assert_eq!(stand.send(preflight()).await.status(), status);
        let mut known = preflight();
        known.headers_mut().insert("auth", "ann".parse().expect("a header"));
        assert_eq!(stand.send(known).await.status(), 200);
    }
}

#[tokio::test]
async fn tokens_must_fit_the_expression() {
    let mut kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
    if let AuthorizerKind::Lambda(lambda) = &mut kind {
        lambda.validation = Some("staff-[0-9]+".into());
    }
    let api = api(ApiKind::Rest, Some(kind), by_staff(&[]));
    let stand = stand(api, Authorizing::default(), |_| Ok(policy("Allow", "*")));
    assert_eq!(stand.send(get("/pets/7", &[("auth", "staff-7")])).await.status(), 200);
    for token in ["staff-", "xstaff-7", "staff-7x"] {
        let refused = stand.answer(get("/pets/7", &[("auth", token)])).await;
        assert_eq!(refused, answer(401, r#"{"message":"Unauthorized"}"#), "{token}");
    }
    assert_eq!(stand.asked(), 1);
}

/// `REQUEST` of a REST API, and of an HTTP API in format 1.0.
#[tokio::test]
async fn requests_in_format_1() {
    for kind in [ApiKind::Rest, ApiKind::Http] {
        let sources = ["$request.header.Auth", "$context.identity.sourceIp"];
        let api = api(kind, Some(lambda(FORM_V1, &sources, 0)), by_staff(&[]));
        let stand = stand(api, Authorizing::default(), |_| Ok(policy("Allow", "*")));
        assert_eq!(stand.send(get("/pets/7?a=1", &[("auth", "ann")])).await.status(), 200);
        let question = stand.question();
        let typed: ApiGatewayCustomAuthorizerRequestTypeRequest =
            serde_json::from_slice(&question).expect("an event of aws_lambda_events");
        assert_eq!(typed.path_parameters["id"], "7");
        let question: Value = serde_json::from_slice(&question).expect("JSON");
        let arn = "arn:aws:execute-api:us-east-1:000000000000:web0000/live/GET/pets/7";
        assert_eq!((&question["type"], &question["methodArn"]), (&json!("REQUEST"), &json!(arn)));
        assert_eq!(question.get("body"), None);
        let is_http = kind == ApiKind::Http;
        let identity = is_http.then_some("ann,203.0.113.7");
        assert_eq!(question.get("identitySource").and_then(Value::as_str), identity);
        let authorizer = &stand.event()["requestContext"]["authorizer"];
        let level = if is_http { &authorizer["lambda"]["level"] } else { &authorizer["level"] };
        assert_eq!(level, &(if is_http { json!(3) } else { json!("3") }));
    }
}

/// 500 with the front end's words, and the reason for people (API Gateway guide, "Gateway response
/// types": AUTHORIZER_CONFIGURATION_ERROR).
#[tokio::test(start_paused = true)]
async fn authorizers_that_fail() {
    let broken: [Answers; 5] = [
        |_| Err(fails("no database")),
        |_| Ok(json!("yes")),
        |_| Ok(json!({"principalId": "ann"})),
        |_| Ok(json!({"isAuthorized": "true"})),
        |_| {
            let mut nested = policy("Allow", "*");
            nested["context"] = json!("text");
            Ok(nested)
        },
    ];
    for answers in broken {
        for (kind, form, body) in [
            (ApiKind::Http, FORM_V2, r#"{"message":"Internal Server Error"}"#),
            (ApiKind::Rest, FORM_V1, r#"{"message":null}"#),
        ] {
            let api = api(kind, Some(lambda(form, &["$request.header.A"], 60)), by_staff(&[]));
            let stand = stand(api, Authorizing::default(), answers);
            for asked in 1..3 {
                let response = stand.send(get("/pets/7", &[("a", "b")])).await;
                assert_eq!(
                    (response.status().as_u16(), &response.body()[..]),
                    (500, body.as_bytes())
                );
                assert!(response.headers().contains_key("x-samovar-reason"));
                // What failed is not kept.
                assert_eq!(stand.asked(), asked);
            }
            assert_eq!(stand.events.lock().expect("events").len(), 0);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn an_authorizer_has_its_time() {
    for (kind, limit) in [(ApiKind::Http, 10), (ApiKind::Rest, 29)] {
        let dispatcher = dispatcher();
        let functions = [Arc::new(function("F")), Arc::new(function("Authorize"))];
        dispatcher.register(functions[0].clone(), Fake::answering(r#"{"statusCode":200}"#));
        let slow = Fake::new(Door::Event, |_, _| {
            (Duration::from_secs(60), Ok(Output::Bytes("{}".into())))
        });
        dispatcher.register(functions[1].clone(), slow);
        let apis = [api(kind, Some(lambda(FORM_V1, &[], 0)), by_staff(&[]))];
        let gateway =
            Gateway::new(&apis, &functions, Account::default(), dispatcher, Arc::new(Fixed));
        let stand = Stand { gateway, events: Arc::default(), asked: Arc::default() };
        let began = tokio::time::Instant::now();
        assert_eq!(stand.send(get("/pets/7", &[])).await.status(), 500);
        assert_eq!(began.elapsed().as_secs(), limit);
    }
}
