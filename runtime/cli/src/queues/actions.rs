//! What changes queues: sending, redriving, purging.

use std::io::{self, BufRead, IsTerminal, Read, Write};
use std::thread;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::ToolError;
use super::args::{Purge, Redrive, Send};
use super::client::{Client, Found};
use super::pages::Queue;
use crate::terminal::{say, words::count};

/// The most that is read of standard input: more than any queue takes.
const INPUT_LIMIT: u64 = 4 * 1024 * 1024;

/// How often a move task is asked for its progress.
const ASK_EACH: Duration = Duration::from_millis(100);

/// `samovar send`.
pub(super) fn send(client: &Client, options: &Send) -> Result<(), ToolError> {
    let Found { queue, .. } = client.find(&options.queue)?;
    let body = match options.body.as_str() {
        "-" => read(io::stdin().lock())?,
        body => body.to_owned(),
    };
    let sent = client.act("SendMessage", &queue, &message(&queue, options, &body))?;
    let id = sent["MessageId"].as_str().unwrap_or_default();
    say(format_args!("Sent {id} to {}.", queue.name));
    Ok(())
}

/// The input of `SendMessage`.
fn message(queue: &Queue, options: &Send, body: &str) -> Value {
    let mut input = Map::new();
    input.insert("QueueUrl".to_owned(), queue.url.clone().into());
    input.insert("MessageBody".to_owned(), body.into());
    for (name, value) in
        [("MessageGroupId", &options.group), ("MessageDeduplicationId", &options.dedup)]
    {
        if let Some(value) = value {
            input.insert(name.to_owned(), value.clone().into());
        }
    }
    if let Some(delay) = options.delay {
        input.insert("DelaySeconds".to_owned(), delay.into());
    }
    if !options.attributes.is_empty() {
        let attribute = |(name, value): &(String, String)| {
            (name.clone(), json!({"DataType": "String", "StringValue": value}))
        };
        let attributes: Map<String, Value> = options.attributes.iter().map(attribute).collect();
        input.insert("MessageAttributes".to_owned(), attributes.into());
    }
    input.into()
}

fn read(input: impl Read) -> Result<String, ToolError> {
    let mut text = String::new();
    let read = input.take(INPUT_LIMIT + 1).read_to_string(&mut text);
    read.map_err(|error| ToolError::Input(error.to_string()))?;
    if u64::try_from(text.len()).is_ok_and(|length| length <= INPUT_LIMIT) {
        return Ok(text);
    }
    Err(ToolError::Input("it is longer than any queue takes".to_owned()))
}

/// `samovar redrive`: starts a message move task and waits for its end.
pub(super) fn redrive(client: &Client, options: &Redrive) -> Result<(), ToolError> {
    let Found { queue, all } = client.find(&options.queue)?;
    let is_source = |other: &&Queue| other.dead_letter_target.as_deref() == Some(&queue.arn);
    let sources: Vec<&str> =
        all.iter().filter(is_source).map(|queue| queue.name.as_str()).collect();
    if sources.is_empty() {
        return Err(ToolError::no_dead_letters(&queue.name, &all));
    }
    let mut task = json!({"SourceArn": queue.arn});
    let target = match &options.to {
        Some(target) => {
            let target = client.find(target)?.queue;
            task["DestinationArn"] = target.arn.into();
            target.name
        }
        None => sources.join(", "),
    };
    client.act("StartMessageMoveTask", &queue, &task)?;
    let moved = wait(client, &queue)?;
    let moved = count(usize::try_from(moved).unwrap_or(usize::MAX), "message");
    say(format_args!("Moved {moved} from {} to {target}.", queue.name));
    Ok(())
}

/// How many messages the queue's latest task has moved, when it has ended.
fn wait(client: &Client, queue: &Queue) -> Result<u64, ToolError> {
    loop {
        let tasks = client.act("ListMessageMoveTasks", queue, &json!({"SourceArn": queue.arn}))?;
        let task = &tasks["Results"][0];
        let moved = task["ApproximateNumberOfMessagesMoved"].as_u64().unwrap_or(0);
        match task["Status"].as_str().unwrap_or_default() {
            "COMPLETED" => return Ok(moved),
            "RUNNING" | "CANCELLING" => thread::sleep(ASK_EACH),
            status => {
                let reason = task["FailureReason"].as_str().unwrap_or(status).to_owned();
                return Err(ToolError::Moving { queue: queue.name.clone(), moved, reason });
            }
        }
    }
}

/// `samovar purge`.
pub(super) fn purge(client: &Client, options: &Purge) -> Result<(), ToolError> {
    let Found { queue, .. } = client.find(&options.queue)?;
    if !options.yes {
        let stdin = io::stdin();
        if !stdin.is_terminal() {
            return Err(ToolError::Unasked { queue: queue.name });
        }
        if !asked(&queue, stdin.lock(), io::stderr()) {
            say("Nothing is deleted.");
            return Ok(());
        }
    }
    client.act("PurgeQueue", &queue, &json!({"QueueUrl": queue.url}))?;
    say(format_args!("Purged {}.", queue.name));
    Ok(())
}

/// Whether a person wants it.
fn asked(queue: &Queue, mut answers: impl BufRead, mut questions: impl Write) -> bool {
    let messages = count(usize::try_from(queue.messages()).unwrap_or(usize::MAX), "message");
    let question = format!("Delete all messages of {}, now {messages}? [y/N] ", queue.name);
    let mut answer = String::new();
    let asked = questions.write_all(question.as_bytes()).and_then(|()| questions.flush());
    let answered = asked.and_then(|()| answers.by_ref().take(100).read_line(&mut answer));
    answered.is_ok() && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::args::{Args, Command};

    #[test]
    fn a_message_is_as_sqs_has_it() {
        let queue = Queue { url: "http://h/0/q".to_owned(), ..Queue::default() };
        let input = |more: &[&str]| {
            let all = ["samovar", "send", "q", "text"].iter().chain(more);
            match Args::try_parse_from(all).unwrap().command {
                Command::Send(options) => message(&queue, &options, &options.body),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(input(&[]), json!({"QueueUrl": "http://h/0/q", "MessageBody": "text"}));
        let more = ["--group", "a", "--dedup", "b", "--delay", "5", "--attribute", "From=shop"];
        assert_eq!(
            input(&more),
            json!({
                "QueueUrl": "http://h/0/q", "MessageBody": "text", "MessageGroupId": "a",
                "MessageDeduplicationId": "b", "DelaySeconds": 5,
                "MessageAttributes": {"From": {"DataType": "String", "StringValue": "shop"}},
            })
        );
    }

    #[test]
    fn standard_input_is_taken_as_it_is() {
        assert_eq!(read(&b" tea\n"[..]).unwrap(), " tea\n");
        read(&b"\xff"[..]).unwrap_err();
        let error = read(io::repeat(b'x')).unwrap_err().to_string();
        assert!(error.ends_with("it is longer than any queue takes"), "{error}");
    }

    #[test]
    fn only_yes_is_yes() {
        let queue = Queue { name: "q".to_owned(), visible: 1, ..Queue::default() };
        for (answer, expected) in
            [("y\n", true), (" YES \n", true), ("\n", false), ("", false), ("yesterday\n", false)]
        {
            let mut question = Vec::new();
            assert_eq!(asked(&queue, answer.as_bytes(), &mut question), expected, "{answer:?}");
            assert_eq!(question, b"Delete all messages of q, now 1 message? [y/N] ");
        }
    }
}
