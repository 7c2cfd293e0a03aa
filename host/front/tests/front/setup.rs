//! The parts around a front.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::ws::{WebSocket, WebSocketUpgrade};
use axum::extract::{FromRequestParts, State};
use bytes::Bytes;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full, StreamBody};
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use hyper_util::service::TowerToHyperService;
use sandbar_forward::{Call, FORWARD_HEADER, LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey, Near, NearBody, now_millis};
use sandbar_front::{Api, Body, Front, FrontConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpStream};

/// The sandbox's id in tests that go by host name.
pub const SANDBOX: &str = "0b6f0d5e-6d0e-4f0c-9a5c-2f2f6c1f8a11";

/// An API that knows one user, one runner and one sandbox (`s1`, also called `box`).
#[derive(Default)]
pub struct Plane {
    pub generation: AtomicU64,
    /// Questions of access.
    pub asked: AtomicUsize,
    pub stopped: AtomicBool,
    /// The user's key and the preview token are worth nothing any more.
    pub revoked: AtomicBool,
    /// Access questions are answered this slowly, ms.
    pub delay: AtomicU64,
    /// What fronts told of their links.
    pub links: Mutex<Vec<Value>>,
    pub ticks: AtomicUsize,
}

fn json_answer(status: u16, value: &Value) -> Response<Body> {
    let body = Full::new(Bytes::from(value.to_string()))
        .map_err(|never| match never {})
        .boxed_unsync();
    Response::builder().status(status).body(body).expect("an answer")
}

impl Plane {
    fn sandbox(&self, id: &str) -> Response<Body> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        let state = if self.stopped.load(Ordering::SeqCst) {
            "stopped"
        } else {
            "started"
        };
        let generation = self.generation.load(Ordering::SeqCst);
        json_answer(
            200,
            &json!({ "sandboxId": id, "organizationId": "org", "runnerId": "r1", "generation": generation, "state": state }),
        )
    }
}

impl Api for Plane {
    fn call(&self, request: Request<Body>) -> BoxFuture<'_, Response<Body>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let header = |name: &str| {
                let value = parts.headers.get(name).and_then(|v| v.to_str().ok());
                value.unwrap_or_default().to_owned()
            };
            let path = parts.uri.path().to_owned();
            let query = parts.uri.query().unwrap_or_default();
            if !path.starts_with("/api/internal/") {
                return json_answer(200, &json!({ "passed": path }));
            }
            if header("sandbar-front-key") != "front-key" {
                return json_answer(404, &json!({}));
            }
            let unauthorized = json_answer(401, &json!({ "statusCode": 401, "message": "Unauthorized" }));
            let mut authorization = header("authorization");
            if self.revoked.load(Ordering::SeqCst) && authorization == "Bearer user" {
                authorization = "Bearer nobody".to_owned();
            }
            match (path.as_str(), authorization.as_str()) {
                ("/api/internal/identity", "Bearer runner") => json_answer(
                    200,
                    &json!({ "principal": "runner", "subject": "r1", "organizationId": "" }),
                ),
                ("/api/internal/identity", "Bearer user") => json_answer(
                    200,
                    &json!({ "principal": "user", "subject": "u", "organizationId": "org" }),
                ),
                ("/api/internal/access/box" | "/api/internal/access/s1", "Bearer user") => {
                    tokio::time::sleep(Duration::from_millis(self.delay.load(Ordering::SeqCst))).await;
                    self.sandbox("s1")
                }
                ("/api/internal/preview", who) => {
                    let known = query == format!("sandbox={SANDBOX}&port=3000")
                        || query == "sandbox=signedtoken01234&port=3000";
                    let token =
                        header("sandbar-preview-token") == "preview-token" && !self.revoked.load(Ordering::SeqCst);
                    let allowed = who == "Bearer user" || token || query.contains("signedtoken");
                    match (known, allowed) {
                        (true, true) => self.sandbox(SANDBOX),
                        (false, true) => json_answer(404, &json!({ "statusCode": 404 })),
                        _ => unauthorized,
                    }
                }
                ("/api/internal/runner/r1", "Bearer user") => {
                    let known = query == "permission=write:runners" || query == "permission=read:runners";
                    json_answer(if known { 200 } else { 400 }, &json!({ "runnerId": "r1" }))
                }
                ("/api/internal/links", _) => {
                    let bytes = body.collect().await.expect("a body").to_bytes();
                    let told = serde_json::from_slice(&bytes).expect("JSON");
                    self.links.lock().expect("lock").push(told);
                    json_answer(204, &Value::Null)
                }
                ("/api/internal/tick", _) => {
                    self.ticks.fetch_add(1, Ordering::SeqCst);
                    json_answer(200, &json!({ "acted": 0 }))
                }
                ("/api/internal/changes", _) => changes(query).await,
                ("/api/internal/activity/s1", _) => json_answer(204, &json!(null)),
                (_, "Bearer user") => json_answer(404, &json!({ "statusCode": 404, "message": "no such sandbox" })),
                _ => unauthorized,
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

pub struct Setup {
    pub address: SocketAddr,
    pub plane: Arc<Plane>,
    pub front: Front,
}

pub async fn setup() -> Setup {
    setup_as(FrontConfig::new("front-key")).await
}

/// A front that keeps files in a directory of its own.
pub async fn setup_with_data() -> (tempfile::TempDir, Setup) {
    let home = tempfile::tempdir().expect("a directory");
    let config = FrontConfig {
        data_dir: Some(home.path().to_owned()),
        ..FrontConfig::new("front-key")
    };
    let setup = setup_as(config).await;
    (home, setup)
}

async fn setup_as(config: FrontConfig) -> Setup {
    let plane = Arc::new(Plane::default());
    let front = Front::new(Arc::clone(&plane) as Arc<dyn Api>, config);
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(serve(listener, front.router()));
    Setup { address, plane, front }
}

/// As the listener of a platform does.
async fn serve(listener: TcpListener, router: Router) {
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        let service = TowerToHyperService::new(router.clone());
        tokio::spawn(async move {
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http2().enable_connect_protocol();
            // Clients come and go as they like.
            let _ = builder
                .serve_connection_with_upgrades(TokioIo::new(stream), service)
                .await;
        });
    }
}

