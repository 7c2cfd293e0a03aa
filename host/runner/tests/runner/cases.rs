//! What a runner promises.

use crate::built;
use crate::plane::{Plane, SOON, TOKEN, payload};
use sandbar_engine::ControlEngine;
use sandbar_forward::now_millis;
use sandbar_runner::{Capacity, Ratios, Runner, RunnerConfig};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

pub fn config(api_url: String, data_dir: &Path) -> RunnerConfig {
    RunnerConfig {
        api_url,
        front_url: None,
        ca_file: None,
        token: TOKEN.into(),
        name: "test".into(),
        data_dir: data_dir.to_owned(),
        userland: built("userland"),
        cache_dir: built("userland").join("../cache"),
        exe: std::env::current_exe().expect("this program"),
        component: built("components/runner.wasm"),
        ratios: Ratios {
            cpu: 50.0,
            memory: 50.0,
            disk: 50.0,
        },
        capacity: Capacity::default(),
        metrics_listen: None,
        egress_allow: Vec::new(),
        egress_none: true,
        guest_ca_file: None,
        report_every: Duration::from_secs(1),
        jail: true,
    }
}

pub async fn start(plane: &Plane, data_dir: &Path) -> Runner {
    let engine = ControlEngine::new().expect("an engine");
    let runner = Runner::start(config(plane.api_url(), data_dir), &engine)
        .await
        .expect("a runner");
    runner.ready().await;
    runner
}

pub struct Home(tempfile::TempDir);

impl Home {
    pub fn new() -> Self {
        Self(tempfile::tempdir().expect("a directory"))
    }

    pub fn path(&self) -> &Path {
        self.0.path()
    }

    pub fn sandbox(&self, id: &str) -> PathBuf {
        self.path().join("sandboxes").join(id)
    }
}

/// Children of a process, by pid, that are cells.
pub fn cells_of(parent: u32) -> Vec<i32> {
    let mut cells = Vec::new();
    for entry in std::fs::read_dir("/proc").expect("/proc").flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let read = |file: &str| std::fs::read_to_string(entry.path().join(file)).unwrap_or_default();
        let stat = read("stat");
        // pid (name) state parent
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        let state = fields.next();
        let is_child = fields.next() == Some(parent.to_string().as_str());
        if is_child && state != Some("Z") && read("cmdline").contains("\0cell\0") {
            cells.push(pid);
        }
    }
    cells
}

fn kill(pid: i32) {
    let pid = rustix::process::Pid::from_raw(pid).expect("a pid");
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).expect("it is ours");
}

pub async fn until(what: &str, condition: impl Fn() -> bool) {
    let since = Instant::now();
    while !condition() {
        assert!(since.elapsed() < SOON, "{what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

pub async fn a_sandbox_from_create_to_destroy() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    let health = plane.health().await;
    assert!(
        health["metrics"]["cpu"].as_f64().is_some_and(|cpus| cpus >= 50.0),
        "{health}"
    );
    assert_eq!(health["snapshots"], json!(["default"]));

    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    assert_eq!(plane.run("a", 1, "echo $GREETING; printf kept > f").await, "hello\n");
    assert!(home.sandbox("a").join("spec.json").is_file());
    // A job that comes twice is one.
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    assert_eq!(plane.run("a", 1, "cat f").await, "kept");

    plane.does("STOP_SANDBOX", "a", 2, "stopped").await;
    let refused = plane.call("a", 2, "/work-dir", Value::Null).await;
    assert_eq!(refused.status, 400, "{}", refused.json());
    plane.does("START_SANDBOX", "a", 3, "started").await;
    assert_eq!(plane.run("a", 3, "cat f").await, "kept");

    plane.does("DESTROY_SANDBOX", "a", 4, "destroyed").await;
    assert!(!home.sandbox("a").exists());
    assert_eq!(plane.call("a", 4, "/work-dir", Value::Null).await.status, 404);
    assert!(runner.metrics().contains("sandbar_runner_jobs_total"));
    runner.shutdown().await;
    assert!(cells_of(std::process::id()).is_empty());
}

pub async fn calls_without_a_valid_seal_are_refused() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 2, "started").await;
    let later = || now_millis() + 60_000;
    let sealed = |seal: fn(&sandbar_forward::LinkKey, &sandbar_forward::Call<'_>, u64) -> String| {
        let plane = plane.clone();
        async move {
            let answer = plane
                .call_sealed("a", "/work-dir", Value::Null, |key, call| seal(key, call, later()))
                .await;
            (answer.status, answer.json()["source"].clone())
        }
    };
    assert_eq!(sealed(|key, call, time| key.seal(call, 2, time)).await.0, 200);
    let daemon = json!("DAYTONA_DAEMON");
    assert_eq!(sealed(|_, _, _| "v1;nonsense".into()).await, (403, daemon.clone()));
    assert_eq!(
        sealed(|key, call, _| key.seal(call, 2, now_millis() - 1)).await,
        (403, daemon.clone())
    );
    // An old generation, one that is yet to come, and a seal for another generation than it says.
    assert_eq!(
        sealed(|key, call, time| key.seal(call, 1, time)).await,
        (409, daemon.clone())
    );
    assert_eq!(
        sealed(|key, call, time| key.seal(call, 3, time)).await,
        (503, daemon.clone())
    );
    let forged = sealed(|key, call, time| key.seal(call, 1, time).replacen(";1;", ";2;", 1)).await;
    assert_eq!(forged, (403, daemon));
    // Nothing but the toolbox is behind the link.
    let answer = plane.call("../stats", 2, "", Value::Null).await;
    assert_eq!(answer.status, 404);
    runner.shutdown().await;
}

