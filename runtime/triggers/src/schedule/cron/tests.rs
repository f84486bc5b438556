use super::*;

/// The next times after the first one, a line each.
fn next(expression: &str, after: &str, count: usize) -> Vec<String> {
    let cron = Cron::parse(expression).expect(expression);
    let mut at: DateTime = after.parse().expect(after);
    let mut times = Vec::new();
    for _ in 0..count {
        let Some(next) = cron.next(at) else { break };
        at = next;
        times.push(at.strftime("%a %F %R").to_string());
    }
    times
}

/// EventBridge guide, "Cron expressions reference": the examples.
#[test]
fn what_the_guide_shows() {
    for (expression, times) in [
        ("0 10 * * ? *", ["Mon 2026-03-02 10:00", "Tue 2026-03-03 10:00"]),
        ("15 12 * * ? *", ["Sun 2026-03-01 12:15", "Mon 2026-03-02 12:15"]),
        ("0 18 ? * MON-FRI *", ["Mon 2026-03-02 18:00", "Tue 2026-03-03 18:00"]),
        ("0 8 1 * ? *", ["Wed 2026-04-01 08:00", "Fri 2026-05-01 08:00"]),
        ("0/15 * * * ? *", ["Sun 2026-03-01 12:15", "Sun 2026-03-01 12:30"]),
        ("0/10 * ? * MON-FRI *", ["Mon 2026-03-02 00:00", "Mon 2026-03-02 00:10"]),
        ("0/5 8-17 ? * MON-FRI *", ["Mon 2026-03-02 08:00", "Mon 2026-03-02 08:05"]),
        ("0/30 20-2 ? * MON-FRI *", ["Mon 2026-03-02 00:00", "Mon 2026-03-02 00:30"]),
    ] {
        assert_eq!(next(expression, "2026-03-01T12:00:59", 2), times, "{expression}");
    }
}

#[test]
fn days_at_the_end_and_among_the_working_days() {
    for (expression, times) in [
        ("0 0 L * ? *", ["Sat 2026-01-31 00:00", "Sat 2026-02-28 00:00", "Tue 2026-03-31 00:00"]),
        ("0 0 L-3 * ? *", ["Wed 2026-01-28 00:00", "Wed 2026-02-25 00:00", "Sat 2026-03-28 00:00"]),
        ("0 0 LW * ? *", ["Fri 2026-01-30 00:00", "Fri 2026-02-27 00:00", "Tue 2026-03-31 00:00"]),
        // 1 February and 1 March are Sundays, 1 August is a Saturday: never into another month.
        ("0 0 1W * ? *", ["Mon 2026-02-02 00:00", "Mon 2026-03-02 00:00", "Wed 2026-04-01 00:00"]),
        ("0 0 1W 8 ? *", ["Mon 2026-08-03 00:00", "Mon 2027-08-02 00:00", "Tue 2028-08-01 00:00"]),
        ("0 0 31W * ? *", ["Fri 2026-01-30 00:00", "Tue 2026-03-31 00:00", "Fri 2026-05-29 00:00"]),
        ("0 0 ? * 6L *", ["Fri 2026-01-30 00:00", "Fri 2026-02-27 00:00", "Fri 2026-03-27 00:00"]),
        ("0 0 ? * 3#2 *", ["Tue 2026-02-10 00:00", "Tue 2026-03-10 00:00", "Tue 2026-04-14 00:00"]),
        ("0 0 ? * L *", ["Sat 2026-01-31 00:00", "Sat 2026-02-07 00:00", "Sat 2026-02-14 00:00"]),
        (
            "0 0 ? * sat-sun 2026",
            ["Sat 2026-01-24 00:00", "Sun 2026-01-25 00:00", "Sat 2026-01-31 00:00"],
        ),
    ] {
        let after =
            if expression.contains("sat") { "2026-01-23T00:00:00" } else { "2026-01-25T00:00:00" };
        assert_eq!(next(expression, after, 3), times, "{expression}");
    }
}

#[test]
fn rare_times_are_found_and_past_years_are_not() {
    assert_eq!(next("0 0 29 2 ? *", "2096-03-01T00:00:00", 1), ["Fri 2104-02-29 00:00"]);
    assert_eq!(next("0 12 1 1 ? 2027,2030", "2026-12-31T23:59:00", 9).len(), 2);
    for (expression, after) in [
        ("0 12 1 1 ? 2025", "2026-01-01T00:00:00"),
        ("0 0 30 2 ? *", "2026-01-01T00:00:00"),
        ("0 0 * * ? *", "2199-12-31T00:00:00"),
    ] {
        assert!(next(expression, after, 1).is_empty(), "{expression}");
    }
}

#[test]
fn what_is_no_expression() {
    for text in [
        "",
        "* * * * *",
        "0 0 * * * *",
        "0 0 ? * ? *",
        "60 0 * * ? *",
        "0/0 0 * * ? *",
        "0 0 32W * ? *",
        "0 0 ? * 3#6 *",
        "0 0 ? * FUN *",
        "a 0 * * ? *",
    ] {
        assert_eq!(Cron::parse(text), None, "{text}");
    }
}
