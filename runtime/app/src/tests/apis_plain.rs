//! APIs in plain CloudFormation: API Gateway's own resource types.

use super::{app, messages, notes};
use crate::{ApiKind, App, Integration, PayloadFormat};

/// A template of the function `Hello` and these resources.
fn with(resources: &str) -> String {
    super::hello("FunctionName: hello", resources)
}

/// Routes as `GET /orders -> Hello`.
fn routes(app: &App) -> Vec<String> {
    let routes = app.apis.iter().flat_map(|api| &api.routes);
    let shown = routes.map(|route| {
        let method = route.route.method.as_deref().unwrap_or("ANY");
        let path = route.route.path.as_deref().unwrap_or("$default");
        let answer = match &route.integration {
            Integration::Function(id) => id.clone(),
            other => other.in_words().unwrap_or_default(),
        };
        format!("{method} {path} -> {answer}")
    });
    shown.collect()
}

const HTTP: &str = "  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: shop, ProtocolType: HTTP, CorsConfiguration: {AllowOrigins: ['*']}}
  Live:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Web, StageName: live, AutoDeploy: true, StageVariables: {a: b}}
  Later:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Web, StageName: later}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationUri: !GetAtt Hello.Arn
      PayloadFormatVersion: '1.0'
      TimeoutInMillis: 3000
  Send:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      PayloadFormatVersion: '1.0'
  One:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: 'GET /a/{id}', Target: !Sub 'integrations/${Call}'}
  Any:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Web
      RouteKey: ANY /b/{proxy+}
      AuthorizationType: JWT
      Target: !Join [/, [integrations, !Ref Call]]
  Rest:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: $default, Target: !Sub 'integrations/${Send}'}
  Mapping:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Web, DomainName: a.example.com, Stage: live, ApiMappingKey: v1/shop}
  Root:
    Type: AWS::ApiGatewayV2::ApiMapping
    Properties: {ApiId: !Ref Web, DomainName: b.example.com, Stage: live}
Outputs:
  Id: {Value: !Ref Web}
  Endpoint: {Value: !GetAtt Web.ApiEndpoint}
  Address: {Value: !Sub 'https://${Web}.execute-api.${AWS::Region}.amazonaws.com/live/a'}
";

#[test]
fn gateway_responses() {
    let app = app(&with(
        "  Web: {Type: 'AWS::ApiGateway::RestApi', Properties: {Name: a}}
  Live: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Web, StageName: dev}}
  Denied:
    Type: AWS::ApiGateway::GatewayResponse
    Properties:
      RestApiId: !Ref Web
      ResponseType: ACCESS_DENIED
      StatusCode: '404'
      ResponseParameters: {gatewayresponse.header.X-A: context.requestId}
",
    ));
    let denied = &app.apis[0].gateway_responses["ACCESS_DENIED"];
    assert_eq!((denied.status, denied.headers[0].0.as_str()), (Some(404), "X-A"));
}

#[test]
fn http_apis() {
    let app = app(&with(HTTP));
    assert_eq!(
        routes(&app),
        ["GET /a/{id} -> Hello", "ANY /b/{proxy+} -> Hello", "ANY $default -> SQS-SendMessage"]
    );
    let api = &app.apis[0];
    assert_eq!((api.kind, api.name.as_str(), api.stage.as_str()), (ApiKind::Http, "shop", "live"));
    assert_eq!(api.stage_variables["a"], "b");
    assert_eq!(api.base_paths, ["v1/shop"]);
    assert_eq!(api.cors.as_ref().unwrap().allow_origins, ["*"]);
    let one = &api.routes[0];
    assert_eq!(one.payload_format, Some(PayloadFormat::V1));
    assert_eq!(one.timeout.unwrap().as_millis(), 3000);
    let triggers: Vec<_> = app.functions[0].triggers.iter().map(|t| t.name()).collect();
    assert_eq!(triggers, ["GET /a/{id}", "ANY /b/{proxy+}"]);
    let outputs: Vec<_> = app.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs, [api.id.as_str(), "http://127.0.0.1:3000", "http://127.0.0.1:3000/a"]);
    assert_eq!(
        notes(&app),
        ["Resources.Any.AuthorizationType: not checked: its authorizer is not one of this \
             template's; every request is let through",]
    );
}

#[test]
fn http_apis_the_quick_way() {
    let app = app(&with(
        "  All: {Type: 'AWS::ApiGatewayV2::Api', Properties: {Name: a, ProtocolType: HTTP, Target: !GetAtt Hello.Arn}}
  One:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: b, ProtocolType: HTTP, RouteKey: POST /ring, Target: !GetAtt Hello.Arn}
",
    ));
    assert_eq!(routes(&app), ["ANY $default -> Hello", "POST /ring -> Hello"]);
}

