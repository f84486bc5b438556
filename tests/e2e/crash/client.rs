//! A client that does all there is to do with messages, until the server is gone.

use std::fmt::Debug;
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use aws_sdk_sqs::config::{retry::RetryConfig, timeout::TimeoutConfig};
use aws_sdk_sqs::error::SdkError;
use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry, Message,
    MessageSystemAttributeName, SendMessageBatchRequestEntry,
};

use super::ledger::{Entry, Ledger, Place, Seen};
use super::rounds::Shared;
use crate::server::Server;
use crate::tools::{block_on, eventually, sqs};

pub(super) const STANDARD: &str = "rounds";
pub(super) const FIFO: &str = "rounds.fifo";

/// The queues' visibility timeout, and that to which clients change it.
const VISIBILITY: Duration = Duration::from_secs(30);
const LONGER: Duration = Duration::from_secs(60);
/// A client that hears nothing for so long gives up.
const PATIENCE: Duration = Duration::from_secs(60);
/// How late a send to a FIFO queue is made again. Its message is known for five minutes.
const AGAIN: Duration = Duration::from_secs(120);
const GROUPS: u64 = 400;

/// A message for the FIFO queue.
#[derive(Clone)]
pub(super) struct Pending {
    body: String,
    group: String,
    /// When it was sent first.
    first: Instant,
}

/// The server is gone, or hangs.
struct Gone;

/// What a client holds of a queue: a message that it received, and until when it is its alone.
struct Held {
    id: String,
    handle: String,
    until: Instant,
}

pub(super) struct Client<'a> {
    sqs: aws_sdk_sqs::Client,
    server: &'a Server,
    shared: &'a Shared,
    random: u64,
}

impl<'a> Client<'a> {
    pub(super) fn new(server: &'a Server, shared: &'a Shared, seed: usize) -> Self {
        let timeouts = TimeoutConfig::builder().operation_timeout(PATIENCE).build();
        let config = sqs(server).config().to_builder().retry_config(RetryConfig::disabled());
        let sqs = aws_sdk_sqs::Client::from_conf(config.timeout_config(timeouts).build());
        Self { sqs, server, shared, random: (seed as u64 + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15) }
    }

    pub(super) fn work_until_gone(mut self) {
        while let Ok(()) = self.work() {}
    }

    fn work(&mut self) -> Result<(), Gone> {
        let unsure = self.shared.unsure.lock().unwrap_or_else(PoisonError::into_inner).pop();
        if let Some(pending) = unsure.filter(|pending| pending.first.elapsed() < AGAIN) {
            return self.send_fifo(vec![pending]);
        }
        match self.any(8) {
            0 | 1 => self.send(),
            2 => {
                let count = 1 + self.any(10);
                self.send_standard_batch(count)
            }
            3 | 4 => {
                let count = if self.any(2) == 0 { 1 } else { 1 + self.any(10) };
                let group = format!("g{}", self.any(GROUPS));
                let new = |_| Pending {
                    body: self.body("fifo"),
                    group: group.clone(),
                    first: Instant::now(),
                };
                self.send_fifo((0..count).map(new).collect())
            }
            5 => self.receive(STANDARD),
            _ => self.receive(FIFO),
        }
    }

    /// A number below another (xorshift64).
    fn any(&mut self, below: u64) -> u64 {
        self.random ^= self.random << 13;
        self.random ^= self.random >> 7;
        self.random ^= self.random << 17;
        self.random % below
    }

    fn body(&self, kind: &str) -> String {
        format!("{kind} {}", self.shared.next.fetch_add(1, Ordering::Relaxed))
    }

    fn url(&self, queue: &str) -> String {
        self.server.api(&format!("/000000000000/{queue}"))
    }

