//! What a client may take of a server: time, connections, bytes of headers.

use std::time::Duration;

/// Bounds of a server's connections. The defaults are for a front door that strangers may reach.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Connections at once. More wait to be accepted until others end.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a connection of HTTP/1.1 may be silent, from its start or from the end of the last
    /// request, and how long a request head may take from its first byte: what bounds both idle
    /// connections and slow heads. An HTTP/2 connection without streams ends after one to two of
    /// these times.
    pub idle: Duration,
    /// How long a request's body may pause.
    pub body_pause: Duration,
    /// How long a client may take nothing of what is sent to it.
    pub write_pause: Duration,
    /// Bytes of a request's head; more is answered 431. API Gateway's own limit is less (10,240
    /// bytes; API Gateway guide, "Quotas"), and the gateway's to enforce.
    pub head_bytes: usize,
    /// Header lines of an HTTP/1.1 request; more is answered 431.
    pub headers: usize,
    /// Requests at once on one connection of HTTP/2 (128, as CloudFront and load balancers of AWS
    /// have it; Elastic Load Balancing guide, "Listeners for your Application Load Balancers").
    pub streams: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 16_384,
            handshake: Duration::from_secs(10),
            idle: Duration::from_secs(60),
            body_pause: Duration::from_secs(30),
            write_pause: Duration::from_secs(60),
            head_bytes: 64 << 10,
            headers: 200,
            streams: 128,
        }
    }
}
