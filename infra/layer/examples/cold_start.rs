//! How long a cold start through the layer takes, on this machine.
//!
//! ```sh
//! cargo run --release -p samovar-layer --example cold_start -- BOOTSTRAP COMPONENT.wasm [EVENT]
//! ```
//!
//! `BOOTSTRAP` is the layer's; the component is compiled ahead of time before anything is
//! measured, but with `--jit` before the arguments it is left to a layer that was built with a
//! compiler (`--features compile`). Each round starts an environment as `samovar up` does, without namespaces, whose
//! price is Samovar's, and invokes it twice. Times are in milliseconds, and all of them are
//! Samovar's own, too: they include its starting of a process (compare with `true`) and its side
//! of the Runtime API. Memory is the environment's peak.

use std::error::Error;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    EnvironmentLog, Event, Invocation, LogLine, LogObserver, Provider, Reply, Source,
};
use samovar_process::{ProcessConfig, ProcessProvider};
use samovar_wasm::aot::{self, Target};

const ROUNDS: usize = 101;

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _: &LogLine<'_>) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    let jit = arguments.first().is_some_and(|argument| argument == "--jit");
    arguments.drain(..usize::from(jit));
    let (bootstrap, component, event) = match arguments.as_slice() {
        [bootstrap, component] => (bootstrap, component, "{}"),
        [bootstrap, component, event] => (bootstrap, component, event.as_str()),
        _ => return Err("give BOOTSTRAP and COMPONENT.wasm".into()),
    };
    let target = Target::host().ok_or("Lambda has no such machine")?;
    let wasm = std::fs::read(component)?;
    let compiled = aot::compile(&wasm, target)?;
    let folder = tempfile::tempdir()?;
    let (name, content) =
        if jit { ("function.wasm", &wasm) } else { ("function.cwasm", &compiled) };
    std::fs::write(folder.path().join(name), content)?;
    let code = folder.path().to_owned();
    let span = Span { file: code.as_path().into(), line: 1, column: 1 };
    let source = Code { path: code.clone(), span, build: Build::Prebuilt };
    let function = Function {
        handler: "function.wasm".to_owned(),
        timeout: Duration::from_secs(30),
        ..Function::new("cold", Kind::Wasm, source)
    };
    let scratch = tempfile::tempdir()?;
    let provider = ProcessProvider::new(ProcessConfig {
        function: Arc::new(function),
        bootstrap: PathBuf::from(bootstrap).canonicalize()?,
        task_root: code,
        scratch: scratch.path().to_owned(),
        layers: Vec::new(),
        namespaces: false,
        cgroups: false,
        variables: Vec::new(),
    });

    let [mut empty, mut init, mut first, mut second] = [(); 4].map(|()| Vec::new());
    let mut memory = 0;
    for _ in 0..ROUNDS {
        let began = Instant::now();
        Command::new("true").stdin(Stdio::null()).status()?;
        empty.push(began.elapsed());

        let began = Instant::now();
        let log = EnvironmentLog::new("cold", Arc::new(Silent));
        let mut environment = provider.start(log).await?;
        init.push(began.elapsed());
        for times in [&mut first, &mut second] {
            let event = Event::Bytes(Bytes::copy_from_slice(event.as_bytes()));
            let mut invocation = Invocation::new(event, Source::Invoke);
            invocation.deadline = SystemTime::now() + Duration::from_secs(30);
            let (reply, _answer) = Reply::channel();
            let began = Instant::now();
            environment.invoke(invocation, reply).await?;
            times.push(began.elapsed());
        }
        memory = environment.max_memory_used();
        environment.stop(Duration::ZERO).await;
    }

    let whole = init.iter().zip(&first).map(|(init, first)| *init + *first).collect();
    println!("{:36}{:>8}{:>8}{:>8}", "ms", "least", "median", "p90");
    for (what, times) in [
        ("start and end of `true`, for comparison", empty),
        ("start until the first event is asked for", init),
        ("first event until its answer", first),
        ("start until the first answer", whole),
        ("second event until its answer", second),
    ] {
        println!("{}", row(what, times));
    }
    let size = std::fs::metadata(bootstrap)?.len();
    println!(
        "{} KB of bootstrap, {} KB of machine code, {} KB of memory at most",
        size / 1000,
        compiled.len() / 1000,
        memory / 1000
    );
    Ok(())
}

fn row(what: &str, mut times: Vec<Duration>) -> String {
    times.sort();
    let at = |part: usize| times[(times.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    format!("{what:42}{:>8.2}{:>8.2}{:>8.2}", at(0), at(50), at(90))
}
