//! Sessions: one living shell each, that runs one command after the other.
//!
//! The shell reads a line for each command from a pipe of the host. The line evaluates the command with standard input,
//! output and error from devices that only this session can open, and writes `$?` to a fourth one. So `cd`, variables
//! and functions stay, output belongs to its command, and what a command leaves in the background keeps writing to the
//! log of that command.

use super::command::Command;
use crate::error::{ApiError, Code};
use crate::limits::{SESSION_COMMANDS, SESSION_GRACE, SESSION_QUEUE};
use http::StatusCode;
use sandbar_process::{Child, Descriptor, Errno, Sandbox, Signal, Sink, Spawn};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{mpsc, watch};

const INPUT: &str = "/dev/session/in";
const OUTPUT: &str = "/dev/session/out";
const ERROR: &str = "/dev/session/err";
const STATUS: &str = "/dev/session/status";

/// See the module.
#[derive(Debug)]
pub struct Session {
    /// Its name, chosen by the client.
    pub id: String,
    shell: Child,
    commands: Mutex<Vec<Arc<Command>>>,
    queue: mpsc::Sender<Arc<Command>>,
    /// It is being deleted.
    ending: Arc<AtomicBool>,
}

impl Session {
    /// Starts the shell of a session.
    ///
    /// # Errors
    /// As [`Sandbox::spawn`].
    pub fn start(
        id: String,
        sandbox: &Sandbox,
        environment: Vec<(String, String)>,
        directory: String,
    ) -> Result<Arc<Self>, Errno> {
        let (lines, feed) = sandbox.pipe()?;
        let shell = sandbox.spawn(Spawn {
            arguments: vec!["sh".into()],
            environment,
            directory,
            stdin: lines,
            stdout: Descriptor::null(),
            stderr: Descriptor::null(),
        })?;
        let (queue, orders) = mpsc::channel(SESSION_QUEUE);
        let session = Arc::new(Self {
            id,
            shell: shell.clone(),
            commands: Mutex::default(),
            queue,
            ending: Arc::default(),
        });
        let (sink, status) = Status::new();
        let status_descriptor = Descriptor::sink(Arc::new(sink));
        sandbox.offer(&shell, STATUS, status_descriptor)?;
        let worker = Worker {
            sandbox: sandbox.clone(),
            shell,
            feed,
            status,
            ending: Arc::clone(&session.ending),
        };
        tokio::spawn(worker.work(orders));
        Ok(session)
    }

    /// Whether its shell has ended.
    #[must_use]
    pub fn is_ended(&self) -> bool {
        self.shell.try_wait().is_some()
    }

