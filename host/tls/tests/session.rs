//! Sessions against a rustls server in memory.

use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, SupportedProtocolVersion};
use sandbar_tls::limits::SESSIONS;
use sandbar_tls::{Roots, Session, Sessions, Settings, TlsError};

static AUTHORITIES: AtomicUsize = AtomicUsize::new(0);

/// A root, and what it signs.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::new()).expect("parameters");
        // Two roots of one name would be taken for each other, and then found out by their signatures.
        let number = AUTHORITIES.fetch_add(1, Ordering::Relaxed);
        let name = format!("root {number}");
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().expect("a key");
        Self(CertifiedIssuer::self_signed(parameters, key).expect("a root"))
    }

    fn pem(&self) -> String {
        self.0.pem()
    }

    /// A server for `name`, whose certificate ends with `until`.
    fn server(&self, name: &str, until: i32, versions: &[&'static SupportedProtocolVersion]) -> ServerConnection {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).expect("parameters");
        parameters.not_before = date_time_ymd(2020, 1, 1);
        parameters.not_after = date_time_ymd(until, 1, 1);
        let key = KeyPair::generate().expect("a key");
        let certificate: CertificateDer<'static> = parameters.signed_by(&key, &self.0).expect("signed").into();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_single_cert(vec![certificate], key)
            .expect("a server");
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        ServerConnection::new(Arc::new(config)).expect("a connection")
    }
}

const BOTH: &[&SupportedProtocolVersion] = rustls::ALL_VERSIONS;

fn settings(name: &str) -> Settings {
    Settings {
        server_name: name.to_owned(),
        alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
        extra_roots: None,
        verify: true,
    }
}

/// A session that trusts `authority` beside the public roots.
fn trusting(authority: &Authority, name: &str) -> Session {
    let settings = Settings {
        extra_roots: Some(authority.pem().into_bytes()),
        ..settings(name)
    };
    Session::open(&Roots::load(None).expect("roots"), &Arc::default(), settings).expect("a session")
}

/// Carries records to and fro until both are silent.
fn carry(session: &mut Session, server: &mut ServerConnection) -> Result<(), TlsError> {
    loop {
        let up = session.take_records();
        let mut rest = up.as_slice();
        while !rest.is_empty() {
            server.read_tls(&mut rest).expect("bytes are taken");
            // An alert of ours is an error there.
            let _ = server.process_new_packets();
        }
        let mut down = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut down).expect("bytes are given");
        }
        if up.is_empty() && down.is_empty() {
            return Ok(());
        }
        // In odd pieces, as a network brings them.
        for piece in down.chunks(1001) {
            session.give_records(piece)?;
        }
    }
}

fn read_server(server: &mut ServerConnection) -> Vec<u8> {
    let mut received = Vec::new();
    let _ = server.reader().read_to_end(&mut received);
    received
}

#[test]
fn plain_text_passes_both_ways_in_both_versions() {
    let authority = Authority::new();
    for (version, name) in [
        (&rustls::version::TLS12, "TLSv1.2"),
        (&rustls::version::TLS13, "TLSv1.3"),
    ] {
        let mut server = authority.server("server.test", 2100, &[version]);
        let mut session = trusting(&authority, "server.test");
        assert!(session.handshaking() && session.details().is_none());
        assert_eq!(session.write(b"too early"), Ok(0));
        carry(&mut session, &mut server).expect("a handshake");
        assert!(!session.handshaking());
        let details = session.details().expect("details");
        assert_eq!((details.version, details.alpn.as_deref()), (name, Some("http/1.1")));
        assert!(
            details.cipher.starts_with("TLS_") && [128, 256].contains(&details.bits),
            "{details:?}"
        );
        assert_eq!(details.certificates.len(), 1);

        assert_eq!(session.write(b"question"), Ok(8));
        carry(&mut session, &mut server).expect("records");
        assert_eq!(read_server(&mut server), b"question");
        assert_eq!(session.read(100), Ok(Vec::new()));
        server.writer().write_all(b"answer").expect("room");
        server.send_close_notify();
        carry(&mut session, &mut server).expect("records");
        assert_eq!(
            (session.read(3), session.read(100)),
            (Ok(b"ans".to_vec()), Ok(b"wer".to_vec()))
        );
        assert_eq!(session.read(100), Err(TlsError::Closed));
        assert_eq!(session.give_end(), Ok(()));
        session.close();
        assert!(!session.take_records().is_empty(), "the closing alert");
        assert_eq!(session.write(b"x"), Err(TlsError::Closed));
    }
}

#[test]
fn certificates_that_do_not_hold_are_refused_with_the_reason() {
    let authority = Authority::new();
    let other = Authority::new();
    for (what, trusted, server_name, until, word) in [
        ("wrong name", &authority, "other.test", 2100, "not valid for"),
        ("expired", &authority, "server.test", 2021, "expired"),
        ("unknown root", &other, "server.test", 2100, "UnknownIssuer"),
    ] {
        let mut server = authority.server(server_name, until, BOTH);
        let mut session = trusting(trusted, "server.test");
        let error = carry(&mut session, &mut server).expect_err(what);
        assert!(
            matches!(&error, TlsError::Certificate(text) if text.contains(word)),
            "{what}: {error:?}"
        );
        assert!(!session.take_records().is_empty(), "an alert tells the server");
        assert_eq!(session.read(1), Err(error.clone()));
        assert_eq!(
            (session.write(b"x"), session.give_records(b"x")),
            (Err(error.clone()), Err(error))
        );
    }
}

