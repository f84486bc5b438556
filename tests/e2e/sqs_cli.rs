//! The AWS CLI on every action of SQS: what it prints, and how it ends.

use std::collections::BTreeSet;
use std::process::Output;
use std::sync::{Arc, Mutex};

use libtest_mimic::Trial;
use serde_json::{Value, json};

use crate::server::{Server, Shared};
use crate::sqs::arn;
use crate::tools::{AWS, block_on, both, eventually, sqs};
use crate::{against, needing};

pub(crate) fn trials(server: &Arc<Shared>) -> Vec<Trial> {
    vec![
        needing(&[AWS], against(server, "sqs_cli::it_does_every_action", actions)),
        needing(&[AWS], against(server, "sqs_cli::it_tells_errors", errors)),
    ]
}

/// `aws sqs`, with nothing of the user's own.
struct Cli<'a> {
    server: &'a Server,
    used: Mutex<BTreeSet<String>>,
}

impl<'a> Cli<'a> {
    fn new(server: &'a Server) -> Self {
        Self { server, used: Mutex::default() }
    }

    fn run(&self, arguments: &[&str]) -> Output {
        self.used.lock().unwrap().insert(arguments[0].to_owned());
        let mut command = AWS.command();
        for variable in ["AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"] {
            command.env(variable, "/dev/null");
        }
        for variable in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"] {
            command.env(variable, "anything");
        }
        command.args(["--endpoint-url", &self.server.api(""), "--output", "json", "sqs"]);
        command.args(arguments).env("AWS_PAGER", "").env("AWS_MAX_ATTEMPTS", "1").output().unwrap()
    }

    /// What it prints about something that it does.
    #[track_caller]
    fn done(&self, arguments: &[&str]) -> Value {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", both(&output));
        assert!(output.stderr.is_empty(), "{arguments:?}: {}", both(&output));
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{arguments:?}: {error}: {}", both(&output)))
    }

    /// Does something of which there is nothing to print.
    #[track_caller]
    fn quiet(&self, arguments: &[&str]) {
        let output = self.run(arguments);
        assert!(output.status.success() && both(&output).is_empty(), "{}", both(&output));
    }
}

