//! The attributes of a queue: names, bounds and defaults.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use std::ops::RangeInclusive;

use serde_json::{Map, Value};

use crate::{
    Attributes, ErrorKind, QueueError,
    redrive::{Redrive, RedriveAllow},
};

/// The most that a message or a whole batch may have, in bytes.
/// <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html>
pub(crate) const MAX_MESSAGE_BYTES: usize = 1024 * 1024;

/// The longest delay, in seconds.
pub(crate) const DELAY_SECONDS: RangeInclusive<i64> = 0..=900;
/// The visibility timeouts there are, in seconds.
pub(crate) const VISIBILITY_SECONDS: RangeInclusive<i64> = 0..=43_200;
/// The waits of a long poll, in seconds.
pub(crate) const WAIT_SECONDS: RangeInclusive<i64> = 0..=20;

/// Numeric attributes with their bounds and defaults.
const NUMBERS: [(&str, RangeInclusive<i64>, i64); 6] = [
    ("DelaySeconds", DELAY_SECONDS, 0),
    ("MaximumMessageSize", 1024..=1_048_576, 1_048_576),
    ("MessageRetentionPeriod", 60..=1_209_600, 345_600),
    ("ReceiveMessageWaitTimeSeconds", WAIT_SECONDS, 0),
    ("VisibilityTimeout", VISIBILITY_SECONDS, 30),
    ("KmsDataKeyReusePeriodSeconds", 60..=86_400, 300),
];

/// Attributes of one of several values, and what those are.
const CHOICES: [(&str, &[&str]); 5] = [
    ("FifoQueue", &["true", "false"]),
    ("ContentBasedDeduplication", &["true", "false"]),
    ("DeduplicationScope", &["queue", "messageGroup"]),
    ("FifoThroughputLimit", &["perQueue", "perMessageGroupId"]),
    ("SqsManagedSseEnabled", &["true", "false"]),
];

/// Attributes that the service computes; they can be read and not set.
pub(crate) const READ_ONLY: [&str; 6] = [
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed",
    "ApproximateNumberOfMessagesNotVisible",
    "CreatedTimestamp",
    "LastModifiedTimestamp",
    "QueueArn",
];

/// The checked attributes of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Settings {
    /// Those that were given, defaults aside.
    given: Attributes,
    fifo: bool,
    redrive: Option<Redrive>,
    redrive_allow: RedriveAllow,
}

impl Settings {
    /// Checks the attributes of a new queue of this name, and the name.
    pub(crate) fn new(name: &str, attributes: &Attributes) -> Result<Self, QueueError> {
        let fifo = attributes.get("FifoQueue").is_some_and(|value| value == "true");
        check_name(name, fifo)?;
        Self::default_of(fifo).with(attributes)
    }

    fn default_of(fifo: bool) -> Self {
        Self { given: Attributes::new(), fifo, redrive: None, redrive_allow: RedriveAllow::All }
    }

    /// These settings with other attributes set; an empty value takes an attribute back to its
    /// default.
    pub(crate) fn with(mut self, attributes: &Attributes) -> Result<Self, QueueError> {
        for (name, value) in attributes {
            self.check(name, value)?;
            if value.is_empty() {
                self.given.remove(name);
            } else {
                self.given.insert(name.clone(), value.clone());
            }
            match name.as_str() {
                "RedrivePolicy" => self.redrive = Redrive::parse(value)?,
                "RedriveAllowPolicy" => self.redrive_allow = RedriveAllow::parse(value)?,
                _ => {}
            }
        }
        self.choose_encryption(attributes)?;
        if self.get("FifoThroughputLimit").as_deref() == Some("perMessageGroupId")
            && !self.deduplicates_by_group()
        {
            return Err(QueueError::new(
                ErrorKind::InvalidAttributeValue,
                "Invalid value for the parameter FifoThroughputLimit. Reason: The \
                 perMessageGroupId value is allowed only when the value for DeduplicationScope is \
                 messageGroup.",
            ));
        }
        Ok(self)
    }

    /// A queue has one kind of encryption; the one that was chosen last.
    fn choose_encryption(&mut self, attributes: &Attributes) -> Result<(), QueueError> {
        let kms = attributes.get("KmsMasterKeyId").is_some_and(|key| !key.is_empty());
        let sqs = attributes.get("SqsManagedSseEnabled").is_some_and(|value| value == "true");
        match (kms, sqs) {
            (true, true) => {
                return Err(QueueError::new(
                    ErrorKind::InvalidAttributeName,
                    "You can use one type of server-side encryption (SSE) at one time. You can \
                     either enable KMS SSE or SQS SSE.",
                ));
            }
            (true, false) => drop(self.given.remove("SqsManagedSseEnabled")),
            (false, true) => drop(self.given.remove("KmsMasterKeyId")),
            (false, false) => {}
        }
        Ok(())
    }

