//! Schedules as a table.

use std::fmt;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use super::pages::Schedule;
use crate::queues::rounded;
use crate::terminal::{Style, pad, printable, widest};

/// The table of the schedules.
pub(super) struct Table<'a> {
    pub(super) schedules: &'a [Schedule],
    /// In milliseconds since 1970.
    pub(super) now: u64,
    /// Of the person who reads.
    pub(super) zone: TimeZone,
    pub(super) style: Style,
}

const TITLES: [&str; 4] = ["SCHEDULE", "EXPRESSION", "NEXT", "TARGETS"];

impl fmt::Display for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.schedules.is_empty() {
            return write!(f, "There are no schedules.");
        }
        let rows: Vec<[String; 4]> = self.schedules.iter().map(|one| self.row(one)).collect();
        let widths: [usize; 4] = std::array::from_fn(|column| {
            widest(rows.iter().map(|row| row[column].as_str()).chain([TITLES[column]]))
        });
        write!(f, "{}", self.style.dim(&line(&TITLES, &widths)))?;
        rows.iter().try_for_each(|row| write!(f, "\n{}", line(row, &widths)))
    }
}

impl Table<'_> {
    fn row(&self, schedule: &Schedule) -> [String; 4] {
        let expression = match &schedule.time_zone {
            Some(zone) => format!("{} {zone}", schedule.expression),
            None => schedule.expression.clone(),
        };
        let next = match schedule.next_at {
            Some(at) => format!("{} (in {})", self.time(at), distance(at, self.now)),
            None if schedule.enabled => "never".to_owned(),
            None => "disabled".to_owned(),
        };
        [schedule.name.clone(), expression, next, schedule.targets.join(", ")]
            .map(|cell| printable(&cell))
    }

    /// `2030-01-31 23:59:59`, by the reader's clock.
    fn time(&self, at: u64) -> String {
        let at = i64::try_from(at).ok().and_then(|at| Timestamp::from_millisecond(at).ok());
        let zoned = at.unwrap_or_default().to_zoned(self.zone.clone());
        zoned.strftime("%Y-%m-%d %H:%M:%S").to_string()
    }
}

fn line<T: AsRef<str>>(cells: &[T; 4], widths: &[usize; 4]) -> String {
    let cells = cells.iter().zip(widths).map(|(cell, width)| pad(cell.as_ref(), *width));
    cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
}

/// How long that is from now.
fn distance(at: u64, now: u64) -> String {
    rounded(at.saturating_sub(now).div_ceil(1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schedule_is_a_row() {
        let tick = Schedule {
            name: "HeartbeatTick".to_owned(),
            expression: "rate(1 minute)".to_owned(),
            time_zone: None,
            enabled: true,
            next_at: Some(951_825_601_000),
            targets: vec!["Heartbeat".to_owned(), "ticks".to_owned()],
        };
        let dawn = Schedule {
            name: "dawn".to_owned(),
            expression: "cron(30 6 * * ? *)".to_owned(),
            time_zone: Some("Europe/Brussels".to_owned()),
            next_at: None,
            enabled: false,
            targets: vec!["TurnOff".to_owned()],
        };
        let schedules = [tick, dawn];
        let (now, zone) = (951_825_555_500, TimeZone::UTC);
        let table = Table { schedules: &schedules, now, zone, style: Style::plain() };
        assert_eq!(
            table.to_string(),
            "SCHEDULE       EXPRESSION                          NEXT                           TARGETS\n\
             HeartbeatTick  rate(1 minute)                      2000-02-29 12:00:01 (in 46 s)  Heartbeat, ticks\n\
             dawn           cron(30 6 * * ? *) Europe/Brussels  disabled                       TurnOff"
        );
        let none = Table { schedules: &[], now, zone: TimeZone::UTC, style: Style::plain() };
        assert_eq!(none.to_string(), "There are no schedules.");
    }
}
