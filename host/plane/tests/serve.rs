//! The application of the repository's spin.toml, running: routes, variables, native providers, and dependencies in
//! stores of their own.

mod common;

use std::sync::Arc;
use std::time::Duration;

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use sandbar_engine::{CodeCache, ControlEngine};
use sandbar_plane::{Body, Plane, PlaneConfig};
use serde_json::{Value, json};

const KEY: &str = "sandbar-test-key";
const KEY_HASH: &str = "f94a9081bb2506e0de5285ff90e57f45b818939f6324050d9d6b9ecfbb12b59b";
const TOKEN: &str = "sandbar-test-token";
const TOKEN_HASH: &str = "4ab36ded1309cc422c194117489d1ad3b95f385bbd781c37eec7e19eae756572";

struct Running {
    plane: Arc<Plane>,
    _data: tempfile::TempDir,
}

async fn started() -> Running {
    let data = tempfile::tempdir().expect("a directory");
    for name in ["api", "region", "scheduler"] {
        common::component(name);
    }
    let mut config = PlaneConfig::new(
        ControlEngine::new().expect("an engine"),
        CodeCache::open(data.path().join("cache")).expect("a cache"),
        common::manifest(),
        data.path().join("plane.db"),
    );
    config.variables.insert("bootstrap_key_hash".into(), KEY_HASH.into());
    config
        .variables
        .insert("runner_token_hash".into(), format!("us:local:{TOKEN_HASH}"));
    let plane = Plane::start(config).await.unwrap_or_else(|e| panic!("{e}"));
    Running { plane, _data: data }
}

impl Running {
    async fn call(&self, method: &str, path: &str, bearer: &str, body: Option<Value>) -> (StatusCode, Value) {
        let bytes = body.map(|b| b.to_string()).unwrap_or_default();
        self.send(method, path, bearer, bytes.into_bytes()).await
    }

    async fn send(&self, method: &str, path: &str, bearer: &str, bytes: Vec<u8>) -> (StatusCode, Value) {
        let body: Body = Full::new(bytes.into()).map_err(|never| match never {}).boxed_unsync();
        let request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "plane.test")
            .header("authorization", format!("Bearer {bearer}"))
            .header("content-type", "application/json")
            .body(body)
            .expect("a request");
        let (parts, body) = self.plane.handle(request).await.into_parts();
        let bytes = body.collect().await.expect("a whole answer").to_bytes();
        let value =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        (parts.status, value)
    }

    /// Reports a healthy runner of 8 CPUs.
    async fn report(&self, observations: Value) {
        let health = json!({
            "metrics": {
                "currentCpuLoadAverage": 0.1, "currentCpuUsagePercentage": 3, "currentMemoryUsagePercentage": 10,
                "currentDiskUsagePercentage": 10, "currentStartedSandboxes": 0, "cpu": 8, "memoryGiB": 16, "diskGiB": 100,
            },
            "serviceHealth": [], "appVersion": "0.1.0",
        });
        let report = json!({ "observations": observations, "health": health });
        let (status, body) = self.call("POST", "/api/runners/report", TOKEN, Some(report)).await;
        assert_eq!(status, StatusCode::OK, "{body}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_run_is_refused_at_the_start() {
    let data = tempfile::tempdir().expect("a directory");
    let config = || {
        PlaneConfig::new(
            ControlEngine::new().expect("an engine"),
            CodeCache::open(data.path().join("cache")).expect("a cache"),
            common::manifest(),
            data.path().join("plane.db"),
        )
    };
    // Region's rules are no scheduler; store is native and cannot be replaced.
    for interface in ["sandbar:scheduler/placement@0.1.0", "sandbar:store/store@0.1.0"] {
        let mut config = config();
        config.overrides.insert(interface.into(), common::component("region"));
        let error = Plane::start(config).await.err().expect("refused").to_string();
        assert!(error.contains(interface), "{error}");
    }
    let mut config = config();
    config.variables.insert("no_such_variable".into(), "x".into());
    let error = Plane::start(config).await.err().expect("refused").to_string();
    assert!(error.contains("no_such_variable"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn routes_errors_and_limits() {
    let running = started().await;
    let (status, body) = running.call("GET", "/.well-known/spin/health", "", None).await;
    assert_eq!((status, body), (StatusCode::OK, json!("OK")));
    let (status, body) = running.call("GET", "/elsewhere", "", None).await;
    assert_eq!(
        (status, body["statusCode"].as_u64()),
        (StatusCode::NOT_FOUND, Some(404))
    );
    assert_eq!(body["path"], "/elsewhere");

    let (status, body) = running.call("GET", "/api/sandbox", "wrong", None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{body}");
    let (status, body) = running.call("GET", "/api/sandbox", KEY, None).await;
    assert_eq!((status, &body["items"]), (StatusCode::OK, &json!([])));

    let huge = vec![b' '; usize::try_from(sandbar_plane::limits::MAX_BODY).expect("fits") + 1];
    let (status, _) = running.send("POST", "/api/sandbox", KEY, huge).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);
    assert!(running.plane.shutdown().await, "nothing was left inside");
    let (status, _) = running.call("GET", "/api/sandbox", KEY, None).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_placed_and_a_waiting_runner_is_woken() {
    let running = Arc::new(started().await);
    running.report(json!([])).await;
    let poll = {
        let running = Arc::clone(&running);
        tokio::spawn(async move {
            running
                .call("GET", "/api/jobs/poll?timeout=20&limit=5", TOKEN, None)
                .await
        })
    };
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert!(!poll.is_finished(), "there is no job yet");

    let create = {
        let running = Arc::clone(&running);
        tokio::spawn(async move {
            running
                .call("POST", "/api/sandbox", KEY, Some(json!({ "target": "us" })))
                .await
        })
    };
    let (status, jobs) = tokio::time::timeout(Duration::from_secs(10), poll)
        .await
        .expect("woken")
        .expect("no panic");
    assert_eq!(status, StatusCode::OK, "{jobs}");
    let job = &jobs["jobs"][0];
    assert_eq!(job["type"], "CREATE_SANDBOX", "{jobs}");
    let observation = json!([{
        "sandboxId": job["resourceId"], "generation": 1, "state": "started", "recoverable": false, "jobId": job["id"],
    }]);
    running.report(observation).await;
    let (status, sandbox) = create.await.expect("no panic");
    assert_eq!(
        (status, &sandbox["state"]),
        (StatusCode::OK, &json!("started")),
        "{sandbox}"
    );
    assert_eq!(sandbox["id"], job["resourceId"]);

    let (status, text) = running.call("GET", "/metrics", "", None).await;
    assert_eq!(status, StatusCode::OK);
    let text = text.as_str().expect("text");
    for series in [
        "sandbar_host_calls_total{interface=\"store\",outcome=\"ok\"}",
        "sandbar_dependency_calls_total{interface=\"sandbar:scheduler/placement@0.1.0\"}",
        "sandbar_dependency_calls_total{interface=\"sandbar:region/rules@0.1.0\"}",
        "sandbar_dependency_failures_total{interface=\"sandbar:scheduler/placement@0.1.0\"} 0",
        "sandbar_store_syncs_total",
    ] {
        assert!(text.contains(series), "{series} is missing in\n{text}");
    }
}
