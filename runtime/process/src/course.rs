//! The course of one invocation, as `platform.runtimeDone` tells it.

use std::time::{Instant, SystemTime};

use samovar_dispatch::{FunctionError, Invocation, PlatformEvent, RuntimeDone, Span};

use crate::telemetry::timestamp;

/// When what happened.
#[derive(Debug)]
pub(crate) struct Course {
    request_id: String,
    trace_id: String,
    start: SystemTime,
    began: Instant,
    /// The response has begun.
    first: Option<Instant>,
    /// It has ended.
    last: Option<Instant>,
    /// The runtime has asked for the next event.
    asked: Option<Instant>,
    produced_bytes: u64,
}

impl Course {
    /// The runtime gets the event now.
    pub(crate) fn new(invocation: &Invocation) -> Self {
        Self {
            request_id: invocation.request_id.clone(),
            trace_id: invocation.trace_id.clone(),
            start: SystemTime::now(),
            began: Instant::now(),
            first: None,
            last: None,
            asked: None,
            produced_bytes: 0,
        }
    }

    /// The response has begun.
    pub(crate) fn begun(&mut self) {
        self.first = Some(Instant::now());
    }

    /// The response has ended; it has this many bytes.
    pub(crate) fn answered(&mut self, bytes: u64) {
        let now = Instant::now();
        self.first.get_or_insert(now);
        self.last = Some(now);
        self.produced_bytes = bytes;
    }

    /// The runtime has asked for the next event.
    pub(crate) fn asked(&mut self) {
        self.asked = Some(Instant::now());
    }

    /// The event about it.
    pub(crate) fn runtime_done(&self, error: Option<&FunctionError>) -> PlatformEvent {
        let duration = self.last.map_or_else(|| self.began.elapsed(), |last| last - self.began);
        PlatformEvent::runtime_done(&RuntimeDone {
            request_id: &self.request_id,
            trace_id: &self.trace_id,
            error,
            duration,
            produced_bytes: self.produced_bytes,
            spans: self.spans(),
        })
    }

    /// "Span": `responseLatency`, `responseDuration` and `runtimeOverhead`, as far as they came.
    fn spans(&self) -> Vec<Span> {
        let times = [
            ("responseLatency", Some(self.began), self.first),
            ("responseDuration", self.first, self.last),
            ("runtimeOverhead", self.last, self.asked),
        ];
        let span = |(name, from, to): (&'static str, Option<Instant>, Option<Instant>)| {
            let (from, to) = (from?, to?);
            let start = timestamp(self.start + (from - self.began));
            Some(Span { name, start, duration: to.saturating_duration_since(from) })
        };
        times.into_iter().filter_map(span).collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use samovar_dispatch::{Event, Source};
    use serde_json::json;

    use super::*;

    #[test]
    fn spans_come_as_far_as_the_invocation_did() {
        let invocation = Invocation::new(Event::Bytes(Bytes::new()), Source::Invoke);
        let mut course = Course::new(&invocation);
        let names = |course: &Course| -> Vec<_> {
            course.spans().into_iter().map(|span| span.name).collect()
        };
        assert_eq!(names(&course), [""; 0]);
        course.begun();
        assert_eq!(names(&course), ["responseLatency"]);
        course.answered(5);
        course.asked();
        assert_eq!(names(&course), ["responseLatency", "responseDuration", "runtimeOverhead"]);
        let record = course.runtime_done(None).record;
        assert_eq!(
            (&record["status"], &record["metrics"]["producedBytes"]),
            (&json!("success"), &json!(5))
        );
        assert!(course.spans().iter().all(|span| span.duration < Duration::from_secs(3600)));
    }
}
