//! The front on a real listener, with a runner that dials in as real ones do, and an API that the test plays.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures::future::BoxFuture;
use futures::{SinkExt, StreamExt};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbar_forward::{Call, FORWARD_HEADER, LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey, now_millis};
use sandbar_front::{Api, Body, Front};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::tungstenite::Message;

/// An API that knows one user, one runner and one sandbox.
#[derive(Default)]
struct Plane {
    generation: AtomicU64,
    asked: AtomicUsize,
    stopped: std::sync::atomic::AtomicBool,
}

fn json_answer(status: u16, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string()))
        .map_err(|never| match never {})
        .boxed_unsync();
    Response::builder().status(status).body(body).expect("an answer")
}

impl Api for Plane {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Response<Body>> {
        let request = request.map(|_| ());
        Box::pin(async move {
            let header = |name: &str| {
                request
                    .headers()
                    .get(name)
                    .and_then(|v| v.to_str().ok())
                    .unwrap_or_default()
                    .to_owned()
            };
            let path = request.uri().path().to_owned();
            if !path.starts_with("/api/internal/") {
                return json_answer(200, &json!({ "passed": path }));
            }
            if header("sandbar-front-key") != "front-key" {
                return json_answer(404, &json!({}));
            }
            match (path.as_str(), header("authorization").as_str()) {
                ("/api/internal/identity", "Bearer runner") => json_answer(
                    200,
                    &json!({ "principal": "runner", "subject": "r1", "organizationId": "" }),
                ),
                ("/api/internal/identity", "Bearer user") => json_answer(
                    200,
                    &json!({ "principal": "user", "subject": "u", "organizationId": "org" }),
                ),
                ("/api/internal/access/box" | "/api/internal/access/s1", "Bearer user") => {
                    self.asked.fetch_add(1, Ordering::SeqCst);
                    let state = if self.stopped.load(Ordering::SeqCst) {
                        "stopped"
                    } else {
                        "started"
                    };
                    let generation = self.generation.load(Ordering::SeqCst);
                    json_answer(
                        200,
                        &json!({ "sandboxId": "s1", "organizationId": "org", "runnerId": "r1", "generation": generation, "state": state }),
                    )
                }
                ("/api/internal/changes", _) => changes(request.uri().query().unwrap_or_default()).await,
                ("/api/internal/activity/s1", _) => json_answer(204, &json!(null)),
                (_, "Bearer user") => json_answer(404, &json!({ "statusCode": 404, "message": "no such sandbox" })),
                _ => json_answer(401, &json!({ "statusCode": 401, "message": "Unauthorized" })),
            }
        })
    }
}

async fn changes(query: &str) -> Response<Body> {
    if query.contains("after=5") {
        tokio::time::sleep(Duration::from_millis(200)).await;
        let sandbox = json!({ "id": "s1", "state": "started", "createdAt": "2020-01-01T00:00:00.000Z" });
        return json_answer(200, &json!({ "position": 6, "sandboxes": [sandbox] }));
    }
    if query.contains("after=") {
        tokio::time::sleep(Duration::from_secs(20)).await;
    }
    json_answer(200, &json!({ "position": 5, "sandboxes": [] }))
}

struct Setup {
    address: SocketAddr,
    plane: Arc<Plane>,
    front: Front,
}

async fn setup() -> Setup {
    let plane = Arc::new(Plane::default());
    let front = Front::new(Arc::clone(&plane) as Arc<dyn Api>, "front-key");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    let router = front.router();
    tokio::spawn(async move { axum::serve(listener, router).await });
    Setup { address, plane, front }
}

impl Setup {
    async fn send(&self, request: Request<Full<Bytes>>) -> Response<hyper::body::Incoming> {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("HTTP");
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.expect("an answer")
    }

    async fn call(&self, method: &str, path: &str, bearer: &str, body: &'static [u8]) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "front")
            .header("authorization", format!("Bearer {bearer}"))
            .header("sandbar-forward", "v1;9;9;00")
            .body(Full::new(Bytes::from_static(body)))
            .expect("a request");
        let (parts, body) = self.send(request).await.into_parts();
        let bytes = body.collect().await.expect("a whole answer").to_bytes();
        (
            parts.status,
            serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes))),
        )
    }

    /// Links a runner that answers what it saw, and 409 to any generation but `generation`.
    async fn link(&self, generation: u64) {
        let request = Request::get("/link")
            .header("host", "front")
            .header("connection", "Upgrade")
            .header("upgrade", LINK_PROTOCOL)
            .header("authorization", "Bearer runner")
            .body(Full::default())
            .expect("a request");
        let response = self.send(request).await;
        assert_eq!(response.status(), StatusCode::SWITCHING_PROTOCOLS);
        let key = LinkKey::from_hex(response.headers()[LINK_KEY_HEADER].to_str().expect("text")).expect("a key");
        let upgraded = hyper::upgrade::on(response).await.expect("upgraded");
        let service = service_fn(move |request| runner(key.clone(), generation, request));
        tokio::spawn(async move {
            hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .serve_connection(upgraded, service)
                .await
        });
        for _ in 0..200 {
            if self.front.linked_runners() > 0 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the link did not come up");
    }
}

