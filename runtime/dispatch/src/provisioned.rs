//! Provisioned concurrency: environments that are there before any invocation needs them (Lambda
//! guide, "Configuring provisioned concurrency for a function").

use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{sleep, timeout};

use crate::clock::Clock;
use crate::log::{EnvironmentLog, LogObserver};
use crate::pool::{Live, Pool};

/// "Your function's initialization code can run for up to 130 seconds or the configured function
/// timeout, whichever is higher" (Lambda guide, "Lambda execution environment lifecycle").
const INIT_LIMIT: Duration = Duration::from_secs(130);

/// How long a start that failed is not tried again: at first, and at most.
const PAUSES: (Duration, Duration) = (Duration::from_secs(1), Duration::from_secs(60));

/// Environments that are started at once.
const AT_ONCE: usize = 8;

/// Keeps as many environments as the pool's function has provisioned, until the pool is closed.
pub(crate) async fn keep(
    pool: Weak<Pool>,
    wanted: u32,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn LogObserver>,
) {
    let places = Arc::new(Semaphore::new(wanted as usize));
    let starts = Arc::new(Semaphore::new(AT_ONCE));
    let Some(closing) = pool.upgrade().map(|pool| pool.closing.clone()) else { return };
    let keeping = async {
        // Neither semaphore is ever closed.
        while let Ok(place) = places.clone().acquire_owned().await
            && let Ok(turn) = starts.clone().acquire_owned().await
        {
            let Some(pool) = pool.upgrade() else { return };
            let (observer, closing) = (observer.clone(), closing.clone());
            let clock = clock.clone();
            tokio::spawn(async move {
                closing.run_until_cancelled(start(&pool, place, turn, clock, observer)).await
            });
        }
    };
    closing.run_until_cancelled(keeping).await;
}

/// Starts one environment, for as long as that takes.
async fn start(
    pool: &Pool,
    place: OwnedSemaphorePermit,
    turn: OwnedSemaphorePermit,
    clock: Arc<dyn Clock>,
    observer: Arc<dyn LogObserver>,
) {
    let limit = INIT_LIMIT.max(pool.function.timeout);
    let mut pause = PAUSES.0;
    let mut turn = Some(turn);
    loop {
        let log = EnvironmentLog::of(&pool.function, clock.clone(), observer.clone());
        let error = match timeout(limit, pool.provider.start_provisioned(log.clone())).await {
            Ok(Ok(environment)) => {
                pool.put(Live::new(environment, log, Some(place)));
                return;
            }
            Ok(Err(error)) => error.message,
            Err(_) => format!("initialization took more than {} s", limit.as_secs()),
        };
        log.platform(&format!("Provisioned concurrency: {error}"));
        // Others may try meanwhile.
        turn.take();
        sleep(pause).await;
        pause = (pause * 2).min(PAUSES.1);
    }
}
