//! A sealed `.cwasm` to a component.

use std::fs::File;

use wasmtime::Engine;
use wasmtime::component::Component;

use super::{AotError, Target};
use crate::map;
use crate::seal;

const KIND: &str = "component";

/// Behind the rest of the label of code that runs on the engine for WASI 0.3.
const CONCURRENT: &str = "wasi-0.3";

/// What a seal says of compiled code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The version of Samovar that compiled it.
    pub(crate) by: String,
    /// Whether it runs on the engine for WASI 0.3, and on no other.
    pub(crate) is_concurrent: bool,
}

/// What is said of compiled code in its seal: `component x86_64 0.1.0`.
#[cfg(feature = "compile")]
pub(super) fn label(target: Target, is_concurrent: bool) -> String {
    let label = format!("{KIND} {target} {}", env!("CARGO_PKG_VERSION"));
    if is_concurrent { format!("{label} {CONCURRENT}") } else { label }
}

/// Whether a file that begins so is compiled code: an ELF file (System V ABI, "ELF
/// Identification").
pub(crate) fn is_compiled(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\x7fELF")
}

/// What the seal of compiled code says, if that is for this machine. A torn file has no seal.
///
/// # Errors
/// It has no seal, or is not for this machine.
pub(crate) fn origin(file: &File) -> Result<Origin, AotError> {
    compiled_here(&seal::label(file)?)
}

/// Maps compiled code of this origin into memory as it is. It is not compared with its digest, which
/// takes longer than all else that is done at a cold start. On Lambda, code comes in an archive that
/// Lambda has compared with its `CodeSha256` (Lambda API reference, "FunctionConfiguration").
///
/// The file must not be changed in place from here on as long as the component lives, as with
/// any program that runs; another one may take its name.
///
/// # Errors
/// It is not for this version, or not for this engine.
pub(crate) fn load(engine: &Engine, file: &File, origin: Origin) -> Result<Component, AotError> {
    // SAFETY: the seal says that these are the bytes that `compile` has sealed, which are
    // wasmtime's own. Whoever puts a file here that only claims so is trusted as the author of a
    // binary is.
    unsafe { map::component(engine, file) }.map_err(|error| incompatible(origin.by, &error))
}

/// The code in the bytes of a `.cwasm` for this machine, and what its seal says of it.
///
/// # Errors
/// It is not whole, or not for this machine.
#[cfg(feature = "compile")]
pub(crate) fn code(sealed: &[u8]) -> Result<(&[u8], Origin), AotError> {
    let (code, label) = seal::open(sealed)?;
    Ok((code, compiled_here(label)?))
}

/// Whether the bytes of a `.cwasm` are code for the engine for WASI 0.3, if they are whole.
#[cfg(feature = "compile")]
pub(crate) fn is_concurrent(sealed: &[u8]) -> bool {
    let origin = seal::label_of(sealed).map(compiled_here);
    origin.is_some_and(|origin| origin.is_ok_and(|origin| origin.is_concurrent))
}

/// wasmtime does not take code that Samovar `by` has compiled.
pub(crate) fn incompatible(by: String, error: &wasmtime::Error) -> AotError {
    AotError::Incompatible { by, message: format!("{error:#}") }
}

/// What a seal says of a component that is for this machine.
fn compiled_here(label: &str) -> Result<Origin, AotError> {
    let mut words = label.split(' ');
    let (Some(KIND), Some(target), Some(by)) = (words.next(), words.next(), words.next()) else {
        return Err(AotError::NotCompiled);
    };
    let compiled: Target = target.parse().map_err(|_| AotError::NotCompiled)?;
    match Target::host().filter(|host| *host != compiled) {
        Some(host) => Err(AotError::Target { compiled, host }),
        None => {
            let is_concurrent = words.next() == Some(CONCURRENT);
            Ok(Origin { by: by.to_owned(), is_concurrent })
        }
    }
}
