//! Resource policies (API Gateway guide, "How API Gateway resource policies affect authorization
//! workflow"). Clients call from 203.0.113.7.

use super::*;

const HERE: &str = "203.0.113.0/24";
const ELSEWHERE: &str = "10.0.0.0/8";

fn statement(effect: &str, block: &str) -> Value {
    json!({
        "Effect": effect,
        "Principal": "*",
        "Action": "execute-api:Invoke",
        "Resource": "execute-api:/live/GET/pets/*",
        "Condition": {"IpAddress": {"aws:SourceIp": block}}
    })
}

fn with(statements: Value, authorizer: Option<AuthorizerKind>, access: Access) -> Api {
    let mut api = api(ApiKind::Rest, authorizer, access);
    api.policy = Some(json!({"Version": "2012-10-17", "Statement": statements}));
    api
}

fn refusal(why: &str) -> (u16, String) {
    let resource = "arn:aws:execute-api:us-east-1:********0000:web0000/live/GET/pets/7";
    let text = format!(
        "User: anonymous is not authorized to perform: execute-api:Invoke on resource: {resource} {why}"
    );
    (403, json!({"Message": text}).to_string())
}

const EXPLICIT: &str = "with an explicit deny in a resource-based policy";
const IMPLICIT: &str = "because no resource-based policy allows the execute-api:Invoke action";

/// "API Gateway resource policy only": an explicit allow is needed.
#[tokio::test]
async fn a_policy_alone_must_allow() {
    for (statements, expected) in [
        (json!([statement("Allow", HERE)]), None),
        (json!([statement("Allow", ELSEWHERE)]), Some(refusal(IMPLICIT))),
        (
            json!([statement("Allow", HERE), statement("Deny", "203.0.113.7")]),
            Some(refusal(EXPLICIT)),
        ),
        (json!([statement("Allow", HERE), statement("Deny", ELSEWHERE)]), None),
        (json!([]), Some(refusal(IMPLICIT))),
        // What cannot be read lets nobody through.
        (json!([{"Effect": "Perhaps"}]), Some(refusal(IMPLICIT))),
    ] {
        let stand =
            stand(with(statements.clone(), None, Access::default()), Authorizing::default(), never);
        let (status, body) = stand.answer(get("/pets/7", &[])).await;
        match expected {
            None => assert_eq!(status, 200, "{statements}: {body}"),
            Some(expected) => assert_eq!((status, body), expected, "{statements}"),
        }
    }
    // Other resources are not those of the policy.
    let stand = stand(
        with(json!([statement("Allow", HERE)]), None, Access::default()),
        Authorizing::default(),
        never,
    );
    let post = Request::post("/pets/7").header("host", "web.localhost").body(Full::default());
    assert_eq!(stand.answer(post.expect("a request")).await.0, 403);
}

/// "Lambda authorizer and resource policy": what denies goes first; then one of the two has to
/// allow (table A).
#[tokio::test]
async fn a_policy_stands_beside_a_lambda_authorizer() {
    fn allows(_: usize) -> Result<Value, FunctionError> {
        Ok(policy("Allow", "*"))
    }
    fn says_nothing(_: usize) -> Result<Value, FunctionError> {
        Ok(policy("Allow", "arn:aws:nothing"))
    }
    fn denies(_: usize) -> Result<Value, FunctionError> {
        Ok(policy("Deny", "*"))
    }
    let cases: [(Value, Answers, u16, usize); 6] = [
        (json!([statement("Deny", HERE)]), allows, 403, 0),
        (json!([statement("Deny", ELSEWHERE)]), allows, 200, 1),
        (json!([statement("Deny", ELSEWHERE)]), says_nothing, 403, 1),
        (json!([statement("Allow", HERE)]), says_nothing, 200, 1),
        (json!([statement("Allow", HERE)]), denies, 403, 1),
        (json!([]), allows, 200, 1),
    ];
    for (statements, answers, status, asked) in cases {
        let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
        let stand = stand(
            with(statements.clone(), Some(kind), by_staff(&[])),
            Authorizing::default(),
            answers,
        );
        let found = stand.answer(get("/pets/7", &[("auth", "ann")])).await;
        assert_eq!((found.0, stand.asked()), (status, asked), "{statements}: {}", found.1);
    }
}
