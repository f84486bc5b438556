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
use wasmtime::{Engine, Store, UpdateDeadline};
use wasmtime_wasi::p2::pipe::MemoryOutputPipe;

use crate::component::Instance;
use crate::engine::{Running, Ticker};
use crate::failure;
use crate::invoke;
use crate::limit::MemoryLimit;
use crate::network::{Allowed, Network};
use crate::output::LogStream;
use crate::resident::Resident;
use crate::state::{State, Stdout};

/// How much a guest may hand to the host in one call: more than any response that Lambda takes.
const MAX_HOSTCALL_BYTES: usize = 16 << 20;

/// How many handles a guest may hold.
const MAX_HANDLES: usize = 10_000;

/// Starts isolates of one component.
pub struct WasmProvider {
    pub(crate) engine: Engine,
    pub(crate) ticker: Arc<Ticker>,
    pub(crate) component: Arc<Resident>,
    pub(crate) function: Arc<Function>,
    pub(crate) variables: Vec<(String, String)>,
    pub(crate) allowed: Arc<Allowed>,
}

impl fmt::Debug for WasmProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WasmProvider")
            .field("function", &self.function.name)
            .finish_non_exhaustive()
    }
}

#[async_trait]
impl Provider for WasmProvider {
    fn door(&self) -> Door {
        self.component.door()
    }

    fn computes(&self) -> bool {
        true
    }

    async fn start(&self, log: EnvironmentLog) -> Result<Box<dyn Environment>, FunctionError> {
        let entry = self.component.entry().await.map_err(|error| failure::load(&error))?;
        let running = self.ticker.running().await;
        let mut store = self.store(log);
        match entry.instantiate(&mut store).await {
            Ok(instance) => Ok(Box::new(Isolate {
                function: self.function.clone(),
                store,
                instance,
                _running: running,
            })),
            Err(error) => {
                store.data().flush_lines();
                Err(failure::start(error, store.data()))
            }
        }
    }
}

impl WasmProvider {
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
        let state = State::new(log, &self.variables, network, memory, stdout);
        let mut store = Store::new(&self.engine, state);
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

/// One isolate: it serves one invocation.
pub(crate) struct Isolate {
    pub(crate) function: Arc<Function>,
    pub(crate) store: Store<State>,
    pub(crate) instance: Instance,
    // Dropped last, when the slot of the pool is free.
    _running: Running,
}

#[async_trait]
impl Environment for Isolate {
    async fn invoke(&mut self, invocation: Invocation, reply: Reply) -> Result<(), FunctionError> {
        let outcome = invoke::invoke(self, invocation, reply).await;
        self.store.data().flush_lines();
        outcome
    }

    fn reusable(&self) -> bool {
        false
    }

    fn max_memory_used(&self) -> u64 {
        self.store.data().memory.peak() as u64
    }

    async fn stop(self: Box<Self>, _: Duration) {
        // Nothing of an isolate lives on its own: dropping it is all. What it wrote last has
        // not been logged where its time ran out.
        self.store.data().flush_lines();
    }
}
