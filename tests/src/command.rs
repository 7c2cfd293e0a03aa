//! The `sandbar` command as people type it, against a platform of the test's own.

use crate::platform::{Platform, binary, root};
use serde_json::Value;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A command that takes longer hangs.
const LIMIT: Duration = Duration::from_secs(60);

/// A caller of one platform.
pub struct Cli {
    url: String,
    key: String,
}

/// How a command ended.
#[derive(Debug)]
pub struct Ran {
    /// What was typed.
    pub line: String,
    /// The exit code.
    pub code: i32,
    /// Standard output.
    pub out: String,
    /// Standard error.
    pub err: String,
}

impl Cli {
    /// The platform's operator.
    pub fn of(platform: &Platform) -> Cli {
        Cli {
            url: platform.api_url.clone(),
            key: platform.api_key.clone(),
        }
    }

    /// Any URL with any key; an empty key is none.
    pub fn of_url(url: &str, key: &str) -> Cli {
        Cli {
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    /// The same platform with another key.
    pub fn with_key(&self, key: &str) -> Cli {
        Cli::of_url(&self.url, key)
    }

    /// Runs `sandbar` with these arguments.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let mut command = Command::new(binary());
        command.env_clear();
        if !self.key.is_empty() {
            command.env("DAYTONA_API_KEY", &self.key);
        }
        let mut child = command
            .args(arguments)
            .env("DAYTONA_API_URL", &self.url)
            .env("SANDBAR_HOME", root().join("target"))
            .env("SANDBAR_CACHE_DIR", root().join("target/cache"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("cannot start {}: {error}", binary().display()));
        let [out, err] = [
            child.stdout.take().map(|pipe| read(Box::new(pipe))),
            child.stderr.take().map(|pipe| read(Box::new(pipe))),
        ];
        let started = Instant::now();
        let status = loop {
            match child.try_wait() {
                Ok(Some(status)) => break status,
                _ if started.elapsed() > LIMIT => {
                    let _ = child.kill();
                    panic!("sandbar {arguments:?} does not end");
                }
                _ => std::thread::sleep(Duration::from_millis(3)),
            }
        };
        let text = |reader: Option<std::thread::JoinHandle<String>>| {
            reader.and_then(|reader| reader.join().ok()).unwrap_or_default()
        };
        Ran {
            line: format!("sandbar {}", arguments.join(" ")),
            code: status.code().unwrap_or(-1),
            out: text(out),
            err: text(err),
        }
    }

    /// Runs it; panics unless it ends with 0. What it printed.
    pub fn ok(&self, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, 0, "{ran:#?}");
        ran.out
    }

    /// Runs it with `--json`; panics unless it ends with 0 and prints exactly one JSON value.
    pub fn json(&self, arguments: &[&str]) -> Value {
        let text = self.ok(&[arguments, &["--json"]].concat());
        serde_json::from_str(&text).unwrap_or_else(|error| panic!("sandbar {arguments:?}: {error}: {text:?}"))
    }

    /// Runs it; panics unless it fails with this code, says why in words, and prints nothing else. What it said.
    pub fn refused(&self, code: i32, arguments: &[&str]) -> String {
        let ran = self.run(arguments);
        assert_eq!(ran.code, code, "{ran:#?}");
        assert_eq!(ran.out, "", "{ran:#?}");
        assert!(ran.err.trim().len() > 10, "no reason: {ran:#?}");
        assert!(!ran.err.contains("panicked"), "{ran:#?}");
        ran.err
    }
}

fn read(mut pipe: Box<dyn std::io::Read + Send>) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut bytes = Vec::new();
        let _ = pipe.read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    })
}
