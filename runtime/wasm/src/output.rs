//! Standard output and standard error of an isolate.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use samovar_dispatch::EnvironmentLog;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

use crate::last_words::{LastWords, Reason};

/// Longest line; a longer one is cut into several. CloudWatch Logs takes events of 256 KiB.
const MAX_LINE: usize = 64 << 10;

/// How much an isolate may log in an invocation. The rest is dropped, and the log says so.
const MAX_TOTAL: usize = 4 << 20;

/// How much a guest may write at once.
const PERMIT: usize = 64 << 10;

/// A stream whose lines go to the log of the environment.
#[derive(Clone, Debug)]
pub(crate) struct LogStream(Arc<Mutex<Lines>>);

#[derive(Debug)]
struct Lines {
    log: EnvironmentLog,
    partial: Vec<u8>,
    last: LastWords,
    total: usize,
}

impl LogStream {
    /// A stream to `log`.
    pub(crate) fn new(log: EnvironmentLog) -> Self {
        let lines = Lines { log, partial: Vec::new(), last: LastWords::default(), total: 0 };
        Self(Arc::new(Mutex::new(lines)))
    }

    /// What is written from here on belongs to another invocation, which may log as much again.
    pub(crate) fn begin_invocation(&self) {
        let mut lines = self.lines();
        lines.total = 0;
        lines.last = LastWords::default();
    }

    /// Logs what has no line feed yet.
    pub(crate) fn flush_line(&self) {
        let mut lines = self.lines();
        if !lines.partial.is_empty() {
            lines.end_line();
        }
    }

    /// Why a guest that has trapped gave up, if it said so.
    pub(crate) fn reason(&self) -> Option<Reason> {
        self.lines().last.reason()
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic of a log's observer leaves nothing half-done here.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lines {
    fn write(&mut self, mut bytes: &[u8]) {
        if self.total >= MAX_TOTAL {
            return;
        }
        self.total += bytes.len();
        while !bytes.is_empty() {
            let room = MAX_LINE - self.partial.len();
            let part = &bytes[..bytes.len().min(room)];
            match part.iter().position(|byte| *byte == b'\n') {
                Some(end) => {
                    self.partial.extend_from_slice(&bytes[..end]);
                    bytes = &bytes[end + 1..];
                    self.end_line();
                }
                None => {
                    self.partial.extend_from_slice(part);
                    bytes = &bytes[part.len()..];
                    if self.partial.len() == MAX_LINE {
                        self.end_line();
                    }
                }
            }
        }
        if self.total >= MAX_TOTAL {
            self.end_line();
            let note = format!("[The log of this invocation is cut here, after {MAX_TOTAL} bytes]");
            self.log.line(note.as_bytes());
        }
    }

    fn end_line(&mut self) {
        self.log.line(&self.partial);
        self.last.line(&self.partial);
        self.partial.clear();
    }
}

impl IsTerminal for LogStream {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for LogStream {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait::async_trait]
impl Pollable for LogStream {
    async fn ready(&mut self) {}
}

impl OutputStream for LogStream {
    fn write(&mut self, bytes: Bytes) -> StreamResult<()> {
        self.lines().write(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(PERMIT)
    }
}

impl AsyncWrite for LogStream {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.lines().write(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use samovar_dispatch::{LogLine, LogObserver};

    use super::*;

    #[derive(Default)]
    struct Seen(Mutex<Vec<String>>);

    impl LogObserver for Seen {
        fn line(&self, line: &LogLine<'_>) {
            self.0.lock().unwrap().push(line.text.to_owned());
        }
    }

    fn written(parts: &[&[u8]]) -> (Vec<String>, Option<Reason>) {
        let seen = Arc::new(Seen::default());
        let mut stream = LogStream::new(EnvironmentLog::new("f", seen.clone()));
        for part in parts {
            OutputStream::write(&mut stream, Bytes::copy_from_slice(part)).unwrap();
        }
        stream.flush_line();
        let lines = seen.0.lock().unwrap().clone();
        (lines, stream.reason())
    }

    #[test]
    fn lines_are_put_together_and_apart() {
        let (lines, last) = written(&[b"one\ntw", b"o\n\nthree"]);
        assert_eq!(lines, ["one", "two", "", "three"]);
        assert_eq!(last, Some(Reason::Said("three".to_owned())));
        assert_eq!(written(&[]), (Vec::new(), None));
    }

    #[test]
    fn an_endless_line_is_cut() {
        let (lines, _) = written(&[&[b'x'; MAX_LINE + 1]]);
        assert_eq!(lines.iter().map(String::len).collect::<Vec<_>>(), [MAX_LINE, 1]);
    }

    #[test]
    fn an_endless_log_ends() {
        let line = [[b'x'; 1023].as_slice(), b"\n"].concat();
        let (lines, _) = written(&vec![line.as_slice(); 5000]);
        assert!(lines.iter().map(String::len).sum::<usize>() <= MAX_TOTAL);
        assert!(lines.last().unwrap().contains("is cut here"));
    }
}
