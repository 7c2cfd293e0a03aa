//! Running commands: lists, pipelines and compound commands.

mod background;
mod complete;
mod compound;
pub(crate) mod cond;
mod control;
mod coproc;
mod functions;
mod interactive;
mod pipeline;
mod prompt;
mod redirect;
mod script;
pub(crate) mod simple;
pub(crate) mod substitution;
mod traps;

pub(crate) use functions::exported_functions;

use std::rc::Rc;

use crate::shell::{Flow, MAX_CALL_DEPTH, Shell, Step};
use crate::syntax::ast::{Item, Kind, List};
use crate::task::Fut;

impl Shell {
    /// Runs a list in this shell.
    pub fn list<'a>(&'a mut self, list: &'a List) -> Fut<'a, Step> {
        Box::pin(async move {
            let mut status = 0;
            let tail = std::mem::take(&mut self.tail);
            let last = list.items.len().saturating_sub(1);
            for (i, item) in list.items.iter().enumerate() {
                self.tail = tail && i == last && !item.background;
                status = if item.background {
                    Box::pin(self.background(item)).await?
                } else {
                    self.and_or(item).await?
                };
                self.status = status;
                self.tick().await;
                if self.signals_wait() {
                    Box::pin(self.handle_signals()).await?;
                }
            }
            Ok(status)
        })
    }

    async fn and_or(&mut self, item: &Item) -> Step {
        if item.rest.is_empty() {
            return self.pipeline(&item.first).await;
        }
        let tail = std::mem::take(&mut self.tail);
        self.conditions += 1;
        let mut result = self.pipeline(&item.first).await;
        let last = item.rest.len() - 1;
        for (i, (and, pipeline)) in item.rest.iter().enumerate() {
            let Ok(status) = result else { break };
            self.status = status;
            if (status == 0) != *and {
                continue;
            }
            // Only the last command of the list is subject to `set -e`.
            if i == last {
                self.conditions -= 1;
                self.tail = tail;
                return self.pipeline(pipeline).await;
            }
            result = self.pipeline(pipeline).await;
        }
        self.conditions -= 1;
        result
    }

    /// Runs a list as a subshell: control never leaves it.
    pub async fn run_subshell(mut self, list: &Rc<List>) -> i32 {
        self.disposable = is_one_simple_command(list);
        let result = self.list(list).await;
        self.finish_subshell(result).await
    }

    /// The exit code of a subshell, after its EXIT trap.
    pub async fn finish_subshell(&mut self, result: Step) -> i32 {
        let status = match result {
            Ok(status) => status,
            Err(Flow::Exit(n) | Flow::Return(n) | Flow::Discard(n)) => n,
            Err(Flow::Break(_) | Flow::Continue(_)) => self.status,
        };
        self.status = status;
        self.finish_substitutions().await;
        self.exit_trap(status).await
    }

    /// Refuses to nest calls deeper than the stack allows.
    pub async fn check_depth(&mut self) -> Result<(), Flow> {
        if self.exec.is_full() {
            self.complain("fork: retry: Resource temporarily unavailable").await;
            return Err(Flow::Exit(254));
        }
        if self.depth < MAX_CALL_DEPTH {
            return Ok(());
        }
        self.complain(&format!("maximum nesting level exceeded ({MAX_CALL_DEPTH})"))
            .await;
        Err(Flow::Exit(1))
    }

    /// After a command has failed: the ERR trap and `set -e`.
    pub async fn check_failure(&mut self, status: i32) -> Step {
        if status != 0 && self.conditions == 0 {
            self.status = status;
            Box::pin(self.error_trap()).await?;
            if self.options.errexit {
                return Err(Flow::Exit(status));
            }
        }
        Ok(status)
    }
}

/// One external command could be all that this subshell runs.
fn is_one_simple_command(list: &List) -> bool {
    let [item] = list.items.as_slice() else {
        return false;
    };
    let [command] = item.first.commands.as_slice() else {
        return false;
    };
    item.rest.is_empty()
        && !item.background
        && !item.first.negate
        && item.first.time.is_none()
        && matches!(command.kind, Kind::Simple(_))
}
