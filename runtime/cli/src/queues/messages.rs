//! Messages as a person reads them.

use std::fmt;

use super::pages::{Attribute, Queue, Seen};
use super::table::age;
use crate::terminal::{Style, printable, words::count};

/// The first messages of a queue.
pub(super) struct Messages<'a> {
    pub(super) queue: &'a Queue,
    pub(super) seen: &'a [Seen],
    /// In milliseconds since 1970.
    pub(super) now: u64,
    pub(super) style: Style,
}

impl fmt::Display for Messages<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.style.bold(&self.queue.name);
        if self.seen.is_empty() {
            return write!(f, "{name}  no messages");
        }
        // Others may have come or gone since they were counted.
        let shown = self.seen.len();
        let all = usize::try_from(self.queue.messages()).unwrap_or(usize::MAX);
        let number = count(all.max(shown), "message");
        match all.saturating_sub(shown) {
            0 => write!(f, "{name}  {number}")?,
            _ => write!(f, "{name}  {number}, the first {shown}:")?,
        }
        self.seen.iter().try_for_each(|seen| self.message(f, seen))
    }
}

impl Messages<'_> {
    fn message(&self, f: &mut fmt::Formatter<'_>, seen: &Seen) -> fmt::Result {
        let Seen { state, visible_at, message } = seen;
        let state = match state.as_str() {
            "visible" => "visible".to_owned(),
            other => {
                let seconds = visible_at.saturating_sub(self.now).div_ceil(1000);
                format!("{}, visible in {seconds} s", printable(other).replace('-', " "))
            }
        };
        let attribute = |name: &str| message.attributes.get(name);
        let sent = attribute("SentTimestamp").and_then(|at| at.parse().ok());
        let sent = sent.map_or_else(String::new, |at| format!("  sent {} ago", age(at, self.now)));
        let received = attribute("ApproximateReceiveCount").filter(|count| *count != "0");
        let received = received
            .map_or_else(String::new, |count| format!("  received {} times", printable(count)));
        let about = self.style.dim(&format!("{state}{sent}{received}"));
        write!(f, "\n\n  {}  {about}", printable(&message.message_id))?;
        for (name, label) in [
            ("MessageGroupId", "group"),
            ("MessageDeduplicationId", "deduplication"),
            ("SequenceNumber", "sequence"),
            ("DeadLetterQueueSourceArn", "failed in"),
            ("AWSTraceHeader", "trace"),
        ] {
            if let Some(value) = attribute(name) {
                self.about(f, label, value)?;
            }
        }
        for (name, Attribute { data_type, string_value, binary_value }) in
            &message.message_attributes
        {
            let value = string_value.as_ref().or(binary_value.as_ref());
            let value = value.map_or("", String::as_str);
            match data_type.as_str() {
                "String" => self.about(f, name, value)?,
                other => self.about(f, &format!("{name} ({other})"), value)?,
            }
        }
        message.body.lines().try_for_each(|line| write!(f, "\n    {}", printable(line)))
    }

    fn about(&self, f: &mut fmt::Formatter<'_>, label: &str, value: &str) -> fmt::Result {
        write!(f, "\n  {}", self.style.dim(&printable(&format!("{label}: {value}"))))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn seen() -> Vec<Seen> {
        serde_json::from_value(json!([
            {"state": "visible", "visibleAt": 1_000, "message": {
                "MessageId": "id-1", "ReceiptHandle": "", "MD5OfBody": "", "Body": "tea\n\u{1b}[2J",
                "Attributes": {"SentTimestamp": "1000", "ApproximateReceiveCount": "0"},
                "MessageAttributes": {
                    "From": {"DataType": "String", "StringValue": "shop"},
                    "Size": {"DataType": "Number", "StringValue": "3"},
                },
            }},
            {"state": "in-flight", "visibleAt": 20_500, "message": {
                "MessageId": "id-2", "ReceiptHandle": "", "MD5OfBody": "", "Body": "cake",
                "Attributes": {
                    "SentTimestamp": "2000", "ApproximateReceiveCount": "2", "MessageGroupId": "a",
                },
            }},
        ]))
        .unwrap()
    }

    #[test]
    fn messages_are_shown_with_all_about_them() {
        let queue =
            Queue { name: "orders".to_owned(), visible: 1, in_flight: 1, ..Queue::default() };
        let seen = seen();
        let messages = Messages { queue: &queue, seen: &seen, now: 10_000, style: Style::plain() };
        assert_eq!(
            messages.to_string(),
            "orders  2 messages\n\n  \
             id-1  visible  sent 9 s ago\n  \
             From: shop\n  \
             Size (Number): 3\n    \
             tea\n    \
             \u{241b}[2J\n\n  \
             id-2  in flight, visible in 11 s  sent 8 s ago  received 2 times\n  \
             group: a\n    \
             cake"
        );
    }

    #[test]
    fn a_part_says_what_it_is_a_part_of() {
        let queue = Queue { name: "orders".to_owned(), visible: 70, ..Queue::default() };
        let seen = seen();
        let text = |seen| {
            let style = Style::plain();
            Messages { queue: &queue, seen, now: 10_000, style }.to_string()
        };
        assert!(text(&seen).starts_with("orders  70 messages, the first 2:\n\n"));
        assert_eq!(text(&[]), "orders  no messages");
    }
}
