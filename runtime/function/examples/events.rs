//! A function of many moods: what a handler of events can do, by `{"do": ...}`.
//!
//! The host's tests run it as a component.

use std::sync::atomic::{AtomicU32, Ordering};
use std::{env, fs, net};

use samovar_function::{Context, Diagnostic, Error, tracing};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(tag = "do", rename_all = "kebab-case")]
enum Event {
    /// Answers the invocation's context.
    Context,
    /// Answers how often this environment was invoked.
    Count,
    /// Answers the environment's variables.
    Variables,
    /// Fails with an error of the standard library.
    Fail,
    /// Fails with an error that has a name of its own.
    FailByName,
    /// Panics.
    Panic,
    /// Exits.
    Exit { status: i32 },
    /// Writes to the log in every way.
    Log,
    /// Reads a file.
    Read { path: String },
    /// Opens a connection.
    Connect { address: String },
    /// Answers this many bytes.
    Large { bytes: usize },
}

#[derive(Debug)]
enum Failure {
    ByName,
    Other(Error),
}

impl From<Failure> for Diagnostic {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::ByName => Diagnostic {
                error_type: "OutOfTea".to_owned(),
                error_message: "the samovar is empty".to_owned(),
            },
            Failure::Other(error) => error.into(),
        }
    }
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

static INVOCATIONS: AtomicU32 = AtomicU32::new(0);

async fn handle(event: Event, context: Context) -> Result<Value, Failure> {
    let count = INVOCATIONS.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(match event {
        Event::Context => json!({
            "requestId": context.request_id,
            "functionName": context.function_name,
            "arn": context.invoked_function_arn,
            "memory": context.memory_limit_mb,
            "remaining": context.remaining_time().as_secs(),
            "traceId": context.trace_id,
            "clientContext": context.client_context,
        }),
        Event::Count => json!(count),
        Event::Variables => env::vars().collect(),
        Event::Fail => "tea".parse::<u32>()?.into(),
        Event::FailByName => return Err(Failure::ByName),
        Event::Panic => panic!("the samovar boils over"),
        Event::Exit { status } => std::process::exit(status),
        Event::Log => {
            println!("to standard output");
            eprintln!("to standard error");
            tracing::info!(cups = 3, "to the subscriber");
            tracing::debug!("below the level");
            print!("without a line feed");
            Value::Null
        }
        Event::Read { path } => fs::read_to_string(path)?.into(),
        Event::Connect { address } => net::TcpStream::connect(address)?.peer_addr()?.port().into(),
        Event::Large { bytes } => "x".repeat(bytes).into(),
    })
}

samovar_function::event!(handle);
