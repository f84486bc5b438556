//! Functions and layers that are made while Samovar runs: their files, and what runs functions.

mod built;
mod pack;
mod shelf;

use std::borrow::Cow;
use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, Weak};

use async_trait::async_trait;
use bytes::Bytes;
use samovar_api::{CodeError, FunctionHost, Kept, LayerContent, Owner, Packed, StoredCode};
use samovar_app::{App, Function};
use samovar_dispatch::Dispatcher;

use self::built::{Built, InUse};
use self::shelf::Shelf;
use crate::build::{self, Artifact, Artifacts, Grounds, archive};
use crate::providers::{self, Surroundings, Wasm};
use crate::state::State;

/// What the Lambda API makes, on disk and serving. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Deployed(Arc<Shared>);

struct Shared {
    surroundings: Surroundings,
    wasm: Wasm,
    grounds: Grounds,
    dispatcher: Dispatcher,
    functions: Shelf,
    layers: Shelf,
    /// Where unpacked code is, by content.
    unpacked: PathBuf,
    template: RwLock<Template>,
}

/// What the template has.
#[derive(Default)]
struct Template {
    /// What its functions run, by logical id.
    built: HashMap<String, Arc<Built>>,
    /// What their versions run, for as long as those are served, by qualified name.
    versions: HashMap<String, Weak<Built>>,
    /// Its layers that are on this machine, by logical id.
    layers: HashMap<String, PathBuf>,
}

impl Deployed {
    /// Functions and layers below the state folder, beside those of the template. `may_install`:
    /// whether what managed runtimes need may be fetched.
    pub(crate) fn new(
        app: &App,
        surroundings: Surroundings,
        state: &State,
        artifacts: &Artifacts,
        dispatcher: Dispatcher,
        may_install: bool,
    ) -> Self {
        let deployed = Self(Arc::new(Shared {
            wasm: Wasm::new(surroundings.built.join("compiled"), surroundings.code_cache),
            grounds: Grounds::new(&surroundings.built, may_install),
            surroundings,
            dispatcher,
            functions: Shelf::new(state.functions(), "function.json"),
            layers: Shelf::new(state.layers(), "layer.json"),
            unpacked: state.folder.join("code"),
            template: RwLock::default(),
        }));
        deployed.declare(app, &app.functions, artifacts);
        deployed
    }

    /// From now on the template has these layers, and, of these functions, those artifacts that
    /// were built; of its other functions what they had.
    pub(crate) fn declare(&self, app: &App, built: &[Arc<Function>], artifacts: &Artifacts) {
        let mut template = self.0.template.write().unwrap_or_else(PoisonError::into_inner);
        for function in built {
            if let Some(Ok(artifact)) = artifacts.get(&function.logical_id) {
                let built = Built::new(function.clone(), artifact.clone());
                template.built.insert(function.logical_id.clone(), Arc::new(built));
            }
        }
        template.versions.retain(|_, built| built.strong_count() > 0);
        let layers = app.layers.iter();
        template.layers = layers
            .filter_map(|layer| Some((layer.logical_id.clone(), layer.path.clone()?)))
            .collect();
    }

    /// What runs components.
    pub(crate) fn wasm(&self) -> &Wasm {
        &self.0.wasm
    }

    /// What was saved.
    ///
    /// # Errors
    /// A folder or document cannot be read.
    pub(crate) fn kept(&self) -> io::Result<Kept> {
        Ok(Kept { functions: self.0.functions.records()?, layers: self.0.layers.records()? })
    }

    /// Does something with files, on a thread that may wait for the disk.
    async fn blocking<T: Send + 'static>(
        &self,
        action: impl FnOnce(&Shared) -> T + Send + 'static,
    ) -> T {
        let shared = self.0.clone();
        match tokio::task::spawn_blocking(move || action(&shared)).await {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }
}

#[async_trait]
impl FunctionHost for Deployed {
    async fn store(&self, owner: Owner, archive: Bytes) -> Result<StoredCode, CodeError> {
        self.blocking(move |shared| {
            let (shelf, name) = shared.shelf(&owner);
            shelf.store(name, &archive, &shared.unpacked)
        })
        .await
    }

    async fn share(&self, layer: &str, function: &str, archive: &StoredCode) -> io::Result<()> {
        let (layer, function, archive) = (layer.to_owned(), function.to_owned(), archive.clone());
        self.blocking(move |shared| {
            let from = shared.layers.archive(&layer, &archive);
            shared.functions.link(&from, &function, &archive)
        })
        .await
    }

    async fn serve(
        &self,
        function: Arc<Function>,
        code: Option<&StoredCode>,
        layers: &[LayerContent],
    ) -> Result<(), String> {
        let (wanted, code, layers) = (function.clone(), code.cloned(), layers.to_vec());
        let found = self.blocking(move |shared| {
            let layers = shared.layer_folders(&wanted, &layers)?;
            Ok::<_, String>((shared.code(&wanted, code.as_ref())?, layers))
        });
        let (code, layers) = found.await?;
        let (artifact, built) = match (code, function.managed()) {
            (Code::Built(built), _) => {
                let artifact = built.artifact().clone();
                let artifact = match build::may_be_of_layer(&function) {
                    // Other layers than the template's may have another.
                    true => program(&function, artifact.root, &layers)?,
                    false => artifact,
                };
                (artifact, Some(built))
            }
            (Code::Unpacked(root), Some(runtime)) => {
                let artifact = self.0.grounds.artifact(&function, runtime, root).await;
                (artifact.map_err(|error| format!("Its runtime cannot be had: {error}."))?, None)
            }
            (Code::Unpacked(root), None) => (program(&function, root, &layers)?, None),
        };
        let wanted = function.clone();
        let provider = self.blocking(move |shared| {
            providers::make(&wanted, (artifact, layers), &shared.surroundings, &shared.wasm)
        });
        let mut provider = provider.await?;
        if let Some(built) = built {
            self.0.note(&function, &built);
            provider = Arc::new(InUse::new(provider, built));
        }
        self.0.dispatcher.register(function, provider);
        Ok(())
    }

