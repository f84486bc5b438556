//! The address space of guests: linear memories and stacks that are used again, by one guest after
//! another.
//!
//! A fresh mapping for each guest would be the simple way, and it is what an isolate would spend
//! most of its time on: every first touch of a page is a fault, and giving the pages back
//! interrupts all cores that run this process. So pages stay where they are, and what a guest has
//! written is overwritten with zeros before anybody else can see it. wasmtime's own pool can do the
//! same, but in version 48 it passes over pages that are swapped out or being moved by the kernel
//! at that moment (bytecodealliance/wasmtime#14357); [`clean`] does not.
//!
//! A memory's data is mapped into it ([`Image`]) and stays for the next guest of the same component:
//! only pages that a guest has written are copied again.

mod clean;
mod image;
mod linear;
mod mapping;
mod stack;

pub(crate) use image::{Image, Place, with_image};
pub(crate) use linear::LinearMemories;
pub(crate) use stack::Stacks;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread::{self, ThreadId};

use self::mapping::Mapping;

/// Whether the process may have so many more addresses, in bytes, at this moment.
pub(crate) fn can_reserve(len: usize) -> bool {
    Mapping::reserve(len).is_ok()
}

/// How many parts, memories or stacks, are kept for the next guest.
const KEPT: usize = 128;

/// How many of them are looked at for one that this thread has used: its caches still have it.
const NEAR: usize = 8;

/// What is kept for the next guests; the last used goes first.
#[derive(Debug)]
struct Kept<T>(Mutex<Vec<(ThreadId, T)>>);

impl<T> Kept<T> {
    const fn new() -> Self {
        Self(Mutex::new(Vec::new()))
    }

    /// Takes the part with which the least is to be done, as `work` says (`None`: it does not
    /// suit); of several one that this thread has used, if there is one near.
    fn take(&self, work: impl Fn(&T) -> Option<u8>) -> Option<T> {
        let here = thread::current().id();
        let mut parts = self.parts();
        let mut best = None;
        for (index, (thread, part)) in parts.iter().enumerate().rev().take(NEAR) {
            let Some(work) = work(part) else { continue };
            let cost = (work, *thread != here);
            if best.is_none_or(|(least, _)| cost < least) {
                best = Some((cost, index));
                if cost == (0, false) {
                    break;
                }
            }
        }
        best.map(|(_, index)| parts.remove(index).1)
    }

    /// Keeps a part, or drops it where there are enough.
    fn put(&self, part: T) {
        let mut parts = self.parts();
        if parts.len() < KEPT {
            parts.push((thread::current().id(), part));
        } else {
            // To unmap it takes a while, and others wait for the lock.
            drop(parts);
            drop(part);
        }
    }

    fn parts(&self) -> MutexGuard<'_, Vec<(ThreadId, T)>> {
        // Nothing under this lock can be left half-done.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
