//! The policies of dead-letter queues: where messages go that fail too often, and from where a
//! queue lets them come.
//!
//! <https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html>

use serde_json::{Map, Value};

use crate::QueueError;

/// How many queues a `RedriveAllowPolicy` names at most.
const MAX_SOURCES: usize = 10;

/// `RedrivePolicy`: where messages go that fail too often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Redrive {
    /// `deadLetterTargetArn`.
    pub(crate) target_arn: String,
    /// `maxReceiveCount`, 1 to 1000.
    pub(crate) max_receive_count: u32,
}

impl Redrive {
    /// Reads the policy; an empty one is none.
    pub(crate) fn parse(json: &str) -> Result<Option<Self>, QueueError> {
        if json.is_empty() {
            return Ok(None);
        }
        let invalid = |reason: &str| QueueError::invalid_parameter("RedrivePolicy", json, reason);
        let policy = map(json).ok_or_else(|| invalid("Redrive policy is not a valid JSON map."))?;
        let target_arn = policy.get("deadLetterTargetArn").and_then(Value::as_str);
        let target_arn = target_arn.ok_or_else(|| {
            invalid("Redrive policy does not contain mandatory attribute: deadLetterTargetArn.")
        })?;
        if !is_arn(target_arn) {
            return Err(invalid("Invalid value for deadLetterTargetArn."));
        }
        let count = policy.get("maxReceiveCount").ok_or_else(|| {
            invalid("Redrive policy does not contain mandatory attribute: maxReceiveCount.")
        })?;
        // CloudFormation and the CLI send a number or a string.
        let number = count.as_u64().or_else(|| count.as_str()?.parse().ok());
        let max_receive_count = number
            .and_then(|number| u32::try_from(number).ok())
            .filter(|number| (1..=1000).contains(number))
            .ok_or_else(|| {
                let shown = count.as_str().map_or_else(|| count.to_string(), str::to_owned);
                invalid(&format!(
                    "Invalid value for maxReceiveCount: {shown}, valid values are from 1 to 1000 \
                     both inclusive."
                ))
            })?;
        Ok(Some(Self { target_arn: target_arn.to_owned(), max_receive_count }))
    }
}

/// `RedriveAllowPolicy`: which queues may have this one as their dead-letter queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum RedriveAllow {
    /// `allowAll`.
    #[default]
    All,
    /// `denyAll`.
    None,
    /// `byQueue`: those with these ARNs, at most ten.
    Some(Vec<String>),
}

impl RedriveAllow {
    /// Reads the policy; an empty one is the default.
    pub(crate) fn parse(json: &str) -> Result<Self, QueueError> {
        if json.is_empty() {
            return Ok(Self::All);
        }
        let invalid =
            |reason: &str| QueueError::invalid_parameter("RedriveAllowPolicy", json, reason);
        let policy =
            map(json).ok_or_else(|| invalid("Redrive allow policy is not a valid JSON map."))?;
        let arns = policy.get("sourceQueueArns");
        let permission = policy.get("redrivePermission").and_then(Value::as_str);
        if permission != Some("byQueue") && arns.is_some() {
            return Err(invalid("sourceQueueArns can only be set for redrivePermission byQueue."));
        }
        match permission {
            Some("allowAll") => Ok(Self::All),
            Some("denyAll") => Ok(Self::None),
            Some("byQueue") => {
                let arn = |arn: &Value| arn.as_str().filter(|arn| is_arn(arn)).map(str::to_owned);
                let arns: Option<Vec<String>> =
                    arns.and_then(|arns| arns.as_array()?.iter().map(arn).collect());
                arns.filter(|arns| (1..=MAX_SOURCES).contains(&arns.len()))
                    .map(Self::Some)
                    .ok_or_else(|| invalid("sourceQueueArns must be a list of 1 to 10 queue ARNs."))
            }
            _ => Err(invalid("redrivePermission must be allowAll, denyAll or byQueue.")),
        }
    }

    /// Whether the queue with this ARN may send its dead letters.
    pub(crate) fn allows(&self, source_arn: &str) -> bool {
        match self {
            Self::All => true,
            Self::None => false,
            Self::Some(arns) => arns.iter().any(|arn| arn == source_arn),
        }
    }
}

/// Whether this has the form of the ARN of a queue.
pub(crate) fn is_arn(arn: &str) -> bool {
    arn.starts_with("arn:") && arn.split(':').count() == 6
}

fn map(json: &str) -> Option<Map<String, Value>> {
    match serde_json::from_str(json) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}
