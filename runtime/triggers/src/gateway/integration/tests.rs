//! Integrations of templates, through the gateway.

use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use samovar_app::{Memory, Options, load_from};
use samovar_dispatch::Account;
use samovar_http::{Reserved, full, serve};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::gateway::Gateway;
use crate::testing::{Fixed, dispatcher};

/// A gateway for the APIs of a template.
fn gateway(template: &str) -> Gateway {
    let mut files = Memory::default();
    files.insert("/app/template.yaml", template);
    let app = load_from(&files, Path::new("/app/template.yaml"), &Options::default());
    let app = app.unwrap_or_else(|faults| panic!("{faults}"));
    assert!(app.not_emulated.is_empty(), "{:?}", app.not_emulated);
    Gateway::new(&app.apis, &app.functions, Account::default(), dispatcher(), Arc::new(Fixed))
}

struct Answer {
    status: u16,
    headers: http::HeaderMap,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().expect("text"))
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("{}", self.body))
    }
}

async fn ask(gateway: &Gateway, request: http::request::Builder, body: &str) -> Answer {
    let body = Full::new(Bytes::copy_from_slice(body.as_bytes()));
    let request = request.body(body).expect("a request");
    let peer = "203.0.113.7:4711".parse().expect("an address");
    let (parts, body) = gateway.handle(request, peer).await.into_parts();
    let body = body.collect().await.expect("a body").to_bytes();
    let body = String::from_utf8(body.to_vec()).expect("text");
    Answer { status: parts.status.as_u16(), headers: parts.headers, body }
}

/// A REST API whose method `POST /{id}` has this integration.
fn rest(integration: &str) -> Gateway {
    gateway(&format!(
        "Resources:
  Web: {{Type: 'AWS::ApiGateway::RestApi', Properties: {{Name: a}}}}
  Stage:
    Type: AWS::ApiGateway::Stage
    Properties: {{RestApiId: !Ref Web, StageName: dev}}
  Id:
    Type: AWS::ApiGateway::Resource
    Properties: {{RestApiId: !Ref Web, ParentId: !GetAtt Web.RootResourceId, PathPart: '{{id}}'}}
  Method:
    Type: AWS::ApiGateway::Method
    Properties:
      RestApiId: !Ref Web
      ResourceId: !Ref Id
      HttpMethod: ANY
      Integration:
{integration}
"
    ))
}

/// An HTTP API whose route `ANY /a/{proxy+}` has this integration.
fn http(integration: &str) -> Gateway {
    gateway(&format!(
        "Resources:
  Web: {{Type: 'AWS::ApiGatewayV2::Api', Properties: {{Name: a, ProtocolType: HTTP}}}}
  Call:
    Type: AWS::ApiGatewayV2::Integration
    Properties:
      ApiId: !Ref Web
{integration}
  Route:
    Type: AWS::ApiGatewayV2::Route
    Properties: {{ApiId: !Ref Web, RouteKey: 'ANY /a/{{proxy+}}', Target: !Sub 'integrations/${{Call}}'}}
"
    ))
}

fn post(path: &str) -> http::request::Builder {
    Request::post(format!("http://127.0.0.1:3000{path}"))
}

/// What a mock makes of a request by its response template.
async fn rendered(template: &str, body: &str) -> String {
    let indented = template.replace('\n', "\n              ");
    let gateway = rest(&format!(
        "        Type: MOCK
        RequestTemplates: {{application/json: '{{\"statusCode\": 200}}'}}
        IntegrationResponses:
          - StatusCode: 200
            ResponseTemplates:
              application/json: |-
                {}",
        indented.replace("\n              ", "\n                ")
    ));
    let request = post("/a%20b?q=1&q=2").header("X-Own", "h").header("User-Agent", "test");
    let answer = ask(&gateway, request, body).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    answer.body
}

/// API Gateway developer guide, "Mapping template reference for REST APIs".
#[tokio::test]
async fn templates_have_what_the_guide_has() {
    for (template, expected) in [
        (
            "$input.params('id') $input.params('q') $input.params(\"X-Own\") $input.params('no')|",
            "a b 1,2 h |",
        ),
        ("$input.params().path.id,$input.params().header.get('x-own')", "a b,h"),
        ("$context.identity.sourceIp $context.stage $context.httpMethod", "203.0.113.7 dev POST"),
        ("$context.resourcePath $context.path $!context.nothing|", "/{id} /dev/a%20b |"),
        ("$util.urlEncode('a b')&$util.escapeJavaScript(\"it's\")", "a+b&it\\'s"),
        ("#set($x = 'y')$x ${x}z $!none $none \\$x", "y yz  $none $x"),
        ("#set($n = 2)\n#if($n == 2 && !$none)two#{else}other#end", "two"),
        ("#if(false)a#elseif(\"$context.stage\" == 'dev')b#{else}c#end", "b"),
        (
            "#set($all = $util.parseJson('[1,{\"a\":\"b\"}]'))#foreach($one in $all)$one#if($foreach.hasNext),#end#end $all.size() $all[1].a",
            "1,{\"a\":\"b\"} 2 b",
        ),
        ("## gone\nkept#* gone *#", "kept"),
    ] {
        assert_eq!(rendered(template, "{}").await, expected, "{template}");
    }
}

