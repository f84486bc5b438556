//! The engine: how code is compiled and instances are allocated.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::{Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig, Result};

use crate::memory::{self, LinearMemories, Stacks};
use crate::settings::{self, Content};

/// How many isolates there can be at once: AWS's quota of concurrent executions (Lambda guide,
/// "Lambda quotas").
pub(crate) const MAX_ISOLATES: u32 = 1000;

/// How long a busy guest keeps its thread.
const TICK: Duration = Duration::from_millis(10);

/// What wasmtime reserves for a memory of 32 bits, roughly: with that much, code need not check
/// most addresses.
const ADDRESSES: usize = 4 << 30;

/// Makes an engine for many guests at a time.
pub(crate) fn new(content: Content) -> Result<Engine> {
    let mut config = settings::code(content);
    config.with_host_stack(Arc::new(Stacks::new()));
    match content {
        Content::Copied => {
            config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
            if memory::is_spacious(ADDRESSES) {
                config.with_host_memory(Arc::new(LinearMemories::new()));
            } else {
                // Memories are as large as they are, and code checks its bounds.
                config.memory_reservation(0);
                config.memory_guard_size(0);
                config.memory_reservation_for_growth(1 << 20);
            }
            Engine::new(&config)
        }
        Content::Mapped => {
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool()));
            Engine::new(&config).or_else(|_| {
                // Each slot reserves some 6 GiB of addresses. A limit on those (`ulimit -v`)
                // leaves memory on demand, which is slower and good enough.
                config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
                Engine::new(&config)
            })
        }
    }
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
    // `linear_memory_keep_resident` would rewrite them in place, but wasmtime 48 passes over dirty
    // pages that are swapped out or being migrated by the kernel
    // (bytecodealliance/wasmtime#14357): the next isolate could read them.
    pool
}

/// Counts the isolates, and advances the engine's epoch while guests run. At every epoch a busy
/// guest yields to tokio, so that it starves nobody and can be dropped at its deadline.
pub(crate) struct Ticker {
    slots: Arc<Semaphore>,
    running: Arc<AtomicUsize>,
    engines: Arc<Mutex<Vec<EngineWeak>>>,
    thread: Thread,
}

impl Ticker {
    /// Starts the thread. It ends with the result.
    pub(crate) fn start() -> std::io::Result<Arc<Self>> {
        let running = Arc::new(AtomicUsize::new(0));
        let engines = Arc::new(Mutex::new(Vec::new()));
        let (counter, ticked) = (running.clone(), Arc::downgrade(&engines));
        let thread = thread::Builder::new().name("samovar-epoch".into());
        let thread = thread.spawn(move || tick(&ticked, &counter))?.thread().clone();
        let slots = Arc::new(Semaphore::new(MAX_ISOLATES as usize));
        Ok(Arc::new(Self { slots, running, engines, thread }))
    }

    /// Advances the epoch of this engine too.
    pub(crate) fn add(&self, engine: &Engine) {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).push(engine.weak());
    }

    /// Waits for a place for one more isolate.
    pub(crate) async fn place(&self) -> Place {
        // An error would mean that the semaphore is closed, and nobody does that.
        Place { _slot: self.slots.clone().acquire_owned().await.ok() }
    }

    /// Whether an isolate that waits for work takes a place that another may soon need.
    pub(crate) fn crowded(&self) -> bool {
        self.slots.available_permits() < MAX_ISOLATES as usize / 2
    }

    /// Keeps the epoch going as long as the result lives.
    pub(crate) fn running(self: &Arc<Self>) -> Running {
        if self.running.fetch_add(1, Ordering::SeqCst) == 0 {
            self.thread.unpark();
        }
        Running { ticker: self.clone() }
    }
}

fn tick(engines: &Weak<Mutex<Vec<EngineWeak>>>, running: &AtomicUsize) {
    while let Some(engines) = engines.upgrade() {
        if running.load(Ordering::SeqCst) > 0 {
            let engines = engines.lock().unwrap_or_else(PoisonError::into_inner);
            engines.iter().filter_map(EngineWeak::upgrade).for_each(|e| e.increment_epoch());
            drop(engines);
            thread::sleep(TICK);
        } else {
            drop(engines);
            // Woken by the next isolate; the time is for the ticker that is gone.
            thread::park_timeout(Duration::from_secs(1));
        }
    }
}

/// The place of an isolate that exists.
#[derive(Debug)]
pub(crate) struct Place {
    _slot: Option<OwnedSemaphorePermit>,
}

/// A guest that runs.
pub(crate) struct Running {
    ticker: Arc<Ticker>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ticker.running.fetch_sub(1, Ordering::SeqCst);
    }
}
