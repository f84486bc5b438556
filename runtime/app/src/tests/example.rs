//! A template of every part that the first version serves.

use std::time::Duration;

use super::app;
use crate::{ApiKind, Build, Kind, Rate, Route, Trigger};

pub(super) const EXAMPLE: &str = r#"
AWSTemplateFormatVersion: "2010-09-09"
Transform: AWS::Serverless-2016-10-31
Description: A small shop

Globals:
  Function:
    Runtime: provided.al2023
    Handler: bootstrap
    CodeUri: crate
    MemorySize: 256
    Timeout: 5
    Environment:
      Variables:
        STAGE: !Ref Stage

Parameters:
  Stage:
    Type: String
    Default: dev
    AllowedValues: [dev, prod]

Resources:
  OrdersApi:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: rust-cargolambda
      BuildProperties: {Binary: orders-api}
    Properties:
      Environment:
        Variables:
          QUEUE_URL: !Ref OrdersQueue
      Policies:
        - SQSSendMessagePolicy:
            QueueName: !GetAtt OrdersQueue.QueueName
      Events:
        Create:
          Type: HttpApi
          Properties: {Method: post, Path: /orders}
        Health:
          Type: HttpApi
          Properties: {Method: GET, Path: /orders/health}

  OrderWorker:
    Type: AWS::Serverless::Function
    Properties:
      Timeout: 30
      Events:
        Orders:
          Type: SQS
          Properties:
            Queue: !GetAtt OrdersQueue.Arn
            BatchSize: 10
            FunctionResponseTypes: [ReportBatchItemFailures]
            ScalingConfig: {MaximumConcurrency: 4}

  Thumbnail:
    Type: AWS::Serverless::Function
    Metadata:
      BuildMethod: makefile
    Properties:
      Handler: thumbnail.wasm
      MemorySize: 512
      Events:
        Make:
          Type: HttpApi
          Properties: {Method: POST, Path: /thumbnail}

  Hello:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: code
      Handler: hello.wasm
      FunctionUrlConfig:
        AuthType: NONE

  HelloNative:
    Type: AWS::Serverless::Function
    Properties:
      CodeUri: ./code/
      FunctionName: hello-native
      ReservedConcurrentExecutions: 2

  Heartbeat:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        EveryMinute:
          Type: Schedule
          Properties:
            Schedule: rate(1 minute)
            Input: '{"beat": true}'

  OrdersQueue:
    Type: AWS::SQS::Queue
    Properties:
      VisibilityTimeout: 180
      RedrivePolicy:
        deadLetterTargetArn: !GetAtt OrdersDeadLetters.Arn
        maxReceiveCount: 3

  OrdersDeadLetters:
    Type: AWS::SQS::Queue

  ReceiptsQueue:
    Type: AWS::SQS::Queue
    Properties:
      QueueName: !Sub receipts-${Stage}

Outputs:
  Api:
    Description: The HTTP API
    Value: !Sub "https://${ServerlessHttpApi}.execute-api.${AWS::Region}.amazonaws.com/orders"
  Hello:
    Value: !GetAtt HelloUrl.FunctionUrl
  Receipts:
    Value: !Ref ReceiptsQueue
"#;

#[test]
fn loads_whole() {
    let app = app(EXAMPLE);
    assert_eq!(app.description.as_deref(), Some("A small shop"));
    assert!(app.not_emulated.is_empty(), "{:?}", app.not_emulated);
    let functions: Vec<_> =
        app.functions.iter().map(|f| (f.logical_id.as_str(), f.kind, &f.code.build)).collect();
    let cargo = |binary: Option<&str>| Build::Cargo { binary: binary.map(str::to_owned) };
    assert_eq!(
        functions,
        [
            ("OrdersApi", Kind::Process, &cargo(Some("orders-api"))),
            ("OrderWorker", Kind::Process, &cargo(None)),
            ("Thumbnail", Kind::Wasm, &cargo(Some("thumbnail"))),
            ("Hello", Kind::Wasm, &Build::Prebuilt),
            ("HelloNative", Kind::Process, &Build::Prebuilt),
            ("Heartbeat", Kind::Process, &cargo(None)),
        ]
    );
}

