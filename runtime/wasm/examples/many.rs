//! What many components cost: compiles, loads, calls, unloads and loads again so many of them, all
//! different, and prints times and resident memory of each step.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2 -p hello
//! cargo run --release -p samovar-wasm --example many -- \
//!     target/wasm32-wasip2/release/hello.wasm '{"name": "Ada"}' 1000
//! ```

use std::env;
use std::error::Error;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    EnvironmentLog, Event, Invocation, LogLine, LogObserver, Provider, Reply, Source,
};
use samovar_wasm::{Host, HostConfig, WasmConfig, WasmProvider};

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _: &LogLine<'_>) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // This program, as its own child.
        ["--compile", folder, number] => compile(Path::new(folder), number.parse()?),
        [component, event] => measure(component, event, 1000).await,
        [component, event, number] => measure(component, event, number.parse()?).await,
        _ => Err("usage: many COMPONENT.wasm EVENT [NUMBER]".into()),
    }
}

/// Compiles all, in a process of its own: what the compiler has allocated is not given back.
fn compile(folder: &Path, number: usize) -> Result<(), Box<dyn Error>> {
    let host = Host::new(HostConfig::new(folder.join("compiled")))?;
    let before = Memory::now()?;
    let (_providers, times) = load(&host, &paths(folder, number))?;
    report("compiled and loaded", times, before, number)
}

async fn measure(component: &str, event: &str, number: usize) -> Result<(), Box<dyn Error>> {
    let event = Bytes::from(event.to_owned());
    let component = fs::read(component)?;
    let folder = tempfile::tempdir()?;
    copies(&component, &paths(folder.path(), number))?;
    let mut child = Command::new(env::current_exe()?);
    child.arg("--compile").arg(folder.path()).arg(number.to_string());
    if !child.status()?.success() {
        return Err("not everything compiles".into());
    }
    let cache = folder.path().join("compiled");
    let size = |it: fs::DirEntry| it.metadata().map(|it| it.len());
    let sizes = fs::read_dir(&cache)?.map(|it| it.and_then(size));
    let size = sizes.sum::<Result<u64, _>>()? / number as u64;
    println!("a component has {} bytes, its code {size}", component.len());

    let host = Host::new(HostConfig::new(cache))?;
    let before = Memory::now()?;
    let (providers, times) = load(&host, &paths(folder.path(), number))?;
    report("loaded from the cache", times, before, number)?;
    for what in ["first call", "second call"] {
        let times = call(&providers, &event).await?;
        report(what, times, before, number)?;
    }
    // Files that were written less than two seconds ago would be read once more.
    for _ in 0..3 {
        let began = Instant::now();
        host.unload();
        report("unloaded", vec![began.elapsed() / number as u32], before, number)?;
        let times = call(&providers, &event).await?;
        report("called, so loaded again", times, before, number)?;
    }
    Ok(())
}

fn paths(folder: &Path, number: usize) -> Vec<PathBuf> {
    (0..number).map(|index| folder.join(format!("{index}.wasm"))).collect()
}

/// Components that differ in a custom section (component model, "Binary format").
fn copies(component: &[u8], paths: &[PathBuf]) -> Result<(), Box<dyn Error>> {
    for (index, path) in paths.iter().enumerate() {
        let mut bytes = component.to_owned();
        let content = [&[4][..], b"copy", &(index as u64).to_le_bytes()].concat();
        bytes.extend([0, content.len() as u8]);
        bytes.extend(content);
        fs::write(path, bytes)?;
    }
    Ok(())
}

fn load(
    host: &Host,
    paths: &[PathBuf],
) -> Result<(Vec<WasmProvider>, Vec<Duration>), Box<dyn Error>> {
    let load = |path: &PathBuf| {
        let function = Arc::new(function(path));
        let began = Instant::now();
        let provider =
            host.load(WasmConfig { function, component: path.clone(), variables: Vec::new() })?;
        Ok((provider, began.elapsed()))
    };
    paths.iter().map(load).collect()
}

async fn call(providers: &[WasmProvider], event: &Bytes) -> Result<Vec<Duration>, Box<dyn Error>> {
    let mut times = Vec::new();
    for provider in providers {
        let invocation = Invocation::new(Event::Bytes(event.clone()), Source::Invoke);
        let (reply, response) = Reply::channel();
        let log = EnvironmentLog::new("many", Arc::new(Silent));
        let began = Instant::now();
        let mut environment = provider.start(log).await.map_err(|error| error.message)?;
        environment.invoke(invocation, reply).await.map_err(|error| error.message)?;
        environment.stop(Duration::ZERO).await;
        times.push(began.elapsed());
        response.await?;
    }
    Ok(times)
}

/// Resident memory in kB, by where its pages come from (proc_pid_status(5)).
#[derive(Clone, Copy)]
struct Memory {
    anonymous: i64,
    file: i64,
}

impl Memory {
    fn now() -> Result<Self, Box<dyn Error>> {
        let status = fs::read_to_string("/proc/self/status")?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name));
            let number = line.and_then(|line| line.split_whitespace().next());
            number.ok_or("no such field")?.parse::<i64>().map_err(Box::<dyn Error>::from)
        };
        Ok(Self { anonymous: field("RssAnon:")?, file: field("RssFile:")? + field("RssShmem:")? })
    }
}

fn report(
    what: &str,
    mut times: Vec<Duration>,
    before: Memory,
    number: usize,
) -> Result<(), Box<dyn Error>> {
    times.sort_unstable();
    let at = |percent: usize| times[(times.len() - 1) * percent / 100];
    let now = Memory::now()?;
    let each = |kilobytes: i64| kilobytes as f64 / number as f64;
    let (anonymous, file) = (each(now.anonymous - before.anonymous), each(now.file - before.file));
    println!(
        "{what:<24} p50 {:>9.1?}   p99 {:>9.1?}   resident each: {:>5.1} kB = \
         {anonymous:>5.1} anonymous + {file:>5.1} of files",
        at(50),
        at(99),
        anonymous + file,
    );
    Ok(())
}

fn function(component: &Path) -> Function {
    let span = Span { file: PathBuf::from("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: component.to_owned(), span, build: Build::Prebuilt };
    Function::new("many", Kind::Wasm, code)
}
