//! What a compiler makes of a component.

use std::sync::Arc;

use wasmtime::component::Component;

use crate::memory::{Image, Place};

/// What a memory has in it at first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Data {
    /// Where it begins, in bytes, at the beginning of a page of this machine.
    pub(crate) at: usize,
    /// All of it, in whole pages.
    pub(crate) bytes: Vec<u8>,
    /// Size of the memory at first, in bytes.
    pub(crate) minimum: usize,
}

impl Data {
    /// Where it is, if it begins at so many bytes in a file.
    pub(crate) fn place(&self, offset: u64) -> Place {
        Place { offset, at: self.at, len: self.bytes.len(), minimum: self.minimum }
    }
}

/// Compiled code, and the data that is to be in the memory of each guest before it runs.
#[derive(Debug)]
pub(crate) struct Compiled {
    pub(crate) code: Vec<u8>,
    /// `None`: the code brings it, or there is none.
    pub(crate) data: Option<Data>,
}

impl Compiled {
    /// Code that brings its data.
    pub(crate) fn whole(code: Vec<u8>) -> Self {
        Self { code, data: None }
    }
}

/// A component in memory.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) component: Component,
    /// Its data, if its code is without.
    pub(crate) image: Option<Arc<Image>>,
}
