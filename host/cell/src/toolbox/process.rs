//! `process/execute` and `process/code-run`.

use super::environment::{self, Variables};
use crate::blocking::blocking;
use crate::call::{Call, Json};
use crate::error::{ApiError, Code};
use crate::limits::{EXECUTIONS, EXECUTIONS_OUTPUT_BYTES, LEAST_OUTPUT_BYTES, LONGEST_EXECUTION, OUTPUT_BYTES};
use crate::table::{Entry, Open};
use crate::work::execution::{Ended, Execution, Kept, Order, Stdin};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use http::StatusCode;
use sandbar_files::Kind;
use sandbar_process::{Errno, Signal, Timing};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
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
    /// Under which the execution can be asked for, for a while; none if it never started.
    #[serde(skip_serializing_if = "Option::is_none")]
    exec_id: Option<String>,
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
    let command = Command {
        arguments: vec!["sh".into(), "-c".into(), request.command.clone()],
        shown: request.command,
        stdin: Bytes::new(),
        cwd: request.cwd,
        envs: request.envs.unwrap_or_default(),
        timeout: request.timeout,
    };
    run(&call, command).await
}

/// `POST /process/code-run`
pub async fn code_run(call: Call, Json(request): Json<CodeRunRequest>) -> Result<Executed, ApiError> {
    let mut arguments: Vec<String> = match request.language.as_str() {
        "python" => vec!["python3".into(), "-u".into(), "-".into()],
        "javascript" => vec!["node".into(), "-".into()],
        "typescript" => vec!["tsx".into(), "-".into()],
        other => {
            return Err(ApiError::bad_request(format!(
                "unknown language {other:?}; there are python, javascript and typescript"
            )));
        }
    };
    arguments.extend(request.argv.unwrap_or_default());
    let command = Command {
        shown: arguments.join(" "),
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
    shown: String,
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
    let slot = call.entry().execute()?;
    let running = EXECUTIONS - call.entry().free_executions();
    let open = call.open().await?;
    let directory = directory(call, &open, command.cwd.as_deref()).await?;
    let limit = output_limit(running);
    let order = Order {
        environment: call.environment(&open, &directory, command.envs),
        arguments: command.arguments,
        command: command.shown,
        directory,
        timeout: timeout.unwrap_or(LONGEST_EXECUTION),
        stdin: Stdin::Bytes(command.stdin),
        output: Kept::UpTo(limit),
    };
    let execution = match Execution::start(&open.sandbox, order, slot) {
        Ok(execution) => execution,
        Err(errno) => return not_started(errno),
    };
    call.entry().work().executions.add(Arc::clone(&execution));
    // Whoever drops this call (a client that has gone) ends the command.
    let guard = Abandoned(Some(Arc::clone(&execution)));
    let ended = execution.wait().await;
    guard.end();
    let ended = ended.ok_or_else(|| ApiError::internal("the cell is shutting down"))?;
    if ended.timed_out {
        return Err(timed_out(timeout.unwrap_or(LONGEST_EXECUTION)));
    }
    Ok(executed(&execution, &ended, limit))
}

/// Kills the command if its client does not wait for its end.
struct Abandoned(Option<Arc<Execution>>);

impl Abandoned {
    fn end(mut self) {
        self.0 = None;
    }
}

impl Drop for Abandoned {
    fn drop(&mut self) {
        if let Some(execution) = &self.0 {
            // It may have ended just now.
            let _ = execution.signal(Signal::KILL);
        }
    }
}

fn executed(execution: &Execution, ended: &Ended, limit: usize) -> Executed {
    let mut output = execution.text();
    if ended.flooded {
        output.truncate(limit);
        output.extend_from_slice(format!("\n[killed: output limit of {limit} bytes exceeded]\n").as_bytes());
    }
    Executed {
        exit_code: ended.code,
        result: String::from_utf8_lossy(&output).into_owned(),
        exec_id: Some(execution.id.clone()),
        timing: ended.timing,
    }
}

/// Limits are the caller's to know of, as errors; everything else is a command that did not start, which clients expect
/// as an answer.
fn not_started(errno: Errno) -> Result<Executed, ApiError> {
    match errno {
        Errno::Limit | Errno::Memory | Errno::Machine | Errno::TooBig => Err(refusal(errno)),
        errno => Ok(Executed {
            exit_code: NOT_STARTED,
            result: format!("the command could not be started: {errno}"),
            exec_id: None,
            timing: None,
        }),
    }
}

/// Why something that should run does not, as an error.
#[must_use]
pub fn refusal(errno: Errno) -> ApiError {
    match errno {
        Errno::Limit => {
            ApiError::busy("the sandbox, or the machine, runs as many processes as it may; wait for one to end")
        }
        Errno::Memory => ApiError::busy("the memory of the sandbox is used up; wait for a process to end"),
        Errno::Machine => ApiError::busy(
            "the memory of the machine that this sandbox runs on is used up; try again when other work has ended",
        ),
        Errno::TooBig => ApiError::bad_request(
            "arguments and environment together are too long (1 MiB); write the script to a file and run that",
        ),
        errno => ApiError::bad_request(format!("the command could not be started: {errno}")),
    }
}

/// The working directory that a client names, or the default one.
///
/// # Errors
/// 400 if it is none.
pub async fn directory(call: &Call, open: &Open, cwd: Option<&str>) -> Result<String, ApiError> {
    let Some(cwd) = cwd.filter(|cwd| !cwd.is_empty()) else {
        return starting_directory(call.entry(), open).await;
    };
    let path = call.path(cwd)?;
    let tree = open.tree.clone();
    blocking(move || match tree.stat(&path, true) {
        Ok(status) if status.kind == Kind::Directory => Ok(path),
        Ok(_) => Err(ApiError::bad_path(format!("cwd {path} is not a directory"))),
        Err(error) => Err(ApiError::bad_path(format!("cwd {path}: {error}"))),
    })
    .await
}

/// Where a process starts if nobody says where: in the work directory, or in the home if that is gone.
///
/// # Errors
/// The machine cannot look.
pub(crate) async fn starting_directory(entry: &Entry, open: &Open) -> Result<String, ApiError> {
    let (path, home) = (entry.work_dir(), entry.home());
    if path == home {
        return Ok(home);
    }
    let tree = open.tree.clone();
    blocking(move || match tree.stat(&path, true) {
        Ok(status) if status.kind == Kind::Directory => Ok(path),
        _ => Ok(home),
    })
    .await
}

/// Seconds; absent or 0 means none.
///
/// # Errors
/// 400 for a negative number, and for none at all.
pub fn timeout(seconds: Option<f64>) -> Result<Option<Duration>, ApiError> {
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
