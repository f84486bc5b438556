//! The host: what loads components.

use std::collections::HashMap;
use std::fmt;
#[cfg(feature = "compile")]
use std::fs;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use samovar_app::Function;
use wasmtime::component::Component;

use crate::aot;
#[cfg(feature = "compile")]
use crate::cache::Cache;
use crate::compiled::Mapped;
#[cfg(feature = "compile")]
use crate::compiler::{CompileObserver, Compiler};
use crate::concurrent;
#[cfg(feature = "compile")]
use crate::engine;
use crate::engine::{MAX_ISOLATES, Made, Ticker};
use crate::error::{HostError, LoadError};
use crate::isolate::{Shared, WasmProvider};
use crate::network::Allowed;
#[cfg(feature = "compile")]
use crate::preview1;
#[cfg(feature = "compile")]
use crate::resident;
use crate::resident::{Loader, Resident, Residents};
#[cfg(feature = "compile")]
use crate::settings::Content;
#[cfg(feature = "compile")]
use crate::source::Source;

/// What a host needs.
#[cfg(feature = "compile")]
#[derive(Clone)]
pub struct HostConfig {
    /// Where compiled code is kept between runs. Made where it is missing. The folder must
    /// belong to this user, and is closed to all others.
    pub cache_dir: PathBuf,
    /// How many bytes of compiled code are kept there, see [`Host::trim_cache`]. What was not used
    /// for the longest time goes first; what this process uses stays.
    pub cache_size: u64,
    /// Who is told of what takes its time.
    pub observer: Arc<dyn CompileObserver>,
}

#[cfg(feature = "compile")]
impl HostConfig {
    /// A gigabyte of code in a folder: some three thousand components of 80 KB, or thirty
    /// interpreters.
    pub fn new(cache_dir: PathBuf) -> Self {
        Self { cache_dir, cache_size: 1 << 30, observer: Arc::new(()) }
    }
}

#[cfg(feature = "compile")]
impl fmt::Debug for HostConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HostConfig")
            .field("cache_dir", &self.cache_dir)
            .field("cache_size", &self.cache_size)
            .finish_non_exhaustive()
    }
}

/// What a host has room for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capacity {
    /// Isolates at once, of all functions. More of them wait for a few seconds, and are throttled
    /// then.
    pub isolates: usize,
    /// Whether memory is reserved for all of them, so that they start sooner.
    pub reserved: bool,
}

impl Capacity {
    /// What is less than it should be, and why.
    pub fn note(&self) -> Option<String> {
        let isolates = self.isolates;
        let few = "the addresses that this process may use are few (`ulimit -v`)";
        if !self.reserved {
            return Some(format!(
                "{few}: WASM functions run slower, and {isolates} of them at once"
            ));
        }
        (isolates < MAX_ISOLATES as usize)
            .then(|| format!("{few}: {isolates} WASM functions run at once"))
    }
}

/// What runs components. Cheap to clone; all clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    loader: Arc<Loader>,
    /// For what is compiled here and has little data.
    #[cfg(feature = "compile")]
    copied: Option<Arc<Loader>>,
    /// The loader of components that need WASI 0.3, made when there is one.
    concurrent: OnceLock<wasmtime::Result<Arc<Loader>>>,
    ticker: Arc<Ticker>,
    is_pooled: bool,
    /// Whether hosts that are allowed by name may have addresses of the private network.
    names_may_be_private: bool,
    /// `None`: nothing that is compiled is kept.
    #[cfg(feature = "compile")]
    compiler: Option<Compiler>,
    /// Components by the keys of their code, each loaded once, for all functions that it is of.
    residents: Mutex<HashMap<String, Slot>>,
}

/// Where a component is, or will be.
type Slot = Arc<Mutex<Weak<Resident>>>;

/// A function that is a component.
#[derive(Clone, Debug)]
pub struct WasmConfig {
    /// The function.
    pub function: Arc<Function>,
    /// The component's file.
    pub component: PathBuf,
    /// The environment variables of the function. Lambda's own (`AWS_LAMBDA_FUNCTION_NAME` and
    /// the like) come from the function, where they are not given here.
    pub variables: Vec<(String, String)>,
}

impl Host {
    /// Starts the engine.
    ///
    /// # Errors
    /// The folder for compiled code cannot be used, or the engine does not run on this machine.
    #[cfg(feature = "compile")]
    pub fn new(config: HostConfig) -> Result<Self, HostError> {
        let cache = Cache::open(config.cache_dir, config.cache_size)?;
        let compiler = Some(Compiler::new(cache, config.observer));
        let inner = Inner::new(engine::mapped().map_err(HostError::of_engine)?)?;
        let copied = engine::copied().and_then(|made| Loader::of_little_data(made, &inner.ticker));
        let copied = Some(Arc::new(copied.map_err(HostError::of_engine)?));
        let inner = Arc::new(Inner { compiler, copied, ..inner });
        resident::give_back_unused(Arc::downgrade(&inner))?;
        Ok(Self(inner))
    }

