//! One command of a session.

use super::log::{Log, Stream};
use bytes::Bytes;
use sandbar_process::{Descriptor, Errno, Sandbox};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::watch;

/// See the module.
#[derive(Debug)]
pub struct Command {
    /// Its id.
    pub id: String,
    /// What the shell evaluates.
    pub text: String,
    /// What it writes.
    pub log: Arc<Log>,
    /// Whether what is typed into it is left out of the log.
    quiet: bool,
    /// Both ends of its standard input, if that stays open while it runs.
    input: Mutex<Option<(Descriptor, Descriptor)>>,
    end: watch::Sender<End>,
}

/// How far it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// It waits, or runs.
    NotYet,
    /// It ended with this code.
    Code(i32),
    /// It was not run to its end: the session was deleted, or ended before its turn.
    Never,
}

impl Command {
    /// A command that has not been started. `interactive`: its standard input stays open, and takes input from now on.
    ///
    /// # Errors
    /// [`Errno::Limit`] if the sandbox has too many pipes.
    pub fn new(
        text: String,
        log_limit: usize,
        interactive: bool,
        quiet: bool,
        sandbox: &Sandbox,
    ) -> Result<Arc<Self>, Errno> {
        let input = if interactive { Some(sandbox.pipe()?) } else { None };
        Ok(Arc::new(Self {
            id: uuid::Uuid::new_v4().to_string(),
            text,
            log: Log::new(log_limit),
            quiet,
            input: Mutex::new(input),
            end: watch::Sender::new(End::NotYet),
        }))
    }

    pub(super) fn stdin(&self) -> Descriptor {
        match &*self.input.lock().unwrap_or_else(PoisonError::into_inner) {
            Some((reader, _)) => reader.clone(),
            None => Descriptor::input(Bytes::new()),
        }
    }

    pub(super) fn stdout(&self) -> Descriptor {
        Descriptor::sink(self.log.sink(Stream::Out))
    }

    pub(super) fn stderr(&self) -> Descriptor {
        Descriptor::sink(self.log.sink(Stream::Err))
    }

    /// It has ended with this code, or never ran.
    pub(super) fn finish(&self, code: Option<i32>) {
        let ends = self.input.lock().unwrap_or_else(PoisonError::into_inner).take();
        // What it left running finds the end of its input.
        drop(ends);
        self.end.send_replace(code.map_or(End::Never, End::Code));
        self.log.finish();
    }

    /// Its exit code, if it has ended.
    #[must_use]
    pub fn exit_code(&self) -> Option<i32> {
        match *self.end.borrow() {
            End::Code(code) => Some(code),
            End::NotYet | End::Never => None,
        }
    }

    /// How far it is.
    #[must_use]
    pub fn end(&self) -> End {
        *self.end.borrow()
    }

    /// Waits until it has ended, or it is certain that it will never run.
    pub async fn wait(&self) -> End {
        let mut end = self.end.subscribe();
        let ended = end.wait_for(|end| *end != End::NotYet).await;
        ended.map_or(End::Never, |end| *end)
    }

    /// Types a line into it, and shows it in its log unless it is quiet. Waits while the command reads nothing.
    ///
    /// # Errors
    /// [`Errno::BadDescriptor`] if it takes no input.
    pub async fn input(&self, line: &str) -> Result<(), Errno> {
        let writer = {
            let input = self.input.lock().unwrap_or_else(PoisonError::into_inner);
            input.as_ref().map(|(_, writer)| writer.clone())
        };
        let writer = writer.ok_or(Errno::BadDescriptor)?;
        if !self.quiet {
            self.log.append(Stream::Out, line.as_bytes());
        }
        writer.write_all(line.as_bytes()).await
    }
}
