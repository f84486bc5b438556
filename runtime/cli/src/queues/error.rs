//! What goes wrong between a tool and a running Samovar.

use samovar_app::closest;

use super::client::Endpoint;
use super::pages::Queue;
use crate::access::AccessError;
use crate::terminal::printable;

/// How many queues an error names at most.
const NAMED: usize = 10;

/// Why a tool did not do what was asked. Each message names the place and, where there is one, the
/// remedy.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ToolError {
    /// The endpoint is no URL that can be used.
    #[error("{variable} is `{}`, which is no endpoint: write it as http://HOST:PORT", printable(.value))]
    Endpoint {
        /// The variable of the environment.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// Nobody answers.
    #[error(
        "nothing answers at {endpoint}: {reason}\nhelp: start the application with `samovar up`, \
         or name its AWS port with --endpoint"
    )]
    Unreachable {
        /// Where.
        endpoint: Endpoint,
        /// What the system said.
        reason: String,
    },
    /// Somebody else answers.
    #[error(
        "what listens at {endpoint} is not this Samovar: {reason}\nhelp: name the AWS port of \
         `samovar up` with --endpoint"
    )]
    NotSamovar {
        /// Where.
        endpoint: Endpoint,
        /// How that shows.
        reason: String,
    },
    /// The credentials in the environment cannot be used.
    #[error(transparent)]
    Access(#[from] AccessError),
    /// It answers those alone who sign with its credentials.
    #[error(
        "{endpoint} refuses this: {}\nhelp: set SAMOVAR_ACCESS_KEY_ID and \
         SAMOVAR_SECRET_ACCESS_KEY to what `samovar up` has",
        printable(.reason)
    )]
    Unsigned {
        /// Where.
        endpoint: Endpoint,
        /// What it says.
        reason: String,
    },
    /// There is no schedule of this name.
    #[error("there is no schedule `{}` at {endpoint}{help}", printable(.name))]
    NoSchedule {
        /// The name.
        name: String,
        /// Where.
        endpoint: Endpoint,
        /// A line on which to go on.
        help: String,
    },
    /// A schedule was not fired.
    #[error("`{}` was not fired: {}", printable(.name), printable(.message))]
    NotFired {
        /// What the schedule was called.
        name: String,
        /// Why.
        message: String,
    },
    /// What is given as a queue cannot be one.
    #[error("`{}` is no queue: write its name, its URL or its ARN", printable(.0))]
    NotAQueue(String),
    /// There is no queue of this name.
    #[error("there is no queue `{}` at {endpoint}{help}", printable(.name))]
    NoQueue {
        /// The name.
        name: String,
        /// Where.
        endpoint: Endpoint,
        /// A line on which to go on.
        help: String,
    },
    /// No queue sends its dead letters there.
    #[error("`{name}` is no dead-letter queue: no queue's RedrivePolicy names it{help}")]
    NoDeadLetters {
        /// The name.
        name: String,
        /// A line on which to go on.
        help: String,
    },
    /// The service refused.
    #[error("{queue}: {} ({code}){help}", printable(.message))]
    Refused {
        /// The queue's name.
        queue: String,
        /// SQS's code.
        code: String,
        /// SQS's message.
        message: String,
        /// A line on which to go on.
        help: &'static str,
    },
    /// A move task ended before all was moved.
    #[error("{queue}: the messages could not all be moved, {moved} were: {}", printable(.reason))]
    Moving {
        /// The queue's name.
        queue: String,
        /// How many were moved.
        moved: u64,
        /// What the service says.
        reason: String,
    },
    /// Standard input gives no message.
    #[error("cannot read the message from standard input: {0}")]
    Input(String),
    /// Nobody can be asked.
    #[error(
        "{queue} is not purged: nobody can be asked here\nhelp: say --yes to delete its messages"
    )]
    Unasked {
        /// The queue's name.
        queue: String,
    },
}

impl ToolError {
    /// There is no queue of this name, but there are these.
    pub(super) fn no_queue(name: &str, endpoint: &Endpoint, queues: &[Queue]) -> Self {
        let names = || queues.iter().map(|queue| queue.name.as_str());
        let help = match closest(name, names()) {
            Some(close) => format!("\nhelp: did you mean `{close}`?"),
            None => help(names(), "queues there"),
        };
        Self::NoQueue { name: name.to_owned(), endpoint: endpoint.clone(), help }
    }

