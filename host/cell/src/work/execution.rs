//! One execution: a command under an id, that outlives whoever started it.

use super::log::{Log, Stream, whole};
use bytes::Bytes;
use sandbar_process::{Child, Descriptor, Errno, ExitStatus, Sandbox, Signal, Spawn, Timing};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, watch};

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ended {
    /// Exit code, 128 and the signal's number if one ended it.
    pub code: i32,
    /// The signal that ended it.
    pub signal: Option<u8>,
    /// It ran out of time, and was killed for it.
    pub timed_out: bool,
    /// It wrote more than it might, and was killed for it.
    pub flooded: bool,
    /// Times of its own process; none if it was killed.
    pub timing: Option<Timing>,
    /// When.
    pub at: Instant,
    /// The same for people.
    pub time: jiff::Timestamp,
}

/// What is to be executed.
#[derive(Debug)]
pub struct Order {
    /// argv.
    pub arguments: Vec<String>,
    /// The command as its client wrote it.
    pub command: String,
    /// Absolute.
    pub directory: String,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Wall-clock time after which it and all it started are killed.
    pub timeout: Duration,
    /// Standard input.
    pub stdin: Stdin,
    /// What becomes of its output.
    pub output: Kept,
}

/// Standard input of an execution.
#[derive(Debug)]
pub enum Stdin {
    /// These bytes, then the end.
    Bytes(Bytes),
    /// What comes by [`Execution::input`].
    Open,
}

/// What becomes of the output of an execution.
#[derive(Debug, Clone, Copy)]
pub enum Kept {
    /// The last so many bytes are kept, each line with its stream.
    Last(usize),
    /// So many bytes are kept as one text, and one more kills it.
    UpTo(usize),
}

/// See the module.
#[derive(Debug)]
pub struct Execution {
    /// Its id.
    pub id: String,
    /// As its client wrote it.
    pub command: String,
    /// Where it was started.
    pub directory: String,
    /// When.
    pub started: jiff::Timestamp,
    /// What it writes.
    pub log: Arc<Log>,
    child: Child,
    input: Mutex<Option<Descriptor>>,
    ended: watch::Receiver<Option<Ended>>,
}

impl Execution {
    /// Starts it. `permit` is held until it has ended.
    ///
    /// # Errors
    /// As [`Sandbox::spawn`].
    pub fn start(sandbox: &Sandbox, order: Order, permit: OwnedSemaphorePermit) -> Result<Arc<Self>, Errno> {
        let (log, most) = match order.output {
            Kept::Last(limit) => (Log::new(limit), None),
            Kept::UpTo(limit) => (Log::merged(limit), Some(limit)),
        };
        let (stdin, input) = match order.stdin {
            Stdin::Open => {
                let (reader, writer) = sandbox.pipe()?;
                (reader, Some(writer))
            }
            Stdin::Bytes(bytes) => (Descriptor::input(bytes), None),
        };
        let child = sandbox.spawn(Spawn {
            arguments: order.arguments,
            environment: order.environment,
            directory: order.directory.clone(),
            stdin,
            stdout: Descriptor::sink(log.sink(Stream::Out)),
            stderr: Descriptor::sink(log.sink(Stream::Err)),
        })?;
        let (publish, ended) = watch::channel(None);
        let execution = Arc::new(Self {
            id: uuid::Uuid::new_v4().to_string(),
            command: order.command,
            directory: order.directory,
            started: jiff::Timestamp::now(),
            log,
            child,
            input: Mutex::new(input),
            ended,
        });
        tokio::spawn(watch_over(Arc::clone(&execution), order.timeout, most, publish, permit));
        Ok(execution)
    }

    /// How it ended, if it has.
    #[must_use]
    pub fn ended(&self) -> Option<Ended> {
        *self.ended.borrow()
    }

    /// Waits until it has ended; none if that is never to be known, as when the cell shuts down.
    pub async fn wait(&self) -> Option<Ended> {
        let mut ended = self.ended.clone();
        let ended = ended.wait_for(Option::is_some).await;
        ended.ok().and_then(|ended| *ended)
    }

    /// What it wrote, as one text without markers.
    #[must_use]
    pub fn text(&self) -> Vec<u8> {
        whole(&self.log.read(0, usize::MAX).bytes)
    }

    /// Its process.
    #[must_use]
    pub fn pid(&self) -> u32 {
        self.child.pid()
    }

    /// Signals its process group, as Ctrl-C at a terminal would; SIGKILL and SIGTERM reach everything it started.
    ///
    /// # Errors
    /// [`Errno::NoProcess`] if all of it has ended.
    pub fn signal(&self, signal: Signal) -> Result<(), Errno> {
        if matches!(signal, Signal::KILL | Signal::TERM) {
            return if self.child.kill_session(signal) {
                Ok(())
            } else {
                Err(Errno::NoProcess)
            };
        }
        self.child.kill_group(signal)
    }

    /// Writes to its standard input; waits while it reads nothing.
    ///
    /// # Errors
    /// [`Errno::BadDescriptor`] if it has none that is open.
    pub async fn input(&self, bytes: &[u8], close: bool) -> Result<(), Errno> {
        let open = {
            let mut input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
            if close { input.take() } else { input.clone() }
        };
        open.ok_or(Errno::BadDescriptor)?.write_all(bytes).await
    }

    /// Kills it and all it started, and waits until they are gone.
    pub async fn kill(&self) {
        self.child.kill_session(Signal::KILL);
        self.child.session_end().await;
    }
}

async fn watch_over(
    execution: Arc<Execution>,
    timeout: Duration,
    most: Option<usize>,
    publish: watch::Sender<Option<Ended>>,
    permit: OwnedSemaphorePermit,
) {
    let flood = async {
        match most {
            Some(most) => execution.log.more_than(most as u64).await,
            None => std::future::pending().await,
        }
    };
    let (mut timed_out, mut flooded) = (false, false);
    let own = tokio::select! {
        biased;
        () = flood => {
            flooded = true;
            None
        }
        status = execution.child.wait() => Some(status),
        () = tokio::time::sleep(timeout) => {
            timed_out = true;
            None
        }
    };
    let status = match own {
        Some(status) => status,
        None => {
            execution.kill().await;
            execution.child.wait().await
        }
    };
    execution.input.lock().unwrap_or_else(PoisonError::into_inner).take();
    publish.send_replace(Some(Ended {
        code: status.code(),
        signal: match status {
            ExitStatus::Signaled(signal) => Some(signal.number()),
            ExitStatus::Exited(_) => None,
        },
        timed_out,
        flooded,
        timing: execution.child.timing(),
        at: Instant::now(),
        time: jiff::Timestamp::now(),
    }));
    execution.log.finish();
    drop(permit);
}
