//! Functions of managed runtimes whose code comes complete, with the packages that it needs: in an
//! archive, by the Lambda API.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use samovar_app::{Function, ManagedRuntime};
use tokio::sync::Mutex;

use super::super::{Artifact, BuildError};
use super::{Ground, Workshop, files, launch};
use crate::terminal::say;

/// Interpreters with their clients, found or installed when a function first wants them.
pub(crate) struct Grounds {
    state: PathBuf,
    may_install: bool,
    known: Mutex<BTreeMap<ManagedRuntime, Ground>>,
}

impl Grounds {
    /// None yet. What is made goes below `state`, and nothing is installed unless it may be.
    pub(crate) fn new(state: &Path, may_install: bool) -> Self {
        Self { state: state.to_owned(), may_install, known: Mutex::default() }
    }

    /// What runs the code in the folder `code`.
    ///
    /// # Errors
    /// The interpreter or its client is missing and cannot be had.
    pub(crate) async fn artifact(
        &self,
        function: &Function,
        runtime: ManagedRuntime,
        code: PathBuf,
    ) -> Result<Artifact, BuildError> {
        let say = |text: &str| say(format_args!("  {text}"));
        let workshop = Workshop { state: &self.state, build: self.may_install, say: &say };
        let ground = {
            // Held while it is installed: others that want the same wait for it.
            let mut known = self.known.lock().await;
            match known.get(&runtime) {
                Some(ground) => ground.clone(),
                None => {
                    let ground = workshop.ground(runtime, &function.name).await?;
                    known.entry(runtime).or_insert(ground).clone()
                }
            }
        };
        let (name, folders) = workshop.runtime(function, &ground, &code).await;
        let parent = self.state.join("managed").join(".shared");
        let made = tokio::task::spawn_blocking(move || {
            let of = (name.as_str(), folders.as_slice());
            launch::shared(&parent, runtime, &ground.interpreter, of)
                .map_err(|error| files(&parent, &error))
        });
        let path = made.await.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()));
        Ok(Artifact { path: path?, root: code })
    }
}
