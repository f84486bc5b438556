//! Times as events spell them. All are UTC.

use std::time::{SystemTime, UNIX_EPOCH};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// Milliseconds since the Unix epoch; 0 before it.
pub(crate) fn epoch_millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The Common Log Format's time, as `requestContext.time` has it: `12/Mar/2020:19:03:58 +0000`.
pub(crate) fn common_log(at: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::from(at);
    let month = MONTHS[month - 1];
    format!("{day:02}/{month}/{year:04}:{hour:02}:{minute:02}:{second:02} +0000")
}

/// RFC 3339 in whole seconds, as EventBridge has it: `2015-10-08T16:53:06Z`.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    let Civil { year, month, day, hour, minute, second } = Civil::from(at);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

struct Civil {
    year: u64,
    /// 1 to 12.
    month: usize,
    day: u64,
    hour: u64,
    minute: u64,
    second: u64,
}

impl From<SystemTime> for Civil {
    /// Howard Hinnant's `civil_from_days`, for days since 1970 only: years start in March, so
    /// that the leap day is a year's last, and 400 years are 146,097 days.
    fn from(at: SystemTime) -> Self {
        let seconds = epoch_millis(at) / 1000;
        let days = seconds / 86_400 + 719_468;
        let (era, day_of_era) = (days / 146_097, days % 146_097);
        let year_of_era =
            (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let shifted = (5 * day_of_year + 2) / 153;
        let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
        Self {
            year: era * 400 + year_of_era + u64::from(month <= 2),
            month: usize::try_from(month).unwrap_or(1),
            day: day_of_year - (153 * shifted + 2) / 5 + 1,
            hour: seconds / 3600 % 24,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn times_are_spelled_as_aws_spells_them() {
        // Seconds as `date -u` gives them.
        for (seconds, log, rfc) in [
            (0, "01/Jan/1970:00:00:00 +0000", "1970-01-01T00:00:00Z"),
            (1_444_323_186, "08/Oct/2015:16:53:06 +0000", "2015-10-08T16:53:06Z"),
            (1_582_934_400, "29/Feb/2020:00:00:00 +0000", "2020-02-29T00:00:00Z"),
            (1_583_020_799, "29/Feb/2020:23:59:59 +0000", "2020-02-29T23:59:59Z"),
            (1_583_020_800, "01/Mar/2020:00:00:00 +0000", "2020-03-01T00:00:00Z"),
            (4_107_542_400, "01/Mar/2100:00:00:00 +0000", "2100-03-01T00:00:00Z"),
        ] {
            let at = UNIX_EPOCH + Duration::from_secs(seconds);
            assert_eq!(common_log(at), log);
            assert_eq!(rfc3339(at), rfc);
            assert_eq!(epoch_millis(at), seconds * 1000);
        }
    }
}
