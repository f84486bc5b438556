//! So many at once, and the others wait.

use std::sync::{Condvar, Mutex, PoisonError};

/// A semaphore for threads.
#[derive(Debug)]
pub(crate) struct Gate {
    free: Mutex<usize>,
    left: Condvar,
}

/// One that is in.
#[derive(Debug)]
pub(crate) struct Pass<'a>(&'a Gate);

impl Gate {
    /// A gate for as many as there are cores.
    pub(crate) fn of_cores() -> Self {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        Self { free: Mutex::new(cores), left: Condvar::new() }
    }

    /// Waits until there is room.
    pub(crate) fn pass(&self) -> Pass<'_> {
        // Nothing panics while it holds the lock.
        let free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        let mut free =
            self.left.wait_while(free, |free| *free == 0).unwrap_or_else(PoisonError::into_inner);
        *free -= 1;
        Pass(self)
    }
}

impl Drop for Pass<'_> {
    fn drop(&mut self) {
        *self.0.free.lock().unwrap_or_else(PoisonError::into_inner) += 1;
        self.0.left.notify_one();
    }
}