fn actions(server: &Server) {
    let cli = Cli::new(server);
    let url = server.api("/000000000000/cli");
    let at = |name: &'static str, more: &[&str]| -> Vec<String> {
        [name, "--queue-url", &url].iter().chain(more).map(|text| (*text).to_owned()).collect()
    };
    let done = |name, more: &[&str]| {
        let arguments = at(name, more);
        cli.done(&arguments.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let quiet = |name, more: &[&str]| {
        let arguments = at(name, more);
        cli.quiet(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
    };

    let created = ["create-queue", "--queue-name", "cli", "--attributes", "VisibilityTimeout=60"];
    assert_eq!(cli.done(&created), json!({"QueueUrl": url}));
    assert_eq!(cli.done(&["get-queue-url", "--queue-name", "cli"]), json!({"QueueUrl": url}));
    let list = cli.done(&["list-queues", "--queue-name-prefix", "cli"]);
    assert_eq!(list, json!({"QueueUrls": [url]}));
    quiet("set-queue-attributes", &["--attributes", "DelaySeconds=0"]);
    let got = done("get-queue-attributes", &["--attribute-names", "QueueArn", "DelaySeconds"]);
    assert_eq!(got, json!({"Attributes": {"DelaySeconds": "0", "QueueArn": arn("cli")}}));
    quiet("tag-queue", &["--tags", "team=tea,cost=9"]);
    quiet("untag-queue", &["--tag-keys", "cost"]);
    assert_eq!(done("list-queue-tags", &[]), json!({"Tags": {"team": "tea"}}));
    let allow = ["--label", "l", "--aws-account-ids", "123456789012", "--actions", "SendMessage"];
    quiet("add-permission", &allow);
    quiet("remove-permission", &["--label", "l"]);

    messages(&done, &quiet);
    moves(&cli, &url);
    quiet("purge-queue", &[]);
    quiet("delete-queue", &[]);
    let used = cli.used.into_inner().unwrap();
    assert_eq!(used.len(), 23, "SQS has 23 actions: {used:?}");
}

/// The CLI checks the MD5 of bodies and attributes by itself.
fn messages(done: &dyn Fn(&'static str, &[&str]) -> Value, quiet: &dyn Fn(&'static str, &[&str])) {
    let attributes = r#"{"word": {"DataType": "String", "StringValue": "tea"}}"#;
    let sent = done("send-message", &["--message-body", "one", "--message-attributes", attributes]);
    assert_eq!(sent["MD5OfMessageBody"], "f97c5d29941bfb1b2fdab0874906ab82");
    let receive = ["--message-attribute-names", "All", "--attribute-names", "All"];
    let message = done("receive-message", &receive)["Messages"][0].clone();
    assert_eq!((&message["Body"], &message["MessageId"]), (&json!("one"), &sent["MessageId"]));
    assert_eq!(message["Attributes"]["ApproximateReceiveCount"], "1");
    assert_eq!(
        message["MessageAttributes"],
        json!({"word": {"StringValue": "tea", "DataType": "String"}})
    );
    let handle = message["ReceiptHandle"].as_str().unwrap();
    quiet("change-message-visibility", &["--receipt-handle", handle, "--visibility-timeout", "90"]);
    quiet("delete-message", &["--receipt-handle", handle]);
    quiet("receive-message", &[]);

    let entries = r#"[{"Id": "a", "MessageBody": "1"}, {"Id": "b", "MessageBody": ""}]"#;
    let sent = done("send-message-batch", &["--entries", entries]);
    assert_eq!(sent["Successful"][0]["Id"], "a");
    assert_eq!(
        (&sent["Failed"][0]["Id"], &sent["Failed"][0]["SenderFault"]),
        (&json!("b"), &json!(true))
    );
    let message = done("receive-message", &[])["Messages"][0].clone();
    let entry = json!([{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}]).to_string();
    let change = json!([{
        "Id": "a", "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 90,
    }]);
    let changed = done("change-message-visibility-batch", &["--entries", &change.to_string()]);
    assert_eq!(changed, json!({"Successful": [{"Id": "a"}]}));
    let deleted = done("delete-message-batch", &["--entries", &entry]);
    assert_eq!(deleted, json!({"Successful": [{"Id": "a"}]}));
}

fn moves(cli: &Cli<'_>, url: &str) {
    let policy = json!({"deadLetterTargetArn": arn("cli"), "maxReceiveCount": 1}).to_string();
    let attributes = json!({"RedrivePolicy": policy}).to_string();
    let create = ["create-queue", "--queue-name", "cli-source", "--attributes", &attributes];
    let source = cli.done(&create)["QueueUrl"].as_str().unwrap().to_owned();
    let sources = cli.done(&["list-dead-letter-source-queues", "--queue-url", url]);
    assert_eq!(sources, json!({"queueUrls": [source]}));
    // So many that they are on their way for two minutes: the CLI takes its time.
    let client = sqs(cli.server);
    for number in 0..120 {
        let send = client.send_message().queue_url(url).message_body(number.to_string());
        block_on(send.send()).unwrap();
    }
    let (arn, source) = (arn("cli"), arn("cli-source"));
    let start = ["start-message-move-task", "--source-arn", &arn, "--destination-arn", &source];
    let rate = ["--max-number-of-messages-per-second", "1"];
    let started = cli.done(&[&start[..], &rate[..]].concat());
    let handle = started["TaskHandle"].as_str().unwrap();
    let list = ["list-message-move-tasks", "--source-arn", &arn];
    let task = cli.done(&list)["Results"][0].clone();
    assert_eq!((&task["Status"], &task["SourceArn"]), (&json!("RUNNING"), &json!(arn)));
    let cancelled = cli.done(&["cancel-message-move-task", "--task-handle", handle]);
    assert!(cancelled["ApproximateNumberOfMessagesMoved"].is_u64(), "{cancelled}");
    eventually("the end of the move", || cli.done(&list)["Results"][0]["Status"] == "CANCELLED");
}

/// The CLI's own words around the service's. Its first version ends with 255, its second with 254.
fn errors(server: &Server) {
    let cli = Cli::new(server);
    let url = server.api("/000000000000/errors-cli");
    let gone = server.api("/000000000000/cli-nobody");
    cli.done(&["create-queue", "--queue-name", "errors-cli"]);
    let prefix = "AWS.SimpleQueueService.";
    let again = r#"[{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "x"}]"#;
    for (arguments, code, operation, message) in [
        (
            &["send-message", "--queue-url", &gone, "--message-body", "x"][..],
            &*format!("{prefix}NonExistentQueue"),
            "SendMessage",
            "The specified queue does not exist.",
        ),
        (
            &["create-queue", "--queue-name", "errors-cli", "--attributes", "DelaySeconds=1"],
            "QueueAlreadyExists",
            "CreateQueue",
            "A queue already exists with the same name and a different value for attribute \
             DelaySeconds",
        ),
        (
            &["set-queue-attributes", "--queue-url", &url, "--attributes", "Colour=red"],
            "InvalidAttributeName",
            "SetQueueAttributes",
            "Unknown Attribute Colour.",
        ),
        (
            &["receive-message", "--queue-url", &url, "--max-number-of-messages", "11"],
            "InvalidParameterValue",
            "ReceiveMessage",
            "Value 11 for parameter MaxNumberOfMessages is invalid. Reason: Must be between 1 \
             and 10, if provided.",
        ),
        (
            &["delete-message", "--queue-url", &url, "--receipt-handle", "x"],
            "ReceiptHandleIsInvalid",
            "DeleteMessage",
            "The input receipt handle \"x\" is not a valid receipt handle.",
        ),
        (
            &["send-message-batch", "--queue-url", &url, "--entries", again],
            &*format!("{prefix}BatchEntryIdsNotDistinct"),
            "SendMessageBatch",
            "Id a repeated.",
        ),
        (
            &["start-message-move-task", "--source-arn", &arn("cli-nobody")],
            "ResourceNotFoundException",
            "StartMessageMoveTask",
            "The resource that you specified for the SourceArn parameter doesn't exist.",
        ),
    ] {
        let output = cli.run(arguments);
        let printed = both(&output);
        assert!(matches!(output.status.code(), Some(254 | 255)), "{:?}: {printed}", output.status);
        assert!(output.stdout.is_empty(), "{printed}");
        let expected =
            format!("An error occurred ({code}) when calling the {operation} operation: {message}");
        // The second version begins with `aws: [ERROR]: `.
        assert!(printed.trim().ends_with(&expected), "{printed}");
    }
}
