//! Running one command to its end, with its output collected.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::limits::MAX_OUTPUT_BYTES;
use crate::output::Output;
use crate::sandbox::Sandbox;
use crate::spawn::{Child, Spawn};
use crate::status::{ExitStatus, Signal};
use crate::timing::Timing;

/// A command to run to its end.
#[derive(Clone, Debug)]
pub struct Exec {
    /// argv; see [`Spawn::arguments`].
    pub arguments: Vec<String>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Absolute working directory.
    pub directory: String,
    /// Standard input.
    pub stdin: Bytes,
    /// Wall-clock time after which the command and all it started are killed. None: no limit.
    pub timeout: Option<Duration>,
    /// Bytes of output, at most [`MAX_OUTPUT_BYTES`]; a command that writes more is killed.
    pub output_limit: usize,
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outcome {
    /// How it ended.
    pub status: ExitStatus,
    /// Standard output and error in the order written, with a last line that says so if it was cut.
    pub output: Bytes,
    /// It wrote more than the limit, and was killed for it.
    pub truncated: bool,
    /// It ran out of time, and was killed for it.
    pub timed_out: bool,
    /// Times of the command's own process; none if it was killed.
    pub timing: Option<Timing>,
}

enum End {
    Itself(ExitStatus),
    Time,
    Output,
}

/// Kills the tree if the exec is abandoned (its caller is gone), so that nothing runs on unseen.
struct Abandon(Option<Child>);

impl Drop for Abandon {
    fn drop(&mut self) {
        if let Some(child) = &self.0 {
            child.kill_session(Signal::KILL);
        }
    }
}

impl Sandbox {
    /// Runs a command and waits until it has ended. What it left running in the background goes on; what that writes to
    /// the command's output is lost. Dropping the future kills the command and all it started, as a timeout does.
    ///
    /// # Errors
    /// As [`Sandbox::spawn`].
    pub async fn exec(&self, exec: Exec) -> Result<Outcome, Errno> {
        let limit = exec.output_limit.min(MAX_OUTPUT_BYTES);
        let output = Output::new(limit);
        let stdout = Descriptor::output(&output);
        let child = self.spawn(Spawn {
            arguments: exec.arguments,
            environment: exec.environment,
            directory: exec.directory,
            stdin: Descriptor::input(exec.stdin),
            stderr: stdout.clone(),
            stdout,
        })?;
        let mut abandon = Abandon(Some(child.clone()));
        let end = first_end(&child, &output, exec.timeout).await;
        if !matches!(end, End::Itself(_)) {
            child.kill_session(Signal::KILL);
            // Only then is the output final.
            child.session_end().await;
        }
        abandon.0 = None;
        output.close();
        let (output, exceeded) = output.take();
        let output = if exceeded { with_marker(&output, limit) } else { output };
        let status = match end {
            End::Itself(status) => status,
            End::Time | End::Output => child.wait().await,
        };
        Ok(Outcome {
            status,
            output,
            truncated: exceeded,
            timed_out: matches!(end, End::Time),
            timing: child.timing(),
        })
    }
}

async fn first_end(child: &Child, output: &Output, timeout: Option<Duration>) -> End {
    let time = async {
        match timeout {
            Some(timeout) => tokio::time::sleep(timeout).await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        biased;
        () = output.exceeded() => End::Output,
        status = child.wait() => End::Itself(status),
        () = time => End::Time,
    }
}

fn with_marker(output: &[u8], limit: usize) -> Bytes {
    let marker = format!("\n[killed: output limit of {limit} bytes exceeded]\n");
    let mut marked = BytesMut::with_capacity(output.len() + marker.len());
    marked.extend_from_slice(output);
    marked.extend_from_slice(marker.as_bytes());
    marked.freeze()
}
