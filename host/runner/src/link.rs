//! The link: the one connection to the plane over which toolbox calls arrive. The runner dials it and then serves
//! HTTP/2 on it.

use crate::address::Address;
use crate::backoff::Backoff;
use crate::cells::{CallError, CellBody, Cells, TRIES};
use crate::driver::{Driver, Refusal};
use crate::plane::Plane;
use bytes::Bytes;
use http::header::{
    AUTHORIZATION, CONNECTION, CONTENT_TYPE, HOST, HeaderName, HeaderValue, TRANSFER_ENCODING, UPGRADE,
};
use http::{Request, Response, StatusCode, Uri};
use http_body_util::{Either, Empty, Full};
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use sandbar_cell::error::{ApiError, Code};
use sandbar_forward::{Call, FORWARD_HEADER, LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey, now_millis};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::net::TcpStream;
use tokio::sync::watch;

/// From dialling to the 101 answer.
const DIAL_DEADLINE: Duration = Duration::from_secs(10);
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);
/// A link that lived this long was a good one: the next is dialled at once.
const LIVED_WELL: Duration = Duration::from_secs(10);
/// Ping after this much silence, and give the link up if no answer comes: a plane that was cut off never says so.
const PING_EVERY: Duration = Duration::from_secs(15);
const PING_DEADLINE: Duration = Duration::from_secs(10);
/// Calls at once over the link: a thousand sandboxes with a few calls each.
const STREAMS: u32 = 4096;
const STREAM_WINDOW: u32 = 1 << 20;
const CONNECTION_WINDOW: u32 = 16 << 20;
/// Bytes of one call's answer that wait for a slow plane.
const SEND_BUFFER: usize = 1 << 20;

/// Why there is no link.
#[derive(Debug, thiserror::Error)]
enum LinkError {
    #[error("cannot dial the plane: {0}")]
    Dial(#[from] std::io::Error),
    #[error("no answer from the plane within {} s", DIAL_DEADLINE.as_secs())]
    Late,
    #[error("the link's HTTP failed: {0}")]
    Http(#[from] hyper::Error),
    #[error("the plane answered {0} instead of opening the link")]
    Refused(StatusCode),
    #[error("the plane opened the link without a usable key")]
    NoKey,
    #[error("the request for the link cannot be built: {0}")]
    Request(#[from] http::Error),
}

type Body = Either<Incoming, Full<Bytes>>;

/// Keeps one link to the front at `front` open until it is dropped. `up` tells whether there is one.
pub(crate) async fn run(plane: Plane, front: Address, driver: Arc<Driver>, up: watch::Sender<bool>) {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    loop {
        let since = Instant::now();
        let result = session(&plane, &front, &driver, &up).await;
        up.send_replace(false);
        if since.elapsed() > LIVED_WELL {
            backoff.reset();
        }
        let wait = backoff.next();
        match result {
            Ok(()) => tracing::warn!(?wait, "the plane closed the link"),
            Err(error) => tracing::warn!(%error, ?wait, "no link to the plane"),
        }
        tokio::time::sleep(wait).await;
    }
}

async fn session(
    plane: &Plane,
    front: &Address,
    driver: &Arc<Driver>,
    up: &watch::Sender<bool>,
) -> Result<(), LinkError> {
    let (upgraded, key) = tokio::time::timeout(DIAL_DEADLINE, dial(plane, front))
        .await
        .map_err(|_| LinkError::Late)??;
    up.send_replace(true);
    tracing::info!("linked to the plane");
    let key = Arc::new(key);
    let service = service_fn(move |request| {
        let (driver, key) = (Arc::clone(driver), Arc::clone(&key));
        async move { Ok::<_, Infallible>(serve(&driver, &key, request).await) }
    });
    hyper::server::conn::http2::Builder::new(TokioExecutor::new())
        .timer(TokioTimer::new())
        .keep_alive_interval(PING_EVERY)
        .keep_alive_timeout(PING_DEADLINE)
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_send_buf_size(SEND_BUFFER)
        .serve_connection(TokioIo::new(upgraded), service)
        .await?;
    Ok(())
}

/// Dials and upgrades; gives the connection and the key that seals its calls.
async fn dial(plane: &Plane, front: &Address) -> Result<(TokioIo<hyper::upgrade::Upgraded>, LinkKey), LinkError> {
    let stream = TcpStream::connect(&front.dial).await?;
    stream.set_nodelay(true)?;
    let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream)).await?;
    // Ends by itself once the connection is upgraded or dropped.
    tokio::spawn(async move {
        if let Err(error) = connection.with_upgrades().await {
            tracing::debug!(%error, "the link's first half ended");
        }
    });
    let request = Request::get("/link")
        .header(HOST, front.authority.as_str())
        .header(CONNECTION, "Upgrade")
        .header(UPGRADE, LINK_PROTOCOL)
        .header(AUTHORIZATION, plane.token().clone())
        .body(Empty::<Bytes>::new())?;
    let response = sender.send_request(request).await?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        return Err(LinkError::Refused(response.status()));
    }
    let key = response
        .headers()
        .get(LINK_KEY_HEADER)
        .and_then(|value| value.to_str().ok())
        .and_then(LinkKey::from_hex)
        .ok_or(LinkError::NoKey)?;
    let upgraded = hyper::upgrade::on(response).await?;
    Ok((TokioIo::new(upgraded), key))
}

