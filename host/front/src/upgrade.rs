//! A client's wish for a WebSocket: HTTP/1.1 upgrade or HTTP/2 extended CONNECT in, extended CONNECT onwards.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{
    CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use http::{HeaderMap, HeaderValue, Method, Request, Response, StatusCode, Version};
use hyper::ext::Protocol;
use hyper::upgrade::OnUpgrade;
use sha1::{Digest, Sha1};

use crate::fault::Fault;
use crate::{Body, body};

/// The one protocol that is tunnelled.
pub const WEBSOCKET: &str = "websocket";

/// What RFC 6455 appends to a key before hashing it.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// The only version of WebSockets.
const VERSION: HeaderValue = HeaderValue::from_static("13");

/// A client that waits for its WebSocket.
pub struct Wish {
    /// The client's side, once it has been answered.
    pub client: OnUpgrade,
    /// Answer to an HTTP/1.1 client's key; none over HTTP/2, which has no keys.
    accept: Option<HeaderValue>,
}

/// Whether the request wants a WebSocket, and what it takes to answer.
///
/// # Errors
/// 400 if it wants one, but not as RFC 6455 or 8441 say.
pub fn wish(request: &mut Request<Body>) -> Result<Option<Wish>, Fault> {
    let accept = if request.version() == Version::HTTP_2 {
        let wants = request.extensions().get::<Protocol>();
        if request.method() != Method::CONNECT || wants.is_none_or(|p| p.as_str() != WEBSOCKET) {
            return Ok(None);
        }
        None
    } else {
        // Other upgrades (h2c) are offers that may be ignored.
        if !names(request.headers(), &UPGRADE, WEBSOCKET) {
            return Ok(None);
        }
        if request.method() != Method::GET || !names(request.headers(), &CONNECTION, "upgrade") {
            return Err(refuse("a WebSocket is opened by GET with `Connection: Upgrade`"));
        }
        let key = request.headers().get(SEC_WEBSOCKET_KEY);
        let key = key.filter(|key| STANDARD.decode(key).is_ok_and(|bytes| bytes.len() == 16));
        let key = key.ok_or_else(|| refuse("Sec-WebSocket-Key is not 16 bytes in base64"))?;
        Some(accept(key)?)
    };
    if request.headers().get(SEC_WEBSOCKET_VERSION) != Some(&VERSION) {
        return Err(refuse("Sec-WebSocket-Version is not 13"));
    }
    let client = request.extensions_mut().remove::<OnUpgrade>();
    let client = client.ok_or_else(|| refuse("this connection cannot become a WebSocket"))?;
    Ok(Some(Wish { client, accept }))
}

fn refuse(text: &str) -> Fault {
    Fault::new(StatusCode::BAD_REQUEST, "BAD_WEBSOCKET", text)
}

fn names(headers: &HeaderMap, name: &HeaderName, token: &str) -> bool {
    headers.get_all(name).iter().any(|value| {
        let text = value.to_str().unwrap_or_default();
        text.split(',').any(|part| part.trim().eq_ignore_ascii_case(token))
    })
}

fn accept(key: &HeaderValue) -> Result<HeaderValue, Fault> {
    let hash = Sha1::new().chain_update(key.as_bytes()).chain_update(GUID).finalize();
    HeaderValue::try_from(STANDARD.encode(hash)).map_err(|_| refuse("Sec-WebSocket-Key has no answer"))
}

/// Makes an extended CONNECT of what is otherwise ready for the link.
pub fn connect(request: &mut Request<Body>) {
    *request.method_mut() = Method::CONNECT;
    request.extensions_mut().insert(Protocol::from_static(WEBSOCKET));
    let headers = request.headers_mut();
    for name in [SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_ACCEPT, CONTENT_LENGTH, CONTENT_TYPE] {
        headers.remove(name);
    }
    headers.insert(SEC_WEBSOCKET_VERSION, VERSION);
}

/// What the client is told when the other side has agreed with `agreed`: its choice of subprotocol and extensions
/// passes, the rest is the front's.
pub fn agreed(wish: &Wish, agreed: &HeaderMap) -> Response<Body> {
    let mut response = Response::new(body::empty());
    let headers = response.headers_mut();
    for (name, value) in agreed {
        if *name != SEC_WEBSOCKET_ACCEPT && *name != CONTENT_LENGTH && *name != CONTENT_TYPE {
            headers.append(name, value.clone());
        }
    }
    if let Some(accept) = &wish.accept {
        headers.insert(CONNECTION, HeaderValue::from_static("upgrade"));
        headers.insert(UPGRADE, HeaderValue::from_static(WEBSOCKET));
        headers.insert(SEC_WEBSOCKET_ACCEPT, accept.clone());
        *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    }
    response
}

/// Frames pass untouched, so what was agreed on inside must have been offered outside.
pub fn offered(request: &HeaderMap, agreed: &HeaderMap) -> bool {
    !agreed.contains_key(SEC_WEBSOCKET_EXTENSIONS) || request.contains_key(SEC_WEBSOCKET_EXTENSIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_the_standard() {
        let key = HeaderValue::from_static("dGhlIHNhbXBsZSBub25jZQ==");
        assert_eq!(accept(&key).expect("an answer"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn lists_and_cases_are_read() {
        let headers: HeaderMap = [(CONNECTION, HeaderValue::from_static("keep-alive, Upgrade"))]
            .into_iter()
            .collect();
        assert!(names(&headers, &CONNECTION, "upgrade"));
        assert!(!names(&headers, &UPGRADE, "upgrade"));
    }

    #[test]
    fn half_a_wish_is_refused() {
        let plain = Request::builder().uri("/x").body(body::empty()).expect("a request");
        for (name, value, fails) in [
            ("upgrade", "h2c", false),
            ("accept", "*/*", false),
            ("upgrade", "websocket", true),
        ] {
            let mut request = Request::builder()
                .uri(plain.uri())
                .header(name, value)
                .body(body::empty())
                .expect("a request");
            assert_eq!(wish(&mut request).is_err(), fails, "{name}: {value}");
        }
    }
}
