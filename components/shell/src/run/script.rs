//! Scripts: text, files, and standard input read command by command.

use std::collections::BTreeMap;
use std::rc::Rc;

use crate::os::How;
use crate::shell::{Flow, MAX_TEXT, Shell, Step};
use crate::syntax::ast::List;
use crate::syntax::{Source, SyntaxError};

/// Most bytes of one command read from standard input.
const MAX_COMMAND: usize = 16 << 20;

impl Shell {
    /// Runs a text: each command line is parsed when its turn comes, as bash does.
    pub async fn text(&mut self, text: &str, line: u32) -> Step {
        let mut source = Source::new(text, line, false);
        let mut status = 0;
        let mut ran = false;
        loop {
            let before = source.rest_length();
            match source.next(self.alias_table().as_deref()) {
                Ok(None) => return Ok(if ran { status } else { 0 }),
                Ok(Some(list)) => {
                    ran = true;
                    self.echo_input(source.consumed(before)).await;
                    status = self.list(&list).await?;
                }
                Err(error) => return Ok(self.syntax_error(&error).await),
            }
        }
    }

    /// Runs a main program: an error of expansion ends only the command it is in.
    pub async fn main_text(&mut self, text: &str) -> i32 {
        let mut source = Source::new(text, 1, false);
        let mut result = Ok(0);
        loop {
            let before = source.rest_length();
            match source.next(self.alias_table().as_deref()) {
                Ok(None) => break,
                Ok(Some(list)) => match self.echo_and_run(source.consumed(before), &list).await {
                    Ok(status) => result = Ok(status),
                    Err(Flow::Discard(n)) if !self.options.errexit => {
                        self.status = n;
                        result = Ok(n);
                        self.recover();
                        // A command line given by `-c` ends with its first such error.
                        if self.options.from_command_line {
                            break;
                        }
                    }
                    Err(Flow::Break(_) | Flow::Continue(_)) => result = Ok(self.status),
                    Err(flow) => {
                        result = Err(flow);
                        break;
                    }
                },
                Err(error) => {
                    result = Ok(self.syntax_error(&error).await);
                    break;
                }
            }
        }
        self.finish_subshell(result).await
    }

    pub(super) async fn syntax_error(&mut self, error: &SyntaxError) -> i32 {
        let place = if self.options.from_command_line && self.sourcing == 0 {
            "-c: "
        } else {
            ""
        };
        let message = format!("{}: {place}line {}: {error}\n", self.name, error.line);
        self.print_error(&message).await;
        self.status = 2;
        2
    }

    /// Reads commands from descriptor 0, never more of it than the command needs, so that what the
    /// commands themselves read is left to them.
    pub async fn main_stdin(&mut self) -> i32 {
        let mut line = 1;
        let mut result = Ok(0);
        'commands: loop {
            let mut text = String::new();
            self.prompt("PS1").await;
            loop {
                let (more, ended) = self.input_line().await;
                if self.options.verbose {
                    self.print_error(&more).await;
                }
                text.push_str(&more);
                let mut source = Source::new(text.as_str(), line, !ended);
                match source.next(self.alias_table().as_deref()) {
                    Ok(None) if ended => break 'commands,
                    Ok(None) => {
                        line += newlines(&text);
                        continue 'commands;
                    }
                    Ok(Some(list)) => {
                        line += newlines(&text);
                        match self.list(&list).await {
                            Ok(status) => result = Ok(status),
                            Err(Flow::Discard(n)) if !self.options.errexit => {
                                self.status = n;
                                result = Ok(n);
                                self.recover();
                            }
                            Err(Flow::Break(_) | Flow::Continue(_)) => result = Ok(self.status),
                            Err(flow) => {
                                result = Err(flow);
                                break 'commands;
                            }
                        }
                        continue 'commands;
                    }
                    Err(error) if error.incomplete() && !ended && text.len() < MAX_COMMAND => {
                        self.prompt("PS2").await;
                    }
                    Err(error) => {
                        let status = self.syntax_error(&error).await;
                        result = Ok(status);
                        if !self.options.interactive {
                            break 'commands;
                        }
                        line += newlines(&text);
                        continue 'commands;
                    }
                }
            }
        }
        self.finish_subshell(result).await
    }

    /// The aliases, if they are expanded.
    pub(super) fn alias_table(&self) -> Option<Rc<BTreeMap<String, String>>> {
        (self.options.expand_aliases && !self.aliases.is_empty()).then(|| self.aliases.clone())
    }

    async fn echo_and_run(&mut self, text: &str, list: &List) -> Step {
        self.echo_input(text).await;
        self.list(list).await
    }

    /// `set -v`: shows the lines of a script that run next.
    async fn echo_input(&mut self, text: &str) {
        if self.options.verbose {
            self.print_error(text).await;
        }
    }

    async fn prompt(&mut self, name: &str) {
        if self.options.interactive {
            let text = self
                .prompt_string(name)
                .await
                .replace([crate::edit::HIDDEN.0, crate::edit::HIDDEN.1], "");
            self.print_error(&text).await;
        }
    }

    /// One line of descriptor 0, byte by byte; true at the end of the input.
    async fn input_line(&mut self) -> (String, bool) {
        let mut bytes = Vec::new();
        let Some(input) = self.fd(0) else {
            return (String::new(), true);
        };
        let exec = self.exec.clone();
        loop {
            match exec.read(&input, 1).await {
                Ok(chunk) if !chunk.is_empty() => {
                    bytes.extend_from_slice(&chunk);
                    if chunk.last() == Some(&b'\n') || bytes.len() >= MAX_COMMAND {
                        return (crate::text::decode(&bytes), false);
                    }
                }
                _ => return (crate::text::decode(&bytes), true),
            }
        }
    }

    /// The text of a script file.
    pub async fn script_file(&mut self, path: &str) -> Result<String, (i32, String)> {
        let how = How {
            read: true,
            ..How::default()
        };
        let full = self.absolute(path);
        if self
            .os()
            .stat(&full, true)
            .is_ok_and(|s| s.kind == crate::os::FileKind::Directory)
        {
            return Err((126, format!("{path}: Is a directory")));
        }
        let fd = self.open(path, how).map_err(|e| {
            let code = if e == crate::os::Errno::NotFound { 127 } else { 126 };
            (code, format!("{path}: {e}"))
        })?;
        let mut bytes = Vec::new();
        let exec = self.exec.clone();
        loop {
            match exec.read(&fd, MAX_TEXT).await {
                Ok(chunk) if chunk.is_empty() => break,
                Ok(chunk) => bytes.extend(chunk),
                Err(e) => return Err((126, format!("{path}: {e}"))),
            }
            if bytes.len() > MAX_TEXT {
                return Err((126, format!("{path}: file too large")));
            }
        }
        if bytes.iter().take(80).any(|b| *b == 0) {
            return Err((126, format!("{path}: cannot execute binary file")));
        }
        Ok(crate::text::decode(&bytes))
    }
}

fn newlines(text: &str) -> u32 {
    u32::try_from(text.bytes().filter(|b| *b == b'\n').count()).unwrap_or(u32::MAX)
}
