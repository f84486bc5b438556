//! What the platform tells of an environment's life (Lambda guide, "Lambda Telemetry API Event
//! schema reference", and "Lambda Logs API" for `platform.end` and `platform.fault`).

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::invocation::FunctionError;
use crate::report::{Report, TIMED_OUT, milliseconds};

/// An event of the platform.
#[derive(Clone, Debug, PartialEq)]
pub struct PlatformEvent {
    /// `platform.start`.
    pub kind: &'static str,
    /// The event's record, in the Telemetry API's latest schema.
    pub record: Value,
}

/// A part of an invocation's time.
#[derive(Clone, Debug, PartialEq)]
pub struct Span {
    /// `responseLatency`, `responseDuration` or `runtimeOverhead`.
    pub name: &'static str,
    /// RFC 3339, in UTC.
    pub start: String,
    /// How long it took.
    pub duration: Duration,
}

/// What a runtime did with an event.
#[derive(Clone, Debug, PartialEq)]
pub struct RuntimeDone<'a> {
    /// The invocation's id.
    pub request_id: &'a str,
    /// The invocation's trace header.
    pub trace_id: &'a str,
    /// How it failed, if it did.
    pub error: Option<&'a FunctionError>,
    /// From the event to the end of the response.
    pub duration: Duration,
    /// Size of the response in bytes.
    pub produced_bytes: u64,
    /// The parts of that time.
    pub spans: Vec<Span>,
}

impl PlatformEvent {
    /// `platform.initStart`: an environment begins to initialise.
    pub fn init_start(function_name: &str, instance_id: &str, memory_mb: u32) -> Self {
        let record = json!({
            "initializationType": "on-demand",
            "phase": "init",
            "functionName": function_name,
            "functionVersion": "$LATEST",
            "instanceId": instance_id,
            "instanceMaxMemory": u64::from(memory_mb) * 1024 * 1024,
        });
        Self { kind: "platform.initStart", record }
    }

    /// `platform.initRuntimeDone`: the runtime has initialised, or failed to.
    pub fn init_runtime_done(error: Option<&FunctionError>) -> Self {
        Self { kind: "platform.initRuntimeDone", record: init_record(error, None) }
    }

    /// `platform.initReport`: the environment has.
    pub fn init_report(error: Option<&FunctionError>, duration: Duration) -> Self {
        Self { kind: "platform.initReport", record: init_record(error, Some(duration)) }
    }

    /// `platform.start`: an invocation begins.
    pub fn start(request_id: &str, trace_id: &str) -> Self {
        let tracing = tracing(trace_id);
        let record = json!({"requestId": request_id, "version": "$LATEST", "tracing": tracing});
        Self { kind: "platform.start", record }
    }

    /// `platform.runtimeDone`: the runtime has answered, or failed to.
    pub fn runtime_done(done: &RuntimeDone<'_>) -> Self {
        let spans = done.spans.iter().map(|span| {
            json!({
                "name": span.name,
                "start": span.start,
                "durationMs": rounded(span.duration),
            })
        });
        let mut record = outcome(done.error);
        record.insert("requestId".into(), done.request_id.into());
        record.insert("tracing".into(), tracing(done.trace_id));
        record.insert("spans".into(), spans.collect());
        let metrics = json!({
            "durationMs": rounded(done.duration),
            "producedBytes": done.produced_bytes,
        });
        record.insert("metrics".into(), metrics);
        Self { kind: "platform.runtimeDone", record: record.into() }
    }

    /// `platform.end`: an invocation is over. For the Logs API only.
    pub fn end(request_id: &str) -> Self {
        Self { kind: "platform.end", record: json!({"requestId": request_id}) }
    }

    /// `platform.fault`: the platform found an error. For the Logs API only.
    pub fn fault(line: &str) -> Self {
        Self { kind: "platform.fault", record: line.into() }
    }

    /// `platform.report`: what an invocation took.
    pub fn report(report: &Report, trace_id: &str) -> Self {
        let mut metrics = json!({
            "durationMs": rounded(report.duration),
            "billedDurationMs": report.billed_milliseconds(),
            "memorySizeMB": report.memory_mb,
            "maxMemoryUsedMB": report.max_memory_used_mb(),
        });
        if let Some(init) = report.init {
            metrics["initDurationMs"] = rounded(init).into();
        }
        let mut record = outcome(report.error.as_ref());
        record.insert("requestId".into(), report.request_id.as_str().into());
        record.insert("metrics".into(), metrics);
        record.insert("tracing".into(), tracing(trace_id));
        Self { kind: "platform.report", record: record.into() }
    }

