//! Waiting, in both builds from the same source.

use std::time::Duration;

/// Returns after `duration`, and lets other futures of the invocation run meanwhile. tokio's own
/// `sleep` works natively only.
pub async fn sleep(duration: Duration) {
    #[cfg(not(target_family = "wasm"))]
    tokio::time::sleep(duration).await;
    #[cfg(target_family = "wasm")]
    wstd::task::sleep(duration.into()).await;
}
