//! An entry as the event that rules match and targets get.

use std::time::SystemTime;

use samovar_dispatch::Account;
use serde::Serialize;
use serde_json::Value;

use super::entry::{Entry, EntryError};
use crate::time::rfc3339;

/// An event on a bus.
pub(super) struct Event {
    pub(super) id: String,
    /// Its JSON, with the detail as it was given.
    pub(super) json: String,
    /// The same, to look into.
    pub(super) value: Value,
    /// When it came, RFC 3339.
    pub(super) ingested: String,
}

/// EventBridge guide, "AWS service event metadata", without `detail`, which stays as it is.
#[derive(Serialize)]
struct Head<'e> {
    version: &'static str,
    id: &'e str,
    #[serde(rename = "detail-type")]
    detail_type: &'e str,
    source: &'e str,
    account: &'e str,
    time: String,
    region: &'e str,
    resources: &'e [String],
}

impl Event {
    pub(super) fn new(
        entry: Entry,
        account: &Account,
        now: SystemTime,
    ) -> Result<Self, EntryError> {
        let source = Entry::take(entry.source, "Source")?;
        let detail_type = Entry::take(entry.detail_type, "DetailType")?;
        let detail = Entry::take(entry.detail, "Detail")?;
        if source.starts_with("aws.") {
            return Err(EntryError {
                code: "NotAuthorizedForSourceException",
                message: "Not authorized for the source.".to_owned(),
            });
        }
        let parsed = serde_json::from_str(&detail).ok().filter(Value::is_object);
        let malformed =
            || EntryError { code: "MalformedDetail", message: "Detail is malformed.".to_owned() };
        let parsed = parsed.ok_or_else(malformed)?;
        let id = uuid::Uuid::new_v4().to_string();
        let head = Head {
            version: "0",
            id: &id,
            detail_type: &detail_type,
            source: &source,
            account: &account.id,
            time: rfc3339(entry.time.unwrap_or(now)),
            region: &account.region,
            resources: &entry.resources,
        };
        // Strings only: neither can fail.
        let mut value = serde_json::to_value(&head).unwrap_or_default();
        let mut json = serde_json::to_string(&head).unwrap_or_default();
        json.pop();
        json.push_str(r#","detail":"#);
        json.push_str(detail.trim());
        json.push('}');
        if let Value::Object(fields) = &mut value {
            fields.insert("detail".to_owned(), parsed);
        }
        Ok(Self { id, json, value, ingested: rfc3339(now) })
    }
}
