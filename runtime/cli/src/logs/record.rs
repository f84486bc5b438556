//! One line of a log file.

use std::io::Write as _;
use std::time::SystemTime;

use jiff::Timestamp;
use samovar_dispatch::{LogLine, Origin};

/// Characters of a record's time: `2026-11-22T05:06:21.123456Z`.
const TIME: usize = 27;

/// Writes times. The part down to the second is the same for many of them.
#[derive(Debug, Default)]
pub(super) struct Times {
    second: i64,
    text: String,
}

impl Times {
    fn append(&mut self, time: SystemTime, to: &mut Vec<u8>) {
        let time = Timestamp::try_from(time).unwrap_or_default();
        if self.text.is_empty() || self.second != time.as_second() {
            self.second = time.as_second();
            self.text = time.strftime("%Y-%m-%dT%H:%M:%S.").to_string();
        }
        to.extend_from_slice(self.text.as_bytes());
        // Writing to memory does not fail. Times before 1970 have no fraction worth telling.
        let _ = write!(to, "{:06}Z", time.subsec_microsecond().max(0));
    }
}

/// A time as records have it.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6fZ").to_string()
}

/// Appends a line of a log, as one record for each line feed in it.
pub(super) fn append(line: &LogLine<'_>, time: SystemTime, times: &mut Times, to: &mut Vec<u8>) {
    for text in line.text.split('\n') {
        times.append(time, to);
        let origin = match line.origin {
            Origin::Platform => "platform",
            _ => "function",
        };
        let request = line.request_id.unwrap_or("-");
        let _ = write!(to, "\t{}\t{request}\t{origin}\t{text}", line.environment);
        to.push(b'\n');
    }
}

/// A record that was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Record<'a> {
    /// As it was written; times sort as text.
    pub(super) time: &'a str,
    pub(super) environment: &'a str,
    /// The invocation's id, or `-`.
    pub(super) request: &'a str,
    pub(super) by_platform: bool,
    pub(super) text: &'a str,
}

impl<'a> Record<'a> {
    /// Reads a line without its line feed; `None`: it is none, or was cut short.
    pub(super) fn read(line: &'a str) -> Option<Self> {
        let mut parts = line.splitn(5, '\t');
        let time = parts.next().filter(|time| time.len() == TIME && time.ends_with('Z'))?;
        let (environment, request) = (parts.next()?, parts.next()?);
        let by_platform = match parts.next()? {
            "platform" => true,
            "function" => false,
            _ => return None,
        };
        Some(Self { time, environment, request, by_platform, text: parts.next()? })
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_is_written_is_read() {
        let line = |text| LogLine {
            function: "Hello",
            environment: 7,
            request_id: Some("8f5e"),
            origin: Origin::Function,
            text,
        };
        let (mut times, mut bytes) = (Times::default(), Vec::new());
        let at = SystemTime::UNIX_EPOCH + Duration::from_micros(1_000_000_000_000_042);
        append(&line("a\tb\nc"), at, &mut times, &mut bytes);
        append(
            &LogLine { request_id: None, origin: Origin::Platform, ..line("") },
            at,
            &mut times,
            &mut bytes,
        );
        let text = String::from_utf8(bytes).unwrap();
        let records: Vec<_> = text.lines().map(|line| Record::read(line).unwrap()).collect();
        let first = Record {
            time: "2001-09-09T01:46:40.000042Z",
            environment: "7",
            request: "8f5e",
            by_platform: false,
            text: "a\tb",
        };
        let third = Record { request: "-", by_platform: true, text: "", ..first };
        assert_eq!(records, [first, Record { text: "c", ..first }, third]);
        assert_eq!(time(Timestamp::try_from(at).unwrap()), first.time);
    }

    #[test]
    fn what_is_torn_is_no_record() {
        let whole = "2001-09-09T01:46:40.000042Z\t7\t-\tfunction\thello";
        assert!(Record::read(whole).is_some());
        for line in ["", "hello", &whole[..30], &whole[3..], &whole.replace("function", "nobody")] {
            assert_eq!(Record::read(line), None, "{line}");
        }
    }
}
