//! Schedules and rules whose targets are queues, and `samovar trigger` against a running Samovar.

use std::process::Output;
use std::time::Duration;

use libtest_mimic::Trial;
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::server::{Ports, Server, samovar};
use crate::tools::{BOTO3, block_on, eventually, sqs, succeed};
use crate::{needing, trial};

pub(crate) fn trials() -> Vec<Trial> {
    vec![
        trial("schedules::what_there_is", listed),
        trial("schedules::a_schedule_is_fired_by_hand", fired),
        trial("schedules::one_that_is_not_there_names_the_others", unknown),
        trial("schedules::a_queue_gets_what_a_tick_sends", tick),
        needing(&[BOTO3], trial("schedules::boto3_puts_events_into_queues", boto3)),
        trial("schedules::a_time_zone_that_is_none_is_a_fault", zone),
    ]
}

const TEMPLATE: &str = "
Resources:
  Paid: {Type: AWS::SQS::Queue}
  Ticks:
    Type: AWS::SQS::Queue
    Properties: {QueueName: ticks.fifo, FifoQueue: true, ContentBasedDeduplication: true}
  Letters: {Type: AWS::SQS::Queue}
  Strict: {Type: AWS::SQS::Queue, Properties: {QueueName: strict.fifo, FifoQueue: true}}
  OnPaid:
    Type: AWS::Events::Rule
    Properties:
      EventPattern: {source: [shop], detail-type: [Paid]}
      Targets:
        - {Id: whole, Arn: !GetAtt Paid.Arn}
        - Id: amount
          Arn: !GetAtt Ticks.Arn
          InputPath: $.detail.amount
          SqsParameters: {MessageGroupId: amounts}
        - Id: refused
          Arn: !GetAtt Strict.Arn
          SqsParameters: {MessageGroupId: g}
          DeadLetterConfig: {Arn: !GetAtt Letters.Arn}
  Hourly:
    Type: AWS::Events::Rule
    Properties:
      Name: hourly
      ScheduleExpression: rate(1 hour)
      Targets:
        - Id: ticks
          Arn: !GetAtt Ticks.Arn
          SqsParameters: {MessageGroupId: ticks}
  Dawn:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: cron(30 6 * * ? *)
      ScheduleExpressionTimezone: Europe/Brussels
      State: DISABLED
      FlexibleTimeWindow: {Mode: 'OFF'}
      Target:
        Arn: !GetAtt Paid.Arn
        RoleArn: arn:aws:iam::000000000000:role/scheduler
        Input: '{\"from\": \"<aws.scheduler.schedule-arn>\"}'
";

/// A server with queues, rules and schedules, and no function.
struct Stand {
    server: Server,
    folder: TempDir,
}

impl Stand {
    fn new() -> Self {
        Self::with(TEMPLATE)
    }

    fn with(template: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("template.yaml");
        std::fs::write(&path, template).unwrap();
        Self { server: Server::start(&path, Ports::free(), None, &[]), folder }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = samovar();
        command.env("AWS_ENDPOINT_URL", self.server.api("")).env("TZ", "UTC");
        command.arg("trigger").args(arguments).output().unwrap()
    }

    /// What `samovar trigger` prints where it succeeds.
    #[track_caller]
    fn good(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        assert_eq!(stderr(&output), "");
        String::from_utf8(output.stdout).unwrap()
    }

    /// The one message of a queue, which is deleted.
    fn receive(&self, queue: &str) -> aws_sdk_sqs::types::Message {
        let url = self.server.api(&format!("/000000000000/{queue}"));
        let receive = sqs(&self.server).receive_message().queue_url(&url).wait_time_seconds(20);
        let receive = receive.message_system_attribute_names("All".into());
        let received = block_on(receive.send()).unwrap().messages.unwrap_or_default();
        let [message] = received.try_into().unwrap();
        let handle = message.receipt_handle().unwrap();
        let delete = sqs(&self.server).delete_message().queue_url(&url).receipt_handle(handle);
        block_on(delete.send()).unwrap();
        message
    }
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

fn listed() {
    let stand = Stand::new();
    let text = stand.good(&[]);
    let lines: Vec<&str> = text.lines().collect();
    let words = |line: &str| line.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(lines[0]), ["SCHEDULE", "EXPRESSION", "NEXT", "TARGETS"]);
    assert!(lines[1].starts_with("hourly    rate(1 hour) "), "{text}");
    assert!(lines[1].contains("(in ") && lines[1].ends_with("  ticks.fifo"), "{text}");
    assert!(lines[2].contains("cron(30 6 * * ? *) Europe/Brussels  disabled "), "{text}");
    let page: Value = serde_json::from_str(&stand.good(&["--format", "json"])).unwrap();
    assert_eq!(page["schedules"][1]["enabled"], false);
    assert_eq!(page["schedules"][0]["targets"], json!(["ticks.fifo"]));
}

