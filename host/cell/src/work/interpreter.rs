//! Contexts of the code interpreter: a living Python each, that runs one piece of code after the other.
//!
//! Python runs the driver of the userland's base. Requests go to its standard input, a JSON object a line. What the code
//! writes comes out of it as it is; between that stand the driver's own lines, each starting with a word that only this
//! context knows.

use crate::error::ApiError;
use crate::limits::{INTERPRETER_EVENTS, INTERPRETER_GRACE};
use sandbar_process::{Child, Descriptor, Errno, Received, Sandbox, Signal, Spawn};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::mpsc;

/// Where the driver is in the base layer.
const DRIVER: &str = "/usr/lib/sandbar/interpreter.py";
/// Longest line of the driver's own: an error's value and traceback are cut by the driver to fit.
const LONGEST_LINE: usize = 1 << 20;
/// Bytes read at once.
const PIECE: usize = 64 << 10;

/// What comes out of a piece of code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// Text of standard output.
    Out(String),
    /// Text of standard error.
    Err(String),
    /// An exception ended it.
    Error {
        /// Class of the exception.
        name: String,
        /// Its text.
        value: String,
        /// As Python prints it.
        traceback: String,
    },
    /// It has ended; false if it was interrupted.
    Done(bool),
}

/// How an execution ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// By itself, or by an exception.
    Completed,
    /// By an interrupt, or because its Python ended.
    Interrupted,
    /// Its time was up.
    TimedOut,
}

/// See the module.
#[derive(Debug)]
pub struct Context {
    /// Its id.
    pub id: String,
    /// Absolute.
    pub directory: String,
    /// When it was made.
    pub created: jiff::Timestamp,
    environment: Vec<(String, String)>,
    /// Held while code runs: executions of one context are serial.
    python: tokio::sync::Mutex<Option<Python>>,
    /// The process of `python`, reachable while that is held.
    process: Mutex<Option<Child>>,
}

/// A piece of code.
#[derive(Debug)]
pub struct Code {
    /// The code.
    pub text: String,
    /// Set while it runs.
    pub variables: BTreeMap<String, String>,
    /// Wall-clock time.
    pub timeout: Duration,
}

#[derive(Debug)]
struct Python {
    child: Child,
    requests: Descriptor,
    events: mpsc::Receiver<Event>,
}

impl Context {
    /// A context; its Python starts with the first code.
    #[must_use]
    pub fn new(id: String, directory: String, environment: Vec<(String, String)>) -> Arc<Self> {
        Arc::new(Self {
            id,
            directory,
            created: jiff::Timestamp::now(),
            environment,
            python: tokio::sync::Mutex::default(),
            process: Mutex::default(),
        })
    }

    fn process(&self) -> Option<Child> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Runs code after what runs already, and hands on what comes out of it. If `to` is closed (its client has gone), the
    /// code goes on to its end.
    ///
    /// # Errors
    /// If Python cannot be started.
    pub async fn run(&self, sandbox: &Sandbox, code: &Code, to: &mpsc::Sender<Event>) -> Result<Outcome, ApiError> {
        let mut slot = self.python.lock().await;
        if slot.as_ref().is_none_or(|python| python.child.try_wait().is_some()) {
            let python = Python::start(sandbox, self)
                .map_err(|errno| ApiError::busy(format!("the interpreter could not be started: {errno}")))?;
            *self.process.lock().unwrap_or_else(PoisonError::into_inner) = Some(python.child.clone());
            *slot = Some(python);
        }
        let Some(python) = slot.as_mut() else {
            return Err(ApiError::internal("an interpreter that was just started is gone"));
        };
        let outcome = python.run(code, to).await;
        // Its streams end a moment before it does; one that has closed them is of no more use.
        if python.events.is_closed() {
            let _ = python.child.kill(Signal::KILL);
            python.child.wait().await;
        }
        if python.child.try_wait().is_some() {
            *slot = None;
        }
        Ok(outcome)
    }

    /// Ends its Python and all that this has started.
    pub async fn end(&self) {
        if let Some(child) = self.process() {
            child.kill_session(Signal::KILL);
            child.session_end().await;
        }
    }
}

