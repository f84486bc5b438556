//! Isolates: the environments of a component.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use samovar_app::Function;
use samovar_dispatch::{
    Door, Environment, EnvironmentLog, FunctionError, Invocation, MAX_RESPONSE_BYTES, Provider,
    Reply,
};
use wasmtime::{Store, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::component::Instance;
use crate::engine::Ticker;
use crate::failure;
use crate::invoke;
use crate::limit::MemoryLimit;
use crate::network::{Allowed, Network};
use crate::output::LogStream;
use crate::resident::Resident;
use crate::slots::{Demand, Slot};
use crate::state::{State, Stdout};

/// How much a guest may hand to the host in one call: more than any response that Lambda takes.
const MAX_HOSTCALL_BYTES: usize = 16 << 20;

/// How many handles a guest may hold.
const MAX_HANDLES: usize = 10_000;

/// How long an isolate that is ready waits for work. To start one anew takes microseconds.
const KEEP: Duration = Duration::from_secs(10);

/// How much memory a component may need for isolates to be kept ready, in bytes. They hold it while
/// they wait.
const MAX_READY: u64 = 4 << 20;

/// Starts isolates of one component.
#[derive(Clone)]
pub struct WasmProvider(pub(crate) Arc<Shared>);

/// What all isolates of a component have in common.
pub(crate) struct Shared {
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) component: Arc<Resident>,
    pub(crate) function: Arc<Function>,
    pub(crate) variables: Arc<[(String, String)]>,
    pub(crate) allowed: Arc<Allowed>,
    pub(crate) demand: Demand,
}

impl fmt::Debug for WasmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmProvider")
            .field("function", &self.0.function.name)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for WasmProvider {
    fn door(&self) -> Door {
        self.0.component.door()
    }

    fn computes(&self) -> bool {
        true
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        let place = self.0.ticker.slots.take(&self.0.demand).await;
        let place = place.ok_or_else(FunctionError::no_place)?;
        let guest = self.0.guest(&log).await?;
        let shared = self.0.clone();
        let left = shared.function.reuse.get();
        Ok(Box::new(Isolate { shared, guest: Some(guest), peak: 0, left, log, _place: place }))
    }
}

impl Shared {
    /// Instantiates the component.
    async fn guest(&self, log: &EnvironmentLog) -> Result<Guest, FunctionError> {
        let component = self.component.component().await.map_err(|error| failure::load(&error))?;
        let _running = self.ticker.running();
        let mut store = self.store(log.clone());
        match component.instantiate(&mut store).await {
            Ok(instance) => Ok(Guest { store, instance }),
            Err(error) => {
                store.data().flush_lines();
                Err(failure::start(error, store.data()))
            }
        }
    }

    fn store(&self, log: EnvironmentLog) -> Store<State> {
        let stdout = if self.component.answers_on_stdout() {
            // One byte more, so that a response that is too large can be told from one that
            // just fits.
            Stdout::Response(MemoryOutputPipe::new(MAX_RESPONSE_BYTES + 1))
        } else {
            Stdout::Log(LogStream::new(log.clone()))
        };
        let network = Network::new(self.allowed.clone(), log.clone());
        let memory = MemoryLimit::new((self.function.memory_mb as usize) << 20);
        let state = State::new(log, self.variables.clone(), network, memory, stdout);
        let mut store = Store::new(self.component.engine(), state);
        store.limiter(|state| &mut state.memory);
        store.set_hostcall_fuel(MAX_HOSTCALL_BYTES);
        store.set_max_component_handles(MAX_HANDLES);
        store.set_epoch_deadline(1);
        // tokio's own yield, since the plain one is polled again at once where a worker has its
        // task in the slot for the next (bytecodealliance/wasmtime#10667).
        store.epoch_deadline_callback(|_| {
            Ok(UpdateDeadline::YieldCustom(1, Box::pin(tokio::task::yield_now())))
        });
        store
    }
}

/// A place for guests, one after another: each serves one invocation, or as many as the function
/// asks for ([`Function::reuse`]).
///
/// What a guest that serves several keeps in its memory is there for the next invocation, and its
/// memory counts on. One that did not return (a trap, an exit, a time-out, a reader that went away)
/// or wanted more memory than it may have serves no more.
struct Isolate {
    shared: Arc<Shared>,
    /// `None` where the last one failed, and none could be started after it.
    guest: Option<Guest>,
    /// Peak memory up to the end of the last invocation, in bytes.
    peak: u64,
    /// How many invocations the guest may still serve.
    left: u32,
    log: EnvironmentLog,
    // Dropped last, when the slot of the pool is free.
    _place: Slot,
}

/// An instance of the component, with all that belongs to it.
pub(crate) struct Guest {
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
}

impl Guest {
    /// Whether the guest has returned from all that it was called for, and kept to its limits.
    fn can_go_on(&self) -> bool {
        let state = self.store.data();
        state.returned && !state.memory.refused()
    }
}

#[async_trait]
impl Environment for Isolate {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        let Some(guest) = self.guest.as_mut().filter(|_| self.left > 0) else {
            return Err(FunctionError::platform("Runtime.ExitError", "The isolate has ended"));
        };
        self.left -= 1;
        let _running = self.shared.ticker.running();
        // It may have waited for many epochs.
        guest.store.set_epoch_deadline(1);
        guest.store.data().begin_invocation();
        let outcome = invoke::invoke(guest, &self.shared.function, invocation, reply).await;
        guest.store.data().flush_lines();
        self.peak = guest.store.data().memory.peak() as u64;
        if !guest.can_go_on() {
            // What it has left behind would keep others waiting: a response that is not set, a body
            // that is not ended.
            self.guest = None;
        } else if self.shared.ticker.slots.are_scarce() {
            // A place that others may soon need is not kept for a guest that waits.
            self.left = 0;
        }
        outcome
    }

    fn reusable(&self) -> bool {
        self.left > 0 && self.guest.as_ref().is_some_and(Guest::can_go_on)
    }

    async fn renew(&mut self) -> bool {
        // Its memory is free before the next guest's is taken.
        self.guest = None;
        if self.peak > MAX_READY || self.shared.ticker.slots.are_scarce() {
            return false;
        }
        // A guest that cannot be started is reported by the invocation that needs it.
        self.guest = self.shared.guest(&self.log).await.ok();
        self.left = self.shared.function.reuse.get();
        self.guest.is_some()
    }

    fn keep(&self) -> Option<Duration> {
        (self.shared.function.reuse.get() == 1).then_some(KEEP)
    }

    fn max_memory_used(&self) -> u64 {
        self.guest.as_ref().map_or(self.peak, |guest| guest.store.data().memory.peak() as u64)
    }

    async fn stop(self: Box<Self>, _: Duration) {
        // Nothing of an isolate lives on its own: dropping it is all. What it wrote last has
        // not been logged where its time ran out.
        if let Some(guest) = &self.guest {
            guest.store.data().flush_lines();
        }
    }
}
