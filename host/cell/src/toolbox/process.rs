//! `process/execute` and `process/code-run`.

use super::environment::{self, Variables};
use crate::blocking::blocking;
use crate::call::{Call, Json};
use crate::error::{ApiError, Code};
use crate::limits::{EXECUTIONS, EXECUTIONS_OUTPUT_BYTES, LEAST_OUTPUT_BYTES, LONGEST_EXECUTION, OUTPUT_BYTES};
use crate::table::Open;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use sandbar_files::Kind;
use sandbar_process::{Errno, Exec, Outcome, Timing};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a command that could not be started answers instead of an exit code.
const NOT_STARTED: i32 = -1;

/// Body of `execute`.
#[derive(Deserialize)]
pub struct ExecuteRequest {
    command: String,
    cwd: Option<String>,
    envs: Option<Variables>,
    timeout: Option<f64>,
}

/// Body of `code-run`.
#[derive(Deserialize)]
pub struct CodeRunRequest {
    code: String,
    language: String,
    argv: Option<Vec<String>>,
    envs: Option<Variables>,
    timeout: Option<f64>,
}

/// Answer of both.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Executed {
    exit_code: i32,
    /// Standard output and error in the order written; what is not UTF-8 is replaced, as JSON must be.
    result: String,
    /// Times of the command's own process, for the header; none if it never ran or was killed.
    #[serde(skip)]
    timing: Option<Timing>,
}

impl IntoResponse for Executed {
    /// JSON, with where the time went in `Server-Timing` (milliseconds).
    fn into_response(self) -> Response {
        let header = self.timing.map(|Timing { instantiate, run }| {
            let [instantiate, run] = [instantiate, run].map(|time| time.as_secs_f64() * 1000.0);
            [(
                "server-timing",
                format!("instantiate;dur={instantiate:.3}, run;dur={run:.3}"),
            )]
        });
        (header, axum::Json(self)).into_response()
    }
}

/// `POST /process/execute`
pub async fn execute(call: Call, Json(request): Json<ExecuteRequest>) -> Result<Executed, ApiError> {
    if request.command.trim().is_empty() {
        return Err(ApiError::bad_request("command is blank"));
    }
    let arguments = vec!["sh".into(), "-c".into(), request.command];
    let command = Command {
        arguments,
        stdin: Bytes::new(),
        cwd: request.cwd,
        envs: request.envs.unwrap_or_default(),
        timeout: request.timeout,
    };
    run(&call, command).await
}

/// `POST /process/code-run`
pub async fn code_run(call: Call, Json(request): Json<CodeRunRequest>) -> Result<Executed, ApiError> {
    match request.language.as_str() {
        "python" => {}
        "javascript" | "typescript" => {
            return Err(ApiError::bad_request(format!(
                "{} comes with a later version; this one runs python",
                request.language
            )));
        }
        other => {
            return Err(ApiError::bad_request(format!(
                "unknown language {other:?}; this version runs python"
            )));
        }
    }
    let mut arguments: Vec<String> = vec!["python3".into(), "-u".into(), "-".into()];
    arguments.extend(request.argv.unwrap_or_default());
    let command = Command {
        arguments,
        // On standard input, as the interpreter takes a program named `-`: no limit of argument lengths applies.
        stdin: Bytes::from(request.code),
        cwd: None,
        envs: request.envs.unwrap_or_default(),
        timeout: request.timeout,
    };
    run(&call, command).await
}

struct Command {
    arguments: Vec<String>,
    stdin: Bytes,
    cwd: Option<String>,
    envs: Variables,
    timeout: Option<f64>,
}

async fn run(call: &Call, command: Command) -> Result<Executed, ApiError> {
    environment::check(&command.envs)?;
    if command.arguments.iter().any(|argument| argument.contains('\0')) {
        return Err(ApiError::bad_request("an argument holds a NUL byte"));
    }
    let timeout = timeout(command.timeout)?;
    // Whoever drops this call (a client that has gone) ends the command: `exec` kills when it is dropped.
    let _slot = call.entry().execute()?;
    let running = EXECUTIONS - call.entry().free_executions();
    let open = call.open().await?;
    let directory = match command.cwd.as_deref() {
        None | Some("") => call.work_dir(),
        Some(cwd) => directory(call, &open, cwd).await?,
    };
    let exec = Exec {
        environment: environment::of(&open.spec, &directory, command.envs),
        arguments: command.arguments,
        directory,
        stdin: command.stdin,
        timeout: Some(timeout.unwrap_or(LONGEST_EXECUTION)),
        output_limit: output_limit(running),
    };
    match open.sandbox.exec(exec).await {
        Ok(outcome) if outcome.timed_out => Err(timed_out(timeout.unwrap_or(LONGEST_EXECUTION))),
        Ok(outcome) => Ok(executed(&outcome)),
        Err(errno) => not_started(errno),
    }
}

