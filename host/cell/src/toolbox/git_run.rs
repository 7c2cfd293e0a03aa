//! One run of `git api` in the sandbox: the request goes in by standard input, where no list of processes shows the
//! credentials in it, and the answer is the last line of standard output.

use super::git::Fields;
use super::process::{directory, refusal};
use crate::call::Call;
use crate::error::{ApiError, Code};
use crate::work::execution::{Ended, Execution, Kept, Order, Stdin};
use bytes::Bytes;
use http::StatusCode;
use sandbar_process::Signal;
use serde::Deserialize;
use serde_json::Value;
use std::sync::Arc;
use std::time::Duration;

/// A clone of much over a slow line may take this long.
const LONGEST: Duration = Duration::from_secs(30 * 60);
/// Of an answer: the status of a hundred thousand files.
const MOST_ANSWER: usize = 16 << 20;

/// What is asked of git.
pub(super) struct Request(Fields);

impl Request {
    /// An operation of `git api`.
    pub(super) fn new(operation: &str) -> Self {
        let mut fields = Fields::new();
        fields.insert("operation".into(), operation.into());
        Self(fields)
    }

    /// With a field; null for none.
    #[must_use]
    pub(super) fn with(mut self, name: &str, value: impl Into<Value>) -> Self {
        let value = value.into();
        if !value.is_null() {
            self.0.insert(name.into(), value);
        }
        self
    }

    /// With credentials for this run only.
    #[must_use]
    pub(super) fn by(self, username: Option<String>, password: Option<String>) -> Self {
        let given = |text: Option<String>| text.filter(|text| !text.is_empty());
        self.with("username", given(username)).with("password", given(password))
    }
}

/// What git answered.
pub(super) struct Done(Value);

impl Done {
    /// As JSON.
    pub(super) fn json(self) -> axum::Json<Value> {
        axum::Json(self.0)
    }

    /// Nothing but that it worked.
    pub(super) fn nothing(self) {}
}

#[derive(Deserialize)]
#[serde(rename_all = "lowercase")]
enum Said {
    Ok(Value),
    Error { kind: String, message: String },
}

/// Runs git in the sandbox.
///
/// # Errors
/// What git says is wrong, in the API's codes; limits of the sandbox; a program that says nothing sensible.
pub(super) async fn run(call: &Call, request: Request) -> Result<Done, ApiError> {
    let slot = call.entry().execute()?;
    let open = call.open().await?;
    let directory = directory(call, &open, None).await?;
    let order = Order {
        arguments: vec!["/usr/bin/git".into(), "api".into()],
        command: "git api".into(),
        environment: call.environment(&open, &directory, Default::default()),
        directory,
        timeout: LONGEST,
        stdin: Stdin::Bytes(Bytes::from(Value::Object(request.0).to_string())),
        output: Kept::UpTo(MOST_ANSWER),
    };
    let execution = Execution::start(&open.sandbox, order, slot).map_err(refusal)?;
    call.entry().work().executions.add(Arc::clone(&execution));
    // Whoever drops this call (a client that has gone) ends the transfer.
    let guard = Abandoned(Some(Arc::clone(&execution)));
    let ended = execution.wait().await;
    guard.end();
    let ended = ended.ok_or_else(|| ApiError::internal("the cell is shutting down"))?;
    understand(&execution.text(), &ended)
}

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

fn understand(output: &[u8], ended: &Ended) -> Result<Done, ApiError> {
    if ended.timed_out {
        return Err(ApiError::new(
            StatusCode::REQUEST_TIMEOUT,
            Code::ProcessExecutionTimeout,
            format!("git took longer than {} s, and was stopped", LONGEST.as_secs()),
        ));
    }
    if ended.flooded {
        return Err(failed(
            "git's answer is longer than 16 MiB; ask git itself by process/execute",
        ));
    }
    let last = output
        .rsplit(|byte| *byte == b'\n')
        .find(|line| !line.is_empty())
        .unwrap_or_default();
    match serde_json::from_slice(last) {
        Ok(Said::Ok(value)) => Ok(Done(value)),
        Ok(Said::Error { kind, message }) => Err(error(&kind, message)),
        // What a program that ran out of memory or was killed has said, for its owner to see.
        Err(_) => Err(failed(&format!(
            "git ended with status {}: {}",
            ended.code,
            String::from_utf8_lossy(&last[..last.len().min(500)])
        ))),
    }
}

fn failed(message: &str) -> ApiError {
    ApiError::new(StatusCode::INTERNAL_SERVER_ERROR, Code::InternalServerError, message)
}

/// The API's status and code for a kind of failure.
fn error(kind: &str, message: String) -> ApiError {
    let (status, code) = match kind {
        "invalid" => (StatusCode::BAD_REQUEST, Code::BadRequest),
        "authentication" => (StatusCode::UNAUTHORIZED, Code::GitAuthFailed),
        "forbidden" => (StatusCode::FORBIDDEN, Code::GitAuthFailed),
        "no-repository" => (StatusCode::NOT_FOUND, Code::GitRepoNotFound),
        "no-reference" => (StatusCode::NOT_FOUND, Code::GitBranchNotFound),
        "exists" => (StatusCode::CONFLICT, Code::GitBranchExists),
        "dirty" => (StatusCode::CONFLICT, Code::GitDirtyWorktree),
        "conflict" => (StatusCode::CONFLICT, Code::GitMergeConflict),
        "not-fast-forward" => (StatusCode::CONFLICT, Code::GitPushRejected),
        "rejected" => (StatusCode::CONFLICT, Code::GitRemoteRejected),
        "transport" => (StatusCode::INTERNAL_SERVER_ERROR, Code::GitTransportFailed),
        _ => (StatusCode::INTERNAL_SERVER_ERROR, Code::InternalServerError),
    };
    ApiError::new(status, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(code: i32) -> Ended {
        Ended {
            code,
            signal: None,
            timed_out: false,
            flooded: false,
            timing: None,
            at: std::time::Instant::now(),
            time: jiff::Timestamp::now(),
        }
    }

    #[test]
    fn answers_and_errors_are_the_last_line() {
        let done = understand(b"noise\n\n{\"ok\":{\"hash\":\"x\"}}\n", &ended(0)).expect("an answer");
        assert_eq!(done.0["hash"], "x");
        for (kind, status) in [
            ("invalid", 400),
            ("authentication", 401),
            ("forbidden", 403),
            ("no-repository", 404),
            ("no-reference", 404),
            ("exists", 409),
            ("dirty", 409),
            ("conflict", 409),
            ("not-fast-forward", 409),
            ("rejected", 409),
            ("transport", 500),
            ("other", 500),
        ] {
            let line = format!("{{\"error\":{{\"kind\":\"{kind}\",\"message\":\"why\"}}}}\n");
            let error = understand(line.as_bytes(), &ended(0)).err().expect("an error");
            assert_eq!(
                (error.status.as_u16(), error.message.as_str()),
                (status, "why"),
                "{kind}"
            );
        }
    }

    #[test]
    fn a_program_that_says_nothing_sensible_is_an_error_and_no_panic() {
        for output in [
            &b""[..],
            b"\n",
            b"{}",
            b"{\"ok\":1,\"error\":2}",
            b"\xff\xfe",
            b"killed",
        ] {
            let error = understand(output, &ended(137)).err().expect("an error");
            assert_eq!(error.status, 500);
        }
    }
}
