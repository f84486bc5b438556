//! Native execution environments: one OS process each, spoken to over the Lambda Runtime API.
//!
//! A [`ProcessProvider`] starts environments of one function. Each environment has process groups
//! of its own, a Runtime API listener of its own on loopback (that is how the environment
//! of a request is known), a private folder, and a log. From the outside in:
//!
//! - `provider`: what is configured, and the start of an environment;
//! - `environment`: the life of an environment: invocations, a runtime that has to be started
//!   again, the end;
//! - `runtime`: one started `bootstrap` with all that belongs to it;
//! - `group`: a process group from its start until nothing of it is left, and all groups of an
//!   environment, whose runtime and extensions share namespaces;
//! - `warden`: freezing between invocations, and the memory limit, as far as cgroups do not keep
//!   it;
//! - `sandbox`: where the environment's folders are;
//! - `external_extensions`: the processes beside it;
//! - `runtime_api`: the HTTP side, and the state machines behind it;
//! - `telemetry`: what extensions get of logs and events;
//! - `output`: standard output and error, line by line into the environment's log;
//! - `os`: what differs between Linux and elsewhere.
//!
//! # What is not kept apart
//! An environment shares the network, the user and, but for `/tmp`, `/var/task` and `/opt`, the
//! file system of the process that runs Samovar. So a port that an extension listens on, as
//! subscribers of telemetry do, is free in one environment at a time, and telemetry for that port
//! reaches whoever listens there. Where the system allows no namespaces (see [`not_kept`]), a
//! process that leaves its process group and whose parent has ended outlives its environment.

mod course;
mod entrypoint;
mod environment;
mod exit;
mod external_extensions;
mod group;
mod os;
mod output;
mod provider;
mod runtime;
mod runtime_api;
mod sandbox;
mod scratch;
mod spawner;
mod telemetry;
mod variables;
mod warden;

pub use provider::{ProcessConfig, ProcessProvider, clear_cgroups};
pub use sandbox::not_kept;
