//! A running `samovar up`.

use std::io::{BufRead, BufReader};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// Long enough for a first build of every function on a slow machine.
const READY_LIMIT: Duration = Duration::from_secs(1800);

/// The repository.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The binary under test.
pub(crate) fn samovar() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_samovar"));
    command.current_dir(root()).env("NO_COLOR", "1").stdin(Stdio::null());
    command
}

/// The example application on the ports that clients expect it on.
pub(crate) fn example() -> Server {
    Server::start(&root().join("template.yaml"), Ports { api: 9000, http: 3000 }, None, &[])
}

/// The functions that are made for tests.
pub(crate) fn fixtures() -> Server {
    Server::start(&root().join("tests/functions/template.yaml"), Ports::free(), None, &[])
}

/// Ports of a server.
#[derive(Clone, Copy)]
pub(crate) struct Ports {
    /// The AWS protocols.
    pub(crate) api: u16,
    /// HTTP APIs and function URLs.
    pub(crate) http: u16,
}

impl Ports {
    /// Two that were free on both loopbacks a moment ago.
    pub(crate) fn free() -> Self {
        Self { api: free_port(), http: free_port() }
    }
}

/// Below the ports that the system gives to outgoing connections (32768 on Linux), of which the
/// tests make many, and starting elsewhere in each run. The three after it are left to an
/// application's further APIs.
fn free_port() -> u16 {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let has_ipv6 = TcpListener::bind((Ipv6Addr::LOCALHOST, 0)).is_ok();
    loop {
        let next = std::process::id().wrapping_mul(64) + NEXT.fetch_add(4, Ordering::Relaxed);
        let port = u16::try_from(10_000 + next % 20_000).unwrap();
        let free = |address: IpAddr| TcpListener::bind((address, port)).is_ok();
        if free(Ipv4Addr::LOCALHOST.into()) && (!has_ipv6 || free(Ipv6Addr::LOCALHOST.into())) {
            return port;
        }
    }
}

/// A `samovar up` that serves. Killed when dropped.
pub(crate) struct Server {
    child: Mutex<Child>,
    pub(crate) pid: u32,
    pub(crate) ports: Ports,
    state: Option<TempDir>,
    output: Arc<Mutex<Vec<String>>>,
}

impl Server {
    /// Starts a server and waits until it is ready. Its state is in `state`, or in a folder
    /// that goes with it.
    pub(crate) fn start(
        template: &Path,
        ports: Ports,
        state: Option<&Path>,
        more: &[&str],
    ) -> Self {
        Self::start_with(template, ports, state, more, &[])
    }

    /// As [`start`](Self::start), with variables in the server's environment.
    pub(crate) fn start_with(
        template: &Path,
        ports: Ports,
        state: Option<&Path>,
        more: &[&str],
        variables: &[(&str, &Path)],
    ) -> Self {
        let own = state.is_none().then(|| tempfile::tempdir().unwrap());
        let state_path = state.map_or_else(|| own.as_ref().unwrap().path().into(), Path::to_owned);
        copy(&common(), &state_path.join("compiled"));
        let mut command = samovar();
        command
            .args(["up", "--template"])
            .arg(template)
            .args(["--api-port", &ports.api.to_string(), "--http-port", &ports.http.to_string()])
            .arg("--state-dir")
            .arg(&state_path)
            .args(more)
            .envs(variables.iter().copied());
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = Arc::new(Mutex::new(Vec::new()));
        collect(child.stdout.take().unwrap(), output.clone());
        collect(child.stderr.take().unwrap(), output.clone());
        let pid = child.id();
        let server = Self { child: Mutex::new(child), pid, ports, state: own, output };
        server.wait_until_ready();
        copy(&state_path.join("compiled"), &common());
        server
    }

    fn wait_until_ready(&self) {
        let began = Instant::now();
        while !self.healthy() {
            if let Some(status) = self.lock().try_wait().unwrap() {
                // Its last words are still on their way through the pipes.
                thread::sleep(Duration::from_millis(500));
                panic!("samovar ended with {status}:\n{}", self.output());
            }
            assert!(began.elapsed() < READY_LIMIT, "not ready in time:\n{}", self.output());
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn healthy(&self) -> bool {
        ureq::get(self.api("/_samovar/health")).call().is_ok()
    }

    /// What `GET /_samovar/health` tells.
    pub(crate) fn health(&self) -> Value {
        let mut response = ureq::get(self.api("/_samovar/health")).call().unwrap();
        serde_json::from_str(&response.body_mut().read_to_string().unwrap()).unwrap()
    }

    /// A URL on the AWS port.
    pub(crate) fn api(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.api)
    }

    /// A URL on the HTTP port.
    pub(crate) fn http(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.ports.http)
    }

    /// All that was printed so far.
    pub(crate) fn output(&self) -> String {
        self.output.lock().unwrap_or_else(PoisonError::into_inner).join("\n")
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.lock()), signal).unwrap();
    }

    /// Waits for the end of the process.
    pub(crate) fn wait(&self) -> ExitStatus {
        self.lock().wait().unwrap()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Child> {
        self.child.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut child = self.lock();
        let _ = child.kill();
        let _ = child.wait();
        drop(child);
        drop(self.state.take());
    }
}

/// Where servers of all tests leave the components that they compiled, and find those of others.
fn common() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("compiled")
}

/// Copies what is not there yet. Two that copy the same file at once may tear it: a server
/// compiles again what is torn.
fn copy(from: &Path, to: &Path) {
    std::fs::create_dir_all(to).unwrap();
    let Ok(entries) = std::fs::read_dir(from) else { return };
    for entry in entries.flatten() {
        let target = to.join(entry.file_name());
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            copy(&entry.path(), &target);
        } else if !target.exists() {
            // Another server may have removed or renamed it meanwhile.
            let _ = std::fs::copy(entry.path(), target);
        }
    }
}

fn collect(pipe: impl std::io::Read + Send + 'static, into: Arc<Mutex<Vec<String>>>) {
    thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            into.lock().unwrap_or_else(PoisonError::into_inner).push(line);
        }
    });
}

/// A server that is started when it is first wanted.
pub(crate) struct Shared {
    start: fn() -> Server,
    server: Mutex<Option<Arc<Server>>>,
}

impl Shared {
    pub(crate) fn new(start: fn() -> Server) -> Self {
        Self { start, server: Mutex::new(None) }
    }

    /// The server. If it could not start, each test that wants it says why.
    pub(crate) fn get(&self) -> Arc<Server> {
        let mut server = self.server.lock().unwrap_or_else(PoisonError::into_inner);
        server.get_or_insert_with(|| Arc::new((self.start)())).clone()
    }

    /// Ends it, if it was ever started.
    pub(crate) fn stop(&self) {
        self.server.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