    fn ledger(&self, queue: &str) -> &'a Ledger {
        if queue == FIFO { &self.shared.fifo } else { &self.shared.standard }
    }

    fn send(&self) -> Result<(), Gone> {
        let body = self.body("one");
        let ledger = &self.shared.standard;
        ledger.note(Entry::Sending { body: body.clone() });
        let send = self.sqs.send_message().queue_url(self.url(STANDARD)).message_body(&body);
        let sent = answer(block_on(send.send()))?;
        ledger.note(Entry::Sent { body, id: sent.message_id.unwrap(), place: None });
        Ok(())
    }

    fn send_standard_batch(&self, count: u64) -> Result<(), Gone> {
        let bodies: Vec<String> = (0..count).map(|_| self.body("batch")).collect();
        let ledger = &self.shared.standard;
        let mut send = self.sqs.send_message_batch().queue_url(self.url(STANDARD));
        for (number, body) in bodies.iter().enumerate() {
            ledger.note(Entry::Sending { body: body.clone() });
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
            send = send.entries(entry.message_body(body).build().unwrap());
        }
        let sent = answer(block_on(send.send()))?;
        assert!(sent.failed().is_empty(), "{:?}", sent.failed());
        assert_eq!(sent.successful().len(), bodies.len());
        for sent in sent.successful() {
            let body = bodies[sent.id().parse::<usize>().unwrap()].clone();
            ledger.note(Entry::Sent { body, id: sent.message_id().to_owned(), place: None });
        }
        Ok(())
    }

    /// Sends to the FIFO queue, one by itself or several at once; now and then all of it twice.
    fn send_fifo(&mut self, messages: Vec<Pending>) -> Result<(), Gone> {
        let times = 1 + u64::from(self.any(4) == 0);
        for _ in 0..times {
            for Pending { body, .. } in &messages {
                self.shared.fifo.note(Entry::Sending { body: body.clone() });
            }
            if let Err(gone) = self.try_send_fifo(&messages) {
                let mut unsure = self.shared.unsure.lock().unwrap_or_else(PoisonError::into_inner);
                unsure.extend(messages);
                return Err(gone);
            }
        }
        Ok(())
    }

    fn try_send_fifo(&self, messages: &[Pending]) -> Result<(), Gone> {
        let url = self.url(FIFO);
        let note = |Pending { body, group, .. }: &Pending, id: &str, sequence: Option<&str>| {
            let place = Some((group.clone(), sequence.unwrap().parse().unwrap()));
            self.shared.fifo.note(Entry::Sent { body: body.clone(), id: id.to_owned(), place });
        };
        if let [message] = messages {
            let send = self.sqs.send_message().queue_url(url).message_body(&message.body);
            let send = send.message_group_id(&message.group);
            let sent = answer(block_on(send.message_deduplication_id(key(message)).send()))?;
            note(message, sent.message_id().unwrap(), sent.sequence_number());
            return Ok(());
        }
        let mut send = self.sqs.send_message_batch().queue_url(url);
        for (number, message) in messages.iter().enumerate() {
            let entry = SendMessageBatchRequestEntry::builder().id(number.to_string());
            let entry = entry.message_body(&message.body).message_group_id(&message.group);
            send = send.entries(entry.message_deduplication_id(key(message)).build().unwrap());
        }
        let sent = answer(block_on(send.send()))?;
        assert!(sent.failed().is_empty(), "{:?}", sent.failed());
        assert_eq!(sent.successful().len(), messages.len());
        for sent in sent.successful() {
            let message = &messages[sent.id().parse::<usize>().unwrap()];
            note(message, sent.message_id(), sent.sequence_number());
        }
        Ok(())
    }

    /// Receives, and does one of all the things with what came.
    fn receive(&mut self, queue: &str) -> Result<(), Gone> {
        let began = Instant::now();
        let receive = self.sqs.receive_message().queue_url(self.url(queue));
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        let most = 1 + self.any(10);
        let receive = receive.max_number_of_messages(i32::try_from(most).unwrap());
        let received = answer(block_on(receive.send()))?.messages.unwrap_or_default();
        let messages = received.iter().map(seen).collect();
        self.ledger(queue).note(Entry::Received { began, visibility: VISIBILITY, messages });
        let held = |message: Message| Held {
            id: message.message_id.unwrap(),
            handle: message.receipt_handle.unwrap(),
            until: began + VISIBILITY,
        };
        let mut held: Vec<Held> = received.into_iter().map(held).collect();
        if held.is_empty() {
            return Ok(());
        }
        match self.any(8) {
            0 => Ok(()),
            1 => self.change(queue, &mut held, Duration::ZERO),
            2 => {
                self.change(queue, &mut held, LONGER)?;
                self.delete(queue, &held)
            }
            // Half of them, and never the others.
            3 => self.delete(queue, &held[..held.len().div_ceil(2)]),
            _ => self.delete(queue, &held),
        }
    }

    fn change(&self, queue: &str, held: &mut [Held], to: Duration) -> Result<(), Gone> {
        let (ledger, url) = (self.ledger(queue), self.url(queue));
        let began = Instant::now();
        let seconds = i32::try_from(to.as_secs()).unwrap();
        held.iter().for_each(|held| ledger.note(Entry::Hiding { id: held.id.clone() }));
        if let [held] = &*held {
            let change = self.sqs.change_message_visibility().queue_url(url);
            let change = change.receipt_handle(&held.handle).visibility_timeout(seconds);
            answer(block_on(change.send()))?;
        } else {
            let entry = |(number, held): (usize, &Held)| {
                let entry = ChangeMessageVisibilityBatchRequestEntry::builder();
                let entry = entry.id(number.to_string()).receipt_handle(&held.handle);
                entry.visibility_timeout(seconds).build().unwrap()
            };
            let entries = held.iter().enumerate().map(entry).collect();
            let change = self.sqs.change_message_visibility_batch().queue_url(url);
            let changed = answer(block_on(change.set_entries(Some(entries)).send()))?;
            assert!(changed.failed().is_empty(), "{:?}", changed.failed());
        }
        for Held { id, until, .. } in held {
            ledger.note(Entry::Hidden { id: id.clone(), began, visibility: to });
            *until = began + to;
        }
        Ok(())
    }

    fn delete(&self, queue: &str, held: &[Held]) -> Result<(), Gone> {
        let (ledger, url) = (self.ledger(queue), self.url(queue));
        // On a machine that stood still: others may have them by now.
        if held.iter().any(|held| held.until < Instant::now() + VISIBILITY / 2) {
            return Ok(());
        }
        held.iter().for_each(|held| ledger.note(Entry::Deleting { id: held.id.clone() }));
        if let [held] = held {
            let delete = self.sqs.delete_message().queue_url(url).receipt_handle(&held.handle);
            answer(block_on(delete.send()))?;
        } else {
            let entry = |(number, held): (usize, &Held)| {
                let entry = DeleteMessageBatchRequestEntry::builder().id(number.to_string());
                entry.receipt_handle(&held.handle).build().unwrap()
            };
            let entries = held.iter().enumerate().map(entry).collect();
            let delete = self.sqs.delete_message_batch().queue_url(url);
            let deleted = answer(block_on(delete.set_entries(Some(entries)).send()))?;
            assert!(deleted.failed().is_empty(), "{:?}", deleted.failed());
        }
        for Held { id, .. } in held.iter().filter(|held| Instant::now() < held.until) {
            ledger.note(Entry::Deleted { id: id.clone() });
        }
        Ok(())
    }
}

