//! The forms of functions: source, dependencies and the template's resources.

use super::name::Name;

/// What starts a new function.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    /// Direct invokes, and a function URL.
    Invoke,
    /// Routes of an HTTP API.
    Http,
    /// Messages of a queue.
    Sqs,
    /// A schedule.
    Schedule,
}

/// A crate that a form needs, beside `samovar-function`.
pub(super) struct Dependency {
    pub(super) name: &'static str,
    pub(super) version: &'static str,
    /// Whether its default features are wanted.
    pub(super) defaults: bool,
    pub(super) features: &'static [&'static str],
}

impl Dependency {
    const fn new(name: &'static str, features: &'static [&'static str]) -> Self {
        Self { name, version: "1", defaults: true, features }
    }

    const fn bare(name: &'static str, features: &'static [&'static str]) -> Self {
        Self { defaults: false, ..Self::new(name, features) }
    }
}

const SERDE_JSON: Dependency = Dependency::new("serde_json", &[]);
const TOKIO: Dependency = Dependency::new("tokio", &["macros", "rt"]);

impl Form {
    /// `src/main.rs`.
    pub(super) fn source(self, name: &Name) -> String {
        let source = match self {
            Self::Invoke => include_str!("forms/invoke.rs"),
            Self::Http => include_str!("forms/http.rs"),
            Self::Sqs => include_str!("forms/sqs.rs"),
            Self::Schedule => include_str!("forms/schedule.rs"),
        };
        source.replace("@NAME@", &name.package)
    }

    /// What it does, for the package and the resource.
    pub(super) fn description(self) -> &'static str {
        match self {
            Self::Invoke => "Greets by name",
            Self::Http => "Greets by name over HTTP",
            Self::Sqs => "Handles the messages of a queue",
            Self::Schedule => "Runs on a schedule",
        }
    }

    /// `[dependencies]`.
    pub(super) fn dependencies(self) -> Vec<Dependency> {
        match self {
            Self::Invoke => vec![Dependency::new("serde", &["derive"])],
            Self::Http => {
                vec![Dependency { version: "0.8", ..Dependency::bare("axum", &[]) }]
            }
            Self::Sqs => vec![Dependency::bare("aws_lambda_events", &["sqs"])],
            Self::Schedule => vec![Dependency::bare("aws_lambda_events", &["eventbridge"])],
        }
    }

    /// `[dev-dependencies]`.
    pub(super) fn dev_dependencies(self) -> Vec<Dependency> {
        match self {
            Self::Http => vec![TOKIO],
            Self::Invoke | Self::Sqs | Self::Schedule => vec![SERDE_JSON, TOKIO],
        }
    }

    /// The template's resources, the function first, with two blanks a level.
    pub(super) fn resources(
        self,
        name: &Name,
        code: &str,
        wasm: bool,
        api: Option<&str>,
    ) -> String {
        let Name { package, logical_id: id } = name;
        let method = if wasm { "makefile" } else { "rust-cargolambda" };
        let handler = if wasm { format!("{package}.wasm") } else { "bootstrap".to_owned() };
        let description = self.description();
        let function = format!(
            "{id}:\n  Type: AWS::Serverless::Function\n  Metadata:\n    BuildMethod: {method}\n  \
             Properties:\n    Description: {description}\n    CodeUri: {code}/\n    \
             Handler: {handler}\n    Runtime: provided.al2023\n    MemorySize: 128\n    \
             Timeout: 10\n"
        );
        let rest = match self {
            Self::Invoke => "    FunctionUrlConfig:\n      AuthType: NONE\n".to_owned(),
            Self::Http => {
                let api =
                    api.map_or_else(String::new, |api| format!("          ApiId: !Ref {api}\n"));
                let route = |event: &str, path: &str| {
                    format!(
                        "      {event}:\n        Type: HttpApi\n        Properties:\n{api}          \
                         Method: GET\n          Path: {path}\n"
                    )
                };
                let root = route("Root", &format!("/{package}"));
                let named = route("Named", &format!("/{package}/{{name}}"));
                format!("    Events:\n{root}{named}")
            }
            Self::Sqs => format!(
                "    Events:\n      Messages:\n        Type: SQS\n        Properties:\n          \
                 Queue: !GetAtt {id}Queue.Arn\n          BatchSize: 10\n          \
                 FunctionResponseTypes:\n            - ReportBatchItemFailures\n\n\
                 {id}Queue:\n  Type: AWS::SQS::Queue\n  Properties:\n    \
                 # Six times the function's Timeout, as AWS advises.\n    VisibilityTimeout: 60\n    \
                 RedrivePolicy:\n      deadLetterTargetArn: !GetAtt {id}DeadLetters.Arn\n      \
                 maxReceiveCount: 3\n\n\
                 {id}DeadLetters:\n  Type: AWS::SQS::Queue\n  Properties:\n    \
                 MessageRetentionPeriod: 1209600 # 14 days, the longest there is\n"
            ),
            Self::Schedule => "    Events:\n      EveryMinute:\n        Type: Schedule\n        \
                               Properties:\n          Schedule: rate(1 minute)\n"
                .to_owned(),
        };
        function + &rest
    }

    /// Their logical ids.
    pub(super) fn ids(self, name: &Name) -> Vec<String> {
        let id = &name.logical_id;
        match self {
            Self::Sqs => vec![id.clone(), format!("{id}Queue"), format!("{id}DeadLetters")],
            Self::Invoke | Self::Http | Self::Schedule => vec![id.clone()],
        }
    }

    /// A command that has the function do something, while `samovar up` runs.
    pub(super) fn try_it(self, name: &Name) -> String {
        let Name { package, logical_id: id } = name;
        match self {
            Self::Invoke => {
                format!("curl 'http://{}.localhost:3000/?name=Ada'", id.to_lowercase())
            }
            Self::Http => format!("curl http://localhost:3000/{package}/Ada"),
            Self::Sqs => format!("samovar send {id}Queue tea"),
            Self::Schedule => format!("samovar trigger {id}.EveryMinute"),
        }
    }
}
