//! The HTTP servers' common part: loopback listeners, guarded hosts, graceful shutdown.