fn fired() {
    let stand = Stand::new();
    // By name and by logical id.
    for name in ["hourly", "Hourly"] {
        let text = stand.good(&[name]);
        assert_eq!(text, "Fired hourly: an event for ticks.fifo.\n");
        let message = stand.receive("ticks.fifo");
        let event: Value = serde_json::from_str(message.body().unwrap()).unwrap();
        assert_eq!(event["detail-type"], "Scheduled Event");
        assert_eq!(
            event["resources"],
            json!(["arn:aws:events:us-east-1:000000000000:rule/hourly"])
        );
        let attributes = message.attributes().unwrap();
        assert_eq!(attributes[&"MessageGroupId".into()], "ticks");
    }
    // One that is disabled is fired by hand alone.
    let schedule: Value = serde_json::from_str(&stand.good(&["Dawn", "--format", "json"])).unwrap();
    assert_eq!(schedule["name"], "Dawn");
    assert_eq!(
        stand.receive("Paid").body(),
        Some(r#"{"from": "arn:aws:scheduler:us-east-1:000000000000:schedule/default/Dawn"}"#)
    );
}

fn unknown() {
    let stand = Stand::new();
    let endpoint = stand.server.api("");
    for (name, help) in [
        ("hurly", "help: did you mean `hourly`?\nhelp: schedules there: hourly, Dawn\n"),
        ("a/b", "help: schedules there: hourly, Dawn\n"),
    ] {
        let output = stand.run(&[name]);
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(
            stderr(&output),
            format!("error: there is no schedule `{name}` at {endpoint}\n{help}")
        );
    }
    let none = Stand::with("Resources: {Jobs: {Type: AWS::SQS::Queue}}\n");
    assert_eq!(none.good(&[]), "There are no schedules.\n");
    assert!(stderr(&none.run(&["x"])).ends_with("help: there are no schedules there\n"));
}

/// `at(...)`, a few seconds from now.
fn tick() {
    let soon = jiff::Timestamp::now() + Duration::from_secs(4);
    let template = format!(
        "
Resources:
  Jobs: {{Type: AWS::SQS::Queue}}
  Once:
    Type: AWS::Scheduler::Schedule
    Properties:
      ScheduleExpression: at({})
      FlexibleTimeWindow: {{Mode: 'OFF'}}
      Target: {{Arn: !GetAtt Jobs.Arn, RoleArn: 'arn:aws:iam::000000000000:role/r', Input: '[1]'}}
",
        soon.strftime("%Y-%m-%dT%H:%M:%S")
    );
    let stand = Stand::with(&template);
    assert_eq!(stand.receive("Jobs").body(), Some("[1]"));
    assert!(stand.good(&[]).contains("  never  "), "{}", stand.good(&[]));
}

const PUT: &str = r#"
import json, sys
import boto3
from botocore import UNSIGNED
from botocore.config import Config

options = dict(endpoint_url=sys.argv[1], region_name="us-east-1",
               config=Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}))
events, sns = boto3.client("events", **options), boto3.client("sns", **options)
entries = [
    {"Source": "shop", "DetailType": kind, "Detail": json.dumps({"amount": amount})}
    for amount, kind in [(1, "Paid"), (2, "Asked"), (3, "Paid")]
]
answer = events.put_events(Entries=entries)
assert answer["FailedEntryCount"] == 0, answer
event = {"id": "1", "account": "1", "source": "shop", "time": "2020-01-01T00:00:00Z",
         "region": "us-east-1", "resources": [], "detail-type": "Paid"}
tried = events.test_event_pattern(EventPattern='{"source": ["shop"]}', Event=json.dumps(event))
assert tried["Result"] is True, tried
# Nothing but the form says that this is for SNS.
assert sns.list_topics()["Topics"] == []
print(json.dumps([entry["EventId"] for entry in answer["Entries"]]))
"#;

/// What PutEvents has answered is in the queues, also after a `kill -9` at once.
fn boto3() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE).unwrap();
    let state = folder.path().join("state");
    let start = || Server::start(&path, Ports::free(), Some(&state), &[]);
    let server = start();
    let mut command = BOTO3.command();
    command.args(["-c", PUT, &server.api("")]);
    let ids: Vec<String> = serde_json::from_str(&succeed(&mut command)).unwrap();
    server.signal(Signal::KILL);
    server.wait();

    let stand = Stand { server: start(), folder };
    let mut seen: Vec<String> = (0..2)
        .map(|_| serde_json::from_str::<Value>(stand.receive("Paid").body().unwrap()).unwrap())
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect();
    let mut expected = vec![ids[0].clone(), ids[2].clone()];
    seen.sort();
    expected.sort();
    assert_eq!(seen, expected);
    for amount in ["1", "3"] {
        assert_eq!(stand.receive("ticks.fifo").body(), Some(amount));
    }
    for _ in 0..2 {
        let letter: Value = serde_json::from_str(stand.receive("Letters").body().unwrap()).unwrap();
        assert_eq!(letter["detail-type"], "Paid");
    }
    let url = stand.server.api("/000000000000/Paid");
    eventually("nothing is left", || {
        let receive = sqs(&stand.server).receive_message().queue_url(&url);
        block_on(receive.send()).unwrap().messages.is_none()
    });
    drop(stand.folder);
}

fn zone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("template.yaml");
    std::fs::write(&path, TEMPLATE.replace("Europe/Brussels", "Europe/Brusels")).unwrap();
    let output = samovar().args(["check", "-t"]).arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let text = stderr(&output);
    let fault = "error: `ScheduleExpressionTimezone` of Dawn must be a time zone, not \
                 `Europe/Brusels`";
    assert!(text.contains(fault), "{text}");
    assert!(text.contains("template.yaml:36:35: "), "{text}");
    assert!(text.contains("help: did you mean `Europe/Brussels`?"), "{text}");
}
