//! Previews by host name.

use std::sync::atomic::Ordering;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use http::{Request, StatusCode};
use http_body_util::Full;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

use crate::setup::{SANDBOX, Setup, setup};

async fn visit(setup: &Setup, path: &str, headers: &[(&str, &str)]) -> (StatusCode, http::HeaderMap, Value) {
    visit_host(setup, &format!("3000-{SANDBOX}.preview.localhost:1234"), path, headers).await
}

async fn visit_host(
    setup: &Setup,
    host: &str,
    path: &str,
    headers: &[(&str, &str)],
) -> (StatusCode, http::HeaderMap, Value) {
    let mut request = Request::get(path).header("host", host);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request: Request<Full<Bytes>> = request.body(Full::default()).expect("a request");
    setup.exchange(request).await
}

#[tokio::test]
async fn each_credential_opens_it_and_none_reaches_the_sandbox() {
    let setup = setup().await;
    setup.link(0).await;
    let (status, _, body) = visit(&setup, "/", &[]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{body}");
    let cookie = format!("theme=dark; daytona-sandbox-auth-{SANDBOX}=preview-token");
    for header in [
        ("authorization", "Bearer user"),
        ("x-daytona-preview-token", "preview-token"),
        ("cookie", cookie.as_str()),
    ] {
        let (status, headers, seen) = visit(&setup, "/a/b?c=d", &[header]).await;
        assert_eq!(status, StatusCode::OK, "{header:?}: {seen}");
        assert_eq!(seen["path"], format!("/toolbox/{SANDBOX}/proxy/3000/a/b?c=d"));
        assert_eq!((&seen["authorization"], &seen["token"]), (&json!(false), &Value::Null));
        let theirs = if header.0 == "cookie" {
            json!("theme=dark")
        } else {
            Value::Null
        };
        assert_eq!(seen["cookie"], theirs, "cookies of the application only");
        assert_eq!(seen["host"], format!("3000-{SANDBOX}.preview.localhost:1234"));
        assert!(!headers.contains_key("set-cookie"));
    }
    let (status, _, seen) = visit_host(&setup, "3000-signedtoken01234.preview.localhost", "/", &[]).await;
    assert_eq!(
        (status, &seen["path"]),
        (StatusCode::OK, &json!(format!("/toolbox/{SANDBOX}/proxy/3000/")))
    );
}

#[tokio::test]
async fn a_link_with_a_token_sets_the_cookie_and_hides_it() {
    let setup = setup().await;
    setup.link(0).await;
    let (status, headers, seen) = visit(&setup, "/?x=1&DAYTONA_SANDBOX_AUTH_KEY=preview-token", &[]).await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert_eq!(seen["path"], format!("/toolbox/{SANDBOX}/proxy/3000/?x=1"));
    let cookie = headers["set-cookie"].to_str().expect("text").to_owned();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"),
        "{cookie}"
    );
    assert!(!cookie.contains("Domain"), "it belongs to this one host: {cookie}");
    let pair = cookie.split(';').next().expect("a pair").to_owned();
    let (status, _, seen) = visit(&setup, "/", &[("cookie", &pair)]).await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    // A wrong one sets nothing.
    let (status, headers, _) = visit(&setup, "/?DAYTONA_SANDBOX_AUTH_KEY=wrong", &[]).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    assert!(!headers.contains_key("set-cookie"));
    // Another sandbox's page may not use the user's cookie.
    let foreign = [
        ("cookie", pair.as_str()),
        ("origin", "http://3000-evil.preview.localhost:1234"),
    ];
    let (status, ..) = visit(&setup, "/", &foreign).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_revoked_token_is_dead_within_a_second() {
    let setup = setup().await;
    setup.link(0).await;
    let token = [("x-daytona-preview-token", "preview-token")];
    assert_eq!(visit(&setup, "/", &token).await.0, StatusCode::OK);
    setup.plane.revoked.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(900)).await;
    assert_eq!(visit(&setup, "/", &token).await.0, StatusCode::UNAUTHORIZED);
}

#[tokio::test]
async fn a_preview_carries_websockets() {
    let setup = setup().await;
    setup.link(0).await;
    let stream = tokio::net::TcpStream::connect(setup.address).await.expect("connected");
    let mut request = format!("ws://3000-{SANDBOX}.preview.localhost/live/ws")
        .into_client_request()
        .expect("a request");
    let token = "preview-token".parse().expect("a header");
    request.headers_mut().insert("x-daytona-preview-token", token);
    let (mut socket, _) = tokio_tungstenite::client_async(request, stream).await.expect("open");
    let greeting = socket
        .next()
        .await
        .expect("a frame")
        .expect("a frame")
        .into_text()
        .expect("text");
    let seen: Value = serde_json::from_str(greeting.as_str()).expect("JSON");
    assert_eq!(seen["path"], format!("/toolbox/{SANDBOX}/proxy/3000/live/ws"));
    assert_eq!(seen["token"], Value::Null);
}
