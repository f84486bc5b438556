//! The command line.

use std::net::IpAddr;
use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};
use samovar_app::config::is_region;
use samovar_triggers::TimeScale;
use samovar_wasm::aot::Target;

use crate::logs::Logs;
use crate::new::New;
use crate::queues::{Peek, Purge, Queues, Redrive, Send};
use crate::trigger::Trigger;

/// Runs an AWS SAM application on this machine, without Docker or an account.
#[derive(Debug, Parser)]
#[command(name = "samovar", version, propagate_version = true)]
pub(crate) struct Args {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a function: its cargo package, and the template's lines for it.
    New(New),
    /// Build the template's functions and serve what it declares.
    Up(Up),
    /// Build the template's functions, and serve nothing.
    ///
    /// With --aot, WASM functions become native code, which the Lambda layer runs without a
    /// compiler. It is to be trusted as any binary is.
    Build(Build),
    /// Say what the template declares, or what is wrong with it; build and serve nothing.
    ///
    /// Exit status: 0 if the template is good; 1 if it or a file that comes with it has faults;
    /// 2 if one of them cannot be read: it is missing, a folder, too large or not permitted.
    Check(Check),
    /// Show what functions have written, and AWS's lines about their invocations.
    Logs(Logs),
    /// Show the queues of a running Samovar, with their numbers of messages.
    Queues(Queues),
    /// Send a message to a queue.
    Send(Send),
    /// Show messages of a queue; they stay as they are.
    Peek(Peek),
    /// Move the messages of a dead-letter queue back to where they failed.
    Redrive(Redrive),
    /// Delete all messages of a queue.
    Purge(Purge),
    /// Fire a schedule of a running Samovar now, or show the schedules.
    Trigger(Trigger),
}

/// Options of `samovar up`.
#[derive(Debug, clap::Args)]
pub(crate) struct Up {
    #[command(flatten)]
    pub(crate) application: Application,

    /// Port of the AWS protocols: Lambda and SQS. 0 takes any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 9000)]
    pub(crate) api_port: u16,

    /// Port of HTTP APIs and function URLs; each further API also gets the next free one. 0 takes
    /// any that is free.
    #[arg(long, value_name = "PORT", default_value_t = 3000)]
    pub(crate) http_port: u16,

    /// One more address of this machine to listen on; 0.0.0.0 for all. Calls of the AWS protocols
    /// must then be signed with the credentials in SAMOVAR_ACCESS_KEY_ID and
    /// SAMOVAR_SECRET_ACCESS_KEY; HTTP APIs and function URLs let in whom the template lets in.
    #[arg(long, value_name = "ADDRESS")]
    pub(crate) listen: Option<IpAddr>,

    /// Speak HTTPS on both ports, with a certificate of an authority that is made once and kept in
    /// the state folder. Clients on this machine may go without.
    #[arg(long, conflicts_with = "tls_cert")]
    pub(crate) tls: bool,

    /// Speak HTTPS with this certificate: a chain in PEM, the server's own first.
    #[arg(long, value_name = "FILE", requires = "tls_key")]
    pub(crate) tls_cert: Option<PathBuf>,

    /// The private key of --tls-cert, in PEM.
    #[arg(long, value_name = "FILE", requires = "tls_cert")]
    pub(crate) tls_key: Option<PathBuf>,

    /// Where queues and compiled code are kept [default: .samovar beside the template].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,

    /// Keep queues in memory and forget them at the end; only compiled code is kept.
    #[arg(long)]
    pub(crate) ephemeral: bool,
    /// What waits of asynchronous invocations are multiplied with: 0.01 makes AWS's minute
    /// between two attempts 0.6 seconds [default: the samconfig file's, then 1, as on AWS].
    #[arg(long, value_name = "FACTOR", value_parser = time_scale)]
    pub(crate) time_scale: Option<TimeScale>,

    /// The keys of an issuer of tokens, a JSON Web Key Set, for JWT authorizers and those of user
    /// pools; other issuers are asked for theirs.
    #[arg(long, value_name = "ISSUER=FILE", value_parser = key_file)]
    pub(crate) jwks: Vec<(String, PathBuf)>,

