//! Integrations of APIs that call no function: other servers by HTTPS, and queues.

use std::path::Path;

use bytes::Bytes;
use http::{Request, Response};
use libtest_mimic::Trial;
use samovar_http::{Authority, RequestBody, Reserved, full, read_body, serve};
use serde_json::json;
use tempfile::TempDir;
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::server::{Ports, Server};
use crate::tools::{Answer, block_on, eventually, get, request};
use crate::trial;

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("integrations::other_servers_answer_by_https", https),
        trial("integrations::an_http_api_sends_receives_deletes_and_purges", queues),
    ]
}

fn start(template: &str, folder: &TempDir, variables: &[(&str, &Path)]) -> Server {
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, template).unwrap();
    Server::start_with(&path, Ports::free(), None, &[], variables)
}

/// An HTTPS server, as long as the guard is there.
fn encrypted(authority: &Authority) -> (u16, DropGuard) {
    let reserved = Reserved::new(0).unwrap();
    let port = reserved.port();
    let tls = authority.issue(["localhost".to_owned()]).unwrap();
    let shutdown = CancellationToken::new();
    let service = async |request: Request<RequestBody>, _| {
        let (parts, body) = request.into_parts();
        let body: Bytes = read_body(body, 1 << 20).await.unwrap();
        let body = String::from_utf8_lossy(&body);
        let told = json!({"uri": parts.uri.path(), "host": parts.headers["host"].to_str().unwrap(),
                          "body": body});
        Response::new(full(told.to_string()))
    };
    let stop = shutdown.clone();
    block_on(async move {
        let listeners = reserved.listen().unwrap().with_tls(Some(tls));
        let service = move |request, peer| Box::pin(service(request, peer));
        tokio::spawn(serve(listeners, service, stop, std::time::Duration::ZERO));
    });
    (port, shutdown.drop_guard())
}

/// `/http` by an HTTP API, `/rest` and, as it streams, `/stream` by a REST API.
const PROXIES: &str = r"
Resources:
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: web, ProtocolType: HTTP}}
  Secure:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: HTTP_PROXY
      IntegrationMethod: ANY
      IntegrationUri: https://localhost:PORT/deep/{proxy}
      PayloadFormatVersion: '1.0'
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: 'ANY /http/{proxy+}', Target: !Sub 'integrations/${Secure}'}
  Rest:
    Type: AWS::ApiGateway::RestApi
    Properties:
      Body:
        openapi: 3.0.1
        info: {title: rest, version: '1'}
        paths:
          /rest:
            post:
              x-amazon-apigateway-integration:
                type: http_proxy
                httpMethod: POST
                uri: https://localhost:PORT/deep/rest
          /stream:
            post:
              x-amazon-apigateway-integration:
                type: http_proxy
                httpMethod: POST
                uri: https://localhost:PORT/deep/stream
                responseTransferMode: STREAM
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {RestApiId: !Ref Rest, StageName: dev}
";

fn https() {
    let folder = tempfile::tempdir().unwrap();
    let authority = Authority::open(&folder.path().join("authority")).unwrap();
    let (port, _server) = encrypted(&authority);
    let template = PROXIES.replace("PORT", &port.to_string());
    let ask = |server: &Server, host: &str, path: &str| {
        let host = format!("{host}.localhost");
        request("POST", &server.http(path), &[("host", &host)], b"tea")
    };
    let asked = [("web", "/http/pot"), ("rest", "/rest"), ("rest", "/stream")];

    // Nobody vouches for the server, and the answer says who could.
    let server = start(&template, &folder, &[]);
    for (host, path) in asked {
        let answer = ask(&server, host, path);
        assert!(answer.status >= 500, "{answer:?}");
        let reason = answer.header("x-samovar-reason");
        assert!(reason.contains("UnknownIssuer") && reason.contains("SSL_CERT_FILE"), "{reason}");
    }
    drop(server);

    let server = start(&template, &folder, &[("SSL_CERT_FILE", authority.path())]);
    for (host, path) in asked {
        let answer = ask(&server, host, path);
        assert_eq!(answer.status, 200, "{answer:?}");
        let uri = format!("/deep{}", path.trim_start_matches("/http"));
        let expected = json!({"uri": uri, "host": format!("localhost:{port}"), "body": "tea"});
        assert_eq!(answer.json(), expected);
    }
}

