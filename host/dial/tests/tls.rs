//! TLS with a server of this test's own: trusted by its file, refused without, refused under another name.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Empty, Full};
use hyper::service::service_fn;
use hyper_util::client::legacy::Client;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbar_dial::{Connector, DialError, Origin, Trust};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// A server that answers "secure", and the file with its certificate.
async fn server(names: &[&str], directory: &Path) -> (SocketAddr, std::path::PathBuf) {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let made = rcgen::generate_simple_self_signed(names).expect("a certificate");
    let file = directory.join("ca.pem");
    std::fs::write(&file, made.cert.pem()).expect("a file");
    let key = PrivateKeyDer::Pkcs8(made.signing_key.serialize_der().into());
    let config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                // A client that does not trust us breaks off.
                let Ok(stream) = acceptor.accept(stream).await else {
                    return;
                };
                let answer = service_fn(|_| async {
                    Ok::<_, std::convert::Infallible>(http::Response::new(Full::<Bytes>::from("secure")))
                });
                let _ = hyper::server::conn::http1::Builder::new()
                    .serve_connection(TokioIo::new(stream), answer)
                    .await;
            });
        }
    });
    (address, file)
}

#[tokio::test]
async fn a_certificate_of_the_given_file_is_trusted() {
    let home = tempfile::tempdir().expect("a directory");
    let (address, file) = server(&["127.0.0.1", "localhost"], home.path()).await;
    let trust = Trust::new(Some(&file)).expect("trust");
    let client: Client<_, Empty<Bytes>> = Client::builder(TokioExecutor::new()).build(Connector::new(trust));
    for host in ["127.0.0.1", "localhost"] {
        let url = format!("https://{host}:{}/x?y=z", address.port());
        let request = Request::get(url).body(Empty::new()).expect("a request");
        let answer = client.request(request).await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK);
        let body = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(body, "secure");
    }
}

#[tokio::test]
async fn others_are_refused() {
    let home = tempfile::tempdir().expect("a directory");
    let (address, file) = server(&["other.example"], home.path()).await;
    let origin = Origin::parse(&format!("https://127.0.0.1:{}", address.port())).expect("an origin");
    let unknown = Trust::new(None).expect("trust").dial(&origin).await;
    assert!(matches!(unknown, Err(DialError::Tls(..))), "{unknown:?}");
    let misnamed = Trust::new(Some(&file)).expect("trust").dial(&origin).await;
    assert!(matches!(misnamed, Err(DialError::Tls(..))), "{misnamed:?}");
}

#[tokio::test]
async fn a_file_without_certificates_says_so() {
    let home = tempfile::tempdir().expect("a directory");
    let file = home.path().join("empty.pem");
    std::fs::write(&file, "nothing\n").expect("a file");
    let error = Trust::new(Some(&file)).expect_err("refused").to_string();
    assert!(error.contains("empty.pem"), "{error}");
    assert!(Trust::new(Some(&home.path().join("missing"))).is_err());
}