    /// Serve what is built already; build nothing.
    #[arg(long)]
    pub(crate) no_build: bool,

    /// Megabytes of its log that are kept for each function; 0 keeps none.
    #[arg(long, value_name = "MB", default_value_t = 64)]
    pub(crate) log_size: u32,

    /// Megabytes of compiled code that are kept; what was not used for the longest time goes first,
    /// but nothing that is served.
    #[arg(long, value_name = "MB", default_value_t = 1024)]
    pub(crate) code_cache_size: u32,

    /// Build again what changes, and let it take over while all else is served [default: where
    /// standard output is a terminal].
    #[arg(long, conflicts_with = "no_build", overrides_with = "no_watch")]
    watch: bool,

    /// Serve what was built at start until the end.
    #[arg(long, overrides_with = "watch")]
    no_watch: bool,

    /// Invocations at once on this machine; more wait up to 10 seconds and are then throttled
    /// [default: what its memory carries, at most 1000].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) max_concurrency: Option<u32>,

    /// Seconds after which an environment without work ends.
    #[arg(long, value_name = "SECONDS", default_value_t = 600)]
    pub(crate) idle_timeout: u32,

    /// Make new environments no faster than AWS: 1,000 every 10 seconds for each function.
    #[arg(long)]
    pub(crate) aws_scaling: bool,
}

impl Up {
    /// Whether changes are built; `terminal`: somebody sees that.
    pub(crate) fn watches(&self, terminal: bool) -> bool {
        self.watch || (terminal && !self.no_watch && !self.no_build)
    }
}

/// Options of `samovar build`.
#[derive(Debug, clap::Args)]
pub(crate) struct Build {
    #[command(flatten)]
    pub(crate) application: Application,

    /// Functions by logical id, or components by files that end in .wasm; no template is read for
    /// those [default: all functions of the template].
    #[arg(value_name = "FUNCTION|FILE.wasm")]
    pub(crate) what: Vec<String>,

    /// Compile WASM functions to native code: NAME.cwasm beside each NAME.wasm.
    #[arg(long)]
    pub(crate) aot: bool,

    /// What --aot compiles for: x86_64 or arm64 [default: each function's Architectures, and for
    /// files this machine].
    #[arg(long, value_name = "ARCHITECTURE", requires = "aot")]
    pub(crate) target: Option<Target>,

    /// Where --aot writes [default: beside each component].
    #[arg(long, value_name = "DIR", requires = "aot")]
    pub(crate) output: Option<PathBuf>,

    /// Where what is unpacked and made is kept [default: .samovar beside the template].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// Options of `samovar check`.
#[derive(Debug, clap::Args)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) application: Application,

    /// How to say it: for people, or as one JSON document for programs.
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// Forms of what commands say.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
}

/// Which application it is, and what its template cannot say.
#[derive(Clone, Debug, Default, clap::Args)]
pub(crate) struct Application {
    /// The SAM template [default: the samconfig file's, then template.yaml, template.yml or
    /// template.json here].
    #[arg(short, long, visible_alias = "template-file", value_name = "PATH")]
    pub(crate) template: Option<PathBuf>,

    /// The SAM CLI's settings, from the template's folder [default: samconfig.toml, samconfig.yaml
    /// or samconfig.yml there].
    #[arg(long, value_name = "FILE")]
    pub(crate) config_file: Option<PathBuf>,

    /// Which environment of the samconfig file counts [default: default].
    #[arg(long, value_name = "NAME")]
    pub(crate) config_env: Option<String>,

    /// Values for the template's parameters, as Key=Value, ParameterKey=Key,ParameterValue=Value or
    /// file://PATH.
    #[arg(long, value_name = "KEY=VALUE", num_args = 1..)]
    pub(crate) parameter_overrides: Vec<String>,

    /// Values for variables that functions have in the template: the SAM CLI's JSON, or
    /// assignments as in a .env file.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_vars: Option<PathBuf>,

    /// Assignments as in a .env file, for variables of every function; --env-vars goes before it.
    #[arg(long, value_name = "FILE")]
    pub(crate) env_file: Option<PathBuf>,

