//! `/metrics` on a port of its own, for those who want to scrape a runner directly. Off unless an address is given.

use crate::error::RunnerError;
use crate::metrics::Metrics;
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Scrapers at once; there are one or two.
const CONNECTIONS: usize = 16;
/// From accepting to a complete head.
const HEAD: Duration = Duration::from_secs(10);
/// Longest life of a connection.
const LIFE: Duration = Duration::from_secs(60);

/// Binds and serves until the task is aborted.
pub(crate) async fn start(address: SocketAddr, metrics: Arc<Metrics>) -> Result<JoinHandle<()>, RunnerError> {
    let listener = TcpListener::bind(address)
        .await
        .map_err(|source| RunnerError::Listen { address, source })?;
    Ok(tokio::spawn(serve(listener, metrics)))
}

async fn serve(listener: TcpListener, metrics: Arc<Metrics>) {
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        // Never closed, so a place is always to be had.
        let Ok(place) = Arc::clone(&places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let metrics = Arc::clone(&metrics);
                tokio::spawn(async move {
                    // Whoever stays longer than that is no scraper.
                    let _ = timeout(LIFE, connection(stream, &metrics)).await;
                    drop(place);
                });
            }
            // Out of descriptors, most likely.
            Err(_) => tokio::time::sleep(Duration::from_millis(100)).await,
        }
    }
}

async fn connection(stream: TcpStream, metrics: &Metrics) {
    let service = service_fn(|request| async move { Ok::<_, Infallible>(answer(metrics, &request)) });
    // A scraper that leaves early is no fault of ours.
    let _ = hyper::server::conn::http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .serve_connection(TokioIo::new(stream), service)
        .await;
}

fn answer(metrics: &Metrics, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    if request.method() != http::Method::GET || request.uri().path() != "/metrics" {
        let mut response = Response::new(Full::from("GET /metrics is all there is\n"));
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    }
    let mut response = Response::new(Full::from(metrics.render()));
    let kind = HeaderValue::from_static("text/plain; version=0.0.4");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}
