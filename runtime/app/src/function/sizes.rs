//! `MemorySize`, `Timeout` and `EphemeralStorage`.
//!
//! Source: Lambda's quotas; for functions on a capacity provider, whose bounds are wider, the
//! schema of "AWS::Lambda::Function".

use std::time::Duration;

use super::Subject;
use crate::report::Fault;

/// How large a function is and how long it may run.
pub(super) struct Sizes {
    pub(super) memory_mb: u32,
    pub(super) timeout_s: u32,
    pub(super) ephemeral_storage_mb: u32,
}

impl Sizes {
    pub(super) fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.into())
    }
}

/// The sizes, Lambda's defaults for those that are not written or faulty.
pub(super) fn read(subject: &Subject) -> Sizes {
    let (memory, timeout, storage) = match subject.has("CapacityProviderConfig") {
        Some(_) => (32_768, 5400, 32_768),
        None => (10_240, 900, 10_240),
    };
    Sizes {
        memory_mb: subject.integer("MemorySize", 128, memory, "MB").unwrap_or(128),
        timeout_s: subject.integer("Timeout", 1, timeout, "seconds").unwrap_or(3),
        ephemeral_storage_mb: ephemeral_storage(subject, storage).unwrap_or(512),
    }
}

/// `EphemeralStorage.Size`.
fn ephemeral_storage(subject: &Subject, most: u32) -> Option<u32> {
    let (key, node) = subject.property("EphemeralStorage")?;
    let map = subject.reader.map("EphemeralStorage", &node)?;
    subject.reader.only(map, &["Size"]);
    match node.get("Size") {
        Some(size) => subject.reader.integer("EphemeralStorage.Size", size, 512..=most, "MB"),
        None => {
            let message = format!("`EphemeralStorage` of {} has no `Size`", subject.resource.id);
            subject.fault(Fault::new(key.at, message).help("add one: `Size: 512`".to_owned()));
            None
        }
    }
}
