//! Components in memory: loaded while they are used, given back while they are not.
//!
//! What a component takes while it is loaded is the mapping of its code, whose pages come from the
//! file and are resident once they are touched, and what wasmtime keeps of its types and links, some
//! tens of kilobytes. A component that nobody has called for [`TRIM`] gives back the pages, one
//! that nobody has called for [`UNLOAD`] the rest; the next call maps it again.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::thread;
use std::time::Duration;

use samovar_dispatch::Door;
use tokio::task::spawn_blocking;
use wasmtime::component::{Component, Linker};
use wasmtime::{Engine, Store};

use crate::cache::OnDisk;
use crate::compiled::Mapped;
use crate::component::{Entry, Instance};
use crate::engine::{LittleData, Ticker};
use crate::error::{HostError, LoadError};
use crate::memory::with_image;
use crate::slots::Needs;
use crate::state::State;
use crate::wasi;

/// How often it is looked what was not used.
const ROUND: Duration = Duration::from_secs(15);

/// After how many rounds without a call pages are given back.
const TRIM: u32 = 2;

/// After how many rounds without a call a component is unloaded: after a minute or so.
const UNLOAD: u32 = 5;

/// What makes code into something that can be instantiated.
pub(crate) struct Loader {
    pub(crate) engine: Engine,
    pub(crate) linker: Linker<State>,
    /// Whether code may be without its data, which is mapped into memories.
    #[cfg_attr(
        not(feature = "compile"),
        expect(dead_code, reason = "data is separated when a component is compiled")
    )]
    pub(crate) has_images: bool,
}

impl Loader {
    /// What loads components of WASI 0.2 for an engine, whose epoch advances from here on.
    ///
    /// # Errors
    /// wasmtime's.
    pub(crate) fn new(engine: Engine, ticker: &Ticker) -> wasmtime::Result<Self> {
        ticker.add(&engine);
        let mut linker = Linker::new(&engine);
        wasi::add_to_linker(&mut linker)?;
        Ok(Self { engine, linker, has_images: false })
    }

    /// The same for an engine for components with little data.
    ///
    /// # Errors
    /// wasmtime's.
    pub(crate) fn of_little_data(made: LittleData, ticker: &Ticker) -> wasmtime::Result<Self> {
        Ok(Self { has_images: made.has_images, ..Self::new(made.engine, ticker)? })
    }

    /// Links a component, and finds its door. `path` is for messages.
    ///
    /// # Errors
    /// It imports what there is not, or exports nothing that takes events.
    fn entry(&self, component: &Component, path: &Path) -> Result<Entry, LoadError> {
        let pre = self.linker.instantiate_pre(component).map_err(|error| LoadError::Import {
            path: path.to_owned(),
            message: format!("{error:#}"),
        })?;
        Entry::find(&self.engine, component, pre, path)
    }
}

/// A component that can be served: what it is, and the thing itself while it is loaded.
pub(crate) struct Resident {
    loader: Arc<Loader>,
    /// Where it comes back from; without that it stays.
    code: Option<OnDisk>,
    /// The component's file, for messages.
    path: PathBuf,
    door: Door,
    answers_on_stdout: bool,
    needs: Needs,
    loaded: RwLock<Option<Arc<Loaded>>>,
    /// Held by who loads it.
    loading: tokio::sync::Mutex<()>,
    /// For how many rounds it has not been used.
    idle: AtomicU32,
    /// Whether it could not come back.
    lost: AtomicBool,
}

/// A component in memory.
pub(crate) struct Loaded {
    mapped: Mapped,
    entry: Entry,
}

impl Loaded {
    /// Makes an instance.
    ///
    /// # Errors
    /// wasmtime's, or the guest's.
    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> wasmtime::Result<Instance> {
        with_image(self.mapped.image.as_ref(), self.entry.instantiate(store)).await
    }
}

impl Resident {
    /// Loads a component for the first time, from a file or, where there is none, from memory.
    ///
    /// # Errors
    /// It cannot be served.
    pub(crate) fn new(
        loader: Arc<Loader>,
        mapped: Mapped,
        code: Option<OnDisk>,
        path: PathBuf,
    ) -> Result<Self, LoadError> {
        let needs = match Needs::of(&mapped.component) {
            Ok(needs) => needs,
            Err(message) => return Err(LoadError::Invalid { path, message }),
        };
        let entry = loader.entry(&mapped.component, &path)?;
        let resident = Self {
            loader,
            code,
            path,
            door: entry.door(),
            answers_on_stdout: entry.answers_on_stdout(),
            needs,
            loaded: RwLock::new(Some(Arc::new(Loaded { mapped, entry }))),
            loading: tokio::sync::Mutex::default(),
            idle: AtomicU32::new(0),
            lost: AtomicBool::new(false),
        };
        // Nobody has called it yet, and of many functions most are not called for long.
        resident.trim();
        Ok(resident)
    }

