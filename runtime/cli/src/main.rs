//! `samovar`: runs an AWS SAM application on this machine.

mod access;
mod args;
mod build;
mod check;
mod deployed;
mod host;
mod logs;
mod new;
mod ports;
mod providers;
mod queues;
mod settings;
mod state;
mod stop;
mod terminal;
mod tls;
mod trigger;
mod up;
mod watch;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::terminal::Style;

/// Messages are made on one thread and freed on another, for which the system's allocator takes a
/// lock each time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    match Args::parse().command {
        Command::New(options) => match new::new(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Command::Up(options) => up(options),
        Command::Build(options) => build(&options),
        Command::Check(options) => check::check(&options),
        Command::Logs(options) => match logs::logs(&options) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(&error.to_string()),
        },
        Command::Queues(options) => done(queues::queues(&options)),
        Command::Send(options) => done(queues::send(&options)),
        Command::Peek(options) => done(queues::peek(&options)),
        Command::Redrive(options) => done(queues::redrive(&options)),
        Command::Purge(options) => done(queues::purge(&options)),
        Command::Trigger(options) => done(trigger::trigger(&options)),
    }
}

fn done(result: Result<(), queues::ToolError>) -> ExitCode {
    result.map_or_else(|error| fail(&error.to_string()), |()| ExitCode::SUCCESS)
}

fn up(options: args::Up) -> ExitCode {
    match block_on(up::up(options)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        // The diagnostics of a template say themselves what they are.
        Ok(Err(up::UpError::Template(diagnostics))) => {
            terminal::faults(&diagnostics);
            ExitCode::FAILURE
        }
        Ok(Err(error)) => fail(&error.to_string()),
        Err(exit) => exit,
    }
}

fn build(options: &args::Build) -> ExitCode {
    match block_on(build::command::build(options)) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(build::command::Failed::Template(diagnostics))) => {
            terminal::faults(&diagnostics);
            ExitCode::FAILURE
        }
        Ok(Err(error)) => fail(&error.to_string()),
        Err(exit) => exit,
    }
}

/// Runs a future to its end, on all cores.
fn block_on<F: Future>(future: F) -> Result<F::Output, ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|error| fail(&format!("cannot start threads: {error}")))?;
    Ok(runtime.block_on(future))
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{} {message}", Style::stderr().error("error:"));
    ExitCode::FAILURE
}
