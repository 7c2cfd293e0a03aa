//! TLS over a connection: the host does the cryptography, the records go through the program's own socket.

use super::connection::Failure;
use std::net::TcpStream;

/// How a server is to be trusted.
#[derive(Clone, Debug, Default)]
pub struct Trust {
    /// Any certificate will do.
    pub insecure: bool,
    /// Certificates to trust beside the host's.
    pub roots: Option<Vec<u8>>,
}

#[cfg(all(target_family = "wasm", feature = "tls"))]
pub use platform::Secure;

/// Begins TLS with `name` over a connection.
///
/// # Errors
/// The handshake fails.
#[cfg(all(target_family = "wasm", feature = "tls"))]
pub fn start(stream: TcpStream, name: &str, trust: &Trust) -> Result<Secure, Failure> {
    Secure::start(stream, name, trust)
}

/// There is no TLS without the host.
#[cfg(not(all(target_family = "wasm", feature = "tls")))]
pub fn start(_: TcpStream, _: &str, trust: &Trust) -> Result<TcpStream, Failure> {
    let _ = (trust.insecure, &trust.roots);
    Err(Failure::new(
        4,
        "https is not available here: this build has no TLS; use http",
    ))
}

#[cfg(all(target_family = "wasm", feature = "tls"))]
mod platform {
    use super::super::connection::Failure;
    use super::Trust;
    use bindings::sandbar::tls::client::{Error, Session, Settings};
    use std::io::{self, Read, Write};
    use std::net::TcpStream;

    #[allow(missing_docs, clippy::all)]
    mod bindings {
        wit_bindgen::generate!({
            path: ["../../wit/tls"],
            inline: "
                package sandbar:tools-net;
                world tools-net {
                    import sandbar:tls/client@0.1.0;
                }
            ",
            world: "sandbar:tools-net/tools-net",
            generate_all,
        });
    }

    /// Read and given to the session at once; the contract's limit.
    const PIECE: usize = 64 * 1024;

    /// A TLS session with its connection.
    pub struct Secure {
        stream: TcpStream,
        session: Session,
        buffer: Vec<u8>,
        ended: bool,
    }

    fn words(error: &Error) -> String {
        match error {
            Error::Invalid(text) | Error::Certificate(text) | Error::Protocol(text) => text.clone(),
            Error::Closed => "the session has ended".into(),
            Error::Limit => "too many TLS sessions are open in this sandbox".into(),
        }
    }

    fn broken(error: &Error) -> io::Error {
        io::Error::other(words(error))
    }

    impl Secure {
        pub fn start(stream: TcpStream, name: &str, trust: &Trust) -> Result<Self, Failure> {
            let failed = |error: &Error| match error {
                Error::Certificate(text) => {
                    Failure::new(60, &format!("SSL certificate problem: {text} (-k would accept it)"))
                }
                other => Failure::new(35, &words(other)),
            };
            let session = Session::open(&Settings {
                server_name: name.to_owned(),
                alpn: vec!["http/1.1".into()],
                extra_roots: trust.roots.clone(),
                verify: !trust.insecure,
            })
            .map_err(|error| failed(&error))?;
            let mut secure = Self {
                stream,
                session,
                buffer: vec![0; PIECE],
                ended: false,
            };
            while secure.session.handshaking() {
                secure.send().map_err(|error| Failure::new(35, &error.to_string()))?;
                if !secure.session.handshaking() {
                    break;
                }
                let read = secure.stream.read(&mut secure.buffer).map_err(Failure::transfer)?;
                let given = if read == 0 {
                    secure.session.give_end()
                } else {
                    secure.session.give_records(&secure.buffer[..read])
                };
                if let Err(error) = given {
                    // The alert that says why is sent, if it can be.
                    let _ = secure.send();
                    return Err(failed(&error));
                }
                if read == 0 {
                    return Err(Failure::new(
                        35,
                        "the server closed the connection during the TLS handshake",
                    ));
                }
            }
            secure.send().map_err(Failure::transfer)?;
            Ok(secure)
        }

        /// Sends what the session has for the peer.
        fn send(&mut self) -> io::Result<()> {
            loop {
                let records = self.session.take_records();
                if records.is_empty() {
                    return Ok(());
                }
                self.stream.write_all(&records)?;
            }
        }

        /// The connection underneath.
        pub fn stream(&self) -> &TcpStream {
            &self.stream
        }
    }

    impl Read for Secure {
        fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
            loop {
                let most = u32::try_from(bytes.len().min(PIECE)).unwrap_or(0);
                match self.session.read(most) {
                    Ok(plain) if !plain.is_empty() => {
                        bytes[..plain.len()].copy_from_slice(&plain);
                        return Ok(plain.len());
                    }
                    Err(Error::Closed) => return Ok(0),
                    Err(error) => return Err(broken(&error)),
                    Ok(_) => {}
                }
                if self.ended {
                    return Ok(0);
                }
                self.send()?;
                let read = self.stream.read(&mut self.buffer)?;
                if read == 0 {
                    self.ended = true;
                    self.session.give_end().map_err(|error| broken(&error))?;
                } else {
                    self.session
                        .give_records(&self.buffer[..read])
                        .map_err(|error| broken(&error))?;
                }
            }
        }
    }

    impl Write for Secure {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let piece = &bytes[..bytes.len().min(PIECE)];
            loop {
                let taken = self.session.write(piece).map_err(|error| broken(&error))?;
                self.send()?;
                if taken > 0 || piece.is_empty() {
                    return Ok(taken as usize);
                }
            }
        }
        fn flush(&mut self) -> io::Result<()> {
            self.send()
        }
    }
}
