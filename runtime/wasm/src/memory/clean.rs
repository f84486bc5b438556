//! Zeros, or the data of an image, over what a guest has written.
//!
//! Linux tells for a range which of its pages are there (`PAGEMAP_SCAN`, since 6.7; kernel
//! documentation, "Examining Process Page Tables"). In private memory a page is one of these:
//!
//! - none, or the shared page of zeros, or, where a file is mapped, the file's own page (reported as
//!   `PAGE_IS_FILE`): nothing was written since it was last discarded or mapped;
//! - present, or reported as swapped, and no file's. The latter are pages in swap space and pages
//!   that the kernel moves at this moment. All of them are overwritten, as any program would write
//!   to them, so it does not matter what the kernel does with them meanwhile.
//!
//! Where the kernel does not tell, or where a guest has written much, pages are given back instead.

use std::fs::File;
use std::io;
use std::mem;
use std::ops::Range;

use rustix::ioctl::{Ioctl, IoctlOutput, Opcode, opcode};

use super::image::Image;
use super::mapping::Mapping;

/// How much a guest may have written for its pages to stay. To zero more costs more than the
/// faults that it saves, and the pages would be kept from other programs.
const RESIDENT: usize = 1 << 20;

/// How many ranges the kernel tells at once.
const RANGES: usize = 64;

/// How written pages are found.
#[derive(Debug)]
pub(super) struct Cleaner {
    /// `/proc/self/pagemap`, where the kernel can look through it.
    pagemap: Option<File>,
    page: usize,
}

impl Cleaner {
    pub(super) fn new() -> Self {
        let page = rustix::param::page_size();
        let cleaner = Self { pagemap: File::open("/proc/self/pagemap").ok(), page };
        // A kernel without the call refuses it for any range.
        let mut scan = Scan::new(0..page, 1, page);
        match &cleaner.pagemap {
            Some(pagemap) if scan.run(pagemap).is_ok() => cleaner,
            _ => Self { pagemap: None, page },
        }
    }

    /// Makes everything in the first `len` bytes of a mapping zero, or what it is in the image that
    /// is mapped there. They must be accessible.
    ///
    /// # Errors
    /// The memory may still have its content; it must be unmapped.
    pub(super) fn clean(
        &self,
        mapping: &mut Mapping,
        len: usize,
        image: Option<&Image>,
    ) -> io::Result<()> {
        let start = mapping.base() as usize;
        let mut done = 0;
        let mut budget = RESIDENT / self.page;
        while let Some(pagemap) = &self.pagemap
            && done < len
            && budget > 0
        {
            let mut scan = Scan::new(start + done..start + len, budget, self.page);
            if scan.run(pagemap).is_err() {
                break;
            }
            for range in scan.ranges() {
                budget -= (range.len() / self.page).min(budget);
                overwrite(mapping, range.start - start..range.end - start, image);
            }
            done = scan.walked() - start;
        }
        mapping.discard(done.min(len)..len)
    }
}

/// Overwrites a range with zeros, and with the image what of the range is the image's.
fn overwrite(mapping: &mut Mapping, range: Range<usize>, image: Option<&Image>) {
    let Some(image) = image else { return mapping.zero(range) };
    let of_image = image.range();
    let within = |at: usize| at.clamp(range.start, range.end);
    let (start, end) = (within(of_image.start), within(of_image.end));
    mapping.zero(range.start..start);
    if start < end {
        image.restore(mapping, start..end);
    }
    mapping.zero(end..range.end);
}

/// Argument of the call, `struct pm_scan_arg` of `linux/fs.h`.
#[repr(C)]
#[derive(Debug)]
struct Argument {
    size: u64,
    flags: u64,
    start: u64,
    end: u64,
    walk_end: u64,
    ranges: u64,
    ranges_len: u64,
    max_pages: u64,
    category_inverted: u64,
    category_mask: u64,
    category_anyof_mask: u64,
    return_mask: u64,
}

/// `struct page_region` of `linux/fs.h`.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
struct PageRange {
    start: u64,
    end: u64,
    categories: u64,
}

const PAGE_IS_FILE: u64 = 1 << 2;
const PAGE_IS_PRESENT: u64 = 1 << 3;
const PAGE_IS_SWAPPED: u64 = 1 << 4;
const PAGE_IS_PFNZERO: u64 = 1 << 5;