/// Serves one call: checks its seal, asks the agent, forwards it to the cell. Bodies stream both ways.
async fn serve(driver: &Arc<Driver>, key: &LinkKey, request: Request<Incoming>) -> Response<Body> {
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    match forward(driver, key, request).await {
        Ok(response) => response.map(Either::Left),
        Err(error) => {
            let body = error.body(&method, &path).to_string();
            let mut response = Response::new(Either::Right(Full::from(body)));
            *response.status_mut() = error.status;
            response
                .headers_mut()
                .insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
            response
        }
    }
}

async fn forward(
    driver: &Arc<Driver>,
    key: &LinkKey,
    mut request: Request<Incoming>,
) -> Result<Response<Incoming>, ApiError> {
    let path_and_query = request
        .uri()
        .path_and_query()
        .map_or("/", |path| path.as_str())
        .to_owned();
    let sandbox = sandbox_of(request.uri().path())
        .ok_or_else(|| ApiError::new(StatusCode::NOT_FOUND, Code::NotFound, "no such route"))?
        .to_owned();
    let seal = request
        .headers()
        .get(FORWARD_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let call = Call {
        method: request.method().as_str(),
        path_and_query: &path_and_query,
        sandbox: &sandbox,
    };
    let generation = key
        .open(&call, seal, now_millis())
        .map_err(|error| ApiError::new(StatusCode::FORBIDDEN, Code::Forbidden, error.to_string()))?;
    *request.uri_mut() = Uri::try_from(format!("http://cell{path_and_query}"))
        .map_err(|error| ApiError::bad_request(error.to_string()))?;
    let headers = request.headers_mut();
    for name in [
        HeaderName::from_static(FORWARD_HEADER),
        AUTHORIZATION,
        HOST,
        CONNECTION,
        TRANSFER_ENCODING,
        UPGRADE,
    ] {
        headers.remove(name);
    }
    let mut request: Request<CellBody> = request.map(Either::Left);
    for _ in 0..TRIES {
        let life = driver
            .admit_call(&sandbox, generation)
            .await
            .map_err(|refusal| refused(&refusal))?;
        match Cells::call(&life, request).await {
            Ok(response) => return Ok(response),
            Err(CallError::Failed(error)) => return Err(unavailable(error.to_string())),
            // The cell died under it, unseen: no harm in asking its next life.
            Err(CallError::Unsent(unsent)) => request = *unsent,
        }
    }
    Err(unavailable("the cell keeps ending".to_owned()))
}

fn refused(refusal: &Refusal) -> ApiError {
    match refusal {
        Refusal::Agent(reason) => ApiError::new(StatusCode::CONFLICT, Code::Conflict, reason.clone()),
        Refusal::Cell(_) | Refusal::Late => unavailable(refusal.to_string()),
    }
}

fn unavailable(reason: String) -> ApiError {
    ApiError::new(
        StatusCode::SERVICE_UNAVAILABLE,
        Code::ServiceUnavailable,
        format!("{reason}; the sandbox keeps its files, try again"),
    )
}

/// The sandbox that a path of the link names.
fn sandbox_of(path: &str) -> Option<&str> {
    let (sandbox, _) = path.strip_prefix("/toolbox/")?.split_once('/')?;
    sandbar_cell::valid_id(sandbox).then_some(sandbox)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_names_its_sandbox() {
        assert_eq!(sandbox_of("/toolbox/s-1/files/info"), Some("s-1"));
        for bad in [
            "/toolbox/s",
            "/toolbox//x",
            "/toolbox/../x",
            "/sandboxes/s/stop",
            "/stats",
        ] {
            assert_eq!(sandbox_of(bad), None, "{bad}");
        }
    }
}
