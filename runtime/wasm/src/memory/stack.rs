//! Stacks of guests. What is left on one is the host's own, and no guest can read a stack: so they
//! are used again as they are.

use std::ops::Range;
use std::sync::Arc;

use wasmtime::{StackCreator, StackMemory};

use super::Kept;
use super::mapping::Mapping;

/// Makes stacks, of memory that guests before have used.
#[derive(Clone, Debug)]
pub(crate) struct Stacks(Arc<Kept<Pages>>);

/// A guard page, and the stack above it.
#[derive(Debug)]
struct Pages {
    mapping: Mapping,
    guard: usize,
    len: usize,
}

impl Stacks {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Kept::new()))
    }
}

// SAFETY: a stack is page-aligned memory of the size that is asked for, its own for as long as it
// lives, above a page that nobody can touch. It is all zeros where that is asked for.
unsafe impl StackCreator for Stacks {
    fn new_stack(&self, size: usize, zeroed: bool) -> wasmtime::Result<Box<dyn StackMemory>> {
        let page = rustix::param::page_size();
        let len = size.next_multiple_of(page);
        let kept = if zeroed { None } else { self.0.take(|pages| (pages.len == len).then_some(0)) };
        let pages = match kept {
            Some(pages) => pages,
            None => {
                let mut mapping = Mapping::reserve(page + len)?;
                mapping.protect(page..page + len, true)?;
                Pages { mapping, guard: page, len }
            }
        };
        Ok(Box::new(Stack { pages: Some(pages), kept: self.0.clone() }))
    }
}

struct Stack {
    /// There until it is dropped.
    pages: Option<Pages>,
    kept: Arc<Kept<Pages>>,
}

impl Stack {
    /// Where the guard page begins, the stack begins, and the stack ends.
    fn places(&self) -> (usize, usize, usize) {
        self.pages.as_ref().map_or((0, 0, 0), |pages| {
            let base = pages.mapping.base() as usize;
            (base, base + pages.guard, base + pages.guard + pages.len)
        })
    }
}

// SAFETY: all of it is told of one mapping that is this stack's alone and does not move.
unsafe impl StackMemory for Stack {
    fn top(&self) -> *mut u8 {
        self.places().2 as *mut u8
    }

    fn range(&self) -> Range<usize> {
        let (_, start, end) = self.places();
        start..end
    }

    fn guard_range(&self) -> Range<*mut u8> {
        let (guard, start, _) = self.places();
        guard as *mut u8..start as *mut u8
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        if let Some(pages) = self.pages.take() {
            self.kept.put(pages);
        }
    }
}
