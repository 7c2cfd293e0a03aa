//! Terminals: two sides and a line discipline between them. Processes hold the one side as descriptors, the host the
//! other ([`Terminal`]): what is typed goes in, what is to be shown comes out.
//!
//! Not there: flow control by Ctrl-S and Ctrl-Q, literal input by Ctrl-V, and stops of background readers (SIGTTIN).

mod discipline;
mod width;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use tokio::sync::Notify;

use crate::descriptor::Descriptor;
use crate::errno::Errno;
use crate::limits::{MAX_READ, MAX_WINDOW, TERMINAL_INPUT, TERMINAL_OUTPUT};
use crate::queue::Queue;
use crate::sandbox::{Sandbox, WeakSandbox};
use crate::status::Signal;
use discipline::{Discipline, Line, Typed};

/// Columns and rows of a window, 1 to [`MAX_WINDOW`] each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Characters in a line.
    pub columns: u16,
    /// Lines.
    pub rows: u16,
}

impl Window {
    /// # Errors
    /// [`Errno::Invalid`] if one of them is out of its range.
    pub fn new(columns: u16, rows: u16) -> Result<Self, Errno> {
        let fits = |size| (1..=MAX_WINDOW).contains(&size);
        if fits(columns) && fits(rows) {
            Ok(Self { columns, rows })
        } else {
            Err(Errno::Invalid)
        }
    }
}

/// The line discipline's switches; see `terminal-mode` of `wit/process`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Mode {
    /// Typing shows.
    pub echo: bool,
    /// Input comes line by line.
    pub canonical: bool,
    /// Ctrl-C, Ctrl-\ and Ctrl-Z are signals.
    pub signals: bool,
    /// A line feed goes out as carriage return and line feed.
    pub output: bool,
}

impl Mode {
    /// As a terminal is when it is new: everything on.
    pub fn cooked() -> Self {
        Self {
            echo: true,
            canonical: true,
            signals: true,
            output: true,
        }
    }
}

/// The side of a terminal that processes hold.
#[derive(Debug)]
pub(crate) struct Tty {
    state: Mutex<State>,
    /// There is input, or no more ever.
    readable: Notify,
    /// There is room for output, or no reader of it.
    writable: Notify,
    /// There is output, or no more ever.
    shown: Notify,
    /// Input was taken.
    typable: Notify,
}

#[derive(Debug)]
struct State {
    discipline: Discipline,
    output: Queue,
    window: Window,
    /// 0: nobody's.
    foreground: u32,
    hung_up: bool,
}

/// The host's side of a terminal. Dropping it hangs up: readers find the end, writers fail.
#[derive(Debug)]
pub struct Terminal {
    line: Arc<Tty>,
    sandbox: WeakSandbox,
}

impl Terminal {
    /// A terminal for processes of `sandbox`. The first process that the host starts with it as standard input owns it.
    pub fn new(sandbox: &Sandbox, window: Window) -> Self {
        Self {
            line: Arc::new(Tty {
                state: Mutex::new(State {
                    discipline: Discipline::new(Mode::cooked()),
                    output: Queue::default(),
                    window,
                    foreground: 0,
                    hung_up: false,
                }),
                readable: Notify::new(),
                writable: Notify::new(),
                shown: Notify::new(),
                typable: Notify::new(),
            }),
            sandbox: sandbox.downgrade(),
        }
    }

    /// The processes' side, for standard input, output and error.
    pub fn descriptor(&self) -> Descriptor {
        Descriptor::terminal_line(Arc::clone(&self.line))
    }

    /// Types `bytes`; waits while more than 64 KiB wait to be read.
    pub async fn input(&self, bytes: &[u8]) {
        let mut rest = bytes;
        while !rest.is_empty() {
            let typed;
            {
                let mut state = self.line.lock();
                if state.hung_up {
                    return;
                }
                let room = TERMINAL_INPUT.saturating_sub(state.discipline.waiting());
                let (now, later) = rest.split_at(room.min(rest.len()));
                typed = state.type_all(now);
                rest = later;
            }
            self.line.readable.notify_waiters();
            self.line.shown.notify_waiters();
            self.send(&typed);
            if rest.is_empty() {
                return;
            }
            self.line.until_typable().await;
        }
    }

    /// What is to be shown next, at most 64 KiB; none once it is hung up and everything was taken.
    pub async fn output(&self) -> Option<Bytes> {
        loop {
            let change = self.line.shown.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            {
                let mut state = self.line.lock();
                if !state.output.is_empty() {
                    let bytes = state.output.pop(TERMINAL_OUTPUT);
                    drop(state);
                    self.line.writable.notify_waiters();
                    return Some(bytes);
                }
                if state.hung_up {
                    return None;
                }
            }
            change.await;
        }
    }

    /// The window's size.
    pub fn window(&self) -> Window {
        self.line.window()
    }

