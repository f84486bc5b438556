use samovar_app::{RetryPolicy, ScheduleService};

use super::*;
use crate::testing::span;

fn trigger(rate: Rate) -> ScheduleTrigger {
    ScheduleTrigger {
        name: "Tick".into(),
        rule: "Tick".into(),
        service: ScheduleService::Scheduler,
        rate,
        timezone: None,
        start: None,
        end: None,
        flexible_window: None,
        input: None,
        retry: RetryPolicy::default(),
        dead_letter: None,
        enabled: true,
        span: span(),
    }
}

fn expression(text: &str, zone: &str) -> ScheduleTrigger {
    ScheduleTrigger { timezone: Some(zone.into()), ..trigger(Rate::Expression(text.into())) }
}

/// The times after `now`, at most `count`.
fn times(trigger: &ScheduleTrigger, now: &str, count: usize) -> Vec<String> {
    let mut at: Timestamp = now.parse().expect(now);
    let Some(when) = When::new(trigger, at) else { return Vec::new() };
    let mut times = Vec::new();
    while times.len() < count
        && let Some(next) = when.next(at)
    {
        at = next;
        times.push(at.to_string());
    }
    times
}

#[test]
fn zones_shift_with_the_season() {
    let noon = expression("cron(0 12 * * ? *)", "Europe/Berlin");
    assert_eq!(
        times(&noon, "2026-03-28T00:00:00Z", 2),
        ["2026-03-28T11:00:00Z", "2026-03-29T10:00:00Z"]
    );
}

/// EventBridge Scheduler guide, "Daylight saving time".
#[test]
fn left_out_times_do_not_fire_and_repeated_ones_fire_once() {
    let spring = expression("cron(30 2 * * ? *)", "America/New_York");
    assert_eq!(
        times(&spring, "2026-03-07T12:00:00Z", 2),
        ["2026-03-09T06:30:00Z", "2026-03-10T06:30:00Z"],
        "on 8 March there is no half past two"
    );
    let autumn = expression("cron(30 1 * * ? *)", "America/New_York");
    assert_eq!(
        times(&autumn, "2026-10-31T12:00:00Z", 2),
        ["2026-11-01T05:30:00Z", "2026-11-02T06:30:00Z"],
        "on 1 November half past one comes twice"
    );
    assert_eq!(
        times(&autumn, "2026-11-01T05:45:00Z", 1),
        ["2026-11-02T06:30:00Z"],
        "between the two"
    );
}

#[test]
fn a_single_time_fires_once_unless_it_is_past() {
    let once = expression("at(2026-07-01T09:30:00)", "Asia/Kolkata");
    assert_eq!(times(&once, "2026-01-01T00:00:00Z", 5), ["2026-07-01T04:00:00Z"]);
    assert!(times(&once, "2026-07-01T04:00:00Z", 5).is_empty());
}

#[test]
fn start_and_end_bound_the_times() {
    let hourly = ScheduleTrigger {
        start: Some("2026-01-01T10:20:00Z".into()),
        end: Some("2026-01-01T13:30:00+01:00".into()),
        ..trigger(Rate::Every(Duration::from_secs(3600)))
    };
    assert_eq!(
        times(&hourly, "2026-01-01T00:00:00Z", 9),
        ["2026-01-01T10:20:00Z", "2026-01-01T11:20:00Z", "2026-01-01T12:20:00Z"]
    );
    let quarters = ScheduleTrigger {
        rate: Rate::Expression("cron(0/15 * * * ? *)".into()),
        start: Some("2026-01-01T10:15:00".into()),
        end: Some("2026-01-01T10:45:00Z".into()),
        ..trigger(Rate::Every(Duration::ZERO))
    };
    assert_eq!(
        times(&quarters, "2026-01-01T00:00:00Z", 9),
        ["2026-01-01T10:15:00Z", "2026-01-01T10:30:00Z", "2026-01-01T10:45:00Z"]
    );
}

#[test]
fn a_rate_counts_from_its_creation_and_leaves_out_what_was_missed() {
    let created: Timestamp = "2026-01-01T00:00:30Z".parse().expect("a time");
    let when = When::new(&trigger(Rate::Every(Duration::from_secs(60))), created).expect("times");
    let after = |text: &str| when.next(text.parse().expect("a time")).expect("a time").to_string();
    assert_eq!(after("2026-01-01T00:00:30Z"), "2026-01-01T00:01:30Z");
    assert_eq!(after("2026-01-01T00:01:30Z"), "2026-01-01T00:02:30Z");
    assert_eq!(after("2026-01-01T09:59:59Z"), "2026-01-01T10:00:30Z");
}

#[test]
fn what_has_no_times() {
    for trigger in [
        ScheduleTrigger { enabled: false, ..trigger(Rate::Every(Duration::from_secs(60))) },
        trigger(Rate::Every(Duration::ZERO)),
        trigger(Rate::Expression("{{unknown}}".into())),
        expression("cron(0 12 * * ? *)", "Middle/Earth"),
        ScheduleTrigger {
            end: Some("some day".into()),
            ..trigger(Rate::Every(Duration::from_secs(60)))
        },
    ] {
        assert!(times(&trigger, "2026-01-01T00:00:00Z", 1).is_empty(), "{trigger:?}");
    }
}