#[tokio::test]
async fn a_template_that_does_not_end_is_stopped() {
    let list = format!("'[{}1]'", "1,".repeat(2000));
    let template =
        format!("#set($l = $util.parseJson({list}))#foreach($a in $l)#foreach($b in $l)x#end#end");
    let gateway = rest(&format!(
        "        Type: MOCK
        RequestTemplates: {{application/json: \"{}\"}}
        IntegrationResponses: [{{StatusCode: 200}}]",
        template.replace('"', "\\\"")
    ));
    let answer = ask(&gateway, post("/a"), "{}").await;
    assert_eq!(answer.status, 500);
    assert_eq!(answer.header("x-samovar-reason"), "a mapping template does not end");
}

/// A redirect, as templates make them.
#[tokio::test]
async fn mocks_answer_by_their_status() {
    let gateway = rest(
        "        Type: MOCK
        PassthroughBehavior: NEVER
        RequestTemplates:
          application/json: '{\"statusCode\": #if($input.params(\"to\") == \"\")200#{else}302#end}'
        IntegrationResponses:
          - {StatusCode: 200, ResponseTemplates: {application/json: '{\"ok\": true}'}}
          - StatusCode: 302
            SelectionPattern: 3\\d\\d
            ResponseParameters: {method.response.header.Location: \"method.request.querystring.to\"}",
    );
    let answer = ask(&gateway, post("/a"), "").await;
    assert_eq!((answer.status, answer.json()), (200, json!({"ok": true})));
    assert_eq!(answer.header("content-type"), "application/json");
    let answer = ask(&gateway, post("/a?to=https://example.com/x"), "").await;
    assert_eq!((answer.status, answer.header("location")), (302, "https://example.com/x"));
    let answer = ask(&gateway, post("/a").header("Content-Type", "text/plain"), "x").await;
    assert_eq!((answer.status, answer.json()), (415, json!({"message": "Unsupported Media Type"})));

    let gateway = rest("        Type: MOCK\n        IntegrationResponses: [{StatusCode: 200}]");
    let answer = ask(&gateway, post("/a"), "").await;
    assert_eq!((answer.status, answer.json()), (500, json!({"message": "Internal server error"})));
}

/// Calls of services: path with query, type, target and body.
type Calls = Arc<Mutex<Vec<(String, String, String, String)>>>;

fn with_services(gateway: &Gateway, status: u16, answer: &'static str) -> Calls {
    let calls = Calls::default();
    let seen = calls.clone();
    gateway.set_services(Arc::new(move |request: Request<Full<Bytes>>| {
        let seen = seen.clone();
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let body = body.collect().await.expect("a body").to_bytes();
            let header = |name: &str| {
                let value = parts.headers.get(name).map(|value| value.to_str().expect("text"));
                value.unwrap_or_default().to_owned()
            };
            seen.lock().expect("calls").push((
                parts.uri.to_string(),
                header("content-type"),
                header("x-amz-target"),
                String::from_utf8(body.to_vec()).expect("text"),
            ));
            let mut response = Response::new(full(answer));
            *response.status_mut() = StatusCode::from_u16(status).expect("a status");
            response
        })
    }));
    calls
}

const SENT: &str = "<?xml version=\"1.0\"?><SendMessageResponse xmlns=\"x\"><SendMessageResult>\
    <MessageId>1</MessageId><MD5OfMessageBody>2</MD5OfMessageBody></SendMessageResult>\
    <ResponseMetadata><RequestId>3</RequestId></ResponseMetadata></SendMessageResponse>";

/// The template that AWS's own guide has for REST APIs in front of SQS.
#[tokio::test]
async fn rest_apis_send_messages() {
    let integration = |responses: &str| {
        format!(
            "        Type: AWS
        IntegrationHttpMethod: POST
        Uri: arn:aws:apigateway:us-east-1:sqs:path/000000000000/jobs
        RequestParameters:
          integration.request.header.Content-Type: \"'application/x-www-form-urlencoded'\"
        RequestTemplates:
          application/json: Action=SendMessage&MessageBody=$util.urlEncode($input.body)&A=$input.json('$.a')
        IntegrationResponses: {responses}"
        )
    };
    let gateway = rest(&integration("[{StatusCode: 200}]"));
    let calls = with_services(&gateway, 200, SENT);
    let answer = ask(&gateway, post("/x"), r#"{"a":"b c"}"#).await;
    assert_eq!(
        (answer.status, answer.json()),
        (
            200,
            json!({"SendMessageResponse": {
                "SendMessageResult": {
                    "MessageId": "1", "MD5OfMessageBody": "2", "MD5OfMessageAttributes": null,
                    "MD5OfMessageSystemAttributes": null, "SequenceNumber": null,
                },
                "ResponseMetadata": {"RequestId": "3"},
            }})
        )
    );
    let call = calls.lock().expect("calls")[0].clone();
    assert_eq!(call.0, "/000000000000/jobs");
    assert_eq!(call.1, "application/x-www-form-urlencoded");
    assert_eq!(call.3, "Action=SendMessage&MessageBody=%7B%22a%22%3A%22b+c%22%7D&A=\"b c\"");

    let by_status = "[{StatusCode: 200}, {StatusCode: 400, SelectionPattern: '4\\d{2}', \
        ResponseTemplates: {application/json: '{\"error\": $input.json(\"$.ErrorResponse.Error.Code\")}'}}]";
    let gateway = rest(&integration(by_status));
    with_services(
        &gateway,
        404,
        "<ErrorResponse><Error><Code>NoSuchQueue</Code></Error></ErrorResponse>",
    );
    let answer = ask(&gateway, post("/x"), "{}").await;
    assert_eq!((answer.status, answer.json()), (400, json!({"error": "NoSuchQueue"})));
}

/// API Gateway developer guide, "Integration subtype reference".
#[tokio::test]
async fn http_apis_call_services() {
    let gateway = http(
        "      IntegrationType: AWS_PROXY
      IntegrationSubtype: SQS-SendMessage
      RequestParameters:
        QueueUrl: http://127.0.0.1:9000/000000000000/jobs
        MessageBody: $request.body.job
        DelaySeconds: $request.querystring.delay
        MessageGroupId: ${context.httpMethod}-${request.header.x-group}
        MessageAttributes: '{\"Kind\": {\"DataType\": \"String\", \"StringValue\": \"a&b\"}}'
      ResponseParameters:
        '200':
          ResponseParameters:
            - {Destination: 'overwrite:statuscode', Source: '202'}
            - {Destination: 'append:header.x-path', Source: $request.path}",
    );
    let calls = with_services(&gateway, 200, SENT);
    let request = post("/a/b").header("X-Group", "g");
    let answer = ask(&gateway, request, r#"{"job":{"n":1}}"#).await;
    assert_eq!((answer.status, answer.header("x-path")), (202, "/a/b"));
    assert!(answer.body.contains("<MessageId>1</MessageId>"));
    let (path, _, _, body) = calls.lock().expect("calls")[0].clone();
    assert_eq!(path, "/000000000000/jobs");
    for field in [
        "Action=SendMessage&",
        "&MessageBody=%7B%22n%22%3A1%7D",
        "&MessageGroupId=POST-g",
        "&MessageAttribute.1.Name=Kind",
        "&MessageAttribute.1.Value.StringValue=a%26b",
    ] {
        assert!(body.contains(field), "{field}: {body}");
    }
    assert!(!body.contains("DelaySeconds"), "what is not there is not sent: {body}");

    let gateway = http(
        "      IntegrationType: AWS_PROXY
      IntegrationSubtype: EventBridge-PutEvents
      RequestParameters: {Source: web, DetailType: $request.path.proxy, Detail: $request.body}",
    );
    let calls = with_services(&gateway, 200, r#"{"FailedEntryCount":0}"#);
    assert_eq!(ask(&gateway, post("/a/made"), r#"{"a":1}"#).await.status, 200);
    let (_, _, target, body) = calls.lock().expect("calls")[0].clone();
    let body: Value = serde_json::from_str(&body).expect("JSON");
    assert_eq!(target, "AWSEvents.PutEvents");
    assert_eq!(
        body,
        json!({"Entries": [{"Source": "web", "DetailType": "made", "Detail": "{\"a\":1}"}]})
    );
}

/// A server that tells what it was asked, as JSON.
async fn server() -> (u16, CancellationToken) {
    let reserved = Reserved::new(0).expect("a port");
    let (port, shutdown) = (reserved.port(), CancellationToken::new());
    let service = |request: Request<samovar_http::RequestBody>, _| async move {
        let (parts, body) = request.into_parts();
        if parts.uri.path() == "/slow" {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        let body = body.collect().await.expect("a body").to_bytes();
        let headers = parts.headers.iter();
        let headers = headers
            .map(|(name, value)| (name.as_str().to_owned(), json!(value.to_str().expect("text"))));
        let told = json!({
            "method": parts.method.as_str(),
            "target": parts.uri.to_string(),
            "headers": Value::Object(headers.collect()),
            "body": String::from_utf8_lossy(&body),
        });
        let mut response = Response::new(full(told.to_string()));
        response.headers_mut().insert("x-server", "yes".parse().expect("a value"));
        response.headers_mut().insert("keep-alive", "timeout=5".parse().expect("a value"));
        *response.status_mut() = StatusCode::CREATED;
        response
    };
    let listeners = reserved.listen().expect("listening");
    tokio::spawn(serve(listeners, service, shutdown.clone(), Duration::ZERO));
    (port, shutdown)
}

#[tokio::test]
async fn requests_go_to_other_servers_and_back() {
    let (port, _shutdown) = server().await;
    let gateway = http(&format!(
        "      IntegrationType: HTTP_PROXY
      IntegrationMethod: ANY
      IntegrationUri: http://127.0.0.1:{port}/v1/{{proxy}}
      RequestParameters:
        append:header.x-id: $context.requestId
        overwrite:header.x-kind: ${{request.header.x-kind}}!
        remove:header.cookie: ''
        overwrite:querystring.page: '7'
        remove:querystring.secret: ''
      ResponseParameters:
        '201': {{ResponseParameters: [{{Destination: 'remove:header.x-server', Source: ''}}]}}"
    ));
    let request = Request::put("http://127.0.0.1:3000/a/x/y%2Fz?page=1&secret=2&k=a%20b")
        .header("X-Kind", "k")
        .header("Cookie", "c=d")
        .header("Connection", "x-private")
        .header("X-Private", "1");
    let answer = ask(&gateway, request, "the body").await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    assert_eq!((answer.header("x-server"), answer.header("keep-alive")), ("", ""));
    let told = answer.json();
    assert_eq!((&told["method"], &told["body"]), (&json!("PUT"), &json!("the body")));
    assert_eq!(told["target"], "/v1/x/y%2Fz?k=a%20b&page=7");
    let headers = &told["headers"];
    assert_eq!(headers["host"], format!("127.0.0.1:{port}"));
    assert_eq!(headers["x-kind"], "k!");
    assert_eq!(headers["forwarded"], "for=203.0.113.7;host=127.0.0.1:3000;proto=http");
    assert_eq!(headers["via"], "HTTP/1.1 AmazonAPIGateway");
    assert!(headers["x-id"].is_string());
    assert_eq!((headers.get("cookie"), headers.get("x-private")), (None, None));
}

#[tokio::test]
async fn servers_that_do_not_answer_are_told() {
    let (port, _shutdown) = server().await;
    let gateway = http(&format!(
        "      IntegrationType: HTTP_PROXY
      IntegrationUri: http://127.0.0.1:{port}/slow
      TimeoutInMillis: 50"
    ));
    let answer = ask(&gateway, post("/a/b"), "").await;
    assert_eq!((answer.status, answer.json()), (503, json!({"message": "Service Unavailable"})));

    let free = Reserved::new(0).expect("a port").port();
    let uri = format!("http://127.0.0.1:{free}/");
    let gateway = http(&format!("      IntegrationType: HTTP_PROXY\n      IntegrationUri: {uri}"));
    let answer = ask(&gateway, post("/a/b"), "").await;
    assert_eq!((answer.status, answer.json()), (503, json!({"message": "Service Unavailable"})));
    assert!(answer.header("x-samovar-reason").contains("refused"), "{:?}", answer.headers);

    let gateway = rest(&format!(
        "        Type: HTTP_PROXY
        IntegrationHttpMethod: GET
        Uri: http://127.0.0.1:{port}/{{name}}
        RequestParameters:
          integration.request.path.name: method.request.path.id
          integration.request.header.x-a: \"'b'\""
    ));
    let told = ask(&gateway, post("/q%20r"), "").await.json();
    assert_eq!((&told["method"], &told["target"]), (&json!("GET"), &json!("/q%20r")));
    assert_eq!(
        (&told["headers"]["x-a"], &told["headers"]["x-forwarded-for"]),
        (&json!("b"), &json!("203.0.113.7"))
    );
}
