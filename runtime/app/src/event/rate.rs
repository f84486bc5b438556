//! Schedule expressions.
//!
//! Source: EventBridge user guide, "Setting a schedule pattern" (`rate(1 minute)`, never
//! `rate(1 minutes)`), and EventBridge Scheduler user guide, "Schedule types" (either).

use std::time::Duration;

use crate::model::Rate;

/// Whose expressions they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Service {
    /// EventBridge rules: `rate` and `cron`, strict about the plural.
    Rules,
    /// EventBridge Scheduler: `rate`, `cron` and `at`.
    Scheduler,
}

/// Parses an expression; the error says what to write instead.
pub(super) fn parse(text: &str, service: Service) -> Result<Rate, String> {
    let usage = || match service {
        Service::Rules => "write `rate(5 minutes)` or `cron(0 8 * * ? *)`".to_owned(),
        Service::Scheduler => {
            "write `rate(5 minutes)`, `cron(0 8 * * ? *)` or `at(2030-01-01T00:00:00)`".to_owned()
        }
    };
    let (function, argument) =
        text.strip_suffix(')').and_then(|text| text.split_once('(')).ok_or_else(usage)?;
    match function {
        "rate" => rate(argument, service),
        // Five fields of time and one of years; what is in them is checked when they are emulated.
        "cron" if argument.split_whitespace().count() == 6 => Ok(Rate::Expression(text.to_owned())),
        "cron" => {
            Err("`cron` takes six fields: minutes, hours, day of month, month, day of week, \
                       year"
                .to_owned())
        }
        "at" if service == Service::Scheduler => Ok(Rate::Expression(text.to_owned())),
        _ => Err(usage()),
    }
}

fn rate(argument: &str, service: Service) -> Result<Rate, String> {
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
    if service == Service::Rules && (value == 1) != (unit == singular) {
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
    use super::{Service, parse};
    use crate::model::Rate;
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
            assert_eq!(parse(text, Service::Rules), Ok(every), "{text}");
        }
        assert!(parse("rate(1 minutes)", Service::Scheduler).is_ok());
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
            assert_eq!(parse(text, Service::Rules), Err(help.to_owned()), "{text}");
        }
    }
}