    fn check(&self, name: &str, value: &str) -> Result<(), QueueError> {
        let invalid = || {
            let message = format!("Invalid value for the parameter {name}.");
            QueueError::new(ErrorKind::InvalidAttributeValue, message)
        };
        if let Some((_, bounds, _)) = NUMBERS.iter().find(|(known, ..)| *known == name) {
            let number: i64 = value.parse().map_err(|_| invalid())?;
            return if bounds.contains(&number) { Ok(()) } else { Err(invalid()) };
        }
        if let Some((_, values)) = CHOICES.iter().find(|(known, _)| *known == name) {
            // AWS knows FifoQueue for FIFO queues only, and of these only as true.
            if !self.fifo && ["FifoQueue", "ContentBasedDeduplication"].contains(&name) {
                return Err(unknown(name));
            }
            if !self.fifo && ["DeduplicationScope", "FifoThroughputLimit"].contains(&name) {
                let text =
                    format!("You can specify the {name} only when FifoQueue is set to true.");
                return Err(QueueError::new(ErrorKind::InvalidAttributeName, text));
            }
            if name == "FifoQueue" && value != "true" {
                return Err(QueueError::new(
                    ErrorKind::InvalidAttributeValue,
                    "Invalid value for the parameter FifoQueue. Reason: Modifying queue type is \
                     not supported.",
                ));
            }
            return if values.contains(&value) { Ok(()) } else { Err(invalid()) };
        }
        match name {
            "Policy" if !value.is_empty() => {
                serde_json::from_str::<Map<String, Value>>(value).map(drop).map_err(|_| invalid())
            }
            "Policy" | "RedriveAllowPolicy" | "RedrivePolicy" | "KmsMasterKeyId" => Ok(()),
            _ => Err(unknown(name)),
        }
    }

    /// The attributes that were given, to be stored and to make these settings from again.
    pub(crate) fn given(&self) -> &Attributes {
        &self.given
    }

    /// Whether it is a FIFO queue.
    pub(crate) fn is_fifo(&self) -> bool {
        self.fifo
    }

    /// `ContentBasedDeduplication`: whether a FIFO message needs no deduplication id.
    pub(crate) fn deduplicates_by_content(&self) -> bool {
        self.get("ContentBasedDeduplication").as_deref() == Some("true")
    }

    /// `DeduplicationScope`: whether messages of different groups are never duplicates.
    pub(crate) fn deduplicates_by_group(&self) -> bool {
        self.get("DeduplicationScope").as_deref() == Some("messageGroup")
    }

    /// `RedrivePolicy`.
    pub(crate) fn redrive(&self) -> Option<&Redrive> {
        self.redrive.as_ref()
    }

    /// `RedriveAllowPolicy`.
    pub(crate) fn redrive_allow(&self) -> &RedriveAllow {
        &self.redrive_allow
    }

    /// A numeric attribute of [`NUMBERS`]: `VisibilityTimeout` and so on.
    pub(crate) fn number(&self, name: &str) -> i64 {
        let given = self.given.get(name).and_then(|value| value.parse().ok());
        given.unwrap_or_else(|| {
            NUMBERS.iter().find(|(known, ..)| *known == name).map_or(0, |(.., default)| *default)
        })
    }

    /// A numeric attribute that counts seconds, in milliseconds.
    pub(crate) fn millis(&self, name: &str) -> u64 {
        seconds_to_millis(self.number(name))
    }

    /// An attribute's value, given or default, as `GetQueueAttributes` shows it; nothing for one
    /// that is not set and has no default.
    pub(crate) fn get(&self, name: &str) -> Option<String> {
        if let Some(value) = self.given.get(name) {
            return Some(value.clone());
        }
        match name {
            "KmsDataKeyReusePeriodSeconds" if !self.given.contains_key("KmsMasterKeyId") => None,
            "ContentBasedDeduplication" if self.fifo => Some("false".into()),
            "DeduplicationScope" if self.fifo => Some("queue".into()),
            "FifoThroughputLimit" if self.fifo => Some("perQueue".into()),
            "SqsManagedSseEnabled" => {
                Some((!self.given.contains_key("KmsMasterKeyId")).to_string())
            }
            _ if NUMBERS.iter().any(|(known, ..)| *known == name) => {
                Some(self.number(name).to_string())
            }
            _ => None,
        }
    }

    /// The names of all attributes that can be set.
    pub(crate) fn names() -> impl Iterator<Item = &'static str> {
        let others = ["Policy", "RedrivePolicy", "RedriveAllowPolicy", "KmsMasterKeyId"];
        let numbers = NUMBERS.iter().map(|(name, ..)| *name);
        numbers.chain(CHOICES.iter().map(|(name, _)| *name)).chain(others)
    }

    /// The first of the given attributes in which an existing queue differs.
    pub(crate) fn difference<'a>(&self, attributes: &'a Attributes) -> Option<&'a str> {
        let differs = |name: &str, value: &str| {
            let ours = self.get(name).unwrap_or_default();
            let json = |text| serde_json::from_str::<Value>(text).ok();
            ours != value && (json(&ours).is_none() || json(&ours) != json(value))
        };
        attributes.iter().find(|(name, value)| differs(name, value)).map(|(name, _)| name.as_str())
    }
}

/// The error for an attribute that SQS does not have.
pub(crate) fn unknown(name: &str) -> QueueError {
    QueueError::new(ErrorKind::InvalidAttributeName, format!("Unknown Attribute {name}."))
}

/// Seconds that were checked to be in bounds, in milliseconds.
pub(crate) fn seconds_to_millis(seconds: i64) -> u64 {
    u64::try_from(seconds).unwrap_or(0) * 1000
}

fn check_name(name: &str, fifo: bool) -> Result<(), QueueError> {
    let stem = if fifo { name.strip_suffix(".fifo") } else { Some(name) };
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
    if stem.is_some_and(|stem| !stem.is_empty() && stem.bytes().all(allowed)) && name.len() <= 80 {
        return Ok(());
    }
    let message = if fifo {
        "The name of a FIFO queue can only include alphanumeric characters, hyphens, or \
         underscores, must end with .fifo suffix and be 1 to 80 in length."
    } else {
        "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
    };
    Err(QueueError::new(ErrorKind::InvalidParameterValue, message))
}
