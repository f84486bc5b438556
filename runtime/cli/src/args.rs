//! The command line.

use std::path::PathBuf;

use clap::{Parser, Subcommand};

/// Runs an AWS SAM application on this machine, without Docker or an account.
#[derive(Debug, Parser)]
#[command(name = "samovar", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Build the template's functions and serve what it declares.
    Up(Up),
}

/// Options of `samovar up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    /// The SAM template [default: template.yaml, template.yml or template.json here].
    #[arg(short, long, value_name = "PATH")]
    pub(crate) template: Option<PathBuf>,

    /// Port of the AWS protocols: Lambda and SQS. 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) api_port: u16,

    /// Port of HTTP APIs and function URLs. 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    pub(crate) http_port: u16,

    /// Where queues and compiled code are kept [default: .samovar beside the template].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Serve what is built already; build nothing.
    #[arg(long)]
    pub(crate) no_build: bool,
}