impl Python {
    fn start(sandbox: &Sandbox, context: &Context) -> Result<Self, Errno> {
        let word = uuid::Uuid::new_v4().simple().to_string();
        let (stdin, requests) = sandbox.pipe()?;
        // Bounded: code that writes faster than its client reads waits in `Filter`'s reader.
        let (events, receiver) = mpsc::channel(INTERPRETER_EVENTS);
        let (out, out_writer) = sandbox.pipe()?;
        let (err, err_writer) = sandbox.pipe()?;
        let child = sandbox.spawn(Spawn {
            arguments: ["python3", "-u", DRIVER, &word].map(str::to_owned).into(),
            environment: context.environment.clone(),
            directory: context.directory.clone(),
            stdin,
            stdout: out_writer,
            stderr: err_writer,
        })?;
        tokio::spawn(read(out, err, word, events));
        Ok(Self {
            child,
            requests,
            events: receiver,
        })
    }

    async fn run(&mut self, code: &Code, to: &mpsc::Sender<Event>) -> Outcome {
        // Of earlier code that left something running.
        while let Ok(event) = self.events.try_recv() {
            if !matches!(event, Event::Done(_)) {
                let _ = to.send(event).await;
            }
        }
        let request = serde_json::json!({ "code": code.text, "envs": code.variables });
        let line = format!("{request}\n");
        let child = self.child.clone();
        let mut timed_out = false;
        let work = async {
            if self.requests.write_all(line.as_bytes()).await.is_err() {
                return Outcome::Interrupted;
            }
            follow(&mut self.events, to).await
        };
        tokio::pin!(work);
        let outcome = tokio::select! {
            biased;
            outcome = &mut work => Some(outcome),
            // What it left running may hold its streams open for ever.
            () = gone(&child) => Some(Outcome::Interrupted),
            () = tokio::time::sleep(code.timeout) => {
                timed_out = true;
                // As Ctrl-C: code that catches it keeps its variables.
                let _ = child.kill(Signal::INT);
                tokio::time::timeout(INTERPRETER_GRACE, &mut work).await.ok()
            }
        };
        if outcome.is_none() {
            child.kill_session(Signal::KILL);
            child.session_end().await;
        }
        match outcome {
            Some(outcome) if !timed_out => outcome,
            _ => Outcome::TimedOut,
        }
    }
}

/// Waits until Python has ended, and what it wrote last has been read.
async fn gone(child: &Child) {
    child.wait().await;
    tokio::time::sleep(INTERPRETER_GRACE).await;
}

/// Hands events on until the code has ended, or Python has.
async fn follow(events: &mut mpsc::Receiver<Event>, to: &mpsc::Sender<Event>) -> Outcome {
    while let Some(event) = events.recv().await {
        if let Event::Done(completed) = event {
            return if completed {
                Outcome::Completed
            } else {
                Outcome::Interrupted
            };
        }
        // A client that has gone hears nothing; its code goes on.
        let _ = to.send(event).await;
    }
    Outcome::Interrupted
}

/// Reads both streams of Python. What was written to standard error before a line of the driver comes before it.
async fn read(out: Descriptor, err: Descriptor, word: String, to: mpsc::Sender<Event>) {
    let (mut of_out, mut of_err) = (Filter::new(Some(word)), Filter::new(None));
    let (mut out_open, mut err_open) = (true, true);
    while out_open || err_open {
        tokio::select! {
            () = out.ready_to_read(), if out_open => {}
            () = err.ready_to_read(), if err_open => {}
        }
        // In this order: whatever is read of `out` was written after what is then missing in `err`.
        let from_out = out.try_read(PIECE);
        let mut events = Vec::new();
        for _ in 0..INTERPRETER_EVENTS {
            match err.try_read(PIECE) {
                Received::Bytes(bytes) => events.extend(of_err.take(&bytes)),
                Received::Empty => break,
                Received::End | Received::Failed(_) => {
                    events.extend(of_err.rest().filter(|_| err_open));
                    err_open = false;
                    break;
                }
            }
        }
        match from_out {
            Received::Bytes(bytes) => events.extend(of_out.take(&bytes)),
            Received::Empty => {}
            Received::End | Received::Failed(_) => {
                events.extend(of_out.rest().filter(|_| out_open));
                out_open = false;
            }
        }
        for event in events {
            if to.send(event).await.is_err() {
                return;
            }
        }
    }
}

/// Tells the driver's lines from the code's text.
struct Filter {
    /// None for standard error, on which the driver says nothing.
    word: Option<String>,
    /// Bytes that may be the beginning of a driver's line, or of a character.
    held: Vec<u8>,
}

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum Said {
    Error {
        name: String,
        value: String,
        traceback: String,
    },
    Done {
        completed: bool,
    },
}

