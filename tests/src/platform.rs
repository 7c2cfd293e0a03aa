//! A platform of the test's own: `sandbar up` on a free port of 127.0.0.1, with a fresh data directory.

use crate::api::Api;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A loaded machine may take this long to start the platform; it normally takes under a second.
const START_LIMIT: Duration = Duration::from_secs(120);

/// The checkout.
pub fn root() -> PathBuf {
    match std::env::var_os("SANDBAR_ROOT") {
        Some(root) => root.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .map(Path::to_path_buf)
            .unwrap_or_default(),
    }
}

/// The built `sandbar` command.
pub fn binary() -> PathBuf {
    match std::env::var_os("SANDBAR_BIN") {
        Some(binary) => binary.into(),
        None => root().join("target/release/sandbar"),
    }
}

/// How a platform is started.
#[derive(Default)]
pub struct Settings {
    /// Data directory to use again; none: a fresh one that is removed at the end.
    pub data: Option<PathBuf>,
    /// Further arguments of `sandbar up`.
    pub arguments: Vec<String>,
}

/// A running platform. Dropping it kills every process of it.
pub struct Platform {
    child: Child,
    /// The URL that SDKs get, ending in `/api`.
    pub api_url: String,
    /// The API key.
    pub api_key: String,
    /// Where its data is.
    pub data: PathBuf,
    /// Where its log is, for failures.
    pub log: PathBuf,
    _directory: Option<tempfile::TempDir>,
}

impl Platform {
    /// Starts one with default settings.
    pub fn start() -> Platform {
        Platform::start_with(Settings::default())
    }

    /// Starts one; panics with its log if it does not come up.
    pub fn start_with(settings: Settings) -> Platform {
        let (data, directory) = match settings.data {
            Some(data) => (data, None),
            None => {
                let directory = tempfile::Builder::new()
                    .prefix("sandbar-test-")
                    .tempdir()
                    .expect("a temporary directory");
                (directory.path().to_path_buf(), Some(directory))
            }
        };
        let log = data.join("test.log");
        let log_file = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&log)
            .expect("a log file");
        let mut command = Command::new(binary());
        command
            .args(["up", "--json", "--listen", "127.0.0.1:0", "--home"])
            .arg(root().join("target"))
            .arg("--cache-dir")
            .arg(root().join("target/cache"))
            .arg("--data-dir")
            .arg(&data)
            .args(&settings.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(log_file);
        if !settings.arguments.iter().any(|argument| argument == "--manifest") {
            command.arg("--manifest").arg(root().join("spin.toml"));
        }
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "cannot start {}: {error}; `cargo xtask build` makes it",
                binary().display()
            )
        });
        let line = first_line(&mut child, &log);
        let ready: serde_json::Value =
            serde_json::from_str(&line).unwrap_or_else(|error| panic!("not one line of JSON: {line:?}: {error}"));
        let text = |key: &str| {
            ready[key]
                .as_str()
                .unwrap_or_else(|| panic!("no {key} in {line}"))
                .to_owned()
        };
        Platform {
            api_url: text("apiUrl"),
            api_key: text("apiKey"),
            child,
            data,
            log,
            _directory: directory,
        }
    }

    /// A client with this platform's key.
    pub fn api(&self) -> Api {
        Api::new(&self.api_url, &self.api_key)
    }

    /// Process id of the platform's main process.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// SIGKILL to the main process, and waits for it.
    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The last lines of its log, for messages of failing tests.
    pub fn log_tail(&self) -> String {
        tail(&self.log)
    }
}

impl Drop for Platform {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("--- log of the platform\n{}", self.log_tail());
        }
        self.kill();
    }
}

/// Waits for the one line that says the platform is ready.
fn first_line(child: &mut Child, log: &Path) -> String {
    let stdout = child.stdout.take().expect("stdout is piped");
    let (send, receive) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut line = String::new();
        let _ = BufReader::new(stdout).read_line(&mut line);
        let _ = send.send(line);
    });
    let started = Instant::now();
    match receive.recv_timeout(START_LIMIT) {
        Ok(line) if !line.trim().is_empty() => line,
        _ => {
            let _ = child.kill();
            panic!(
                "the platform did not start (after {:?}):\n{}",
                started.elapsed(),
                tail(log)
            );
        }
    }
}

fn tail(log: &Path) -> String {
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(60)..].join("\n")
}
