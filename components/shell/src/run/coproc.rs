//! `coproc` and `select`.

use std::rc::Rc;

use crate::jobs::FIRST_TASK_ID;
use crate::os::{Interest, Ready};
use crate::shell::{Shell, Step};
use crate::syntax::ast::{Command, Kind, List, Word};
use crate::vars::{Key, Value};

/// Descriptors of coprocesses and process substitutions are given out from here downwards, as bash does.
const HIGHEST_FD: u32 = 63;

/// Lowest of them.
const LOWEST_FD: u32 = 10;

impl Shell {
    /// A free descriptor number for the shell's own use.
    pub(super) fn high_fd(&self) -> Option<u32> {
        (LOWEST_FD..=HIGHEST_FD).rev().find(|n| !self.fds.contains_key(n))
    }

    pub(super) async fn coproc(&mut self, name: &str, body: &Rc<Command>) -> Step {
        self.check_depth().await?;
        let os = self.exec.os.clone();
        let pipes = os.pipe().and_then(|output| os.pipe().map(|input| (output, input)));
        let ((output, its_output), (its_input, input)) = match pipes {
            Ok(pipes) => pipes,
            Err(e) => {
                self.complain(&format!("coproc: {e}")).await;
                return Ok(1);
            }
        };
        let mut child = self.fork();
        child.running = self.new_running(false);
        let (running, inbox) = (child.running.clone(), child.inbox.clone());
        child.fds.insert(0, its_input);
        child.fds.insert(1, its_output);
        let mut numbers = Vec::new();
        for fd in [output, input] {
            let Some(number) = self.high_fd() else {
                self.complain("coproc: no free descriptor").await;
                return Ok(1);
            };
            self.fds.insert(number, fd);
            numbers.push(number.to_string());
        }
        let body = body.clone();
        child.disposable = matches!(body.kind, Kind::Simple(_));
        let task = self.exec.spawn(async move {
            let result = child.command(&body).await;
            child.finish_subshell(result).await
        });
        let id = FIRST_TASK_ID + u32::try_from(self.exec.started() % 1_000_000).unwrap_or(0);
        self.last_background = Some(id);
        self.jobs.add(id, format!("coproc {name}"), task, running, inbox);
        let map = (0i64..).zip(numbers).collect();
        if let Err(message) = self.vars.set_value(name, Value::Indexed(map)) {
            self.complain(&message).await;
            return Ok(1);
        }
        self.assign_text(&format!("{name}_PID"), Key::Whole, id.to_string(), false)
            .await?;
        Ok(0)
    }

    pub(super) async fn select(&mut self, name: &str, words: Option<&[Word]>, body: &List) -> Step {
        let values = match words {
            Some(words) => self.expand_words(words).await?,
            None => self.positional.clone(),
        };
        let mut status = 0;
        if values.is_empty() {
            return Ok(status);
        }
        let mut show = true;
        loop {
            if show {
                let menu = self.menu(&values);
                self.print_error(&menu).await;
            }
            let prompt = match self.vars.scalar("PS3") {
                Some(_) => self.prompt_string("PS3").await,
                None => "#? ".to_owned(),
            };
            self.print_error(&prompt).await;
            let Some(reply) = self.reply_line().await else {
                self.write(1, "\n").await?;
                return Ok(1);
            };
            let trimmed = reply.trim().to_owned();
            self.assign_text("REPLY", Key::Whole, reply, false).await?;
            show = trimmed.is_empty();
            if show {
                continue;
            }
            let chosen = trimmed
                .parse::<usize>()
                .ok()
                .and_then(|n| values.get(n.checked_sub(1)?))
                .cloned()
                .unwrap_or_default();
            self.assign_text(name, Key::Whole, chosen, false).await?;
            let (last, again) = self.iterate(body).await?;
            status = last;
            if !again {
                return Ok(status);
            }
            show = self.vars.scalar("REPLY").is_none_or(str::is_empty);
        }
    }

    /// A numbered list, in columns if it is long.
    fn menu(&self, values: &[String]) -> String {
        let columns = self
            .vars
            .scalar("COLUMNS")
            .and_then(|c| c.parse::<usize>().ok())
            .unwrap_or(80);
        let digits = values.len().to_string().len();
        let widest = values.iter().map(|v| v.chars().count()).max().unwrap_or(0) + digits + 4;
        let mut across = (columns / widest.max(1)).max(1);
        let rows = values.len().div_ceil(across).max(1);
        if values.len() / across < 1 || rows == 1 {
            across = 1;
        }
        let rows = values.len().div_ceil(across);
        let mut out = String::new();
        for row in 0..rows {
            for column in 0..across {
                let i = column * rows + row;
                let Some(value) = values.get(i) else { continue };
                let cell = format!("{:>digits$}) {value}", i + 1);
                let last = values.get(i + rows).is_none() || column + 1 == across;
                out.push_str(&cell);
                if !last {
                    out.push_str(&" ".repeat(widest.saturating_sub(cell.chars().count())));
                }
            }
            out.push('\n');
        }
        out
    }

    /// A line of standard input without its newline; none at its end.
    async fn reply_line(&mut self) -> Option<String> {
        let input = self.fd(0)?;
        let exec = self.exec.clone();
        let mut bytes = Vec::new();
        loop {
            match input.try_read(1) {
                Ok(Ready::Now(chunk)) => match chunk.first() {
                    None if bytes.is_empty() => return None,
                    None | Some(b'\n') => return Some(crate::text::decode(&bytes)),
                    Some(b) if bytes.len() < crate::edit::MAX_LINE => bytes.push(*b),
                    Some(_) => {}
                },
                Ok(Ready::Later) => exec.wait(&[Interest::Read(input.clone())]).await,
                Err(_) => return None,
            }
        }
    }
}
