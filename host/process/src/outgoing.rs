//! HTTP requests that the host makes for a program (`wasi:http/outgoing-handler`).
//!
//! They leave by the sandbox's own network: its loopback, its policy, its limits, exactly as if the program had opened the
//! socket. TLS trusts whom all programs of the cell trust.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use http::uri::{PathAndQuery, Scheme};
use http::{Request, Response, Uri};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::client::conn::http1;
use sandbar_net::{ConnectError, Connection, LookupError, Network, Refusal};
use sandbar_tls::Roots;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::{Sleep, sleep, timeout};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::{self, pki_types::ServerName};
use wasmtime_wasi_http::io::TokioIo;
use wasmtime_wasi_http::p2::bindings::http::types::ErrorCode;
use wasmtime_wasi_http::{Error, RequestOptions, WasiBody, WasiHttpHooks};

use crate::limits::{MAX_HEAD_BYTES, MAX_HTTP_WAIT};
use crate::notes::Notes;

/// Makes them for one process.
pub(crate) struct Requests {
    pub(crate) network: Network,
    pub(crate) roots: Arc<Roots>,
    pub(crate) notes: Notes,
}

type Sent = (Response<WasiBody>, Box<dyn Future<Output = Result<(), Error>> + Send>);

trait Stream: AsyncRead + AsyncWrite + Send + Unpin {}
impl<T: AsyncRead + AsyncWrite + Send + Unpin> Stream for T {}

impl WasiHttpHooks for Requests {
    fn send_request(
        &mut self,
        request: Request<WasiBody>,
        options: Option<RequestOptions>,
        _sent: Box<dyn Future<Output = Result<(), Error>> + Send>,
    ) -> Box<dyn Future<Output = Result<Sent, Error>> + Send> {
        let way = Way {
            network: self.network.clone(),
            roots: Arc::clone(&self.roots),
            notes: self.notes.clone(),
        };
        Box::new(way.send(request, options.unwrap_or_default()))
    }

    // What a program's peers do wrong is the program's to know, not the log's.
    fn p2_error_from_hyper(&mut self, error: &hyper::Error) -> ErrorCode {
        tracing::debug!(%error, "a request of a program failed");
        if error.is_incomplete_message() {
            ErrorCode::ConnectionTerminated
        } else {
            ErrorCode::HttpProtocolError
        }
    }

    fn p2_error_from_connect(&mut self, error: &io::Error) -> ErrorCode {
        tracing::debug!(%error, "a request of a program found no connection");
        ErrorCode::DestinationUnavailable
    }

    fn p2_error_from_tls(&mut self, error: &io::Error) -> ErrorCode {
        tracing::debug!(%error, "a request of a program found no TLS");
        let certificate = error
            .get_ref()
            .and_then(|inner| inner.downcast_ref::<rustls::Error>())
            .is_some_and(|inner| {
                matches!(
                    inner,
                    rustls::Error::InvalidCertificate(_) | rustls::Error::NoCertificatesPresented
                )
            });
        if certificate {
            ErrorCode::TlsCertificateError
        } else {
            ErrorCode::TlsProtocolError
        }
    }
}

/// The way out of one request.
struct Way {
    network: Network,
    roots: Arc<Roots>,
    notes: Notes,
}

impl Way {
    async fn send(self, mut request: Request<WasiBody>, options: RequestOptions) -> Result<Sent, Error> {
        let connect = wait(options.connect_timeout);
        let stream = timeout(connect, self.connect(request.uri()))
            .await
            .map_err(|_| Error::ConnectionTimeout)??;
        let (mut sender, connection) = http1::Builder::new()
            .max_buf_size(MAX_HEAD_BYTES)
            .handshake(TokioIo::new(stream))
            .await?;
        // Servers, unlike proxies, are told the path alone.
        let path = request.uri().path_and_query().cloned();
        *request.uri_mut() = Uri::from(path.unwrap_or_else(|| PathAndQuery::from_static("/")));
        let mut connection = Box::pin(connection);
        let answer = timeout(wait(options.first_byte_timeout), sender.send_request(request));
        tokio::pin!(answer);
        let mut driven = false;
        let response = loop {
            tokio::select! {
                answer = &mut answer => break answer.map_err(|_| Error::ConnectionReadTimeout)??,
                ended = &mut connection, if !driven => {
                    ended?;
                    // Whatever has come is with `answer` now.
                    driven = true;
                }
            }
        };
        let between = wait(options.between_bytes_timeout);
        let response = response.map(|body| Timed::new(body, between).boxed_unsync());
        let io = async move {
            if !driven {
                connection.await?;
            }
            Ok(())
        };
        Ok((response, Box::new(io)))
    }

