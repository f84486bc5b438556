//! The one thread that starts processes.
//!
//! A parent-death signal is bound to the thread that forked (see [`crate::os`]). Threads of an
//! async runtime end when that runtime does, and threads of its blocking pool end when they are
//! idle: processes forked there would be killed in the midst of their work. This thread lives as
//! long as Samovar. It also keeps the blocking wait for `exec` off the async threads.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError, mpsc};

use tokio::sync::oneshot;

type Job = Box<dyn FnOnce() + Send>;

static JOBS: Mutex<Option<mpsc::Sender<Job>>> = Mutex::new(None);

/// Runs `job` on the spawning thread. If the future is dropped, the job still runs, and its
/// result is dropped.
///
/// # Errors
/// The thread cannot be started, or the job panicked.
pub(crate) async fn run<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> io::Result<T> {
    let (done, result) = oneshot::channel();
    submit(Box::new(move || {
        // A result that nobody takes is dropped here, which ends the process that it owns.
        let _ = done.send(job());
    }))?;
    result.await.map_err(|_| io::Error::other("the thread that starts processes has ended"))
}

fn submit(job: Job) -> io::Result<()> {
    let mut jobs = JOBS.lock().unwrap_or_else(PoisonError::into_inner);
    let sender = match jobs.as_ref() {
        Some(sender) => sender,
        None => jobs.insert(start()?),
    };
    sender.send(job).map_err(|_| io::Error::other("the thread that starts processes has ended"))
}

fn start() -> io::Result<mpsc::Sender<Job>> {
    let (sender, receiver) = mpsc::channel::<Job>();
    std::thread::Builder::new().name("samovar-spawner".into()).spawn(move || {
        for job in receiver {
            // If this thread ended, every process that it started would be killed.
            let _ = catch_unwind(AssertUnwindSafe(job));
        }
    })?;
    Ok(sender)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_jobs_run_on_one_thread_and_a_panic_is_survived() {
        let thread = || std::thread::current().id();
        let first = run(thread).await.unwrap();
        assert_eq!(first, run(thread).await.unwrap());
        assert_ne!(first, thread());
        assert!(run(|| panic!("on purpose")).await.is_err());
        assert_eq!(first, run(thread).await.unwrap());
    }
}
