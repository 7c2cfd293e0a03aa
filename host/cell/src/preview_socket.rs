//! WebSockets to a server inside the sandbox: extended CONNECT on the runner's side, an HTTP/1.1 upgrade on the server's.
//! Frames pass untouched.

use crate::call::Call;
use crate::error::{ApiError, Code};
use crate::preview::{broken, connect, respond};
use crate::preview_headers::{for_client, for_server};
use axum::body::Body;
use axum::extract::Request;
use axum::response::Response;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderValue, Method, StatusCode, Uri};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use hyper_util::rt::TokioIo;
use std::time::Duration;
use tokio::time::timeout;

const WEBSOCKET: &str = "websocket";
/// How long a server may take to agree.
const AGREE_WAIT: Duration = Duration::from_secs(30);
/// Buffer of each direction of a tunnel.
const TUNNEL_BYTES: usize = 16 << 10;

/// Opens a tunnel, if the server agrees; otherwise its answer is the client's.
pub(crate) async fn open(call: Call, port: u16, target: Uri, mut request: Request) -> Result<Response, ApiError> {
    let protocol = request.extensions().get::<Protocol>().map(Protocol::as_str);
    if request.method() != Method::CONNECT || protocol != Some(WEBSOCKET) {
        return Err(ApiError::bad_request("only WebSockets are tunnelled into sandboxes"));
    }
    let client = request.extensions_mut().remove::<OnUpgrade>();
    let client = client.ok_or_else(|| ApiError::bad_request("this connection cannot become a WebSocket"))?;
    let mut headers = std::mem::take(request.headers_mut());
    for_server(&mut headers, port)?;
    for name in [CONTENT_LENGTH, CONTENT_TYPE, SEC_WEBSOCKET_ACCEPT] {
        headers.remove(name);
    }
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
    headers.insert(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
    // Between cell and server only, both of this process: any 16 bytes do.
    let key = HeaderValue::try_from(key()).map_err(ApiError::internal)?;
    headers.insert(SEC_WEBSOCKET_KEY, key);
    let mut forward = Request::new(Body::empty());
    *forward.method_mut() = Method::GET;
    *forward.uri_mut() = target;
    *forward.headers_mut() = headers;

    let mut lent = connect(&call, port).await?;
    let answer = timeout(AGREE_WAIT, lent.send(forward)).await.map_err(|_| {
        ApiError::new(
            StatusCode::GATEWAY_TIMEOUT,
            Code::GatewayTimeout,
            format!(
                "the server on port {port} did not agree to a WebSocket within {} s",
                AGREE_WAIT.as_secs()
            ),
        )
    })?;
    let mut answer = answer.map_err(|unsent| broken(port, &*unsent.error))?;
    if answer.status() != StatusCode::SWITCHING_PROTOCOLS {
        if answer.status().is_success() {
            return Err(ApiError::new(
                StatusCode::BAD_GATEWAY,
                Code::BadGateway,
                format!("the server on port {port} speaks no WebSocket here"),
            ));
        }
        return respond(answer, lent, call);
    }
    let server = hyper::upgrade::on(&mut answer);
    let mut response = Response::new(Body::empty());
    std::mem::swap(response.headers_mut(), answer.headers_mut());
    for_client(response.headers_mut())?;
    for name in [SEC_WEBSOCKET_ACCEPT, CONTENT_LENGTH, CONTENT_TYPE] {
        response.headers_mut().remove(name);
    }
    tokio::spawn(async move {
        // It counts as a call for as long as it lives.
        let _call = call;
        match tokio::try_join!(client, server) {
            Ok((client, server)) => {
                let (mut client, mut server) = (TokioIo::new(client), TokioIo::new(server));
                let carried =
                    tokio::io::copy_bidirectional_with_sizes(&mut client, &mut server, TUNNEL_BYTES, TUNNEL_BYTES);
                if let Err(error) = carried.await {
                    tracing::trace!(%error, "a WebSocket into a sandbox broke");
                }
            }
            Err(error) => tracing::debug!(%error, "a WebSocket was not opened"),
        }
    });
    Ok(response)
}

/// 16 bytes in base64: 22 digits of its alphabet and the padding. The last digit carries two bits only.
fn key() -> String {
    let digits = uuid::Uuid::new_v4().simple().to_string();
    format!("{}A==", &digits[..21])
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn keys_look_like_sixteen_bytes() {
        let key = key();
        assert_eq!((key.len(), key.ends_with("A==")), (24, true), "{key}");
        assert_ne!(key, super::key());
    }
}
