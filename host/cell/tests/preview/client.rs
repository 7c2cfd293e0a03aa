//! A cell in this process whose only program is a server, and a client of it.

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbar_cell::{Cell, SandboxLimits, SandboxSpec};
use sandbar_engine::{CodeCache, MemoryBudget, SandboxEngine};
use sandbar_net::Egress;
use sandbar_process::{Programs, Threads};
use serde_json::Value;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// Nothing here takes so long.
pub const SOON: Duration = Duration::from_secs(20);

/// What all tests of this process share.
struct Platform {
    programs: Programs,
    threads: Threads,
    home: tempfile::TempDir,
    _runtime: Runtime,
}

fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let home = tempfile::tempdir().expect("a directory");
        let (userland, base, cache) = (
            home.path().join("userland"),
            home.path().join("base"),
            home.path().join("cache"),
        );
        for directory in [
            &userland,
            &base.join("bin"),
            &base.join("home/daytona"),
            &base.join("tmp"),
            &cache,
        ] {
            fs::create_dir_all(directory).expect("a directory");
        }
        fs::set_permissions(&cache, fs::Permissions::from_mode(0o700)).expect("a private directory");
        let sh = base.join("bin/sh");
        fs::write(&sh, "#!wasm:server\n").expect("a file");
        fs::set_permissions(&sh, fs::Permissions::from_mode(0o755)).expect("an executable");
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/preview/guests/server.rs");
        let rustc = std::env::var("RUSTC").unwrap_or_else(|_| "rustc".to_owned());
        let built = Command::new(rustc)
            .args(["--edition=2024", "--target=wasm32-wasip2", "-Copt-level=3", "-o"])
            .args([&userland.join("server.wasm"), &source])
            .status()
            .expect("rustc runs");
        assert!(built.success(), "rustup target add wasm32-wasip2");
        let engine = SandboxEngine::new().expect("an engine");
        let cache = CodeCache::open(cache).expect("a cache");
        let programs = Programs::load(&engine, &cache, &userland, &|_| {}).expect("the server loads");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        let threads = Threads::new(runtime.handle().clone(), 1).expect("threads");
        Platform {
            programs,
            threads,
            home,
            _runtime: runtime,
        }
    })
}

/// A client of a cell with the sandboxes that it has made.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    home: tempfile::TempDir,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    /// None: it broke off.
    pub body: Option<Bytes>,
}

impl Answer {
    pub fn text(&self) -> &str {
        let body = self.body.as_ref().expect("a whole body");
        std::str::from_utf8(body).expect("text")
    }

    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) -> String {
        let body: Value = serde_json::from_str(self.text()).unwrap_or_else(|error| panic!("{error}: {self:?}"));
        assert_eq!(
            (self.status.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        body["message"].as_str().expect("a message").to_owned()
    }
}

impl Client {
    /// A cell that has the sandboxes `a` and `b`.
    pub async fn new() -> Self {
        let platform = platform();
        let home = tempfile::tempdir().expect("a directory");
        let cell = Cell::with_egress(
            platform.programs.clone(),
            home.path().canonicalize().expect("a path"),
            platform.home.path().join("base"),
            MemoryBudget::new(u64::MAX),
            platform.threads.clone(),
            Egress::none(),
        );
        let (ours, theirs) = tokio::net::UnixStream::pair().expect("a socket pair");
        tokio::spawn(async move { cell.serve(theirs).await });
        let (sender, connection) = http2::Builder::new(TokioExecutor::new())
            .max_concurrent_streams(1000)
            .handshake(TokioIo::new(ours))
            .await
            .expect("a connection");
        tokio::spawn(connection);
        let client = Self { sender, home };
        for id in ["a", "b"] {
            let spec = serde_json::to_vec(&client.spec(id)).expect("JSON");
            let answer = client.send(Method::PUT, &format!("/sandboxes/{id}"), &[], spec).await;
            assert_eq!(answer.status, 204, "{answer:?}");
        }
        client
    }

    pub fn spec(&self, id: &str) -> SandboxSpec {
        let root: PathBuf = self.home.path().canonicalize().expect("a path");
        SandboxSpec {
            work_dir: None,
            entrypoint: Vec::new(),
            id: id.into(),
            generation: 1,
            directory: root.join(id),
            layers: vec![],
            env: [].into(),
            user: "daytona".into(),
            organization: "org".into(),
            region: "us".into(),
            snapshot: "default".into(),
            limits: SandboxLimits {
                cpu_milli: 2000,
                memory_mib: 512,
                disk_mib: 64,
            },
            network: Default::default(),
            parent: None,
            image: None,
            volumes: Vec::new(),
        }
    }

    pub async fn begin(&self, mut request: Request<Full<Bytes>>) -> Response<Incoming> {
        let uri = format!("http://cell{}", request.uri());
        *request.uri_mut() = uri.parse().expect("a URI");
        self.sender.clone().send_request(request).await.expect("an answer")
    }

    pub async fn send(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Bytes>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, body) = self
            .begin(request.body(Full::new(body.into())).expect("a request"))
            .await
            .into_parts();
        let body = body.collect().await.ok().map(|body| body.to_bytes());
        Answer {
            status: head.status,
            headers: head.headers,
            body,
        }
    }

    /// A request to the server on port 3000 of sandbox `a`.
    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("/toolbox/a/proxy/3000{path}"), &[], "")
            .await
    }

    /// Starts the server, and waits until it listens.
    pub async fn serve(&self, sandbox: &str, case: &str) {
        let body = format!(r#"{{"command": "{case}", "timeout": 120}}"#);
        let request = Request::builder()
            .method(Method::POST)
            .uri(format!("http://cell/toolbox/{sandbox}/process/execute"))
            .header("content-type", "application/json")
            .body(Full::new(Bytes::from(body)))
            .expect("a request");
        let mut sender = self.sender.clone();
        tokio::spawn(async move { sender.send_request(request).await });
        let started = Instant::now();
        while !self.ports(sandbox).await.contains(&3000) {
            assert!(started.elapsed() < SOON, "the server does not listen");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }

    pub async fn ports(&self, sandbox: &str) -> Vec<u64> {
        let answer = self
            .send(Method::GET, &format!("/toolbox/{sandbox}/port"), &[], "")
            .await;
        let body: Value = serde_json::from_str(answer.text()).expect("JSON");
        body["ports"]
            .as_array()
            .expect("a list")
            .iter()
            .filter_map(Value::as_u64)
            .collect()
    }
}
