//! A range of addresses of which a part can be used.

use std::io;
use std::ops::Range;
use std::ptr;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

/// Anonymous private memory. It is unmapped when dropped.
#[derive(Debug)]
pub(super) struct Mapping {
    base: *mut u8,
    len: usize,
}

// SAFETY: the mapping is this value's alone; what is done to the memory goes through a `&mut` of
// whoever owns it, or through wasmtime, which has the same duty for the pointer it gets.
unsafe impl Send for Mapping {}
// SAFETY: as above; by a shared reference only addresses can be had.
unsafe impl Sync for Mapping {}

impl Mapping {
    /// Reserves addresses, a multiple of the page's size. None of them can be read or written.
    pub(super) fn reserve(len: usize) -> io::Result<Self> {
        let flags = MapFlags::PRIVATE | MapFlags::NORESERVE;
        // SAFETY: the kernel chooses where, so nothing else is there.
        let base =
            unsafe { rustix::mm::mmap_anonymous(ptr::null_mut(), len, ProtFlags::empty(), flags)? };
        let mapping = Self { base: base.cast(), len };
        // A page of 2 MB would be zeroed for a guest that touches a word of it. Kernels without
        // such pages refuse the advice.
        let _ = mapping.advise(0..len, Advice::LinuxNoHugepage);
        Ok(mapping)
    }

    pub(super) fn base(&self) -> *mut u8 {
        self.base
    }

    /// Lets a range, in whole pages, be read and written, or lets nobody touch it.
    pub(super) fn protect(&mut self, range: Range<usize>, accessible: bool) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        assert!(range.end <= self.len, "the range is beyond the mapping");
        let flags = if accessible {
            MprotectFlags::READ | MprotectFlags::WRITE
        } else {
            MprotectFlags::empty()
        };
        // SAFETY: the range is within the mapping, of which nothing is borrowed.
        unsafe { rustix::mm::mprotect(self.base.add(range.start).cast(), range.len(), flags)? };
        Ok(())
    }

    /// Gives the pages of a range back: they are zeros when they are read again.
    pub(super) fn discard(&mut self, range: Range<usize>) -> io::Result<()> {
        self.advise(range, Advice::LinuxDontNeed)
    }

    /// Overwrites a range, which must be accessible, with zeros.
    pub(super) fn zero(&mut self, range: Range<usize>) {
        assert!(range.end <= self.len, "the range is beyond the mapping");
        // SAFETY: the range is within the mapping and accessible, and nothing of it is borrowed.
        unsafe { self.base.add(range.start).write_bytes(0, range.len()) };
    }

    fn advise(&self, range: Range<usize>, advice: Advice) -> io::Result<()> {
        if range.is_empty() {
            return Ok(());
        }
        assert!(range.end <= self.len, "the range is beyond the mapping");
        // SAFETY: the range is within the mapping, of which nothing is borrowed.
        unsafe { rustix::mm::madvise(self.base.add(range.start).cast(), range.len(), advice)? };
        Ok(())
    }
}

impl Drop for Mapping {
    fn drop(&mut self) {
        // SAFETY: this is all that was mapped, and nobody has it any more.
        let _ = unsafe { rustix::mm::munmap(self.base.cast(), self.len) };
    }
}
