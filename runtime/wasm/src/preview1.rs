//! Core modules of WASI 0.1 (`wasi_snapshot_preview1`, Rust's `wasm32-wasip1`): commands, made into
//! components with the adapter that wasmtime publishes for that. From there on they are
//! `wasi:cli/run` commands like any other, with the same limits.

use std::path::Path;

use wasi_preview1_component_adapter_provider::{
    WASI_SNAPSHOT_PREVIEW1_ADAPTER_NAME as WASI, WASI_SNAPSHOT_PREVIEW1_COMMAND_ADAPTER as ADAPTER,
};
use wasmparser::{BinaryReaderError, Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::LoadError;
use crate::export::list;

const START: &str = "_start";

const REMEDY: &str = "Samovar runs components, and core modules that are commands of \
                      wasi_snapshot_preview1: build for wasm32-wasip2 (or a program with a `main` \
                      for wasm32-wasip1), or make it a component with `wasm-tools component new`";

/// Makes a component of what a file holds, if that is a core module; what it is not stays as it is.
///
/// # Errors
/// The module is no command, or not valid.
pub(crate) fn component(path: &Path, wasm: Vec<u8>) -> Result<Vec<u8>, LoadError> {
    match of_module(&wasm) {
        None => Ok(wasm),
        Some(made) => {
            made.map_err(|reason| LoadError::CoreModule { path: path.to_owned(), reason })
        }
    }
}

/// The component of a core module; `None` if the bytes are something else. The error says what is
/// wrong with the module.
pub(crate) fn of_module(wasm: &[u8]) -> Option<Result<Vec<u8>, String>> {
    // Magic, version and layer (component model, "Binary format": 0 is a core module).
    matches!(*wasm, [b'\0', b'a', b's', b'm', _, _, 0, 0, ..]).then(|| componentize(wasm))
}

/// Makes a component of a core module. The same module gives the same bytes.
///
/// # Errors
/// The module is no command, or not valid. The text says what is wrong with it, and the remedy.
fn componentize(module: &[u8]) -> Result<Vec<u8>, String> {
    let Outline { imports, exports } =
        Outline::of(module).map_err(|error| format!("this core module is not valid: {error}"))?;
    let foreign: Vec<_> = imports
        .iter()
        .filter(|(from, _)| from != WASI)
        .map(|(from, name)| format!("{from}.{name}"))
        .collect();
    if !exports.iter().any(|name| name == START) {
        let exports = if exports.is_empty() { "nothing".to_owned() } else { list(&exports) };
        return Err(format!(
            "this is a core module that exports {exports}, and no {START} as a command does: {REMEDY}"
        ));
    }
    if !foreign.is_empty() {
        let foreign = list(&foreign);
        return Err(format!("this is a core module that imports {foreign}: {REMEDY}"));
    }
    let encode = || ComponentEncoder::default().module(module)?.adapter(WASI, ADAPTER)?.encode();
    encode().map_err(|error| format!("this core module makes no component ({error:#}): {REMEDY}"))
}

/// The names of what a core module imports and exports.
#[derive(Default)]
struct Outline {
    imports: Vec<(String, String)>,
    exports: Vec<String>,
}

impl Outline {
    fn of(module: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut outline = Self::default();
        for payload in Parser::new(0).parse_all(module) {
            match payload? {
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        let import = import?;
                        outline.imports.push((import.module.to_owned(), import.name.to_owned()));
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        outline.exports.push(export?.name.to_owned());
                    }
                }
                _ => {}
            }
        }
        Ok(outline)
    }
}

#[cfg(test)]
mod tests {

    fn componentize(module: &str) -> Result<Vec<u8>, String> {
        super::componentize(&wat::parse_str(module).unwrap())
    }

    #[test]
    fn a_command_becomes_a_component() {
        let module = r#"(module
            (import "wasi_snapshot_preview1" "proc_exit" (func $exit (param i32)))
            (memory (export "memory") 1)
            (func (export "_start") (call $exit (i32.const 3))))"#;
        let component = componentize(module).unwrap();
        assert_eq!(component[..8], *b"\0asm\x0d\0\x01\0");
        assert_eq!(componentize(module).unwrap(), component);
    }

    #[test]
    fn what_is_no_command_is_told_why() {
        let error = componentize("(module)").unwrap_err();
        assert!(error.contains("exports nothing, and no _start"), "{error}");
        assert!(error.contains("wasm32-wasip2"), "{error}");
        let error = componentize(r#"(module (func (export "add")))"#).unwrap_err();
        assert!(error.contains("exports add, and no _start"), "{error}");
        let error = componentize(
            r#"(module (import "env" "now" (func)) (import "env" "log" (func))
                (func (export "_start")))"#,
        )
        .unwrap_err();
        assert!(error.contains("imports env.now, env.log: "), "{error}");
        let error = super::componentize(b"\0asm\x01\0\0\0\x07garbage").unwrap_err();
        assert!(error.contains("not valid"), "{error}");
    }

    #[test]
    fn a_command_that_the_adapter_cannot_serve_is_told_why() {
        let error = componentize(
            r#"(module (import "wasi_snapshot_preview1" "teapot" (func))
                (memory (export "memory") 1) (func (export "_start")))"#,
        )
        .unwrap_err();
        assert!(error.contains("teapot"), "{error}");
    }
}