#[test]
fn base_paths_of_definitions() {
    let api = |base: &str, document: &str| {
        let app = app(&with(&format!(
            "  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      {base}
      Body:
        openapi: 3.0.1
        {document}
        paths:
          /x:
            get:
              x-amazon-apigateway-integration: {{type: aws_proxy, uri: !GetAtt Hello.Arn}}
          $default:
            x-amazon-apigateway-any-method:
              x-amazon-apigateway-integration: {{type: aws_proxy, uri: !GetAtt Hello.Arn}}
"
        )));
        routes(&app)
    };
    let url = "servers: [{url: 'https://a.example.com/v1/shop/'}]";
    let variable =
        "servers: [{url: 'https://a/{basePath}', variables: {basePath: {default: /v2}}}]";
    for (base, document, path) in [
        ("Name: a", url, "/x"),
        ("BasePath: ignore", url, "/x"),
        ("BasePath: prepend", url, "/v1/shop/x"),
        ("BasePath: split", url, "/shop/x"),
        ("BasePath: prepend", variable, "/v2/x"),
        ("BasePath: split", variable, "/x"),
        ("BasePath: prepend", "tags: []", "/x"),
    ] {
        let expected = [format!("GET {path} -> Hello"), "ANY $default -> Hello".to_owned()];
        assert_eq!(api(base, document), expected, "{base}");
    }
}

const REST: &str = "  Web:
    Type: AWS::ApiGateway::RestApi
    Properties: {Name: shop, BinaryMediaTypes: [image~1png]}
  Orders:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Web, ParentId: !GetAtt Web.RootResourceId, PathPart: orders}
  Order:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Web, ParentId: !Ref Orders, PathPart: '{id}'}
  Root:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !GetAtt Web.RootResourceId
      HttpMethod: GET
      AuthorizationType: NONE
      Integration: {Type: MOCK}
  GetOrder:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !Ref Order
      HttpMethod: ANY
      AuthorizationType: AWS_IAM
      Integration:
        Type: AWS_PROXY
        IntegrationHttpMethod: POST
        TimeoutInMillis: 29000
        Uri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations'
  Deployment:
    Type: AWS::ApiGateway::Deployment
    DependsOn: GetOrder
    Properties: {RestApiId: !Ref Web, StageName: v1, StageDescription: {Variables: {a: b}}}
  Key: {Type: 'AWS::ApiGateway::ApiKey', Properties: {Name: shop-key}}
  Plan: {Type: 'AWS::ApiGateway::UsagePlan'}
  Base:
    Type: AWS::ApiGateway::BasePathMapping
    Properties: {DomainName: a.example.com, RestApiId: !Ref Web, BasePath: shop}
Outputs:
  Id: {Value: !Ref Web}
  Address: {Value: !Sub 'https://${Web}.execute-api.${AWS::Region}.amazonaws.com/v1/orders'}
";

#[test]
fn rest_apis() {
    let app = app(&with(REST));
    assert_eq!(routes(&app), ["GET / -> mock", "ANY /orders/{id} -> Hello"]);
    let api = &app.apis[0];
    assert_eq!((api.kind, api.name.as_str(), api.stage.as_str()), (ApiKind::Rest, "shop", "v1"));
    assert_eq!(api.stage_variables["a"], "b");
    assert_eq!(api.base_paths, ["shop"]);
    assert_eq!(api.binary_media_types, ["image/png"]);
    assert_eq!(api.routes[1].timeout.unwrap().as_secs(), 29);
    assert_eq!(app.functions[0].triggers[0].name(), "ANY /orders/{id}");
    let outputs: Vec<_> = app.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs, [api.id.as_str(), "http://127.0.0.1:3000/orders"]);
    assert!(notes(&app).is_empty(), "{:?}", notes(&app));
}

#[test]
fn rest_apis_with_a_body() {
    let app = app(&with(
        "  Web:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Parameters: {basepath: prepend}
      Body:
        swagger: 2.0
        basePath: /v1
        paths:
          /x: {get: {x-amazon-apigateway-integration: {type: aws_proxy, uri: !GetAtt Hello.Arn}}}
",
    ));
    assert_eq!(routes(&app), ["GET /v1/x -> Hello"]);
    assert_eq!(
        notes(&app),
        ["Resources.Web (AWS::ApiGateway::RestApi): it has no stage: on AWS nothing answers"]
    );
}

