//! Compound commands.

use std::cell::Cell;
use std::rc::Rc;

use crate::shell::{Flow, Function, MAX_COMMAND_DEPTH, Shell, Step};
use crate::syntax::ast::{After, Arm, Command, Kind, List, Word};
use crate::task::Fut;

impl Shell {
    /// Runs one command with its redirections.
    pub(super) fn command<'a>(&'a mut self, command: &'a Command) -> Fut<'a, Step> {
        Box::pin(async move {
            if self.nesting >= MAX_COMMAND_DEPTH {
                self.complain(&format!(
                    "maximum nesting level exceeded ({MAX_COMMAND_DEPTH} commands)"
                ))
                .await;
                return Err(Flow::Exit(1));
            }
            self.nesting += 1;
            let result = self.command_here(command).await;
            self.nesting -= 1;
            result
        })
    }

    async fn command_here(&mut self, command: &Command) -> Step {
        self.line = command.line;
        if let Kind::Simple(simple) = &command.kind {
            return self.simple(simple, &command.redirects).await;
        }
        self.disposable = false;
        let tail = std::mem::take(&mut self.tail) && matches!(command.kind, Kind::Group(_) | Kind::Subshell(_));
        if command.redirects.is_empty() {
            self.tail = tail;
            return self.kind(&command.kind).await;
        }
        let outer = std::mem::take(&mut self.scratch);
        let redirected = Box::pin(self.redirect_here(&command.redirects)).await;
        let mine = std::mem::take(&mut self.scratch);
        let result = match redirected {
            Ok(undo) => {
                self.tail = tail;
                let result = self.kind(&command.kind).await;
                self.undo(undo);
                result
            }
            Err(step) => step,
        };
        self.scratch = mine;
        Box::pin(self.finish_substitutions()).await;
        self.scratch = outer;
        result
    }

    // The rarer kinds are boxed, so that a call nested a thousand deep has small frames.
    async fn kind(&mut self, kind: &Kind) -> Step {
        match kind {
            Kind::Simple(_) => Ok(0),
            Kind::Group(list) => self.list(list).await,
            Kind::Subshell(list) => {
                self.check_depth().await?;
                let mut child = self.fork();
                child.running = self.running.clone();
                child.tail = std::mem::take(&mut self.tail);
                Ok(child.subshell_here(list).await)
            }
            Kind::If { branches, otherwise } => {
                for (condition, body) in branches {
                    if self.condition(condition).await? == 0 {
                        return self.list(body).await;
                    }
                }
                match otherwise {
                    Some(body) => self.list(body).await,
                    None => Ok(0),
                }
            }
            Kind::Loop { until, condition, body } => Box::pin(self.loop_command(*until, condition, body)).await,
            Kind::For { name, words, body } => Box::pin(self.for_command(name, words.as_deref(), body)).await,
            Kind::Select { name, words, body } => Box::pin(self.select(name, words.as_deref(), body)).await,
            Kind::Coproc { name, body } => Box::pin(self.coproc(name, body)).await,
            Kind::ForArith {
                init,
                condition,
                step,
                body,
            } => Box::pin(self.for_arith(init, condition, step, body)).await,
            Kind::Case { subject, arms } => Box::pin(self.case_command(subject, arms)).await,
            Kind::Arith(word) => {
                self.debug_trap().await?;
                if self.options.xtrace {
                    let text = self.command_text.clone();
                    let inner = text
                        .strip_prefix("((")
                        .and_then(|t| t.strip_suffix("))"))
                        .unwrap_or(&text);
                    self.trace(&format!("(( {} ))", inner.trim())).await;
                }
                let value = match self.arith_value(word).await {
                    Err(Flow::Discard(n)) => return Ok(n),
                    other => other?,
                };
                Ok(i32::from(value == 0))
            }
            Kind::Cond(cond) => {
                self.debug_trap().await?;
                match self.cond(cond).await {
                    Err(Flow::Discard(n)) => Ok(n.max(1)),
                    other => other.map(|yes| i32::from(!yes)),
                }
            }
            Kind::Function { name, body, source } => {
                if self.functions.get(name).is_some_and(|f| f.readonly.get()) {
                    self.complain(&format!("{name}: readonly function")).await;
                    return Ok(1);
                }
                let function = Rc::new(Function {
                    exported: Cell::new(self.options.allexport),
                    readonly: Cell::new(false),
                    body: body.clone(),
                    source: source.clone(),
                    file: self.file.clone(),
                });
                Rc::make_mut(&mut self.functions).insert(name.clone(), function);
                Ok(0)
            }
        }
    }

    /// Runs a list in this very task, with `self` being the subshell's own state.
    async fn subshell_here(mut self, list: &List) -> i32 {
        let result = self.list(list).await;
        self.finish_subshell(result).await
    }

