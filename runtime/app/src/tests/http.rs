//! APIs and their routes.

use super::{app, hello, messages, notes};
use crate::{ApiKind, Route};

fn route(method: Option<&str>, path: Option<&str>) -> Route {
    Route { method: method.map(str::to_owned), path: path.map(str::to_owned) }
}

#[test]
fn events_go_to_the_api_that_they_name() {
    let app = app(&hello(
        "Events:
  Default: {Type: HttpApi, Properties: {ApiId: !Ref Web}}
  Any: {Type: HttpApi, Properties: {ApiId: !Ref Web, Method: any, Path: '/files/{proxy+}'}}
  Star: {Type: Api, Properties: {RestApiId: {Ref: Rest}, Method: '*', Path: /}}
  Implied: {Type: Api, Properties: {Method: delete, Path: '/orders/{id}'}}
  Bare: {Type: HttpApi}",
        "  Web: {Type: 'AWS::Serverless::HttpApi', Properties: {StageName: live}}
  Rest: {Type: 'AWS::Serverless::Api', Properties: {StageName: v1}}
",
    ));
    let found: Vec<_> = app
        .apis
        .iter()
        .map(|api| (api.logical_id.as_str(), api.kind, api.stage.as_str(), api.span.is_some()))
        .collect();
    assert_eq!(
        found,
        [
            ("Web", ApiKind::Http, "live", true),
            ("Rest", ApiKind::Rest, "v1", true),
            ("ServerlessHttpApi", ApiKind::Http, "$default", false),
            ("ServerlessRestApi", ApiKind::Rest, "Prod", false),
        ]
    );
    let routes: Vec<Vec<Route>> = app
        .apis
        .iter()
        .map(|api| api.routes.iter().map(|route| route.route.clone()).collect())
        .collect();
    assert_eq!(
        routes,
        [
            vec![route(None, None), route(None, Some("/files/{proxy+}"))],
            vec![route(None, Some("/"))],
            vec![route(None, None)],
            vec![route(Some("DELETE"), Some("/orders/{id}"))],
        ]
    );
}

#[test]
fn an_event_needs_an_api_of_its_kind() {
    let text = hello(
        "Events: {Get: {Type: Api, Properties: {RestApiId: !Ref Web, Method: GET, Path: /}}}",
        "  Web: {Type: 'AWS::Serverless::HttpApi'}\n",
    );
    let messages = messages(&text);
    assert!(
        messages[0]
            .starts_with("`RestApiId` of event Get of Hello must be an `AWS::Serverless::Api`")
    );
}

#[test]
fn paths_are_checked() {
    for path in ["orders", "/a{b}", "/{}", "/{a}/{a}", "/{a+}/b", "/{{a}}"] {
        let properties = format!(
            "Events: {{Get: {{Type: HttpApi, Properties: {{Method: GET, Path: '{path}'}}}}}}"
        );
        let messages = messages(&hello(&properties, ""));
        assert!(messages[0].contains("must be a path of API Gateway's"), "{path}: {messages:?}");
    }
}

#[test]
fn what_an_api_does_not_do_is_named() {
    let app = app(&hello(
        "Events: {Get: {Type: HttpApi, Properties: {Method: GET, Path: /, Auth: {Authorizer: x}}}}",
        "  Web:
    Type: AWS::Serverless::HttpApi
    Properties: {CorsConfiguration: true, Tags: {a: b}}
Globals: {HttpApi: {Auth: {DefaultAuthorizer: x, Authorizers: {x: {IdentitySource: y}}}}}
",
    ));
    assert_eq!(
        notes(&app),
        [
            "Resources.Web.Auth.Authorizers.x: not checked: it has neither `JwtConfiguration` nor \
             `FunctionArn`; every request is let through",
            "ServerlessHttpApi.Auth.Authorizers.x: not checked: it has neither `JwtConfiguration` \
             nor `FunctionArn`; every request is let through",
        ]
    );
}