/// One call: the pages in a range that have a content of their own.
struct Scan {
    range: Range<usize>,
    max_pages: usize,
    page: usize,
    found: [PageRange; RANGES],
    count: usize,
    walked: usize,
}

impl Scan {
    /// A scan that ends after so many pages were found.
    fn new(range: Range<usize>, max_pages: usize, page: usize) -> Self {
        let walked = range.start;
        Self { range, max_pages, page, found: [PageRange::default(); RANGES], count: 0, walked }
    }

    fn run(&mut self, pagemap: &File) -> io::Result<()> {
        let call = Call(Argument {
            size: mem::size_of::<Argument>() as u64,
            flags: 0,
            start: self.range.start as u64,
            end: self.range.end as u64,
            walk_end: 0,
            ranges: self.found.as_mut_ptr() as u64,
            ranges_len: RANGES as u64,
            max_pages: self.max_pages as u64,
            // Neither the page of zeros nor a file's, and present or swapped.
            category_inverted: PAGE_IS_PFNZERO | PAGE_IS_FILE,
            category_mask: PAGE_IS_PFNZERO | PAGE_IS_FILE,
            category_anyof_mask: PAGE_IS_PRESENT | PAGE_IS_SWAPPED,
            return_mask: 0,
        });
        // SAFETY: `Call` describes the call as the kernel has it, and the array that the argument
        // points to lives and has the length that it names.
        let (count, walked) = unsafe { rustix::ioctl::ioctl(pagemap, call)? };
        // What does not make sense is not relied on: the caller then gives all pages back.
        let sensible = |range: &PageRange| {
            self.range.start as u64 <= range.start
                && range.start <= range.end
                && range.end <= self.range.end as u64
                && range.start.is_multiple_of(self.page as u64)
        };
        if count > RANGES
            || !(self.range.start..=self.range.end).contains(&walked)
            || !self.found[..count].iter().all(sensible)
        {
            return Err(io::ErrorKind::InvalidData.into());
        }
        // It went nowhere, and would do so again.
        if walked == self.range.start {
            return Err(io::ErrorKind::Unsupported.into());
        }
        (self.count, self.walked) = (count, walked);
        Ok(())
    }

    /// What was found, in order.
    fn ranges(&self) -> impl Iterator<Item = Range<usize>> {
        self.found[..self.count].iter().map(|range| range.start as usize..range.end as usize)
    }

    /// The end of what was looked at.
    fn walked(&self) -> usize {
        self.walked
    }
}

struct Call(Argument);

// SAFETY: `PAGEMAP_SCAN` is `_IOWR('f', 16, struct pm_scan_arg)`; it reads and writes its argument,
// and returns how many ranges it has written.
unsafe impl Ioctl for Call {
    type Output = (usize, usize);

    const IS_MUTATING: bool = true;

    fn opcode(&self) -> Opcode {
        opcode::read_write::<Argument>(b'f', 16)
    }

    fn as_ptr(&mut self) -> *mut std::ffi::c_void {
        (&raw mut self.0).cast()
    }

