//! A cell in this process, and a client of it.

use bytes::Bytes;
use http::{Method, Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use sandbar_cell::{Cell, SandboxLimits, SandboxSpec};
use sandbar_engine::{CodeCache, MemoryBudget, SandboxEngine};
use sandbar_net::Egress;
use sandbar_process::{Programs, Threads};
use serde_json::Value;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use tokio::runtime::Runtime;

/// What all tests of this process share: engines and threads are dear.
struct Platform {
    programs: Programs,
    guests: Threads,
    base: PathBuf,
    _runtime: Runtime,
}

fn target() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target")
}

fn platform() -> &'static Platform {
    static PLATFORM: OnceLock<Platform> = OnceLock::new();
    PLATFORM.get_or_init(|| {
        let target = target();
        let userland = target.join("userland");
        let base = userland.join("base");
        assert!(
            base.join("bin").is_dir() && userland.join("shell.wasm").is_file(),
            "no userland in {}: build it with `cargo xtask up`, or run `cargo xtask test`",
            userland.display()
        );
        let engine = SandboxEngine::new().expect("an engine");
        let cache = CodeCache::open(target.join("cache")).expect("a cache");
        let programs = Programs::load(&engine, &cache, &userland, &|progress| {
            eprintln!("{progress:?}");
        })
        .expect("the userland loads");
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("a runtime");
        Platform {
            programs,
            guests: Threads::new(runtime.handle().clone(), 2).expect("threads"),
            base,
            _runtime: runtime,
        }
    })
}

/// A cell with one sandbox, `s`.
pub struct Client {
    sender: SendRequest<Full<Bytes>>,
    cell: Cell,
    home: Arc<tempfile::TempDir>,
}

/// An answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: http::HeaderMap,
    pub body: Bytes,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body)
            .unwrap_or_else(|error| panic!("{error}: {:?}", String::from_utf8_lossy(&self.body)))
    }

    /// Asserts the status and the code of an error body.
    #[track_caller]
    pub fn is_error(&self, status: u16, code: &str) -> Value {
        let body = self.json();
        assert_eq!(
            (self.status.as_u16(), body["code"].as_str()),
            (status, Some(code)),
            "{body}"
        );
        assert_eq!(body["source"], "DAYTONA_DAEMON");
        body
    }

    #[track_caller]
    pub fn is_ok(&self, status: u16) -> &Self {
        assert_eq!(
            self.status.as_u16(),
            status,
            "{:?}",
            String::from_utf8_lossy(&self.body)
        );
        self
    }
}

impl Client {
    pub async fn new() -> Self {
        let client = Self::empty().await;
        client.put(&client.spec(1)).await.is_ok(204);
        client
    }

    /// A cell without sandboxes.
    pub async fn empty() -> Self {
        Self::on_machine(u64::MAX).await
    }

    /// A cell without sandboxes on a machine with so many bytes of memory.
    pub async fn on_machine(memory: u64) -> Self {
        Self::over(Self::home(), memory, Egress::none()).await
    }

    /// A cell with one sandbox that can reach these addresses of the machine's.
    pub async fn reaching(addresses: &[SocketAddr]) -> Self {
        let egress = Egress::new(addresses.iter().copied(), Vec::new());
        let client = Self::over(Self::home(), u64::MAX, egress).await;
        client.put(&client.spec(1)).await.is_ok(204);
        client
    }

    fn home() -> Arc<tempfile::TempDir> {
        Arc::new(tempfile::tempdir().expect("a directory"))
    }

    /// Another cell on the same directory, as one that is started after the first has ended.
    pub async fn next_life(&self) -> Self {
        let client = Self::over(Arc::clone(&self.home), u64::MAX, Egress::none()).await;
        client.put(&client.spec(1)).await.is_ok(204);
        client
    }

