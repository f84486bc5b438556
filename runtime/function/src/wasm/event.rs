//! Events: the world `samovar:function/function`, and a command.

use std::env;
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use serde::{Serialize, de::DeserializeOwned};

use super::{Diagnostic, handler, kept, log, prepare};
use crate::{Context, Error};

/// Runs set-up and handler for one event.
///
/// # Errors
/// What the set-up, the handler, or the conversion from or to JSON says.
pub fn handle_event<I, H, T, R, E>(
    init: I,
    event: &[u8],
    context: Context,
) -> Result<Vec<u8>, Diagnostic>
where
    I: Future<Output = Result<H, Error>>,
    H: AsyncFn(T, Context) -> Result<R, E> + 'static,
    T: DeserializeOwned,
    R: Serialize,
    E: Into<Diagnostic> + Debug,
{
    prepare();
    let _logged = log::begin(Some(&context));
    let invocation = async {
        let handler = kept::take(init).await?;
        let response = match deserialize(event) {
            Ok(event) => handler(event, context).await.map_err(|error| {
                tracing::error!("{error:?}");
                error.into()
            }),
            Err(error) => Err(error),
        };
        kept::put(handler);
        let response = response?;
        serde_json::to_vec(&response).map_err(|error| Diagnostic::from(Error::from(error)))
    };
    let outcome = wstd::runtime::block_on(invocation);
    // What a `print!` without a line feed left behind. There is nobody to tell of a closed log.
    let _ = io::stdout().flush();
    outcome
}

/// Reads an event as `lambda_runtime` does, with its words where it cannot.
fn deserialize<T: DeserializeOwned>(event: &[u8]) -> Result<T, Diagnostic> {
    const WHAT: &str = "failed to deserialize the incoming data into the function's payload type";
    serde_path_to_error::deserialize(&mut serde_json::Deserializer::from_slice(event)).map_err(
        |error| Diagnostic {
            error_type: "&lambda_runtime::deserializer::DeserializeError".to_owned(),
            error_message: match error.path().to_string().as_str() {
                "." => format!("{WHAT}: {error}\n"),
                path => format!("{WHAT}: [{path}] {error}\n"),
            },
        },
    )
}

/// `main`: the event on standard input, the response on standard output.
pub fn run_command(handle: impl FnOnce(&[u8], Context) -> Result<Vec<u8>, Diagnostic>) -> ExitCode {
    let mut event = Vec::new();
    let outcome = io::stdin()
        .read_to_end(&mut event)
        .map_err(Diagnostic::from)
        .and_then(|_| handle(&event, command_context()))
        .and_then(|response| io::stdout().write_all(&response).map_err(Diagnostic::from));
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{}: {}", error.error_type, error.error_message.trim_end());
            ExitCode::FAILURE
        }
    }
}

/// The context of a command: what Lambda's environment variables say.
fn command_context() -> Context {
    let variable = |name| env::var(name).unwrap_or_default();
    Context {
        function_name: variable("AWS_LAMBDA_FUNCTION_NAME"),
        memory_limit_mb: variable("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").parse().unwrap_or_default(),
        trace_id: env::var("_X_AMZN_TRACE_ID").ok(),
        ..Context::default()
    }
}

impl From<handler::Context> for Context {
    fn from(context: handler::Context) -> Self {
        Self {
            request_id: context.request_id,
            function_name: context.function_name,
            invoked_function_arn: context.invoked_function_arn,
            deadline: SystemTime::UNIX_EPOCH + Duration::from_millis(context.deadline_ms),
            memory_limit_mb: context.memory_limit_mb,
            trace_id: context.trace_id,
            client_context: context
                .client_context
                .and_then(|context| serde_json::from_str(&context).ok()),
        }
    }
}
