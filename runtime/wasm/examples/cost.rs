//! What an isolate costs: starts, invokes and drops one over and over, in this process and on one
//! thread, and prints the time of each part. Then the same with one that is renewed after each
//! invocation, as the dispatcher does it: only `invoke` is then on the path of a request. Last,
//! how many a second one thread and two make.
//!
//! ```sh
//! cargo build --release --target wasm32-wasip2 -p hello
//! cargo run --release -p samovar-wasm --example cost -- \
//!     target/wasm32-wasip2/release/hello.wasm '{"name": "Ada"}'
//! ```

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use bytes::Bytes;
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    Environment, EnvironmentLog, Event, Invocation, LogLine, LogObserver, Provider, Reply, Source,
};
use samovar_wasm::{Host, HostConfig, WasmConfig, WasmProvider};

const ROUNDS: usize = 20_000;
const WARM_UP: usize = 1_000;
const SECONDS: Duration = Duration::from_secs(3);

/// As in the `samovar` binary.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

struct Silent;

impl LogObserver for Silent {
    fn line(&self, _: &LogLine<'_>) {}
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let (Some(component), Some(event)) = (arguments.next(), arguments.next()) else {
        return Err("usage: cost COMPONENT.wasm EVENT".into());
    };
    let event = Bytes::from(event);
    let cache = tempfile::tempdir()?;
    let host = Host::new(HostConfig::new(cache.path().join("compiled")))?;
    let load = || {
        host.load(WasmConfig {
            function: Arc::new(function(component.as_ref())),
            component: component.clone().into(),
            variables: vec![("AWS_REGION".into(), "us-east-1".into())],
        })
    };
    let began = Instant::now();
    load()?;
    println!("load, compiled     {:>9.1?}", began.elapsed());
    let began = Instant::now();
    let provider = load()?;
    println!("load, from cache   {:>9.1?}", began.elapsed());

    let mut parts = ["start", "invoke", "stop", "all"].map(|name| (name, Vec::new()));
    for _ in 0..WARM_UP + ROUNDS {
        let log = EnvironmentLog::new("cost", Arc::new(Silent));
        let t0 = Instant::now();
        let mut environment = provider.start(log).await.map_err(|error| error.message)?;
        let t1 = Instant::now();
        invoke(&mut *environment, &event).await?;
        let t2 = Instant::now();
        environment.stop(Duration::ZERO).await;
        let t3 = Instant::now();
        note(&mut parts, [t1 - t0, t2 - t1, t3 - t2, t3 - t0]);
    }
    print(parts);

    let mut parts = ["invoke, ready", "renew"].map(|name| (name, Vec::new()));
    let log = EnvironmentLog::new("cost", Arc::new(Silent));
    let mut environment = provider.start(log).await.map_err(|error| error.message)?;
    for _ in 0..WARM_UP + ROUNDS {
        let t0 = Instant::now();
        invoke(&mut *environment, &event).await?;
        let t1 = Instant::now();
        if !environment.renew().await {
            return Err("the isolate was not renewed".into());
        }
        let t2 = Instant::now();
        note(&mut parts, [t1 - t0, t2 - t1]);
    }
    print(parts);

    let provider = Arc::new(provider);
    let one = rate(&provider, &event, 1)?;
    let two = rate(&provider, &event, 2)?;
    println!("a second       {one:>9.0} by one thread, {two:.0} by two: {:.2} times", two / one);
    Ok(())
}

async fn invoke(environment: &mut dyn Environment, event: &Bytes) -> Result<(), Box<dyn Error>> {
    let invocation = Invocation::new(Event::Bytes(event.clone()), Source::Invoke);
    let (reply, response) = Reply::channel();
    environment.invoke(invocation, reply).await.map_err(|error| error.message)?;
    response.await?;
    Ok(())
}

/// Isolates a second, started, invoked and dropped by so many threads.
fn rate(
    provider: &Arc<WasmProvider>,
    event: &Bytes,
    threads: usize,
) -> Result<f64, Box<dyn Error>> {
    let work = || -> Result<usize, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        runtime.map_err(|error| error.to_string())?.block_on(async {
            let (began, mut count) = (Instant::now(), 0);
            while began.elapsed() < SECONDS {
                let log = EnvironmentLog::new("cost", Arc::new(Silent));
                let mut environment = provider.start(log).await.map_err(|error| error.message)?;
                invoke(&mut *environment, event).await.map_err(|error| error.to_string())?;
                environment.stop(Duration::ZERO).await;
                count += 1;
            }
            Ok(count)
        })
    };
    let counts: Result<Vec<usize>, String> = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        let ended = |_| "a thread panicked".to_owned();
        threads.into_iter().map(|thread| thread.join().map_err(ended)?).collect()
    });
    Ok(counts?.iter().sum::<usize>() as f64 / SECONDS.as_secs_f64())
}

/// The times of one part.
type Part = (&'static str, Vec<Duration>);

fn note<const N: usize>(parts: &mut [Part; N], times: [Duration; N]) {
    for (part, time) in parts.iter_mut().zip(times) {
        part.1.push(time);
    }
}

fn print<const N: usize>(parts: [Part; N]) {
    for (name, mut times) in parts {
        times.drain(..WARM_UP);
        times.sort_unstable();
        let at = |percent: usize| times[times.len() * percent / 100];
        println!("{name:<14} p50 {:>9.1?}   p99 {:>9.1?}", at(50), at(99));
    }
}

fn function(component: &Path) -> Function {
    let span = Span { file: PathBuf::from("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: component.to_owned(), span, build: Build::Prebuilt };
    Function::new("cost", Kind::Wasm, code)
}
