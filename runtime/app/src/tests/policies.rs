//! Resource policies of REST APIs.

use serde_json::{Value, json};

use super::{app, hello, messages, notes};

/// The statements of the only API's policy.
fn statements(text: &str) -> Vec<Value> {
    let app = app(text);
    let policy = app.apis[0].policy.clone().unwrap_or_default();
    policy["Statement"].as_array().cloned().unwrap_or_default()
}

/// SAM's transform, `samtranslator/swagger/swagger.py`.
#[test]
fn sam_makes_statements() {
    let api = |auth: &str| {
        hello(
            "Events: {A: {Type: Api, Properties: {RestApiId: !Ref Web, Path: '/a/{id}', Method: GET}}}",
            &format!(
                "  Web:\n    Type: AWS::Serverless::Api\n    Properties:\n      StageName: v1\n      \
                 Auth: {{ResourcePolicy: {auth}}}\n"
            ),
        )
    };
    let all = "execute-api:/v1/*";
    let allow = json!({
        "Effect": "Allow", "Action": "execute-api:Invoke", "Resource": all, "Principal": "*"
    });
    let deny = |condition: Value| {
        let mut deny = allow.clone();
        deny["Effect"] = json!("Deny");
        deny["Condition"] = condition;
        deny
    };
    assert_eq!(
        statements(&api("{IpRangeWhitelist: [10.0.0.0/8]}")),
        [allow.clone(), deny(json!({"NotIpAddress": {"aws:SourceIp": ["10.0.0.0/8"]}}))]
    );
    assert_eq!(
        statements(&api("{IpRangeBlacklist: [10.0.0.0/8, 1.2.3.4]}")),
        [allow.clone(), deny(json!({"IpAddress": {"aws:SourceIp": ["10.0.0.0/8", "1.2.3.4"]}}))]
    );
    let accounts = json!({
        "Effect": "Deny", "Action": "execute-api:Invoke", "Resource": all,
        "Principal": {"AWS": ["123456789012"]}
    });
    assert_eq!(statements(&api("{AwsAccountBlacklist: ['123456789012']}")), [accounts]);
    let custom = "{Effect: Allow, Principal: '*', Action: 'execute-api:*', Resource: 'x'}";
    assert_eq!(
        statements(&api(&format!("{{CustomStatements: [{custom}]}}"))),
        [json!({"Effect": "Allow", "Principal": "*", "Action": "execute-api:*", "Resource": "x"})]
    );
    // Of VPCs nothing can be known here.
    let text = api("{SourceVpcWhitelist: [vpce-1]}");
    assert_eq!(statements(&text), [allow]);
    assert_eq!(
        notes(&app(&text)),
        [
            "Resources.Web.Auth.ResourcePolicy.SourceVpcWhitelist: not evaluated: no request comes by a \
          VPC here"
        ]
    );
    assert_eq!(messages(&api("{IpWhitelist: [a]}")), ["unknown property `IpWhitelist` of Web"]);
}

#[test]
fn an_event_restricts_its_path() {
    let properties = "Path: '/a/{id}', Method: GET, \
                      Auth: {ResourcePolicy: {IpRangeWhitelist: [10.0.0.0/8]}}";
    let text = hello(&format!("Events: {{A: {{Type: Api, Properties: {{{properties}}}}}}}"), "");
    let found = statements(&text);
    assert_eq!(found.len(), 2);
    assert_eq!(found[1]["Resource"], "execute-api:/Prod/*/a/*");
}

#[test]
fn policies_stand_in_definitions_and_resources() {
    let policy = "{Statement: [{Effect: Allow, Principal: '*', Action: 'execute-api:Invoke', \
                  Resource: 'execute-api:/dev/*', \
                  Condition: {StringEquals: {aws:SourceVpce: vpce-1}}}]}";
    let with = |properties: &str| {
        format!(
            "Resources:
  Web: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{{properties}}}}}
  Live: {{Type: 'AWS::ApiGateway::Stage', Properties: {{RestApiId: !Ref Web, StageName: dev}}}}
"
        )
    };
    let definition =
        format!("Body: {{openapi: 3.0.1, paths: {{}}, x-amazon-apigateway-policy: {policy}}}");
    for text in [with(&format!("Name: a, Policy: {policy}")), with(&definition)] {
        assert_eq!(statements(&text)[0]["Resource"], "execute-api:/dev/*", "{text}");
        let notes = notes(&app(&text));
        assert!(
            notes.iter().any(|note| note.contains("no request comes by a VPC here")),
            "{notes:?}"
        );
    }
    let text = with("Name: a, Policy: '{\"Statement\": []}'");
    assert_eq!(app(&text).apis[0].policy, Some(json!({"Statement": []})));
    assert_eq!(messages(&with("Name: a, Policy: 'x'")).len(), 1);
}
