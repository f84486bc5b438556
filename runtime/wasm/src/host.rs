//! The host: one engine for all components.

use std::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use samovar_app::Function;
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::aot;
#[cfg(feature = "compile")]
use crate::cache::Cache;
use crate::component::Entry;
#[cfg(feature = "compile")]
use crate::engine;
use crate::engine::Ticker;
use crate::error::{HostError, LoadError};
use crate::isolate::WasmProvider;
use crate::network::Allowed;
use crate::state::State;

/// What a host needs.
#[cfg(feature = "compile")]
#[derive(Clone, Debug)]
pub struct HostConfig {
    /// Where compiled code is kept between runs. Made where it is missing. The folder must
    /// belong to this user, and is closed to all others.
    pub cache_dir: PathBuf,
}

/// What runs components. Cheap to clone; all clones are the same host.
#[derive(Clone)]
pub struct Host(Arc<Inner>);

struct Inner {
    engine: Engine,
    linker: Linker<State>,
    /// `None`: nothing that is compiled is kept.
    #[cfg(feature = "compile")]
    cache: Option<Cache>,
    ticker: Arc<Ticker>,
}

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
        let cache = Cache::open(config.cache_dir)?;
        let engine = engine::new().map_err(|error| HostError::Engine(format!("{error:#}")))?;
        Ok(Self(Arc::new(Inner { cache: Some(cache), ..Inner::new(engine)? })))
    }

    /// A host on an engine, without a cache.
    pub(crate) fn on(engine: Engine) -> Result<Self, HostError> {
        Ok(Self(Arc::new(Inner::new(engine)?)))
    }

    /// Loads a component. Compiling one takes all cores for a second a megabyte or so, where it
    /// is not in the cache: call this on a thread that may block.
    ///
    /// # Errors
    /// The file is no component, or none that this host can serve.
    pub fn load(&self, config: WasmConfig) -> Result<WasmProvider, LoadError> {
        let Inner { engine, linker, ticker, .. } = &*self.0;
        let path = config.component;
        let component = self.component(&path)?;
        let pre = match linker.instantiate_pre(&component) {
            Ok(pre) => pre,
            Err(error) => return Err(LoadError::Import { path, message: format!("{error:#}") }),
        };
        let entry = Entry::find(engine, &component, pre, &path)?;
        Ok(WasmProvider {
            engine: engine.clone(),
            ticker: ticker.clone(),
            entry: Arc::new(entry),
            allowed: Arc::new(Allowed::by_variables(&config.variables)),
            variables: with_lambdas_own(&config.function, config.variables),
            function: config.function,
        })
    }
}

impl Host {
    /// Compiles a component, or takes its compiled code from where it is.
    fn component(&self, path: &Path) -> Result<Component, LoadError> {
        let engine = &self.0.engine;
        let path = || path.to_owned();
        let read = |source| LoadError::Read { path: path(), source };
        let mut file = File::open(path()).map_err(read)?;
        let mut wasm = Vec::new();
        // What tells them apart. Compiled code is mapped, and not read as a whole.
        (&file).take(8).read_to_end(&mut wasm).map_err(read)?;
        if aot::is_compiled(&wasm) {
            let compiled = |source| LoadError::Compiled { path: path(), source };
            return aot::load(engine, &file).map_err(compiled);
        }
        // Magic, version and layer (component model, "Binary format": 0 is a core module).
        match *wasm {
            [b'\0', b'a', b's', b'm', _, _, 1, 0, ..] => {}
            [b'\0', b'a', b's', b'm', _, _, 0, 0, ..] => {
                return Err(LoadError::CoreModule { path: path() });
            }
            _ => return Err(LoadError::NotWasm { path: path() }),
        }
        file.read_to_end(&mut wasm).map_err(read)?;
        #[cfg(feature = "compile")]
        {
            let compiled = match &self.0.cache {
                Some(cache) => cache.load(engine, &wasm),
                None => Component::new(engine, &wasm),
            };
            compiled
                .map_err(|error| LoadError::Invalid { path: path(), message: format!("{error:#}") })
        }
        #[cfg(not(feature = "compile"))]
        Err(LoadError::NoCompiler { path: path() })
    }
}

impl Inner {
    fn new(engine: Engine) -> Result<Self, HostError> {
        let engine_error = |error: wasmtime::Error| HostError::Engine(format!("{error:#}"));
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_async(&mut linker).map_err(engine_error)?;
        wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker).map_err(engine_error)?;
        let ticker =
            Ticker::start(&engine).map_err(|error| HostError::Engine(error.to_string()))?;
        Ok(Self {
            engine,
            linker,
            #[cfg(feature = "compile")]
            cache: None,
            ticker,
        })
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
