//! Terminal sessions: a login shell each, on a terminal, with a bounded scrollback that every client gets first.
//!
//! A pump moves what the terminal shows into the scrollback; each client follows it at its own pace. While a client is
//! far behind, the pump waits for it, and with the pump the processes; one that stays behind is cut.

use crate::limits::{PTY_LAG, PTY_PATIENCE, PTY_SCROLLBACK};
use bytes::Bytes;
use sandbar_process::{Child, Errno, ExitStatus, Sandbox, Signal, Spawn, Terminal, Window};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::{Notify, watch};

/// What a terminal session is made of.
#[derive(Debug, Clone)]
pub struct Setup {
    /// Its id, chosen by the client or by us.
    pub id: String,
    /// Absolute.
    pub directory: String,
    /// What the client added to the environment.
    pub variables: std::collections::BTreeMap<String, String>,
    /// The whole environment.
    pub environment: Vec<(String, String)>,
    /// Its first size.
    pub window: Window,
    /// The shell starts with the first client.
    pub lazy: bool,
}

/// See the module.
#[derive(Debug)]
pub struct Pty {
    /// What it was made of.
    pub setup: Setup,
    /// When it was made.
    pub created: jiff::Timestamp,
    terminal: Terminal,
    shell: Mutex<Option<Child>>,
    screen: Mutex<Screen>,
    /// The scrollback has grown, or the shell has ended.
    shown: Notify,
    /// A client has taken something, or gone.
    taken: Notify,
    end: watch::Sender<Option<ExitStatus>>,
}

#[derive(Debug, Default)]
struct Screen {
    ring: VecDeque<u8>,
    /// Offset of the ring's first byte.
    start: u64,
    /// How far each client is.
    clients: HashMap<u64, u64>,
    next_client: u64,
    /// Everything that was ever shown is in the ring.
    complete: bool,
}

impl Screen {
    fn end(&self) -> u64 {
        self.start + self.ring.len() as u64
    }
}

/// What a client gets next.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// To be shown.
    Bytes(Bytes),
    /// The shell has ended, and everything was shown.
    Ended(ExitStatus),
    /// The client was too slow.
    Cut,
}

impl Pty {
    /// A terminal session, its shell started unless it is lazy.
    ///
    /// # Errors
    /// As [`Sandbox::spawn`].
    pub fn start(setup: Setup, sandbox: &Sandbox) -> Result<Arc<Self>, Errno> {
        let lazy = setup.lazy;
        let pty = Arc::new(Self {
            terminal: Terminal::new(sandbox, setup.window),
            setup,
            created: jiff::Timestamp::now(),
            shell: Mutex::default(),
            screen: Mutex::default(),
            shown: Notify::new(),
            taken: Notify::new(),
            end: watch::Sender::new(None),
        });
        if !lazy {
            pty.wake(sandbox)?;
        }
        Ok(pty)
    }

