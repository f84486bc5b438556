//! The log of an execution environment: AWS's lines and the function's own.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use samovar_app::Function;

use crate::clock::Clock;
use crate::log_format::JsonFormat;
use crate::platform_event::PlatformEvent;

/// How much of an invocation's log `LogType: Tail` answers (Lambda API, `Invoke`: "the last 4 KB
/// of the execution log").
pub const TAIL_BYTES: usize = 4096;

/// Whoever listens to logs: the terminal, a file.
pub trait LogObserver: Send + Sync + 'static {
    /// One line of an environment's log.
    fn line(&self, line: &LogLine<'_>);
}

/// One line of an environment's log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LogLine<'a> {
    /// The function's name.
    pub function: &'a str,
    /// The environment's number, from 1, its own for as long as this process lives.
    pub environment: u64,
    /// The invocation that ran when the line came, if one did.
    pub request_id: Option<&'a str>,
    /// Who wrote it.
    pub origin: Origin,
    /// The line, without its line feed.
    pub text: &'a str,
}

/// Who wrote a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Origin {
    /// The function, to its standard output or error.
    Function,
    /// An extension, to its standard output or error.
    Extension,
    /// Samovar: START, END, REPORT and the like.
    Platform,
}

/// Whoever passes an environment's telemetry on while it happens: the Telemetry API.
pub trait TelemetrySink: Send + Sync + 'static {
    /// A line of the function or of an extension, without its line feed.
    fn line(&self, origin: Origin, text: &str);

    /// Something that the platform tells.
    fn event(&self, event: &PlatformEvent);
}

/// The log of one environment. Cheap to clone; all clones are the same log.
#[derive(Clone)]
pub struct EnvironmentLog {
    shared: Arc<Shared>,
    /// Who writes lines into this clone.
    origin: Origin,
}

struct Shared {
    function: String,
    environment: u64,
    /// How the log is written, if not as plain text.
    json: Option<JsonFormat>,
    observer: Arc<dyn LogObserver>,
    current: Mutex<Current>,
    sink: RwLock<Option<Arc<dyn TelemetrySink>>>,
}

#[derive(Default)]
struct Current {
    request_id: Option<String>,
    tail: VecDeque<u8>,
}

impl fmt::Debug for EnvironmentLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EnvironmentLog")
            .field("function", &self.shared.function)
            .finish_non_exhaustive()
    }
}

impl EnvironmentLog {
    /// A log for one environment of `function`.
    pub fn new(function: impl Into<String>, observer: Arc<dyn LogObserver>) -> Self {
        Self::with_format(function.into(), None, observer)
    }

    /// A log for one environment of a function, in the function's format.
    pub(crate) fn of(
        function: &Function,
        clock: Arc<dyn Clock>,
        observer: Arc<dyn LogObserver>,
    ) -> Self {
        let json = JsonFormat::of(&function.logging, clock);
        Self::with_format(function.name.clone(), json, observer)
    }

    fn with_format(
        function: String,
        json: Option<JsonFormat>,
        observer: Arc<dyn LogObserver>,
    ) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let environment = NEXT.fetch_add(1, Ordering::Relaxed);
        let (current, sink) = (Mutex::default(), RwLock::default());
        let shared = Shared { function, environment, json, observer, current, sink };
        Self { shared: Arc::new(shared), origin: Origin::Function }
    }

    /// The same log, for lines of an extension.
    pub fn of_extension(&self) -> Self {
        Self { shared: Arc::clone(&self.shared), origin: Origin::Extension }
    }

    /// Takes one line of the function (or extension), without its line feed. Bytes that are not
    /// UTF-8 are replaced.
    pub fn line(&self, line: &[u8]) {
        let text = String::from_utf8_lossy(line);
        if self.shared.json.as_ref().is_none_or(|json| json.wants(&text)) {
            self.write(self.origin, &text);
        }
        if let Some(sink) = self.sink() {
            sink.line(self.origin, &text);
        }
    }

    /// Takes one line of Samovar's own, in whatever format the log is.
    pub fn platform(&self, line: &str) {
        self.write(Origin::Platform, line);
    }

    /// Takes one line of AWS's that plain text has and JSON has not: there an [event](Self::event)
    /// tells the same.
    pub(crate) fn text(&self, line: impl FnOnce() -> String) {
        if self.shared.json.is_none() {
            self.write(Origin::Platform, &line());
        }
    }

    /// Passes telemetry on to `sink` from here on, or to nobody.
    pub fn set_sink(&self, sink: Option<Arc<dyn TelemetrySink>>) {
        *self.shared.sink.write().unwrap_or_else(PoisonError::into_inner) = sink;
    }

    /// Whether somebody wants to know of events.
    pub fn is_heard(&self) -> bool {
        self.shared.json.is_some() || self.sink().is_some()
    }

    /// Tells of an event: whoever listens to telemetry, and a log in JSON, if its level is wanted.
    pub fn event(&self, make: impl FnOnce() -> PlatformEvent) {
        let sink = self.sink();
        if sink.is_none() && self.shared.json.is_none() {
            return;
        }
        let event = make();
        if let Some(document) = self.shared.json.as_ref().and_then(|json| json.document(&event)) {
            self.write(Origin::Platform, &document);
        }
        if let Some(sink) = sink {
            sink.event(&event);
        }
    }

    fn sink(&self) -> Option<Arc<dyn TelemetrySink>> {
        self.shared.sink.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn write(&self, origin: Origin, text: &str) {
        let mut current = self.current();
        current.tail.extend(text.as_bytes());
        current.tail.push_back(b'\n');
        let excess = current.tail.len().saturating_sub(TAIL_BYTES);
        current.tail.drain(..excess);
        let request_id = current.request_id.as_deref();
        let Shared { function, environment, observer, .. } = &*self.shared;
        let environment = *environment;
        observer.line(&LogLine { function, environment, request_id, origin, text });
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
        self.shared.current.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