impl Setup {
    pub async fn send(&self, request: Request<Full<Bytes>>) -> Response<hyper::body::Incoming> {
        let stream = TcpStream::connect(self.address).await.expect("connected");
        let (mut sender, connection) = hyper::client::conn::http1::handshake(TokioIo::new(stream))
            .await
            .expect("HTTP");
        tokio::spawn(connection.with_upgrades());
        sender.send_request(request).await.expect("an answer")
    }

    pub async fn call(&self, method: &str, path: &str, bearer: &str, body: &'static [u8]) -> (StatusCode, Value) {
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "front")
            .header("authorization", format!("Bearer {bearer}"))
            .header("sandbar-forward", "v1;9;9;00")
            .body(Full::new(Bytes::from_static(body)))
            .expect("a request");
        let (status, _, value) = self.exchange(request).await;
        (status, value)
    }

    /// Status, headers, and the body as JSON if it is some.
    pub async fn exchange(&self, request: Request<Full<Bytes>>) -> (StatusCode, HeaderMap, Value) {
        let (parts, body) = self.send(request).await.into_parts();
        let bytes = body.collect().await.expect("a whole answer").to_bytes();
        let value = serde_json::from_slice(&bytes).unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        (parts.status, parts.headers, value)
    }

    /// Links a runner that answers what it saw, and 409 to any generation but `generation`. Dropping what comes back cuts it.
    pub async fn link(&self, generation: u64) -> tokio::task::JoinHandle<()> {
        self.link_of(generation).await.0
    }

    /// As [`Setup::link`], of a runner of this process: it says `near` when it is called directly. It is, as long as what
    /// comes back second lives.
    pub async fn link_near(&self, generation: u64) -> (tokio::task::JoinHandle<()>, Arc<dyn Near>) {
        let (link, key) = self.link_of(generation).await;
        let near: Arc<dyn Near> = Arc::new(Neighbour(key.clone(), generation));
        self.front.neighbourhood().settle(&key, Arc::downgrade(&near));
        (link, near)
    }

    async fn link_of(&self, generation: u64) -> (tokio::task::JoinHandle<()>, LinkKey) {
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
        let runner = Router::new().fallback(runner).with_state((key.clone(), generation));
        let link = tokio::spawn(async move {
            let _ = hyper::server::conn::http2::Builder::new(TokioExecutor::new())
                .enable_connect_protocol()
                .serve_connection(upgraded, TowerToHyperService::new(runner))
                .await;
        });
        for _ in 0..200 {
            if self.front.linked_runners() > 0 {
                return (link, key);
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("the link did not come up");
    }
}

/// A runner that is called directly.
struct Neighbour(LinkKey, u64);

impl Near for Neighbour {
    fn call(self: Arc<Self>, request: Request<Bytes>) -> BoxFuture<'static, Response<NearBody>> {
        Box::pin(async move {
            let (parts, body) = request.into_parts();
            let length = body.len();
            let request = Request::from_parts(parts, axum::body::Body::from(body));
            let (_, status, mut seen) = look(&self.0, self.1, &request);
            seen["body"] = json!(length);
            seen["near"] = json!(true);
            answer(status, &seen).map(|body| body.map_err(|error| Box::new(error) as _).boxed_unsync())
        })
    }
}

