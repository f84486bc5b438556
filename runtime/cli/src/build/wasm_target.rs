//! The Rust target for components, added where it is missing.

use std::path::Path;
use std::process::Stdio;

use tokio::process::Command;

use super::BuildError;
use super::cargo::WASM_TARGET;

/// Makes sure that rustc can build components. Where rustup is there, it adds the target; `say`
/// is told so.
pub(super) async fn ensure(say: &(dyn Fn(&str) + Sync)) -> Result<(), BuildError> {
    if installed().await {
        return Ok(());
    }
    say(&format!("Adding Rust's {WASM_TARGET} target (rustup target add {WASM_TARGET})"));
    let added = Command::new("rustup")
        .args(["target", "add", WASM_TARGET])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .status()
        .await;
    match added {
        Ok(status) if status.success() && installed().await => Ok(()),
        Ok(_) | Err(_) => Err(BuildError::WasmTarget(format!(
            "Rust's {WASM_TARGET} target is missing and rustup could not add it: \
             run `rustup target add {WASM_TARGET}`, or install it with your Rust"
        ))),
    }
}

async fn installed() -> bool {
    let output = Command::new(std::env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
        .args(["--print", "target-libdir", "--target", WASM_TARGET])
        .stderr(Stdio::null())
        .output()
        .await;
    let Ok(output) = output else { return false };
    output.status.success() && Path::new(String::from_utf8_lossy(&output.stdout).trim()).is_dir()
}
