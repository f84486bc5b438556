//! What a component exports, and so what it is given.

use std::path::Path;

use samovar_dispatch::Door;
use wasmtime::component::{Component, InstancePre};
use wasmtime::{Engine, Result, Store};
use wasmtime_wasi::p2::bindings::{Command, CommandPre};
use wasmtime_wasi::p3::bindings as p3;
use wasmtime_wasi_http::p2::bindings::{Proxy, ProxyPre};
use wasmtime_wasi_http::p3::bindings::{Service, ServicePre};

use self::bindings::{Function, FunctionPre};
use crate::error::LoadError;
use crate::export::Export;
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
    /// `wasi:http/handler`, of WASI 0.3.
    Service(ServicePre<State>),
    /// `wasi:http/incoming-handler`.
    Http(ProxyPre<State>),
    /// `samovar:function/handler`.
    Event(FunctionPre<State>),
    /// `wasi:cli/run`.
    Command(CommandPre<State>),
    /// The same of WASI 0.3.
    ConcurrentCommand(p3::CommandPre<State>),
}

/// An instance of it.
pub(crate) enum Instance {
    /// `wasi:http/handler`, of WASI 0.3.
    Service(Service),
    /// `wasi:http/incoming-handler`.
    Http(Proxy),
    /// `samovar:function/handler`.
    Event(Function),
    /// `wasi:cli/run`.
    Command(Command),
    /// The same of WASI 0.3.
    ConcurrentCommand(p3::Command),
}

impl Entry {
    /// Finds the export that takes events, the first that [`Export`] has.
    pub(crate) fn find(
        engine: &Engine,
        component: &Component,
        pre: InstancePre<State>,
        path: &Path,
    ) -> Result<Self, LoadError> {
        let exports: Vec<_> =
            component.component_type().exports(engine).map(|(name, _)| name.to_owned()).collect();
        let Some(door) = Export::first(&exports) else {
            return Err(LoadError::NoDoor { path: path.to_owned(), exports });
        };
        let entry = match door {
            Export::HttpHandler => ServicePre::new(pre).map(Self::Service),
            Export::HttpIncomingHandler => ProxyPre::new(pre).map(Self::Http),
            Export::Function => FunctionPre::new(pre).map(Self::Event),
            Export::Run3 => p3::CommandPre::new(pre).map(Self::ConcurrentCommand),
            Export::Run2 => CommandPre::new(pre).map(Self::Command),
        };
        entry.map_err(|error| LoadError::Invalid {
            path: path.to_owned(),
            message: format!("{error:#}"),
        })
    }

    pub(crate) fn door(&self) -> Door {
        match self {
            Self::Service(_) | Self::Http(_) => Door::Http,
            Self::Event(_) | Self::Command(_) | Self::ConcurrentCommand(_) => Door::Event,
        }
    }

    /// Whether standard output is the response.
    pub(crate) fn answers_on_stdout(&self) -> bool {
        matches!(self, Self::Command(_) | Self::ConcurrentCommand(_))
    }

    pub(crate) async fn instantiate(&self, store: &mut Store<State>) -> Result<Instance> {
        Ok(match self {
            Self::Service(pre) => Instance::Service(pre.instantiate_async(store).await?),
            Self::Http(pre) => Instance::Http(pre.instantiate_async(store).await?),
            Self::Event(pre) => Instance::Event(pre.instantiate_async(store).await?),
            Self::Command(pre) => Instance::Command(pre.instantiate_async(store).await?),
            Self::ConcurrentCommand(pre) => {
                Instance::ConcurrentCommand(pre.instantiate_async(store).await?)
            }
        })
    }
}
