//! Compiled code, mapped from its file.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::AsRawFd;

use wasmtime::component::Component;
use wasmtime::{Engine, Result};

/// Maps compiled code into memory.
///
/// # Safety
/// As `Component::deserialize_file`: the file holds what wasmtime made of a component, unchanged,
/// and does not change while it is mapped. What follows the code counts for nothing.
///
/// # Errors
/// The code is of another version, other settings, or for another processor.
pub(crate) unsafe fn component(engine: &Engine, file: &File) -> Result<Component> {
    if cfg!(target_os = "linux") {
        // The file that was verified, whatever stands under its name now.
        let path = format!("/proc/self/fd/{}", file.as_raw_fd());
        // SAFETY: the caller's.
        unsafe { Component::deserialize_file(engine, path) }
    } else {
        let mut bytes = Vec::new();
        io::Seek::rewind(&mut &*file)?;
        (&mut &*file).read_to_end(&mut bytes)?;
        // SAFETY: the caller's.
        unsafe { Component::deserialize(engine, &bytes) }
    }
}
