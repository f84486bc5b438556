//! Linear memories.

use std::sync::Arc;

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use super::Kept;
use super::clean::Cleaner;
use super::mapping::Mapping;

/// Makes linear memories, of addresses that guests before have used.
#[derive(Clone, Debug)]
pub(crate) struct LinearMemories(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cleaner: Cleaner,
    kept: Kept<Slot>,
}

/// Addresses for one memory and its guard. All that can be accessed is zero.
#[derive(Debug)]
struct Slot {
    mapping: Mapping,
    len: usize,
    /// Bytes from the beginning, in whole pages.
    accessible: usize,
}

impl LinearMemories {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { cleaner: Cleaner::new(), kept: Kept::new() }))
    }
}

// SAFETY: a memory has the addresses that are asked for, of which the first `minimum` bytes can be
// accessed and are zero, and none beyond them. They are this memory's alone for as long as it
// lives, and do not move.
unsafe impl MemoryCreator for LinearMemories {
    fn new_memory(
        &self,
        _: MemoryType,
        minimum: usize,
        _: Option<usize>,
        reserved: Option<usize>,
        guard: usize,
    ) -> Result<Box<dyn LinearMemory>, String> {
        let capacity = reserved.unwrap_or(minimum);
        let accessible = page_aligned(minimum);
        let len = capacity.checked_add(guard).filter(|_| accessible <= capacity);
        let len = len.ok_or_else(|| format!("a memory of {minimum} bytes is too large"))?;
        let kept = &self.0.kept;
        let kept = kept
            .take(|slot| slot.len == len && slot.accessible == accessible)
            .or_else(|| kept.take(|slot| slot.len == len));
        let text = |error: std::io::Error| format!("no address space for a memory: {error}");
        let mut slot = match kept {
            Some(slot) => slot,
            None => Slot { mapping: Mapping::reserve(len).map_err(text)?, len, accessible: 0 },
        };
        slot.set_accessible(accessible).map_err(text)?;
        Ok(Box::new(Memory { slot: Some(slot), size: minimum, capacity, shared: self.0.clone() }))
    }
}

impl Slot {
    fn set_accessible(&mut self, accessible: usize) -> std::io::Result<()> {
        if accessible > self.accessible {
            self.mapping.protect(self.accessible..accessible, true)?;
        } else {
            self.mapping.protect(accessible..self.accessible, false)?;
        }
        self.accessible = accessible;
        Ok(())
    }
}

struct Memory {
    /// There until it is dropped.
    slot: Option<Slot>,
    size: usize,
    capacity: usize,
    shared: Arc<Shared>,
}

// SAFETY: all of it is told of one mapping that is this memory's alone and does not move; what is
// within its size can be accessed, and nothing beyond the page that it ends in.
unsafe impl LinearMemory for Memory {
    fn byte_size(&self) -> usize {
        self.size
    }

    fn byte_capacity(&self) -> usize {
        self.capacity
    }

    fn grow_to(&mut self, size: usize) -> wasmtime::Result<()> {
        let accessible = page_aligned(size);
        let Some(slot) = self.slot.as_mut().filter(|_| accessible <= self.capacity) else {
            return Err(wasmtime::format_err!("the memory's addresses end"));
        };
        if accessible > slot.accessible {
            slot.set_accessible(accessible)?;
        }
        self.size = size;
        Ok(())
    }

    fn as_ptr(&self) -> *mut u8 {
        self.slot.as_ref().map_or(std::ptr::null_mut(), |slot| slot.mapping.base())
    }
}

impl Drop for Memory {
    fn drop(&mut self) {
        let Some(mut slot) = self.slot.take() else { return };
        // What cannot be cleaned is unmapped.
        if self.shared.cleaner.clean(&mut slot.mapping, slot.accessible).is_ok() {
            self.shared.kept.put(slot);
        }
    }
}

/// The size of all pages that so many bytes touch. No memory is so large that this overflows.
fn page_aligned(bytes: usize) -> usize {
    bytes.saturating_add(rustix::param::page_size() - 1) & !(rustix::param::page_size() - 1)
}
