//! What Lambda tells a runtime by environment variables (Lambda guide, "Defined runtime
//! environment variables").

use std::collections::BTreeMap;
use std::env;
use std::path::PathBuf;

use samovar_app::{AllowedHost, AllowedHostError, Build, Code, Function, Kind, Span};
use thiserror::Error;

/// Whether responses to HTTP events are streamed: `buffered` or `response_stream`, in any case, as
/// `InvokeMode` of a function URL has it. A runtime cannot tell by the event.
const INVOKE_MODE: &str = "SAMOVAR_INVOKE_MODE";

/// Which hosts the function may reach beside AWS's, with blanks between: each as one of
/// `Metadata: Samovar: AllowedHosts`, which a runtime does not get to see.
const ALLOWED_HOSTS: &str = "SAMOVAR_ALLOWED_HOSTS";

/// The services of AWS, where the function's role says what it may do (AWS General Reference, "AWS
/// service endpoints").
const SERVICES: &str = "https://*.amazonaws.com https://*.amazonaws.com.cn https://*.api.aws";

/// Variables that are about this process and not about the function. The rest is the function's:
/// its own, and Lambda's, credentials among them.
const OF_PROCESS: [&str; 7] = [
    "AWS_LAMBDA_RUNTIME_API",
    "LAMBDA_RUNTIME_DIR",
    "LAMBDA_TASK_ROOT",
    "LD_LIBRARY_PATH",
    "PATH",
    "PWD",
    "SHLVL",
];

/// The execution environment.
#[derive(Debug)]
pub(crate) struct Environment {
    /// `HOST:PORT` of the Runtime API.
    pub(crate) runtime_api: String,
    /// The folder of the function's code.
    pub(crate) task_root: PathBuf,
    /// The function, as far as variables tell. Its ARN comes with each invocation.
    pub(crate) function: Function,
    /// What the function sees.
    pub(crate) variables: Vec<(String, String)>,
    /// Whether responses to HTTP events are streamed.
    pub(crate) streaming: bool,
}

/// Why this is no execution environment.
#[derive(Debug, Error, PartialEq, Eq)]
pub(crate) enum EnvironmentError {
    /// It is not Lambda that started this.
    #[error("{0} is not set: this is a Lambda runtime, which Lambda or `samovar up` starts")]
    Missing(&'static str),
    /// A setting of the function has another form.
    #[error("{INVOKE_MODE} is {0:?}: write buffered or response_stream")]
    InvokeMode(String),
    /// A setting of the function has another form.
    #[error("{ALLOWED_HOSTS} has {0:?}: {1}")]
    AllowedHosts(String, AllowedHostError),
}

impl Environment {
    /// That of this process. Variables that are not UTF-8 are left out: no guest could read them.
    pub(crate) fn of_process() -> Result<Self, EnvironmentError> {
        let utf8 = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self::of(env::vars_os().filter_map(utf8).collect())
    }

