//! The HTTP servers' common part: loopback listeners, TLS, guarded hosts, bounded clients,
//! graceful shutdown.
//!
//! Both of Samovar's ports (the AWS protocols and the HTTP front door) and everything that will
//! listen later go through here, so that what keeps strangers out stands in one place.

mod body;
mod connection;
mod guard;
mod lent;
mod limits;
mod listen;
mod request_body;
mod rounds;
mod serve;
mod sigv4;
mod threads;
mod tls;
mod transport;
mod work;

pub use body::{BodyError, full, read_body};
pub use guard::{Foreign, Hosts};
pub use limits::Limits;
pub use listen::{BindError, Listeners, Reserved};
pub use request_body::{RequestBody, RequestBodyError};
pub use serve::{Body, BoxError, serve};
pub use sigv4::{Credentials, Signatory, SignatureError, Signer, Verifier};
pub use threads::Threads;
pub use tls::{Authority, Tls, TlsError};
