//! Previews: `<port>-<sandbox id or signed token>.<domain>` is a port inside a sandbox.
//!
//! Who may see it is the API's to say; the caller shows a bearer token, a preview token in a header or in the query, or
//! the cookie that an earlier answer to such a query has set. None of them reaches the sandbox.

use http::header::{COOKIE, HOST, HeaderName, ORIGIN, SET_COOKIE};
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri};

use crate::Body;
use crate::access::Question;
use crate::forward::Aim;
use crate::limits::{COOKIE_SECONDS, MAX_PREVIEW_TOKEN};

/// Header that carries a preview's token.
const TOKEN_HEADER: &str = "x-daytona-preview-token";
/// Query parameter that carries it, for links.
const TOKEN_QUERY: &str = "DAYTONA_SANDBOX_AUTH_KEY";
/// Cookies of ours, to be followed by the label of the host.
pub const COOKIE_PREFIX: &str = "daytona-sandbox-auth-";

/// A port of a sandbox, as a host names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Port inside the sandbox.
    pub port: u16,
    /// Sandbox id or signed token.
    pub label: String,
}

/// Shortest and longest right part of a first label: a signed token, and an id.
const LABEL: std::ops::RangeInclusive<usize> = 16..=64;

/// What the request's host names, if it is a preview's. With a `domain`, only hosts directly below that are.
pub fn place(request: &Request<Body>, domain: Option<&str>) -> Option<Place> {
    let host = match request.uri().host() {
        Some(host) => host,
        None => {
            let host = request.headers().get(HOST)?.to_str().ok()?;
            host.rsplit_once(':').map_or(host, |(host, _)| host)
        }
    };
    parse(host, domain)
}

fn parse(host: &str, domain: Option<&str>) -> Option<Place> {
    let (first, rest) = host.split_once('.')?;
    if domain.is_some_and(|domain| !rest.trim_end_matches('.').eq_ignore_ascii_case(domain)) {
        return None;
    }
    let (port, label) = first.split_once('-')?;
    let digits = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit()) && !port.starts_with('0');
    let plain = LABEL.contains(&label.len()) && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
    (digits && plain).then_some(())?;
    Some(Place {
        port: port.parse().ok()?,
        label: label.to_ascii_lowercase(),
    })
}

/// A preview's request, ready to be forwarded, and the cookie that its answer is to set.
pub struct Visit {
    /// Where it goes.
    pub aim: Aim,
    /// To be added to a good answer.
    pub cookie: Option<HeaderValue>,
}

/// Takes credentials and our own query parameter out of the request.
pub fn visit(request: &mut Request<Body>, place: &Place) -> Visit {
    let secure = request.uri().scheme_str() == Some("https") || forwarded_https(request.headers());
    let authorization = request.headers_mut().remove(http::header::AUTHORIZATION);
    let header = request.headers_mut().remove(TOKEN_HEADER);
    let (query, from_query) = split_query(request.uri().query());
    let from_query = from_query.and_then(|token| HeaderValue::try_from(token).ok());
    let name = format!("{COOKIE_PREFIX}{}", place.label);
    let from_cookie = || {
        let token = cookie(request.headers(), &name)?;
        own_page(request.headers(), request.method()).then_some(token)
    };
    let token = header.or_else(|| from_query.clone()).or_else(from_cookie);
    let cookie = from_query.and_then(|token| {
        let secure = if secure { "; Secure" } else { "" };
        let text = format!(
            "{name}={}; Path=/; Max-Age={COOKIE_SECONDS}; HttpOnly; SameSite=Lax{secure}",
            token.to_str().ok()?
        );
        let mut value = HeaderValue::try_from(text).ok()?;
        value.set_sensitive(true);
        Some(value)
    });
    let question = Question::preview(&place.label, place.port, authorization, token);
    tell_host(request);
    Visit {
        aim: Aim {
            question,
            rest: format!("/proxy/{}{}", place.port, path(request.uri())),
            query,
            cookies: true,
        },
        cookie,
    }
}

/// Adds the cookie to a good answer.
pub fn welcome(response: &mut Response<Body>, cookie: Option<HeaderValue>) {
    if let Some(cookie) = cookie
        && response.status().as_u16() < 400
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
}

fn path(uri: &Uri) -> &str {
    match uri.path() {
        "" => "/",
        path => path,
    }
}

/// The application learns under which name it was called; the runner's hop has another.
fn tell_host(request: &mut Request<Body>) {
    let authority = request
        .uri()
        .authority()
        .and_then(|a| HeaderValue::from_str(a.as_str()).ok());
    if let Some(host) = authority.or_else(|| request.headers().get(HOST).cloned()) {
        request.headers_mut().insert("x-forwarded-host", host);
    }
    if !request.headers().contains_key("x-forwarded-proto") {
        let proto = HeaderValue::from_static("http");
        request.headers_mut().insert("x-forwarded-proto", proto);
    }
}

fn forwarded_https(headers: &HeaderMap) -> bool {
    headers.get("x-forwarded-proto").is_some_and(|proto| proto == "https")
}