#[test]
fn functions_have_their_properties() {
    let app = app(EXAMPLE);
    let orders = app.function("OrdersApi").unwrap();
    assert_eq!(orders.memory_mb, 256);
    assert_eq!(orders.timeout, Duration::from_secs(5));
    assert_eq!(orders.ephemeral_storage_mb, 512);
    assert_eq!(orders.arn, "arn:aws:lambda:us-east-1:000000000000:function:OrdersApi");
    assert_eq!(
        orders.environment.clone().into_iter().collect::<Vec<_>>(),
        [
            ("QUEUE_URL".into(), "http://127.0.0.1:9000/000000000000/OrdersQueue".into()),
            ("STAGE".into(), "dev".into()),
        ]
    );
    let native = app.function("HelloNative").unwrap();
    assert_eq!(native.name, "hello-native");
    assert_eq!(native.reserved_concurrency, Some(2));
    assert!(native.code.path.is_absolute());
    let hello = app.function("Hello").unwrap();
    let url = hello.url.as_ref().unwrap();
    assert!(url.public && !url.streaming);
    assert_eq!(url.id.len(), 32);
}

#[test]
fn triggers_have_theirs() {
    let app = app(EXAMPLE);
    match app.function("OrderWorker").unwrap().triggers.as_slice() {
        [Trigger::Queue(queue)] => {
            assert_eq!(
                (queue.name.as_str(), queue.queue.as_deref()),
                ("Orders", Some("OrdersQueue"))
            );
            assert_eq!(queue.batch_size, 10);
            assert_eq!(queue.batch_window, Duration::ZERO);
            assert_eq!(queue.maximum_concurrency, Some(4));
            assert!(queue.report_batch_item_failures && queue.enabled);
        }
        other => panic!("{other:?}"),
    }
    match app.function("Heartbeat").unwrap().triggers.as_slice() {
        [Trigger::Schedule(schedule)] => {
            assert_eq!(schedule.rule, "HeartbeatEveryMinute");
            assert_eq!(schedule.rate, Rate::Every(Duration::from_secs(60)));
            assert_eq!(schedule.input.as_deref(), Some(r#"{"beat": true}"#));
            assert!(schedule.enabled);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_implicit_api_has_the_routes() {
    let app = app(EXAMPLE);
    let [api] = app.apis.as_slice() else { panic!("{:?}", app.apis) };
    assert_eq!((api.logical_id.as_str(), api.kind), ("ServerlessHttpApi", ApiKind::Http));
    assert_eq!((api.stage.as_str(), api.span.as_ref()), ("$default", None));
    assert_eq!(api.id.len(), 10);
    let route = |method: &str, path: &str, function: &str| {
        let route = Route { method: Some(method.into()), path: Some(path.into()) };
        (route, Some(function.to_owned()))
    };
    let routes: Vec<_> =
        api.routes.iter().map(|r| (r.route.clone(), r.function().map(str::to_owned))).collect();
    assert_eq!(
        routes,
        [
            route("POST", "/orders", "OrdersApi"),
            route("GET", "/orders/health", "OrdersApi"),
            route("POST", "/thumbnail", "Thumbnail"),
        ]
    );
}

#[test]
fn queues_and_outputs_are_live() {
    let app = app(EXAMPLE);
    let queues: Vec<_> =
        app.queues.iter().map(|q| (q.name.as_str(), q.attributes.clone())).collect();
    let redrive = concat!(
        r#"{"deadLetterTargetArn":"arn:aws:sqs:us-east-1:000000000000:OrdersDeadLetters","#,
        r#""maxReceiveCount":3}"#
    );
    let attributes = [("RedrivePolicy", redrive), ("VisibilityTimeout", "180")];
    let attributes = attributes.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
    assert_eq!(
        queues,
        [
            ("OrdersQueue", attributes),
            ("OrdersDeadLetters", [].into()),
            ("receipts-dev", [].into()),
        ]
    );
    let outputs: Vec<_> = app.outputs.iter().map(|o| (o.name.as_str(), o.value.as_str())).collect();
    assert_eq!(
        outputs,
        [
            ("Api", "http://127.0.0.1:3000/orders"),
            ("Hello", "http://hello.localhost:3000/"),
            ("Receipts", "http://127.0.0.1:9000/000000000000/receipts-dev"),
        ]
    );
    assert_eq!(app.outputs[0].description.as_deref(), Some("The HTTP API"));
}
