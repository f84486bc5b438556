//! The memory of an isolate.

use wasmtime::{Error, ResourceLimiter, Result};

/// Bytes of a table's element in wasmtime.
const ELEMENT: usize = size_of::<usize>();

/// Counts all linear memories and tables of an isolate against one limit.
#[derive(Debug)]
pub(crate) struct MemoryLimit {
    limit: usize,
    used: usize,
    peak: usize,
    granted: usize,
    refused: bool,
}

impl MemoryLimit {
    /// At most `limit` bytes.
    pub(crate) fn new(limit: usize) -> Self {
        Self { limit, used: 0, peak: 0, granted: 0, refused: false }
    }

    /// The most that was used at a time, in bytes.
    pub(crate) fn peak(&self) -> usize {
        self.peak
    }

    /// Whether the isolate wanted more than it may have.
    pub(crate) fn refused(&self) -> bool {
        self.refused
    }

    fn grow(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> bool {
        if maximum.is_some_and(|maximum| desired > maximum) {
            // The component's own limit, or the engine's: the growth fails anyway.
            return false;
        }
        let growth = desired.saturating_sub(current);
        match self.used.checked_add(growth).filter(|used| *used <= self.limit) {
            Some(used) => {
                self.used = used;
                self.granted = growth;
                self.peak = self.peak.max(used);
                true
            }
            None => {
                self.refused = true;
                false
            }
        }
    }

    /// The growth granted last did not happen.
    fn take_back(&mut self) {
        self.used -= std::mem::take(&mut self.granted);
    }
}

impl ResourceLimiter for MemoryLimit {
    fn memory_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        Ok(self.grow(current, desired, maximum))
    }

    fn memory_grow_failed(&mut self, _: Error) -> Result<()> {
        self.take_back();
        Ok(())
    }

    fn table_growing(
        &mut self,
        current: usize,
        desired: usize,
        maximum: Option<usize>,
    ) -> Result<bool> {
        let bytes = |elements: usize| elements.saturating_mul(ELEMENT);
        Ok(self.grow(bytes(current), bytes(desired), maximum.map(bytes)))
    }

    fn table_grow_failed(&mut self, _: Error) -> Result<()> {
        self.take_back();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_memories_and_tables() {
        let mut limit = MemoryLimit::new(1000);
        assert!(limit.memory_growing(0, 400, None).unwrap());
        assert!(limit.memory_growing(0, 400, None).unwrap());
        assert!(limit.table_growing(0, 200 / ELEMENT, None).unwrap());
        assert!(!limit.refused());
        assert!(!limit.memory_growing(400, 401, None).unwrap());
        assert!(limit.refused());
        assert_eq!(limit.peak(), 1000);
    }

    #[test]
    fn a_growth_that_failed_counts_nothing() {
        let mut limit = MemoryLimit::new(1000);
        assert!(limit.memory_growing(0, 900, None).unwrap());
        limit.memory_grow_failed(wasmtime::format_err!("no memory")).unwrap();
        assert!(limit.memory_growing(0, 900, None).unwrap());
        assert!(!limit.refused());
    }

    #[test]
    fn the_components_own_maximum_is_not_ours() {
        let mut limit = MemoryLimit::new(1000);
        assert!(!limit.memory_growing(0, 900, Some(800)).unwrap());
        assert!(!limit.refused());
        assert_eq!(limit.peak(), 0);
    }
}
