//! Components compiled ahead of time, for machines that have no compiler: `NAME.cwasm`.
//!
//! Such a file holds native code for one architecture, behind it what it is and a digest of all
//! of it, so that a torn file, or one for another machine, is refused with a reason. It is as much
//! to be trusted as any binary is: whoever can write one can have their code executed by whoever
//! loads it.
//!
//! [`Host::load`] takes a `.cwasm` where it takes a `.wasm`.
//!
//! [`Host::load`]: crate::Host::load

#[cfg(feature = "compile")]
mod compile;
mod load;
#[cfg(test)]
mod tests;

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::seal::Broken;

#[cfg(feature = "compile")]
pub use compile::compile;
#[cfg(feature = "compile")]
pub(crate) use load::{Origin, code, incompatible, is_concurrent};
pub(crate) use load::{is_compiled, load, origin};

/// The machines that code is compiled for, by the names that Lambda has for them
/// (`AWS::Lambda::Function`, "Architectures").
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// x86-64-v3, which is AVX2 and what came with it. Lambda has AVX2 on all of its x86
    /// machines (Lambda guide, "Using AVX2 vectorization"), and so has every server processor
    /// since 2015.
    X86_64,
    /// Neoverse N1, which Graviton2 is, the first of Lambda's arm64 processors (Lambda guide,
    /// "Selecting and configuring an instruction set architecture").
    Arm64,
}

impl Target {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::X86_64, Self::Arm64];

    /// That of this machine, if it is one of them.
    pub fn host() -> Option<Self> {
        match std::env::consts::ARCH {
            "x86_64" => Some(Self::X86_64),
            "aarch64" => Some(Self::Arm64),
            _ => None,
        }
    }

    /// Lambda's name for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::X86_64 => "x86_64",
            Self::Arm64 => "arm64",
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The name is of no architecture that Lambda has.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("write x86_64 or arm64")]
pub struct UnknownTarget;

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        Self::ALL.into_iter().find(|target| target.as_str() == text).ok_or(UnknownTarget)
    }
}

/// Why there is no compiled code, or none that can be run.
#[derive(Debug, Error)]
pub enum AotError {
    /// The bytes are something else.
    #[error("this is not WebAssembly: it does not begin with \\0asm")]
    NotWasm,
    /// The bytes are no component, or one beyond what the engine takes.
    #[error("{0}")]
    Invalid(String),
    /// The file is torn, was changed, or was not made by Samovar.
    #[error("{0}: make it again with `samovar build --aot`")]
    Broken(#[from] Broken),
    /// It is sealed, and no component compiled ahead of time.
    #[error("it is no component that `samovar build --aot` has compiled")]
    NotCompiled,
    /// It is for another machine.
    #[error(
        "it is compiled for {compiled}: `samovar build --aot --target {host}` makes one for this machine"
    )]
    Target {
        /// The architecture that it is for.
        compiled: Target,
        /// That of this machine.
        host: Target,
    },
    /// wasmtime does not take it: it is of another version or other settings, or this processor
    /// lacks what the code uses.
    #[error(
        "it was compiled by Samovar {by}, and this one does not run it: {message}; make it again \
         with `samovar build --aot`"
    )]
    Incompatible {
        /// The version that compiled it.
        by: String,
        /// wasmtime's words.
        message: String,
    },
}
