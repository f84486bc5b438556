//! WebSocket APIs, and integrations that need no function: clients, functions and boto3 together.

use std::collections::HashSet;
use std::time::Duration;

use futures_util::{SinkExt, StreamExt};
use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::server::{Ports, Server, samovar};
use crate::tools::{BOTO3, PIP, block_on, sqs, succeed};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        needing(
            &[BOTO3, PIP],
            trial("web_sockets::functions_and_clients_find_connections", connections),
        ),
        needing(&[PIP], trial("web_sockets::the_end_of_samovar_ends_connections", ends)),
        trial("web_sockets::check_shows_routes", check),
        trial("integrations::queues_take_requests", queues),
    ]
}

const TEMPLATE: &str = r#"
Transform: AWS::Serverless-2016-10-31
Resources:
  Chat:
    Type: AWS::Serverless::WebSocketApi
    Properties:
      RouteSelectionExpression: $request.body.action
      StageName: dev
      Routes:
        $connect: {FunctionArn: !GetAtt Talk.Arn}
        $disconnect: {FunctionArn: !GetAtt Talk.Arn}
        $default: {FunctionArn: !GetAtt Talk.Arn}
  Talk:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: python3.12
      Handler: index.handler
      Timeout: 20
      Environment:
        Variables:
          MANAGEMENT: !Sub https://${Chat}.execute-api.${AWS::Region}.amazonaws.com/dev
      InlineCode: |
        import json, os
        import boto3

        def handler(event, context):
            about = event["requestContext"]
            print(about["eventType"], about["connectionId"], about.get("disconnectStatusCode"))
            if about["eventType"] == "CONNECT":
                refused = (event.get("queryStringParameters") or {}).get("refused")
                return {"statusCode": int(refused or 200)}
            if about["eventType"] == "MESSAGE":
                endpoints = [None, os.environ["MANAGEMENT"],
                             "http://" + about["domainName"] + "/" + about["stage"]]
                for endpoint in endpoints:
                    client = boto3.client("apigatewaymanagementapi", endpoint_url=endpoint)
                    client.post_to_connection(
                        ConnectionId=about["connectionId"], Data=event["body"].encode())
            return {"statusCode": 200}
Outputs:
  Url: {Value: !Sub "wss://${Chat}.execute-api.${AWS::Region}.amazonaws.com/dev"}
"#;

struct Stand {
    server: Server,
    _folder: TempDir,
}

impl Stand {
    fn new(template: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, template).unwrap();
        Self { server: Server::start(&path, Ports::free(), None, &[]), _folder: folder }
    }
}

type Client = WebSocketStream<TcpStream>;

async fn connect(server: &Server, path: &str) -> Result<Client, String> {
    let port = server.ports.http;
    let tcp = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let connected = client_async(format!("ws://127.0.0.1:{port}{path}"), tcp).await;
    connected.map(|(client, _)| client).map_err(|error| error.to_string())
}

async fn hear(client: &mut Client) -> Option<Message> {
    timeout(Duration::from_secs(60), client.next()).await.expect("in time")?.ok()
}

fn connections() {
    let stand = Stand::new(TEMPLATE);
    let server = &stand.server;
    let output = server.output();
    assert!(
        output.contains(&format!("ws://127.0.0.1:{}/dev  $connect", server.ports.http)),
        "{output}"
    );
    block_on(async {
        let refused = connect(server, "/dev?refused=401").await.err().unwrap();
        assert!(refused.contains("401"), "{refused}");
        let mut client = connect(server, "/dev").await.unwrap();
        client.send(Message::text("hello")).await.unwrap();
        // By AWS_ENDPOINT_URL, by the address in the environment, by the event's domain name.
        for _ in 0..3 {
            assert_eq!(hear(&mut client).await.unwrap(), Message::text("hello"));
        }
        let output = server.output();
        let line = output.lines().rfind(|line| line.contains("MESSAGE ")).unwrap();
        let id = line.split("MESSAGE ").nth(1).unwrap().split(' ').next().unwrap().to_owned();
        let endpoint = server.http("/dev");
        let script = async |arguments: Vec<String>| {
            let call = tokio::task::spawn_blocking(move || {
                let mut command = BOTO3.command();
                command.args(["-c", include_str!("web_sockets.py")]).args(arguments);
                succeed(&mut command)
            });
            let output = call.await.unwrap();
            serde_json::from_str::<Value>(&output).unwrap()
        };
        let told = script(vec![endpoint.clone(), id.clone(), "send".into()]).await;
        assert_eq!(told["large"], "PayloadTooLargeException", "{told}");
        assert_eq!(told["sourceIp"], "127.0.0.1", "{told}");
        assert_eq!(told["hasTimes"], true, "{told}");
        assert_eq!(hear(&mut client).await.unwrap(), Message::text("from boto3"));
        let told = script(vec![endpoint.clone(), id.clone(), "end".into()]).await;
        assert_eq!(told, json!({"ended": true}));
        let Some(Message::Close(Some(frame))) = hear(&mut client).await else { panic!("open") };
        assert_eq!(u16::from(frame.code), 1000);
        drop(client);
        let told = script(vec![server.api(""), id, "gone".into()]).await;
        assert_eq!(told, json!({"gone": vec!["GoneException"; 3]}));
        until(server, "DISCONNECT ", " 1000").await;
    });
}

