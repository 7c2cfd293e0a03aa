//! A plane that says what a test wants it to say.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbar_forward::{Call, FORWARD_HEADER, LINK_KEY_HEADER, LINK_PROTOCOL, LinkKey, now_millis};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::Role;

pub const TOKEN: &str = "runner-token";

/// How long a test waits for what must happen.
pub const SOON: Duration = Duration::from_secs(30);

/// A WebSocket into a sandbox.
pub type Socket = WebSocketStream<TokioIo<hyper::upgrade::Upgraded>>;

type Link = (SendRequest<Full<Bytes>>, LinkKey);

struct State {
    jobs: Mutex<VecDeque<Value>>,
    rows: Mutex<Vec<Value>>,
    new_job: Notify,
    observations: watch::Sender<Vec<Value>>,
    health: watch::Sender<Option<Value>>,
    link: watch::Sender<Option<Link>>,
    /// The data directory that holds the runner, and its newest process.
    holder: Mutex<(Option<String>, u64)>,
    /// What every report is answered with.
    lease: AtomicU64,
    disowned: Mutex<Vec<Value>>,
}

#[derive(Clone)]
pub struct Plane {
    state: Arc<State>,
    pub address: SocketAddr,
    serving: Arc<Mutex<tokio::task::JoinHandle<()>>>,
}

/// An answer that came over the link.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }
}

