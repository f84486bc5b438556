//! The `bootstrap` of the Lambda layer: serves a WASM function as a custom runtime.
//!
//! Lambda starts it for a function of `provided.al2023` whose code has no `bootstrap` of its own
//! (Lambda guide, "Building a custom runtime for AWS Lambda"). `Handler` names the component,
//! `hello.wasm`; what runs is the machine code beside it, `hello.cwasm`, which
//! `samovar build --aot` makes. Each invocation gets an isolate of its own, as under
//! `samovar up`, by the same code.
//!
//! Lambda bounds the time of an invocation and the memory of the whole environment; the isolate's
//! own memory is bounded to the same size, so that a function is told alike here and there.

mod answer;
mod api;
mod artifact;
mod environment;
mod log;
mod serve;

use std::process::ExitCode;

use tokio::runtime;

use self::environment::Environment;

fn main() -> ExitCode {
    let served = Environment::of_process().map_err(|error| error.to_string()).and_then(|env| {
        // One thread: an environment serves one invocation at a time.
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("cannot start: {error}"))?;
        runtime.block_on(serve::serve(env)).map_err(|error| error.to_string())
    });
    match served {
        Ok(never) => match never {},
        Err(error) => {
            eprintln!("samovar: {error}");
            ExitCode::FAILURE
        }
    }
}
