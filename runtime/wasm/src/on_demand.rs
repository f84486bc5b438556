//! Hosts that serve one invocation at a time.

use wasmtime::{Engine, InstanceAllocationStrategy};

use crate::engine::{MAX_ISOLATES, Made};
use crate::error::HostError;
use crate::host::Host;
use crate::settings::{self, Content};
use crate::slots::Sizes;

impl Host {
    /// A host that keeps nothing ready: instances take their memory when they begin and give it
    /// back when they end. It is there sooner than one with a pool, and is small; so it suits a
    /// process that serves one invocation at a time.
    ///
    /// It is for clouds, where a name that is allowed may lead into the private network around the
    /// machine, as those of AWS's services do in a VPC (AWS PrivateLink guide, "Access AWS services
    /// through AWS PrivateLink"). It still leads to no loopback and no metadata service.
    ///
    /// # Errors
    /// The engine does not run on this machine.
    pub fn on_demand() -> Result<Self, HostError> {
        let mut config = settings::code(Content::Mapped);
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        let engine = Engine::new(&config).map_err(HostError::of_engine)?;
        Self::on(Made { engine, sizes: Sizes { isolates: MAX_ISOLATES }, is_pooled: false })
    }
}
