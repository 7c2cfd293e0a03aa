//! Which headers cross the front.

use http::header::{
    AUTHORIZATION, CONNECTION, COOKIE, EXPECT, HOST, HeaderName, PROXY_AUTHENTICATE, PROXY_AUTHORIZATION, TE, TRAILER,
    TRANSFER_ENCODING, UPGRADE,
};
use http::{HeaderMap, HeaderValue};

use crate::preview;

/// Of one connection only (RFC 9110, 7.6.1).
const HOP: [HeaderName; 7] = [
    CONNECTION,
    PROXY_AUTHENTICATE,
    PROXY_AUTHORIZATION,
    TE,
    TRAILER,
    TRANSFER_ENCODING,
    UPGRADE,
];

/// Credentials of the caller, and what only concerns the front.
const KEPT_BACK: [HeaderName; 4] = [AUTHORIZATION, HOST, EXPECT, preview::token_header()];

/// Takes out what must not reach a runner: credentials, hop-by-hop headers, and headers in our own name. Cookies go on
/// only to applications (`cookies`), and never ours.
pub fn for_runner(headers: &mut HeaderMap, cookies: bool) {
    hop_by_hop(headers);
    for name in KEPT_BACK {
        headers.remove(name);
    }
    let theirs = if cookies { their_cookies(headers) } else { None };
    headers.remove(COOKIE);
    if let Some(theirs) = theirs {
        headers.insert(COOKIE, theirs);
    }
    let ours: Vec<HeaderName> = headers
        .keys()
        .filter(|name| name.as_str().starts_with("sandbar-"))
        .cloned()
        .collect();
    for name in ours {
        headers.remove(name);
    }
}

/// The cookies that are not ours, in one header as HTTP/1.1 wants them.
fn their_cookies(headers: &HeaderMap) -> Option<HeaderValue> {
    let pairs: Vec<&str> = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .map(str::trim)
        .filter(|pair| !pair.is_empty() && !pair.starts_with(preview::COOKIE_PREFIX))
        .collect();
    HeaderValue::try_from(pairs.join("; "))
        .ok()
        .filter(|_| !pairs.is_empty())
}

/// Takes out what concerns only the link.
pub fn for_client(headers: &mut HeaderMap) {
    hop_by_hop(headers);
}

fn hop_by_hop(headers: &mut HeaderMap) {
    let named: Vec<HeaderName> = headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .filter_map(|name| HeaderName::try_from(name.trim()).ok())
        .collect();
    for name in HOP.into_iter().chain(named) {
        headers.remove(name);
    }
    headers.remove("keep-alive");
    headers.remove("proxy-connection");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        pairs
            .iter()
            .map(|(n, v)| (HeaderName::from_static(n), http::HeaderValue::from_static(v)))
            .collect()
    }

    #[test]
    fn a_runner_sees_no_credential_and_no_forged_seal() {
        let mut headers = map(&[
            ("authorization", "Bearer secret"),
            ("cookie", "session=1"),
            ("sandbar-forward", "v1;1;1;00"),
            ("sandbar-front-key", "k"),
            ("x-daytona-preview-token", "t"),
            ("host", "h"),
            ("content-type", "text/plain"),
            ("content-length", "3"),
        ]);
        let mut application = headers.clone();
        for_runner(&mut headers, false);
        assert_eq!(headers, map(&[("content-type", "text/plain"), ("content-length", "3")]));
        let ours = "a=1; daytona-sandbox-auth-x=secret;b=2";
        application.insert(COOKIE, HeaderValue::from_static(ours));
        for_runner(&mut application, true);
        assert_eq!(application[COOKIE], "a=1; b=2");
    }

    #[test]
    fn hop_by_hop_headers_stay_including_named_ones() {
        let mut headers = map(&[
            ("connection", "close, X-Mine"),
            ("x-mine", "1"),
            ("keep-alive", "5"),
            ("transfer-encoding", "chunked"),
            ("te", "trailers"),
            ("upgrade", "h2c"),
            ("etag", "e"),
        ]);
        for_client(&mut headers);
        assert_eq!(headers, map(&[("etag", "e")]));
    }
}
