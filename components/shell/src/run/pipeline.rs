//! Pipelines: every stage of a longer one is a task with a shell of its own.

use std::rc::Rc;

use super::control::pipeline_status;
use crate::shell::{Flow, Shell, Step};
use crate::syntax::ast::{Command, Kind, Pipeline};
use crate::task::Owned;

impl Shell {
    pub(super) async fn pipeline(&mut self, pipeline: &Pipeline) -> Step {
        // `set -n`: read commands, run none.
        if self.options.noexec {
            return Ok(0);
        }
        // A status that is turned round, or a report, is something to do afterwards.
        self.tail &= !pipeline.negate && pipeline.time.is_none();
        let started = pipeline.time.map(|_| self.os().monotonic());
        if !pipeline.text.is_empty() && !self.in_trap {
            self.command_text = pipeline.text.clone();
        }
        let outer = self.controls_jobs().then(|| {
            let running = self.new_running(true);
            std::mem::replace(&mut self.running, running)
        });
        if pipeline.negate {
            self.conditions += 1;
        }
        let result = match pipeline.commands.as_slice() {
            [] => Ok(0),
            [command] if outer.is_some() && matches!(command.kind, Kind::Subshell(_)) => {
                Box::pin(self.stages(&pipeline.commands)).await
            }
            [command] => {
                self.substitution_status = None;
                let result = self.command(command).await;
                if let Ok(status) = result
                    && !matches!(
                        command.kind,
                        Kind::Group(_)
                            | Kind::If { .. }
                            | Kind::Loop { .. }
                            | Kind::For { .. }
                            | Kind::Select { .. }
                            | Kind::Case { .. }
                    )
                {
                    self.pipe_status = vec![status];
                }
                result
            }
            commands => Box::pin(self.stages(commands)).await,
        };
        if let Some(outer) = outer {
            self.running.release_terminal();
            self.running = outer;
        }
        if pipeline.negate {
            self.conditions -= 1;
        }
        let status = result?;
        if let (Some(start), Some(posix)) = (started, pipeline.time) {
            let elapsed = self.os().monotonic().saturating_sub(start).as_secs_f64();
            let custom = self.vars.scalar("TIMEFORMAT").map(|f| time_report(f, elapsed));
            let report = if let (Some(report), false) = (custom, posix) {
                report
            } else if posix {
                format!("real {elapsed:.2}\nuser 0.00\nsys 0.00\n")
            } else {
                let minutes = (elapsed / 60.0).floor();
                let seconds = elapsed - minutes * 60.0;
                format!("\nreal\t{minutes:.0}m{seconds:.3}s\nuser\t0m0.000s\nsys\t0m0.000s\n")
            };
            Box::pin(self.print_error(&report)).await;
        }
        if pipeline.negate {
            return Ok(i32::from(status == 0));
        }
        // A compound command has seen to the failures inside itself already.
        let inner_checked = match pipeline.commands.as_slice() {
            [command] => matches!(
                command.kind,
                Kind::Group(_)
                    | Kind::If { .. }
                    | Kind::Loop { .. }
                    | Kind::For { .. }
                    | Kind::Select { .. }
                    | Kind::ForArith { .. }
                    | Kind::Case { .. }
            ),
            _ => false,
        };
        if inner_checked {
            return Ok(status);
        }
        self.check_failure(status).await
    }

    async fn stages(&mut self, commands: &[Rc<Command>]) -> Step {
        self.check_depth().await?;
        let tail = std::mem::take(&mut self.tail);
        let mut tasks = Vec::with_capacity(commands.len());
        let mut input = None;
        for (i, command) in commands.iter().enumerate() {
            let mut stage = self.fork();
            stage.running = self.running.clone();
            if let Some(reader) = input.take() {
                stage.fds.insert(0, reader);
            }
            if i + 1 < commands.len() {
                match self.os().pipe() {
                    Ok((reader, writer)) => {
                        stage.fds.insert(1, writer);
                        input = Some(reader);
                    }
                    Err(e) => {
                        self.complain(&format!("pipe error: {e}")).await;
                        return Err(Flow::Discard(1));
                    }
                }
            }
            let last = i + 1 == commands.len();
            if last && commands.len() > 1 && self.options.lastpipe && !self.options.monitor {
                return self.last_here(tasks, stage.fds, command).await;
            }
            stage.disposable = matches!(command.kind, Kind::Simple(_));
            stage.tail = tail;
            let command = command.clone();
            let task = self.exec.spawn(async move {
                let mut result = stage.command(&command).await;
                if let Ok(status) = result
                    && matches!(command.kind, Kind::Simple(_))
                    && stage.conditions == 0
                    && status != 0
                    && stage.options.errexit
                {
                    result = Err(Flow::Exit(status));
                }
                stage.finish_subshell(result).await
            });
            tasks.push(Owned::new(&self.exec, self.running.clone(), task));
        }
        if tail && !self.has_last_words() {
            self.exec.detach();
        }
        let Some(statuses) = self.foreground_tasks(tasks).await? else {
            return Ok(148);
        };
        let status = pipeline_status(&statuses, self.options.pipefail);
        self.pipe_status = statuses;
        Ok(status)
    }

    /// `shopt -s lastpipe`: the last stage runs in this very shell.
    async fn last_here(
        &mut self,
        tasks: Vec<Owned>,
        fds: std::collections::BTreeMap<u32, crate::os::Fd>,
        command: &Command,
    ) -> Step {
        let saved = std::mem::replace(&mut self.fds, fds);
        let result = self.command(command).await;
        self.fds = saved;
        let last = result?;
        let mut statuses = self.foreground_tasks(tasks).await?.unwrap_or_default();
        statuses.push(last);
        let status = pipeline_status(&statuses, self.options.pipefail);
        self.pipe_status = statuses;
        Ok(status)
    }
}

/// The report of `time`, by TIMEFORMAT. Processor time is not known here and shown as zero.
fn time_report(format: &str, elapsed: f64) -> String {
    if format.is_empty() {
        return String::new();
    }
    let mut out = String::new();
    let mut chars = format.chars().peekable();
    while let Some(c) = chars.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut digits = 3;
        if let Some(d) = chars.peek().and_then(|c| c.to_digit(10)) {
            digits = d.min(6) as usize;
            chars.next();
        }
        let long = chars.next_if_eq(&'l').is_some();
        let seconds = match chars.next() {
            Some('R') => elapsed,
            Some('U' | 'S') => 0.0,
            Some('P') => {
                out.push_str("0.00");
                continue;
            }
            Some(c) => {
                out.push(c);
                continue;
            }
            None => break,
        };
        if long {
            let minutes = (seconds / 60.0).floor();
            out.push_str(&format!("{minutes:.0}m{:.digits$}s", seconds - minutes * 60.0));
        } else {
            out.push_str(&format!("{seconds:.digits$}"));
        }
    }
    out.push('\n');
    out
}
