//! Measures environments of the program that it is given, a Lambda bootstrap:
//! `cargo run --release -p samovar-process --example starts -- BOOTSTRAP FOLDER [COUNT]`.
//!
//! FOLDER has the code, BOOTSTRAP is in it. Prints the time from nothing to the first event asked
//! for, one environment after the other and all at once (with `CGROUPS=off` among the variables,
//! without cgroups); the same of the bare process, up to its
//! first connection; the time of an invocation that has to thaw the environment and of one that
//! has not; and the processor time of idle environments.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, Invocation, LogLine, LogObserver, Provider, Reply, Source,
};
use samovar_process::{ProcessConfig, ProcessProvider};

type Failure = Box<dyn std::error::Error>;

struct Nobody;

impl LogObserver for Nobody {
    fn line(&self, _line: &LogLine<'_>) {}
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [bootstrap, folder, rest @ ..] = &arguments[..] else {
        return Err("usage: starts BOOTSTRAP FOLDER [COUNT]".into());
    };
    let count = rest.first().map_or(Ok(100), |count| count.parse())?;
    let (bootstrap, folder) = (PathBuf::from(bootstrap), PathBuf::from(folder));
    let provider = Arc::new(provider(&bootstrap, &folder));
    for missing in samovar_process::not_kept() {
        println!("note: {missing}");
    }

    let mut bare = Vec::new();
    for _ in 0..20 {
        bare.push(bare_start(&bootstrap)?);
    }
    println!("bare process to first connection: {:?}", median(bare));

    let mut environments = Vec::new();
    let mut times = Vec::new();
    for _ in 0..20 {
        let began = Instant::now();
        environments.push(start(&provider).await?);
        times.push(began.elapsed());
    }
    println!("environment to first event, one by one: {:?}", median(times));

    let Some(first) = environments.first_mut() else { return Ok(()) };
    let (mut thawed, mut warm) = (Vec::new(), Vec::new());
    for _ in 0..50 {
        tokio::time::sleep(Duration::from_millis(20)).await;
        thawed.push(invoke(&mut **first).await?);
        warm.push(invoke(&mut **first).await?);
    }
    println!(
        "invocation of a frozen environment: {:?}, of a warm one: {:?}",
        median(thawed),
        median(warm)
    );

    let began = Instant::now();
    let starting: Vec<_> = (environments.len()..count)
        .map(|_| {
            let provider = Arc::clone(&provider);
            tokio::spawn(async move { start(&provider).await.map_err(|error| error.to_string()) })
        })
        .collect();
    let at_once = starting.len();
    for environment in starting {
        environments.push(environment.await??);
    }
    println!("{at_once} environments at once: {:?}", began.elapsed());

    tokio::time::sleep(Duration::from_secs(1)).await;
    let before = processor_time()?;
    tokio::time::sleep(Duration::from_secs(10)).await;
    let taken = processor_time()?.saturating_sub(before);
    println!(
        "{} idle environments and their host, processor time in 10 s: {taken:?}",
        environments.len()
    );
    Ok(())
}

fn provider(bootstrap: &Path, folder: &Path) -> ProcessProvider {
    let span = Span { file: PathBuf::from("starts").into(), line: 1, column: 1 };
    let code = Code { path: folder.to_owned(), span, build: Build::Prebuilt };
    ProcessProvider::new(ProcessConfig {
        function: Arc::new(Function::new("f", Kind::Process, code)),
        bootstrap: bootstrap.to_owned(),
        task_root: folder.to_owned(),
        scratch: folder.join("scratch"),
        layers: Vec::new(),
        namespaces: true,
        cgroups: std::env::var_os("CGROUPS").is_none_or(|value| value != "off"),
        variables: Vec::new(),
    })
}

async fn start(provider: &ProcessProvider) -> Result<Box<dyn Environment>, Failure> {
    let log = EnvironmentLog::new("f", Arc::new(Nobody));
    Ok(provider.start(log).await.map_err(|error| error.message)?)
}

async fn invoke(environment: &mut dyn Environment) -> Result<Duration, Failure> {
    let mut invocation = Invocation::new(Event::Bytes("{\"do\":\"echo\"}".into()), Source::Invoke);
    invocation.deadline = SystemTime::now() + Duration::from_secs(60);
    let (reply, answer) = Reply::channel();
    let began = Instant::now();
    environment.invoke(invocation, reply).await.map_err(|error| error.message)?;
    answer.await?;
    Ok(began.elapsed())
}

/// How long the program itself needs until it asks for an event.
fn bare_start(bootstrap: &Path) -> Result<Duration, Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let began = Instant::now();
    let mut child = Command::new(bootstrap)
        .env_clear()
        .env("AWS_LAMBDA_RUNTIME_API", listener.local_addr()?.to_string())
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "f")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "f")
        .stdout(Stdio::null())
        .spawn()?;
    let _connection = listener.accept()?;
    let took = began.elapsed();
    child.kill()?;
    child.wait()?;
    Ok(took)
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times.get(times.len() / 2).copied().unwrap_or_default()
}

/// Processor time of this process and all that share its executable or were started by it, from
/// the fields `utime` and `stime` (proc_pid_stat(5)), in hundredths of a second.
fn processor_time() -> Result<Duration, Failure> {
    let mut parents = std::collections::HashMap::new();
    for process in std::fs::read_dir("/proc")?.flatten() {
        let Ok(stat) = std::fs::read_to_string(process.path().join("stat")) else { continue };
        let Some((_, fields)) = stat.rsplit_once(") ") else { continue };
        let fields: Vec<&str> = fields.split(' ').collect();
        let Some(pid) = process.file_name().to_str().and_then(|pid| pid.parse::<u32>().ok()) else {
            continue;
        };
        let number = |index: usize| fields.get(index).and_then(|n| n.parse::<u64>().ok());
        let (Some(parent), Some(user), Some(system)) = (number(1), number(11), number(12)) else {
            continue;
        };
        parents.insert(u64::from(pid), (parent, user + system));
    }
    let own = u64::from(std::process::id());
    let is_ours = |mut pid: u64| {
        while pid > 1 {
            if pid == own {
                return true;
            }
            let Some((parent, _)) = parents.get(&pid) else { return false };
            pid = *parent;
        }
        false
    };
    let ticks = parents.iter().filter(|(pid, _)| is_ours(**pid)).map(|(_, (_, ticks))| ticks);
    Ok(Duration::from_millis(ticks.sum::<u64>() * 10))
}
