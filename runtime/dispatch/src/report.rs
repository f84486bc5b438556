//! What is said about a finished invocation: the END and REPORT lines, and the record that the
//! terminal shows.

use std::fmt;
use std::time::Duration;

use crate::invocation::{FunctionError, Source};
use crate::log::LogObserver;

/// Whoever watches invocations: the terminal, metrics.
pub trait Observer: LogObserver {
    /// An invocation is over.
    fn finished(&self, report: &Report);
}

/// A finished invocation.
#[derive(Clone, Debug)]
pub struct Report {
    /// The function's name.
    pub function: String,
    /// The invocation's id.
    pub request_id: String,
    /// What caused it.
    pub source: Source,
    /// From the moment the environment took the event until the invocation was over.
    pub duration: Duration,
    /// How long the new environment took to initialise, if one had to be made.
    pub init: Option<Duration>,
    /// `MemorySize` in MB.
    pub memory_mb: u32,
    /// Peak memory of the environment in bytes.
    pub max_memory_used: u64,
    /// How the function failed, if it did.
    pub error: Option<FunctionError>,
}

/// `errorType` of a time-out (recorded from AWS, 2025-11).
pub(crate) const TIMED_OUT: &str = "Sandbox.Timedout";

impl Report {
    /// AWS's REPORT line: tab-separated, `Init Duration` and then `Status` last.
    ///
    /// Initialisation is billed too (AWS Lambda pricing, since August 2025 for every runtime;
    /// for `provided` runtimes always).
    pub fn line(&self) -> String {
        self.to_string()
    }

    /// The duration that is billed, in whole milliseconds. Initialisation is billed too.
    pub(crate) fn billed_milliseconds(&self) -> u64 {
        // Far below 2^53, and never negative.
        milliseconds(self.duration + self.init.unwrap_or_default()).ceil() as u64
    }

    /// Peak memory in whole megabytes.
    pub(crate) fn max_memory_used_mb(&self) -> u64 {
        self.max_memory_used.div_ceil(1024 * 1024)
    }

    fn status(&self) -> Option<String> {
        let error = self.error.as_ref()?;
        Some(match error.error_type.as_str() {
            TIMED_OUT => "Status: timeout".to_owned(),
            _ if !error.by_platform => return None,
            error_type => format!("Status: error\tError Type: {error_type}"),
        })
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let billed = self.billed_milliseconds();
        write!(
            f,
            "REPORT RequestId: {}\tDuration: {:.2} ms\tBilled Duration: {billed} ms\t\
             Memory Size: {} MB\tMax Memory Used: {} MB\t",
            self.request_id,
            milliseconds(self.duration),
            self.memory_mb,
            self.max_memory_used_mb(),
        )?;
        if let Some(init) = self.init {
            write!(f, "Init Duration: {:.2} ms\t", milliseconds(init))?;
        }
        if let Some(status) = self.status() {
            write!(f, "{status}")?;
        }
        Ok(())
    }
}

/// Milliseconds with their fraction, as log lines have them.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(init: Option<Duration>, error: Option<FunctionError>) -> Report {
        Report {
            function: "Hello".into(),
            request_id: "8f5e".into(),
            source: Source::Invoke,
            duration: Duration::from_micros(1_204),
            init,
            memory_mb: 128,
            max_memory_used: 30 * 1024 * 1024 + 1,
            error,
        }
    }

    /// lambda-semantics: the form that AWS logs, `Init Duration` last.
    #[test]
    fn report_line_has_the_form_of_aws() {
        assert_eq!(
            report(None, None).line(),
            "REPORT RequestId: 8f5e\tDuration: 1.20 ms\tBilled Duration: 2 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 31 MB\t"
        );
        assert_eq!(
            report(Some(Duration::from_millis(3)), None).line(),
            "REPORT RequestId: 8f5e\tDuration: 1.20 ms\tBilled Duration: 5 ms\t\
             Memory Size: 128 MB\tMax Memory Used: 31 MB\tInit Duration: 3.00 ms\t"
        );
    }

    #[test]
    fn report_line_tells_how_the_platform_ended_it() {
        let timed_out = FunctionError::platform(TIMED_OUT, "Task timed out after 1.00 seconds");
        assert!(report(None, Some(timed_out)).line().ends_with("\tStatus: timeout"));
        let exit = FunctionError::platform("Runtime.ExitError", "gone");
        assert!(
            report(None, Some(exit))
                .line()
                .ends_with("\tStatus: error\tError Type: Runtime.ExitError")
        );
        let own = FunctionError::handler(r#"{"errorType":"Mine"}"#.into());
        assert!(!report(None, Some(own)).line().contains("Status"));
    }
}
