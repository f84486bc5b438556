//! The log of an execution environment: AWS's lines and the function's own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

/// How much of an invocation's log `LogType: Tail` answers (Lambda API, `Invoke`: "the last 4 KB
/// of the execution log").
pub const TAIL_BYTES: usize = 4096;

/// Whoever listens to logs: the terminal, a file.
pub trait LogObserver: Send + Sync + 'static {
    /// One line of a function, without its line feed. `request_id` is the invocation that ran
    /// when the line came, if one did.
    fn line(&self, function: &str, request_id: Option<&str>, line: &str);
}

/// The log of one environment. Cheap to clone; all clones are the same log.
#[derive(Clone)]
pub struct EnvironmentLog(Arc<Shared>);

struct Shared {
    function: String,
    observer: Arc<dyn LogObserver>,
    current: Mutex<Current>,
}

#[derive(Default)]
struct Current {
    request_id: Option<String>,
    tail: VecDeque<u8>,
}

impl fmt::Debug for EnvironmentLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentLog").field("function", &self.0.function).finish_non_exhaustive()
    }
}

impl EnvironmentLog {
    /// A log for one environment of `function`.
    pub fn new(function: impl Into<String>, observer: Arc<dyn LogObserver>) -> Self {
        let function = function.into();
        Self(Arc::new(Shared { function, observer, current: Mutex::default() }))
    }

    /// Takes one line (of the function, or of the platform), without its line feed. Bytes that
    /// are not UTF-8 are replaced.
    pub fn line(&self, line: &[u8]) {
        let line = String::from_utf8_lossy(line);
        let mut current = self.current();
        current.tail.extend(line.as_bytes());
        current.tail.push_back(b'\n');
        let excess = current.tail.len().saturating_sub(TAIL_BYTES);
        current.tail.drain(..excess);
        self.0.observer.line(&self.0.function, current.request_id.as_deref(), &line);
    }

    /// The lines that follow belong to this invocation.
    pub(crate) fn begin(&self, request_id: &str) {
        let mut current = self.current();
        current.request_id = Some(request_id.to_owned());
        current.tail.clear();
    }

    /// The invocation is over; its log's last 4 KB.
    pub(crate) fn end(&self) -> Vec<u8> {
        let mut current = self.current();
        current.request_id = None;
        std::mem::take(&mut current.tail).into()
    }

    fn current(&self) -> std::sync::MutexGuard<'_, Current> {
        // A panic of an observer leaves nothing half-done here.
        self.0.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
