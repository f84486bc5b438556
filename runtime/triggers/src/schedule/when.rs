//! When a schedule fires: its expression, time zone, start and end.

use std::time::Duration;

use jiff::civil::DateTime;
use jiff::tz::{AmbiguousOffset, TimeZone, TimeZoneDatabase};
use jiff::{SignedDuration, Timestamp};
use samovar_app::{Rate, ScheduleTrigger};

use super::cron::Cron;

/// The times of one schedule.
#[derive(Debug)]
pub(crate) struct When {
    times: Times,
    start: Option<Timestamp>,
    end: Option<Timestamp>,
}

#[derive(Debug)]
enum Times {
    /// `rate(...)`: every so long from the first time on.
    Every {
        first: Timestamp,
        period: SignedDuration,
    },
    Cron {
        cron: Cron,
        zone: TimeZone,
    },
    Once(Timestamp),
}

impl When {
    /// The times of a schedule that was made at `created`. `None`: there are none, because the
    /// trigger is disabled, or its expression, zone or dates are only known on AWS.
    pub(crate) fn new(trigger: &ScheduleTrigger, created: Timestamp) -> Option<Self> {
        if !trigger.enabled {
            return None;
        }
        let date = |text: &Option<String>| match text {
            Some(text) => instant(text).map(Some),
            None => Some(None),
        };
        let (start, end) = (date(&trigger.start)?, date(&trigger.end)?);
        let zone = match &trigger.timezone {
            // The database of the template's check, compiled in: the same on every machine, and
            // there on one without tzdata.
            Some(name) => TimeZoneDatabase::bundled().get(name).ok()?,
            None => TimeZone::UTC,
        };
        let times = match &trigger.rate {
            Rate::Every(period) => every(*period, start, created)?,
            Rate::Expression(text) => {
                let (function, argument) = text.strip_suffix(')')?.split_once('(')?;
                match function {
                    "cron" => Times::Cron { cron: Cron::parse(argument)?, zone },
                    "at" => {
                        // EventBridge Scheduler guide, "Schedule types": dates do not count for a
                        // schedule that fires once.
                        let at = occurrence(argument.parse().ok()?, &zone)?;
                        return Some(Self { times: Times::Once(at), start: None, end: None });
                    }
                    _ => return None,
                }
            }
        };
        Some(Self { times, start, end })
    }

    /// The first time after `after`.
    pub(crate) fn next(&self, after: Timestamp) -> Option<Timestamp> {
        // A start is a time itself.
        let before_start = |start: Timestamp| start.checked_sub(SignedDuration::from_nanos(1)).ok();
        let after = self.start.and_then(before_start).map_or(after, |start| start.max(after));
        let next = match &self.times {
            Times::Once(at) => Some(*at).filter(|at| *at > after),
            Times::Every { first, period } => next_of_rate(*first, *period, after),
            Times::Cron { cron, zone } => next_of_cron(cron, zone, after),
        }?;
        self.end.is_none_or(|end| next <= end).then_some(next)
    }
}

/// A rate counts from the rule's creation (EventBridge guide, "Rate expressions"), so that it
/// fires for the first time one period later; from `StartDate` on where there is one.
fn every(period: Duration, start: Option<Timestamp>, created: Timestamp) -> Option<Times> {
    let period = SignedDuration::try_from(period).ok().filter(|period| !period.is_zero())?;
    let first = match start {
        Some(start) => start,
        None => created.checked_add(period).ok()?,
    };
    Some(Times::Every { first, period })
}

fn next_of_rate(first: Timestamp, period: SignedDuration, after: Timestamp) -> Option<Timestamp> {
    if after < first {
        return Some(first);
    }
    let passed = first.duration_until(after).as_nanos() / period.as_nanos() + 1;
    let nanos = passed.checked_mul(period.as_nanos())?.checked_add(first.as_nanosecond())?;
    Timestamp::from_nanosecond(nanos).ok()
}

/// Times that a clock change leaves out do not fire, those that it brings twice fire once, the
/// first time (EventBridge Scheduler guide, "Daylight saving time").
fn next_of_cron(cron: &Cron, zone: &TimeZone, after: Timestamp) -> Option<Timestamp> {
    let mut civil = zone.to_datetime(after);
    loop {
        civil = cron.next(civil)?;
        if let Some(at) = occurrence(civil, zone).filter(|at| *at > after) {
            return Some(at);
        }
    }
}

/// The first time that clocks of a zone show this; `None`: never.
fn occurrence(civil: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(civil);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        _ => ambiguous.earlier().ok(),
    }
}

/// `StartDate` and `EndDate`: RFC 3339, in UTC where no zone is written.
fn instant(text: &str) -> Option<Timestamp> {
    let utc = || occurrence(text.parse().ok()?, &TimeZone::UTC);
    text.parse().ok().or_else(utc)
}

#[cfg(test)]
mod tests;
