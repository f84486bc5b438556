//! Starts one environment of the program that it is given and keeps it until it is killed: a
//! stand-in for a Samovar that dies. With `NAMESPACES=off` or `CGROUPS=off` among its variables the
//! environment has none of those; with `LIFE=short` it ends at once, as one that is stopped.

use std::path::PathBuf;
use std::sync::Arc;

use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{EnvironmentLog, LogLine, LogObserver, Provider};
use samovar_process::{ProcessConfig, ProcessProvider};

struct Terminal;

impl LogObserver for Terminal {
    fn line(&self, line: &LogLine<'_>) {
        println!("{}", line.text);
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1).map(PathBuf::from);
    let (Some(bootstrap), Some(folder)) = (arguments.next(), arguments.next()) else {
        return Err("usage: host BOOTSTRAP FOLDER [LAYER...]".into());
    };
    let span = Span { file: PathBuf::from("host").into(), line: 1, column: 1 };
    let code = Code { path: folder.clone(), span, build: Build::Prebuilt };
    let function = Function::new("f", Kind::Process, code);
    let provider = ProcessProvider::new(ProcessConfig {
        function: Arc::new(function),
        bootstrap,
        task_root: folder.clone(),
        scratch: folder.join("scratch"),
        layers: arguments.collect(),
        namespaces: std::env::var_os("NAMESPACES").is_none_or(|value| value != "off"),
        cgroups: std::env::var_os("CGROUPS").is_none_or(|value| value != "off"),
        variables: vec![("FOLDER".into(), folder.display().to_string())],
    });
    let log = EnvironmentLog::new("f", Arc::new(Terminal));
    let environment = provider.start(log).await.map_err(|error| error.message)?;
    if std::env::var_os("LIFE").is_some_and(|value| value == "short") {
        environment.stop(std::time::Duration::from_secs(1)).await;
        return Ok(());
    }
    std::future::pending().await
}
