//! Servers inside sandboxes, seen through the toolbox's proxy.

mod client;
mod speed;

use crate::client::{Client, SOON};
use bytes::Bytes;
use http::{Method, Request};
use http_body_util::Full;
use hyper::ext::Protocol;
use hyper_util::rt::TokioIo;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::timeout;

#[tokio::test]
async fn requests_reach_the_server_and_answers_come_back() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    assert_eq!(client.get("").await.text(), "hello");
    let sent: Bytes = (0..300_000_u32).map(|n| n as u8).collect::<Vec<_>>().into();
    let answer = client
        .send(Method::POST, "/toolbox/a/proxy/3000/echo", &[], sent.clone())
        .await;
    assert_eq!(answer.body, Some(sent));
    let answer = client.get("/chunks").await;
    assert_eq!(answer.body.expect("a body").len(), 1_000_000);
    let headers = [
        ("x-own", "1"),
        ("sandbar-forward", "seal"),
        ("x-forwarded-host", "3000-a.preview.example"),
        ("cookie", "a=b"),
    ];
    let answer = client
        .send(Method::GET, "/toolbox/a/proxy/3000/head?x=%2F&y", &headers, "")
        .await;
    let head = answer.text();
    assert!(head.starts_with("GET /head?x=%2F&y HTTP/1.1\r\n"), "{head}");
    for line in ["x-own: 1", "cookie: a=b", "host: 3000-a.preview.example"] {
        assert!(head.contains(&format!("\r\n{line}\r\n")), "{line} in {head}");
    }
    assert!(!head.contains("seal") && !head.contains("transfer-encoding"), "{head}");
}

#[tokio::test]
async fn two_sandboxes_have_their_own_port_3000() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    assert_eq!(client.get("/").await.text(), "hello");
    let other = |path: &'static str| client.send(Method::GET, path, &[], "");
    let message = other("/toolbox/b/proxy/3000/").await.is_error(502, "BAD_GATEWAY");
    assert!(message.contains("no server listens on port 3000"), "{message}");
    assert!(client.ports("b").await.is_empty());
    client.serve("b", "one").await;
    assert_eq!(other("/toolbox/b/proxy/3000/").await.text(), "hello");
    for (path, text) in [
        ("/toolbox/b/port/3000/in-use", r#"{"isInUse":true}"#),
        ("/toolbox/b/port/3001/in-use", r#"{"isInUse":false}"#),
    ] {
        assert_eq!(other(path).await.text(), text);
    }
    for path in [
        "/toolbox/b/port/80/in-use",
        "/toolbox/b/port/x/in-use",
        "/toolbox/b/proxy/0/",
        "/toolbox/b/proxy/70000/",
    ] {
        other(path).await.is_error(400, "BAD_REQUEST");
    }
    let stopped = client.send(Method::POST, "/sandboxes/a/stop", &[], "").await;
    assert_eq!(stopped.status, 204);
    client.get("/").await.is_error(409, "CONFLICT");
}

#[tokio::test]
async fn connections_are_used_again() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    let first = client.get("/connection").await.text().to_owned();
    for _ in 0..20 {
        assert_eq!(client.get("/connection").await.text(), first);
    }
    // A server that closes is noticed, before and while it is asked.
    for _ in 0..5 {
        assert_eq!(client.get("/bye").await.text(), "bye");
        assert_eq!(client.get("/").await.text(), "hello");
    }
    client.get("/hang-up").await.is_error(502, "BAD_GATEWAY");
    assert_eq!(client.get("/").await.text(), "hello");
}

#[tokio::test]
async fn a_server_of_one_connection_at_a_time_serves_everybody() {
    let client = Arc::new(Client::new().await);
    client.serve("a", "one").await;
    let many: Vec<_> = (0..50)
        .map(|_| {
            let client = Arc::clone(&client);
            tokio::spawn(async move { client.get("/").await.text().to_owned() })
        })
        .collect();
    for one in many {
        let text = timeout(SOON, one).await.expect("an answer").expect("no panic");
        assert_eq!(text, "hello");
    }
}

