//! Bad templates and what is said about them, word for word: APIs.

use super::says;

#[test]
fn unknown_property_of_an_api() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      StageNam: live
      CorsConfiguration:
        AllowOrigin: ['*']
",
        "
template.yaml:6:7: error: unknown property `StageNam` of Web
    6 |       StageNam: live
      |       ^^^^^^^^
  at Resources.Web.Properties.StageNam
help: did you mean `StageName`?

template.yaml:8:9: error: unknown property `AllowOrigin` of Web
    8 |         AllowOrigin: ['*']
      |         ^^^^^^^^^^^
  at Resources.Web.Properties.CorsConfiguration.AllowOrigin
help: did you mean `AllowOrigins`?
",
    );
}

#[test]
fn authorizer_that_is_not_there() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      Auth:
        Authorizers:
          Clerks: {IdentitySource: $request.header.Authorization}
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Get:
          Type: HttpApi
          Properties:
            ApiId: !Ref Web
            Method: GET
            Path: /
            Auth: {Authorizer: Clerk}
",
        "
template.yaml:22:32: error: Web has no authorizer `Clerk`
   22 |             Auth: {Authorizer: Clerk}
      |                                ^^^^^
  at Resources.Hello.Properties.Events.Get.Properties.Auth.Authorizer
help: did you mean `Clerks`?
",
    );
}

#[test]
fn api_of_another_stack() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Hello:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Get: {Type: Api, Properties: {RestApiId: abcdefghij, Method: GET, Path: /}}
",
        "
template.yaml:10:50: error: `RestApiId` of event Get of Hello must be an `AWS::Serverless::Api` of this template, not `abcdefghij`
   10 |         Get: {Type: Api, Properties: {RestApiId: abcdefghij, Method: GET, Path: /}}
      |                                                  ^^^^^^^^^^
  at Resources.Hello.Properties.Events.Get.Properties.RestApiId
help: SAM takes `!Ref API` with an API of the same template only
",
    );
}

#[test]
fn definition_of_the_wrong_kind() {
    says(
        "Transform: AWS::Serverless-2016-10-31
Resources:
  Web:
    Type: AWS::Serverless::HttpApi
    Properties:
      DefinitionBody:
        swagger: '2.0'
        paths:
          /orders/{id:
            get:
              x-amazon-apigateway-integration: {type: aws_proxy}
",
        "
template.yaml:7:18: error: the API definition of Web must be OpenAPI 3, not Swagger 2
    7 |         swagger: '2.0'
      |                  ^^^^^
  at Resources.Web.Properties.DefinitionBody.swagger
help: HTTP APIs take `openapi: 3.0.1` only: convert the document

template.yaml:9:11: error: `/orders/{id` of Web is not a path of API Gateway's
    9 |           /orders/{id:
      |           ^^^^^^^^^^^
  at Resources.Web.Properties.DefinitionBody.paths./orders/{id
help: a parameter takes a whole segment: `/orders/{id}`
",
    );
}

#[test]
fn plain_route_without_its_integration() {
    says(
        "Resources:
  Web:
    Type: AWS::ApiGatewayV2::Api
    Properties: {Name: web, ProtocolType: HTTP}
  Get:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Web
      RouteKey: GET orders
      Target: !Ref Web
",
        "
template.yaml:9:17: error: `RouteKey` of Get must be a route key, not `GET orders`
    9 |       RouteKey: GET orders
      |                 ^^^^^^^^^^
  at Resources.Get.Properties.RouteKey
help: start it with `/`
",
    );
}

#[test]
fn unknown_type_of_api_gateway() {
    says(
        "Resources:
  Web:
    Type: AWS::ApiGateway::RestAPIs
",
        "
template.yaml:3:11: error: unknown resource type `AWS::ApiGateway::RestAPIs` of Web
    3 |     Type: AWS::ApiGateway::RestAPIs
      |           ^^^^^^^^^^^^^^^^^^^^^^^^^
  at Resources.Web.Type
help: did you mean `AWS::ApiGateway::RestApi`?
",
    );
}
