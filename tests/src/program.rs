//! Running a program of the SDK tests, with a time limit, against a platform.

use crate::platform::Platform;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How a program ended.
#[derive(Debug)]
pub struct Finished {
    /// Its exit code; none if it was killed at the time limit.
    pub code: Option<i32>,
    /// Standard output and error, one after the other.
    pub output: String,
    /// How long it ran.
    pub took: Duration,
}

/// Runs `command` with the SDK's environment variables; kills it after `limit`.
pub fn run_program(platform: &Platform, command: &mut Command, limit: Duration) -> Finished {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let output = directory.path().join("output");
    let file = std::fs::File::create(&output).expect("an output file");
    let mut child = command
        .env("DAYTONA_API_URL", &platform.api_url)
        .env("DAYTONA_API_KEY", &platform.api_key)
        .env_remove("DAYTONA_TARGET")
        .current_dir(directory.path())
        .stdin(Stdio::null())
        .stdout(file.try_clone().expect("a second handle"))
        .stderr(file)
        .spawn()
        .unwrap_or_else(|error| panic!("cannot start {command:?}: {error}; `cargo xtask test` installs the SDKs"));
    let started = Instant::now();
    let code = loop {
        if let Some(status) = child.try_wait().expect("waiting for a child") {
            break status.code();
        }
        if started.elapsed() > limit {
            let _ = child.kill();
            let _ = child.wait();
            break None;
        }
        std::thread::sleep(Duration::from_millis(5));
    };
    Finished {
        code,
        took: started.elapsed(),
        output: std::fs::read_to_string(&output).unwrap_or_default(),
    }
}