impl Plane {
    pub async fn start() -> Self {
        let state = Arc::new(State {
            jobs: Mutex::default(),
            rows: Mutex::default(),
            new_job: Notify::new(),
            observations: watch::Sender::new(vec![]),
            health: watch::Sender::new(None),
            link: watch::Sender::new(None),
            holder: Mutex::default(),
            lease: AtomicU64::new(60_000),
            disowned: Mutex::default(),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        let serving = tokio::spawn(accept(listener, Arc::clone(&state)));
        Self {
            state,
            address,
            serving: Arc::new(Mutex::new(serving)),
        }
    }

    pub fn api_url(&self) -> String {
        format!("http://{}/api", self.address)
    }

    /// Goes away: every connection ends, the port is closed.
    pub async fn vanish(&self) {
        let serving = {
            let serving = self.serving.lock().expect("lock");
            serving.abort();
            serving.abort_handle()
        };
        while !serving.is_finished() {
            tokio::task::yield_now().await;
        }
        self.state.link.send_replace(None);
    }

    /// Comes back on the same port.
    pub async fn appear(&self) {
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        };
        let serving = tokio::spawn(accept(listener, Arc::clone(&self.state)));
        *self.serving.lock().expect("lock") = serving;
    }

    /// How long the answers to reports let the runner hold its sandboxes, from now on.
    pub fn set_lease(&self, lease: Duration) {
        let millis = u64::try_from(lease.as_millis()).expect("a short time");
        self.state.lease.store(millis, Ordering::SeqCst);
    }

    /// Disowns a sandbox in the answer to every report from now on.
    pub fn disown(&self, sandbox: &str, generation: u64) {
        let one = json!({ "sandboxId": sandbox, "generation": generation });
        self.state.disowned.lock().expect("lock").push(one);
    }

    /// Forgets which data directory holds the runner, as a replacement by the operator does.
    pub fn release(&self) {
        self.state.holder.lock().expect("lock").0 = None;
    }

    /// The newest observation of a sandbox that fits.
    pub async fn observed(&self, sandbox: &str, state: &str) -> Value {
        let fits = |one: &Value| one["sandboxId"] == sandbox && one["state"] == state;
        let mut observations = self.state.observations.subscribe();
        let seen = tokio::time::timeout(SOON, observations.wait_for(|seen| seen.iter().any(fits))).await;
        let seen = seen
            .unwrap_or_else(|_| panic!("{sandbox} is never {state}"))
            .expect("the plane lives");
        seen.iter().rev().find(|one| fits(one)).expect("it is there").clone()
    }

    pub fn set_rows(&self, rows: Vec<Value>) {
        *self.state.rows.lock().expect("lock") = rows;
    }

    /// Gives the runner a job; its id.
    pub fn job(&self, kind: &str, sandbox: &str, generation: u64) -> String {
        let id = format!("{sandbox}.{generation}.{kind}");
        let job = json!({
            "id": id, "type": kind, "status": "IN_PROGRESS", "resourceType": "SANDBOX", "resourceId": sandbox,
            "payload": payload(sandbox, generation).to_string(), "createdAt": "x", "updatedAt": "x",
        });
        self.state.jobs.lock().expect("lock").push_back(job);
        self.state.new_job.notify_one();
        id
    }

    /// Waits for the observation that ends a job; its state.
    pub async fn ended(&self, job: &str) -> String {
        let fits = |seen: &Vec<Value>| seen.iter().any(|one| one["jobId"] == job);
        let mut observations = self.state.observations.subscribe();
        let seen = tokio::time::timeout(SOON, observations.wait_for(fits))
            .await
            .unwrap_or_else(|_| panic!("job {job} does not end"))
            .expect("the plane lives");
        let one = seen.iter().rev().find(|one| one["jobId"] == job).expect("it is there");
        format!(
            "{}{}",
            one["state"].as_str().unwrap_or("?"),
            one["errorReason"].as_str().unwrap_or("")
        )
    }

    /// Does a job and expects that state.
    pub async fn does(&self, kind: &str, sandbox: &str, generation: u64, state: &str) {
        let job = self.job(kind, sandbox, generation);
        assert_eq!(self.ended(&job).await, state);
    }

    pub async fn health(&self) -> Value {
        let mut health = self.state.health.subscribe();
        let health = tokio::time::timeout(SOON, health.wait_for(Option::is_some)).await;
        health
            .expect("a health report")
            .expect("the plane lives")
            .clone()
            .expect("it is there")
    }

    async fn link(&self) -> Link {
        let mut link = self.state.link.subscribe();
        let up = |link: &Option<Link>| link.as_ref().is_some_and(|(sender, _)| !sender.is_closed());
        let link = tokio::time::timeout(SOON, link.wait_for(up)).await;
        link.expect("a link")
            .expect("the plane lives")
            .clone()
            .expect("it is up")
    }

    /// Calls the toolbox as the front would.
    pub async fn call(&self, sandbox: &str, generation: u64, path: &str, body: Value) -> Answer {
        self.call_sealed(sandbox, path, body, |key, call| {
            key.seal(call, generation, now_millis() + 60_000)
        })
        .await
    }

    pub async fn call_sealed(
        &self,
        sandbox: &str,
        path: &str,
        body: Value,
        seal: impl FnOnce(&LinkKey, &Call<'_>) -> String,
    ) -> Answer {
        self.try_call(sandbox, path, body, seal).await.expect("an answer")
    }

    /// None if the link breaks before the answer is there.
    pub async fn try_call(
        &self,
        sandbox: &str,
        path: &str,
        body: Value,
        seal: impl FnOnce(&LinkKey, &Call<'_>) -> String,
    ) -> Option<Answer> {
        let (mut sender, key) = self.link().await;
        let path_and_query = format!("/toolbox/{sandbox}{path}");
        let method = if body.is_null() { Method::GET } else { Method::POST };
        let call = Call {
            method: method.as_str(),
            path_and_query: &path_and_query,
            sandbox,
        };
        let request = Request::builder()
            .method(&method)
            .uri(format!("http://plane{path_and_query}"))
            .header(FORWARD_HEADER, seal(&key, &call))
            .body(Full::from(body.to_string()))
            .expect("a request");
        sender.ready().await.expect("a link");
        let response = sender.send_request(request).await.ok()?;
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.ok()?.to_bytes();
        Some(Answer { status, body })
    }

    /// One of the runner's own routes over the link.
    pub async fn own(&self, method: Method, path: &str, body: Bytes) -> Answer {
        let (mut sender, key) = self.link().await;
        let call = Call {
            method: method.as_str(),
            path_and_query: path,
            sandbox: "",
        };
        let request = Request::builder()
            .method(&method)
            .uri(format!("http://plane{path}"))
            .header(FORWARD_HEADER, key.seal(&call, 0, now_millis() + 60_000))
            .body(Full::from(body))
            .expect("a request");
        sender.ready().await.expect("a link");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        let body = response.into_body().collect().await.expect("a body").to_bytes();
        Answer { status, body }
    }

    /// Opens a WebSocket in the sandbox as the front would; the answer if it is refused.
    pub async fn websocket(&self, sandbox: &str, generation: u64, path: &str) -> Result<Socket, Answer> {
        let (mut sender, key) = self.link().await;
        let path_and_query = format!("/toolbox/{sandbox}{path}");
        let call = Call {
            method: "CONNECT",
            path_and_query: &path_and_query,
            sandbox,
        };
        let mut request = Request::builder()
            .method(Method::CONNECT)
            .uri(format!("http://plane{path_and_query}"))
            .header(FORWARD_HEADER, key.seal(&call, generation, now_millis() + 60_000))
            .header("sec-websocket-version", "13")
            .body(Full::default())
            .expect("a request");
        request
            .extensions_mut()
            .insert(hyper::ext::Protocol::from_static("websocket"));
        sender.ready().await.expect("a link");
        let response = sender.send_request(request).await.expect("an answer");
        let status = response.status().as_u16();
        if status != 200 {
            let body = response.into_body().collect().await.expect("a body").to_bytes();
            return Err(Answer { status, body });
        }
        let stream = TokioIo::new(hyper::upgrade::on(response).await.expect("upgraded"));
        Ok(WebSocketStream::from_raw_socket(stream, Role::Client, None).await)
    }

    /// Runs a command; its output, which must come with exit code 0.
    pub async fn run(&self, sandbox: &str, generation: u64, command: &str) -> String {
        let body = json!({ "command": command });
        let answer = self.call(sandbox, generation, "/process/execute", body).await;
        let value = answer.json();
        assert_eq!((answer.status, value["exitCode"].as_i64()), (200, Some(0)), "{value}");
        value["result"].as_str().expect("a result").to_owned()
    }
}

/// What a sandbox is made of.
pub fn payload(sandbox: &str, generation: u64) -> Value {
    json!({
        "id": sandbox, "generation": generation, "name": "n", "organizationId": "o", "regionId": "us",
        "snapshot": "default", "osUser": "daytona", "cpuQuota": 1, "memoryQuota": 1, "storageQuota": 1,
        "env": { "GREETING": "hello" }, "labels": {},
    })
}

/// Serves until it is aborted, which also ends every connection.
async fn accept(listener: TcpListener, state: Arc<State>) {
    let mut connections = tokio::task::JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.expect("a connection");
        connections.spawn(connection(stream, Arc::clone(&state)));
    }
}

async fn connection(stream: TcpStream, state: Arc<State>) {
    // What belongs to this connection ends with it, the link included.
    let links = Arc::new(Mutex::new(tokio::task::JoinSet::new()));
    let service = service_fn(|request| {
        let (state, links) = (Arc::clone(&state), Arc::clone(&links));
        async move { Ok::<_, Infallible>(answer(request, state, links).await) }
    });
    // A runner that ends breaks its connections.
    let _ = hyper::server::conn::http1::Builder::new()
        .serve_connection(TokioIo::new(stream), service)
        .with_upgrades()
        .await;
    let mut links = std::mem::take(&mut *links.lock().expect("lock"));
    while links.join_next().await.is_some() {}
}

async fn answer(
    mut request: Request<Incoming>,
    state: Arc<State>,
    links: Arc<Mutex<tokio::task::JoinSet<()>>>,
) -> Response<Full<Bytes>> {
    if !authorized(request.headers()) {
        return status(StatusCode::UNAUTHORIZED);
    }
    let path = request.uri().path().to_owned();
    if path == "/link" {
        assert_eq!(request.headers()["upgrade"], LINK_PROTOCOL);
        let key = LinkKey::generate().expect("randomness");
        let mut response = status(StatusCode::SWITCHING_PROTOCOLS);
        let headers = response.headers_mut();
        headers.insert("connection", "Upgrade".parse().expect("a value"));
        headers.insert("upgrade", LINK_PROTOCOL.parse().expect("a value"));
        headers.insert(LINK_KEY_HEADER, key.to_hex().parse().expect("a value"));
        let upgrade = hyper::upgrade::on(&mut request);
        links.lock().expect("lock").spawn(async move {
            let Ok(stream) = upgrade.await else { return };
            let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                .await
                .expect("HTTP/2 over the link");
            state.link.send_replace(Some((sender, key)));
            let _ = connection.await;
        });
        return response;
    }
    let process = request.headers().get("sandbar-runner-process");
    let process: u64 = process.and_then(|v| v.to_str().ok()?.parse().ok()).unwrap_or(0);
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match path.as_str() {
        "/api/runners/attach" => {
            let mut holder = state.holder.lock().expect("lock");
            let instance = body["instance"].as_str().expect("an instance").to_owned();
            if holder.0.as_ref().is_some_and(|held| *held != instance) {
                return refuse("RUNNER_CONFLICT", "another data directory is this runner");
            }
            *holder = (Some(instance), holder.1 + 1);
            json_body(&json!({
                "process": holder.1, "runnerId": "r1", "region": "us", "leaseMs": 60_000, "reportEveryMs": 1_000, "linkUrl": "",
            }))
        }
        _ if process != state.holder.lock().expect("lock").1 => refuse("RUNNER_REPLACED", "there is a newer process"),
        "/api/runners/report" => {
            let seen = body["observations"].as_array().cloned().unwrap_or_default();
            state.observations.send_modify(|all| all.extend(seen));
            if body["health"].is_object() {
                state.health.send_replace(Some(body["health"].clone()));
            }
            let lease = state.lease.load(Ordering::SeqCst);
            json_body(&json!({ "leaseMs": lease, "disowned": *state.disowned.lock().expect("lock") }))
        }
        "/api/runners/me/sandboxes" => json_body(&json!(*state.rows.lock().expect("lock"))),
        "/api/jobs/poll" => {
            // Held, as the real one does.
            let _ = tokio::time::timeout(Duration::from_secs(2), async {
                while state.jobs.lock().expect("lock").is_empty() {
                    state.new_job.notified().await;
                }
            })
            .await;
            let jobs: Vec<Value> = state.jobs.lock().expect("lock").drain(..).collect();
            json_body(&json!({ "jobs": jobs }))
        }
        _ => status(StatusCode::NOT_FOUND),
    }
}

fn authorized(headers: &HeaderMap) -> bool {
    let expected = format!("Bearer {TOKEN}");
    headers
        .get("authorization")
        .is_some_and(|value| value == expected.as_str())
}

fn refuse(code: &str, message: &str) -> Response<Full<Bytes>> {
    let mut response = json_body(&json!({ "statusCode": 409, "code": code, "message": message }));
    *response.status_mut() = StatusCode::CONFLICT;
    response
}

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn json_body(value: &Value) -> Response<Full<Bytes>> {
    Response::new(Full::from(value.to_string()))
}
