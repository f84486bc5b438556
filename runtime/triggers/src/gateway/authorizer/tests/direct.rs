//! Routes that no function answers, and what access logs say of callers.

use std::path::Path;

use samovar_app::{Integration, Memory, Options, load_from};

use super::*;
use crate::gateway::AccessLog;

#[derive(Default)]
struct Log(Mutex<Vec<String>>);

impl AccessLog for Log {
    fn line(&self, _: &str, line: &str) {
        self.0.lock().expect("a log").push(line.to_owned());
    }
}

impl Log {
    fn take(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().expect("a log"))
    }
}

/// An API whose mocks answer who calls.
const MOCK: &str = "Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::Api
    Properties:
      StageName: live
      DefinitionBody:
        swagger: '2.0'
        paths:
          /:
            get:
              x-amazon-apigateway-integration:
                type: mock
                requestTemplates: {application/json: '{\"statusCode\": 200}'}
                responses:
                  default:
                    statusCode: '200'
                    responseTemplates:
                      application/json: $context.authorizer.principalId $context.authorizer.name
";

fn mock(mut api: Api) -> Api {
    let mut files = Memory::default();
    files.insert("/app/template.yaml", MOCK);
    let app = load_from(&files, Path::new("/app/template.yaml"), &Options::default());
    let app = app.unwrap_or_else(|faults| panic!("{faults}"));
    let integration = &app.apis[0].routes[0].integration;
    assert!(matches!(integration, Integration::Mock(_)), "{integration:?}");
    for route in &mut api.routes {
        route.integration = integration.clone();
    }
    api
}

#[tokio::test]
async fn integrations_without_a_function_are_authorized_too() {
    let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
    let api = mock(api(ApiKind::Rest, Some(kind), by_staff(&[])));
    let stand = stand(api, Authorizing::default(), |asked| match asked {
        0 => Ok(policy("Allow", "*")),
        _ => Ok(policy("Deny", "*")),
    });
    assert_eq!(
        stand.answer(get("/pets/7", &[])).await,
        answer(401, r#"{"message":"Unauthorized"}"#)
    );
    assert_eq!(stand.asked(), 0);
    let ann = || get("/pets/7", &[("auth", "ann")]);
    assert_eq!(stand.answer(ann()).await, answer(200, "ann Ann"));
    assert_eq!(stand.send(ann()).await.status(), 403);
    assert_eq!(stand.asked(), 2);
}

#[tokio::test]
async fn a_mock_asks_for_an_api_key() {
    let access = Access { api_key_required: true, ..Access::default() };
    let api = mock(api(ApiKind::Rest, None, access));
    let stand = stand(api, Authorizing::default(), never);
    assert_eq!(stand.answer(get("/pets/7", &[])).await, answer(403, r#"{"message":"Forbidden"}"#));
}

/// API Gateway guide, "Variables for access logging for API Gateway".
#[tokio::test]
async fn access_logs_name_the_caller() {
    let kind = lambda(LambdaAuthorizerForm::Token, &["method.request.header.Auth"], 0);
    let mut api = api(ApiKind::Rest, Some(kind), by_staff(&[]));
    let format = "$context.status $context.authorizer.principalId $context.authorizer.name \
                  $context.authorizer.level $context.authorizer.absent";
    api.access_log = Some(format.to_owned());
    let stand = stand(api, Authorizing::default(), |asked| match asked {
        0 => Ok(policy("Allow", "*")),
        _ => Ok(policy("Deny", "*")),
    });
    let log = Arc::<Log>::default();
    stand.gateway.set_access_log(log.clone());
    for _ in 0..2 {
        stand.send(get("/pets/7", &[("auth", "ann")])).await;
    }
    assert_eq!(log.take(), ["200 ann Ann 3 -", "403 - - - -"]);
}
