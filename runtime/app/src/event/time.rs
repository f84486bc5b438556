//! Dates and times of schedules.
//!
//! Source: EventBridge Scheduler user guide, "Schedule types" (`at(yyyy-mm-ddThh:mm:ss)`), and
//! RFC 3339 for `StartDate` and `EndDate`.

/// Seconds from 1970 of a time without a zone, `2030-01-31T23:59:59`; `None`: there is no such
/// time.
pub(super) fn local(text: &str) -> Option<i64> {
    let (date, time) = text.split_once('T')?;
    let [year, month, day] = numbers(date, '-', [4, 2, 2])?;
    let [hour, minute, second] = numbers(time, ':', [2, 2, 2])?;
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let days = match month {
        2 if is_leap => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        1..=12 => 31,
        _ => return None,
    };
    if !(1..=days).contains(&day) || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    // Days from 1970, counted in years that start in March, so that a leap day comes last.
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * years + years.div_euclid(4) - years.div_euclid(100)
        + years.div_euclid(400)
        + (153 * months + 2) / 5
        + day
        - 719_469;
    Some(((days * 24 + hour) * 60 + minute) * 60 + second)
}

/// Seconds from 1970 of a time with its zone, `2030-01-31T23:59:59Z` or `...+01:00`; UTC where
/// none is written. Fractions of a second do not count.
pub(super) fn instant(text: &str) -> Option<i64> {
    let (text, offset) = match text.strip_suffix('Z') {
        Some(text) => (text, 0),
        None => match text.split_at_checked(text.len().saturating_sub(6))? {
            (text, zone) if zone.starts_with(['+', '-']) => {
                let [hours, minutes] = numbers(&zone[1..], ':', [2, 2])?;
                let seconds = (hours * 60 + minutes) * 60;
                (text, if zone.starts_with('-') { -seconds } else { seconds })
            }
            _ => (text, 0),
        },
    };
    let text = match text.split_once('.') {
        Some((text, fraction)) if is_digits(fraction) => text,
        Some(_) => return None,
        None => text,
    };
    Some(local(text)? - offset)
}

/// Numbers of fixed widths with a sign between them.
fn numbers<const N: usize>(text: &str, between: char, widths: [usize; N]) -> Option<[i64; N]> {
    let mut parts = text.split(between);
    let mut numbers = [0; N];
    for (number, width) in numbers.iter_mut().zip(widths) {
        let part = parts.next().filter(|part| part.len() == width && is_digits(part))?;
        *number = part.parse().ok()?;
    }
    parts.next().is_none().then_some(numbers)
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::{instant, local};

    #[test]
    fn times_are_counted_from_1970() {
        assert_eq!(local("1970-01-01T00:00:00"), Some(0));
        assert_eq!(local("2000-02-29T12:00:01"), Some(951_825_601));
        assert_eq!(local("2030-01-01T00:00:00"), Some(1_893_456_000));
        assert_eq!(instant("2030-01-01T01:00:00+01:00"), Some(1_893_456_000));
        assert_eq!(instant("2029-12-31T19:30:00.250-04:30"), Some(1_893_456_000));
        assert_eq!(instant("2030-01-01T00:00:00Z"), local("2030-01-01T00:00:00"));
        assert_eq!(instant("2030-01-01T00:00:00"), local("2030-01-01T00:00:00"));
    }

    #[test]
    fn there_are_no_other_times() {
        for text in [
            "",
            "T",
            "2030-01-01",
            "2030-01-01 00:00:00",
            "2030-1-01T00:00:00",
            "2030-13-01T00:00:00",
            "2030-00-01T00:00:00",
            "2030-02-29T00:00:00",
            "2100-02-29T00:00:00",
            "2030-04-31T00:00:00",
            "2030-01-01T24:00:00",
            "2030-01-01T00:60:00",
            "2030-01-01T00:00:60",
            "2030-01-01T00:00:0é",
            "+030-01-01T00:00:00",
            "2030-01-01T00:00:00.Z",
            "2030-01-01T00:00:00+1:00",
        ] {
            assert_eq!(instant(text), None, "{text}");
        }
    }
}