    /// Other stacks' exports, stored parameters and secrets, in YAML or JSON.
    #[arg(long, value_name = "FILE")]
    pub(crate) values: Option<PathBuf>,

    /// The region in ARNs and in functions' variables [default: the samconfig file's, then
    /// us-east-1].
    #[arg(long, value_name = "REGION", value_parser = region)]
    pub(crate) region: Option<String>,
}

fn region(text: &str) -> Result<String, &'static str> {
    if is_region(text) { Ok(text.to_owned()) } else { Err("write it as eu-central-1") }
}

fn key_file(text: &str) -> Result<(String, PathBuf), &'static str> {
    let parts =
        text.split_once('=').filter(|(issuer, file)| !issuer.is_empty() && !file.is_empty());
    let (issuer, file) = parts.ok_or("write the issuer's URL, `=` and the name of a file")?;
    Ok((issuer.to_owned(), file.into()))
}

fn time_scale(text: &str) -> Result<TimeScale, &'static str> {
    let scale = text.parse().ok().and_then(TimeScale::new);
    scale.ok_or("write a number that is more than 0 and at most 1")
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    use super::*;

    fn application(arguments: &[&str]) -> Application {
        let arguments = ["samovar", "check"].iter().chain(arguments);
        match Args::try_parse_from(arguments).unwrap().command {
            Command::Check(check) => check.application,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_command_line_is_consistent() {
        Args::command().debug_assert();
    }

    #[test]
    fn overrides_are_given_as_to_the_sam_cli() {
        // Several after one option, up to the next option, and several times.
        let given = application(&[
            "--parameter-overrides",
            "A=1",
            "B=x y",
            "-t",
            "app.yaml",
            "--parameter-overrides",
            "ParameterKey=C,ParameterValue=3",
        ]);
        assert_eq!(given.parameter_overrides, ["A=1", "B=x y", "ParameterKey=C,ParameterValue=3"]);
        assert_eq!(given.template.as_deref(), Some("app.yaml".as_ref()));
        assert_eq!(application(&["--parameter-overrides", ""]).parameter_overrides, [""]);
    }

    #[test]
    fn the_template_has_the_sam_clis_names() {
        for name in ["-t", "--template", "--template-file"] {
            assert_eq!(application(&[name, "a"]).template.as_deref(), Some("a".as_ref()));
        }
    }

    #[test]
    fn keys_are_of_an_issuer() {
        let parsed =
            Args::try_parse_from(["samovar", "up", "--jwks", "https://a.example/=k=1.json"]);
        let Ok(Args { command: Command::Up(up) }) = parsed else { panic!("it is one") };
        assert_eq!(up.jwks, [("https://a.example/".to_owned(), PathBuf::from("k=1.json"))]);
        for wrong in ["https://a.example/", "=file", "https://a.example="] {
            assert!(Args::try_parse_from(["samovar", "up", "--jwks", wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_time_scale_is_one() {
        for (text, is_one) in [("0.01", true), ("1", true), ("0", false), ("2", false)] {
            let parsed = Args::try_parse_from(["samovar", "up", "--time-scale", text]);
            assert_eq!(parsed.is_ok(), is_one, "{text}");
        }
    }

    #[test]
    fn changes_are_built_where_somebody_sees_it_or_asks_for_it() {
        let watches = |arguments: &[&str], terminal| {
            let arguments = ["samovar", "up"].iter().chain(arguments);
            match Args::try_parse_from(arguments).unwrap().command {
                Command::Up(up) => up.watches(terminal),
                other => panic!("{other:?}"),
            }
        };
        assert!(watches(&[], true) && !watches(&[], false));
        assert!(watches(&["--watch"], false) && watches(&["--no-watch", "--watch"], false));
        assert!(!watches(&["--no-watch"], true) && !watches(&["--watch", "--no-watch"], true));
        assert!(!watches(&["--no-build"], true));
        Args::try_parse_from(["samovar", "up", "--watch", "--no-build"]).unwrap_err();
    }

    #[test]
    fn a_region_is_one() {
        Args::try_parse_from(["samovar", "check", "--region", "Frankfurt am Main"]).unwrap_err();
    }
}
