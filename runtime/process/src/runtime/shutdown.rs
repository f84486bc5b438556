//! The end of a runtime and its extensions (Lambda guide, "Lambda execution environment lifecycle",
//! shutdown phase; `internal/lambda/rapid/shutdown.go` of AWS's emulator).

use std::time::{Duration, Instant, SystemTime};

use super::{LAST_WORDS, Runtime};
use crate::runtime_api::extensions::{ExtensionEvent, ShutdownReason};

/// How long an environment with extensions has to end, and one whose extensions are all internal
/// ("Shutdown phase").
pub(super) const SHUTDOWN: Duration = Duration::from_secs(2);
const SHUTDOWN_INTERNAL: Duration = Duration::from_millis(500);

/// The runtime's share of that (`runtimeDeadlineShare` of AWS's emulator).
const RUNTIME_SHARE: f64 = 0.3;

/// The share of the rest in which subscribers get the last of telemetry.
const FLUSH_SHARE: f64 = 0.5;

impl Runtime {
    /// "Shutdown phase": without extensions `SIGKILL` for all; else `SIGTERM` for the runtime,
    /// then `SHUTDOWN` for the extensions that want it, which have two seconds (half a second if
    /// all are internal) with the runtime's share, then `SIGKILL`.
    pub(super) async fn stop_processes(&mut self, reason: ShutdownReason, grace: Duration) {
        let ended = match self.server.extensions().present() {
            (_, false) => grace,
            (external, true) => {
                self.work();
                let limit = if external { SHUTDOWN } else { SHUTDOWN_INTERNAL }.min(grace);
                let end = Instant::now() + limit;
                self.group.terminate();
                let share = limit.mul_f64(RUNTIME_SHARE);
                let _ = tokio::time::timeout(share, self.group.exited()).await;
                self.group.kill();
                self.output.finish(LAST_WORDS.min(share)).await;
                // An extension may go as soon as it hears of the end: before, it gets what there is.
                let left = end.saturating_duration_since(Instant::now());
                let flushed = self.server.telemetry().flush();
                let _ = tokio::time::timeout(left.mul_f64(FLUSH_SHARE), flushed).await;
                let left = end.saturating_duration_since(Instant::now());
                self.end_extensions(reason, left).await;
                LAST_WORDS
            }
        };
        self.group.kill();
        if let Some(keeper) = &self.keeper {
            // And with it whatever is left in its namespaces.
            keeper.kill();
        }
        // What has got away from a reaper, which is no more than a process of the same user.
        self.warden.kill_stray();
        let ended_all = async {
            self.group.exited().await;
            self.output.finish(LAST_WORDS).await;
            self.extensions.finish(LAST_WORDS).await;
            if let Some(keeper) = &self.keeper {
                keeper.exited().await;
            }
        };
        // A process that even SIGKILL does not end in time is reaped by its watcher later.
        let _ = tokio::time::timeout(ended, ended_all).await;
    }

    async fn end_extensions(&mut self, reason: ShutdownReason, left: Duration) {
        let extensions = self.server.extensions();
        extensions.shut_down(ExtensionEvent::shutdown(reason, SystemTime::now() + left));
        let told: Vec<_> = extensions
            .statuses()
            .into_iter()
            .filter(|status| status.events.shutdown)
            .map(|status| status.name)
            .collect();
        self.extensions.end(|name| told.iter().any(|one| one == name), left).await;
    }
}
