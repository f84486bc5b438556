//! Time zones of schedules.
//!
//! Source: EventBridge Scheduler's API reference, "CreateSchedule": `ScheduleExpressionTimezone`,
//! a name of the IANA time zone database; AWS refuses others ("Invalid ScheduleExpressionTimezone").
//!
//! The database is the one that is compiled in, by which schedules are fired too: what is a time
//! zone does not depend on the machine.

use jiff::tz::TimeZoneDatabase;

use super::source::Source;
use crate::suggest::did_you_mean;

const PROPERTY: &str = "ScheduleExpressionTimezone";

/// `ScheduleExpressionTimezone`.
pub(super) fn read(source: &Source) -> Option<String> {
    let node = source.get(PROPERTY)?;
    let name = source.text(PROPERTY, 1..=50)?;
    let zones = TimeZoneDatabase::bundled();
    if node.is_unresolved() || zones.get(&name).is_ok() {
        return Some(name);
    }
    let known: Vec<_> = zones.available().collect();
    let help = did_you_mean(&name, known.iter().map(|zone| zone.as_str()))
        .unwrap_or_else(|| "write a name as `Europe/Brussels` or `UTC`".to_owned());
    source.reader.wrong(PROPERTY, node, "a time zone", help);
    None
}