    /// There is no schedule of this name, but there are these.
    pub(crate) fn no_schedule(name: &str, endpoint: &Endpoint, schedules: &[&str]) -> Self {
        let names = || schedules.iter().copied();
        let guess = closest(name, names());
        let guess =
            guess.map_or_else(String::new, |close| format!("\nhelp: did you mean `{close}`?"));
        let help = guess + &help(names(), "schedules there");
        Self::NoSchedule { name: name.to_owned(), endpoint: endpoint.clone(), help }
    }

    /// The queue is no dead-letter queue, but these are.
    pub(super) fn no_dead_letters(name: &str, queues: &[Queue]) -> Self {
        let targets = |queue: &&Queue| {
            queues.iter().any(|other| other.dead_letter_target.as_deref() == Some(&queue.arn))
        };
        let names = queues.iter().filter(targets).map(|queue| queue.name.as_str());
        Self::NoDeadLetters { name: name.to_owned(), help: help(names, "dead-letter queues") }
    }

    /// SQS's refusal of an action on a queue.
    pub(super) fn refused(queue: &str, code: &str, message: &str) -> Self {
        let help = match code {
            _ if message.contains("MessageGroupId") => {
                "\nhelp: give --group, and --dedup unless the queue deduplicates by content"
            }
            _ if message.contains("ContentBasedDeduplication") => "\nhelp: give --dedup",
            "PurgeQueueInProgress" => "\nhelp: wait a minute",
            _ => "",
        };
        Self::Refused {
            queue: queue.to_owned(),
            code: code.to_owned(),
            message: message.to_owned(),
            help,
        }
    }
}

/// `help: queues there: a, b`, or that there are none.
fn help<'a>(names: impl Iterator<Item = &'a str>, what: &str) -> String {
    let names: Vec<&str> = names.collect();
    let more = names.len().saturating_sub(NAMED);
    let shown = names[..names.len() - more].join(", ");
    match (names.len(), more) {
        (0, _) => format!("\nhelp: there are no {what}"),
        (_, 0) => format!("\nhelp: {what}: {shown}"),
        _ => format!("\nhelp: {what}: {shown} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queue(name: &str, target: Option<&str>) -> Queue {
        Queue {
            name: name.to_owned(),
            arn: format!("arn:{name}"),
            dead_letter_target: target.map(|target| format!("arn:{target}")),
            ..Queue::default()
        }
    }

    #[test]
    fn a_misspelt_queue_is_guessed() {
        let queues = [queue("OrdersQueue", None), queue("Receipts", None)];
        let endpoint = Endpoint::default();
        let text = |name| ToolError::no_queue(name, &endpoint, &queues).to_string();
        assert_eq!(
            text("OrdesQueue"),
            "there is no queue `OrdesQueue` at http://127.0.0.1:9000\n\
             help: did you mean `OrdersQueue`?"
        );
        assert!(text("x").ends_with("\nhelp: queues there: OrdersQueue, Receipts"));
        let none = ToolError::no_queue("x", &endpoint, &[]).to_string();
        assert!(none.ends_with("\nhelp: there are no queues there"), "{none}");
        let many: Vec<Queue> = (0..12).map(|n| queue(&format!("queue-{n}"), None)).collect();
        let many = ToolError::no_queue("x", &endpoint, &many).to_string();
        assert!(many.ends_with("queue-9 and 2 more"), "{many}");
    }

    #[test]
    fn dead_letter_queues_are_named() {
        let queues = [queue("a", Some("b")), queue("b", None), queue("c", None)];
        let text = ToolError::no_dead_letters("c", &queues).to_string();
        assert!(text.ends_with("names it\nhelp: dead-letter queues: b"), "{text}");
    }

    #[test]
    fn a_refusal_says_how_to_go_on() {
        let message = "The request must contain the parameter MessageGroupId.";
        let text = ToolError::refused("q.fifo", "MissingParameter", message).to_string();
        assert_eq!(
            text,
            format!(
                "q.fifo: {message} (MissingParameter)\nhelp: give --group, and --dedup unless the \
                 queue deduplicates by content"
            )
        );
    }
}