    async fn connect(&self, uri: &Uri) -> Result<Box<dyn Stream>, Error> {
        let secure = uri.scheme() == Some(&Scheme::HTTPS);
        let host = uri.host().filter(|host| !host.is_empty());
        let host = host.ok_or(Error::HttpRequestUriInvalid)?;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let port = uri.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let connection = self.reach(host, port).await?;
        if !secure {
            return Ok(Box::new(connection));
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| Error::HttpRequestUriInvalid)?;
        let connector = TlsConnector::from(Arc::clone(self.roots.client_config()));
        let stream = connector.connect(name, connection).await.map_err(Error::Tls)?;
        Ok(Box::new(stream))
    }

    /// Tries the addresses of `host` one after the other.
    async fn reach(&self, host: &str, port: u16) -> Result<Connection, Error> {
        let addresses = self.network.lookup(host).await.map_err(|error| {
            if let LookupError::NotAllowed(refusal) = &error {
                self.refused(host, refusal);
            }
            unknown(&error)
        })?;
        let mut last = Error::DestinationNotFound;
        for address in addresses {
            match self.network.open(None, SocketAddr::new(address, port)).await {
                Ok(connection) => return Ok(connection),
                Err(error) => {
                    if let ConnectError::NotAllowed(refusal) = &error {
                        self.refused(host, refusal);
                    }
                    last = unreachable(error);
                }
            }
        }
        Err(last)
    }

    fn refused(&self, host: &str, refusal: &Refusal) {
        self.notes.refused(host, refusal);
    }
}

/// How long a program wants to wait, or lets be waited.
fn wait(wanted: Option<Duration>) -> Duration {
    wanted.unwrap_or(MAX_HTTP_WAIT).min(MAX_HTTP_WAIT)
}

fn unknown(error: &LookupError) -> Error {
    match error {
        LookupError::Malformed(_) => Error::HttpRequestUriInvalid,
        LookupError::NotAllowed(_) => Error::HttpRequestDenied,
        LookupError::NotFound(_) => Error::DnsError {
            rcode: Some("NXDOMAIN".to_owned()),
            info_code: None,
        },
        LookupError::Unavailable(..) => Error::DnsTimeout,
    }
}

fn unreachable(error: ConnectError) -> Error {
    match error {
        ConnectError::Refused(_) => Error::ConnectionRefused,
        ConnectError::TimedOut(_) => Error::ConnectionTimeout,
        ConnectError::NotAllowed(_) => Error::DestinationIpProhibited,
        ConnectError::Limit(_) => Error::ConnectionLimitReached,
        ConnectError::Io(error) => Error::Connect(error),
    }
}

/// A body whose pieces must not be longer apart than this.
struct Timed {
    body: Incoming,
    patience: Duration,
    end: Pin<Box<Sleep>>,
}

impl Timed {
    fn new(body: Incoming, patience: Duration) -> Self {
        Self {
            body,
            patience,
            end: Box::pin(sleep(patience)),
        }
    }
}

impl Body for Timed {
    type Data = Bytes;
    type Error = Error;

    fn poll_frame(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Error>>> {
        if let Poll::Ready(frame) = Pin::new(&mut self.body).poll_frame(context) {
            let patience = self.patience;
            self.end.set(sleep(patience));
            return Poll::Ready(frame.map(|frame| frame.map_err(Error::from)));
        }
        match self.end.as_mut().poll(context) {
            Poll::Ready(()) => Poll::Ready(Some(Err(Error::ConnectionReadTimeout))),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
