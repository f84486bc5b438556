//! What WASI 0.3 needs: an engine of its own, made when the first component wants it.
//!
//! The concurrency of WASI 0.3 is a setting of the engine, and costs every store something, used or
//! not. So components of WASI 0.2 stay on an engine without it.

#[cfg(feature = "compile")]
use wasmparser::{Parser, Payload};
use wasmtime::Result;

use crate::engine::{self, Ticker};
use crate::resident::Loader;

/// What loads components that import or export something of WASI 0.3.
///
/// # Errors
/// The engine does not run on this machine.
pub(crate) fn loader(ticker: &Ticker) -> Result<Loader> {
    let mut loader = Loader::of_little_data(engine::concurrent()?, ticker)?;
    wasmtime_wasi::p3::add_to_linker(&mut loader.linker)?;
    wasmtime_wasi_http::p3::add_to_linker(&mut loader.linker)?;
    Ok(loader)
}

/// Whether a component, not yet compiled, needs the engine for WASI 0.3. Of what is no valid
/// component the compiler tells why.
#[cfg(feature = "compile")]
pub(crate) fn is_needed(component: &[u8]) -> bool {
    let mut depth = 0_usize;
    for payload in Parser::new(0).parse_all(component) {
        let of_wasi3 = match payload {
            Ok(Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) => {
                depth += 1;
                false
            }
            Ok(Payload::End(_)) => {
                depth = depth.saturating_sub(1);
                false
            }
            Ok(Payload::ComponentImportSection(imports)) if depth == 0 => {
                imports.into_iter().flatten().any(|import| is_of_wasi3(import.name.name))
            }
            Ok(Payload::ComponentExportSection(exports)) if depth == 0 => {
                exports.into_iter().flatten().any(|export| is_of_wasi3(export.name.name))
            }
            Ok(_) => false,
            Err(_) => return false,
        };
        if of_wasi3 {
            return true;
        }
    }
    false
}

/// `wasi:http/types@0.3.0`.
#[cfg(feature = "compile")]
fn is_of_wasi3(name: &str) -> bool {
    name.starts_with("wasi:") && name.contains("@0.3.")
}

#[cfg(test)]
#[cfg(feature = "compile")]
mod tests {
    use super::*;

    fn needed(component: &str) -> bool {
        is_needed(&wat::parse_str(component).unwrap())
    }

    #[test]
    fn imports_and_exports_decide() {
        assert!(needed(r#"(component (import "wasi:random/random@0.3.0" (instance)))"#));
        assert!(needed(
            r#"(component (instance $run) (export "wasi:cli/run@0.3.1" (instance $run)))"#
        ));
        assert!(!needed(r#"(component (import "wasi:random/random@0.2.3" (instance)))"#));
        assert!(!needed(r#"(component (import "tea:house/cup@0.3.0" (instance)))"#));
        assert!(!needed("(component)"));
        assert!(!is_needed(b"\0asm\x0d\0\x01\0garbage"));
    }

    /// What is inside is given its imports by the component itself.
    #[test]
    fn what_is_inside_does_not_count() {
        assert!(!needed(
            r#"(component
                (component $inner (import "wasi:random/random@0.3.0" (instance)))
                (core module (import "wasi:random/random@0.3.0" "f" (func)))
                (import "wasi:random/random@0.2.3" (instance)))"#
        ));
        assert!(needed(
            r#"(component
                (component $inner (core module))
                (import "wasi:random/random@0.3.0" (instance)))"#
        ));
    }
}
