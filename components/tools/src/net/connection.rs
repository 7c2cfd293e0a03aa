//! Connections, plain and secure, with their limits of time.

use super::tls::{self, Trust};
use super::url::Url;
use crate::console;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

/// Why a transfer failed: curl's exit code, and a sentence.
#[derive(Clone, Debug)]
pub struct Failure {
    /// As curl numbers them.
    pub code: i32,
    /// What happened.
    pub message: String,
}

impl Failure {
    /// A failure by its number.
    pub fn new(code: i32, message: &str) -> Self {
        Self {
            code,
            message: message.to_owned(),
        }
    }

    /// A connection that broke.
    pub fn transfer(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut => Self::new(28, "Operation timed out"),
            io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe => {
                Self::new(56, &format!("Recv failure: {}", console::reason(&error)))
            }
            _ => Self::new(56, &console::reason(&error)),
        }
    }
}

/// A connection.
pub struct Connection {
    inner: Inner,
    deadline: Option<Instant>,
    silence: Option<Duration>,
    /// The address that it is to.
    pub peer: SocketAddr,
}

enum Inner {
    Plain(TcpStream),
    #[cfg(all(target_family = "wasm", feature = "tls"))]
    Secure(Box<tls::Secure>),
}

/// What connecting may take, and whom to.
#[derive(Clone, Debug, Default)]
pub struct How {
    /// Of the connection alone.
    pub connect_timeout: Option<Duration>,
    /// When everything is to be over.
    pub deadline: Option<Instant>,
    /// Of one read or write: a peer that does nothing for longer has failed.
    pub silence: Option<Duration>,
    /// `host:port:address`, as `--resolve` has it.
    pub resolve: Vec<(String, u16, String)>,
    /// Whom to trust.
    pub trust: Trust,
}

/// Connects to the host of an address.
///
/// # Errors
/// The name is unknown (6), nobody answers (7), time is over (28), TLS fails (35, 60).
pub fn connect(url: &Url, how: &How) -> Result<Connection, Failure> {
    let known = how
        .resolve
        .iter()
        .find(|(host, port, _)| *host == url.host && *port == url.port);
    let host = known.map_or(url.host.as_str(), |(_, _, address)| address);
    let addresses: Vec<SocketAddr> = (host, url.port)
        .to_socket_addrs()
        .map_err(|error| match error.kind() {
            io::ErrorKind::PermissionDenied => Failure::new(
                6,
                &format!(
                    "Could not resolve host: {}: the network policy of this sandbox does not allow it",
                    url.host
                ),
            ),
            _ => Failure::new(6, &format!("Could not resolve host: {}", url.host)),
        })?
        .collect();
    let started = Instant::now();
    let mut last = None;
    for address in addresses {
        let left = [
            how.connect_timeout.map(|limit| limit.saturating_sub(started.elapsed())),
            remaining(how.deadline)?,
        ]
        .into_iter()
        .flatten()
        .min();
        let outcome = match left {
            Some(left) if left.is_zero() => return Err(Failure::new(28, "Connection timed out")),
            Some(left) => TcpStream::connect_timeout(&address, left),
            None => TcpStream::connect(address),
        };
        match outcome {
            Ok(stream) => {
                // Small requests are not to wait.
                let _ = stream.set_nodelay(true);
                let inner = if url.secure {
                    secure(stream, url, how)?
                } else {
                    Inner::Plain(stream)
                };
                return Ok(Connection {
                    inner,
                    deadline: how.deadline,
                    silence: how.silence,
                    peer: address,
                });
            }
            Err(error) => last = Some(error),
        }
    }
    let reason = last.map_or_else(
        || "no address".to_owned(),
        |error| match error.kind() {
            io::ErrorKind::PermissionDenied => "the network policy of this sandbox does not allow it".to_owned(),
            io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => "Connection timed out".to_owned(),
            _ => console::reason(&error),
        },
    );
    let code = if reason == "Connection timed out" { 28 } else { 7 };
    Err(Failure::new(
        code,
        &format!("Failed to connect to {} port {}: {reason}", url.host, url.port),
    ))
}

#[cfg(all(target_family = "wasm", feature = "tls"))]
fn secure(stream: TcpStream, url: &Url, how: &How) -> Result<Inner, Failure> {
    tls::start(stream, &url.host, &how.trust).map(|secure| Inner::Secure(Box::new(secure)))
}

#[cfg(not(all(target_family = "wasm", feature = "tls")))]
fn secure(stream: TcpStream, url: &Url, how: &How) -> Result<Inner, Failure> {
    tls::start(stream, &url.host, &how.trust).map(Inner::Plain)
}

/// What is left until a deadline.
fn remaining(deadline: Option<Instant>) -> Result<Option<Duration>, Failure> {
    match deadline.map(|deadline| deadline.saturating_duration_since(Instant::now())) {
        Some(left) if left.is_zero() => Err(Failure::new(28, "Operation timed out")),
        left => Ok(left),
    }
}

impl Connection {
    fn stream(&self) -> &TcpStream {
        match &self.inner {
            Inner::Plain(stream) => stream,
            #[cfg(all(target_family = "wasm", feature = "tls"))]
            Inner::Secure(secure) => secure.stream(),
        }
    }

    fn limit(&self) -> io::Result<()> {
        let left = remaining(self.deadline).map_err(|_| io::Error::from(io::ErrorKind::TimedOut))?;
        if let Some(left) = left.into_iter().chain(self.silence).min() {
            // Where a socket knows no limits, the deadline is looked at between reads.
            let _ = self.stream().set_read_timeout(Some(left));
            let _ = self.stream().set_write_timeout(Some(left));
        }
        Ok(())
    }
}

impl Read for Connection {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        self.limit()?;
        match &mut self.inner {
            Inner::Plain(stream) => stream.read(bytes),
            #[cfg(all(target_family = "wasm", feature = "tls"))]
            Inner::Secure(secure) => secure.read(bytes),
        }
    }
}

impl Write for Connection {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.limit()?;
        match &mut self.inner {
            Inner::Plain(stream) => stream.write(bytes),
            #[cfg(all(target_family = "wasm", feature = "tls"))]
            Inner::Secure(secure) => secure.write(bytes),
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        match &mut self.inner {
            Inner::Plain(stream) => stream.flush(),
            #[cfg(all(target_family = "wasm", feature = "tls"))]
            Inner::Secure(secure) => secure.flush(),
        }
    }
}
