//! Lines that are printed while others work.

use std::io::Write;
use std::mem;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use std::{fmt, io};

use jiff::Zoned;

/// How long lines are gathered before they are written together: no person sees it.
const GATHER: Duration = Duration::from_millis(10);

/// Bytes that may wait for a terminal, or whatever reads, that is slow. What comes beyond that is
/// counted and not shown: who works must not wait for who reads.
const MAX_WAITING: usize = 1 << 20;

/// Prints lines on a thread of its own. Whoever has one to print does not wait for the terminal,
/// nor for others that print.
pub(crate) struct Printer {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

#[derive(Default)]
struct Waiting {
    /// Whole lines.
    text: String,
    /// Lines that there was no room for.
    lost: u64,
    clock: WallClock,
    is_closed: bool,
}

impl Printer {
    /// Prints to `out`. One that is closed must not stop what is served.
    ///
    /// # Errors
    /// There is no thread for it.
    pub(crate) fn start(out: impl Write + Send + 'static) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let taken = Arc::clone(&shared);
        let thread =
            thread::Builder::new().name("terminal".into()).spawn(move || taken.run(out))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Takes a line, which `write` appends without its line feed; it is given the time of day.
    pub(crate) fn line(&self, write: impl FnOnce(&mut String, &str) -> fmt::Result) {
        let mut waiting = self.shared.waiting();
        let Waiting { text, lost, clock, .. } = &mut *waiting;
        if text.len() > MAX_WAITING {
            *lost += 1;
            return;
        }
        let was_empty = text.is_empty();
        let start = text.len();
        // Writing to memory does not fail.
        if write(text, clock.now()).is_ok() {
            text.push('\n');
        } else {
            text.truncate(start);
        }
        drop(waiting);
        if was_empty {
            self.shared.changed.notify_one();
        }
    }

    /// Prints what is still to be printed, and ends. What comes later is lost.
    pub(crate) fn finish(&self) {
        self.shared.waiting().is_closed = true;
        self.shared.changed.notify_one();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // It has nothing to tell.
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn run(&self, mut out: impl Write) {
        while let Some((text, lost)) = self.take() {
            let _ = out.write_all(text.as_bytes());
            if lost > 0 {
                let _ = writeln!(out, "  {lost} lines are not shown: they came too fast");
            }
            let _ = out.flush();
            let waiting = self.waiting();
            if !waiting.is_closed {
                // Ends early where the printer is to end.
                let gathered =
                    self.changed.wait_timeout_while(waiting, GATHER, |waiting| !waiting.is_closed);
                drop(gathered);
            }
        }
    }

    /// Waits until lines are there, and takes them with the number of those that are not; `None`:
    /// nothing is there, and nothing will be.
    fn take(&self) -> Option<(String, u64)> {
        let is_idle = |waiting: &mut Waiting| {
            waiting.text.is_empty() && waiting.lost == 0 && !waiting.is_closed
        };
        let mut waiting = self
            .changed
            .wait_while(self.waiting(), is_idle)
            .unwrap_or_else(PoisonError::into_inner);
        let (text, lost) = (mem::take(&mut waiting.text), mem::take(&mut waiting.lost));
        (!text.is_empty() || lost > 0).then_some((text, lost))
    }

    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        // A line that is left half-done is ugly, and no more.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The time of day, to the second: the same text for many lines.
#[derive(Default)]
struct WallClock {
    /// Since 1970.
    second: Option<u64>,
    text: String,
}

impl WallClock {
    /// `12:03:05`, in the time zone of the machine.
    fn now(&mut self) -> &str {
        let since = SystemTime::now().duration_since(UNIX_EPOCH);
        let second = since.ok().map(|since| since.as_secs());
        if second.is_none() || self.second != second {
            self.second = second;
            self.text = Zoned::now().strftime("%H:%M:%S").to_string();
        }
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// Waits before each write until it is told to go on, and gives away what is written.
    struct Slow {
        go: Receiver<()>,
        written: Sender<String>,
    }

    impl Write for Slow {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            // Nobody holds it up any more.
            let _ = self.go.recv();
            self.written.send(String::from_utf8(bytes.to_vec()).unwrap()).unwrap();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn slow() -> (Printer, Sender<()>, Receiver<String>) {
        let ((go, goes), (written, writes)) = (channel(), channel());
        (Printer::start(Slow { go: goes, written }).unwrap(), go, writes)
    }

    #[test]
    fn lines_of_many_threads_stay_whole_and_all_come() {
        let (printer, go, written) = slow();
        drop(go);
        thread::scope(|scope| {
            for number in 0..4 {
                let printer = &printer;
                scope.spawn(move || {
                    for line in 0..500 {
                        printer.line(|text, _| write!(text, "{number} says {line}"));
                    }
                });
            }
        });
        printer.finish();
        let all: String = written.try_iter().collect();
        let mut lines: Vec<_> = all.lines().collect();
        lines.sort_unstable();
        let mut expected: Vec<_> =
            (0..4).flat_map(|n| (0..500).map(move |l| format!("{n} says {l}"))).collect();
        expected.sort_unstable();
        assert_eq!(lines, expected);
    }

    #[test]
    fn nobody_waits_for_a_terminal_that_does_not_read() {
        let (printer, go, written) = slow();
        let long = "x".repeat(1000);
        for _ in 0..5000 {
            printer.line(|text, _| text.write_str(&long));
        }
        drop(go);
        printer.finish();
        let all: String = written.try_iter().collect();
        let shown = all.lines().filter(|line| *line == long).count();
        // The first line may have been taken before the others came.
        assert!((1000..2200).contains(&shown), "{shown} lines");
        let note = format!("  {} lines are not shown: they came too fast", 5000 - shown);
        assert_eq!(all.lines().last(), Some(note.as_str()));
    }

    #[test]
    fn a_line_knows_the_time_of_day() {
        let mut clock = WallClock::default();
        let before = Zoned::now().strftime("%H:%M:%S").to_string();
        let now = clock.now().to_owned();
        let after = Zoned::now().strftime("%H:%M:%S").to_string();
        assert!([before, after].contains(&now), "{now}");
    }
}
