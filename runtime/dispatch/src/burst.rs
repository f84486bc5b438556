//! How fast a function gets new environments.

use std::time::Duration;

use tokio::time::Instant;

/// "Each function can scale by 1,000 execution environment instances every 10 seconds" (Lambda
/// guide, "Lambda scaling behavior").
pub(crate) const BURST: (u32, Duration) = (1000, Duration::from_secs(10));

/// A bucket of tokens, one for each environment that may be made, which fills evenly.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Burst {
    capacity: f64,
    /// Tokens that come each second.
    rate: f64,
    tokens: f64,
    filled: Instant,
}

impl Burst {
    /// A full bucket of `amount`, which an empty one has again after `period`.
    pub(crate) fn new((amount, period): (u32, Duration), now: Instant) -> Self {
        let capacity = f64::from(amount);
        Self { capacity, rate: capacity / period.as_secs_f64(), tokens: capacity, filled: now }
    }

    /// Takes a token; whether there was one.
    pub(crate) fn take(&mut self, now: Instant) -> bool {
        let more = now.saturating_duration_since(self.filled).as_secs_f64() * self.rate;
        self.tokens = (self.tokens + more).min(self.capacity);
        self.filled = now;
        let there = self.tokens >= 1.0;
        if there {
            self.tokens -= 1.0;
        }
        there
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_thousand_at_once_and_a_hundred_a_second() {
        let start = Instant::now();
        let mut burst = Burst::new(BURST, start);
        assert_eq!((0..2000).filter(|_| burst.take(start)).count(), 1000);
        let later = start + Duration::from_secs(1);
        assert_eq!((0..2000).filter(|_| burst.take(later)).count(), 100);
        let rested = later + Duration::from_secs(60);
        assert_eq!((0..2000).filter(|_| burst.take(rested)).count(), 1000);
    }
}
