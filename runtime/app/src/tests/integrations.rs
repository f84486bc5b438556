//! Integrations that call no function.

use super::{app, messages, notes};
use crate::{ChangeKind, Integration, MappingPart, ParameterTarget, Passthrough, ServiceAction};

/// An HTTP API with one integration.
fn http(integration: &str) -> String {
    let resources = format!(
        "  Web: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{Name: a, ProtocolType: HTTP}}}}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
{integration}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Web, RouteKey: POST /a, Target: !Sub 'integrations/${{Call}}'}}
  Jobs: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: jobs}}}}
"
    );
    super::hello("FunctionName: hello", &resources)
}

/// A REST API with one method.
fn rest(integration: &str) -> String {
    let resources = format!(
        "  Web: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: a}}}}
  Stage: {{Type: 'AWS::ApiGateway::Stage', Properties: {{RestApiId: !Ref Web, StageName: dev}}}}
  Jobs: {{Type: 'AWS::SQS::Queue', Properties: {{QueueName: jobs}}}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !GetAtt Web.RootResourceId
      HttpMethod: POST
      Integration:
{integration}
"
    );
    super::hello("FunctionName: hello", &resources)
}

#[track_caller]
fn one(text: &str) -> Integration {
    let app = app(text);
    assert_eq!(notes(&app), Vec::<String>::new());
    app.apis[0].routes[0].integration.clone()
}

#[test]
fn services_of_http_apis() {
    let integration = one(&http(
        "      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      PayloadFormatVersion: '1.0'
      RequestParameters: {QueueUrl: !Ref Jobs, MessageBody: $request.body.job}
      ResponseParameters:
        '200': {ResponseParameters: [{Destination: 'overwrite:statuscode', Source: '202'}]}",
    ));
    let Integration::Service(service) = integration else { panic!("{integration:?}") };
    assert_eq!(service.action, ServiceAction::SendMessage);
    let (name, value) = &service.parameters[1];
    assert_eq!(
        (name.as_str(), &value.0[0]),
        ("MessageBody", &MappingPart::Body(Some("job".into())))
    );
    let (status, changes) = &service.response_changes[0];
    assert_eq!((*status, &changes[0].target), (200, &ParameterTarget::StatusCode));

    let app =
        app(&http("      IntegrationType: AWS_PROXY\n      IntegrationSubtype: Kinesis-PutRecord"));
    assert_eq!(
        notes(&app),
        ["Resources.Call: Kinesis-PutRecord: not emulated, the route answers 500"]
    );
}

#[test]
fn other_servers() {
    let integration = one(&http(
        "      IntegrationType: HTTP_PROXY
      IntegrationMethod: ANY
      IntegrationUri: https://example.com/{id}
      RequestParameters: {'append:header.x': $context.requestId, 'remove:querystring.q': ''}",
    ));
    let Integration::Http(server) = integration else { panic!("{integration:?}") };
    assert_eq!((server.method, server.uri.as_str()), (None, "https://example.com/{id}"));
    assert_eq!(server.changes[0].kind, ChangeKind::Append);
    assert_eq!(server.changes[1].target, ParameterTarget::Query("q".into()));
}

#[test]
fn mocks_and_services_of_rest_apis() {
    let integration = one(&rest(
        "        Type: MOCK
        PassthroughBehavior: NEVER
        RequestTemplates: {application/json: '{\"statusCode\": 301}'}
        IntegrationResponses:
          - {StatusCode: 200}
          - StatusCode: 301
            SelectionPattern: '301'
            ResponseParameters: {method.response.header.Location: \"'https://example.com'\"}",
    ));
    let Integration::Mock(exchange) = integration else { panic!("{integration:?}") };
    assert_eq!(exchange.passthrough, Passthrough::Never);
    assert_eq!(exchange.responses[1].pattern.as_deref(), Some("301"));
    assert_eq!(exchange.responses[1].headers[0].0, "Location");

    let integration = one(&rest(
        "        Type: AWS
        IntegrationHttpMethod: POST
        Uri: !Sub 'arn:aws:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/${Jobs.QueueName}'
        RequestParameters:
          integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\"
        RequestTemplates: {application/json: Action=SendMessage&MessageBody=$input.body}
        IntegrationResponses: [{StatusCode: 200}]",
    ));
    let Integration::Aws(aws) = integration else { panic!("{integration:?}") };
    assert_eq!((aws.service.as_str(), aws.path.as_str()), ("sqs", "/000000000000/jobs"));
}

#[test]
fn templates_beyond_ours_are_named_with_their_line() {
    let app = app(&rest(
        "        Type: MOCK
        RequestTemplates:
          application/json: |
            {
            #macro(x) #end
            \"statusCode\": 200}",
    ));
    assert_eq!(
        notes(&app),
        [
            "Resources.Method POST /: MOCK with such a template: not emulated, the route answers 500",
            "Resources.Method POST /: #macro in line 2 of a mapping template: not emulated",
        ]
    );
}

#[test]
fn faults() {
    assert_eq!(
        messages(&http(
            "      IntegrationType: HTTP_PROXY
      IntegrationUri: https://example.com
      RequestParameters: {header.x: a, 'overwrite:header.y': $request.nothing}
      ResponseParameters: {abc: {}}"
        )),
        [
            "`header.x` of Call must be a change of a parameter, not `header.x`",
            "`overwrite:header.y` of Call must be a mapping expression, not `$request.nothing`",
            "`ResponseParameters` of Call must be changes by status, from 200 to 599, not `abc`",
        ]
    );
    assert_eq!(
        messages(&rest(
            "        Type: MOCK
        RequestParameters: {x: \"'a'\", integration.request.header.y: a}
        IntegrationResponses: [{StatusCode: 99}]"
        )),
        [
            "`RequestParameters` of Method must be parameters of the integration, not `x`",
            "`integration.request.header.y` of Method must be a mapping expression, not `a`",
            "`StatusCode` of Method must be from 200 to 599, not `99`",
        ]
    );
}
