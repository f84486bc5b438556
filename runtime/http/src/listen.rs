//! Ports on both loopbacks.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;
use tokio::net::{TcpListener, TcpSocket};

use crate::guard::Hosts;
use crate::limits::Limits;
use crate::threads::Threads;
use crate::tls::Tls;

/// Connections that wait to be accepted.
const BACKLOG: u32 = 4096;

/// How often a free port is looked for that both loopbacks have free.
const ATTEMPTS: usize = 16;

/// A port that cannot be had.
#[derive(Debug, Error)]
#[error("cannot listen on {address}: {}", reason(source))]
pub struct BindError {
    /// Address and port.
    pub address: SocketAddr,
    /// The system's error.
    pub source: io::Error,
}

impl BindError {
    /// Whether another program has the port.
    pub fn is_taken(&self) -> bool {
        self.source.kind() == io::ErrorKind::AddrInUse
    }
}

fn reason(source: &io::Error) -> String {
    match source.kind() {
        io::ErrorKind::AddrInUse => "the port is taken by another program".into(),
        _ => source.to_string(),
    }
}

/// A port that is held on both loopbacks, without connections being taken yet: clients are
/// refused until [`Reserved::listen`], so "it connects" means "it serves".
#[derive(Debug)]
pub struct Reserved {
    sockets: Vec<TcpSocket>,
    port: u16,
}

/// A port on both loopbacks that takes connections.
#[derive(Debug)]
pub struct Listeners {
    pub(crate) sockets: Vec<TcpListener>,
    pub(crate) hosts: Hosts,
    pub(crate) limits: Limits,
    pub(crate) tls: Option<Tls>,
    pub(crate) threads: Option<Threads>,
    port: u16,
}

impl Reserved {
    /// Holds `port` on 127.0.0.1 and, where the machine has IPv6, on ::1 (`cargo lambda invoke`
    /// calls `[::1]:9000`). Port 0 is any port that is free on both.
    ///
    /// # Errors
    /// The port is taken, or the system refuses it.
    pub fn new(port: u16) -> Result<Self, BindError> {
        Self::with(port, None)
    }

    /// As [`Self::new`], and on one more address of the machine. An unspecified one (`0.0.0.0`,
    /// `::`) stands for all, the loopbacks too.
    ///
    /// # Errors
    /// The port is taken, the address is not the machine's, or the system refuses it.
    pub fn with(port: u16, more: Option<IpAddr>) -> Result<Self, BindError> {
        let mut attempts = 0;
        loop {
            attempts += 1;
            match Self::all(port, more) {
                Err(error) if port == 0 && error.is_taken() && attempts < ATTEMPTS => {}
                result => return result,
            }
        }
    }

    fn all(port: u16, more: Option<IpAddr>) -> Result<Self, BindError> {
        let everywhere = more.filter(IpAddr::is_unspecified);
        if let Some(address @ IpAddr::V6(_)) = everywhere {
            // Linux gives IPv4's connections to such a socket, too.
            let socket = bind(SocketAddr::new(address, port))?;
            let port = socket.local_addr().map_or(port, |address| address.port());
            return Ok(Self { sockets: vec![socket], port });
        }
        let v4 = everywhere.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST));
        let v4 = bind(SocketAddr::new(v4, port))?;
        let port = v4.local_addr().map_or(port, |address| address.port());
        let mut sockets = vec![v4];
        match bind(SocketAddr::new(IpAddr::V6(Ipv6Addr::LOCALHOST), port)) {
            Ok(v6) => sockets.push(v6),
            Err(error) if error.is_taken() => return Err(error),
            // No IPv6 on this machine, so no client will ask for it.
            Err(_) => {}
        }
        if let Some(address) = more.filter(|more| !more.is_unspecified() && !more.is_loopback()) {
            sockets.push(bind(SocketAddr::new(address, port))?);
        }
        Ok(Self { sockets, port })
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Starts to take connections.
    ///
    /// # Errors
    /// Another program was faster, or the system refuses.
    pub fn listen(self) -> Result<Listeners, BindError> {
        let port = self.port;
        let listen = |socket: TcpSocket| {
            let address = socket.local_addr();
            socket.listen(BACKLOG).map_err(|source| BindError {
                address: address.unwrap_or(SocketAddr::new(Ipv4Addr::LOCALHOST.into(), port)),
                source,
            })
        };
        let sockets = self.sockets.into_iter().map(listen).collect::<Result<_, _>>()?;
        let (hosts, limits) = (Hosts::default(), Limits::default());
        Ok(Listeners { sockets, hosts, limits, tls: None, threads: None, port })
    }
}

impl Listeners {
    /// The same listeners, for requests to other hosts.
    #[must_use]
    pub fn with_hosts(self, hosts: Hosts) -> Self {
        Self { hosts, ..self }
    }

    /// The same listeners, for clients with other limits.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// The same listeners, that speak TLS. Clients on this machine may speak without it, too.
    #[must_use]
    pub fn with_tls(self, tls: Option<Tls>) -> Self {
        Self { tls, ..self }
    }

    /// The same listeners, whose connections are served on these threads instead of the async
    /// runtime that serves them. What keeps a thread busy must not be done there.
    #[must_use]
    pub fn with_threads(self, threads: Threads) -> Self {
        Self { threads: Some(threads), ..self }
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

fn bind(address: SocketAddr) -> Result<TcpSocket, BindError> {
    let socket = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        // A restart must not wait for the last run's closed connections to be forgotten.
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        Ok(socket)
    };
    socket().map_err(|source| BindError { address, source })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_taken_port_is_named() {
        let first = Reserved::new(0).unwrap().listen().unwrap();
        let error = Reserved::new(first.port()).unwrap_err();
        assert!(error.is_taken());
        assert_eq!(
            error.to_string(),
            format!(
                "cannot listen on 127.0.0.1:{}: the port is taken by another program",
                first.port()
            )
        );
    }

    #[tokio::test]
    async fn a_port_taken_on_the_other_loopback_only_is_taken() {
        let Ok(first) = TcpListener::bind("[::1]:0").await else {
            eprintln!("this machine has no IPv6 loopback: nothing to test");
            return;
        };
        let port = first.local_addr().unwrap().port();
        assert!(Reserved::new(port).unwrap_err().is_taken());
    }

    #[tokio::test]
    async fn a_reserved_port_refuses_until_it_listens() {
        let reserved = Reserved::new(0).unwrap();
        let address = SocketAddr::new(Ipv4Addr::LOCALHOST.into(), reserved.port());
        let refused = tokio::net::TcpStream::connect(address).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        let _listeners = reserved.listen().unwrap();
        tokio::net::TcpStream::connect(address).await.unwrap();
    }
}
