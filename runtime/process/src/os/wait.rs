//! Waiting for an exit where there is no file descriptor for a process.

use std::io;

use rustix::process::{Pid, WaitId, WaitIdOptions, waitid};
use tokio::sync::oneshot;

/// Waits until the child `pid` has exited, and leaves it to be reaped. Blocks a thread of its
/// own for as long.
///
/// # Errors
/// The thread could not be started, or `pid` is no child.
pub(crate) async fn exited(pid: Pid) -> io::Result<()> {
    let (done, waiting) = oneshot::channel();
    std::thread::Builder::new().name("samovar-wait".into()).stack_size(64 * 1024).spawn(
        move || {
            let outcome = loop {
                match waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT) {
                    Err(rustix::io::Errno::INTR) => {}
                    other => break other.map(drop).map_err(io::Error::from),
                }
            };
            // Whoever waited may have gone.
            let _ = done.send(outcome);
        },
    )?;
    waiting.await.unwrap_or_else(|_| Err(io::Error::other("the waiting thread ended")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_exit_is_seen_and_left_to_be_reaped() {
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let pid = Pid::from_child(&child);
        exited(pid).await.unwrap();
        assert!(child.wait().unwrap().success());
        assert!(exited(pid).await.is_err(), "reaped: no child any more");
    }
}
