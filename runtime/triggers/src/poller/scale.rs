//! How many batches of one mapping run at once.

use std::time::Duration;

/// Where a mapping starts (Lambda guide, "Configuring scaling behavior for SQS event source
/// mappings": "Lambda starts reading five concurrent batches").
const START: u32 = 5;

/// Where it ends without `MaximumConcurrency`.
const CEILING: u32 = 1000;

/// "Adding up to 300 more instances per minute": one more every 200 ms of backlog.
pub(crate) const GROWTH_INTERVAL: Duration = Duration::from_millis(200);

/// The present limit of concurrent batches: it grows while every place is taken, shrinks by one
/// when a batch fails, and starts over when the queue runs dry.
#[derive(Debug)]
pub(crate) struct Scale {
    limit: u32,
    start: u32,
    maximum: u32,
}

impl Scale {
    /// A mapping that has not started a batch yet.
    ///
    /// A FIFO queue needs no start: as many batches run at once as there are groups with
    /// messages, up to the maximum (Lambda guide, as above), and the queue sees to that.
    pub(crate) fn new(maximum_concurrency: Option<u32>, fifo: bool) -> Self {
        let maximum = maximum_concurrency.unwrap_or(CEILING).max(1);
        let start = if fifo { maximum } else { START.min(maximum) };
        Self { limit: start, start, maximum }
    }

    /// Whether a batch may start beside `running` others.
    pub(crate) fn admits(&self, running: usize) -> bool {
        usize::try_from(self.limit).map_or(true, |limit| running < limit)
    }

    /// Whether the limit may grow at all.
    pub(crate) fn can_grow(&self) -> bool {
        self.limit < self.maximum
    }

    /// Every place was taken for one [`GROWTH_INTERVAL`].
    pub(crate) fn grow(&mut self) {
        self.limit = (self.limit + 1).min(self.maximum);
    }

    /// A batch failed or was throttled ("Backoff strategy for failed invocations": Lambda
    /// "gradually backs off by reducing the amount of concurrency").
    pub(crate) fn back_off(&mut self) {
        self.limit = (self.limit - 1).max(1);
    }

    /// The queue is empty and nothing runs.
    pub(crate) fn rest(&mut self) {
        self.limit = self.start;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn starts_at_five_and_grows_to_the_maximum() {
        let mut scale = Scale::new(Some(7), false);
        assert!(scale.admits(4) && !scale.admits(5));
        scale.grow();
        scale.grow();
        assert!(scale.admits(6) && !scale.admits(7) && !scale.can_grow());
        scale.grow();
        assert!(!scale.admits(7), "the maximum holds");
        scale.rest();
        assert!(!scale.admits(5));
    }

    #[test]
    fn a_low_maximum_holds_from_the_start() {
        let scale = Scale::new(Some(2), false);
        assert!(scale.admits(1) && !scale.admits(2));
    }

    #[test]
    fn groups_need_no_start() {
        let scale = Scale::new(Some(9), true);
        assert!(scale.admits(8) && !scale.admits(9) && !scale.can_grow());
    }

    #[test]
    fn failures_never_stop_it() {
        let mut scale = Scale::new(None, false);
        for _ in 0..20 {
            scale.back_off();
        }
        assert!(scale.admits(0) && !scale.admits(1));
    }
}
