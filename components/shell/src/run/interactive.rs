//! The shell at a terminal: prompt, line editor, history, startup files.

use std::cell::Cell;

use crate::edit::{Editor, Event};
use crate::os::{Errno, Fd, How, Interest, Mode, Ready, Size};
use crate::shell::{Flow, Shell, Step};
use crate::syntax::Source;
use crate::syntax::ast::List;
use crate::task::{Either, bit, either};

/// Most bytes taken from the terminal before the screen is drawn and other tasks get their turn.
const MAX_BURST: usize = 65_536;

/// Most bytes of a history file that are read.
const MAX_HISTORY_FILE: usize = 8 << 20;

/// Longest multi-line command typed at prompts.
const MAX_COMMAND: usize = 4 << 20;

/// Lines kept in the history file if HISTFILESIZE does not say.
const HISTORY_FILE_SIZE: usize = 1000;

/// What came of a prompt.
enum Input {
    Line(String),
    Interrupt,
    End,
}

impl Shell {
    /// Reads the files that a login shell or an interactive one starts with.
    pub async fn startup_files(&mut self, login: bool, profile: bool, rc: Option<&str>) -> Result<(), Flow> {
        let home = self.vars.scalar("HOME").unwrap_or("/").trim_end_matches('/').to_owned();
        let mut files = Vec::new();
        if login && profile {
            files.push("/etc/profile".to_owned());
            let own = [".bash_profile", ".bash_login", ".profile"]
                .map(|name| format!("{home}/{name}"))
                .into_iter()
                .find(|path| self.os().stat(path, true).is_ok());
            files.extend(own);
        }
        if self.options.interactive && !login {
            files.extend(rc.map(|rc| rc.replacen("~", &home, 1)));
        }
        for file in files {
            if self.os().stat(&self.absolute(&file), true).is_err() {
                continue;
            }
            let args = [file];
            match crate::builtins::source(self, &args).await {
                Ok(_) | Err(Flow::Discard(_) | Flow::Break(_) | Flow::Continue(_) | Flow::Return(_)) => {}
                Err(flow) => return Err(flow),
            }
            self.recover();
        }
        Ok(())
    }

    /// Reads and runs commands from a terminal until its end; the exit code.
    pub async fn main_interactive(&mut self, login: bool) -> i32 {
        self.load_history().await;
        let warned = Cell::new(false);
        let result: Step = loop {
            self.notify_jobs().await;
            if let Err(flow) = self.prompt_command().await {
                break Err(flow);
            }
            let prompt = self.prompt_string("PS1").await;
            match self.edit(&prompt).await {
                Ok(Input::Line(line)) => match self.command_lines(line).await {
                    Ok(status) => self.status = status,
                    Err(Flow::Exit(code)) if self.stays_for_jobs(&warned).await => self.status = code,
                    Err(flow) => break Err(flow),
                },
                Ok(Input::Interrupt) => self.status = 130,
                Ok(Input::End) => {
                    if self.stays_for_jobs(&warned).await {
                        continue;
                    }
                    break Err(Flow::Exit(self.status));
                }
                Err(flow) => break Err(flow),
            }
        };
        let word = if login { "logout\n" } else { "exit\n" };
        if !matches!(result, Err(Flow::Exit(129))) {
            self.print_error(word).await;
        }
        let code = self.finish_subshell(result).await;
        self.save_history().await;
        self.hang_up();
        self.exec.release_tasks();
        code
    }

    /// Stopped jobs keep the shell from ending, the first time.
    async fn stays_for_jobs(&mut self, warned: &Cell<bool>) -> bool {
        let stopped = self
            .jobs
            .list
            .iter()
            .any(|j| j.state() == crate::jobs::JobState::Stopped);
        if !stopped || warned.replace(true) {
            return false;
        }
        self.print_error("There are stopped jobs.\n").await;
        true
    }

    /// Stopped jobs end with their shell; running ones go on.
    fn hang_up(&mut self) {
        for job in self.jobs.list.clone() {
            if job.state() == crate::jobs::JobState::Stopped {
                self.signal_job(&job, 1);
            }
        }
    }

    async fn prompt_command(&mut self) -> Result<(), Flow> {
        let commands = self.elements("PROMPT_COMMAND");
        for command in commands {
            let status = self.status;
            match self.eval(&command).await {
                Err(flow @ Flow::Exit(_)) => return Err(flow),
                Err(_) => self.recover(),
                Ok(_) => {}
            }
            self.status = status;
        }
        Ok(())
    }

