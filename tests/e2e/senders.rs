//! Topics, event buses and schedules: what sends to queues and functions.

use std::sync::Arc;
use std::time::{Duration, Instant};

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::json;

use crate::packaging::{folder, serve};
use crate::server::{Server, Shared};
use crate::tools::{BOTO3, eventually, succeed};
use crate::{against, needing};

/// They run the example's `hello`, which is built when the example is served.
pub(crate) fn trials(example: &Arc<Shared>) -> Vec<Trial> {
    vec![
        needing(&[BOTO3], against(example, "senders::boto3_publishes_and_puts_events", boto3)),
        against(example, "senders::a_schedule_with_a_date_fires_once", schedule),
        needing(&[BOTO3], against(example, "senders::kill_9_loses_no_accepted_event", crash)),
    ]
}

const TEMPLATE: &str = "
Transform: AWS::Serverless-2016-10-31
Globals:
  Function: {Runtime: provided.al2023, Handler: bootstrap, CodeUri: code}
Resources:
  Orders: {Type: AWS::SNS::Topic}
  All: {Type: AWS::SQS::Queue}
  Large: {Type: AWS::SQS::Queue}
  ToAll:
    Type: AWS::SNS::Subscription
    Properties: {TopicArn: !Ref Orders, Protocol: sqs, Endpoint: !GetAtt All.Arn}
  ToLarge:
    Type: AWS::SNS::Subscription
    Properties:
      TopicArn: !Ref Orders
      Protocol: sqs
      Endpoint: !GetAtt Large.Arn
      RawMessageDelivery: true
      FilterPolicy: {size: [large]}
  Notified:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Order: {Type: SNS, Properties: {Topic: !Ref Orders, FilterPolicy: {size: [large]}}}
  Booked:
    Type: AWS::Serverless::Function
    Properties:
      Events:
        Paid:
          Type: EventBridgeRule
          Properties:
            Pattern: {source: [shop], detail: {amount: [{numeric: ['>', 10]}]}}
";

/// How many invocations of a function the terminal shows.
fn invocations(server: &Server, function: &str) -> usize {
    let output = server.output();
    let lines = output.lines().filter(|line| line.contains(" ms"));
    lines.filter(|line| line.split_whitespace().nth(1) == Some(function)).count()
}

fn publish(server: &Server) {
    let mut command = BOTO3.command();
    command.args(["-c", include_str!("senders.py"), &server.api("")]);
    let output: serde_json::Value = serde_json::from_str(&succeed(&mut command)).unwrap();
    assert_eq!(output, json!({"ok": true}));
}

fn boto3(_: &Server) {
    let folder = folder(&[("code/bootstrap", ""), ("template.yaml", TEMPLATE)]);
    let server = serve(&folder.path().join("template.yaml"));
    publish(&server);
    for function in ["Notified", "Booked"] {
        eventually(function, || invocations(&server, function) == 1);
    }
    // What the filter and the pattern do not want does not come late either.
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(invocations(&server, "Notified"), 1, "{}", server.output());
    assert_eq!(invocations(&server, "Booked"), 1, "{}", server.output());
}

/// `at(...)`, two seconds from now.
fn schedule(_: &Server) {
    let soon = jiff::Timestamp::now() + Duration::from_secs(4);
    let soon = soon.strftime("%Y-%m-%dT%H:%M:%S");
    let template = format!(
        "
Transform: AWS::Serverless-2016-10-31
Resources:
  Once:
    Type: AWS::Serverless::Function
    Properties:
      Runtime: provided.al2023
      Handler: bootstrap
      CodeUri: code
      Events:
        Soon:
          Type: ScheduleV2
          Properties: {{ScheduleExpression: 'at({soon})'}}
"
    );
    let folder = folder(&[("code/bootstrap", ""), ("template.yaml", &template)]);
    let server = serve(&folder.path().join("template.yaml"));
    eventually("the schedule fires", || invocations(&server, "Once") == 1);
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(invocations(&server, "Once"), 1, "{}", server.output());
}

/// Events are accepted while their function cannot run yet; after a `kill -9`, it gets them.
fn crash(_: &Server) {
    let template = TEMPLATE.replace(
        "  Booked:\n    Type: AWS::Serverless::Function\n    Properties:\n",
        "  Booked:\n    Type: AWS::Serverless::Function\n    Properties:\n      \
         Runtime: java21\n      Handler: shop.Booked::handle\n",
    );
    assert_ne!(template, TEMPLATE);
    let folder = folder(&[("code/bootstrap", ""), ("template.yaml", &template)]);
    let path = folder.path().join("template.yaml");
    let state = folder.path().join("state");
    let start = || Server::start(&path, crate::server::Ports::free(), Some(&state), &[]);
    let server = start();
    publish(&server);
    server.signal(Signal::KILL);
    server.wait();
    std::fs::write(&path, TEMPLATE).unwrap();
    let server = start();
    // Its lease may have to end first.
    let limit = Instant::now() + Duration::from_secs(90);
    while invocations(&server, "Booked") == 0 {
        assert!(Instant::now() < limit, "the event is lost:\n{}", server.output());
        std::thread::sleep(Duration::from_millis(200));
    }
}
