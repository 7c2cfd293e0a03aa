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
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, watch};

pub const TOKEN: &str = "runner-token";

/// How long a test waits for what must happen.
pub const SOON: Duration = Duration::from_secs(30);

type Link = (SendRequest<Full<Bytes>>, LinkKey);

struct State {
    jobs: Mutex<VecDeque<Value>>,
    rows: Mutex<Vec<Value>>,
    new_job: Notify,
    observations: watch::Sender<Vec<Value>>,
    health: watch::Sender<Option<Value>>,
    link: watch::Sender<Option<Link>>,
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
    let body = request
        .into_body()
        .collect()
        .await
        .map(|body| body.to_bytes())
        .unwrap_or_default();
    let body: Value = serde_json::from_slice(&body).unwrap_or(Value::Null);
    match path.as_str() {
        "/api/runners/healthcheck" => {
            state.health.send_replace(Some(body));
            status(StatusCode::OK)
        }
        "/api/runners/report" => {
            let seen = body["observations"].as_array().cloned().unwrap_or_default();
            state.observations.send_modify(|all| all.extend(seen));
            status(StatusCode::OK)
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

fn status(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::default());
    *response.status_mut() = status;
    response
}

fn json_body(value: &Value) -> Response<Full<Bytes>> {
    Response::new(Full::from(value.to_string()))
}
