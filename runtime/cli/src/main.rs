//! `samovar`: runs an AWS SAM application on this machine.

mod args;
mod build;
mod host;
mod providers;
mod stop;
mod terminal;
mod up;

use std::process::ExitCode;

use clap::Parser;

use crate::args::{Args, Command};
use crate::terminal::Style;

fn main() -> ExitCode {
    let args = Args::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(&format!("cannot start threads: {error}")),
    };
    let result = match args.command {
        Command::Up(options) => runtime.block_on(up::up(options)),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        // The diagnostics of a template say themselves what they are.
        Err(up::UpError::Template(diagnostics)) => {
            eprint!("{diagnostics}");
            ExitCode::FAILURE
        }
        Err(error) => fail(&error.to_string()),
    }
}

fn fail(message: &str) -> ExitCode {
    eprintln!("{} {message}", Style::stderr().error("error:"));
    ExitCode::FAILURE
}