    async fn save(
        &self,
        owner: Owner,
        record: Vec<u8>,
        archives: Vec<StoredCode>,
    ) -> io::Result<()> {
        self.blocking(move |shared| {
            let (shelf, name) = shared.shelf(&owner);
            shelf.save(name, &record, &archives)
        })
        .await
    }

    async fn forget(&self, owner: Owner) -> io::Result<()> {
        self.blocking(move |shared| {
            let (shelf, name) = shared.shelf(&owner);
            shelf.forget(name)
        })
        .await
    }

    async fn archive(&self, owner: Owner, archive: &StoredCode) -> io::Result<File> {
        let archive = archive.clone();
        self.blocking(move |shared| {
            let (shelf, name) = shared.shelf(&owner);
            File::open(shelf.archive(name, &archive))
        })
        .await
    }

    async fn pack(&self, what: Packed) -> io::Result<File> {
        self.blocking(move |shared| match what {
            Packed::Function(function) => {
                shared.built(&function).ok_or_else(not_built)?.pack(&function)
            }
            Packed::Layer(id) => {
                let template = shared.template();
                let path = template.layers.get(&id).cloned();
                drop(template);
                let gone = || io::Error::other("the template has no such layer");
                pack::layer(&path.ok_or_else(gone)?)
            }
        })
        .await
    }

    async fn measure(&self, function: Arc<Function>) -> io::Result<StoredCode> {
        self.blocking(move |shared| {
            shared.built(&function).ok_or_else(not_built)?.measure(&function)
        })
        .await
    }
}

fn not_built() -> io::Error {
    io::Error::other("the template's code did not build")
}

/// Code that was found.
enum Code {
    /// That of the template, as it runs.
    Built(Arc<Built>),
    /// The folder of an archive's content.
    Unpacked(PathBuf),
}

impl Shared {
    fn shelf<'o>(&self, owner: &'o Owner) -> (&Shelf, &'o str) {
        match owner {
            Owner::Function(name) => (&self.functions, name),
            Owner::Layer(name) => (&self.layers, name),
        }
    }

    fn code(&self, function: &Function, code: Option<&StoredCode>) -> Result<Code, String> {
        if let Some(code) = code {
            let path = self.functions.archive(&function.name, code);
            let root = archive::contents(&path, &self.unpacked);
            let root = root.map_err(|error| format!("The code cannot be unpacked: {error}."))?;
            return Ok(Code::Unpacked(root));
        }
        let built = self.template().built.get(&function.logical_id).cloned();
        let built = built.ok_or("The template's code for this function did not build.")?;
        let runtime = built.runtime();
        // What runs it was made for that one.
        if runtime != function.runtime && function.managed().is_some() {
            return Err(format!(
                "The code of the template is for {runtime}: change Runtime there."
            ));
        }
        Ok(Code::Built(built))
    }

    fn template(&self) -> RwLockReadGuard<'_, Template> {
        self.template.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// What a version of a function of the template runs.
    fn built(&self, function: &Function) -> Option<Arc<Built>> {
        let template = self.template();
        let own = template.versions.get(&*function.qualified_name()).and_then(Weak::upgrade);
        own.or_else(|| template.built.get(&function.logical_id).cloned())
    }

    /// A published version keeps what it runs; `$LATEST` has what the template has.
    fn note(&self, function: &Function, built: &Arc<Built>) {
        if let Cow::Owned(name) = function.qualified_name() {
            let mut template = self.template.write().unwrap_or_else(PoisonError::into_inner);
            template.versions.insert(name, Arc::downgrade(built));
        }
    }

    /// The folders of layers, in their order.
    fn layer_folders(
        &self,
        function: &Function,
        layers: &[LayerContent],
    ) -> Result<Vec<PathBuf>, String> {
        let folder = |layer: &LayerContent| {
            let path = match layer {
                LayerContent::Archive(archive) => self.functions.archive(&function.name, archive),
                LayerContent::Template(id) => {
                    let template = self.template();
                    let path = template.layers.get(id).cloned();
                    path.ok_or_else(|| format!("The template has no layer {id} any more."))?
                }
            };
            let folder = build::layer_folder(&path, &self.surroundings.built);
            folder.map_err(|error| format!("A layer cannot be used: {error}."))
        };
        layers.iter().map(folder).collect()
    }
}

/// The program or component at the top of the code, or the program of a layer.
fn program(function: &Function, root: PathBuf, layers: &[PathBuf]) -> Result<Artifact, String> {
    let file = build::file(function);
    build::find(function, root, layers).ok_or_else(|| match layers {
        [] => format!("The code has no file {file} at its top."),
        _ => format!("Neither the code nor a layer has a file {file} at its top."),
    })
}
