//! One invocation in one environment, from init to REPORT.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, timeout, timeout_at};

use crate::clock::Clock;
use crate::invocation::{FunctionError, Invocation, Reply};
use crate::log::EnvironmentLog;
use crate::platform_event::PlatformEvent;
use crate::pool::{Live, Pool};
use crate::report::{Observer, Report, TIMED_OUT, milliseconds};

/// AWS's limit for the init phase (Lambda guide, "Lambda execution environment lifecycle").
pub(crate) const INIT_LIMIT: Duration = Duration::from_secs(10);

/// How long a killed environment may take to be gone; the invocation's answer waits for it, so
/// that a time-out leaves nothing running.
const KILL_GRACE: Duration = Duration::from_secs(2);

pub(crate) struct Run {
    pub(crate) pool: Arc<Pool>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) observer: Arc<dyn Observer>,
}

pub(crate) struct Finished {
    pub(crate) result: Result<(), FunctionError>,
    pub(crate) log_tail: Vec<u8>,
    /// What cannot serve again as it is.
    pub(crate) used: Option<Live>,
}

impl Run {
    pub(crate) async fn invoke(&self, invocation: Invocation, reply: Reply) -> Finished {
        let request_id = invocation.request_id.clone();
        let source = invocation.source.clone();
        let trace_id = invocation.trace_id.clone();
        let limit = self.pool.function.timeout;

        let (live, log, init) = self.environment().await;
        log.begin(&request_id);
        let version = &self.pool.function.version;
        log.text(|| format!("START RequestId: {request_id} Version: {version}"));
        log.event(|| {
            let mut event = PlatformEvent::start(&request_id, &trace_id);
            event.record["version"] = version.as_str().into();
            event
        });
        let began = Instant::now();
        let (result, max_memory_used, live) =
            self.phase(live, &log, began + limit, invocation, reply).await;
        let duration = began.elapsed().min(limit);
        self.pool.took(init.unwrap_or_default() + duration);

        if let Err(error) = &result
            && error.by_platform
        {
            let line = error_line(&request_id, error);
            log.platform(&line);
            log.event(|| PlatformEvent::fault(&line));
        }
        log.text(|| format!("END RequestId: {request_id}"));
        log.event(|| PlatformEvent::end(&request_id));
        let report = Report {
            function: self.pool.function.name.clone(),
            request_id,
            source,
            duration,
            init,
            memory_mb: self.pool.function.memory_mb,
            max_memory_used,
            error: result.as_ref().err().cloned(),
        };
        log.text(|| report.line());
        log.event(|| PlatformEvent::report(&report, &trace_id));
        self.observer.finished(&report);
        let log_tail = log.end();
        // Only now: the next invocation would write into this one's log.
        let used = live.and_then(|live| self.pool.put_reusable(live));
        Finished { result, log_tail, used }
    }

    /// The init phase: a waiting environment, or a new one with the time that it took; none if
    /// that failed or took more than ten seconds.
    async fn environment(&self) -> (Option<Live>, EnvironmentLog, Option<Duration>) {
        if let Some(live) = self.pool.take() {
            let log = live.log.clone();
            return (Some(live), log, None);
        }
        let function = &self.pool.function;
        let log = EnvironmentLog::of(function, self.clock.clone(), self.observer.clone());
        let began = Instant::now();
        match timeout(INIT_LIMIT, self.pool.provider.start(log.clone())).await {
            Ok(Ok(environment)) => {
                let live = Live::new(environment, log.clone(), None);
                return (Some(live), log, Some(began.elapsed()));
            }
            Ok(Err(error)) => init_report(&log, began, "error", Some(&error)),
            Err(_) => init_report(&log, began, "timeout", None),
        }
        (None, log, None)
    }

    /// The invoke phase, until `end`. Gives back the environment unless it had to be stopped.
    ///
    /// As on AWS (Lambda guide, "Failures during the Init phase"), an init that failed or took
    /// too long is done once more here, under the function's own time-out.
    async fn phase(
        &self,
        live: Option<Live>,
        log: &EnvironmentLog,
        end: Instant,
        mut invocation: Invocation,
        reply: Reply,
    ) -> (Result<(), FunctionError>, u64, Option<Live>) {
        let limit = self.pool.function.timeout;
        let mut live = match live {
            Some(live) => live,
            None => match timeout_at(end, self.pool.provider.start(log.clone())).await {
                Ok(Ok(environment)) => Live::new(environment, log.clone(), None),
                Ok(Err(error)) => return (Err(error), 0, None),
                Err(_) => return (Err(timed_out(limit)), 0, None),
            },
        };
        invocation.deadline = self.clock.now() + end.saturating_duration_since(Instant::now());
        let invoked = timeout_at(end, live.environment.invoke(invocation, reply)).await;
        let memory = live.environment.max_memory_used();
        match invoked {
            Ok(result) => (result, memory, Some(live)),
            Err(_) if live.environment.reset(KILL_GRACE).await => {
                (Err(timed_out(limit)), memory, Some(live))
            }
            Err(_) => {
                live.environment.stop(KILL_GRACE).await;
                (Err(timed_out(limit)), memory, None)
            }
        }
    }
}

/// `INIT_REPORT Init Duration: 10005.20 ms ⇥ Phase: init ⇥ Status: timeout`, as AWS logs an init
/// phase that failed.
fn init_report(log: &EnvironmentLog, began: Instant, status: &str, error: Option<&FunctionError>) {
    let duration = milliseconds(began.elapsed());
    let error = match error {
        Some(error) if !error.error_type.is_empty() => {
            format!("\tError Type: {}", error.error_type)
        }
        _ => String::new(),
    };
    log.text(|| {
        format!("INIT_REPORT Init Duration: {duration:.2} ms\tPhase: init\tStatus: {status}{error}")
    });
}

fn timed_out(limit: Duration) -> FunctionError {
    let message = format!("Task timed out after {:.2} seconds", limit.as_secs_f64());
    FunctionError::platform(TIMED_OUT, message)
}

fn error_line(request_id: &str, error: &FunctionError) -> String {
    match error.error_type.as_str() {
        TIMED_OUT => format!("{request_id} {}", error.message),
        error_type => format!("RequestId: {request_id} Error: {} {error_type}", error.message),
    }
}
