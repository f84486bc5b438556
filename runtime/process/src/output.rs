//! Standard output and error, line by line into the environment's log.

use std::io;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::buffer::spare_capacity;
use rustix::io::{Errno, ioctl_fionbio, ioctl_fionread, read};
use samovar_dispatch::EnvironmentLog;
use tokio::io::unix::AsyncFd;
use tokio::task::JoinSet;

use crate::os;

/// The longest line. A longer one is cut into pieces of this length, so that a function that
/// writes no line feeds costs no memory (CloudWatch Logs, "Quotas": an event has at most 256 KB).
const MAX_LINE: usize = 256 * 1024;

/// How much is read at once; no less than a pipe holds on Linux (pipe(7)).
const CHUNK: usize = 64 * 1024;

/// The output of one process, being read.
#[derive(Debug)]
pub(crate) struct Output {
    pipes: [Arc<Pipe>; 2],
    readers: JoinSet<()>,
}

#[derive(Debug)]
struct Pipe {
    fd: AsyncFd<OwnedFd>,
    lines: Mutex<Lines>,
}

impl Output {
    /// Starts to read both pipes into `log`. Needs an async runtime.
    ///
    /// # Errors
    /// A pipe cannot be registered with the async runtime.
    pub(crate) fn new(stdout: OwnedFd, stderr: OwnedFd, log: &EnvironmentLog) -> io::Result<Self> {
        let pipes = [Pipe::new(stdout, log)?, Pipe::new(stderr, log)?];
        let mut readers = JoinSet::new();
        for pipe in &pipes {
            let pipe = Arc::clone(pipe);
            readers.spawn(async move { pipe.follow().await });
        }
        Ok(Self { pipes, readers })
    }

    /// Reads what has been written up to now, and ends unfinished lines: what comes later belongs
    /// to another invocation.
    pub(crate) fn drain(&self) {
        for pipe in &self.pipes {
            pipe.drain();
        }
    }

    /// Waits until no process holds the pipes any more and everything has been read, for at most
    /// `limit` (a process that left its group may hold them for ever), and ends unfinished lines.
    pub(crate) async fn finish(&mut self, limit: Duration) {
        let readers = &mut self.readers;
        let ended = async { while readers.join_next().await.is_some() {} };
        // Not having ended is no error: what is there is read below.
        let _ = tokio::time::timeout(limit, ended).await;
        self.drain();
    }
}

impl Pipe {
    fn new(fd: OwnedFd, log: &EnvironmentLog) -> io::Result<Arc<Self>> {
        // This end only: the process sees a pipe that blocks, as everywhere.
        ioctl_fionbio(&fd, true)?;
        let fd = os::watched(fd)?;
        Ok(Arc::new(Self { fd, lines: Mutex::new(Lines::new(log.clone())) }))
    }

    /// Reads until nobody holds the other end.
    async fn follow(&self) {
        while let Ok(mut ready) = self.fd.readable().await {
            match ready.try_io(|fd| self.lines().fill(fd.get_ref())) {
                Ok(Ok(0)) | Ok(Err(_)) => break,
                // Read, or nothing there after all.
                Ok(Ok(_)) | Err(_) => {}
            }
        }
        self.lines().flush();
    }

    /// Reads what the pipe holds now, and no more: a process that goes on writing does not keep
    /// an invocation from ending. The descriptor is asked itself, because readiness that the
    /// async runtime has not heard of yet would be missed.
    fn drain(&self) {
        let fd = self.fd.get_ref();
        let mut lines = self.lines();
        let mut left = ioctl_fionread(fd).unwrap_or_default();
        while left > 0 {
            match lines.fill(fd) {
                Ok(0) | Err(_) => break,
                Ok(count) => left = left.saturating_sub(count as u64),
            }
        }
        lines.flush();
    }

    fn lines(&self) -> MutexGuard<'_, Lines> {
        // A panic of a log observer loses at most a line.
        self.lines.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Cuts bytes into lines.
#[derive(Debug)]
struct Lines {
    log: EnvironmentLog,
    /// A line that has not ended yet, never as long as [`MAX_LINE`].
    unfinished: Vec<u8>,
}

impl Lines {
    fn new(log: EnvironmentLog) -> Self {
        Self { log, unfinished: Vec::new() }
    }

    /// Reads once; how many bytes came, 0 at the end.
    fn fill(&mut self, fd: impl AsFd) -> io::Result<usize> {
        let old = self.unfinished.len();
        self.unfinished.reserve(CHUNK);
        let count = loop {
            match read(&fd, spare_capacity(&mut self.unfinished)) {
                Err(Errno::INTR) => {}
                other => break other?,
            }
        };
        self.cut(old);
        Ok(count)
    }

    /// Hands the whole lines on. There is no line feed before `old`.
    fn cut(&mut self, old: usize) {
        let mut start = 0;
        let mut searched = old;
        while let Some(length) = self.unfinished[searched..].iter().position(|&b| b == b'\n') {
            let end = searched + length;
            self.emit(start, end);
            start = end + 1;
            searched = start;
        }
        while self.unfinished.len() - start >= MAX_LINE {
            self.log.line(&self.unfinished[start..start + MAX_LINE]);
            start += MAX_LINE;
        }
        self.unfinished.drain(..start);
        if self.unfinished.is_empty() {
            // An idle environment keeps no buffer.
            self.unfinished = Vec::new();
        }
    }

    fn emit(&self, start: usize, end: usize) {
        let line = &self.unfinished[start..end];
        if line.is_empty() {
            self.log.line(line);
        }
        for piece in line.chunks(MAX_LINE) {
            self.log.line(piece);
        }
    }

    fn flush(&mut self) {
        if !self.unfinished.is_empty() {
            self.log.line(&std::mem::take(&mut self.unfinished));
        }
    }
}

#[cfg(test)]
mod tests;