async fn runner(
    key: LinkKey,
    generation: u64,
    request: Request<hyper::body::Incoming>,
) -> Result<Response<Full<Bytes>>, Infallible> {
    let path = request.uri().path_and_query().map_or("", |p| p.as_str()).to_owned();
    let seal = request
        .headers()
        .get(FORWARD_HEADER)
        .and_then(|v| v.to_str().ok())
        .unwrap_or_default();
    let call = Call {
        method: request.method().as_str(),
        path_and_query: &path,
        sandbox: "s1",
    };
    let status = match key.open(&call, seal, now_millis()) {
        Ok(sealed) if sealed == generation => 200,
        Ok(_) => 409,
        Err(_) => 403,
    };
    let authorization = request.headers().contains_key("authorization");
    let body = request
        .into_body()
        .collect()
        .await
        .map(|b| b.to_bytes().len())
        .unwrap_or(0);
    let seen = json!({ "path": path, "body": body, "authorization": authorization });
    Ok(Response::builder()
        .status(status)
        .header("connection", "close")
        .body(Full::from(seen.to_string()))
        .expect("an answer"))
}

#[tokio::test]
async fn a_call_reaches_the_runner_sealed_and_without_the_credential() {
    let setup = setup().await;
    setup.link(0).await;
    let (status, seen) = setup
        .call("POST", "/toolbox/box/files/upload?path=%2Fa%20b", "user", b"12345")
        .await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert_eq!(
        seen,
        json!({ "path": "/toolbox/s1/files/upload?path=%2Fa%20b", "body": 5, "authorization": false })
    );
    let (status, _) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        setup.plane.asked.load(Ordering::SeqCst),
        1,
        "the second question was answered from memory"
    );
}

#[tokio::test]
async fn refusals_are_the_documented_ones() {
    let setup = setup().await;
    let (status, body) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!(
        (status, &body["source"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("DAYTONA_PROXY")),
        "{body}"
    );
    let (status, body) = setup.call("GET", "/toolbox/box/version", "nobody", b"").await;
    assert_eq!(
        (status, &body["message"]),
        (StatusCode::UNAUTHORIZED, &json!("Unauthorized"))
    );
    let (status, _) = setup.call("GET", "/toolbox/other/version", "user", b"").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = setup.call("GET", "/toolbox/../internal/identity", "user", b"").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = setup.call("GET", "/link", "runner", b"").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "no upgrade was asked");
    let (status, _) = setup
        .call("GET", "/api/socket.io/?EIO=4&transport=polling", "user", b"")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, body) = setup.call("GET", "/api/config", "user", b"").await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "passed": "/api/config" })));
    setup.plane.stopped.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (status, body) = setup.call("GET", "/toolbox/s1/version", "user", b"").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("SANDBOX_NOT_STARTED")),
        "{body}"
    );
}

#[tokio::test]
async fn an_old_generation_is_asked_again_once() {
    let setup = setup().await;
    setup.link(1).await;
    let (status, _) = setup.call("POST", "/toolbox/s1/process/execute", "user", b"{}").await;
    assert_eq!(status, StatusCode::CONFLICT, "the API still says the old one");
    // The yes in memory is old now: the sandbox was restarted.
    setup.plane.generation.store(1, Ordering::SeqCst);
    let (status, seen) = setup.call("POST", "/toolbox/s1/process/execute", "user", b"{}").await;
    assert_eq!((status, &seen["body"]), (StatusCode::OK, &json!(2)));
}

#[tokio::test]
async fn only_a_runner_links() {
    let setup = setup().await;
    for (bearer, want) in [("user", StatusCode::FORBIDDEN), ("nobody", StatusCode::UNAUTHORIZED)] {
        let request = Request::get("/link")
            .header("host", "front")
            .header("connection", "Upgrade")
            .header("upgrade", LINK_PROTOCOL)
            .header("authorization", format!("Bearer {bearer}"))
            .body(Full::default())
            .expect("a request");
        assert_eq!(setup.send(request).await.status(), want);
    }
}

#[tokio::test]
async fn the_event_stream_speaks_socket_io() {
    let setup = setup().await;
    let url = format!("ws://{}/api/socket.io/?EIO=4&transport=websocket", setup.address);
    for (token, first) in [("nobody", "44"), ("user", "40")] {
        let (mut socket, _) = tokio_tungstenite::connect_async(&url).await.expect("a WebSocket");
        let open = text(&mut socket).await;
        assert!(
            open.starts_with("0{") && open.contains("\"pingInterval\":25000"),
            "{open}"
        );
        socket
            .send(Message::text(format!("40{{\"token\":\"{token}\"}}")))
            .await
            .expect("sent");
        let answer = text(&mut socket).await;
        assert!(answer.starts_with(first), "{token}: {answer}");
        if first == "40" {
            let event = text(&mut socket).await;
            assert!(event.starts_with("42[\"sandbox.state.updated\",{"), "{event}");
            assert!(event.contains("\"newState\":\"started\""), "{event}");
            socket.send(Message::text("41")).await.expect("sent");
            let end = tokio::time::timeout(Duration::from_secs(5), socket.next())
                .await
                .expect("closed in time");
            assert!(matches!(end, None | Some(Err(_) | Ok(Message::Close(_)))), "{end:?}");
        }
    }
}

async fn text<S>(socket: &mut tokio_tungstenite::WebSocketStream<S>) -> String
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let frame = tokio::time::timeout(Duration::from_secs(5), socket.next())
        .await
        .expect("a frame in time");
    frame
        .expect("not closed")
        .expect("a frame")
        .into_text()
        .expect("text")
        .to_string()
}
