//! WebSocket APIs, in plain CloudFormation and SAM's own.

use super::{app, messages, notes};
use crate::{App, IdentitySource, Integration};

fn with(resources: &str) -> String {
    super::hello("FunctionName: hello", resources)
}

/// Routes as `Chat join -> Hello`, with `!` where they respond.
fn routes(app: &App) -> Vec<String> {
    let all = app.web_sockets.iter().flat_map(|api| api.routes.iter().map(move |r| (api, r)));
    let shown = all.map(|(api, route)| {
        let answer = match &route.integration {
            Integration::Function(id) => id.clone(),
            other => other.in_words().unwrap_or_default(),
        };
        let mark = if route.responds { "!" } else { "" };
        format!("{} {} -> {answer}{mark}", api.logical_id, route.key)
    });
    shown.collect()
}

const PLAIN: &str = "  Chat:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: chat
      ProtocolType: !Ref Kind
      RouteSelectionExpression: $request.body.kind
  Stage:
    Type: AWS::ApiGatewayV2::Stage
    Properties: {ApiId: !Ref Chat, StageName: dev, StageVariables: {color: blue}}
  Deployment: {Type: 'AWS::ApiGatewayV2::Deployment', Properties: {ApiId: !Ref Chat}}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Chat
      IntegrationType: AWS_PROXY
      IntegrationUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations'
      TimeoutInMillis: 5000
  Nothing:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Chat
      IntegrationType: MOCK
      RequestTemplates: {'200': '{\"statusCode\": 200}'}
  Server:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Chat, IntegrationType: HTTP_PROXY, IntegrationUri: 'https://example.com'}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Chat, RouteKey: $connect, Target: !Sub 'integrations/${Nothing}'}
  Join:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Chat
      RouteKey: join
      RouteResponseSelectionExpression: $default
      Target: !Join [/, [integrations, !Ref Call]]
  JoinResponse:
    Type: AWS::ApiGatewayV2::RouteResponse
    Properties: {ApiId: !Ref Chat, RouteId: !Ref Join, RouteResponseKey: $default}
  Other:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Chat, RouteKey: $default, Target: !Sub 'integrations/${Server}'}
Parameters: {Kind: {Type: String, Default: WEBSOCKET}}
Outputs:
  Endpoint: {Value: !GetAtt Chat.ApiEndpoint}
  Clients: {Value: !Sub 'wss://${Chat}.execute-api.${AWS::Region}.amazonaws.com/${Stage}'}
  Functions: {Value: !Sub 'https://${Chat}.execute-api.${AWS::Region}.amazonaws.com/${Stage}'}
";

#[test]
fn plain_resources() {
    let app = app(&with(PLAIN));
    assert!(app.apis.is_empty());
    assert_eq!(
        routes(&app),
        [
            "Chat $connect -> mock",
            "Chat join -> Hello!",
            "Chat $default -> HTTP_PROXY in a WebSocket API"
        ]
    );
    let chat = &app.web_sockets[0];
    assert_eq!((chat.stage.as_str(), chat.selection.as_str()), ("dev", "$request.body.kind"));
    assert_eq!(chat.stage_variables["color"], "blue");
    assert_eq!(chat.route("join").and_then(|route| route.timeout).map(|t| t.as_secs()), Some(5));
    assert_eq!(
        notes(&app),
        ["Resources.Server: HTTP_PROXY in a WebSocket API: not emulated, clients get an error"]
    );
    // Clients find it at its address on this machine, functions `@connections`.
    let outputs: Vec<&str> = app.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(
        outputs,
        ["ws://127.0.0.1:3000", "ws://127.0.0.1:3000/dev", "http://127.0.0.1:3000/dev"]
    );
}

#[test]
fn sams_own() {
    let app = app(&with(
        "  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: live
      Routes:
        $connect: {FunctionArn: !GetAtt Hello.Arn}
        move: {FunctionArn: !GetAtt Hello.Arn, IntegrationTimeout: 1000}
  More:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      Routes: {$default: {FunctionArn: !GetAtt Hello.Arn}}
Globals: {WebSocketApi: {RouteSelectionExpression: $request.body.do}}
Outputs: {Stage: {Value: !Ref Chat.Stage}, Endpoint: {Value: !GetAtt More.ApiEndpoint}}
",
    ));
    assert_eq!(
        routes(&app),
        ["Chat $connect -> Hello", "Chat move -> Hello", "More $default -> Hello"]
    );
    let [chat, more] = app.web_sockets.as_slice() else { panic!("two APIs") };
    assert_eq!((chat.stage.as_str(), more.stage.as_str()), ("live", "default"));
    assert_eq!(more.selection, "$request.body.do");
    assert!(notes(&app).is_empty());
    let outputs: Vec<&str> = app.outputs.iter().map(|output| output.value.as_str()).collect();
    assert_eq!(outputs, ["live", "ws://more.localhost:3000"]);
}

