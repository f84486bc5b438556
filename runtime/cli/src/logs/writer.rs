//! Writes logs to disk, on a thread of its own.

use std::collections::HashMap;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime};

use samovar_dispatch::{LogLine, LogObserver, Observer, Origin, Report};
use samovar_triggers::AccessLog;

use super::buffer::Buffer;
use super::files::{self, Files};
use super::record::{self, Times};

/// How long records are gathered before they are written together.
const GATHER: Duration = Duration::from_millis(20);

/// Takes lines of logs and writes them.
#[derive(Debug)]
pub(crate) struct Writer {
    buffer: Arc<Buffer>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    /// Writes below `logs`, at most about `share` bytes for each function. `complain` is told,
    /// once for each function, that its log cannot be written.
    ///
    /// # Errors
    /// There is no thread for it.
    pub(crate) fn start(
        logs: PathBuf,
        share: u64,
        complain: impl Fn(&str) + Send + 'static,
    ) -> io::Result<Self> {
        let buffer = Arc::new(Buffer::default());
        let taken = buffer.clone();
        let run = move || write(&taken, logs, share, complain);
        let thread = thread::Builder::new().name("logs".to_owned()).spawn(run)?;
        Ok(Self { buffer, thread: Mutex::new(Some(thread)) })
    }

    /// Takes a line.
    pub(crate) fn line(&self, line: &LogLine<'_>) {
        self.buffer.append(line, SystemTime::now());
    }

    /// Writes what is still to be written, and ends. What comes later is lost.
    pub(crate) fn finish(&self) {
        self.buffer.close();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

fn write(buffer: &Buffer, logs: PathBuf, share: u64, complain: impl Fn(&str)) {
    let mut all = HashMap::<Box<str>, (Files, bool)>::new();
    let mut times = Times::default();
    while let Some(functions) = buffer.take() {
        for (name, mut waiting) in functions {
            if waiting.lost > 0 {
                let text = format!("{} lines were lost: they came too fast", waiting.lost);
                let line = LogLine {
                    function: &name,
                    environment: 0,
                    request_id: None,
                    origin: Origin::Platform,
                    text: &text,
                };
                record::append(&line, SystemTime::now(), &mut times, &mut waiting.records);
            }
            let new = || (Files::new(files::folder(&logs, &name), share), true);
            let (files, is_good) = all.entry(name.clone()).or_insert_with(new);
            match files.write(&waiting.records) {
                Ok(()) => *is_good = true,
                Err(error) => {
                    if std::mem::replace(is_good, false) {
                        complain(&format!("The log of {name} cannot be kept: {error}"));
                    }
                }
            }
        }
        if !buffer.is_closed() {
            thread::sleep(GATHER);
        }
    }
}

/// Access logs of APIs are kept beside the logs of functions, under the API's logical id.
impl AccessLog for Writer {
    fn line(&self, api: &str, line: &str) {
        self.buffer.append(
            &LogLine {
                function: api,
                environment: 0,
                request_id: None,
                origin: Origin::Platform,
                text: line,
            },
            SystemTime::now(),
        );
    }
}

/// An observer whose lines are kept too.
pub(crate) struct Kept<T> {
    /// Who sees them at once.
    pub(crate) shown: T,
    /// Who keeps them, if they are to be kept.
    pub(crate) writer: Option<Arc<Writer>>,
}

impl<T: LogObserver> LogObserver for Kept<T> {
    fn line(&self, line: &LogLine<'_>) {
        if let Some(writer) = &self.writer {
            writer.line(line);
        }
        self.shown.line(line);
    }
}

impl<T: Observer> Observer for Kept<T> {
    fn finished(&self, report: &Report) {
        self.shown.finished(report);
    }
}