/// Route, status by the seal, and what it saw.
fn look(key: &LinkKey, generation: u64, request: &axum::extract::Request) -> (String, u16, Value) {
    let path = request.uri().path_and_query().map_or("", |p| p.as_str()).to_owned();
    let header = |name: &str| {
        let value = request.headers().get(name).and_then(|v| v.to_str().ok());
        value.map(str::to_owned)
    };
    let sandbox = path
        .strip_prefix("/toolbox/")
        .map_or("", |rest| rest.split('/').next().unwrap_or_default());
    let seal = header(FORWARD_HEADER).unwrap_or_default();
    let call = Call {
        method: request.method().as_str(),
        path_and_query: &path,
        sandbox,
    };
    let status = match key.open(&call, &seal, now_millis()) {
        Ok(sealed) if sandbox.is_empty() || sealed == generation => 200,
        Ok(_) => 409,
        Err(_) => 403,
    };
    let route = request.uri().path().rsplit('/').next().unwrap_or_default().to_owned();
    let seen = json!({
        "method": request.method().as_str(),
        "path": path,
        "authorization": header("authorization").is_some(),
        "cookie": header("cookie"),
        "token": header("x-daytona-preview-token"),
        "host": header("x-forwarded-host"),
        "protocols": header("sec-websocket-protocol"),
    });
    (route, status, seen)
}

/// A runner with its cell: checks the seal, opens WebSockets under `/ws`, refuses them under `/busy`, drips under
/// `/drip`, and else tells what it saw.
async fn runner(
    State((key, generation)): State<(LinkKey, u64)>,
    request: axum::extract::Request,
) -> Response<axum::body::Body> {
    let (route, status, seen) = look(&key, generation, &request);
    if status == 200 && route == "ws" {
        let (mut parts, _) = request.into_parts();
        let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &()).await;
        return match upgrade {
            Ok(upgrade) => upgrade.protocols(["echo"]).on_upgrade(move |socket| echo(socket, seen)),
            Err(refusal) => axum::response::IntoResponse::into_response(refusal),
        };
    }
    if status == 200 && route == "busy" {
        return answer(
            410,
            &json!({ "statusCode": 410, "message": "it has ended", "source": "DAYTONA_DAEMON" }),
        );
    }
    if status == 200 && route == "drip" {
        let drops = futures::stream::unfold((), |()| async {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let frame = http_body::Frame::data(Bytes::from_static(b"drop\n"));
            Some((Ok::<_, std::convert::Infallible>(frame), ()))
        });
        return Response::new(axum::body::Body::new(StreamBody::new(drops)));
    }
    let body = request.into_body().collect().await.map_or(0, |b| b.to_bytes().len());
    let mut seen = seen;
    seen["body"] = json!(body);
    answer(status, &seen)
}

fn answer(status: u16, value: &Value) -> Response<axum::body::Body> {
    Response::builder()
        .status(status)
        .header("connection", "close")
        .body(axum::body::Body::from(value.to_string()))
        .expect("an answer")
}

/// Tells what it saw, then gives back what it gets.
async fn echo(mut socket: WebSocket, seen: Value) {
    use axum::extract::ws::Message;
    if socket.send(Message::text(seen.to_string())).await.is_err() {
        return;
    }
    while let Some(Ok(message)) = socket.recv().await {
        if matches!(message, Message::Text(_) | Message::Binary(_)) && socket.send(message).await.is_err() {
            return;
        }
    }
}
