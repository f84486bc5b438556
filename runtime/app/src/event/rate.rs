//! Schedule expressions.
//!
//! Source: EventBridge user guide, "Setting a schedule pattern" (`rate(1 minute)`, never
//! `rate(1 minutes)`), and EventBridge Scheduler user guide, "Schedule types" (either).

use std::time::Duration;

use super::{cron, time};
use crate::model::{Rate, ScheduleService};

/// Parses an expression; the error says what to write instead. Rules take `rate` and `cron` and are
/// strict about the plural; the Scheduler takes `at` too.
pub(super) fn parse(text: &str, service: ScheduleService) -> Result<Rate, String> {
    let usage = || match service {
        ScheduleService::Rule => "write `rate(5 minutes)` or `cron(0 8 * * ? *)`".to_owned(),
        ScheduleService::Scheduler => {
            "write `rate(5 minutes)`, `cron(0 8 * * ? *)` or `at(2030-01-01T00:00:00)`".to_owned()
        }
    };
    let (function, argument) =
        text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(usage)?;
    match function {
        "rate" => rate(argument, service),
        "cron" => cron::check(argument).map(|()| Rate::Expression(text.to_owned())),
        "at" if service == ScheduleService::Scheduler => match time::local(argument) {
            Some(_) => Ok(Rate::Expression(text.to_owned())),
            None => {
                Err("write a date and a time that there is: `at(2030-01-01T00:00:00)`".to_owned())
            }
        },
        _ => Err(usage()),
    }
}

fn rate(argument: &str, service: ScheduleService) -> Result<Rate, String> {
    let usage = || "write a whole number and a unit: `rate(5 minutes)`".to_owned();
    let mut words = argument.split_whitespace();
    let (Some(value), Some(unit), None) = (words.next(), words.next(), words.next()) else {
        return Err(usage());
    };
    let value: u64 = value.parse().map_err(|_| usage())?;
    let (singular, seconds) = match unit.strip_suffix('s').unwrap_or(unit) {
        "minute" => ("minute", 60),
        "hour" => ("hour", 60 * 60),
        "day" => ("day", 24 * 60 * 60),
        _ => return Err("the unit is `minutes`, `hours` or `days`".to_owned()),
    };
    if value == 0 {
        return Err("the number must be at least 1".to_owned());
    }
    if service == ScheduleService::Rule && (value == 1) != (unit == singular) {
        let plural = if value == 1 { "" } else { "s" };
        return Err(format!(
            "write `rate({value} {singular}{plural})`: AWS refuses the other form"
        ));
    }
    let seconds = value.checked_mul(seconds).ok_or_else(usage)?;
    Ok(Rate::Every(Duration::from_secs(seconds)))
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::model::{Rate, ScheduleService};
    use std::time::Duration;

    #[test]
    fn rates() {
        for (text, minutes) in [
            ("rate(1 minute)", 1),
            ("rate(5 minutes)", 5),
            ("rate(2 hours)", 120),
            ("rate(1 day)", 1440),
        ] {
            let every = Rate::Every(Duration::from_secs(minutes * 60));
            assert_eq!(parse(text, ScheduleService::Rule), Ok(every), "{text}");
        }
        assert!(parse("rate(1 minutes)", ScheduleService::Scheduler).is_ok());
    }

    #[test]
    fn expressions_stay_text() {
        for text in ["cron(0 8 * * ? *)", "at(2030-01-01T00:00:00)"] {
            let parsed = parse(text, ScheduleService::Scheduler);
            assert_eq!(parsed, Ok(Rate::Expression(text.to_owned())), "{text}");
        }
        assert_eq!(
            parse("at(2030-02-30T00:00:00)", ScheduleService::Scheduler),
            Err("write a date and a time that there is: `at(2030-01-01T00:00:00)`".to_owned())
        );
    }

    #[test]
    fn what_rules_refuse() {
        for (text, help) in [
            ("rate(1 minutes)", "write `rate(1 minute)`: AWS refuses the other form"),
            ("rate(5 minute)", "write `rate(5 minutes)`: AWS refuses the other form"),
            ("rate(0 minutes)", "the number must be at least 1"),
            ("rate(5 seconds)", "the unit is `minutes`, `hours` or `days`"),
            ("rate(5)", "write a whole number and a unit: `rate(5 minutes)`"),
            ("rate(-5 minutes)", "write a whole number and a unit: `rate(5 minutes)`"),
            (
                "rate(18446744073709551615 days)",
                "write a whole number and a unit: `rate(5 minutes)`",
            ),
            ("every minute", "write `rate(5 minutes)` or `cron(0 8 * * ? *)`"),
            ("at(2030-01-01T00:00:00)", "write `rate(5 minutes)` or `cron(0 8 * * ? *)`"),
        ] {
            assert_eq!(parse(text, ScheduleService::Rule), Err(help.to_owned()), "{text}");
        }
    }
}
