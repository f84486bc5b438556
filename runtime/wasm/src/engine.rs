//! The engine: how code is compiled and instances are allocated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

use crate::settings;

/// How many isolates there can be at once: AWS's quota of concurrent executions (Lambda guide,
/// "Lambda quotas").
pub(crate) const MAX_ISOLATES: u32 = 1000;

/// How long a busy guest keeps its thread.
const TICK: Duration = Duration::from_millis(10);

/// Makes the engine. Instances come from a pool where the address space allows one, since a
/// slot of the pool is ready sooner than fresh memory.
pub(crate) fn new() -> Result<Engine> {
    let mut config = settings::code();
    config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
    Engine::new(&config).or_else(|_| {
        // Each slot reserves some 6 GiB of addresses. A limit on those (`ulimit -v`) leaves
        // memory on demand, which is slower and good enough.
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config)
    })
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_ISOLATES)
        // A component has a core instance for its code and two small ones around it; one that
        // is linked of libraries, as Python's, has dozens.
        .total_core_instances(8 * MAX_ISOLATES)
        .total_memories(MAX_ISOLATES)
        .total_tables(2 * MAX_ISOLATES)
        .total_stacks(MAX_ISOLATES)
        .total_gc_heaps(MAX_ISOLATES)
        .max_unused_warm_slots(MAX_ISOLATES / 4)
        // What interpreters need (CPython, StarlingMonkey, .NET).
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_memories_per_module(2)
        .max_tables_per_module(2)
        .table_elements(100_000);
    // A slot is reset by giving its dirty pages back to the kernel. `pagemap_scan` with
    // `linear_memory_keep_resident` would rewrite them in place and save some microseconds, but
    // wasmtime 48 passes over dirty pages that are swapped out or being migrated by the kernel
    // (bytecodealliance/wasmtime#14357): the next isolate could read them.
    pool
}

/// Counts the isolates, and advances the engine's epoch while there are any. At every epoch a
/// busy guest yields to tokio, so that it starves nobody and can be dropped at its deadline.
#[derive(Debug)]
pub(crate) struct Ticker {
    slots: Arc<Semaphore>,
    running: Arc<AtomicUsize>,
    thread: Thread,
}

impl Ticker {
    /// Starts the thread. It ends with the engine.
    pub(crate) fn start(engine: &Engine) -> std::io::Result<Arc<Self>> {
        let running = Arc::new(AtomicUsize::new(0));
        let (engine, counter) = (engine.weak(), running.clone());
        let thread = thread::Builder::new().name("samovar-epoch".into());
        let thread = thread.spawn(move || tick(&engine, &counter))?.thread().clone();
        let slots = Arc::new(Semaphore::new(MAX_ISOLATES as usize));
        Ok(Arc::new(Self { slots, running, thread }))
    }

    /// Waits for a place for one more isolate, and keeps the epoch going as long as the result
    /// lives.
    pub(crate) async fn running(self: &Arc<Self>) -> Running {
        // An error would mean that the semaphore is closed, and nobody does that.
        let slot = self.slots.clone().acquire_owned().await.ok();
        if self.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Running { ticker: self.clone(), _slot: slot }
    }
}

fn tick(engine: &EngineWeak, running: &AtomicUsize) {
    while let Some(engine) = engine.upgrade() {
        if running.load(Ordering::SeqCst) > 0 {
            engine.increment_epoch();
            drop(engine);
            thread::sleep(TICK);
        } else {
            drop(engine);
            // Woken by the next isolate; the time is for the engine that is gone.
            thread::park_timeout(Duration::from_secs(1));
        }
    }
}

/// An isolate that exists.
#[derive(Debug)]
pub(crate) struct Running {
    ticker: Arc<Ticker>,
    _slot: Option<OwnedSemaphorePermit>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ticker.running.fetch_sub(1, Ordering::SeqCst);
    }
}