fn executed(outcome: &Outcome) -> Executed {
    Executed {
        exit_code: outcome.status.code(),
        result: String::from_utf8_lossy(&outcome.output).into_owned(),
        timing: outcome.timing,
    }
}

/// Limits are the caller's to know of, as errors; everything else is a command that did not start, which clients expect
/// as an answer.
fn not_started(errno: Errno) -> Result<Executed, ApiError> {
    match errno {
        Errno::Limit => Err(ApiError::busy(
            "the sandbox, or the machine, runs as many processes as it may; wait for one to end",
        )),
        Errno::Memory => Err(ApiError::busy(
            "the memory of the sandbox is used up; wait for a process to end",
        )),
        Errno::Machine => Err(ApiError::busy(
            "the memory of the machine that this sandbox runs on is used up; try again when other work has ended",
        )),
        Errno::TooBig => Err(ApiError::bad_request(
            "arguments and environment together are too long (1 MiB); write the script to a file and run that",
        )),
        errno => Ok(Executed {
            exit_code: NOT_STARTED,
            result: format!("the command could not be started: {errno}"),
            timing: None,
        }),
    }
}

async fn directory(call: &Call, open: &Open, cwd: &str) -> Result<String, ApiError> {
    let path = call.path(cwd)?;
    let tree = open.tree.clone();
    blocking(move || match tree.stat(&path, true) {
        Ok(status) if status.kind == Kind::Directory => Ok(path),
        Ok(_) => Err(ApiError::bad_path(format!("cwd {path} is not a directory"))),
        Err(error) => Err(ApiError::bad_path(format!("cwd {path}: {error}"))),
    })
    .await
}

/// Seconds; absent or 0 means none.
fn timeout(seconds: Option<f64>) -> Result<Option<Duration>, ApiError> {
    match seconds {
        None | Some(0.0) => Ok(None),
        Some(seconds) if seconds > 0.0 => {
            let most = LONGEST_EXECUTION.as_secs_f64();
            Ok(Some(Duration::from_secs_f64(seconds.min(most))))
        }
        Some(_) => Err(ApiError::bad_request("timeout is negative")),
    }
}

fn timed_out(after: Duration) -> ApiError {
    ApiError::new(
        StatusCode::REQUEST_TIMEOUT,
        Code::ProcessExecutionTimeout,
        format!("command execution timeout: killed after {} s", after.as_secs_f64()),
    )
}

/// Output that the `running`-th command at once may give: the more there are, the less each, so that together they cannot
/// fill the cell's memory.
fn output_limit(running: usize) -> usize {
    (EXECUTIONS_OUTPUT_BYTES / running.max(1)).clamp(LEAST_OUTPUT_BYTES, OUTPUT_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn timeouts_are_bounded() {
        assert_eq!(timeout(None).ok(), Some(None));
        assert_eq!(timeout(Some(0.0)).ok(), Some(None));
        assert_eq!(timeout(Some(1.5)).ok(), Some(Some(Duration::from_millis(1500))));
        assert_eq!(timeout(Some(1e300)).ok(), Some(Some(LONGEST_EXECUTION)));
        assert!(timeout(Some(-1.0)).is_err() && timeout(Some(f64::NAN)).is_err());
    }

    #[test]
    fn many_commands_share_the_room_for_output() {
        assert_eq!(output_limit(1), OUTPUT_BYTES);
        assert_eq!(output_limit(EXECUTIONS), LEAST_OUTPUT_BYTES);
        let most: usize = (1..=EXECUTIONS).map(output_limit).sum();
        assert!(most < 512 << 20, "{most}");
    }

    #[test]
    fn a_timeout_says_so() {
        let error = timed_out(Duration::from_secs(2));
        assert_eq!(error.status, 408);
        assert!(error.message.contains("timeout"));
        assert_eq!(error.code.as_str(), "PROCESS_EXECUTION_TIMEOUT");
    }
}
