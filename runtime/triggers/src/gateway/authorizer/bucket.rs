//! Token buckets (API Gateway guide, "Throttle requests to your REST APIs").

use std::sync::{Mutex, PoisonError};

use samovar_app::Throttle;
use tokio::time::Instant;

/// A token bucket, full at first.
#[derive(Debug)]
pub(super) struct Bucket {
    limit: Throttle,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    tokens: f64,
    at: Instant,
}

impl Bucket {
    pub(super) fn new(limit: Throttle) -> Self {
        let state = State { tokens: limit.burst.into(), at: Instant::now() };
        Self { limit, state: Mutex::new(state) }
    }

    /// Takes a token, if there is one.
    pub(super) fn take(&self) -> bool {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let added = (now - state.at).as_secs_f64() * self.limit.rate;
        state.tokens = (state.tokens + added).min(self.limit.burst.into());
        state.at = now;
        let is_there = state.tokens >= 1.0;
        if is_there {
            state.tokens -= 1.0;
        }
        is_there
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_burst_then_the_rate() {
        let bucket = Bucket::new(Throttle { rate: 2.0, burst: 3 });
        let taken = |bucket: &Bucket| (0..10).filter(|_| bucket.take()).count();
        assert_eq!(taken(&bucket), 3);
        tokio::time::advance(Duration::from_millis(499)).await;
        assert_eq!(taken(&bucket), 0);
        tokio::time::advance(Duration::from_millis(2)).await;
        assert_eq!(taken(&bucket), 1);
        tokio::time::advance(Duration::from_secs(3600)).await;
        assert_eq!(taken(&bucket), 3);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_passes_a_limit_of_nothing() {
        let bucket = Bucket::new(Throttle { rate: 10.0, burst: 0 });
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!bucket.take());
        let once = Bucket::new(Throttle { rate: 0.0, burst: 1 });
        assert!(once.take());
        tokio::time::advance(Duration::from_secs(10)).await;
        assert!(!once.take());
    }
}
