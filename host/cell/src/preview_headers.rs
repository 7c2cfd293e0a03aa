//! Which headers cross between the outside and a server inside a sandbox (RFC 9110, 7.6.1): framing and connection are
//! each side's own, so that neither can make the other see a boundary that is not there.

use crate::error::{ApiError, Code};
use http::header::{
    CONNECTION, CONTENT_LENGTH, EXPECT, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::uri::Authority;
use http::{HeaderMap, HeaderValue, StatusCode};

/// Most header fields of one message; the servers that people write take about as many.
const FIELDS: usize = 100;
/// Most bytes of the header fields of one message: what HTTP/2 peers take by default.
const BYTES: usize = 16 << 10;
/// Under which name the client called, as the front tells it.
const FORWARDED_HOST: &str = "x-forwarded-host";
/// Between front, runner and cell only.
const OURS: &str = "sandbar-";

/// Of one connection only.
const HOP: [HeaderName; 9] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Makes a client's headers those of a request to the server on `port`.
///
/// # Errors
/// 400 for a length that is none, 431 for too many headers.
pub(crate) fn for_server(headers: &mut HeaderMap, port: u16) -> Result<(), ApiError> {
    if !fits(headers) {
        return Err(ApiError::new(
            StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Code::BadRequest,
            format!("more than {FIELDS} header fields, or more than {BYTES} bytes of them"),
        ));
    }
    let mut lengths = headers.get_all(CONTENT_LENGTH).iter();
    let length = lengths.next();
    let number = |value: &HeaderValue| !value.is_empty() && value.as_bytes().iter().all(u8::is_ascii_digit);
    if lengths.next().is_some() || length.is_some_and(|length| !number(length)) {
        return Err(ApiError::bad_request("Content-Length is not one number"));
    }
    hop_by_hop(headers);
    // The body is sent as it comes: whoever waits for a `100 Continue` was answered by the front.
    headers.remove(EXPECT);
    let named = headers
        .get(FORWARDED_HOST)
        .filter(|name| Authority::try_from(name.as_bytes()).is_ok_and(|name| !name.as_str().contains('@')))
        .cloned();
    let host = named.or_else(|| HeaderValue::try_from(format!("localhost:{port}")).ok());
    if let Some(host) = host {
        headers.insert(HOST, host);
    }
    Ok(())
}

/// Makes a server's headers those of an answer.
///
/// # Errors
/// 502 for too many.
pub(crate) fn for_client(headers: &mut HeaderMap) -> Result<(), ApiError> {
    if !fits(headers) {
        return Err(ApiError::new(
            StatusCode::BAD_GATEWAY,
            Code::BadGateway,
            format!(
                "the server in the sandbox answered with more than {FIELDS} header fields, or more than {BYTES} bytes"
            ),
        ));
    }
    // With both, the length is not what counts (RFC 9112, 6.3).
    if headers.contains_key(TRANSFER_ENCODING) {
        headers.remove(CONTENT_LENGTH);
    }
    hop_by_hop(headers);
    Ok(())
}

fn fits(headers: &HeaderMap) -> bool {
    // As HTTP/2 counts: 32 for each field.
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + 32;
    headers.len() <= FIELDS && headers.iter().map(bytes).sum::<usize>() <= BYTES
}

fn hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    for name in HOP.iter().chain(&named) {
        headers.remove(name);
    }
    let ours = |name: &&HeaderName| name.as_str().starts_with(OURS);
    let ours: Vec<HeaderName> = headers.keys().filter(ours).cloned().collect();
    for name in ours {
        headers.remove(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(n, v): &(&'static str, &'static str)| (HeaderName::from_static(n), HeaderValue::from_static(v));
        let mut map = HeaderMap::new();
        for (name, value) in pairs.iter().map(pair) {
            map.append(name, value);
        }
        map
    }

    #[test]
    fn a_server_sees_no_framing_but_ours() {
        let mut headers = map(&[
            ("connection", "keep-alive, x-mine"),
            ("x-mine", "1"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("expect", "100-continue"),
            ("host", "evil"),
            ("sandbar-forward", "seal"),
            ("content-length", "3"),
            ("accept", "a"),
        ]);
        for_server(&mut headers, 3000).expect("headers");
        assert_eq!(
            headers,
            map(&[("content-length", "3"), ("accept", "a"), ("host", "localhost:3000")])
        );
    }

    #[test]
    fn the_host_is_the_one_that_the_client_called() {
        for (given, host) in [
            ("3000-x.example:8443", "3000-x.example:8443"),
            ("a b", "localhost:1"),
            ("u@h", "localhost:1"),
        ] {
            let mut headers = map(&[("x-forwarded-host", given)]);
            for_server(&mut headers, 1).expect("headers");
            assert_eq!(headers[HOST], host, "{given}");
        }
    }

    #[test]
    fn lengths_must_be_one_number() {
        for bad in [
            &[("content-length", "1"), ("content-length", "2")][..],
            &[("content-length", "+1")],
            &[("content-length", "")],
            &[("content-length", "1, 1")],
        ] {
            assert_eq!(
                for_server(&mut map(bad), 1).expect_err("no length").status,
                400,
                "{bad:?}"
            );
        }
        let mut headers = map(&[("content-length", "1"), ("transfer-encoding", "chunked")]);
        for_client(&mut headers).expect("headers");
        assert_eq!(headers, HeaderMap::new());
    }

    #[test]
    fn floods_are_refused() {
        let mut many = HeaderMap::new();
        for n in 0..=FIELDS {
            many.insert(
                HeaderName::try_from(format!("x-{n}")).expect("a name"),
                HeaderValue::from_static(""),
            );
        }
        let mut large = map(&[]);
        large.insert("x", HeaderValue::try_from("a".repeat(BYTES)).expect("a value"));
        for headers in [many, large] {
            assert_eq!(for_server(&mut headers.clone(), 1).expect_err("too much").status, 431);
            assert_eq!(for_client(&mut headers.clone()).expect_err("too much").status, 502);
        }
    }
}
