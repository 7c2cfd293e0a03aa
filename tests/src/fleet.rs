//! Runner machines of a test's own: `sandbar runner` processes that dial a platform.

use crate::api::Api;
use crate::platform::{Platform, binary, root};
use serde_json::json;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A loaded machine may take this long to start a runner; it normally takes under a second.
const START_LIMIT: Duration = Duration::from_secs(90);

/// A registered runner, and its process.
pub struct RunnerProcess {
    /// Its id at the platform.
    pub id: String,
    /// Its token.
    pub token: String,
    /// The region it is in.
    pub region: String,
    /// Its data directory.
    pub data: PathBuf,
    /// Where its log is, for failures.
    pub log: PathBuf,
    arguments: Vec<String>,
    api: Api,
    child: Option<Child>,
    _directory: tempfile::TempDir,
}

/// Makes a region of the caller's organization; its id.
pub fn make_region(api: &Api, name: &str) -> String {
    let made = api.post("/regions", &json!({ "name": name }));
    assert_eq!(made.status, 201, "region {name}: {}", made.text);
    made.json["id"].as_str().unwrap_or_default().to_owned()
}

impl RunnerProcess {
    /// Registers a runner, starts its process and waits until it is ready.
    pub fn start(platform: &Platform, region: &str, name: &str, arguments: &[&str]) -> RunnerProcess {
        let mut runner = RunnerProcess::register(platform, region, name, arguments);
        runner.run();
        runner.wait_until(START_LIMIT, "ready", |now| now["state"] == "ready");
        runner
    }

    /// Registers a runner without starting it. It dials the platform, unless an argument names another `--api-url`.
    pub fn register(platform: &Platform, region: &str, name: &str, arguments: &[&str]) -> RunnerProcess {
        let api = platform.api();
        let made = api.post("/runners", &json!({ "name": name, "regionId": region }));
        assert_eq!(made.status, 201, "runner {name}: {}", made.text);
        let text = |key: &str| made.json[key].as_str().unwrap_or_default().to_owned();
        let directory = tempfile::Builder::new()
            .prefix("sandbar-runner-")
            .tempdir()
            .expect("a temporary directory");
        let data = directory.path().join("data");
        let mut all = Vec::new();
        if !arguments.contains(&"--api-url") {
            all.extend(["--api-url".to_owned(), platform.api_url.clone()]);
        }
        all.extend(arguments.iter().map(|argument| (*argument).to_owned()));
        RunnerProcess {
            id: text("id"),
            token: text("apiKey"),
            region: region.to_owned(),
            log: directory.path().join("log"),
            data,
            arguments: all,
            api,
            child: None,
            _directory: directory,
        }
    }

    /// Starts the process on its data directory; it must not be running.
    pub fn run(&mut self) {
        assert!(self.child.is_none(), "runner {} runs already", self.id);
        self.child = Some(self.spawn(&self.data));
    }

    /// A process with this runner's token on any data directory; the caller ends it.
    pub fn spawn(&self, data: &std::path::Path) -> Child {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .expect("a log file");
        Command::new(binary())
            .arg("runner")
            .args(&self.arguments)
            .args(["--token", &self.token])
            .arg("--home")
            .arg(root().join("target"))
            .arg("--cache-dir")
            .arg(root().join("target/cache"))
            .arg("--data-dir")
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary().display()))
    }

    /// Another process is this runner's from now on; the one before.
    pub fn replace(&mut self, successor: Child) -> Child {
        self.child.replace(successor).expect("a process")
    }

    /// What the platform says of it.
    pub fn now(&self) -> serde_json::Value {
        self.api.get(&format!("/runners/{}", self.id)).json
    }

    /// Waits until what the platform says of it is as wished; panics with the runner's log otherwise.
    pub fn wait_until(&self, limit: Duration, what: &str, is: impl Fn(&serde_json::Value) -> bool) -> Duration {
        let started = Instant::now();
        loop {
            let now = self.now();
            if is(&now) {
                return started.elapsed();
            }
            assert!(
                started.elapsed() < limit,
                "runner {} is not {what} after {limit:?}: {now}\n--- its log\n{}",
                self.id,
                self.log_tail()
            );
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    /// The process id.
    pub fn pid(&self) -> u32 {
        self.child.as_ref().map_or(0, Child::id)
    }

    /// Sends a signal by its name (`STOP`, `CONT`, `TERM`, ...).
    pub fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args([&format!("-{name}"), &self.pid().to_string()])
            .status();
        assert!(sent.is_ok_and(|status| status.success()), "kill -{name} {}", self.pid());
    }

    /// SIGKILL, and waits for its end.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// SIGTERM, and waits for its end; the exit code.
    pub fn stop(&mut self) -> Option<i32> {
        self.signal("TERM");
        let mut child = self.child.take()?;
        let started = Instant::now();
        while started.elapsed() < Duration::from_secs(30) {
            if let Ok(Some(status)) = child.try_wait() {
                return status.code();
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = child.kill();
        let _ = child.wait();
        panic!("runner {} did not end within 30 s\n{}", self.id, self.log_tail());
    }

    /// The last lines of its log.
    pub fn log_tail(&self) -> String {
        let text = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for RunnerProcess {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of runner {}\n{}", self.id, self.log_tail());
        }
        self.kill();
    }
}
