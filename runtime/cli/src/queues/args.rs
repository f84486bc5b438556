//! The command line of the queues' tools.

use super::client::{Client, Endpoint};
use crate::access;
use crate::args::Format;

/// Where a Samovar runs.
#[derive(Debug, clap::Args)]
pub(crate) struct Server {
    /// The AWS port of a running Samovar [default: AWS_ENDPOINT_URL, else http://127.0.0.1:9000].
    #[arg(long = "endpoint", value_name = "URL")]
    given: Option<Endpoint>,
}

impl Server {
    /// A client of it, which signs where the variables of `samovar up` are set here too.
    pub(crate) fn client(&self) -> Result<Client, super::ToolError> {
        Ok(Client::new(self.endpoint()?, access::configured()?))
    }

    /// The endpoint: that of the option, else that of the environment as AWS's SDKs have it, else
    /// the default.
    fn endpoint(&self) -> Result<Endpoint, super::ToolError> {
        match &self.given {
            Some(endpoint) => Ok(endpoint.clone()),
            None => Endpoint::from_environment(|name| std::env::var(name).ok()),
        }
    }
}

/// Options of `samovar queues`.
#[derive(Debug, clap::Args)]
pub(crate) struct Queues {
    #[command(flatten)]
    pub(super) server: Server,

    /// How to say it: for people, or as JSON for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,

    /// Show them again each second, with messages a second that come and go.
    #[arg(short, long)]
    pub(super) watch: bool,
}

/// Options of `samovar send`.
#[derive(Debug, clap::Args)]
pub(crate) struct Send {
    #[command(flatten)]
    pub(super) server: Server,

    /// The queue's name, URL or ARN.
    pub(super) queue: String,

    /// The message; `-` reads it from standard input.
    #[arg(allow_hyphen_values = true)]
    pub(super) body: String,

    /// MessageGroupId, which a FIFO queue needs.
    #[arg(long, value_name = "ID")]
    pub(super) group: Option<String>,

    /// MessageDeduplicationId, which a FIFO queue needs unless it goes by contents.
    #[arg(long, value_name = "ID")]
    pub(super) dedup: Option<String>,

    /// Seconds until it can be received, 0 to 900 [default: the queue's].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u16).range(0..=900))]
    pub(super) delay: Option<u16>,

    /// A message attribute of the type String. Can be given several times.
    #[arg(long = "attribute", value_name = "NAME=VALUE", value_parser = attribute)]
    pub(super) attributes: Vec<(String, String)>,
}

/// Options of `samovar peek`.
#[derive(Debug, clap::Args)]
pub(crate) struct Peek {
    #[command(flatten)]
    pub(super) server: Server,

    /// The queue's name, URL or ARN.
    pub(super) queue: String,

    /// How many messages to show, 1 to 100.
    #[arg(
        short = 'n', long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u8).range(1..=100)
    )]
    pub(super) max: u8,

    /// How to show them: for people, or as one JSON document for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(super) format: Format,
}

/// Options of `samovar redrive`.
#[derive(Debug, clap::Args)]
pub(crate) struct Redrive {
    #[command(flatten)]
    pub(super) server: Server,

    /// The dead-letter queue's name, URL or ARN.
    pub(super) queue: String,

    /// Where to move the messages [default: each to the queue that it failed in].
    #[arg(long, value_name = "QUEUE")]
    pub(super) to: Option<String>,
}

/// Options of `samovar purge`.
#[derive(Debug, clap::Args)]
pub(crate) struct Purge {
    #[command(flatten)]
    pub(super) server: Server,

    /// The queue's name, URL or ARN.
    pub(super) queue: String,

    /// Do not ask.
    #[arg(short, long)]
    pub(super) yes: bool,
}

fn attribute(text: &str) -> Result<(String, String), &'static str> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("write it as NAME=VALUE; neither may be empty"),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use crate::args::{Args, Command};

    fn parse(arguments: &[&str]) -> Result<Command, String> {
        let all = ["samovar"].iter().chain(arguments);
        Args::try_parse_from(all).map(|args| args.command).map_err(|error| error.to_string())
    }

    #[test]
    fn a_message_has_what_the_options_say() {
        let command = parse(&[
            "send",
            "jobs.fifo",
            "-5",
            "--group",
            "a",
            "--dedup",
            "b",
            "--delay",
            "0",
            "--attribute",
            "From=shop=1",
            "--attribute",
            "To=me",
        ]);
        let Ok(Command::Send(send)) = command else { panic!("{command:?}") };
        assert_eq!((send.queue.as_str(), send.body.as_str()), ("jobs.fifo", "-5"));
        assert_eq!((send.group.as_deref(), send.dedup.as_deref()), (Some("a"), Some("b")));
        assert_eq!(send.delay, Some(0));
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        assert_eq!(send.attributes, [pair("From", "shop=1"), pair("To", "me")]);
    }

    #[test]
    fn what_cannot_be_is_refused() {
        for (arguments, reason) in [
            (&["send", "q", "b", "--attribute", "From"][..], "NAME=VALUE"),
            (&["send", "q", "b", "--delay", "901"], "901"),
            (&["peek", "q", "--max", "0"], "0"),
            (&["queues", "--endpoint", "localhost:9000"], "http://HOST:PORT"),
            (&["purge"], "QUEUE"),
        ] {
            let error = parse(arguments).unwrap_err();
            assert!(error.contains(reason), "{error}");
        }
    }
}
