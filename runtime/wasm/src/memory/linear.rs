//! Linear memories.

use std::sync::Arc;

use wasmtime::{LinearMemory, MemoryCreator, MemoryType};

use super::Kept;
use super::clean::Cleaner;
use super::image::{self, Image};
use super::mapping::Mapping;

/// Makes linear memories, of addresses that guests before have used.
#[derive(Clone, Debug)]
pub(crate) struct LinearMemories(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    cleaner: Cleaner,
    kept: Kept<Slot>,
}

/// Addresses for one memory and its guard. All that can be accessed is zero, but for the image.
#[derive(Debug)]
struct Slot {
    mapping: Mapping,
    len: usize,
    /// Bytes from the beginning, in whole pages.
    accessible: usize,
    /// What is mapped into the part that can be accessed.
    image: Option<Arc<Image>>,
}

impl LinearMemories {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Shared { cleaner: Cleaner::new(), kept: Kept::new() }))
    }
}

// SAFETY: a memory has the addresses that are asked for, of which the first `minimum` bytes can be
// accessed, and none beyond them. They are zero, but for what the component would write there next:
// its data. They are this memory's alone for as long as it lives, and do not move.
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
        let image = image::wanted(minimum);
        let text = |error: std::io::Error| format!("no address space for a memory: {error}");
        let kept = self.0.kept.take(|slot| slot.suits(len, accessible, image.as_ref()));
        let mut slot = match kept {
            Some(slot) => slot,
            None => Slot::new(len).map_err(text)?,
        };
        slot.prepare(accessible, image).map_err(text)?;
        Ok(Box::new(Memory { slot: Some(slot), size: minimum, capacity, shared: self.0.clone() }))
    }
}

impl Slot {
    fn new(len: usize) -> std::io::Result<Self> {
        Ok(Self { mapping: Mapping::reserve(len)?, len, accessible: 0, image: None })
    }

    /// How much is to be done before this can be such a memory, if it can.
    fn suits(&self, len: usize, accessible: usize, image: Option<&Arc<Image>>) -> Option<u8> {
        if self.len != len {
            None
        } else if !same(self.image.as_ref(), image) {
            Some(if self.image.is_none() { 2 } else { 3 })
        } else {
            Some((self.accessible != accessible).into())
        }
    }

    /// Makes it a memory with so much that can be accessed, and this image in that part.
    fn prepare(&mut self, accessible: usize, image: Option<Arc<Image>>) -> std::io::Result<()> {
        if same(self.image.as_ref(), image.as_ref()) {
            return self.set_accessible(accessible);
        }
        if let Some(old) = self.image.take() {
            self.mapping.map_zeros(old.range())?;
        }
        self.set_accessible(accessible)?;
        if let Some(image) = image {
            image.map(&mut self.mapping)?;
            self.image = Some(image);
        }
        Ok(())
    }

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

/// Whether they are the same image, or both none.
fn same(one: Option<&Arc<Image>>, other: Option<&Arc<Image>>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => Arc::ptr_eq(one, other),
        (None, None) => true,
        _ => false,
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
        let Slot { mapping, accessible, image, .. } = &mut slot;
        if self.shared.cleaner.clean(mapping, *accessible, image.as_deref()).is_ok() {
            self.shared.kept.put(slot);
        }
    }
}

/// The size of all pages that so many bytes touch. No memory is so large that this overflows.
fn page_aligned(bytes: usize) -> usize {
    bytes.saturating_add(rustix::param::page_size() - 1) & !(rustix::param::page_size() - 1)
}
