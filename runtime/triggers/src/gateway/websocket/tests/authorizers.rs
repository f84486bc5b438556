//! Lambda authorizers of `$connect`.

use std::time::Duration;

use samovar_app::{
    IdentitySource, LambdaAuthorizer, LambdaAuthorizerForm, PayloadFormat, WebSocketApi,
};
use samovar_dispatch::FunctionError;
use serde_json::{Value, json};

use super::stand::{Answer, Stand, api, ok, route, say};

fn guarded() -> WebSocketApi {
    let sources = ["route.request.header.X-User", "route.request.querystring.team"];
    let sources = sources.iter().map(|text| IdentitySource::parse(text).expect("a source"));
    let authorizer = LambdaAuthorizer {
        function: "F".into(),
        form: LambdaAuthorizerForm::Request { payload_format: PayloadFormat::V1, simple: false },
        identity_sources: sources.collect(),
        validation: None,
        ttl: Duration::ZERO,
    };
    let routes = ["$connect", "$disconnect", "$default"].map(route).into();
    WebSocketApi { authorizer: Some(authorizer), ..api(routes) }
}

/// What the function answers, as an authorizer by the user's name and as itself.
fn answer(event: &Value) -> Answer {
    if event["type"] != "REQUEST" {
        return ok();
    }
    let policy = |effect: &str, resource: &Value| {
        Ok(json!({
            "principalId": event["headers"]["X-User"],
            "policyDocument": {"Version": "2012-10-17", "Statement": [
                {"Effect": effect, "Action": "execute-api:Invoke", "Resource": resource},
            ]},
            "context": {"level": 3, "team": event["queryStringParameters"]["team"]},
        }))
    };
    match event["headers"]["X-User"].as_str().unwrap_or_default() {
        "ann" => policy("Allow", &event["methodArn"]),
        "bob" => policy("Deny", &event["methodArn"]),
        "cid" => policy("Allow", &json!("arn:aws:execute-api:*:*:*/live/*")),
        "dan" => Ok(json!({"isAuthorized": true})),
        _ => {
            let error = json!({"errorType": "Error", "errorMessage": "Unauthorized"});
            Err(FunctionError::handler(error.to_string().into()))
        }
    }
}

/// API Gateway guide, "Control access to WebSocket APIs with AWS Lambda REQUEST authorizers".
#[tokio::test]
async fn what_the_authorizer_says_is_in_every_event() {
    let stand = Stand::of(guarded(), answer).await;
    let (mut client, _) =
        stand.connect_to("/dev?team=red", &[("X-User", "ann")]).await.expect("connected");
    say(&mut client, "hello").await;
    stand.event("MESSAGE").await;
    client.close(None).await.expect("closed");
    stand.event("DISCONNECT").await;
    let events = stand.events();
    let [question, others @ ..] = events.as_slice() else { panic!("no events") };
    assert_eq!(question["type"], "REQUEST");
    let arn = "arn:aws:execute-api:us-east-1:000000000000:chat000000/dev/$connect";
    assert_eq!(question["methodArn"], arn);
    assert_eq!(question["stageVariables"], json!({"color": "blue"}));
    assert_eq!(question["requestContext"]["eventType"], "CONNECT");
    assert!(question["requestContext"].get("authorizer").is_none());
    assert!(question.get("isBase64Encoded").is_none());
    // The connection is the one that the authorizer was asked for.
    let id = &question["requestContext"]["connectionId"];
    assert_eq!(others.len(), 3);
    for event in others {
        let context = &event["requestContext"];
        assert_eq!(context["connectionId"], *id);
        let said = &context["authorizer"];
        assert_eq!(
            (&said["principalId"], &said["level"], &said["team"]),
            (&json!("ann"), &json!("3"), &json!("red"))
        );
        assert!(said["integrationLatency"].is_u64());
    }
}

#[tokio::test]
async fn others_do_not_connect() {
    let stand = Stand::of(guarded(), answer).await;
    let refused = async |path: &str, headers: &[(&str, &str)]| {
        let Err((status, body)) = stand.connect_to(path, headers).await else {
            panic!("connected")
        };
        let body: Value = serde_json::from_str(&body).expect("JSON");
        assert!(body["connectionId"].is_string() && body["requestId"].is_string(), "{body}");
        (status, body["message"].as_str().expect("a message").to_owned())
    };
    // Without all identities the function is not asked.
    let unauthorized = (401, "Unauthorized".to_owned());
    for (path, headers) in [
        ("/dev?team=red", [].as_slice()),
        ("/dev", &[("X-User", "ann")]),
        ("/dev?team=", &[("X-User", "ann")]),
    ] {
        assert_eq!(refused(path, headers).await, unauthorized, "{path}");
    }
    assert!(stand.events().is_empty());
    for (user, status, message) in [
        ("bob", 403, "User is not authorized to access this resource with an explicit deny"),
        ("cid", 403, "User is not authorized to access this resource"),
        ("dan", 500, "Internal server error"),
        ("eve", 401, "Unauthorized"),
    ] {
        let refusal = refused("/dev?team=red", &[("X-User", user)]).await;
        assert_eq!(refusal, (status, message.to_owned()), "{user}");
    }
    // `$connect` itself was never told.
    assert!(stand.events().iter().all(|event| event["type"] == "REQUEST"));
}