impl Filter {
    fn new(word: Option<String>) -> Self {
        Self {
            word: word.map(|word| format!("\u{1e}{word}")),
            held: Vec::new(),
        }
    }

    fn take(&mut self, bytes: &[u8]) -> Vec<Event> {
        self.held.extend_from_slice(bytes);
        let mut events = Vec::new();
        while self.word.is_some() {
            let Some(start) = memchr::memchr(0x1e, &self.held) else {
                break;
            };
            let line = self.held.split_off(start);
            let before = std::mem::replace(&mut self.held, line);
            self.emit(before, &mut events);
            let word = self.word.clone().unwrap_or_default();
            let common = word.len().min(self.held.len());
            if self.held[..common] != word.as_bytes()[..common] {
                // The code's own byte.
                let rest = self.held.split_off(1);
                let own = std::mem::replace(&mut self.held, rest);
                self.emit(own, &mut events);
                continue;
            }
            let Some(end) = memchr::memchr(b'\n', &self.held) else {
                if self.held.len() <= LONGEST_LINE {
                    return events;
                }
                self.held.clear();
                break;
            };
            let rest = self.held.split_off(end + 1);
            let line = std::mem::replace(&mut self.held, rest);
            match serde_json::from_slice(line.get(word.len()..).unwrap_or_default()) {
                Ok(Said::Error { name, value, traceback }) => events.push(Event::Error { name, value, traceback }),
                Ok(Said::Done { completed }) => events.push(Event::Done(completed)),
                // Only code that has read our word from the driver's memory could say this.
                Err(_) => {}
            }
        }
        let text = std::mem::take(&mut self.held);
        self.held = self.emit_whole(text, &mut events);
        events
    }

    fn rest(&mut self) -> Option<Event> {
        let mut events = Vec::new();
        let rest = std::mem::take(&mut self.held);
        self.emit(rest, &mut events);
        events.pop()
    }

    fn emit(&self, bytes: Vec<u8>, events: &mut Vec<Event>) {
        if !bytes.is_empty() {
            let text = String::from_utf8_lossy(&bytes).into_owned();
            events.push(if self.word.is_some() {
                Event::Out(text)
            } else {
                Event::Err(text)
            });
        }
    }

    /// Emits all but a character that is cut at the end, which is given back.
    fn emit_whole(&self, mut bytes: Vec<u8>, events: &mut Vec<Event>) -> Vec<u8> {
        let cut = match std::str::from_utf8(&bytes) {
            Err(error) if error.error_len().is_none() => bytes.split_off(error.valid_up_to()),
            _ => Vec::new(),
        };
        self.emit(bytes, events);
        cut
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn out(text: &str) -> Event {
        Event::Out(text.into())
    }

    #[test]
    fn the_drivers_lines_are_told_from_the_codes_text_however_they_are_cut() {
        let stream = "a\u{1e}b\u{1e}wx\u{1e}word{\"type\":\"error\",\"name\":\"E\",\"value\":\"v\",\"traceback\":\"t\"}\nü\u{1e}word{\"type\":\"done\",\"completed\":true}\nrest";
        let expected_text = "a\u{1e}b\u{1e}wxürest";
        for size in 1..stream.len() {
            let mut filter = Filter::new(Some("word".into()));
            let mut events: Vec<Event> = stream
                .as_bytes()
                .chunks(size)
                .flat_map(|part| filter.take(part))
                .collect();
            events.extend(filter.rest());
            let text: String = events
                .iter()
                .filter_map(|event| match event {
                    Event::Out(text) => Some(text.as_str()),
                    _ => None,
                })
                .collect();
            assert_eq!(text, expected_text, "in pieces of {size}");
            assert!(events.contains(&Event::Done(true)));
            assert!(
                events
                    .iter()
                    .any(|event| matches!(event, Event::Error { name, .. } if name == "E"))
            );
        }
    }

    #[test]
    fn standard_error_is_all_text() {
        let mut filter = Filter::new(None);
        assert_eq!(filter.take("x\u{1e}".as_bytes()), [Event::Err("x\u{1e}".into())]);
        assert_eq!(filter.take(&[0xc3]), []);
        assert_eq!(filter.take(&[0xbc]), [Event::Err("ü".into())]);
        assert_eq!(Filter::new(Some("w".into())).take(b"x"), [out("x")]);
    }
}