    /// Runs what was typed, asking for more lines while the command is not complete.
    async fn command_lines(&mut self, first: String) -> Step {
        let first = match self.expand_history(first).await {
            Some(line) => line,
            None => return Ok(self.status),
        };
        let mut entry = first.clone();
        let mut remembered = false;
        let mut source = Source::new(first + "\n", self.typed_lines, true);
        let mut status = self.status;
        loop {
            let aliases = self.alias_table();
            let parsed = source.next(aliases.as_deref());
            let more = matches!(&parsed, Err(e) if e.incomplete() && entry.len() < MAX_COMMAND);
            if !more && !remembered {
                let control = self.vars.scalar("HISTCONTROL").unwrap_or_default().to_owned();
                self.history.borrow_mut().add(&entry, &control);
                remembered = true;
            }
            match parsed {
                Ok(None) => break,
                Ok(Some(list)) => {
                    status = self.interruptible(&list).await?;
                    self.status = status;
                }
                Err(_) if more => {
                    let prompt = self.prompt_string("PS2").await;
                    match self.edit(&prompt).await? {
                        Input::Line(line) => {
                            entry.push('\n');
                            entry.push_str(&line);
                            source.push(&line);
                            source.push("\n");
                            remembered = false;
                        }
                        Input::Interrupt => return Ok(130),
                        Input::End => source.finish(),
                    }
                }
                Err(error) => {
                    status = self.syntax_error(&error).await;
                    break;
                }
            }
        }
        self.typed_lines += 1;
        Ok(status)
    }

    async fn expand_history(&mut self, line: String) -> Option<String> {
        if !self.options.histexpand || !line.contains(['!', '^']) {
            return Some(line);
        }
        let expanded = self.history.borrow().expand(&line);
        match expanded {
            Ok(None) => Some(line),
            Ok(Some(text)) => {
                self.print_error(&format!("{text}\n")).await;
                Some(text)
            }
            Err(event) => {
                let message = format!("{}: {event}: event not found\n", self.name);
                self.print_error(&message).await;
                None
            }
        }
    }

    /// Runs a list that Ctrl-C ends, whatever it is doing.
    async fn interruptible(&mut self, list: &List) -> Step {
        self.suspended = false;
        let interrupt = if self.traps.contains_key("INT") { 0 } else { bit(2) };
        let inbox = self.exec.inbox.clone();
        inbox.take(bit(2) & !self.inbox.trapped.get());
        // The shell itself is not ended or stopped from the keyboard.
        while inbox
            .take((bit(3) | bit(15) | bit(20)) & !self.inbox.trapped.get())
            .is_some()
        {}
        let (fds, positional, traps) = (self.fds.clone(), self.positional.clone(), self.traps.clone());
        let running = self.running.clone();
        let result = either(self.list(list), inbox.wait(interrupt)).await;
        let result = match result {
            Either::First(result) => result,
            Either::Second(()) => {
                inbox.take(bit(2));
                self.fds = fds;
                self.positional = positional;
                self.traps = traps;
                self.running.kill(2);
                self.running.release_terminal();
                self.running = running;
                self.scratch.clear();
                self.sane_terminal();
                self.print_error("\n").await;
                Err(Flow::Discard(130))
            }
        };
        match result {
            Err(Flow::Discard(n) | Flow::Return(n)) => {
                self.recover();
                Ok(n)
            }
            Err(Flow::Break(_) | Flow::Continue(_)) => {
                self.recover();
                Ok(self.status)
            }
            other => other,
        }
    }

    /// Lets the user edit a line.
    async fn edit(&mut self, prompt: &str) -> Result<Input, Flow> {
        let Some(input) = self.fd(0).filter(|fd| fd.is_terminal()) else {
            return Ok(Input::End);
        };
        let Some(screen) = self.fd(2).filter(|fd| fd.is_terminal()).or_else(|| self.fd(0)) else {
            return Ok(Input::End);
        };
        let size = window(&input);
        let limit = self.vars.scalar("HISTSIZE").and_then(|n| n.parse().ok());
        self.history.borrow_mut().limit(limit);
        let mut editor = Editor::new(prompt, self.history.clone(), size.columns.into(), size.rows.into());
        if input.set_terminal_mode(Mode::EDIT).is_err() {
            return Ok(Input::End);
        }
        let paste = self.vars.scalar("TERM").is_some_and(|t| !t.is_empty() && t != "dumb");
        if paste {
            self.show(&screen, "\x1b[?2004h").await;
        }
        let result = self.edit_loop(&mut editor, &input, &screen).await;
        let rest = editor.output();
        self.show(&screen, &rest).await;
        if paste {
            self.show(&screen, "\x1b[?2004l\r").await;
        }
        // If the terminal has gone, the next read says so.
        let _ = input.set_terminal_mode(Mode::SANE);
        result
    }