/// CloudFormation's resource reference, "AWS::ApiGatewayV2::Authorizer", and SAM's transform,
/// `_validate_auth`.
#[test]
fn authorizers() {
    let app = app(&with(
        "  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {$connect: {FunctionArn: !GetAtt Hello.Arn}}
      Auth:
        AuthType: CUSTOM
        AuthArn: !GetAtt Hello.Arn
        IdentitySource: [route.request.header.X-User, route.request.querystring.team]
  Plain:
    Type: AWS::ApiGatewayV2::Api
    Properties:
      Name: plain
      ProtocolType: WEBSOCKET
      RouteSelectionExpression: $request.body.action
  Staff:
    Type: AWS::ApiGatewayV2::Authorizer
    Properties:
      ApiId: !Ref Plain
      Name: staff
      AuthorizerType: REQUEST
      AuthorizerUri: !Sub 'arn:aws:apigateway:${AWS::Region}:lambda:path/2015-03-31/functions/${Hello.Arn}/invocations'
      IdentitySource: [route.request.header.X-User]
  Nothing:
    Type: AWS::ApiGatewayV2::Integration
    Properties: {ApiId: !Ref Plain, IntegrationType: MOCK}
  Connect:
    Type: AWS::ApiGatewayV2::Route
    Properties:
      ApiId: !Ref Plain
      RouteKey: $connect
      AuthorizationType: CUSTOM
      AuthorizerId: !Ref Staff
      Target: !Sub 'integrations/${Nothing}'
  Signed:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {$connect: {FunctionArn: !GetAtt Hello.Arn}}
      Auth: {AuthType: AWS_IAM}
",
    ));
    let asked = |name: &str| {
        let api = app.web_sockets.iter().find(|api| api.logical_id == name).expect("an API");
        api.authorizer
            .as_ref()
            .map(|asked| (asked.function.as_str(), asked.identity_sources.clone()))
    };
    let header = IdentitySource::Header("X-User".into());
    let query = IdentitySource::Query("team".into());
    assert_eq!(asked("Chat"), Some(("Hello", vec![header.clone(), query])));
    assert_eq!(asked("Plain"), Some(("Hello", vec![header])));
    assert_eq!(asked("Signed"), None);
    assert_eq!(notes(&app), ["Resources.Signed.Auth: not checked: every request is let through"]);
}

#[test]
fn faults_of_authorizers() {
    assert_eq!(
        messages(&with(
            "  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {$connect: {FunctionArn: !GetAtt Hello.Arn}}
      Auth: {AuthType: CUSTOM}
  More:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      Routes: {$default: {FunctionArn: !GetAtt Hello.Arn}}
      Auth: {AuthType: CUSTOM, AuthArn: !GetAtt Hello.Arn}
"
        )),
        ["`Auth` of Chat has no `AuthArn`", "More has `Auth`, and no route `$connect`",]
    );
}

#[test]
fn faults() {
    assert_eq!(
        messages(&with(
            "  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: action
      StageName: $default
      Routes: {a-b: {FunctionArn: x}, c: {}, d: {FunctionArn: x, IntegrationTimeout: 30000}}
  None: {Type: AWS::Serverless::WebSocketApi, Properties: {Routes: {}}}
"
        )),
        [
            "`RouteSelectionExpression` of Chat must be a route selection expression of `request.body`, not `action`",
            "`StageName` of Chat must be a stage of a WebSocket API, not `$default`",
            "`a-b` of Chat is not a route key of SAM's",
            "route c of Chat has no `FunctionArn`",
            "`IntegrationTimeout` of route d of Chat must be from 50 to 29000, not `30000`",
            "None has no `RouteSelectionExpression`",
            "None has no routes",
        ]
    );
    let twice = PLAIN.replace("RouteKey: $default,", "RouteKey: join,");
    assert_eq!(messages(&with(&twice)), ["`join` of Chat is there already"]);
}
