//! Functions, programs and raw HTTP for the tests.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, FunctionError, Invocation, LogLine, LogObserver, Observer,
    Provider, Reply, Report, Response, Source,
};
use samovar_process::{ProcessConfig, ProcessProvider};
use serde_json::Value;
use tempfile::TempDir;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// No step of a test takes this long, unless it hangs.
pub(crate) const LONG: Duration = Duration::from_secs(60);

/// A program of this crate's `examples`.
pub(crate) fn example(name: &str) -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(path.exists(), "{}: run `cargo test`, which builds the examples", path.display());
    path
}

/// Whoever listens keeps all lines, with the request they belong to.
#[derive(Default)]
pub(crate) struct Seen(Mutex<Vec<(Option<String>, String)>>);

impl LogObserver for Seen {
    fn line(&self, line: &LogLine<'_>) {
        let request_id = line.request_id.map(str::to_owned);
        self.0.lock().unwrap().push((request_id, line.text.to_owned()));
    }
}

impl Observer for Seen {
    fn finished(&self, _report: &Report) {}
}

impl Seen {
    pub(crate) fn lines(&self) -> Vec<(Option<String>, String)> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn texts(&self) -> Vec<String> {
        self.lines().into_iter().map(|(_, text)| text).collect()
    }
}

/// A function in a folder of its own.
pub(crate) struct Fixture {
    pub(crate) folder: TempDir,
    pub(crate) function: Arc<Function>,
    pub(crate) provider: Arc<ProcessProvider>,
    pub(crate) seen: Arc<Seen>,
}

impl Fixture {
    /// On `lambda_runtime`: see `examples/lambda.rs`.
    pub(crate) fn lambda() -> Self {
        let folder = TempDir::new().unwrap();
        Self::new(folder, example("lambda"), Vec::new())
    }

    /// A shell script; `$FOLDER` is the fixture's.
    pub(crate) fn script(text: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let bootstrap = program(folder.path(), &format!("#!/bin/sh\n{text}\n"));
        Self::new(folder, bootstrap, Vec::new())
    }

    /// On `lambda_runtime`, which a script starts last; `$FOLDER` is the fixture's.
    pub(crate) fn lambda_after(script: &str, change: impl FnOnce(&mut ProcessConfig)) -> Self {
        let folder = TempDir::new().unwrap();
        std::fs::copy(example("lambda"), folder.path().join("lambda")).unwrap();
        let script = format!("#!/bin/sh\n{script}\nexec ./lambda\n");
        let bootstrap = program(folder.path(), &script);
        Self::changed(folder, bootstrap, Vec::new(), change)
    }

    pub(crate) fn new(
        folder: TempDir,
        bootstrap: PathBuf,
        variables: Vec<(String, String)>,
    ) -> Self {
        Self::with_layers(folder, bootstrap, variables, Vec::new())
    }

    /// The same, with layers.
    pub(crate) fn with_layers(
        folder: TempDir,
        bootstrap: PathBuf,
        variables: Vec<(String, String)>,
        layers: Vec<PathBuf>,
    ) -> Self {
        Self::changed(folder, bootstrap, variables, |config| config.layers = layers)
    }

    pub(crate) fn changed(
        folder: TempDir,
        bootstrap: PathBuf,
        mut variables: Vec<(String, String)>,
        change: impl FnOnce(&mut ProcessConfig),
    ) -> Self {
        let path = folder.path().to_owned();
        variables.push(("FOLDER".into(), path.display().to_string()));
        let function = Arc::new(function(&path));
        let mut config = ProcessConfig {
            function,
            bootstrap,
            task_root: path.clone(),
            scratch: path.join("scratch"),
            layers: Vec::new(),
            namespaces: true,
            cgroups: true,
            variables,
        };
        change(&mut config);
        let function = Arc::clone(&config.function);
        let provider = Arc::new(ProcessProvider::new(config));
        Self { folder, function, provider, seen: Arc::default() }
    }

    pub(crate) fn log(&self) -> EnvironmentLog {
        EnvironmentLog::new("orders", Arc::clone(&self.seen) as Arc<dyn LogObserver>)
    }

    pub(crate) async fn start(&self) -> Result<Box<dyn Environment>, FunctionError> {
        tokio::time::timeout(LONG, self.provider.start(self.log())).await.unwrap()
    }

    /// A file that a script of the fixture writes, when it has been written.
    pub(crate) async fn file(&self, name: &str) -> String {
        let path = self.folder.path().join(name);
        eventually(|| std::fs::read_to_string(&path).ok().filter(|text| text.ends_with('\n')))
            .await
            .trim()
            .to_owned()
    }