    /// The engine that it runs on.
    pub(crate) fn engine(&self) -> &Engine {
        &self.loader.engine
    }

    pub(crate) fn door(&self) -> Door {
        self.door
    }

    /// Whether standard output is the response.
    pub(crate) fn answers_on_stdout(&self) -> bool {
        self.answers_on_stdout
    }

    /// What an instance takes of the pool.
    pub(crate) fn needs(&self) -> Needs {
        self.needs
    }

    /// The component, loaded again if it is not in memory. It stays there at least as long as the
    /// result, or an instance of it, lives.
    ///
    /// # Errors
    /// Its file was changed.
    pub(crate) async fn component(self: &Arc<Self>) -> Result<Arc<Loaded>, LoadError> {
        if self.idle.load(Ordering::Relaxed) > 0 {
            self.idle.store(0, Ordering::Relaxed);
        }
        if let Some(loaded) = self.loaded() {
            return Ok(loaded);
        }
        let _loading = self.loading.lock().await;
        // Others may have waited for the same.
        if let Some(loaded) = self.loaded() {
            return Ok(loaded);
        }
        let this = self.clone();
        // A large one that has to be read again takes a while.
        let loaded = spawn_blocking(move || this.load()).await;
        let loaded = loaded.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        self.lost.store(loaded.is_err(), Ordering::Relaxed);
        loaded
    }

    /// Whether its file was changed, so that it has to be made anew.
    pub(crate) fn is_lost(&self) -> bool {
        self.lost.load(Ordering::Relaxed)
    }

    fn loaded(&self) -> Option<Arc<Loaded>> {
        self.loaded.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn load(&self) -> Result<Arc<Loaded>, LoadError> {
        let invalid = |error| {
            let message = format!("its compiled code cannot be loaded again: {error:#}");
            LoadError::Invalid { path: self.path.clone(), message }
        };
        // Without a file it is never unloaded.
        let code = self.code.as_ref().ok_or_else(|| invalid(wasmtime::format_err!("no file")))?;
        let mapped = code.component(&self.loader.engine).map_err(invalid)?;
        let entry = self.loader.entry(&mapped.component, &self.path)?;
        let loaded = Arc::new(Loaded { mapped, entry });
        *self.loaded.write().unwrap_or_else(PoisonError::into_inner) = Some(loaded.clone());
        Ok(loaded)
    }

    /// Takes the component out of memory, if it can come back. Calls under way keep it until they
    /// have ended.
    pub(crate) fn unload(&self) {
        if self.code.is_some() {
            let unloaded = self.loaded.write().unwrap_or_else(PoisonError::into_inner).take();
            // Unmapping takes a while, and calls wait for the lock.
            drop(unloaded);
        }
    }

    /// Gives the pages of its code back to the system, where they are again as soon as they are
    /// touched.
    fn trim(&self) {
        if let Some(loaded) = self.loaded().filter(|_| self.code.is_some()) {
            give_back(&loaded.mapped.component);
        }
    }

    /// Another round without a call, or not.
    fn round(&self) {
        match self.idle.fetch_add(1, Ordering::Relaxed) + 1 {
            TRIM => self.trim(),
            UNLOAD => self.unload(),
            _ => {}
        }
    }
}

impl fmt::Debug for Resident {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Resident").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Gives back the pages of a component that is mapped from a file.
#[cfg(target_os = "linux")]
fn give_back(component: &Component) {
    let image = component.image_range();
    let length = image.end.addr() - image.start.addr();
    // SAFETY: the range is a private mapping of a file, which wasmtime has made read-only when it
    // was loaded, and has not written to before either (it takes no code that needs relocation,
    // `CodeMemory::new`). So its pages are those of the file, and come back as they were.
    let given = unsafe {
        rustix::mm::madvise(
            image.start.cast_mut().cast(),
            length,
            rustix::mm::Advice::LinuxDontNeed,
        )
    };
    // It was worth a try.
    let _ = given;
}

#[cfg(not(target_os = "linux"))]
fn give_back(_: &Component) {}

/// All components of a host that are still of use to somebody.
pub(crate) trait Residents: Send + Sync + 'static {
    /// Those.
    fn residents(&self) -> Vec<Arc<Resident>>;
}

/// Starts the thread that gives back what is not used. It ends with `all`.
///
/// # Errors
/// There cannot be another thread.
pub(crate) fn give_back_unused(all: Weak<impl Residents>) -> Result<(), HostError> {
    let rounds = move || {
        loop {
            thread::sleep(ROUND);
            let Some(all) = all.upgrade() else { return };
            all.residents().iter().for_each(|resident| resident.round());
        }
    };
    let thread = thread::Builder::new().name("samovar-unload".into()).spawn(rounds);
    thread.map(drop).map_err(|error| HostError::Engine(error.to_string()))
}
