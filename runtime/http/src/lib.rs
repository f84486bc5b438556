//! The HTTP servers' common part: loopback listeners, guarded hosts, graceful shutdown.
//!
//! Both of Samovar's ports (the AWS protocols and the HTTP front door) and everything that will
//! listen later go through here, so that what keeps strangers out stands in one place.

mod body;
mod guard;
mod listen;
mod serve;
mod sigv4;

pub use body::{BodyError, full, read_body};
pub use guard::{Foreign, Hosts};
pub use listen::{BindError, Listeners, Reserved};
pub use serve::{Body, BoxError, serve};
pub use sigv4::{Credentials, SignatureError, Verifier};
