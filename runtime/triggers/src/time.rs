//! Times as events spell them. All are UTC.

use std::cell::RefCell;
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::Timestamp;

/// Milliseconds since the Unix epoch; 0 before it.
pub(crate) fn epoch_millis(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

/// The Common Log Format's time, as `requestContext.time` has it: `12/Mar/2020:19:03:58 +0000`.
pub(crate) fn common_log(at: SystemTime) -> String {
    thread_local! {
        /// What was spelled last, and its second: a second has many requests.
        static LAST: RefCell<Option<(i64, String)>> = const { RefCell::new(None) };
    }
    let at = timestamp(at);
    LAST.with_borrow_mut(|last| match last {
        Some((second, spelled)) if *second == at.as_second() => spelled.clone(),
        last => {
            let spelled = at.strftime("%d/%b/%Y:%H:%M:%S +0000").to_string();
            *last = Some((at.as_second(), spelled.clone()));
            spelled
        }
    })
}

/// RFC 3339 in whole seconds, as EventBridge has it: `2015-10-08T16:53:06Z`.
pub(crate) fn rfc3339(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// RFC 3339 in milliseconds, as SNS has it: `2012-05-02T00:54:06.655Z`.
pub(crate) fn rfc3339_millis(at: SystemTime) -> String {
    timestamp(at).strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Seconds since the epoch as date(1) prints them in the C locale, `Fri Feb 23 21:34:07 UTC 2018`:
/// how claims of user pools look in events of REST APIs. `None`: no calendar here reaches it.
pub(crate) fn unix_date(seconds: i64) -> Option<String> {
    let at = Timestamp::from_second(seconds).ok()?;
    Some(at.strftime("%a %b %d %H:%M:%S UTC %Y").to_string())
}

/// The epoch for times that no calendar here reaches.
fn timestamp(at: SystemTime) -> Timestamp {
    let millis = i64::try_from(epoch_millis(at)).unwrap_or_default();
    Timestamp::from_millisecond(millis).unwrap_or_default()
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
            assert_eq!(common_log(at + Duration::from_millis(999)), log);
            assert_eq!(rfc3339(at), rfc);
            assert_eq!(epoch_millis(at), seconds * 1000);
        }
        let date = unix_date(1_519_421_647);
        assert_eq!(date.as_deref(), Some("Fri Feb 23 21:34:07 UTC 2018"));
        let at = UNIX_EPOCH + Duration::from_millis(1_335_920_046_050);
        assert_eq!(rfc3339_millis(at), "2012-05-02T00:54:06.050Z");
    }
}
