//! A build tool and all that it starts.

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Child;

/// A running build tool with its compilers: a process group of their own, killed whole where the
/// build is given up. Without it the compilers would go on.
pub(super) struct Group(Option<Pid>);

impl Group {
    /// The group that `child` leads (`process_group(0)`).
    pub(super) fn of(child: &Child) -> Self {
        Self(child.id().and_then(|id| Pid::from_raw(id.cast_signed())))
    }

    /// The tool has been waited for: its number may be another's by now.
    pub(super) fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // They may have ended a moment ago.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