    fn of(variables: BTreeMap<String, String>) -> Result<Self, EnvironmentError> {
        let text = |name: &str| variables.get(name).cloned();
        let needed = |name| text(name).ok_or(EnvironmentError::Missing(name));
        let runtime_api = needed("AWS_LAMBDA_RUNTIME_API")?;
        let handler = needed("_HANDLER")?;
        let task_root = PathBuf::from(needed("LAMBDA_TASK_ROOT")?);
        let name = text("AWS_LAMBDA_FUNCTION_NAME").unwrap_or_default();
        let memory_mb = text("AWS_LAMBDA_FUNCTION_MEMORY_SIZE").and_then(|mb| mb.parse().ok());
        let streaming = match text(INVOKE_MODE) {
            None => false,
            Some(mode) if mode.eq_ignore_ascii_case("buffered") => false,
            Some(mode) if mode.eq_ignore_ascii_case("response_stream") => true,
            Some(mode) => return Err(EnvironmentError::InvokeMode(mode)),
        };

        // The model's place for it is a template; here it is the folder of the code.
        let span = Span { file: task_root.as_path().into(), line: 1, column: 1 };
        let code = Code { path: task_root.clone(), span, build: Build::Prebuilt };
        let function = Function::new(&name, Kind::Wasm, code);
        let function = Function {
            handler,
            version: text("AWS_LAMBDA_FUNCTION_VERSION").unwrap_or(function.version),
            memory_mb: memory_mb.unwrap_or(function.memory_mb),
            allowed_hosts: allowed_hosts(&text(ALLOWED_HOSTS).unwrap_or_default())?,
            ..function
        };
        let is_functions = |name: &String| !OF_PROCESS.contains(&name.as_str());
        let variables = variables.into_iter().filter(|(name, _)| is_functions(name)).collect();
        Ok(Self { runtime_api, task_root, function, variables, streaming })
    }
}

/// AWS's hosts, and the function's own.
fn allowed_hosts(own: &str) -> Result<Vec<AllowedHost>, EnvironmentError> {
    let host = |text: &str| {
        let error = |error| EnvironmentError::AllowedHosts(text.to_owned(), error);
        text.parse().map_err(error)
    };
    SERVICES.split(' ').chain(own.split_whitespace()).map(host).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn environment(changes: &[(&str, Option<&str>)]) -> Result<Environment, EnvironmentError> {
        let variables = [
            ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "256"),
            ("AWS_LAMBDA_FUNCTION_NAME", "tea"),
            ("AWS_LAMBDA_FUNCTION_VERSION", "7"),
            ("AWS_LAMBDA_RUNTIME_API", "127.0.0.1:9001"),
            ("AWS_SESSION_TOKEN", "secret"),
            ("LAMBDA_TASK_ROOT", "/var/task"),
            ("PATH", "/bin"),
            ("TEA", "black"),
            ("_HANDLER", "tea.wasm"),
        ];
        let mut variables: BTreeMap<String, String> =
            variables.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        for (name, value) in changes {
            match value {
                Some(value) => variables.insert((*name).to_owned(), (*value).to_owned()),
                None => variables.remove(*name),
            };
        }
        Environment::of(variables)
    }

    #[test]
    fn the_function_is_as_lambda_says() {
        let Environment { runtime_api, task_root, function, variables, streaming } =
            environment(&[]).unwrap();
        assert_eq!(runtime_api, "127.0.0.1:9001");
        assert_eq!(task_root.to_str(), Some("/var/task"));
        assert_eq!(
            (&*function.name, &*function.version, &*function.handler, function.memory_mb),
            ("tea", "7", "tea.wasm", 256)
        );
        assert!(!streaming);
        let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(
            names,
            [
                "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
                "AWS_LAMBDA_FUNCTION_NAME",
                "AWS_LAMBDA_FUNCTION_VERSION",
                "AWS_SESSION_TOKEN",
                "TEA",
                "_HANDLER",
            ]
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        for name in ["AWS_LAMBDA_RUNTIME_API", "LAMBDA_TASK_ROOT", "_HANDLER"] {
            let error = environment(&[(name, None)]).unwrap_err();
            assert_eq!(error, EnvironmentError::Missing(name));
        }
    }

    #[test]
    fn the_invoke_mode_is_one_of_two() {
        for (mode, streaming) in
            [("buffered", false), ("BUFFERED", false), ("RESPONSE_STREAM", true)]
        {
            let environment = environment(&[(INVOKE_MODE, Some(mode))]).unwrap();
            assert_eq!(environment.streaming, streaming, "{mode}");
        }
        let error = environment(&[(INVOKE_MODE, Some("stream"))]).unwrap_err();
        assert_eq!(error, EnvironmentError::InvokeMode("stream".into()));
    }

    #[test]
    fn a_function_reaches_aws_and_what_it_names() {
        let hosts = " api.example.com\n*.example.org:8443 ";
        let Environment { function, .. } = environment(&[(ALLOWED_HOSTS, Some(hosts))]).unwrap();
        let admits = |https, host: &str, port| {
            let host = host.parse().unwrap();
            function.allowed_hosts.iter().any(|allowed| allowed.admits(https, &host, port))
        };
        assert!(admits(true, "sqs.us-east-1.amazonaws.com", 443));
        assert!(admits(true, "api.example.com", 443));
        assert!(admits(true, "a.example.org", 8443));
        for (https, host, port) in [
            (false, "sqs.us-east-1.amazonaws.com", 80),
            (true, "amazonaws.com.evil.example", 443),
            (true, "example.net", 443),
            (false, "169.254.169.254", 80),
            (false, "127.0.0.1", 9001),
        ] {
            assert!(!admits(https, host, port), "{host}");
        }
        let error = environment(&[(ALLOWED_HOSTS, Some("a.example b/c"))]).unwrap_err();
        assert!(error.to_string().starts_with("SAMOVAR_ALLOWED_HOSTS has \"b/c\": "), "{error}");
    }
}
