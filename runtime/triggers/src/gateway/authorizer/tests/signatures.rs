//! `AWS_IAM`.

use samovar_http::{Credentials, Verifier};

use super::*;

fn verifier() -> Verifier {
    Verifier::new([Credentials {
        access_key_id: "AKIDEXAMPLE".into(),
        secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".into(),
    }])
}

/// Without credentials nobody is refused, and who signs is taken at their word.
#[tokio::test]
async fn unverified_signatures_name_their_key() {
    let access = Access { authorization: Authorization::Iam, ..Access::default() };
    let signed = "AWS4-HMAC-SHA256 Credential=111122223333/20200312/us-east-1/execute-api/\
                  aws4_request, SignedHeaders=host;x-amz-date, Signature=\
                  5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31";
    let headers = [("authorization", signed), ("x-amz-date", "20200312T190358Z")];
    let http = stand(api(ApiKind::Http, None, access.clone()), Authorizing::default(), never);
    assert_eq!(http.send(get("/pets/7", &[])).await.status(), 200);
    assert_eq!(http.event()["requestContext"].get("authorizer"), None);
    assert_eq!(http.send(get("/pets/7", &headers)).await.status(), 200);
    assert_eq!(
        http.event()["requestContext"]["authorizer"]["iam"],
        json!({
            "accessKey": "111122223333", "accountId": "111122223333", "callerId": "111122223333",
            "cognitoIdentity": null, "principalOrgId": null, "userId": "111122223333",
            "userArn": "arn:aws:iam::111122223333:user/111122223333",
        })
    );
    let rest = stand(api(ApiKind::Rest, None, access), Authorizing::default(), never);
    assert_eq!(rest.send(get("/pets/7", &headers)).await.status(), 200);
    let identity = rest.event()["requestContext"]["identity"].clone();
    assert_eq!(identity["accountId"], "111122223333");
    assert_eq!(identity["userArn"], "arn:aws:iam::111122223333:user/111122223333");
}

/// With credentials a request must be signed with them; the end-to-end tests have good signatures,
/// made by AWS's own client.
#[tokio::test]
async fn unsigned_requests_are_refused() {
    let access = Access { authorization: Authorization::Iam, ..Access::default() };
    let settings = || Authorizing { verifier: Some(verifier()), ..Authorizing::default() };
    let http = stand(api(ApiKind::Http, None, access.clone()), settings(), never);
    assert_eq!(http.answer(get("/pets/7", &[])).await, answer(403, r#"{"message":"Forbidden"}"#));
    let rest = stand(api(ApiKind::Rest, None, access), settings(), never);
    let missing = rest.send(get("/pets/7", &[])).await;
    assert_eq!(missing.headers()["x-amzn-errortype"], "MissingAuthenticationTokenException");
    assert_eq!(missing.body(), r#"{"message":"Missing Authentication Token"}"#.as_bytes());

    let url = samovar_app::FunctionUrl { public: false, ..testing::url("url0000") };
    let functions = [Arc::new(samovar_app::Function { url: Some(url), ..function("F") })];
    let dispatcher = dispatcher();
    dispatcher.register(functions[0].clone(), Fake::answering("{}"));
    let gateway = Gateway::new(&[], &functions, Account::default(), dispatcher, Arc::new(Fixed))
        .with_authorizing(&[], &functions, settings());
    let stand = Stand { gateway, events: Arc::default(), asked: Arc::default() };
    let mut request = get("/", &[]);
    request.headers_mut().insert("host", "f.localhost:3000".parse().expect("a host"));
    let refused = stand.send(request).await;
    assert_eq!(refused.status(), 403);
    assert_eq!(refused.headers()["x-amzn-errortype"], "AccessDeniedException");
    assert!(refused.body().starts_with(br#"{"Message":"Forbidden. For troubleshooting"#));
}