/// API Gateway guide, "Integration subtype reference".
const QUEUE: &str = r"
Resources:
  Orders: {Type: AWS::SQS::Queue}
  Web: {Type: AWS::ApiGatewayV2::Api, Properties: {Name: web, ProtocolType: HTTP}}
  Send:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      PayloadFormatVersion: '1.0'
      RequestParameters: {QueueUrl: !Ref Orders, MessageBody: $request.body}
  Receive:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-ReceiveMessage
      PayloadFormatVersion: '1.0'
      RequestParameters:
        QueueUrl: !Ref Orders
        AttributeNames: All
        MaxNumberOfMessages: $request.querystring.most
        VisibilityTimeout: '600'
        WaitTimeSeconds: '1'
  Delete:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-DeleteMessage
      PayloadFormatVersion: '1.0'
      RequestParameters: {QueueUrl: !Ref Orders, ReceiptHandle: $request.body.receipt}
  Purge:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-PurgeQueue
      PayloadFormatVersion: '1.0'
      RequestParameters: {QueueUrl: !Ref Orders}
  SendRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: POST /orders, Target: !Sub 'integrations/${Send}'}
  ReceiveRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: GET /orders, Target: !Sub 'integrations/${Receive}'}
  DeleteRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: DELETE /orders, Target: !Sub 'integrations/${Delete}'}
  PurgeRoute:
    Type: AWS::ApiGatewayV2::Route
    Properties: {ApiId: !Ref Web, RouteKey: POST /purge, Target: !Sub 'integrations/${Purge}'}
";

const JSON: [(&str, &str); 1] = [("content-type", "application/json")];

fn queues() {
    let folder = tempfile::tempdir().unwrap();
    let server = start(QUEUE, &folder, &[]);
    let succeed = |answer: Answer| {
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.text()
    };
    let send = |body: &str| {
        let told = succeed(request("POST", &server.http("/orders"), &JSON, body.as_bytes()));
        assert!(told.contains("<SendMessageResponse"), "{told}");
    };
    let receive = |most: u32| succeed(get(&server.http(&format!("/orders?most={most}"))));
    send(r#"{"pots": 1}"#);
    send(r#"{"pots": 2}"#);
    let told = receive(1);
    assert_eq!(told.matches("<Message>").count(), 1, "{told}");
    assert!(told.contains("<Name>ApproximateReceiveCount</Name>"), "{told}");
    let receipt = between(&told, "<ReceiptHandle>", "</ReceiptHandle>");
    let body = json!({"receipt": receipt}).to_string();
    let told = succeed(request("DELETE", &server.http("/orders"), &JSON, body.as_bytes()));
    assert!(told.contains("<DeleteMessageResponse"), "{told}");
    // One is gone, the other there.
    assert_eq!(counts(&server), (1, 0));
    let told = succeed(request("POST", &server.http("/purge"), &[], b""));
    assert!(told.contains("<PurgeQueueResponse"), "{told}");
    eventually("the queue is empty", || counts(&server) == (0, 0));

    // What the queue refuses is the client's to know.
    let bad = json!({"receipt": "none"}).to_string();
    let answer = request("DELETE", &server.http("/orders"), &JSON, bad.as_bytes());
    assert_eq!(answer.status, 400, "{answer:?}");
    assert!(answer.text().contains("ReceiptHandleIsInvalid"), "{}", answer.text());
}

/// How many messages wait, and how many are received and not deleted.
fn counts(server: &Server) -> (u64, u64) {
    let url = server.api("/000000000000/Orders");
    let call = crate::tools::sqs(server).get_queue_attributes().queue_url(url);
    let call = call.attribute_names(aws_sdk_sqs::types::QueueAttributeName::All);
    let attributes = block_on(call.send()).unwrap().attributes.unwrap();
    let count = |name: &str| -> u64 {
        let of = |(known, value): (&aws_sdk_sqs::types::QueueAttributeName, &String)| {
            (known.as_str() == name).then(|| value.parse().unwrap())
        };
        attributes.iter().find_map(of).unwrap()
    };
    (count("ApproximateNumberOfMessages"), count("ApproximateNumberOfMessagesNotVisible"))
}

fn between<'t>(text: &'t str, start: &str, end: &str) -> &'t str {
    let rest = text.split_once(start).unwrap_or_else(|| panic!("no {start} in {text}")).1;
    rest.split_once(end).unwrap().0
}