    /// `platform.extension`: the state of an extension after initialisation.
    pub fn extension(name: &str, state: &str, events: &[&str], error_type: Option<&str>) -> Self {
        let mut record = json!({"name": name, "state": state, "events": events});
        if let Some(error_type) = error_type {
            record["errorType"] = error_type.into();
        }
        Self { kind: "platform.extension", record }
    }
}

fn init_record(error: Option<&FunctionError>, duration: Option<Duration>) -> Value {
    let mut record = outcome(error);
    record.insert("initializationType".into(), "on-demand".into());
    record.insert("phase".into(), "init".into());
    if let Some(duration) = duration {
        record.insert("metrics".into(), json!({"durationMs": rounded(duration)}));
    }
    record.into()
}

/// `status` and `errorType`: an `error` is the function's own, a `failure` the platform's finding.
fn outcome(error: Option<&FunctionError>) -> Map<String, Value> {
    let mut record = Map::new();
    let status = match error {
        None => "success",
        Some(error) if error.error_type == TIMED_OUT => "timeout",
        Some(error) if error.by_platform => "failure",
        Some(_) => "error",
    };
    record.insert("status".into(), status.into());
    if let Some(error) = error.filter(|error| !error.error_type.is_empty()) {
        record.insert("errorType".into(), error.error_type.as_str().into());
    }
    record
}

/// `TraceContext`; the span is the trace's parent.
fn tracing(trace_id: &str) -> Value {
    let span = trace_id.split(';').find_map(|part| part.trim().strip_prefix("Parent="));
    let mut tracing = json!({"type": "X-Amzn-Trace-Id", "value": trace_id});
    if let Some(span) = span {
        tracing["spanId"] = span.into();
    }
    tracing
}

/// Milliseconds with three digits.
fn rounded(duration: Duration) -> f64 {
    (milliseconds(duration) * 1000.0).round() / 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The guide's example of `platform.runtimeDone`, in its latest schema.
    #[test]
    fn runtime_done_has_the_fields_of_the_guide() {
        let trace_id = "Root=1-5e1b4151-5ac6c58f5b6daeb3;Parent=24cd7d670fa455f0;Sampled=1";
        let done = RuntimeDone {
            request_id: "6d68ca91",
            trace_id,
            error: None,
            duration: Duration::from_millis(140),
            produced_bytes: 16,
            spans: vec![Span {
                name: "responseLatency",
                start: "2022-10-12T00:00:15.064Z".into(),
                duration: Duration::from_micros(23_521),
            }],
        };
        let event = PlatformEvent::runtime_done(&done);
        assert_eq!(event.kind, "platform.runtimeDone");
        let expected = json!({
            "requestId": "6d68ca91",
            "status": "success",
            "tracing": {"spanId": "24cd7d670fa455f0", "type": "X-Amzn-Trace-Id", "value": trace_id},
            "spans": [{
                "name": "responseLatency",
                "start": "2022-10-12T00:00:15.064Z",
                "durationMs": 23.521,
            }],
            "metrics": {"durationMs": 140.0, "producedBytes": 16},
        });
        assert_eq!(event.record, expected);
    }

    #[test]
    fn failures_have_their_status() {
        let status = |error: &FunctionError| {
            let record = PlatformEvent::init_report(Some(error), Duration::ZERO).record;
            (record["status"].clone(), record["errorType"].clone())
        };
        let timed_out = FunctionError::platform(TIMED_OUT, "late");
        assert_eq!(status(&timed_out), (json!("timeout"), json!(TIMED_OUT)));
        let exit = FunctionError::platform("Runtime.ExitError", "gone");
        assert_eq!(status(&exit), (json!("failure"), json!("Runtime.ExitError")));
        let own = FunctionError::handler(r#"{"errorType":"Mine"}"#.into());
        assert_eq!(status(&own), (json!("error"), json!("Mine")));
    }
}