pub async fn a_cell_that_dies_is_replaced() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.run("a", 1, "printf kept > f").await;
    for _ in 0..3 {
        let other = plane.clone();
        let in_flight = tokio::spawn(async move {
            let body = json!({ "command": "while :; do :; done" });
            other.call("a", 1, "/process/execute", body).await
        });
        let since = Instant::now();
        while runner.cell_stats().await.is_none_or(|stats| stats.processes == 0) {
            assert!(since.elapsed() < SOON, "the command does not start");
        }
        let cells = cells_of(std::process::id());
        assert_eq!(cells.len(), 1);
        kill(cells[0]);
        let answer = in_flight.await.expect("an answer");
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (503, &json!("SERVICE_UNAVAILABLE"))
        );
        assert_eq!(plane.run("a", 1, "cat f").await, "kept");
    }
    assert!(
        runner.metrics().contains("sandbar_runner_cell_restarts_total 3"),
        "{}",
        runner.metrics()
    );
    runner.shutdown().await;
}

pub async fn a_restart_finds_its_sandboxes() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.does("CREATE_SANDBOX", "b", 1, "started").await;
    plane.does("STOP_SANDBOX", "b", 2, "stopped").await;
    plane.run("a", 1, "printf kept > f").await;
    // Without a word to the cell, as after a crash of the whole machine's software.
    drop(runner);
    until("the old cell ends", || cells_of(std::process::id()).is_empty()).await;
    let runner = start(&plane, home.path()).await;
    assert_eq!(plane.run("a", 1, "cat f").await, "kept");
    assert_eq!(plane.call("b", 2, "/work-dir", Value::Null).await.status, 400);
    plane.does("START_SANDBOX", "b", 3, "started").await;
    assert_eq!(plane.run("b", 3, "echo back").await, "back\n");
    runner.shutdown().await;
}

pub async fn rows_of_the_plane_replace_a_lost_journal() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.run("a", 1, "printf kept > f").await;
    runner.shutdown().await;
    // What a power failure can leave of a journal entry.
    std::fs::write(home.sandbox("a").join("spec.json"), b"").expect("a torn entry");
    let mut row = payload("a", 1);
    row["state"] = "started".into();
    row["desiredState"] = "started".into();
    plane.set_rows(vec![row]);
    let runner = start(&plane, home.path()).await;
    let since = Instant::now();
    while plane.call("a", 1, "/work-dir", Value::Null).await.status != 200 {
        assert!(since.elapsed() < SOON, "the row is not taken over");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(plane.run("a", 1, "cat f").await, "kept");
    runner.shutdown().await;
}

pub async fn a_lost_plane_is_found_again() {
    let (plane, home) = (Plane::start().await, Home::new());
    plane.vanish().await;
    let engine = ControlEngine::new().expect("an engine");
    let runner = Runner::start(config(plane.api_url(), home.path()), &engine)
        .await
        .expect("an unreachable plane is no error");
    tokio::time::sleep(Duration::from_millis(300)).await;
    plane.appear().await;
    runner.ready().await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.run("a", 1, "printf kept > f").await;
    let cell = cells_of(std::process::id());
    plane.vanish().await;
    tokio::time::sleep(Duration::from_millis(300)).await;
    plane.appear().await;
    assert_eq!(plane.run("a", 1, "cat f").await, "kept");
    assert_eq!(cells_of(std::process::id()), cell, "the cell did not notice");
    runner.shutdown().await;
}

pub async fn the_cell_ends_with_its_runner() {
    let (plane, home) = (Plane::start().await, Home::new());
    let mut runner = Command::new(std::env::current_exe().expect("this program"))
        .arg("runner")
        .arg(plane.api_url())
        .arg(home.path())
        .stdin(Stdio::null())
        .spawn()
        .expect("a runner");
    let pid = runner.id();
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    let other = plane.clone();
    let busy = tokio::spawn(async move {
        let body = json!({ "command": "while :; do :; done" });
        let seal =
            |key: &sandbar_forward::LinkKey, call: &sandbar_forward::Call<'_>| key.seal(call, 1, now_millis() + 60_000);
        other.try_call("a", "/process/execute", body, seal).await
    });
    tokio::time::sleep(Duration::from_millis(200)).await;
    let cells = cells_of(pid);
    assert_eq!(cells.len(), 1);
    runner.kill().expect("it is ours");
    runner.wait().expect("it is ours");
    assert!(busy.await.expect("no panic").is_none(), "the link broke");
    let alive = Path::new("/proc").join(cells[0].to_string());
    until("the cell outlives its runner", || !alive.join("exe").exists()).await;
}

/// `<exe> runner <api url> <data dir>`
pub async fn be_a_runner(arguments: &[PathBuf]) {
    let [url, data_dir] = arguments else {
        panic!("api url and data directory")
    };
    let engine = ControlEngine::new().expect("an engine");
    let url = url.to_str().expect("a URL").to_owned();
    let _runner = Runner::start(config(url, data_dir), &engine).await.expect("a runner");
    std::future::pending().await
}
