//! What `PutEvents` is given.

use std::time::SystemTime;

/// One entry: `PutEventsRequestEntry`.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    /// `Source`: needed.
    pub source: Option<String>,
    /// `DetailType`: needed.
    pub detail_type: Option<String>,
    /// `Detail`: needed, a JSON object as text.
    pub detail: Option<String>,
    /// `Resources`.
    pub resources: Vec<String>,
    /// `Time`; when the request came where it is absent.
    pub time: Option<SystemTime>,
    /// `EventBusName`: name or ARN; `default` where it is absent.
    pub bus: Option<String>,
}

impl Entry {
    /// Its size in bytes (EventBridge guide, "Calculating PutEvents event entry size").
    pub(super) fn size(&self) -> usize {
        let texts = [&self.source, &self.detail_type, &self.detail].into_iter().flatten();
        let time = if self.time.is_some() { 14 } else { 0 };
        texts.chain(&self.resources).map(String::len).sum::<usize>() + time
    }

    /// Takes a member that must be there.
    pub(super) fn take(member: Option<String>, name: &str) -> Result<String, EntryError> {
        member.filter(|text| !text.is_empty()).ok_or_else(|| EntryError {
            code: "InvalidArgument",
            message: format!(
                "Parameter {name} is not valid. Reason: {name} is a required argument."
            ),
        })
    }
}

/// Why an entry was not accepted: `PutEventsResultEntry`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EntryError {
    /// `ErrorCode`.
    pub code: &'static str,
    /// `ErrorMessage`.
    pub message: String,
}
