//! A range of addresses of which a part can be used.

use std::fs::File;
use std::io;
use std::ops::Range;
use std::ptr;

use rustix::mm::{Advice, MapFlags, MprotectFlags, ProtFlags};

/// Private memory: anonymous, or a file's. It is unmapped when dropped.
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

    /// Maps a part of a file, from a multiple of the page's size on. It can be read.
    pub(super) fn of_file(file: &File, offset: u64, len: usize) -> io::Result<Self> {
        let (prot, flags) = (ProtFlags::READ, MapFlags::PRIVATE);
        // SAFETY: the kernel chooses where, so nothing else is there.
        let base = unsafe { rustix::mm::mmap(ptr::null_mut(), len, prot, flags, file, offset)? };
        Ok(Self { base: base.cast(), len })
    }

    /// Makes a range, in whole pages, those of a file, from a multiple of the page's size on. What
    /// is written to them does not go into the file. They can be read and written.
    pub(super) fn map_file(
        &mut self,
        range: Range<usize>,
        file: &File,
        offset: u64,
    ) -> io::Result<()> {
        assert!(range.start < range.end && range.end <= self.len, "the range is no part");
        let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        // SAFETY: what is replaced is within the mapping, of which nothing is borrowed.
        unsafe {
            let at = self.base.add(range.start).cast();
            rustix::mm::mmap(at, range.len(), prot, flags | MapFlags::FIXED, file, offset)?;
        }
        Ok(())
    }

    /// Makes a range, in whole pages, anonymous memory again, all zeros, which can be read and
    /// written.
    pub(super) fn map_zeros(&mut self, range: Range<usize>) -> io::Result<()> {
        assert!(range.start < range.end && range.end <= self.len, "the range is no part");
        let (prot, flags) = (ProtFlags::READ | ProtFlags::WRITE, MapFlags::PRIVATE);
        let flags = flags | MapFlags::NORESERVE | MapFlags::FIXED;
        // SAFETY: what is replaced is within the mapping, of which nothing is borrowed.
        unsafe {
            let at = self.base.add(range.start).cast();
            rustix::mm::mmap_anonymous(at, range.len(), prot, flags)?;
        }
        // As in `reserve`.
        let _ = self.advise(range, Advice::LinuxNoHugepage);
        Ok(())
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

    /// Overwrites a range, which must be accessible, with what another mapping has `from` there on.
    pub(super) fn copy(&mut self, range: Range<usize>, other: &Self, from: usize) {
        assert!(range.end <= self.len, "the range is beyond the mapping");
        let within = from.checked_add(range.len()).is_some_and(|end| end <= other.len);
        assert!(within, "the range is beyond the other mapping");
        // SAFETY: both ranges are within mappings that do not overlap, and accessible; nothing of
        // them is borrowed.
        unsafe {
            let to = self.base.add(range.start);
            to.copy_from_nonoverlapping(other.base.add(from), range.len());
        }
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
