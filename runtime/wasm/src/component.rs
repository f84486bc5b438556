//! What a component exports, and so what it is given.

use std::path::Path;

use samovar_dispatch::Door;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::p2::bindings::{Command, CommandPre};
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};

use self::bindings::{Function, FunctionPre};
use crate::error::LoadError;
use crate::state::State;

pub(crate) mod bindings {
    //! Bindings of the world `samovar:function/function`.
    wasmtime::component::bindgen!({
        path: "../function/wit",
        world: "function",
        exports: { default: async },
    });
}

/// A component that is ready to be instantiated.
pub(crate) enum Entry {
    /// `wasi:http/incoming-handler`.
    Http(ProxyPre<State>),
    /// `samovar:function/handler`.
    Event(FunctionPre<State>),
    /// `wasi:cli/run`.
    Command(CommandPre<State>),
}

/// An instance of it.
pub(crate) enum Instance {
    /// `wasi:http/incoming-handler`.
    Http(Proxy),
    /// `samovar:function/handler`.
    Event(Function),
    /// `wasi:cli/run`.
    Command(Command),
}

impl Entry {
    /// Finds the export that takes events. A component of [`event!`] has a command beside its
    /// handler, so the order counts.
    ///
    /// [`event!`]: https://docs.rs/samovar-function
    pub(crate) fn find(
        engine: &Engine,
        component: &Component,
        pre: InstancePre<State>,
        path: &Path,
    ) -> Result<Self, LoadError> {
        let exports: Vec<_> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let has = |interface: &str| exports.iter().any(|name| name.starts_with(interface));
        let entry = if has("wasi:http/incoming-handler@0.2.") {
            ProxyPre::new(pre).map(Self::Http)
        } else if has("samovar:function/handler@0.1.") {
            FunctionPre::new(pre).map(Self::Event)
        } else if has("wasi:cli/run@0.2.") {
            CommandPre::new(pre).map(Self::Command)
        } else {
            return Err(LoadError::NoDoor { path: path.to_owned(), exports });
        };
        entry.map_err(|error| LoadError::Invalid {
            path: path.to_owned(),
            message: format!("{error:#}"),
        })
    }

    pub(crate) fn door(&self) -> Door {
        match self {
            Self::Http(_) => Door::Http,
            Self::Event(_) | Self::Command(_) => Door::Event,
        }
    }

    /// Whether standard output is the response.
    pub(crate) fn answers_on_stdout(&self) -> bool {
        matches!(self, Self::Command(_))
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> Result<Instance> {
        Ok(match self {
            Self::Http(pre) => Instance::Http(pre.instantiate_async(store).await?),
            Self::Event(pre) => Instance::Event(pre.instantiate_async(store).await?),
            Self::Command(pre) => Instance::Command(pre.instantiate_async(store).await?),
        })
    }
}
