//! How long AWS's waits take here.

use std::time::Duration;

/// What waits of asynchronous invocations are multiplied with: those between attempts, and the
/// age at which an event is given up. 1, the default, is as long as on AWS.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TimeScale(f64);

impl TimeScale {
    /// A scale; `None` unless it is more than 0 and at most 1.
    pub fn new(scale: f64) -> Option<Self> {
        (scale > 0.0 && scale <= 1.0).then_some(Self(scale))
    }

    /// A wait as this scale makes it, in the whole seconds that a queue delays by. What AWS waits
    /// for is never not waited for at all: a second is the least.
    pub(super) fn seconds(self, wait: Duration) -> u64 {
        self.duration(wait).as_secs_f64().ceil().max(1.0) as u64
    }

    /// A duration as this scale makes it.
    pub(super) fn duration(self, duration: Duration) -> Duration {
        duration.mul_f64(self.0)
    }
}

impl Default for TimeScale {
    fn default() -> Self {
        Self(1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_scaled_to_whole_seconds() {
        let scale = TimeScale::new(0.01).expect("a scale");
        assert_eq!(scale.seconds(Duration::from_secs(60)), 1);
        assert_eq!(scale.seconds(Duration::from_secs(120)), 2);
        assert_eq!(scale.duration(Duration::from_secs(21_600)), Duration::from_secs(216));
        assert_eq!(TimeScale::default().seconds(Duration::from_secs(60)), 60);
    }

    #[test]
    fn time_neither_stands_still_nor_goes_back_nor_is_slower_than_on_aws() {
        for scale in [0.0, -1.0, 1.01, f64::NAN, f64::INFINITY] {
            assert_eq!(TimeScale::new(scale), None, "{scale}");
        }
    }
}