    /// Starts the shell, if it was not started.
    ///
    /// # Errors
    /// As [`Sandbox::spawn`].
    pub fn wake(self: &Arc<Self>, sandbox: &Sandbox) -> Result<(), Errno> {
        let mut shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner);
        if shell.is_some() {
            return Ok(());
        }
        let descriptor = self.terminal.descriptor();
        let child = sandbox.spawn(Spawn {
            arguments: ["sh", "-i", "-l"].map(str::to_owned).into(),
            environment: self.setup.environment.clone(),
            directory: self.setup.directory.clone(),
            stdin: descriptor.clone(),
            stdout: descriptor.clone(),
            stderr: descriptor,
        })?;
        *shell = Some(child.clone());
        drop(shell);
        tokio::spawn(Arc::clone(self).pump());
        let pty = Arc::clone(self);
        tokio::spawn(async move {
            let status = child.wait().await;
            // As the kernel does when the leader of a terminal's session ends.
            pty.terminal.hang_up();
            pty.end.send_replace(Some(status));
            pty.shown.notify_waiters();
        });
        Ok(())
    }

    async fn pump(self: Arc<Self>) {
        while let Some(bytes) = self.terminal.output().await {
            {
                let mut screen = self.lock();
                screen.ring.extend(&bytes);
                let excess = screen.ring.len().saturating_sub(PTY_SCROLLBACK);
                screen.ring.drain(..excess);
                screen.start += excess as u64;
            }
            self.shown.notify_waiters();
            let kept_up = tokio::time::timeout(PTY_PATIENCE, self.kept_up());
            if kept_up.await.is_err() {
                let mut screen = self.lock();
                let end = screen.end();
                screen.clients.retain(|_, offset| end - *offset <= PTY_LAG as u64);
                drop(screen);
                self.shown.notify_waiters();
            }
        }
        self.lock().complete = true;
        self.shown.notify_waiters();
    }

    /// Waits until no client is far behind.
    async fn kept_up(&self) {
        loop {
            let change = self.taken.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            {
                let screen = self.lock();
                let end = screen.end();
                if screen.clients.values().all(|offset| end - *offset <= PTY_LAG as u64) {
                    return;
                }
            }
            change.await;
        }
    }

    /// A new client, that starts with the scrollback.
    #[must_use]
    pub fn attach(self: &Arc<Self>) -> Viewer {
        let mut screen = self.lock();
        let number = screen.next_client;
        screen.next_client += 1;
        let start = screen.start;
        screen.clients.insert(number, start);
        drop(screen);
        Viewer {
            pty: Arc::clone(self),
            number,
        }
    }

    /// Types. Waits while nothing reads.
    pub async fn input(&self, bytes: &[u8]) {
        self.terminal.input(bytes).await;
    }

    /// The window's size now.
    #[must_use]
    pub fn window(&self) -> Window {
        self.terminal.window()
    }

    /// Changes the window's size.
    pub fn resize(&self, window: Window) {
        self.terminal.resize(window);
    }

    /// Whether its shell runs, or is still to be started.
    #[must_use]
    pub fn is_active(&self) -> bool {
        self.end.borrow().is_none()
    }

    /// Ends the shell and everything it started, disowned or not.
    pub async fn kill(&self) {
        let shell = self.shell.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match shell {
            Some(shell) => {
                // Before the line is cut: the shell would end by itself then.
                shell.kill_session(Signal::KILL);
                self.terminal.hang_up();
                shell.session_end().await;
            }
            // It never ran: whoever waits for it learns that it is over.
            None => {
                self.terminal.hang_up();
                self.end.send_replace(Some(ExitStatus::Signaled(Signal::KILL)));
                self.lock().complete = true;
                self.shown.notify_waiters();
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, Screen> {
        self.screen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One client's view. Dropping it detaches.
#[derive(Debug)]
pub struct Viewer {
    pty: Arc<Pty>,
    number: u64,
}

impl Viewer {
    /// Waits for what is to be shown next, at most 64 KiB. What it gives out counts as taken with the next call.
    pub async fn next(&self) -> Next {
        loop {
            let change = self.pty.shown.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if let Some(next) = self.look() {
                return next;
            }
            change.await;
        }
    }

    /// The client has got these bytes.
    pub fn took(&self, count: usize) {
        if let Some(offset) = self.pty.lock().clients.get_mut(&self.number) {
            *offset += count as u64;
        }
        self.pty.taken.notify_waiters();
    }

    fn look(&self) -> Option<Next> {
        let screen = self.pty.lock();
        let Some(offset) = screen
            .clients
            .get(&self.number)
            .copied()
            .filter(|offset| *offset >= screen.start)
        else {
            return Some(Next::Cut);
        };
        let skip = (offset - screen.start) as usize;
        let count = (screen.ring.len() - skip).min(PTY_LAG);
        if count > 0 {
            let bytes: Vec<u8> = screen.ring.range(skip..skip + count).copied().collect();
            return Some(Next::Bytes(bytes.into()));
        }
        if screen.complete {
            let status = *self.pty.end.borrow();
            return status.map(Next::Ended);
        }
        None
    }
}

impl Drop for Viewer {
    fn drop(&mut self) {
        self.pty.lock().clients.remove(&self.number);
        self.pty.taken.notify_waiters();
    }
}
