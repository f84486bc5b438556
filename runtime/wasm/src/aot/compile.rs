//! WebAssembly to a sealed `.cwasm`.

use wasmtime::{Config, Engine, Result};

use super::{AotError, Target, load};
use crate::concurrent;
use crate::preview1;
use crate::seal;
use crate::settings::{self, Content};

/// Compiles a component for a machine, this one or another, with a fixed set of processor
/// features: what is compiled here and now runs wherever [`Target`] says.
///
/// The result is the content of a `.cwasm` file. Compiling takes all cores for a second a
/// megabyte or so.
///
/// # Errors
/// [`AotError::NotWasm`], [`AotError::Invalid`]: the bytes are no component.
pub fn compile(wasm: &[u8], target: Target) -> Result<Vec<u8>, AotError> {
    if !wasm.starts_with(b"\0asm") {
        return Err(AotError::NotWasm);
    }
    // What of it is no component is made one, as when it is loaded.
    let made = preview1::of_module(wasm).transpose().map_err(AotError::Invalid)?;
    let wasm = made.as_deref().unwrap_or(wasm);
    let is_concurrent = concurrent::is_needed(wasm);
    let invalid = |error: wasmtime::Error| AotError::Invalid(format!("{error:#}"));
    let engine = engine(target, is_concurrent);
    let code = engine.and_then(|engine| engine.precompile_component(wasm));
    let mut code = code.map_err(invalid)?;
    seal::seal(&mut code, &load::label(target, is_concurrent));
    Ok(code)
}

/// An engine that compiles and does not run.
fn engine(target: Target, is_concurrent: bool) -> Result<Engine> {
    let mut config =
        if is_concurrent { settings::concurrent() } else { settings::code(Content::Mapped) };
    // Offsets into the component's file, for backtraces: a fifth of the size. Names of functions
    // stay.
    config.generate_address_map(false);
    // Once there is a target, nothing is taken from the machine that compiles.
    match target {
        Target::X86_64 => {
            config.target("x86_64-unknown-linux-gnu")?;
            enable(&mut config, "x86-64-v3");
        }
        Target::Arm64 => {
            config.target("aarch64-unknown-linux-gnu")?;
            for feature in ["has_lse", "has_fp16", "has_dotprod"] {
                enable(&mut config, feature);
            }
        }
    }
    Engine::new(&config)
}

fn enable(config: &mut Config, feature: &str) {
    // SAFETY: it would be unsafe to switch on what the machine that runs the code lacks. That
    // machine's engine compares these features with its own processor's when it loads the code,
    // and refuses it (`Engine::check_compatible_with_isa_flag`).
    unsafe { config.cranelift_flag_enable(feature) };
}
