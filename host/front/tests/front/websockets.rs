//! WebSockets from client to cell.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures::{SinkExt, StreamExt};
use http::{Method, Request, StatusCode};
use http_body_util::Empty;
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::protocol::Role;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};

use crate::setup::{Setup, setup};

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

const SOON: Duration = Duration::from_secs(5);

async fn open(
    setup: &Setup,
    path: &str,
    bearer: &str,
    protocol: Option<&str>,
) -> Result<(Socket, Option<String>), Error> {
    let mut request = format!("ws://{}{path}", setup.address).into_client_request()?;
    let headers = request.headers_mut();
    headers.insert("authorization", format!("Bearer {bearer}").parse().expect("a header"));
    headers.insert("cookie", "a=b".parse().expect("a header"));
    if let Some(protocol) = protocol {
        headers.insert("sec-websocket-protocol", protocol.parse().expect("a header"));
    }
    let (socket, response) = tokio_tungstenite::connect_async(request).await?;
    let chosen = response.headers().get("sec-websocket-protocol");
    Ok((socket, chosen.and_then(|v| v.to_str().ok()).map(str::to_owned)))
}

async fn next<S>(socket: &mut WebSocketStream<S>) -> Option<Message>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    match tokio::time::timeout(SOON, socket.next()).await.expect("in time") {
        Some(Ok(Message::Close(_)) | Err(_)) | None => None,
        Some(Ok(message)) => Some(message),
    }
}

fn seen(message: Option<Message>) -> Value {
    let text = message.expect("a frame").into_text().expect("text");
    serde_json::from_str(text.as_str()).expect("JSON")
}

#[tokio::test]
async fn frames_pass_both_ways_sealed_and_without_the_credential() {
    let setup = setup().await;
    setup.link(3).await;
    setup.plane.generation.store(3, Ordering::SeqCst);
    let (mut socket, chosen) = open(&setup, "/toolbox/box/ws?id=1", "user", Some("other, echo"))
        .await
        .expect("open");
    assert_eq!(chosen.as_deref(), Some("echo"), "the choice of subprotocol comes back");
    let seen = seen(next(&mut socket).await);
    assert_eq!(seen["method"], "CONNECT");
    assert_eq!(seen["path"], "/toolbox/s1/ws?id=1");
    assert_eq!((&seen["authorization"], &seen["cookie"]), (&json!(false), &Value::Null));
    assert_eq!(seen["protocols"], "other, echo");
    for size in [0, 1, 125, 126, 65_536, 300_000] {
        let message = Message::binary(vec![7; size]);
        socket.send(message.clone()).await.expect("sent");
        assert_eq!(next(&mut socket).await, Some(message), "{size} bytes");
    }
    socket.close(None).await.expect("closed");
    assert_eq!(next(&mut socket).await, None);
}

#[tokio::test]
async fn refusals_come_before_the_upgrade() {
    let setup = setup().await;
    for (path, bearer, want) in [
        ("/toolbox/s1/ws", "user", 503),
        ("/toolbox/s1/ws", "nobody", 401),
        ("/toolbox/other/ws", "user", 404),
    ] {
        let refusal = open(&setup, path, bearer, None).await.expect_err("refused");
        assert_eq!(status(&refusal), want, "{path} {bearer}");
    }
    setup.link(0).await;
    let refusal = open(&setup, "/toolbox/s1/busy", "user", None)
        .await
        .expect_err("refused");
    let Error::Http(response) = &refusal else {
        panic!("{refusal}")
    };
    assert_eq!(response.status(), StatusCode::GONE);
    let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default()).expect("JSON");
    assert_eq!(body["source"], "DAYTONA_DAEMON", "the sandbox's own words come through");
}

fn status(error: &Error) -> u16 {
    match error {
        Error::Http(response) => response.status().as_u16(),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn half_a_handshake_is_a_clear_error() {
    let setup = setup().await;
    setup.link(0).await;
    for (version, key) in [("12", "dGhlIHNhbXBsZSBub25jZQ=="), ("13", "short")] {
        let request = Request::get("/toolbox/s1/ws")
            .header("host", "front")
            .header("authorization", "Bearer user")
            .header("connection", "Upgrade")
            .header("upgrade", "websocket")
            .header("sec-websocket-version", version)
            .header("sec-websocket-key", key)
            .body(http_body_util::Full::default())
            .expect("a request");
        let (status, _, body) = setup.exchange(request).await;
        assert_eq!(
            (status, &body["code"]),
            (StatusCode::BAD_REQUEST, &json!("BAD_WEBSOCKET"))
        );
    }
}

#[tokio::test]
async fn a_revoked_key_closes_what_is_open_within_a_second() {
    let setup = setup().await;
    setup.link(0).await;
    let (mut idle, _) = open(&setup, "/toolbox/s1/ws", "user", None).await.expect("open");
    let (mut busy, _) = open(&setup, "/toolbox/box/ws", "user", None).await.expect("open");
    for socket in [&mut idle, &mut busy] {
        next(socket).await.expect("the greeting");
    }
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        busy.send(Message::text("x"))
            .await
            .expect("it goes on while it is allowed");
        assert!(next(&mut busy).await.is_some(), "it goes on while it is allowed");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    setup.plane.revoked.store(true, Ordering::SeqCst);
    let since = Instant::now();
    let both = async {
        let busy = async { while busy.send(Message::text("x")).await.is_ok() && next(&mut busy).await.is_some() {} };
        let idle = async { while next(&mut idle).await.is_some() {} };
        tokio::join!(busy, idle)
    };
    tokio::time::timeout(SOON, both).await.expect("they end");
    assert!(since.elapsed() < Duration::from_millis(1200), "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_lost_link_closes_what_is_open() {
    let setup = setup().await;
    let link = setup.link(0).await;
    let (mut socket, _) = open(&setup, "/toolbox/s1/ws", "user", None).await.expect("open");
    next(&mut socket).await.expect("the greeting");
    link.abort();
    assert_eq!(next(&mut socket).await, None);
}

#[tokio::test]
async fn http2_clients_use_extended_connect() {
    let setup = setup().await;
    setup.link(0).await;
    let stream = TcpStream::connect(setup.address).await.expect("connected");
    let (mut sender, connection) = hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .expect("HTTP/2");
    tokio::spawn(connection);
    let mut request = Request::builder()
        .method(Method::CONNECT)
        .uri(format!("http://{}/toolbox/s1/ws", setup.address))
        .header("authorization", "Bearer user")
        .header("sec-websocket-version", "13")
        .body(Empty::<Bytes>::new())
        .expect("a request");
    request
        .extensions_mut()
        .insert(hyper::ext::Protocol::from_static("websocket"));
    // The server's settings say whether this is allowed.
    tokio::time::sleep(Duration::from_millis(100)).await;
    let response = sender.send_request(request).await.expect("an answer");
    assert_eq!(response.status(), StatusCode::OK);
    let upgraded = TokioIo::new(hyper::upgrade::on(response).await.expect("upgraded"));
    let mut socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, None).await;
    assert_eq!(seen(next(&mut socket).await)["path"], "/toolbox/s1/ws");
    socket.send(Message::text("hi")).await.expect("sent");
    assert_eq!(next(&mut socket).await, Some(Message::text("hi")));
}
