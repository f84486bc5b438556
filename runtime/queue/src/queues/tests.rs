//! The service, on a paused clock.

mod crash;
mod failure;
mod fifo;
mod long_poll;
mod manage;
mod model;
mod moves;
mod redrive;
mod scopes;
mod sqs;
mod view;

use std::{sync::Arc, time::Duration};

use tempfile::TempDir;

use super::*;
use crate::{Attributes, Message, ReceiveMessage, SendMessage, TokioClock, store::Operation};

const EPOCH: u64 = 1_700_000_000_000;

fn attributes(pairs: &[(&str, &str)]) -> Attributes {
    pairs.iter().map(|&(name, value)| (name.into(), value.into())).collect()
}

fn open(dir: &TempDir) -> Queues {
    let clock = Arc::new(TokioClock::starting_at(EPOCH));
    Queues::open(dir.path(), Options { clock, ..Options::default() }).unwrap()
}

/// A service with one queue, `q`.
async fn with_queue(pairs: &[(&str, &str)]) -> (TempDir, Queues) {
    let dir = TempDir::new().unwrap();
    let queues = open(&dir);
    queues.create_queue("q", &attributes(pairs), &Attributes::new()).await.unwrap();
    (dir, queues)
}

async fn send(queues: &Queues, body: &str) {
    queues.send_message("q", SendMessage::new(body)).await.unwrap();
}

fn up_to_ten() -> ReceiveMessage {
    ReceiveMessage {
        max_number_of_messages: Some(10),
        system_attribute_names: vec!["All".into()],
        attribute_names: vec!["All".into()],
        ..ReceiveMessage::default()
    }
}

async fn receive(queues: &Queues, queue: &str) -> Vec<Message> {
    queues.receive_message(queue, up_to_ten()).await.unwrap()
}

fn bodies(messages: &[Message]) -> Vec<&str> {
    messages.iter().map(|message| message.body.as_str()).collect()
}

async fn count(queues: &Queues, queue: &str, state: &str) -> usize {
    let name = format!("ApproximateNumberOfMessages{state}");
    let attributes = queues.get_queue_attributes(queue, std::slice::from_ref(&name)).await.unwrap();
    attributes[&name].parse().unwrap()
}

async fn pass(time: Duration) {
    tokio::time::sleep(time).await;
}
