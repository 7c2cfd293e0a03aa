//! Traps: EXIT, ERR, DEBUG, RETURN, and signals.

use crate::shell::{Flow, Shell, Step};
use crate::signals;
use crate::task::bit;

/// What an interactive shell takes itself, trap or not: 1 to save its history, 2 at the prompt, 3, 15 and 20 because
/// they are meant for its jobs, 28 to draw its line anew.
const INTERACTIVE: [u32; 6] = [1, 2, 3, 15, 20, 28];

/// The traps that are no signals.
const PSEUDO: [&str; 4] = ["EXIT", "ERR", "DEBUG", "RETURN"];

impl Shell {
    /// Runs the EXIT trap; the code to exit with.
    pub async fn exit_trap(&mut self, status: i32) -> i32 {
        let Some(action) = self.traps.remove("EXIT") else {
            return status;
        };
        self.status = status;
        self.conditions = 0;
        match self.eval(&action).await {
            Err(Flow::Exit(n)) => n,
            _ => status,
        }
    }

    /// Runs the ERR trap.
    pub async fn error_trap(&mut self) -> Result<(), Flow> {
        self.guarded_trap("ERR").await
    }

    /// Runs the DEBUG trap.
    pub(super) async fn debug_trap(&mut self) -> Result<(), Flow> {
        self.guarded_trap("DEBUG").await
    }

    /// Runs the RETURN trap.
    pub(crate) async fn return_trap(&mut self) -> Result<(), Flow> {
        self.guarded_trap("RETURN").await
    }

    /// Runs a trap that must not run within itself; `$?` stays.
    pub(super) async fn guarded_trap(&mut self, name: &str) -> Result<(), Flow> {
        if self.traps.get(name).is_none_or(String::is_empty) {
            return Ok(());
        }
        let status = self.status;
        let Some(action) = self.traps.remove(name) else {
            return Ok(());
        };
        let line = self.line;
        let in_trap = std::mem::replace(&mut self.in_trap, true);
        let result = self.eval(&action).await;
        self.in_trap = in_trap;
        self.line = line;
        self.traps.entry(name.to_owned()).or_insert(action);
        self.status = status;
        result.map(|_| ())
    }

    /// Whether a signal has come that this shell must do something about.
    pub(super) fn signals_wait(&self) -> bool {
        if self.subshell == 0 {
            if !self.exec.catching.get() {
                return false;
            }
            self.exec.collect_signals();
        }
        let hang_up = if self.options.interactive { bit(1) } else { 0 };
        self.inbox.has(self.inbox.trapped.get() | hang_up)
    }

    /// Runs the traps of the signals that came since the last command.
    pub async fn handle_signals(&mut self) -> Result<(), Flow> {
        while let Some(signal) = self.inbox.take(self.inbox.trapped.get()) {
            let Some(action) = signals::name(signal).and_then(|n| self.traps.get(n)).cloned() else {
                continue;
            };
            let status = self.status;
            let conditions = std::mem::take(&mut self.conditions);
            self.eval(&action).await?;
            self.conditions = conditions;
            self.status = status;
        }
        if self.options.interactive && self.subshell == 0 && self.inbox.take(bit(1)).is_some() {
            return Err(Flow::Exit(129));
        }
        Ok(())
    }

    /// After `trap`: tells the world which signals to keep and which to drop.
    pub fn sync_traps(&self) {
        let mut trapped = 0;
        let mut ignored = 0;
        for (name, action) in &self.traps {
            if PSEUDO.contains(&name.as_str()) {
                continue;
            }
            if let Some(number) = signals::number(name) {
                *(if action.is_empty() { &mut ignored } else { &mut trapped }) |= bit(number);
            }
        }
        self.inbox.trapped.set(trapped);
        self.inbox.ignored.set(ignored);
        if self.subshell > 0 {
            return;
        }
        let chosen =
            |mask: u64| -> Vec<u32> { signals::CATCHABLE.into_iter().filter(|s| bit(*s) & mask != 0).collect() };
        let mut caught = trapped;
        if self.options.interactive {
            for signal in INTERACTIVE {
                caught |= bit(signal) & !ignored;
            }
        }
        // What was ignored when the shell was started stays so.
        for signal in self.inherited.iter() {
            ignored |= bit(*signal) & !caught;
        }
        let (caught, ignored) = (chosen(caught), chosen(ignored));
        self.exec.catching.set(!caught.is_empty());
        // Only numbers that can be caught are in the lists.
        let _ = self.os().ignore(&ignored);
        let _ = self.os().catch(&caught);
    }

    /// The signals that children must find ignored.
    pub(crate) fn ignored_signals(&self) -> Vec<u32> {
        let mask = self.inbox.ignored.get();
        let mut list: Vec<u32> = signals::CATCHABLE.into_iter().filter(|s| bit(*s) & mask != 0).collect();
        list.extend(
            self.inherited
                .iter()
                .filter(|s| !list.contains(s))
                .copied()
                .collect::<Vec<_>>(),
        );
        list
    }

    /// Parses and runs text in this shell.
    pub async fn eval(&mut self, text: &str) -> Step {
        self.check_depth().await?;
        self.depth += 1;
        let result = self.text(text, self.line).await;
        self.depth -= 1;
        result
    }
}
