//! One client session: records in and out, plain text in and out, nothing else.

use std::io::{self, Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::BytesMut;
use rustls::pki_types::ServerName;
use rustls::{ClientConnection, ProtocolVersion, SupportedCipherSuite};

use crate::error::TlsError;
use crate::limits::{
    CALL_BYTES, EXTRA_ROOTS_BYTES, NAME_BYTES, PROTOCOL_BYTES, PROTOCOLS, SESSIONS, UNREAD_BYTES, WAITING_BYTES,
};
use crate::roots::Roots;
use crate::unverified::Unverified;

/// How many sessions a sandbox holds. One for a sandbox, shared by its processes.
#[derive(Debug, Default)]
pub struct Sessions(AtomicUsize);

/// A place among them.
#[derive(Debug)]
struct Place(Arc<Sessions>);

impl Sessions {
    fn take(self: &Arc<Self>) -> Result<Place, TlsError> {
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |held| {
                (held < SESSIONS).then_some(held + 1)
            })
            .map(|_| Place(Arc::clone(self)))
            .map_err(|_| TlsError::Limit)
    }

    /// Sessions held now.
    #[must_use]
    pub fn held(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What a session is to be.
#[derive(Debug, Clone)]
pub struct Settings {
    /// DNS name or IP address that the certificate must be for.
    pub server_name: String,
    /// Application protocols offered, most wanted first.
    pub alpn: Vec<String>,
    /// Certificates (PEM) to trust beside the host's roots.
    pub extra_roots: Option<Vec<u8>>,
    /// false: any certificate will do.
    pub verify: bool,
}

/// What was agreed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Details {
    /// `TLSv1.2` or `TLSv1.3`.
    pub version: &'static str,
    /// IANA name of the cipher suite.
    pub cipher: String,
    /// Bits of its key.
    pub bits: u32,
    /// Application protocol, if one was agreed on.
    pub alpn: Option<String>,
    /// The peer's certificates (DER), its own first.
    pub certificates: Vec<Vec<u8>>,
}

/// One client session.
pub struct Session {
    tls: ClientConnection,
    /// Plain text that was received and not yet read. Kept here: rustls takes no records while it holds more than 16 KiB.
    unread: BytesMut,
    /// The peer has said goodbye: nothing comes after `unread`.
    said_goodbye: bool,
    /// What every call answers from now on; what was received before can still be read.
    failed: Option<TlsError>,
    /// The peer's connection has ended.
    ended: bool,
    /// We have said goodbye.
    closing: bool,
    _place: Place,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session")
            .field("unread", &self.unread.len())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}

impl Session {
    /// Begins a session: the first records wait to be taken.
    ///
    /// # Errors
    /// [`TlsError::Invalid`] for settings out of their limits, [`TlsError::Limit`] if the sandbox holds too many.
    pub fn open(roots: &Roots, sessions: &Arc<Sessions>, settings: Settings) -> Result<Self, TlsError> {
        let invalid = |text: &str| Err(TlsError::Invalid(text.to_owned()));
        if settings.alpn.len() > PROTOCOLS {
            return invalid("more than 8 application protocols");
        }
        if settings
            .alpn
            .iter()
            .any(|name| name.is_empty() || name.len() > PROTOCOL_BYTES)
        {
            return invalid("an application protocol has 1 to 255 bytes");
        }
        if settings
            .extra_roots
            .as_ref()
            .is_some_and(|pem| pem.len() > EXTRA_ROOTS_BYTES)
        {
            return invalid("more than 1 MiB of certificates");
        }
        if settings.server_name.len() > NAME_BYTES {
            return invalid("the server's name is too long");
        }
        let name = ServerName::try_from(settings.server_name)
            .map_err(|error| TlsError::Invalid(format!("the server's name: {error}")))?;
        let place = sessions.take()?;
        let plain = settings.alpn.is_empty() && settings.extra_roots.is_none() && settings.verify;
        let config = if plain {
            Arc::clone(roots.common())
        } else {
            let mut config = roots.config(settings.extra_roots.as_deref())?;
            config.alpn_protocols = settings.alpn.into_iter().map(String::into_bytes).collect();
            if !settings.verify {
                let unverified = Unverified(Arc::clone(roots.provider()));
                config.dangerous().set_certificate_verifier(Arc::new(unverified));
            }
            Arc::new(config)
        };
        let mut tls = ClientConnection::new(config, name)?;
        tls.set_buffer_limit(Some(WAITING_BYTES));
        Ok(Self {
            tls,
            unread: BytesMut::new(),
            said_goodbye: false,
            failed: None,
            ended: false,
            closing: false,
            _place: place,
        })
    }

    /// Records to send to the peer; none at the moment if empty. Alerts can be taken also after a failure.
    pub fn take_records(&mut self) -> Vec<u8> {
        let mut taken = Vec::new();
        while self.tls.wants_write() {
            let room = CALL_BYTES - taken.len();
            match self.tls.write_tls(&mut Part {
                taken: &mut taken,
                room,
            }) {
                Ok(1..) => {}
                // Full.
                _ => break,
            }
        }
        taken
    }

    /// Takes records from the peer, all of them.
    ///
    /// # Errors
    /// [`TlsError::Limit`] if plain text must be read first, else why the session has failed.
    pub fn give_records(&mut self, records: &[u8]) -> Result<(), TlsError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if self.ended {
            return Err(TlsError::Closed);
        }
        if records.len() > CALL_BYTES {
            return Err(TlsError::Invalid("more than 64 KiB of records in one call".to_owned()));
        }
        if self.unread.len() > UNREAD_BYTES - CALL_BYTES {
            return Err(TlsError::Limit);
        }
        let mut rest = records;
        while !rest.is_empty() {
            match self.tls.read_tls(&mut rest) {
                // The peer has said goodbye: what comes after is nobody's.
                Ok(0) => return Ok(()),
                Ok(_) => {}
                Err(error) => return Err(self.fail(TlsError::Protocol(error.to_string()))),
            }
            self.process()?;
        }
        Ok(())
    }

    fn process(&mut self) -> Result<(), TlsError> {
        match self.tls.process_new_packets() {
            Ok(state) => {
                self.said_goodbye |= state.peer_has_closed();
                let received = state.plaintext_bytes_to_read();
                self.receive(received)
            }
            Err(error) => Err(self.fail(error.into())),
        }
    }

    /// Moves received plain text over from rustls.
    fn receive(&mut self, received: usize) -> Result<(), TlsError> {
        let before = self.unread.len();
        self.unread.resize(before + received, 0);
        let room = self.unread.get_mut(before..).unwrap_or_default();
        match self.tls.reader().read_exact(room) {
            Ok(()) => Ok(()),
            Err(error) => {
                self.unread.truncate(before);
                Err(self.fail(TlsError::Protocol(error.to_string())))
            }
        }
    }

    fn fail(&mut self, error: TlsError) -> TlsError {
        self.failed = Some(error.clone());
        error
    }

    /// The peer's connection has ended.
    ///
    /// # Errors
    /// [`TlsError::Protocol`] if the peer has not said goodbye: what was received may not be all.
    pub fn give_end(&mut self) -> Result<(), TlsError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        self.ended = true;
        let handshaking = self.tls.is_handshaking();
        // Tells rustls that nothing more comes.
        let mut nothing: &[u8] = &[];
        let told = self
            .tls
            .read_tls(&mut nothing)
            .map_err(|error| TlsError::Protocol(error.to_string()));
        told.map_err(|error| self.fail(error))?;
        self.process()?;
        if self.said_goodbye || (self.closing && !handshaking) {
            return Ok(());
        }
        let text = if handshaking {
            "the peer cut the connection during the handshake"
        } else {
            "the peer cut the connection"
        };
        Err(self.fail(TlsError::Protocol(text.to_owned())))
    }

    /// Takes plain text to be sent; returns how much.
    ///
    /// # Errors
    /// Why the session has failed; [`TlsError::Closed`] after its end.
    pub fn write(&mut self, plain: &[u8]) -> Result<usize, TlsError> {
        if let Some(failed) = &self.failed {
            return Err(failed.clone());
        }
        if self.closing || self.ended {
            return Err(TlsError::Closed);
        }
        // rustls would keep it until the handshake is done.
        if self.tls.is_handshaking() {
            return Ok(0);
        }
        let most = plain.len().min(CALL_BYTES);
        let piece = plain.get(..most).unwrap_or_default();
        self.tls
            .writer()
            .write(piece)
            .map_err(|error| TlsError::Protocol(error.to_string()))
    }

    /// Received plain text, at most `most` bytes; none at the moment if empty.
    ///
    /// # Errors
    /// [`TlsError::Closed`] once the peer has closed and all was read; else why the session has failed, once all was read.
    pub fn read(&mut self, most: usize) -> Result<Vec<u8>, TlsError> {
        let most = most.min(CALL_BYTES);
        if most == 0 {
            return Ok(Vec::new());
        }
        if !self.unread.is_empty() {
            let now = most.min(self.unread.len());
            return Ok(self.unread.split_to(now).into());
        }
        // Nothing is kept for a session that waits.
        self.unread = BytesMut::new();
        match &self.failed {
            Some(failed) => Err(failed.clone()),
            None if self.said_goodbye || self.ended => Err(TlsError::Closed),
            None => Ok(Vec::new()),
        }
    }

    /// Whether the handshake lasts.
    #[must_use]
    pub fn handshaking(&self) -> bool {
        self.tls.is_handshaking()
    }

    /// What was agreed on, once the handshake is done.
    #[must_use]
    pub fn details(&self) -> Option<Details> {
        if self.tls.is_handshaking() {
            return None;
        }
        let suite = self.tls.negotiated_cipher_suite()?;
        let certificates = self.tls.peer_certificates().unwrap_or_default();
        Some(Details {
            version: match self.tls.protocol_version()? {
                ProtocolVersion::TLSv1_2 => "TLSv1.2",
                _ => "TLSv1.3",
            },
            cipher: cipher_name(suite),
            bits: cipher_bits(suite),
            alpn: self
                .tls
                .alpn_protocol()
                .map(|name| String::from_utf8_lossy(name).into_owned()),
            certificates: certificates.iter().map(|der| der.to_vec()).collect(),
        })
    }

    /// Says goodbye: the alert waits to be taken.
    pub fn close(&mut self) {
        if !self.closing && self.failed.is_none() {
            self.closing = true;
            self.tls.send_close_notify();
        }
    }
}

/// rustls writes TLS 1.3's names with the version in them; IANA does not.
fn cipher_name(suite: SupportedCipherSuite) -> String {
    let name = suite.suite().as_str().unwrap_or("unknown");
    name.replacen("TLS13_", "TLS_", 1)
}

fn cipher_bits(suite: SupportedCipherSuite) -> u32 {
    let name = suite.suite().as_str().unwrap_or_default();
    if name.contains("AES_128") { 128 } else { 256 }
}

/// Takes so many bytes and no more.
struct Part<'a> {
    taken: &'a mut Vec<u8>,
    room: usize,
}

impl Write for Part<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let now = bytes.len().min(self.room);
        self.taken.extend_from_slice(bytes.get(..now).unwrap_or_default());
        self.room -= now;
        Ok(now)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
