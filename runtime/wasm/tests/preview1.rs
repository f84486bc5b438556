//! Programs of WASI 0.1, as Rust's `wasm32-wasip1` makes them: core modules, run as commands.

#![expect(clippy::unwrap_used, reason = "a test ends at its first error")]

mod common;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::LazyLock;
use std::time::Duration;

use common::{Guest, try_text};
use samovar_dispatch::{Door, Event, Provider, Reply};
use samovar_wasm::LoadError;
use serde_json::json;
use tokio::time::timeout;

/// `guests/preview1.rs`, built as a user builds it.
static PROGRAM: LazyLock<PathBuf> = LazyLock::new(|| {
    let wasm = Path::new(env!("CARGO_TARGET_TMPDIR")).join("preview1.wasm");
    let status = Command::new("rustc")
        .args(["--edition", "2024", "--target", "wasm32-wasip1", "-o"])
        .arg(&wasm)
        .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/guests/preview1.rs"))
        .status()
        .unwrap();
    assert!(status.success(), "the program does not build (`rustup target add wasm32-wasip1`?)");
    wasm
});

fn program() -> Guest {
    Guest::load(&PROGRAM).unwrap()
}

#[tokio::test]
async fn the_event_comes_in_and_the_response_goes_out() {
    // It is a core module, and not a component.
    assert_eq!(std::fs::read(&*PROGRAM).unwrap()[..8], *b"\0asm\x01\0\0\0");
    let program = program();
    assert_eq!(program.provider().door(), Door::Event);
    let event = json!({"cups": 3});
    assert_eq!(program.answer(event.clone()).await.unwrap(), event);
    assert_eq!(program.log(), ["10 bytes came"]);
    let large = json!("x".repeat(1 << 20));
    assert_eq!(program.answer(large.clone()).await.unwrap(), large);
    let too_large = json!("x".repeat(6_291_555));
    assert_eq!(program.failure(too_large).await.error_type, "Function.ResponseSizeTooLarge");
}

#[tokio::test]
async fn it_sees_its_own_variables_and_no_file() {
    let variables = program().answer(json!("variables")).await.unwrap();
    assert_eq!(variables["TEA"], "black");
    assert_eq!(variables["AWS_LAMBDA_FUNCTION_NAME"], "guest");
    assert!(variables.get("PATH").is_none());
    assert_eq!(program().answer(json!("file")).await.unwrap(), json!(false));
}

/// WASI 0.2 has success and failure, and no status in a stable form.
#[tokio::test]
async fn its_exit_is_the_outcome() {
    assert_eq!(program().answer(json!("exit 0")).await.unwrap(), json!("exit 0"));
    let error = program().failure(json!("exit 3")).await;
    assert_eq!(error.error_type, "Runtime.ExitError");
    assert_eq!(error.message, "Runtime exited with error: exit status 1");
    let error = program().failure(json!("panic")).await;
    assert!(error.message.contains("the samovar boils over"), "{error:?}");
}

#[tokio::test(flavor = "current_thread")]
async fn its_limits_are_those_of_a_component() {
    let error = program().failure(json!("greedy")).await;
    assert_eq!(error.message, "Runtime exited with error: signal: killed");
    let program = program();
    let (reply, _response) = Reply::channel();
    let busy = program.invoke_with(Event::Bytes("\"busy\"".into()), reply);
    assert!(timeout(Duration::from_millis(50), busy).await.is_err());
}

#[test]
fn a_core_module_that_is_no_command_is_refused_by_name() {
    let error = |wat: &str| {
        let error = try_text(wat).err().unwrap();
        assert!(matches!(error, LoadError::CoreModule { .. }), "{error}");
        error.to_string()
    };
    let text = error(r#"(module (func (export "add")))"#);
    assert!(text.contains("exports add, and no _start"), "{text}");
    assert!(text.contains("wasm32-wasip2"), "{text}");
    let text = error(r#"(module (import "env" "now" (func)) (func (export "_start")))"#);
    assert!(text.contains("imports env.now"), "{text}");
}