/// The query without our parameter, and its value. Only plain tokens are taken: no escapes to undo.
fn split_query(query: Option<&str>) -> (Option<String>, Option<String>) {
    let Some(query) = query else { return (None, None) };
    if !query.contains(TOKEN_QUERY) {
        return (Some(query.to_owned()), None);
    }
    let mut token = None;
    let mut rest = Vec::new();
    for pair in query.split('&') {
        match pair.split_once('=') {
            Some((TOKEN_QUERY, value)) if is_token(value) => token = Some(value.to_owned()),
            // An unusable one of our name is not passed on either.
            Some((TOKEN_QUERY, _)) => {}
            _ => rest.push(pair),
        }
    }
    ((!rest.is_empty()).then(|| rest.join("&")), token)
}

fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_PREVIEW_TOKEN
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.~".contains(&b))
}

fn cookie(headers: &HeaderMap, name: &str) -> Option<HeaderValue> {
    let mut pairs = headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'));
    let value = pairs.find_map(|pair| pair.trim().strip_prefix(name)?.strip_prefix('='))?;
    is_token(value).then(|| HeaderValue::from_str(value).ok()).flatten()
}

/// Whether a cookie speaks for the user here: the page itself asks, or the user follows a link. Another sandbox's page is of
/// the same site, so SameSite alone would let it call this one with the user's cookie.
fn own_page(headers: &HeaderMap, method: &Method) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(origin) = headers.get(ORIGIN).and_then(|value| value.to_str().ok()) {
        let host = text("host").unwrap_or_default();
        let same = origin
            .split_once("://")
            .is_some_and(|(_, at)| at.eq_ignore_ascii_case(host));
        return same || text("sec-fetch-site") == Some("same-origin");
    }
    match text("sec-fetch-site") {
        None | Some("same-origin" | "none") => true,
        Some(_) => text("sec-fetch-mode") == Some("navigate") && method.is_safe(),
    }
}

/// The name of a header with our token, for those who must not see it.
pub const fn token_header() -> HeaderName {
    HeaderName::from_static(TOKEN_HEADER)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::body;

    const ID: &str = "0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11";

    #[test]
    fn hosts_name_ports() {
        let here = Place {
            port: 3000,
            label: ID.into(),
        };
        assert_eq!(parse(&format!("3000-{ID}.preview.example"), None), Some(here.clone()));
        assert_eq!(
            parse(&format!("3000-{ID}.Preview.example"), Some("preview.example")),
            Some(here)
        );
        assert!(parse("8080-abcdefghij012345.localhost", None).is_some());
        for (host, domain) in [
            ("10-server.example.com", None),
            ("3000-abcdefghij012345", None),
            ("03000-abcdefghij012345.x", None),
            ("70000-abcdefghij012345.x", None),
            ("x-abcdefghij012345.x", None),
            ("-abcdefghij012345.x", None),
            ("3000-abcdefghij01234%.x", None),
            ("127.0.0.1", None),
            ("3000-abcdefghij012345.other.example", Some("preview.example")),
            ("3000-abcdefghij012345.preview.example.evil", Some("preview.example")),
        ] {
            assert_eq!(parse(host, domain), None, "{host}");
        }
    }

    #[test]
    fn the_token_leaves_the_query() {
        let (rest, token) = split_query(Some("a=1&DAYTONA_SANDBOX_AUTH_KEY=tok&b=2"));
        assert_eq!((rest.as_deref(), token.as_deref()), (Some("a=1&b=2"), Some("tok")));
        let (rest, token) = split_query(Some("DAYTONA_SANDBOX_AUTH_KEY=a;b"));
        assert_eq!((rest, token), (None, None));
    }

    fn request(headers: &[(&str, &str)]) -> Request<Body> {
        let mut builder = Request::builder().uri("/x?y=1").header("host", format!("3000-{ID}.p"));
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(body::empty()).expect("a request")
    }

    #[test]
    fn a_cookie_speaks_only_for_its_own_page() {
        let cookie = format!("a=b; {COOKIE_PREFIX}{ID}=tok");
        let own = format!("https://3000-{ID}.p");
        for (more, counts) in [
            (vec![], true),
            (vec![("sec-fetch-site", "same-origin")], true),
            (vec![("origin", own.as_str())], true),
            (vec![("origin", "https://3000-evil.p")], false),
            (vec![("sec-fetch-site", "same-site"), ("sec-fetch-mode", "cors")], false),
            (
                vec![("sec-fetch-site", "cross-site"), ("sec-fetch-mode", "navigate")],
                true,
            ),
        ] {
            let mut headers = more.clone();
            headers.push(("cookie", &cookie));
            let mut request = request(&headers);
            let place = place(&request, None).expect("a preview");
            let with = visit(&mut request, &place).aim.question.key();
            let without = Question::preview(ID, 3000, None, None).key();
            assert_eq!(with != without, counts, "{more:?}");
        }
    }

    #[test]
    fn credentials_are_taken_out_and_the_port_is_named() {
        let mut request = request(&[("authorization", "Bearer x"), ("x-daytona-preview-token", "t")]);
        let place = place(&request, None).expect("a preview");
        let visit = visit(&mut request, &place);
        assert_eq!(visit.aim.rest, "/proxy/3000/x");
        assert_eq!(visit.aim.query.as_deref(), Some("y=1"));
        assert!(request.headers().get("authorization").is_none());
        assert!(request.headers().get(token_header()).is_none());
        assert_eq!(request.headers()["x-forwarded-host"], format!("3000-{ID}.p"));
    }
}