#[test]
fn who_asks_for_no_verification_gets_none() {
    let authority = Authority::new();
    let mut server = authority.server("other.test", 2021, BOTH);
    let settings = Settings {
        verify: false,
        ..settings("server.test")
    };
    let mut session = Session::open(&Roots::load(None).expect("roots"), &Arc::default(), settings).expect("a session");
    carry(&mut session, &mut server).expect("a handshake");
    assert!(session.details().is_some());
}

#[test]
fn an_operators_roots_are_trusted_by_all() {
    let authority = Authority::new();
    let file = std::env::temp_dir().join(format!("sandbar-tls-{}.pem", std::process::id()));
    std::fs::write(&file, authority.pem()).expect("a file");
    let roots = Roots::load(Some(&file)).expect("roots");
    std::fs::write(&file, "no certificate").expect("a file");
    let refused = Roots::load(Some(&file)).expect_err("nothing in it");
    assert!(refused.to_string().contains("no certificate"), "{refused}");
    std::fs::remove_file(&file).expect("the file");
    assert!(Roots::load(Some(&file)).is_err());
    let mut server = authority.server("127.0.0.1", 2100, BOTH);
    let settings = Settings {
        alpn: Vec::new(),
        ..settings("127.0.0.1")
    };
    let mut session = Session::open(&roots, &Arc::default(), settings).expect("a session");
    carry(&mut session, &mut server).expect("a handshake");
}

#[test]
fn a_peer_that_cuts_is_told_from_one_that_closes() {
    let authority = Authority::new();
    let mut session = trusting(&authority, "server.test");
    assert!(
        matches!(session.give_end(), Err(TlsError::Protocol(_))),
        "during the handshake"
    );
    let mut server = authority.server("server.test", 2100, BOTH);
    let mut session = trusting(&authority, "server.test");
    carry(&mut session, &mut server).expect("a handshake");
    server.writer().write_all(b"half of").expect("room");
    carry(&mut session, &mut server).expect("records");
    let cut = session.give_end().expect_err("no goodbye");
    assert!(
        matches!(&cut, TlsError::Protocol(text) if text.contains("cut")),
        "{cut:?}"
    );
    assert_eq!(session.read(100), Ok(b"half of".to_vec()));
    assert_eq!(session.read(100), Err(cut));
    assert!(session.give_records(b"x").is_err());
    // Garbage instead of records.
    let mut session = trusting(&authority, "server.test");
    let error = session
        .give_records(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        .expect_err("no TLS");
    assert!(matches!(error, TlsError::Protocol(_)), "{error:?}");
}

#[test]
fn limits_hold() {
    let roots = Roots::load(None).expect("roots");
    let sessions: Arc<Sessions> = Arc::default();
    let open = |settings| Session::open(&roots, &sessions, settings);
    for bad in [
        Settings {
            alpn: vec!["x".into(); 9],
            ..settings("a.test")
        },
        Settings {
            alpn: vec![String::new()],
            ..settings("a.test")
        },
        Settings {
            alpn: vec!["x".repeat(256)],
            ..settings("a.test")
        },
        Settings {
            extra_roots: Some(vec![0; (1 << 20) + 1]),
            ..settings("a.test")
        },
        Settings {
            extra_roots: Some(b"x".to_vec()),
            ..settings("a.test")
        },
        settings("not a name"),
        settings(&"a.".repeat(200)),
    ] {
        assert!(matches!(open(bad.clone()), Err(TlsError::Invalid(_))), "{bad:?}");
    }
    let held: Vec<Session> = (0..SESSIONS).map(|_| open(settings("a.test")).expect("room")).collect();
    assert_eq!(open(settings("a.test")).err(), Some(TlsError::Limit));
    drop(held);
    assert_eq!(sessions.held(), 0);

    // What the guest does not take or read stays bounded.
    let authority = Authority::new();
    let mut server = authority.server("server.test", 2100, BOTH);
    let mut session = trusting(&authority, "server.test");
    carry(&mut session, &mut server).expect("a handshake");
    let mut written = 0;
    while let Ok(taken @ 1..) = session.write(&[7; 100_000]) {
        written += taken;
        assert!(written < 1 << 20, "{written}");
    }
    assert!(session.take_records().len() <= 64 << 10);
    assert!(session.give_records(&[0; (64 << 10) + 1]).is_err());
    let mut refused = false;
    for _ in 0..100 {
        server.writer().write_all(&[7; 16 << 10]).expect("room");
        let mut down = Vec::new();
        while server.wants_write() {
            server.write_tls(&mut down).expect("bytes are given");
        }
        match session.give_records(&down) {
            Ok(()) => {}
            Err(error) => {
                assert_eq!(error, TlsError::Limit);
                refused = true;
                break;
            }
        }
    }
    assert!(refused, "unread plain text is bounded");
    assert_eq!(session.read(usize::MAX).map(|plain| plain.len() <= 64 << 10), Ok(true));
}
