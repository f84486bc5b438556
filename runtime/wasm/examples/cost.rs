//! What an isolate costs: starts, invokes and drops one over and over, in this process and on one
//! thread, and prints the time of each part.
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
use std::time::{Duration, Instant};

use bytes::Bytes;
use samovar_app::{Build, Code, Function, Kind, Span};
use samovar_dispatch::{
    EnvironmentLog, Event, Invocation, LogLine, LogObserver, Provider, Reply, Source,
};
use samovar_wasm::{Host, HostConfig, WasmConfig};

const ROUNDS: usize = 20_000;
const WARM_UP: usize = 1_000;

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
    for round in 0..WARM_UP + ROUNDS {
        let invocation = Invocation::new(Event::Bytes(event.clone()), Source::Invoke);
        let (reply, response) = Reply::channel();
        let log = EnvironmentLog::new("cost", Arc::new(Silent));
        let t0 = Instant::now();
        let mut environment = provider.start(log).await.map_err(|error| error.message)?;
        let t1 = Instant::now();
        let outcome = environment.invoke(invocation, reply).await;
        let t2 = Instant::now();
        environment.stop(Duration::ZERO).await;
        let t3 = Instant::now();
        outcome.map_err(|error| error.message)?;
        response.await?;
        if round >= WARM_UP {
            for (times, time) in parts.iter_mut().zip([t1 - t0, t2 - t1, t3 - t2, t3 - t0]) {
                times.1.push(time);
            }
        }
    }
    for (name, mut times) in parts {
        times.sort_unstable();
        let at = |percent: usize| times[times.len() * percent / 100];
        println!("{name:<7} p50 {:>9.1?}   p99 {:>9.1?}", at(50), at(99));
    }
    Ok(())
}

fn function(component: &Path) -> Function {
    let span = Span { file: PathBuf::from("template.yaml").into(), line: 1, column: 1 };
    let code = Code { path: component.to_owned(), span, build: Build::Prebuilt };
    Function::new("cost", Kind::Wasm, code)
}
