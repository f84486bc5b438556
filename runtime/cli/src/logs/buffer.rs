//! Records on their way to the disk.

use std::collections::HashMap;
use std::mem;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use samovar_dispatch::LogLine;

use super::record::{self, Times};

/// Bytes of one function's records that may wait. What a function writes beyond that, before the
/// disk has taken these, is counted and lost: its log must cost neither memory nor time of others.
const MAX_WAITING: usize = 1 << 20;

/// Records that wait to be written. Appending one takes no time that counts: it is a copy.
#[derive(Debug, Default)]
pub(super) struct Buffer {
    state: Mutex<State>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct State {
    functions: HashMap<Box<str>, Waiting>,
    times: Times,
    /// Something waits.
    is_filled: bool,
    is_closed: bool,
}

/// What waits of one function.
#[derive(Debug, Default)]
pub(super) struct Waiting {
    /// Whole records.
    pub(super) records: Vec<u8>,
    /// Lines that there was no room for.
    pub(super) lost: u64,
}

impl Buffer {
    pub(super) fn append(&self, line: &LogLine<'_>, time: SystemTime) {
        let mut state = self.lock();
        let state = &mut *state;
        let waiting = match state.functions.get_mut(line.function) {
            Some(waiting) => waiting,
            None => state.functions.entry(line.function.into()).or_default(),
        };
        if waiting.records.len() + line.text.len() > MAX_WAITING {
            waiting.lost += 1;
        } else {
            record::append(line, time, &mut state.times, &mut waiting.records);
        }
        if !mem::replace(&mut state.is_filled, true) {
            self.filled.notify_one();
        }
    }

    /// Lets [`take`](Self::take) end.
    pub(super) fn close(&self) {
        self.lock().is_closed = true;
        self.filled.notify_one();
    }

    /// Waits until something is there, and takes it; `None`: nothing is, and nothing will be.
    pub(super) fn take(&self) -> Option<Vec<(Box<str>, Waiting)>> {
        let mut state = self.lock();
        while !state.is_filled {
            if state.is_closed {
                return None;
            }
            state = self.filled.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        state.is_filled = false;
        let filled = state.functions.iter_mut().filter(|(_, waiting)| !waiting.is_empty());
        Some(filled.map(|(name, waiting)| (name.clone(), mem::take(waiting))).collect())
    }

    pub(super) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // Nothing under this lock can be left half-done but a record, which a reader skips.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Waiting {
    fn is_empty(&self) -> bool {
        self.records.is_empty() && self.lost == 0
    }
}

#[cfg(test)]
mod tests {
    use samovar_dispatch::Origin;

    use super::*;

    #[test]
    fn a_flood_is_bounded_and_counted_and_harms_no_other() {
        let buffer = Buffer::default();
        let text = "x".repeat(64 * 1024);
        let line = |function, text| LogLine {
            function,
            environment: 1,
            request_id: None,
            origin: Origin::Function,
            text,
        };
        for _ in 0..100 {
            buffer.append(&line("Flood", &text), SystemTime::now());
        }
        buffer.append(&line("Other", "hello"), SystemTime::now());
        let mut taken = buffer.take().unwrap();
        taken.sort_by(|(a, _), (b, _)| a.cmp(b));
        let [(_, flood), (_, other)] = taken.as_slice() else { panic!("{taken:?}") };
        let kept = flood.records.iter().filter(|byte| **byte == b'\n').count() as u64;
        assert!(flood.records.len() <= MAX_WAITING + 100);
        assert_eq!((kept + flood.lost, other.lost), (100, 0));
        assert!(kept >= 10 && other.records.ends_with(b"hello\n"));
        buffer.close();
        assert!(buffer.take().is_none());
    }
}
