//! The address space of guests: linear memories and stacks that are used again, by one guest after
//! another.
//!
//! A fresh mapping for each guest would be the simple way, and it is what an isolate would spend
//! most of its time on: every first touch of a page is a fault, and giving the pages back
//! interrupts all cores that run this process. So pages stay where they are, and what a guest has
//! written is overwritten with zeros before anybody else can see it. wasmtime's own pool can do the
//! same, but in version 48 it passes over pages that are swapped out or being moved by the kernel
//! at that moment (bytecodealliance/wasmtime#14357); [`clean`] does not.

mod clean;
mod linear;
mod mapping;
mod stack;

pub(crate) use linear::LinearMemories;
pub(crate) use stack::Stacks;

use std::thread::{self, ThreadId};

use self::mapping::Mapping;

/// Addresses of so many memories must be free for guests to have theirs reserved.
const PROBED: usize = 64;

/// Whether there are addresses for the memories of many guests, each of `len` bytes. A limit on
/// them (`ulimit -v`) does not leave enough.
pub(crate) fn is_spacious(len: usize) -> bool {
    len.checked_mul(PROBED).is_some_and(|len| Mapping::reserve(len).is_ok())
}

/// How many parts, memories or stacks, are kept for the next guest.
const KEPT: usize = 128;

/// How many of them are looked at for one that this thread has used: its caches still have it.
const NEAR: usize = 8;

/// What is kept for the next guests; the last used goes first.
#[derive(Debug)]
struct Kept<T>(Vec<(ThreadId, T)>);

impl<T> Kept<T> {
    const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes a part that suits: one that this thread has used, if there is one near.
    fn take(&mut self, suits: impl Fn(&T) -> bool) -> Option<T> {
        let here = thread::current().id();
        let (mut any, mut own) = (None, None);
        for (index, (thread, part)) in self.0.iter().enumerate().rev().take(NEAR) {
            if suits(part) {
                any = any.or(Some(index));
                if *thread == here {
                    own = Some(index);
                    break;
                }
            }
        }
        own.or(any).map(|index| self.0.remove(index).1)
    }

    /// Keeps a part; gives it back where there are enough.
    fn put(&mut self, part: T) -> Option<T> {
        if self.0.len() >= KEPT {
            return Some(part);
        }
        self.0.push((thread::current().id(), part));
        None
    }
}