    unsafe fn output_from_ptr(
        count: IoctlOutput,
        argument: *mut std::ffi::c_void,
    ) -> rustix::io::Result<(usize, usize)> {
        // SAFETY: it is the pointer of `as_ptr`.
        let argument = unsafe { &*argument.cast::<Argument>() };
        let count = usize::try_from(count).map_err(|_| rustix::io::Errno::INVAL)?;
        Ok((count, argument.walk_end as usize))
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;
    use std::sync::Arc;

    use super::super::image::Place;
    use super::*;

    const LEN: usize = 4 << 20;

    fn bytes(mapping: &Mapping) -> &[u8] {
        // SAFETY: the tests have made this much accessible.
        unsafe { std::slice::from_raw_parts(mapping.base(), LEN) }
    }

    fn write(mapping: &Mapping, at: usize) {
        // SAFETY: within what is accessible, and nothing is borrowed.
        unsafe { mapping.base().add(at).write(0xa5) };
    }

    fn mapping() -> Mapping {
        let mut mapping = Mapping::reserve(LEN).unwrap();
        mapping.protect(0..LEN, true).unwrap();
        mapping
    }

    /// With and without the kernel's help.
    fn cleaners() -> [Cleaner; 2] {
        let page = rustix::param::page_size();
        [Cleaner::new(), Cleaner { pagemap: None, page }]
    }

    #[test]
    fn nothing_is_left() {
        for cleaner in cleaners() {
            let page = cleaner.page;
            // One page; every second one, which is more ranges than one call tells and more pages
            // than stay; all.
            for step in [LEN, 2 * page, page] {
                let mut mapping = mapping();
                for at in (0..LEN).step_by(step) {
                    write(&mapping, at);
                    write(&mapping, at + page - 1);
                }
                cleaner.clean(&mut mapping, LEN, None).unwrap();
                assert!(bytes(&mapping).iter().all(|byte| *byte == 0), "{cleaner:?} {step}");
            }
        }
    }

    #[test]
    fn pages_in_swap_space_are_cleaned() {
        // Where there is swap space the advice takes the pages there; elsewhere they stay.
        for cleaner in cleaners() {
            let mut mapping = mapping();
            for at in (0..LEN).step_by(2 * cleaner.page) {
                write(&mapping, at);
            }
            // SAFETY: it is the mapping of this test.
            let advised = unsafe {
                rustix::mm::madvise(mapping.base().cast(), LEN, rustix::mm::Advice::LinuxPageOut)
            };
            advised.unwrap();
            cleaner.clean(&mut mapping, LEN, None).unwrap();
            assert!(bytes(&mapping).iter().all(|byte| *byte == 0), "{cleaner:?}");
        }
    }

    #[test]
    fn an_image_is_there_again() {
        let page = rustix::param::page_size();
        // Three pages, and more than stay.
        for len in [3 * page, LEN / 2] {
            let content: Vec<u8> = (0..len).map(|at| (at / page + at % 251) as u8).collect();
            let mut file = tempfile::tempfile().unwrap();
            // Something else before it.
            file.write_all(&vec![0xff; page]).unwrap();
            file.write_all(&content).unwrap();
            let place = Place { offset: page as u64, at: 2 * page, len, minimum: LEN };
            let image = Image::new(Arc::new(file), place).unwrap();
            let mut expected = vec![0; LEN];
            expected[2 * page..][..len].copy_from_slice(&content);
            for cleaner in cleaners() {
                for step in [LEN, 3 * page, 2 * page, page] {
                    let mut mapping = mapping();
                    image.map(&mut mapping).unwrap();
                    assert!(bytes(&mapping) == expected, "mapped");
                    // Twice: with pages of the file's, and with those that were copied back.
                    for _ in 0..2 {
                        for at in (0..LEN).step_by(step) {
                            write(&mapping, at);
                        }
                        cleaner.clean(&mut mapping, LEN, Some(&image)).unwrap();
                        assert!(bytes(&mapping) == expected, "{cleaner:?} {len} {step}");
                    }
                    mapping.map_zeros(2 * page..2 * page + len).unwrap();
                    assert!(bytes(&mapping).iter().all(|byte| *byte == 0));
                }
            }
        }
    }

    #[test]
    fn pages_that_were_only_read_are_not_touched() {
        let page = rustix::param::page_size();
        let cleaner = Cleaner::new();
        let Some(pagemap) = &cleaner.pagemap else { return };
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(&vec![7; 4 * page]).unwrap();
        let place = Place { offset: 0, at: 0, len: 4 * page, minimum: LEN };
        let image = Image::new(Arc::new(file), place).unwrap();
        let mut mapping = mapping();
        image.map(&mut mapping).unwrap();
        let sum: usize = bytes(&mapping).iter().map(|byte| usize::from(*byte)).sum();
        assert_eq!(sum, 28 * page);
        write(&mapping, page);
        let start = mapping.base() as usize;
        let mut scan = Scan::new(start..start + LEN, LEN / page, page);
        scan.run(pagemap).unwrap();
        let mut found = scan.ranges();
        assert_eq!((found.next(), found.next()), (Some(start + page..start + 2 * page), None));
    }

    #[test]
    fn what_is_beyond_stays() {
        for cleaner in cleaners() {
            let mut mapping = mapping();
            write(&mapping, LEN / 2 - 1);
            write(&mapping, LEN / 2);
            cleaner.clean(&mut mapping, LEN / 2, None).unwrap();
            assert_eq!(bytes(&mapping)[LEN / 2 - 1..=LEN / 2], [0, 0xa5]);
        }
    }
}