/// Waits for a line of a function with both parts in it.
async fn until(server: &Server, first: &str, second: &str) {
    let is_it = |line: &str| line.contains(first) && line.contains(second);
    let found = async {
        while !server.output().lines().any(is_it) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let found = timeout(Duration::from_secs(60), found).await;
    found.unwrap_or_else(|_| panic!("no {first}{second}:\n{}", server.output()));
}

/// A thousand clients that are there when Samovar stops are told; when it is killed they see the
/// end of their connections.
fn ends() {
    const CLIENTS: usize = 1000;
    let template = TEMPLATE
        .replace("        $connect: {FunctionArn: !GetAtt Talk.Arn}\n", "")
        .replace("        $disconnect: {FunctionArn: !GetAtt Talk.Arn}\n", "");
    for signal in [Signal::TERM, Signal::KILL] {
        let stand = Stand::new(&template);
        let server = &stand.server;
        let heard = block_on(async {
            let mut clients = Vec::new();
            for _ in 0..CLIENTS {
                clients.push(connect(server, "/dev").await.unwrap());
            }
            server.signal(signal);
            let mut heard = HashSet::new();
            for client in &mut clients {
                heard.insert(match hear(client).await {
                    Some(Message::Close(Some(frame))) => u16::from(frame.code),
                    _ => 1006,
                });
            }
            heard
        });
        let expected = if signal == Signal::TERM { 1001 } else { 1006 };
        assert_eq!(heard, [expected].into());
        server.wait();
    }
}

fn check() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let check = |more: &[&str]| {
        let mut command = samovar();
        succeed(command.args(["check", "--template"]).arg(&path).args(more))
    };
    let text = check(&[]);
    for part in ["WebSocket API  Chat, stage dev, $request.body.action", "$connect", "→ Talk"] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let document: Value = serde_json::from_str(&check(&["--format", "json"])).unwrap();
    let api = &document["webSocketApis"][0];
    assert_eq!((&api["stage"], &api["routes"][0]["key"]), (&json!("dev"), &json!("$connect")));
    assert_eq!(api["routes"][0]["function"], "Talk");
}

const QUEUES: &str = r#"
Resources:
  Jobs: {Type: AWS::SQS::Queue, Properties: {QueueName: jobs}}
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: web, ProtocolType: HTTP}}
  Send:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      PayloadFormatVersion: "1.0"
      RequestParameters: {QueueUrl: !Ref Jobs, MessageBody: $request.body.job}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: POST /jobs, Target: !Sub "integrations/${Send}"}
  Old: {Type: AWS::ApiGateway::RestApi, Properties: {Name: old}}
  Stage: {Type: AWS::ApiGateway::Stage, Properties: {RestApiId: !Ref Old, StageName: prod}}
  Path:
    Type: AWS::ApiGateway::Resource
    Properties: {RestApiId: !Ref Old, ParentId: !GetAtt Old.RootResourceId, PathPart: send}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Old
      ResourceId: !Ref Path
      HttpMethod: POST
      Integration:
        Type: AWS
        IntegrationHttpMethod: POST
        Uri: !Sub "arn:aws:apigateway:${AWS::Region}:sqs:path/${AWS::AccountId}/${Jobs.QueueName}"
        RequestParameters:
          integration.request.header.Content-Type: "'application/x-www-form-urlencoded'"
        RequestTemplates:
          application/json: Action=SendMessage&MessageBody=$util.urlEncode($input.body)
        IntegrationResponses:
          - {StatusCode: 200}
          - {StatusCode: 400, SelectionPattern: "4\\d\\d"}
"#;

fn queues() {
    let stand = Stand::new(QUEUES);
    let post = |path: &str, body: &str| {
        let request =
            ureq::post(stand.server.http(path)).header("content-type", "application/json");
        let mut response = request.send(body).unwrap();
        assert_eq!(response.status(), 200);
        response.body_mut().read_to_string().unwrap()
    };
    let body = post("/jobs", r#"{"job": "first & <best>"}"#);
    assert!(body.contains("<SendMessageResponse") && body.contains("<MessageId>"), "{body}");
    let body: Value = serde_json::from_str(&post("/send", r#"{"second":true}"#)).unwrap();
    let result = &body["SendMessageResponse"]["SendMessageResult"];
    assert!(result["MessageId"].is_string(), "{body}");
    assert_eq!(result["MD5OfMessageAttributes"], Value::Null);
    let receive = sqs(&stand.server).receive_message().max_number_of_messages(10);
    let receive = receive.queue_url(stand.server.api("/000000000000/jobs"));
    let messages = block_on(receive.send()).unwrap().messages.unwrap_or_default();
    let bodies: HashSet<&str> = messages.iter().filter_map(|message| message.body()).collect();
    assert_eq!(bodies, ["first & <best>", r#"{"second":true}"#].into());
}