    /// A host on an engine, which keeps nothing that it compiles.
    pub(crate) fn on(made: Made) -> Result<Self, HostError> {
        Ok(Self(Arc::new(Inner { names_may_be_private: true, ..Inner::new(made)? })))
    }

    /// How many isolates there can be at once, and whether their memory is reserved for them:
    /// fewer, and none, where the process may use few addresses (`ulimit -v`).
    pub fn capacity(&self) -> Capacity {
        Capacity { isolates: self.0.ticker.slots.count(), reserved: self.0.is_pooled }
    }

    /// Loads a component. Compiling one takes all cores for a second a megabyte or so, where it
    /// is not in the cache: call this on a thread that may block.
    ///
    /// # Errors
    /// The file is no component, or none that this host can serve.
    pub fn load(&self, config: WasmConfig) -> Result<WasmProvider, LoadError> {
        let component = self.component(&config)?;
        if component.answers_on_stdout() && config.function.reuse.get() > 1 {
            let place = config.function.places.of("Metadata.Samovar.Reuse").clone();
            return Err(LoadError::NoReuse { place, path: config.component });
        }
        Ok(WasmProvider(Arc::new(Shared {
            ticker: self.0.ticker.clone(),
            demand: self.0.ticker.slots.demand(component.needs()),
            component,
            allowed: Arc::new(Allowed::of(
                &config.function,
                &config.variables,
                self.0.names_may_be_private,
            )),
            variables: with_lambdas_own(&config.function, config.variables).into(),
            function: config.function,
        })))
    }

    /// Keeps compiled code below [`HostConfig::cache_size`] from here on. To be called when all
    /// components that are needed are loaded: what this process has used stays. It reads the whole
    /// folder: call it on a thread that may block.
    #[cfg(feature = "compile")]
    pub fn trim_cache(&self) {
        if let Some(compiler) = &self.0.compiler {
            compiler.trim_cache();
        }
    }

    /// Takes components out of memory that can come back, used or not, as it happens by itself to
    /// those that have not been called for a minute. Invocations under way go on.
    pub fn unload(&self) {
        self.0.residents().iter().for_each(|resident| resident.unload());
    }

    fn component(&self, config: &WasmConfig) -> Result<Arc<Resident>, LoadError> {
        let path = &*config.component;
        #[cfg(feature = "compile")]
        if let Some(compiler) = &self.0.compiler {
            return self.kept(compiler, &config.function.logical_id, path);
        }
        let (loader, component) = self.0.unkept(path)?;
        Ok(Arc::new(Resident::new(
            loader.clone(),
            Mapped { component, image: None },
            None,
            path.to_owned(),
        )?))
    }

    /// A component whose code is kept, and which is loaded once for all.
    #[cfg(feature = "compile")]
    fn kept(
        &self,
        compiler: &Compiler,
        function: &str,
        path: &Path,
    ) -> Result<Arc<Resident>, LoadError> {
        let read = |source| LoadError::Read { path: path.to_owned(), source };
        let bytes = preview1::component(path, fs::read(path).map_err(read)?)?;
        let loader = self.0.loader(path, &bytes)?;
        let source = Source::new(&loader.engine, path, &bytes)?;
        let slot = self.0.slot(source.key());
        let mut slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(resident) = slot.upgrade().filter(|resident| !resident.is_lost()) {
            return Ok(resident);
        }
        let (loaded, code) = compiler.component(loader, (function, path), &source)?;
        let resident = Resident::new(loader.clone(), loaded, code, path.to_owned())?;
        let resident = Arc::new(resident);
        *slot = Arc::downgrade(&resident);
        Ok(resident)
    }
}

impl Inner {
    fn new(Made { engine, sizes, is_pooled }: Made) -> Result<Self, HostError> {
        let ticker = Ticker::start(sizes).map_err(|error| HostError::Engine(error.to_string()))?;
        Ok(Self {
            loader: Arc::new(Loader::new(engine, &ticker).map_err(HostError::of_engine)?),
            #[cfg(feature = "compile")]
            copied: None,
            concurrent: OnceLock::new(),
            ticker,
            is_pooled,
            names_may_be_private: false,
            #[cfg(feature = "compile")]
            compiler: None,
            residents: Mutex::default(),
        })
    }

