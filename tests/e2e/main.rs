//! End to end: the `samovar` binary, real functions, real clients, real sockets.
//!
//! Tests of one application share one server, which is why this is not the standard harness: the
//! servers are started when the first test wants them and stopped when all are done.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod access;
mod asynchronous;
mod authorizers;
mod bad_input;
mod check;
mod clients;
mod compiled;
mod components;
mod conformance;
mod crash;
mod disk;
mod example;
mod front_door;
mod functions;
mod handlers;
mod hostile;
mod http;
mod integrations;
mod lambda_api;
mod languages;
mod logs;
mod managed;
mod new;
mod packaging;
mod queues;
mod sam_build;
mod schedules;
mod senders;
mod server;
mod sqs;
mod sqs_addresses;
mod sqs_cli;
mod sqs_forms;
mod sqs_sdk;
mod stop;
mod streaming;
mod tools;
mod topics;
mod watch;
mod web_sockets;

use std::process::ExitCode;
use std::sync::Arc;

use libtest_mimic::{Arguments, Failed, Trial};

use crate::server::Shared;

fn main() -> ExitCode {
    // A test runs this program again, as a client.
    let mut arguments = std::env::args().skip(1);
    if let (Some("--sqs-sdk"), Some(endpoint)) = (arguments.next().as_deref(), arguments.next()) {
        sqs_sdk::run(&endpoint);
        return ExitCode::SUCCESS;
    }
    let arguments = Arguments::from_args();
    let example = Arc::new(Shared::new(server::example));
    let fixtures = Arc::new(Shared::new(server::fixtures));
    let languages = Arc::new(Shared::new(languages::server));
    let components = Arc::new(Shared::new(components::server));
    let apis = Arc::new(Shared::new(conformance::server));
    let handlers = Arc::new(Shared::new(handlers::server));
    let mut trials = Vec::new();
    trials.extend(example::trials(&example));
    trials.extend(functions::trials(&fixtures));
    trials.extend(http::trials(&fixtures));
    trials.extend(conformance::trials(&apis));
    trials.extend(front_door::trials(&fixtures));
    trials.extend(access::trials(&fixtures));
    trials.extend(managed::trials(&fixtures));
    trials.extend(lambda_api::trials(&fixtures));
    trials.extend(packaging::trials(&example));
    trials.extend(languages::trials(&languages));
    trials.extend(components::trials(&components));
    trials.extend(senders::trials(&example));
    trials.extend(clients::trials(&fixtures));
    trials.extend(sqs::trials(&fixtures));
    trials.extend(sqs_addresses::trials(&fixtures));
    trials.extend(sqs_cli::trials(&fixtures));
    trials.extend(streaming::trials(&fixtures));
    trials.extend(handlers::trials(&handlers));
    trials.extend(sqs_forms::trials(&fixtures));
    trials.extend(asynchronous::trials());
    trials.extend(authorizers::trials());
    trials.extend(bad_input::trials());
    trials.extend(check::trials());
    trials.extend(compiled::trials());
    trials.extend(integrations::trials());
    trials.extend(new::trials());
    trials.extend(queues::trials());
    trials.extend(sam_build::trials());
    trials.extend(schedules::trials());
    trials.extend(topics::trials());
    trials.extend(crash::trials());
    trials.extend(disk::trials());
    trials.extend(hostile::trials());
    trials.extend(stop::trials());
    trials.extend(logs::trials());
    trials.extend(watch::trials());
    trials.extend(web_sockets::trials());
    trials.push(example::last(&example));
    let conclusion = libtest_mimic::run(&arguments, trials);
    example.stop();
    fixtures.stop();
    languages.stop();
    components.stop();
    apis.stop();
    handlers.stop();
    conclusion.exit_code()
}

/// A test that needs no server, or one of its own.
fn trial(name: &str, test: fn()) -> Trial {
    Trial::test(name, move || run(test))
}

/// A test that needs programs of others. Where one is missing, the test fails in CI (`CI` is
/// set) and says there what to do; elsewhere it is named loudly and left out, so that the tests
/// pass on a machine with Rust alone.
fn needing(programs: &[tools::Program], trial: Trial) -> Trial {
    let missing: Vec<_> = programs.iter().filter(|program| !program.is_there()).collect();
    if missing.is_empty() || std::env::var_os("CI").is_some() {
        return trial;
    }
    for program in missing {
        eprintln!("NOT RUN: {}: {}", trial.name(), program.remedy());
    }
    trial.with_ignored_flag(true)
}

/// A test against a shared server.
fn against(shared: &Arc<Shared>, name: &str, test: fn(&server::Server)) -> Trial {
    let shared = shared.clone();
    Trial::test(name, move || run(|| test(&shared.get())))
}

/// Tests fail by panic, as tests do; the harness prints the message of a [`Failed`].
fn run(test: impl FnOnce()) -> Result<(), Failed> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(test)).map_err(|panic| {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        let text = text.or_else(|| panic.downcast_ref::<&str>().copied());
        Failed::from(text.unwrap_or("panicked").to_owned())
    })
}