    /// Runs the condition of `if` or a loop: failure is an answer there, not an error.
    async fn condition(&mut self, list: &List) -> Step {
        self.conditions += 1;
        let result = self.list(list).await;
        self.conditions -= 1;
        result
    }

    /// Runs the body of a loop once. None: the loop ends.
    pub(super) async fn iterate(&mut self, body: &List) -> Result<(i32, bool), Flow> {
        self.loops += 1;
        let result = self.list(body).await;
        self.loops -= 1;
        match result {
            Ok(status) => Ok((status, !self.suspended)),
            Err(Flow::Break(1)) => Ok((0, false)),
            Err(Flow::Break(n)) => Err(Flow::Break(n - 1)),
            Err(Flow::Continue(1)) => Ok((0, true)),
            Err(Flow::Continue(n)) => Err(Flow::Continue(n - 1)),
            Err(flow) => Err(flow),
        }
    }

    async fn loop_command(&mut self, until: bool, condition: &List, body: &List) -> Step {
        let mut status = 0;
        loop {
            self.tick().await;
            self.loops += 1;
            let test = self.condition(condition).await;
            self.loops -= 1;
            match test {
                Ok(test) if (test == 0) == until => return Ok(status),
                Ok(_) => {}
                Err(Flow::Break(1)) => return Ok(0),
                Err(Flow::Break(n)) => return Err(Flow::Break(n - 1)),
                Err(Flow::Continue(1)) => continue,
                Err(Flow::Continue(n)) => return Err(Flow::Continue(n - 1)),
                Err(flow) => return Err(flow),
            }
            let (last, again) = self.iterate(body).await?;
            status = last;
            if !again {
                return Ok(status);
            }
        }
    }

    async fn for_command(&mut self, name: &str, words: Option<&[Word]>, body: &List) -> Step {
        let text = self.command_text.clone();
        let values = match words {
            Some(words) => self.expand_words(words).await?,
            None => self.positional.clone(),
        };
        let mut status = 0;
        for value in values {
            self.tick().await;
            self.debug_trap().await?;
            if self.options.xtrace {
                let head = head(&text, " do");
                self.trace(&head).await;
            }
            // The variable of the loop may be a reference, which then refers to one after the other.
            if self.vars.get_raw(name).is_some_and(|v| v.nameref) {
                self.vars.entry(name).value = crate::vars::Value::Scalar(value);
            } else {
                self.assign_text(name, crate::vars::Key::Whole, value, false).await?;
            }
            let (last, again) = self.iterate(body).await?;
            status = last;
            if !again {
                break;
            }
        }
        Ok(status)
    }

    async fn for_arith(&mut self, init: &Word, condition: &Word, step: &Word, body: &List) -> Step {
        self.arith_value(init).await?;
        let mut status = 0;
        loop {
            self.tick().await;
            let text = self.expand_text(condition).await?;
            if !text.trim().is_empty() && self.arith_text(&text).await? == 0 {
                return Ok(status);
            }
            let (last, again) = self.iterate(body).await?;
            status = last;
            if !again {
                return Ok(status);
            }
            self.arith_value(step).await?;
        }
    }

    async fn case_command(&mut self, subject: &Word, arms: &[Arm]) -> Step {
        self.debug_trap().await?;
        if self.options.xtrace {
            let head = self.command_text.split(" in").next().unwrap_or_default().to_owned();
            self.trace(&format!("{} in", head.trim_end())).await;
        }
        let text = self.expand_text(subject).await?;
        let fold = self.options.nocasematch;
        let text = if fold { text.to_lowercase() } else { text };
        let chars: Vec<char> = text.chars().collect();
        let mut status = 0;
        let mut fall_through = false;
        for arm in arms {
            let mut hit = fall_through;
            for word in &arm.patterns {
                if hit {
                    break;
                }
                let mut pattern = self.expand_pattern_chars(word).await?;
                if fold {
                    for (c, _) in &mut pattern {
                        *c = c.to_lowercase().next().unwrap_or(*c);
                    }
                }
                hit = crate::pattern::Pattern::new(&pattern).matches(&chars);
            }
            if !hit {
                continue;
            }
            status = self.list(&arm.body).await?;
            match arm.after {
                After::Stop => return Ok(status),
                After::FallThrough => fall_through = true,
                After::TestNext => fall_through = false,
            }
        }
        Ok(status)
    }
}

/// The beginning of a compound command, up to the word that ends it, for `set -x`.
fn head(text: &str, end: &str) -> String {
    let line = text.split([';', '\n']).next().unwrap_or_default();
    line.strip_suffix(end).unwrap_or(line).trim_end().to_owned()
}
