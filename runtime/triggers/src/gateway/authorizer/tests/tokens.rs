//! JWT authorizers of HTTP APIs, and user pools of REST APIs.

use aws_lambda_events::event::apigw::ApiGatewayV2httpRequest;
use samovar_app::{IdentitySource, JwtAuthorizer, UserPoolsAuthorizer};

use super::*;
use crate::gateway::authorizer::jwt::testing::{IssuerServer, Keys, key};

/// API Gateway guide, "Control access to HTTP APIs with JWT authorizers" and "Troubleshooting
/// issues with HTTP API JWT authorizers".
#[tokio::test]
async fn http_apis_take_tokens() {
    let document = json!({"keys": [key().jwk("one")]}).to_string();
    let server = IssuerServer::start(move |_| Keys::Are(document.clone())).await;
    let jwt = AuthorizerKind::Jwt(JwtAuthorizer {
        issuer: server.url.clone(),
        audience: vec!["shop".into()],
        identity_source: IdentitySource::Header("Authorization".into()),
    });
    let api = api(ApiKind::Http, Some(jwt), by_staff(&["read", "write"]));
    let stand = stand(api, Authorizing::default(), never);
    let claims = |change: (&str, Value)| {
        let mut claims = json!({
            "iss": server.url, "sub": "ann", "aud": "shop", "exp": NOW + 60, "scope": "read other",
        });
        claims[change.0] = change.1;
        claims
    };
    let with = |token: &str| get("/pets/7", &[("authorization", &format!("Bearer {token}"))]);
    let good = key().token(&claims(("sub", "ann".into())));
    assert_eq!(stand.send(with(&good)).await.status(), 200);
    assert_eq!(
        stand.event()["requestContext"]["authorizer"],
        json!({"jwt": {
            "claims": {
                "iss": server.url, "sub": "ann", "aud": "shop",
                "exp": (NOW + 60).to_string(), "scope": "read other",
            },
            "scopes": ["read"],
        }})
    );
    let typed: ApiGatewayV2httpRequest =
        serde_json::from_value(stand.event()).expect("an event of aws_lambda_events");
    let jwt = typed.request_context.authorizer.and_then(|it| it.jwt).expect("a token");
    assert_eq!(jwt.claims["sub"], "ann");

    let missing = stand.send(get("/pets/7", &[])).await;
    assert_eq!(missing.headers()["www-authenticate"], "Bearer");
    assert_eq!(
        (missing.status().as_u16(), &missing.body()[..]),
        (401, &br#"{"message":"Unauthorized"}"#[..])
    );

    let refused = stand.send(with(&key().token(&claims(("aud", "x".into()))))).await;
    assert_eq!(refused.status(), 401);
    assert_eq!(
        refused.headers()["www-authenticate"],
        r#"Bearer scope="read write" error="invalid_token" error_description="the token does not have a valid audience""#
    );
    let expired = stand.send(with(&key().token(&claims(("exp", NOW.into()))))).await;
    assert_eq!(
        (expired.status().as_u16(), &expired.body()[..]),
        (401, &br#"{"message":"Unauthorized"}"#[..])
    );

    let narrow = stand.send(with(&key().token(&claims(("scope", "other".into()))))).await;
    assert_eq!(
        (narrow.status().as_u16(), &narrow.body()[..]),
        (403, &br#"{"message":"Forbidden"}"#[..])
    );
    let challenge = narrow.headers()["www-authenticate"].to_str().expect("text");
    assert!(challenge.contains(r#"error="insufficient_scope""#), "{challenge}");
    assert_eq!(stand.events.lock().expect("events").len(), 1);
}

fn pool() -> AuthorizerKind {
    AuthorizerKind::UserPools(UserPoolsAuthorizer {
        issuers: vec!["https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc".into()],
        header: "Authorization".into(),
        validation: Some("shop|till".into()),
    })
}

/// API Gateway guide, "Integrate a REST API with an Amazon Cognito user pool".
#[tokio::test]
async fn rest_apis_take_tokens_of_user_pools() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("keys.json");
    std::fs::write(&file, json!({"keys": [key().jwk("one")]}).to_string()).expect("written");
    let pool_url = "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_Abc".to_owned();
    let settings = || Authorizing {
        key_files: BTreeMap::from([(pool_url.clone(), file.clone())]),
        ..Authorizing::default()
    };
    let claims = |change: (&str, Value)| {
        let mut claims = json!({
            "iss": pool_url, "sub": "ann", "aud": "shop", "exp": NOW + 60, "token_use": "id",
        });
        claims[change.0] = change.1;
        key().token(&claims)
    };
    let with = |token: &str| get("/pets/7", &[("authorization", token)]);
    let open = stand(api(ApiKind::Rest, Some(pool()), by_staff(&[])), settings(), never);
    let good = claims(("sub", "ann".into()));
    assert_eq!(open.send(with(&good)).await.status(), 200);
    assert_eq!(open.send(with(&format!("Bearer {good}"))).await.status(), 200);
    assert_eq!(open.event()["requestContext"]["authorizer"]["claims"]["sub"], "ann");
    let unauthorized = answer(401, r#"{"message":"Unauthorized"}"#);
    for bad in [
        claims(("aud", "shopping".into())),
        claims(("iss", "https://elsewhere.example".into())),
        claims(("token_use", "access".into())),
        String::new(),
        "x.y.z".into(),
    ] {
        assert_eq!(open.answer(with(&bad)).await, unauthorized, "{bad}");
    }
    let expired = open.answer(with(&claims(("exp", NOW.into())))).await;
    assert_eq!(expired, answer(401, r#"{"message":"The incoming token has expired"}"#));

    let mut kind = pool();
    if let AuthorizerKind::UserPools(pool) = &mut kind {
        pool.validation = None;
    }
    let scoped = stand(api(ApiKind::Rest, Some(kind), by_staff(&["read"])), settings(), never);
    let access = json!({
        "iss": pool_url, "client_id": "x", "exp": NOW + 60, "token_use": "access", "scope": "read",
    });
    assert_eq!(scoped.send(with(&key().token(&access))).await.status(), 200);
    assert_eq!(scoped.answer(with(&good)).await, unauthorized);
}