    async fn over(home: Arc<tempfile::TempDir>, memory: u64, egress: Arc<Egress>) -> Self {
        let platform = platform();
        let root = home.path().canonicalize().expect("a path");
        let cell = Cell::with_egress(
            platform.programs.clone(),
            root,
            platform.base.clone(),
            MemoryBudget::new(memory),
            platform.guests.clone(),
            egress,
        );
        let (ours, theirs) = tokio::io::duplex(1 << 20);
        let serving = cell.clone();
        tokio::spawn(async move { serving.serve(theirs).await });
        let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(ours))
            .await
            .expect("a connection");
        tokio::spawn(connection);
        Self { sender, cell, home }
    }

    /// Closes the files of sandboxes that nothing uses.
    pub async fn sweep(&self) {
        self.cell.sweep(std::time::Duration::ZERO).await;
    }

    pub fn root(&self) -> PathBuf {
        self.home.path().canonicalize().expect("a path")
    }

    pub fn spec(&self, generation: u64) -> SandboxSpec {
        SandboxSpec {
            work_dir: None,
            entrypoint: Vec::new(),
            id: "s".into(),
            generation,
            directory: self.root().join("s"),
            layers: vec![],
            env: [("FROM_SANDBOX".to_owned(), "yes".to_owned())].into(),
            user: "daytona".into(),
            organization: "org".into(),
            region: "us".into(),
            snapshot: "default".into(),
            limits: SandboxLimits {
                cpu_milli: 1000,
                memory_mib: 512,
                disk_mib: 64,
            },
            network: Default::default(),
            parent: None,
            image: None,
            volumes: Vec::new(),
        }
    }

    pub async fn put(&self, spec: &SandboxSpec) -> Answer {
        let body = serde_json::to_vec(spec).expect("JSON");
        self.send(
            Method::PUT,
            &format!("/sandboxes/{}", spec.id),
            "application/json",
            body,
        )
        .await
    }

    pub async fn send(&self, method: Method, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        let response = self.start(method, path, content_type, body).await;
        let (head, body) = response.into_parts();
        Answer {
            status: head.status,
            headers: head.headers,
            body: body.collect().await.expect("a body").to_bytes(),
        }
    }

    /// Sends a request; gives the answer while its body still streams.
    pub async fn start(
        &self,
        method: Method,
        path: &str,
        content_type: &str,
        body: impl Into<Bytes>,
    ) -> Response<hyper::body::Incoming> {
        let request = Request::builder()
            .method(method)
            .uri(format!("http://cell{path}"))
            .header("content-type", content_type)
            .body(Full::new(body.into()))
            .expect("a request");
        let mut sender = self.sender.clone();
        sender.ready().await.expect("a connection");
        sender.send_request(request).await.expect("an answer")
    }

    pub fn sender(&self) -> SendRequest<Full<Bytes>> {
        self.sender.clone()
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, &format!("/toolbox/s{path}"), "text/plain", "")
            .await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send(Method::DELETE, &format!("/toolbox/s{path}"), "text/plain", "")
            .await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Answer {
        self.send(
            Method::POST,
            &format!("/toolbox/s{path}"),
            "application/json",
            body.to_string(),
        )
        .await
    }

    pub async fn post_bytes(&self, path: &str, content_type: &str, body: impl Into<Bytes>) -> Answer {
        self.send(Method::POST, &format!("/toolbox/s{path}"), content_type, body)
            .await
    }

    /// Runs a command; gives exit code and output.
    pub async fn execute(&self, command: &str) -> (i64, String) {
        let answer = self
            .post("/process/execute", &serde_json::json!({ "command": command }))
            .await;
        let body = answer.is_ok(200).json();
        (
            body["exitCode"].as_i64().expect("a code"),
            body["result"].as_str().expect("a result").to_owned(),
        )
    }

    /// Uploads a file.
    pub async fn write(&self, path: &str, bytes: impl Into<Bytes>) {
        self.post_bytes(
            &format!("/files/upload-v2?path={path}"),
            "application/octet-stream",
            bytes,
        )
        .await
        .is_ok(200);
    }

    /// Downloads a file.
    pub async fn read(&self, path: &str) -> Bytes {
        let answer = self.get(&format!("/files/download?path={path}")).await;
        answer.is_ok(200);
        answer.body
    }
}
