//! The engine: how code is compiled and instances are allocated.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::thread::{self, Thread};
use std::time::Duration;

use wasmtime::{
    Config, Engine, EngineWeak, InstanceAllocationStrategy, PoolingAllocationConfig, Result,
};

use crate::address_space;
use crate::memory::{LinearMemories, Stacks};
use crate::settings::{self, Content};
use crate::slots::{self, Sizes, Slots};

/// How many isolates there can be at once: AWS's quota of concurrent executions (Lambda guide,
/// "Lambda quotas").
pub(crate) const MAX_ISOLATES: u32 = 1000;

/// How long a busy guest keeps its thread.
const TICK: Duration = Duration::from_millis(10);

/// How many isolates a pool has where addresses are fewer than on most machines: 42 bits of them
/// (some kernels of arm64), 39 bits, or a limit (`ulimit -v`).
const SMALLER: [u32; 3] = [250, 64, 16];

/// An engine, and how many isolates it can have at once.
pub(crate) struct Made {
    pub(crate) engine: Engine,
    pub(crate) sizes: Sizes,
    /// Whether instances come from a pool.
    pub(crate) is_pooled: bool,
}

/// Makes the engine for components with much data ([`Content::Mapped`]). Instances come from a pool
/// where the address space allows one, since a slot of the pool is ready sooner than fresh memory.
pub(crate) fn mapped() -> Result<Made> {
    let mut config = settings::code(Content::Mapped);
    config.with_host_stack(Arc::new(Stacks::new()));
    for isolates in [MAX_ISOLATES].into_iter().chain(SMALLER) {
        let sizes = Sizes { isolates };
        config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool(sizes)));
        // Each memory reserves some 4 GiB of addresses.
        if let Ok(engine) = Engine::new(&config)
            && address_space::has_headroom()
        {
            return Ok(Made { engine, sizes, is_pooled: true });
        }
    }
    // Memory on demand is slower and good enough.
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    spare_addresses(&mut config);
    let sizes = Sizes { isolates: address_space::isolates_on_demand(MAX_ISOLATES) };
    Ok(Made { engine: Engine::new(&config)?, sizes, is_pooled: false })
}

/// An engine for components with little data ([`Content::Copied`]).
pub(crate) struct LittleData {
    pub(crate) engine: Engine,
    /// Whether memories are [`LinearMemories`], which can have an image mapped. It decides on
    /// settings that wasmtime compares: code without its data is not taken by an engine without
    /// them.
    pub(crate) has_images: bool,
}

/// Makes the engine for components with little data, after the other, which leaves it few addresses
/// where there are few.
pub(crate) fn copied() -> Result<LittleData> {
    little_data(settings::code(Content::Copied))
}

fn little_data(mut config: Config) -> Result<LittleData> {
    config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
    config.with_host_stack(Arc::new(Stacks::new()));
    let has_images = address_space::has_room_for_memories();
    if has_images {
        config.with_host_memory(Arc::new(LinearMemories::new()));
    } else {
        spare_addresses(&mut config);
    }
    Ok(LittleData { engine: Engine::new(&config)?, has_images })
}

/// Memories do not reserve 4 GiB each: they move when they grow, and their bounds are checked in
/// code. That is other code than everywhere else: what was compiled ahead of time does not run on
/// such an engine.
fn spare_addresses(config: &mut Config) {
    config.memory_reservation(0).memory_guard_size(64 << 10);
    config.memory_reservation_for_growth(1 << 20);
}

/// Makes the engine for components that need WASI 0.3, which has its price for every store.
pub(crate) fn concurrent() -> Result<LittleData> {
    little_data(settings::concurrent())
}

fn pool(sizes: Sizes) -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(sizes.isolates)
        .total_core_instances(sizes.core_instances())
        .total_memories(sizes.memories())
        .total_tables(sizes.tables())
        .total_stacks(sizes.isolates)
        .total_gc_heaps(sizes.isolates)
        .max_unused_warm_slots(sizes.isolates / 4)
        .max_core_instances_per_component(slots::MAX_CORE_INSTANCES)
        .max_memories_per_component(slots::MAX_MEMORIES)
        .max_tables_per_component(slots::MAX_TABLES)
        // What interpreters need (CPython, StarlingMonkey, .NET).
        .max_component_instance_size(10 << 20)
        .max_core_instance_size(10 << 20)
        .max_memories_per_module(slots::MAX_MEMORIES)
        .max_tables_per_module(slots::MAX_TABLES)
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
    pub(crate) slots: Slots,
    running: Arc<AtomicUsize>,
    engines: Arc<Mutex<Vec<EngineWeak>>>,
    thread: Thread,
}

impl Ticker {
    /// Starts the thread. It ends with the result.
    pub(crate) fn start(sizes: Sizes) -> std::io::Result<Arc<Self>> {
        let running = Arc::new(AtomicUsize::new(0));
        let engines = Arc::new(Mutex::new(Vec::new()));
        let (counter, ticked) = (running.clone(), Arc::downgrade(&engines));
        let thread = thread::Builder::new().name("samovar-epoch".into());
        let thread = thread.spawn(move || tick(&ticked, &counter))?.thread().clone();
        Ok(Arc::new(Self { slots: Slots::new(sizes), running, engines, thread }))
    }

    /// Advances the epoch of this engine too.
    pub(crate) fn add(&self, engine: &Engine) {
        self.engines.lock().unwrap_or_else(PoisonError::into_inner).push(engine.weak());
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

/// A guest that runs.
pub(crate) struct Running {
    ticker: Arc<Ticker>,
}

impl Drop for Running {
    fn drop(&mut self) {
        self.ticker.running.fetch_sub(1, Ordering::SeqCst);
    }
}