/// An answer; an error that is one is a fault, others are the end of the server.
fn answer<T, E: Debug, R: Debug>(result: Result<T, SdkError<E, R>>) -> Result<T, Gone> {
    result.map_err(|error| match error {
        SdkError::ServiceError(error) => panic!("{error:?}"),
        _ => Gone,
    })
}

/// Deduplication ids may have no spaces.
fn key(message: &Pending) -> String {
    message.body.replace(' ', "-")
}

fn seen(message: &Message) -> Seen {
    let attribute = |name| message.attributes()?.get(&name).cloned();
    let group = attribute(MessageSystemAttributeName::MessageGroupId);
    let sequence = attribute(MessageSystemAttributeName::SequenceNumber);
    let place =
        |(group, sequence): (String, String)| -> Place { (group, sequence.parse().unwrap()) };
    Seen {
        id: message.message_id().unwrap().to_owned(),
        body: message.body().unwrap().to_owned(),
        place: group.zip(sequence).map(place),
    }
}

/// All messages of a queue, also those that come into sight later; they are deleted.
pub(super) fn drain(server: &Server, queue: &str) -> Vec<Seen> {
    use aws_sdk_sqs::types::QueueAttributeName as Name;

    let client = sqs(server);
    let url = server.api(&format!("/000000000000/{queue}"));
    let mut all = Vec::new();
    eventually("an empty queue", || {
        loop {
            let receive = client.receive_message().queue_url(&url).max_number_of_messages(10);
            let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
            let messages = block_on(receive.send()).unwrap().messages.unwrap_or_default();
            if messages.is_empty() {
                break;
            }
            for message in messages {
                let delete = client.delete_message().queue_url(&url);
                let delete = delete.receipt_handle(message.receipt_handle().unwrap());
                block_on(delete.send()).unwrap();
                all.push(seen(&message));
            }
        }
        let get = client.get_queue_attributes().queue_url(&url).attribute_names(Name::All);
        let attributes = block_on(get.send()).unwrap().attributes.unwrap();
        let counts =
            [Name::ApproximateNumberOfMessages, Name::ApproximateNumberOfMessagesNotVisible];
        counts.iter().all(|name| attributes[name] == "0")
    });
    all
}