#[tokio::test]
async fn hostile_servers_harm_one_request() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    let answer = client.get("/both").await;
    assert_eq!(answer.text(), "hello");
    for name in [
        "content-length",
        "transfer-encoding",
        "connection",
        "x-hop",
        "sandbar-forward",
    ] {
        assert!(!answer.headers.contains_key(name), "{name}: {answer:?}");
    }
    assert_eq!(client.get("/cut").await.body, None);
    for path in ["/large-head", "/many-headers", "/garbage", "/hang-up"] {
        client.get(path).await.is_error(502, "BAD_GATEWAY");
        assert_eq!(client.get("/").await.text(), "hello", "after {path}");
    }
}

#[tokio::test]
async fn hostile_clients_are_refused_before_the_server_hears_of_them() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    let path = "/toolbox/a/proxy/3000/head";
    let many: Vec<(String, &str)> = (0..150).map(|n| (format!("x-{n}"), "1")).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), *value)).collect();
    let answer = client.send(Method::GET, path, &many, "").await;
    assert_eq!(answer.status, 431, "{answer:?}");
    client
        .send(Method::TRACE, path, &[], "")
        .await
        .is_error(400, "BAD_REQUEST");
    // A client that leaves half-way, with its answer unread.
    for _ in 0..50 {
        let request = Request::builder()
            .uri("/toolbox/a/proxy/3000/chunks")
            .body(Full::default())
            .expect("a request");
        drop(client.begin(request).await);
    }
    assert_eq!(client.get("/").await.text(), "hello");
}

fn socket(path: &str) -> Request<Full<Bytes>> {
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("/toolbox/a/proxy/3000{path}"))
        .header("sec-websocket-version", "13")
        .header("sec-websocket-protocol", "echo")
        .body(Full::default())
        .expect("a request");
    request.extensions_mut().insert(Protocol::from_static("websocket"));
    request
}

#[tokio::test]
async fn websockets_are_tunnelled() {
    let client = Client::new().await;
    client.serve("a", "loop").await;
    // The peer's settings, with leave for such requests, have to arrive first.
    client.get("/").await;
    let response = client.begin(socket("/socket")).await;
    assert_eq!(
        (
            response.status().as_u16(),
            &response.headers()["sec-websocket-protocol"]
        ),
        (200, &"echo".parse().expect("a value"))
    );
    for name in ["sec-websocket-accept", "upgrade", "connection"] {
        assert!(!response.headers().contains_key(name), "{name}");
    }
    let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.expect("a tunnel"));
    let mut welcome = [0; 7];
    timeout(SOON, tunnel.read_exact(&mut welcome))
        .await
        .expect("bytes")
        .expect("a welcome");
    assert_eq!(&welcome, b"welcome");
    for n in 0..100_u32 {
        let sent = vec![n as u8; 10 + n as usize * 100];
        tunnel.write_all(&sent).await.expect("open");
        let mut received = vec![0; sent.len()];
        timeout(SOON, tunnel.read_exact(&mut received))
            .await
            .expect("bytes")
            .expect("an echo");
        assert_eq!(received, sent);
    }
    drop(tunnel);
    let refused = client.begin(socket("/refused")).await;
    assert_eq!(refused.status(), 403);
    let plain = client.begin(socket("/")).await;
    assert_eq!(plain.status(), 502, "a server without WebSockets");
    // The end of the server is the end of the tunnel.
    let response = client.begin(socket("/socket")).await;
    let mut tunnel = TokioIo::new(hyper::upgrade::on(response).await.expect("a tunnel"));
    client.send(Method::POST, "/sandboxes/a/stop", &[], "").await;
    let mut rest = Vec::new();
    let _ = timeout(Duration::from_secs(5), tunnel.read_to_end(&mut rest))
        .await
        .expect("an end");
}
