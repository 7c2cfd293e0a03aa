//! The `spin-*` headers that tell a component how a request reached it, and the limits on what a client sends.

use std::net::SocketAddr;

use http::header::{HeaderMap, HeaderName, HeaderValue};
use http::{Request, StatusCode, Uri};

use crate::limits::{MAX_HEADER_BYTES, MAX_HEADERS, MAX_URI};
use crate::routes::{Captures, Pattern};

/// Address of the client, as a request extension; whoever owns the listener sets it.
#[derive(Debug, Clone, Copy)]
pub struct ClientAddress(pub SocketAddr);

/// Authority of a request without `Host`, so that its URI can be absolute.
const NO_HOST: &str = "localhost";

/// Which limit a request's head breaks.
///
/// # Errors
/// The status and the text to answer with.
pub fn check<B>(request: &Request<B>) -> Result<(), (StatusCode, &'static str)> {
    if request.uri().path_and_query().map_or(0, |p| p.as_str().len()) > MAX_URI {
        return Err((StatusCode::URI_TOO_LONG, "the path and query are too long"));
    }
    let bytes: usize = request
        .headers()
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if request.headers().len() > MAX_HEADERS || bytes > MAX_HEADER_BYTES {
        return Err((
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            "the request headers are too large",
        ));
    }
    Ok(())
}

/// Makes the URI absolute (components want scheme and authority) and sets the `spin-*` headers in place of any
/// that the client sent.
pub fn prepare<B>(request: &mut Request<B>, pattern: &Pattern, captures: &Captures) {
    let uri = absolute(request.uri(), request.headers());
    let client = request.extensions().get::<ClientAddress>().map(|a| a.0.to_string());
    let full = uri.to_string();
    *request.uri_mut() = uri;

    let headers = request.headers_mut();
    let forged: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("spin-"))
        .cloned()
        .collect();
    for name in forged {
        headers.remove(name);
    }
    let mut set = |name: &str, value: &str| {
        // A named segment may hold bytes that no header can; such a header is left out.
        if let (Ok(name), Ok(value)) = (HeaderName::try_from(name), HeaderValue::try_from(value)) {
            headers.insert(name, value);
        }
    };
    set("spin-full-url", &full);
    set("spin-path-info", &captures.rest);
    set("spin-matched-route", pattern.text());
    set("spin-raw-component-route", pattern.text());
    set("spin-component-route", pattern.prefix());
    set("spin-base-path", "/");
    if let Some(client) = client {
        set("spin-client-addr", &client);
    }
    for (name, value) in &captures.named {
        set(&format!("spin-path-match-{}", name.to_ascii_lowercase()), value);
    }
}

fn absolute(uri: &Uri, headers: &HeaderMap) -> Uri {
    let path = uri.path_and_query().map_or("/", |p| p.as_str());
    let authority = uri
        .authority()
        .map(|a| a.as_str())
        .or_else(|| headers.get(http::header::HOST).and_then(|h| h.to_str().ok()))
        .unwrap_or(NO_HOST);
    let build = |authority: &str| {
        Uri::builder()
            .scheme(uri.scheme_str().unwrap_or("http"))
            .authority(authority)
            .path_and_query(path)
            .build()
    };
    // A nonsense Host must not fail the request: it has no meaning to us.
    build(authority)
        .or_else(|_| build(NO_HOST))
        .unwrap_or_else(|_| uri.clone())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routes::Table;

    fn prepared(builder: http::request::Builder) -> Request<()> {
        let mut request = builder.body(()).expect("a request");
        let table = Table::new([(Pattern::parse("/api/:kind/..."), ())]);
        let (pattern, _, captures) = table.find(request.uri().path()).expect("a route");
        prepare(&mut request, pattern, &captures);
        request
    }

    #[test]
    fn says_how_the_request_came() {
        let mut request = Request::get("/api/sandbox/7/start?x=1").header("host", "h:3");
        request = request.extension(ClientAddress(SocketAddr::from(([10, 0, 0, 1], 5))));
        let request = prepared(request);
        assert_eq!(request.uri().to_string(), "http://h:3/api/sandbox/7/start?x=1");
        for (name, value) in [
            ("spin-full-url", "http://h:3/api/sandbox/7/start?x=1"),
            ("spin-path-info", "/7/start"),
            ("spin-matched-route", "/api/:kind/..."),
            ("spin-component-route", "/api/:kind"),
            ("spin-path-match-kind", "sandbox"),
            ("spin-client-addr", "10.0.0.1:5"),
        ] {
            assert_eq!(request.headers()[name], value, "{name}");
        }
    }

    #[test]
    fn a_client_cannot_forge_them() {
        let request = prepared(
            Request::get("/api/x")
                .header("spin-client-addr", "1.1.1.1:1")
                .header("spin-other", "y"),
        );
        assert!(!request.headers().contains_key("spin-client-addr"));
        assert!(!request.headers().contains_key("spin-other"));
    }

    #[test]
    fn a_broken_host_is_replaced() {
        let request = prepared(Request::get("/api/x").header("host", "a b/c"));
        assert_eq!(request.uri().to_string(), "http://localhost/api/x");
    }

    #[test]
    fn heads_are_limited() {
        let long = Request::get(format!("/{}", "a".repeat(MAX_URI)))
            .body(())
            .expect("a request");
        assert_eq!(check(&long).map_err(|e| e.0), Err(StatusCode::URI_TOO_LONG));
        let fat = Request::get("/")
            .header("x", "a".repeat(MAX_HEADER_BYTES))
            .body(())
            .expect("a request");
        assert_eq!(
            check(&fat).map_err(|e| e.0),
            Err(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE)
        );
        assert!(check(&Request::get("/").body(()).expect("a request")).is_ok());
    }
}