    async fn edit_loop(&mut self, editor: &mut Editor, input: &Fd, screen: &Fd) -> Result<Input, Flow> {
        let exec = self.exec.clone();
        let inbox = self.exec.inbox.clone();
        loop {
            let mut burst = 0;
            while burst < MAX_BURST {
                let byte = match input.try_read(1) {
                    Ok(Ready::Later) => break,
                    Ok(Ready::Now(bytes)) => bytes.first().copied(),
                    Err(_) => None,
                };
                let Some(byte) = byte else {
                    return Ok(Input::End);
                };
                burst += 1;
                match editor.feed(byte) {
                    None => {}
                    Some(Event::Line(line)) => return Ok(Input::Line(line)),
                    Some(Event::End) => return Ok(Input::End),
                    Some(Event::Interrupt) => {
                        self.inbox.take(bit(2));
                        return Ok(Input::Interrupt);
                    }
                    Some(Event::Complete(again)) => self.complete(editor, again),
                }
            }
            let drawn = editor.output();
            self.show(screen, &drawn).await;
            if burst >= MAX_BURST {
                exec.pause().await;
                continue;
            }
            let signals = bit(1) | bit(2) | bit(28) | self.inbox.trapped.get();
            let event = either(exec.wait(&[Interest::Read(input.clone())]), inbox.wait(signals)).await;
            if let Either::First(()) = event {
                continue;
            }
            if inbox.take(bit(28) & !self.inbox.trapped.get()).is_some() || inbox.has(bit(28)) {
                let size = window(input);
                editor.resize(size.columns.into(), size.rows.into());
            }
            if inbox.take(bit(2) & !self.inbox.trapped.get()).is_some() {
                self.show(screen, "^C\n").await;
                return Ok(Input::Interrupt);
            }
            if inbox.has(self.inbox.trapped.get() | bit(1)) {
                editor.aside("");
                let drawn = editor.output();
                self.show(screen, &drawn).await;
                self.handle_signals().await?;
            }
        }
    }

    async fn show(&mut self, screen: &Fd, text: &str) {
        if !text.is_empty() {
            // A terminal that has gone is noticed by the next read.
            let _ = self.exec.write(screen, &crate::text::encode(text)).await;
        }
    }

    fn history_file(&self) -> Option<String> {
        match self.vars.scalar("HISTFILE") {
            Some("") => None,
            Some(path) => Some(self.absolute(path)),
            None => {
                let home = self.vars.scalar("HOME").filter(|h| !h.is_empty())?;
                Some(format!("{}/.bash_history", home.trim_end_matches('/')))
            }
        }
    }

    /// Reads the history file, as far as there is one.
    pub(crate) async fn load_history(&mut self) {
        let Some(path) = self.history_file() else { return };
        let how = How {
            read: true,
            ..How::default()
        };
        let Ok(fd) = self.os().open(&path, how) else {
            return;
        };
        let exec = self.exec.clone();
        let mut bytes = Vec::new();
        while let Ok(chunk) = exec.read(&fd, 65_536).await {
            if chunk.is_empty() || bytes.len() >= MAX_HISTORY_FILE {
                break;
            }
            bytes.extend(chunk);
        }
        let limit = self.vars.scalar("HISTSIZE").and_then(|n| n.parse().ok());
        let mut history = self.history.borrow_mut();
        history.limit(limit);
        history.load(&crate::text::decode(&bytes));
    }

    /// Writes the history file.
    pub(crate) async fn save_history(&mut self) {
        let Some(path) = self.history_file() else { return };
        let size = self
            .vars
            .scalar("HISTFILESIZE")
            .and_then(|n| n.parse().ok())
            .unwrap_or(HISTORY_FILE_SIZE);
        let text = self.history.borrow().file(size);
        if text.is_empty() {
            return;
        }
        let how = How {
            write: true,
            create: true,
            truncate: true,
            ..How::default()
        };
        self.write_file(&path, how, &text).await.unwrap_or_default();
    }

    /// Writes text to a file.
    pub(crate) async fn write_file(&mut self, path: &str, how: How, text: &str) -> Result<(), Errno> {
        let fd = self.os().open(path, how)?;
        let exec = self.exec.clone();
        exec.write(&fd, &crate::text::encode(text)).await
    }

    /// `history -a`: appends what is new.
    pub(crate) async fn append_history(&mut self) -> Result<(), Errno> {
        let Some(path) = self.history_file() else { return Ok(()) };
        let text = self.history.borrow_mut().unsaved();
        let how = How {
            write: true,
            create: true,
            append: true,
            ..How::default()
        };
        self.write_file(&path, how, &text).await
    }

    /// Forgets what a command left when control was torn out of it.
    pub(super) fn recover(&mut self) {
        self.conditions = 0;
        self.in_trap = false;
        self.in_prompt = false;
        self.loops = 0;
        self.depth = 0;
        self.nesting = 0;
        self.frames.clear();
        self.sourcing = 0;
        while self.vars.in_function() {
            self.vars.pop_frame();
        }
    }
}

/// The window, or what a terminal without one is taken to have.
fn window(terminal: &Fd) -> Size {
    terminal.terminal_size().unwrap_or(Size { columns: 80, rows: 24 })
}