#[test]
fn events_only_permit_plain_apis_to_call() {
    let app = app(&super::hello(
        "Events:
  Same: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /x, Method: GET}}
  New: {Type: HttpApi, Properties: {ApiId: !Ref Web, Path: /y, Method: GET}}",
        "  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: a, ProtocolType: HTTP, RouteKey: GET /x, Target: !GetAtt Hello.Arn}
",
    ));
    assert_eq!(routes(&app), ["GET /x -> Hello"]);
    assert_eq!(
        notes(&app),
        [
            "Resources.Hello.Events.New (HttpApi): the definition of Web has no `GET /y`, and SAM adds none"
        ]
    );
}

#[test]
fn parts_of_other_stacks_are_named() {
    let app = app(&with(
        "  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: abc, RouteKey: GET /, Target: integrations/x}
  Method:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Web, ResourceId: abc, HttpMethod: GET, Integration: {Type: MOCK}}
  Web: {Type: 'AWS::ApiGateway::RestApi'}
  Stage: {Type: 'AWS::ApiGateway::Stage', Properties: {RestApiId: !Ref Web, StageName: a}}
",
    ));
    assert_eq!(
        notes(&app),
        [
            "Resources.Route (AWS::ApiGatewayV2::Route): the API `abc` is not one of those that are served here",
            "Resources.Method (AWS::ApiGateway::Method): its path starts at a resource that is not this template's: not served",
        ]
    );
}

#[test]
fn faults_of_plain_apis() {
    for (resource, message) in [
        (
            "{Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: !Ref Web, RouteKey: GET}}",
            "`RouteKey` of Part must be a route key, not `GET`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: !Ref Web, RouteKey: get /}}",
            "`RouteKey` of Part must be a route key, not `get /`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Route', Properties: {RouteKey: GET /}}",
            "Part has no `ApiId`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Route', Properties: {ApiId: !Ref Web, RouteKey: GET /, Target: x}}",
            "`Target` of Part must be an integration, not `x`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Integration', Properties: {ApiId: !Ref Web, IntegrationType: AWS_PROXI}}",
            "`IntegrationType` of Part must be one of AWS_PROXY, HTTP_PROXY, not `AWS_PROXI`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Stage', Properties: {ApiId: !Ref Web}}",
            "Part has no `StageName`",
        ),
        (
            "{Type: 'AWS::ApiGatewayV2::Rout'}",
            "unknown resource type `AWS::ApiGatewayV2::Rout` of Part",
        ),
        (
            "{Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: !Ref Old, ParentId: x, PathPart: a/b}}",
            "`PathPart` of Part must be one segment of a path, not `a/b`",
        ),
        (
            "{Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: !Ref Old, HttpMethod: GET}}",
            "Part has no `ResourceId`",
        ),
        (
            "{Type: 'AWS::ApiGateway::Method', Properties: {RestApiId: !Ref Old, HttpMethod: GET, \
             ResourceId: !GetAtt Old.RootResourceId, Integration: {Type: MOCK, Ur: a}}}",
            "unknown property `Ur` of Part",
        ),
        (
            "{Type: 'AWS::ApiGateway::RestApi', Properties: {Nam: a}}",
            "unknown property `Nam` of Part",
        ),
    ] {
        let text = with(&format!(
            "  Web: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{ProtocolType: HTTP}}}}
  Old: {{Type: 'AWS::ApiGateway::RestApi'}}
  Part: {resource}
"
        ));
        assert_eq!(messages(&text)[0], message, "{resource}");
    }
}

#[test]
fn resources_in_a_circle() {
    let text = with(
        "  Web: {Type: 'AWS::ApiGateway::RestApi'}
  A: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: !Ref Web, ParentId: !Ref B, PathPart: a}}
  B: {Type: 'AWS::ApiGateway::Resource', Properties: {RestApiId: !Ref Web, ParentId: !Ref A, PathPart: b}}
  Get:
    Type: AWS::ApiGateway::Method
    Properties: {RestApiId: !Ref Web, ResourceId: !Ref A, HttpMethod: GET, Integration: {Type: MOCK}}
",
    );
    assert_eq!(messages(&text), ["the path of Get is too long, or goes in a circle"]);
}

#[test]
fn routes_that_are_there_twice() {
    let text = with(&HTTP.replace("ANY /b/{proxy+}", "GET /a/{name}"));
    assert_eq!(messages(&text), ["`GET /a/{name}` of Web is there already"]);
}
