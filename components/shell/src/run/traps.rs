//! Traps: EXIT and ERR, and signals that a shell sends to itself.

use crate::shell::{Flow, Shell, Step};

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
        if self.traps.get("ERR").is_none_or(String::is_empty) || !self.function_names.is_empty() {
            return Ok(());
        }
        let status = self.status;
        // Not again for failures of the trap itself.
        let Some(action) = self.traps.remove("ERR") else {
            return Ok(());
        };
        let result = self.eval(&action).await;
        self.traps.entry("ERR".to_owned()).or_insert(action);
        self.status = status;
        result.map(|_| ())
    }

    /// Runs the trap of a signal, if it has one.
    pub async fn signal_trap(&mut self, name: &str) -> Result<bool, Flow> {
        let Some(action) = self.traps.get(name).cloned() else {
            return Ok(false);
        };
        let status = self.status;
        self.eval(&action).await?;
        self.status = status;
        Ok(true)
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