    /// What loads a component of these bytes.
    ///
    /// # Errors
    /// It needs WASI 0.3, for which there is no engine on this machine.
    #[cfg(feature = "compile")]
    fn loader(&self, path: &Path, bytes: &[u8]) -> Result<&Arc<Loader>, LoadError> {
        if aot::is_compiled(bytes) {
            // Of what is not whole it is told later why.
            let is_concurrent = aot::is_concurrent(bytes);
            return if is_concurrent { self.concurrent(path) } else { Ok(&self.loader) };
        }
        if concurrent::is_needed(bytes) {
            return self.concurrent(path);
        }
        Ok(match &self.copied {
            Some(copied) if Content::of(bytes) == Content::Copied => copied,
            _ => &self.loader,
        })
    }

    /// A component of which nothing is kept, and what loads it: code is mapped from where it is, as
    /// it is, and anything else compiled.
    ///
    /// # Errors
    /// It is nothing that can be run here.
    fn unkept(&self, path: &Path) -> Result<(&Arc<Loader>, Component), LoadError> {
        let read = |source| LoadError::Read { path: path.to_owned(), source };
        let mut file = File::open(path).map_err(read)?;
        // What tells them apart. Compiled code is mapped, and not read as a whole.
        let mut bytes = Vec::new();
        (&file).take(8).read_to_end(&mut bytes).map_err(read)?;
        if aot::is_compiled(&bytes) {
            let compiled = |source| LoadError::Compiled { path: path.to_owned(), source };
            let origin = aot::origin(&file).map_err(compiled)?;
            let loader = if origin.is_concurrent { self.concurrent(path)? } else { &self.loader };
            return Ok((loader, aot::load(&loader.engine, &file, origin).map_err(compiled)?));
        }
        if !bytes.starts_with(b"\0asm") {
            return Err(LoadError::NotWasm { path: path.to_owned() });
        }
        file.read_to_end(&mut bytes).map_err(read)?;
        #[cfg(feature = "compile")]
        {
            let bytes = preview1::component(path, bytes)?;
            let loader = self.loader(path, &bytes)?;
            let source = Source::new(&loader.engine, path, &bytes)?;
            let component = Component::new(&loader.engine, &bytes);
            Ok((loader, component.map_err(|error| source.refused(path, &error))?))
        }
        #[cfg(not(feature = "compile"))]
        Err(LoadError::NoCompiler { path: path.to_owned() })
    }

    /// What loads components that need WASI 0.3.
    ///
    /// # Errors
    /// There is no engine for them on this machine.
    fn concurrent(&self, path: &Path) -> Result<&Arc<Loader>, LoadError> {
        let made = self.concurrent.get_or_init(|| concurrent::loader(&self.ticker).map(Arc::new));
        made.as_ref().map_err(|error| LoadError::Engine {
            path: path.to_owned(),
            message: format!("{error:#}"),
        })
    }

    /// Where the component of a key is, or will be.
    #[cfg(feature = "compile")]
    fn slot(&self, key: &str) -> Slot {
        let mut residents = self.residents.lock().unwrap_or_else(PoisonError::into_inner);
        // Those that were replaced, and that nobody is about to load.
        residents.retain(|_, slot| {
            Arc::strong_count(slot) > 1
                || slot.lock().is_ok_and(|resident| resident.strong_count() > 0)
        });
        residents.entry(key.to_owned()).or_default().clone()
    }
}

impl Residents for Inner {
    fn residents(&self) -> Vec<Arc<Resident>> {
        let residents = self.residents.lock().unwrap_or_else(PoisonError::into_inner);
        // One that is being loaded is in use.
        residents.values().filter_map(|slot| slot.try_lock().ok()?.upgrade()).collect()
    }
}

impl fmt::Debug for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Host").finish_non_exhaustive()
    }
}

/// The variables that Lambda defines and that mean something here (Lambda guide, "Defined runtime
/// environment variables"). There is no task root and no Runtime API.
fn with_lambdas_own(
    function: &Function,
    mut variables: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let own = [
        ("_HANDLER", function.handler.clone()),
        ("AWS_LAMBDA_FUNCTION_NAME", function.name.clone()),
        ("AWS_LAMBDA_FUNCTION_VERSION", function.version.clone()),
        ("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", function.memory_mb.to_string()),
        ("AWS_LAMBDA_INITIALIZATION_TYPE", "on-demand".to_owned()),
        ("AWS_LAMBDA_LOG_GROUP_NAME", format!("/aws/lambda/{}", function.name)),
        ("TZ", ":UTC".to_owned()),
    ];
    for (name, value) in own {
        if !variables.iter().any(|(given, _)| given == name) {
            variables.push((name.to_owned(), value));
        }
    }
    variables
}
