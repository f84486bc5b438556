//! Native execution environments: one OS process each, spoken to over the Lambda Runtime API.
//!
//! A [`ProcessProvider`] starts environments of one function. Each environment has a process
//! group of its own, a Runtime API listener of its own on loopback (that is how the environment
//! of a request is known), a private folder, and a log. From the outside in:
//!
//! - `provider`: what is configured, and the start of an environment;
//! - `environment`: the life of an environment: invocations, a runtime that has to be started
//!   again, the end;
//! - `runtime`: one started `bootstrap` with all that belongs to it;
//! - `group`: a process group from its start until nothing of it is left;
//! - `runtime_api`: the HTTP side, and the state machine behind it;
//! - `output`: standard output and error, line by line into the environment's log;
//! - `os`: what differs between Linux and elsewhere.
//!
//! # What is not kept apart yet
//! An environment shares the file system, the network and the user of the process that runs
//! Samovar. A process that leaves its process group (`setsid`) outlives its environment, and a
//! grandchild outlives a Samovar that is killed by `SIGKILL`; the runtime itself does neither
//! on Linux (see `os`).

mod entrypoint;
mod environment;
mod exit;
mod group;
mod os;
mod output;
mod provider;
mod runtime;
mod runtime_api;
mod scratch;
mod spawner;
mod variables;

pub use provider::{ProcessConfig, ProcessProvider};
