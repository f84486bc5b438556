//! Over real sockets, with a client that keeps to RFC 6455 and one that does not.

mod authorizers;
mod clients;
mod hostile;
mod management;
mod messages;
mod stand;

pub(super) use self::stand::api;