    /// Queues a command behind those that are there.
    ///
    /// # Errors
    /// 410 if the shell has ended, 429 if too many wait.
    pub fn run(&self, command: Arc<Command>) -> Result<(), ApiError> {
        if self.is_ended() {
            return Err(self.ended());
        }
        match self.queue.try_send(Arc::clone(&command)) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => {
                return Err(ApiError::busy(format!(
                    "{SESSION_QUEUE} commands of this session wait already; wait for some, or use another session"
                )));
            }
            Err(mpsc::error::TrySendError::Closed(_)) => return Err(self.ended()),
        }
        let mut commands = self.lock();
        commands.push(command);
        if commands.len() > SESSION_COMMANDS
            && let Some(oldest) = commands.iter().position(|command| command.exit_code().is_some())
        {
            commands.remove(oldest);
        }
        Ok(())
    }

    fn ended(&self) -> ApiError {
        ApiError::new(
            StatusCode::GONE,
            Code::SessionEnded,
            format!(
                "the shell of session {:?} has ended; delete the session and create a new one",
                self.id
            ),
        )
    }

    /// Its commands, oldest first.
    #[must_use]
    pub fn commands(&self) -> Vec<Arc<Command>> {
        self.lock().clone()
    }

    /// One of its commands.
    ///
    /// # Errors
    /// 404.
    pub fn command(&self, id: &str) -> Result<Arc<Command>, ApiError> {
        let found = self.lock().iter().find(|command| command.id == id).cloned();
        found.ok_or_else(|| ApiError::not_found(format!("session {:?} has no command {id:?}", self.id)))
    }

    /// Ends everything that runs in it: SIGTERM, and SIGKILL after a grace.
    pub async fn end(&self) {
        self.ending.store(true, Ordering::Release);
        self.shell.kill_session(Signal::TERM);
        // What is stopped could not hear it.
        self.shell.kill_session(Signal::CONT);
        if tokio::time::timeout(SESSION_GRACE, self.shell.session_end())
            .await
            .is_err()
        {
            self.shell.kill_session(Signal::KILL);
            self.shell.session_end().await;
        }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Command>>> {
        self.commands.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Runs the commands of a session in order.
struct Worker {
    sandbox: Sandbox,
    shell: Child,
    feed: Descriptor,
    status: watch::Receiver<(u64, i32)>,
    ending: Arc<AtomicBool>,
}

impl Worker {
    async fn work(mut self, mut orders: mpsc::Receiver<Arc<Command>>) {
        loop {
            let command = tokio::select! {
                biased;
                _ = self.shell.wait() => None,
                command = orders.recv() => command,
            };
            let Some(command) = command else { break };
            let code = self.run(&command).await;
            command.finish(code);
        }
        orders.close();
        // What still waits is answered, and never ran.
        while let Some(command) = orders.recv().await {
            command.finish(None);
        }
    }

    /// The command's exit code; that of the shell if the command ended it; none if the session is deleted meanwhile.
    async fn run(&mut self, command: &Command) -> Option<i32> {
        self.status.mark_unchanged();
        let devices = [
            (INPUT, command.stdin()),
            (OUTPUT, command.stdout()),
            (ERROR, command.stderr()),
        ];
        for (path, device) in devices {
            // The limit is far above these four.
            let _ = self.sandbox.offer(&self.shell, path, device);
        }
        let line = format!(
            "{{ eval {}; }} <{INPUT} >{OUTPUT} 2>{ERROR}; command echo $? >{STATUS}\n",
            quoted(&command.text)
        );
        let told = async {
            if self.feed.write_all(line.as_bytes()).await.is_err() || self.status.changed().await.is_err() {
                // The shell is gone.
                std::future::pending::<()>().await;
            }
        };
        let code = tokio::select! {
            biased;
            () = told => self.status.borrow().1,
            status = self.shell.wait() => status.code(),
        };
        for path in [INPUT, OUTPUT, ERROR] {
            self.sandbox.withdraw(&self.shell, path);
        }
        (!self.ending.load(Ordering::Acquire)).then_some(code)
    }
}

/// `text` as one word of the shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Takes in exit codes.
#[derive(Debug)]
struct Status {
    line: Mutex<Vec<u8>>,
    codes: watch::Sender<(u64, i32)>,
}

/// More digits than any exit code has.
const LONGEST_STATUS: usize = 16;

impl Status {
    fn new() -> (Self, watch::Receiver<(u64, i32)>) {
        let (codes, receiver) = watch::channel((0, 0));
        let status = Self {
            line: Mutex::default(),
            codes,
        };
        (status, receiver)
    }
}

impl Sink for Status {
    fn put(&self, bytes: &[u8]) {
        let mut line = self.line.lock().unwrap_or_else(PoisonError::into_inner);
        for byte in bytes {
            if *byte == b'\n' {
                let code = std::str::from_utf8(&line)
                    .ok()
                    .and_then(|text| text.trim().parse().ok());
                line.clear();
                if let Some(code) = code {
                    self.codes.send_modify(|(count, last)| {
                        *count += 1;
                        *last = code;
                    });
                }
            } else if line.len() < LONGEST_STATUS {
                line.push(*byte);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_text_is_one_word() {
        assert_eq!(quoted("echo 'a b'"), r"'echo '\''a b'\'''");
    }

    #[test]
    fn only_numbers_are_exit_codes() {
        let (status, codes) = Status::new();
        status.put(b"nonsense\n\n");
        assert_eq!(*codes.borrow(), (0, 0));
        status.put(b"4");
        status.put(b"2\n7");
        assert_eq!(*codes.borrow(), (1, 42));
        status.put(&[b'1'; 1000]);
        status.put(b"\n3\n");
        assert_eq!(codes.borrow().1, 3);
    }
}