    /// The environments' private folders.
    pub(crate) fn private_folders(&self) -> usize {
        std::fs::read_dir(self.folder.path().join("scratch")).map_or(0, Iterator::count)
    }
}

/// An executable file `bootstrap`.
pub(crate) fn program(folder: &Path, text: &str) -> PathBuf {
    let path = folder.join("bootstrap");
    std::fs::write(&path, text).unwrap();
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
    path
}

fn function(code: &Path) -> Function {
    let span = Span { file: PathBuf::from("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: code.into(), span, build: Build::Prebuilt };
    Function {
        memory_mb: 256,
        timeout: Duration::from_secs(60),
        ..Function::new("orders", Kind::Process, code)
    }
}

pub(crate) fn invocation(event: impl Into<Bytes>) -> Invocation {
    let mut invocation = Invocation::new(Event::Bytes(event.into()), Source::Invoke);
    invocation.deadline = SystemTime::now() + LONG;
    invocation
}

/// Runs one invocation to its end.
pub(crate) async fn invoke(
    environment: &mut dyn Environment,
    invocation: Invocation,
) -> Result<Bytes, FunctionError> {
    let (reply, answer) = Reply::channel();
    tokio::time::timeout(LONG, environment.invoke(invocation, reply)).await.unwrap()?;
    match answer.await.unwrap().response {
        Response::Bytes(bytes) => Ok(bytes),
        other => panic!("bytes were expected, not {other:?}"),
    }
}

/// The same, JSON in and out.
pub(crate) async fn call(
    environment: &mut dyn Environment,
    event: Value,
) -> Result<Value, FunctionError> {
    let response = invoke(environment, invocation(event.to_string())).await?;
    Ok(serde_json::from_slice(&response).unwrap())
}

/// Waits until there is a value.
pub(crate) async fn eventually<T>(mut value: impl FnMut() -> Option<T>) -> T {
    for _ in 0..6000 {
        if let Some(value) = value() {
            return value;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    panic!("it never came");
}

/// The processes of a fixture's environments, each with the id that it knows itself by, which is
/// another one in a namespace.
fn processes(folder: &Path) -> Vec<(String, String)> {
    let mark = format!("FOLDER={}\0", folder.display());
    let mut found = Vec::new();
    for process in std::fs::read_dir("/proc").unwrap().flatten() {
        // Empty for a zombie: whoever adopted it has to reap it.
        let Ok(environment) = std::fs::read(process.path().join("environ")) else { continue };
        if !environment.windows(mark.len()).any(|window| window == mark.as_bytes()) {
            continue;
        }
        let Ok(status) = std::fs::read_to_string(process.path().join("status")) else { continue };
        let ids = status.lines().find_map(|line| line.strip_prefix("NSpid:")).unwrap();
        let own = ids.split_ascii_whitespace().next_back().unwrap().to_owned();
        found.push((process.file_name().into_string().unwrap(), own));
    }
    found
}

impl Fixture {
    /// The id by which we know the process that knows itself by `pid`, if it runs.
    pub(crate) fn outside(&self, pid: &str) -> Option<String> {
        outside(self.folder.path(), pid)
    }

    pub(crate) fn runs(&self, pid: &str) -> bool {
        self.outside(pid).is_some()
    }

    pub(crate) async fn gone(&self, pid: &str) {
        gone(self.folder.path(), pid).await;
    }

    /// How many processes its environments have.
    pub(crate) fn processes(&self) -> usize {
        processes(self.folder.path()).len()
    }

    /// Processor time that its environments have taken, in ticks of the kernel's clock.
    pub(crate) fn processor_time(&self) -> u64 {
        let times = processes(self.folder.path()).into_iter().map(|(pid, _)| {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap();
            let fields = stat.rsplit_once(") ").unwrap().1.split(' ').skip(11).take(2);
            fields.map(|field| field.parse::<u64>().unwrap()).sum::<u64>()
        });
        times.sum()
    }

    /// Whether each of its processes is stopped.
    pub(crate) fn is_frozen(&self) -> bool {
        frozen(self.folder.path())
    }

    pub(crate) async fn frozen(&self) {
        eventually(|| self.is_frozen().then_some(())).await;
    }
}

/// A process that starts environments of `bootstrap`, whose private folders are in `folder`.
pub(crate) fn host(bootstrap: &Path, folder: &Path) -> std::process::Command {
    let mut host = std::process::Command::new(example("host"));
    host.arg(bootstrap).arg(folder).stdout(std::process::Stdio::null());
    host
}

/// Kills a host in this way (`-KILL`), waits until the environments of its folder's fixture are
/// gone, and runs another one, which removes the cgroups that it has left.
pub(crate) async fn kill_host(mut child: std::process::Child, signal: &str, killed: &Path) {
    let kill = std::process::Command::new("kill").args([signal, &child.id().to_string()]).status();
    assert!(kill.unwrap().success());
    child.wait().unwrap();
    eventually(|| (!cfg!(target_os = "linux") || count(killed) == 0).then_some(())).await;
    let folder = TempDir::new().unwrap();
    let next = host(&example("lambda"), folder.path()).env("LIFE", "short").status();
    assert!(next.unwrap().success());
}

/// How many processes the environments of a folder's fixture have.
pub(crate) fn count(folder: &Path) -> usize {
    processes(folder).len()
}

/// The ids by which we know them.
pub(crate) fn pids(folder: &Path) -> Vec<String> {
    processes(folder).into_iter().map(|(pid, _)| pid).collect()
}

/// Whether there are some, and each is stopped, or in a cgroup that is frozen.
pub(crate) fn frozen(folder: &Path) -> bool {
    let processes = processes(folder);
    let stopped = processes.iter().filter(|(pid, _)| {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
        stat.rsplit_once(") ").is_some_and(|(_, rest)| rest.starts_with('T')) || is_in_frozen(pid)
    });
    !processes.is_empty() && stopped.count() == processes.len()
}

fn is_in_frozen(pid: &str) -> bool {
    let Some(cgroup) = cgroup(pid, "") else { return false };
    std::fs::read_to_string(cgroup.join("cgroup.events"))
        .is_ok_and(|events| events.lines().any(|line| line == "frozen 1"))
}

/// The folder of a process's cgroup that Samovar has made, in the hierarchy of cgroup v1 that has
/// `controller`, or if that is empty in v2's.
pub(crate) fn cgroup(pid: &str, controller: &str) -> Option<PathBuf> {
    let text = std::fs::read_to_string(format!("/proc/{pid}/cgroup")).ok()?;
    let path = text.lines().find_map(|line| {
        let (_, rest) = line.split_once(':')?;
        let (controllers, path) = rest.split_once(":/")?;
        controllers.split(',').any(|one| one == controller).then_some(path)
    })?;
    let mounted = ["/sys/fs/cgroup".to_owned()]
        .into_iter()
        .chain([controller, "unified"].map(|name| format!("/sys/fs/cgroup/{name}")));
    let folders = mounted.map(|folder| Path::new(&folder).join(path));
    path.contains("samovar-").then(|| folders.into_iter().find(|it| it.is_dir()))?
}

/// The same, of whichever version limits memory.
pub(crate) fn memory_cgroup(pid: &str) -> Option<PathBuf> {
    let limits = |cgroup: &PathBuf| cgroup.join("memory.stat").exists();
    cgroup(pid, "memory").or_else(|| cgroup(pid, "")).filter(limits)
}

/// Whether this system lets environments have namespaces of their own.
pub(crate) fn contained() -> bool {
    !samovar_process::not_kept().iter().any(|text| text.contains("no namespaces"))
}

pub(crate) fn outside(folder: &Path, pid: &str) -> Option<String> {
    processes(folder).into_iter().find(|(_, own)| own == pid).map(|(outside, _)| outside)
}

pub(crate) async fn gone(folder: &Path, pid: &str) {
    eventually(|| outside(folder, pid).is_none().then_some(())).await;
}

/// An answer over raw HTTP.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (found, value) = line.split_once(": ")?;
            found.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Sends one request on a connection of its own; `head` is the request line and any headers but
/// `Host` and `Content-Length`.
pub(crate) async fn http(address: &str, head: &str, body: &[u8]) -> Answer {
    let length = format!("Content-Length: {}", body.len());
    let (line, headers) = head.split_once("\r\n").unwrap_or((head, length.as_str()));
    let headers = if headers == length { String::new() } else { format!("{headers}\r\n") };
    let request = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n{headers}{length}\r\n\r\n"
    );
    raw(address, &[request.as_bytes(), body].concat()).await
}

/// Sends bytes and reads one answer until the connection closes.
pub(crate) async fn raw(address: &str, request: &[u8]) -> Answer {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    tokio::time::timeout(LONG, stream.read_to_end(&mut answer)).await.unwrap().unwrap();
    let answer = String::from_utf8(answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").expect(&answer);
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    Answer { status, head: head.to_owned(), body: body.to_owned() }
}