    /// Changes the window's size, and tells the foreground group if it is another.
    pub fn resize(&self, window: Window) {
        let foreground = {
            let mut state = self.line.lock();
            if state.window == window {
                return;
            }
            state.window = window;
            state.foreground
        };
        self.signal(foreground, Signal::WINCH);
    }

    /// Cuts the line: the foreground group gets SIGHUP, readers find the end, writes fail. What was written before can
    /// still be taken.
    pub fn hang_up(&self) {
        let foreground = {
            let mut state = self.line.lock();
            if std::mem::replace(&mut state.hung_up, true) {
                return;
            }
            state.foreground
        };
        for notify in [
            &self.line.readable,
            &self.line.writable,
            &self.line.shown,
            &self.line.typable,
        ] {
            notify.notify_waiters();
        }
        self.signal(foreground, Signal::HUP);
        self.signal(foreground, Signal::CONT);
    }

    fn send(&self, typed: &Typed) {
        for signal in &typed.signals {
            let foreground = self.line.foreground();
            self.signal(foreground, *signal);
        }
    }

    fn signal(&self, group: u32, signal: Signal) {
        if group != 0
            && let Some(sandbox) = self.sandbox.upgrade()
        {
            // A group that has ended hears nothing.
            let _ = sandbox.table().kill_group(group, signal);
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        self.hang_up();
    }
}

/// What a read of the processes' side finds.
pub(crate) enum Read {
    Bytes(Bytes),
    Empty,
    End,
}

impl Tty {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn read(&self, most: usize) -> Read {
        let mut state = self.lock();
        let found = match state.discipline.take(most.min(MAX_READ)) {
            Line::Bytes(bytes) => Read::Bytes(bytes),
            Line::End => Read::End,
            Line::Nothing if state.hung_up => Read::End,
            Line::Nothing => Read::Empty,
        };
        drop(state);
        self.typable.notify_waiters();
        found
    }

    pub(crate) async fn until_readable(&self) {
        self.until(&self.readable, |state| state.discipline.can_read() || state.hung_up)
            .await;
    }

    /// Bytes that may be written now; none once hung up.
    pub(crate) fn permit(&self) -> Option<usize> {
        let state = self.lock();
        (!state.hung_up).then(|| TERMINAL_OUTPUT.saturating_sub(state.output.len()))
    }

    /// Shows bytes; false once hung up.
    pub(crate) fn write(&self, bytes: &[u8]) -> bool {
        let mut state = self.lock();
        if state.hung_up {
            return false;
        }
        state.show(bytes);
        drop(state);
        self.shown.notify_waiters();
        true
    }

    pub(crate) async fn until_writable(&self) {
        self.until(&self.writable, |state| {
            state.output.len() < TERMINAL_OUTPUT || state.hung_up
        })
        .await;
    }

    async fn until_typable(&self) {
        self.until(&self.typable, |state| {
            state.discipline.waiting() < TERMINAL_INPUT || state.hung_up
        })
        .await;
    }

    pub(crate) fn window(&self) -> Window {
        self.lock().window
    }

    pub(crate) fn mode(&self) -> Mode {
        self.lock().discipline.mode()
    }

    pub(crate) fn set_mode(&self, mode: Mode) {
        self.lock().discipline.set_mode(mode);
        self.readable.notify_waiters();
    }

    pub(crate) fn foreground(&self) -> u32 {
        self.lock().foreground
    }

    pub(crate) fn set_foreground(&self, group: u32) {
        self.lock().foreground = group;
    }

    async fn until(&self, notify: &Notify, condition: impl Fn(&State) -> bool) {
        loop {
            let change = notify.notified();
            tokio::pin!(change);
            change.as_mut().enable();
            if condition(&self.lock()) {
                return;
            }
            change.await;
        }
    }
}

impl State {
    fn type_all(&mut self, bytes: &[u8]) -> Typed {
        let mut typed = Typed::default();
        for byte in bytes {
            self.discipline.type_byte(*byte, &mut typed);
        }
        // Whoever types without looking cannot fill the host's memory: an echo that nobody takes is lost.
        if self.output.len() < 2 * TERMINAL_OUTPUT {
            let echo = std::mem::take(&mut typed.echo);
            self.show(&echo);
        }
        typed
    }

    fn show(&mut self, bytes: &[u8]) {
        if !self.discipline.mode().output || !bytes.contains(&b'\n') {
            self.output.push(Bytes::copy_from_slice(bytes));
            return;
        }
        let mut translated = BytesMut::with_capacity(bytes.len() + 16);
        for piece in bytes.split_inclusive(|byte| *byte == b'\n') {
            match piece.strip_suffix(b"\n") {
                Some(text) => {
                    translated.extend_from_slice(text);
                    translated.extend_from_slice(b"\r\n");
                }
                None => translated.extend_from_slice(piece),
            }
        }
        self.output.push(translated.freeze());
    }
}
