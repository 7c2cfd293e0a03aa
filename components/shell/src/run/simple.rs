//! Simple commands: assignments, functions, builtins and programs.

use crate::builtins;
use crate::os::{Errno, FileKind, Spawn};
use crate::shell::{Flow, Frame, Function, Shell, Step};
use crate::syntax::ast::{Arg, Assign, AssignValue, Redirect, Simple};
use crate::text;
use crate::vars::Key;
use std::rc::Rc;

/// An argument after expansion; declarations keep their array assignments.
pub(crate) enum Argument<'a> {
    Text,
    Assign(&'a Assign),
}

/// What is known of the place of a command: whether it is the last thing that happens here.
#[derive(Clone, Copy)]
pub(super) struct Last {
    /// See [`Shell::disposable`].
    disposable: bool,
    /// See [`Shell::tail`].
    tail: bool,
}

impl Shell {
    pub(super) async fn simple(&mut self, simple: &Simple, redirects: &[Redirect]) -> Step {
        let last = Last {
            disposable: std::mem::take(&mut self.disposable),
            tail: std::mem::take(&mut self.tail),
        };
        let saved_line = self.line;
        let mut args: Vec<String> = Vec::new();
        let mut arrays: Vec<Argument> = Vec::new();
        let declares = simple.args.iter().any(|a| matches!(a, Arg::Assign(_)));
        if self.traps.contains_key("DEBUG") {
            Box::pin(self.debug_trap()).await?;
        }
        let outer = std::mem::take(&mut self.scratch);
        for arg in &simple.args {
            match arg {
                Arg::Word(word) => {
                    let from = args.len();
                    self.expand_word(word, &mut args).await?;
                    if declares {
                        arrays.extend((from..args.len()).map(|_| Argument::Text));
                    }
                }
                Arg::Assign(assign) => {
                    arrays.push(Argument::Assign(assign));
                    args.push(assign.name.clone());
                }
            }
        }
        self.line = saved_line;
        let Some(name) = args.first().cloned() else {
            let step = Box::pin(self.assignments_only(simple, redirects)).await;
            self.scratch = outer;
            return step;
        };
        let mine = std::mem::take(&mut self.scratch);
        if self.options.xtrace {
            Box::pin(self.trace_command(simple, &args)).await?;
        }
        let step = self.dispatch(simple, redirects, &name, &args, &arrays, last).await;
        if let Some(last) = args.pop() {
            self.last_argument = last;
        }
        self.scratch.extend(mine);
        if !self.scratch.is_empty() {
            Box::pin(self.finish_substitutions()).await;
        }
        self.scratch = outer;
        step
    }

    async fn dispatch(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        name: &str,
        args: &[String],
        arrays: &[Argument<'_>],
        last: Last,
    ) -> Step {
        if name == "exec" {
            return Box::pin(self.exec_builtin(simple, redirects, args)).await;
        }
        let function = self.functions.get(name).cloned();
        if function.is_none() && !builtins::exists(name) {
            return Box::pin(self.program(simple, redirects, name, args, last)).await;
        }
        let undo = match Box::pin(self.redirect_here(redirects)).await {
            Ok(undo) => undo,
            Err(step) => return step,
        };
        let scoped = !simple.assigns.is_empty();
        if scoped {
            self.vars.push_frame();
        }
        let mut result = Ok(0);
        for assign in &simple.assigns {
            // The value is computed before the name becomes local, as it may refer to it.
            let value = match &assign.value {
                AssignValue::Scalar(word) => self.expand_text(word).await,
                AssignValue::Array(_) => Ok(String::new()),
            };
            let value = match value {
                Ok(value) => value,
                Err(flow) => {
                    result = Err(flow);
                    break;
                }
            };
            let old = self.parameter(&assign.name).unwrap_or_default();
            self.vars.localize(&assign.name);
            let value = if assign.append { old + &value } else { value };
            if let Err(flow) = self.assign_text(&assign.name, Key::Whole, value, false).await {
                result = Err(flow);
                break;
            }
            self.vars.entry(&assign.name).exported = true;
        }
        if result.is_ok() {
            result = match function {
                Some(function) => self.call(name, &function, args).await,
                None => builtins::run(self, name, args, arrays).await,
            };
        }
        if scoped {
            self.vars.pop_frame();
        }
        self.undo(undo);
        result
    }

    /// Calls a function.
    pub(crate) async fn call(&mut self, name: &str, function: &Rc<Function>, args: &[String]) -> Step {
        self.check_depth().await?;
        let rest = args.get(1..).unwrap_or_default().to_vec();
        let positional = std::mem::replace(&mut self.positional, rest);
        let loops = std::mem::take(&mut self.loops);
        self.depth += 1;
        self.frames.push(Frame {
            name: name.to_owned(),
            file: function.file.clone(),
            line: self.line,
        });
        self.vars.push_frame();
        // These are not inherited, unless that was asked for.
        let mut hidden = Vec::new();
        for (trap, inherited) in [
            ("ERR", self.options.errtrace),
            ("DEBUG", self.options.functrace),
            ("RETURN", self.options.functrace),
        ] {
            if !inherited && let Some(entry) = self.traps.remove_entry(trap) {
                hidden.push(entry);
            }
        }
        let mut result = self.command(&function.body).await;
        if self.traps.contains_key("RETURN") && !matches!(result, Err(Flow::Exit(_))) {
            if let Ok(status) | Err(Flow::Return(status)) = result {
                self.status = status;
            }
            if let Err(flow) = Box::pin(self.guarded_trap("RETURN")).await {
                result = Err(flow);
            }
        }
        for (trap, action) in hidden {
            self.traps.entry(trap).or_insert(action);
        }
        if let Some(options) = self.vars.kept_options() {
            self.options = options;
        }
        self.vars.pop_frame();
        self.frames.pop();
        self.depth -= 1;
        self.loops = loops;
        self.positional = positional;
        match result {
            Err(Flow::Return(status)) => Ok(status),
            Err(Flow::Break(_) | Flow::Continue(_)) => Ok(self.status),
            other => other,
        }
    }

    async fn assignments_only(&mut self, simple: &Simple, redirects: &[Redirect]) -> Step {
        self.substitution_status = None;
        if !redirects.is_empty() {
            let saved = self.fds.clone();
            let applied = self.redirect(redirects).await;
            self.fds = saved;
            if !applied? {
                return Ok(1);
            }
        }
        for assign in &simple.assigns {
            self.assign(assign).await?;
            if self.options.xtrace {
                let value = self.parameter(&assign.name).unwrap_or_default();
                self.trace(&format!("{}={}", assign.name, text::trace_quote(&value)))
                    .await;
            }
        }
        self.finish_substitutions().await;
        // The status is that of the last command substitution, if there was one.
        Ok(self.substitution_status.take().unwrap_or(0))
    }

    async fn trace_command(&mut self, simple: &Simple, args: &[String]) -> Result<(), Flow> {
        let mut parts = Vec::new();
        for assign in &simple.assigns {
            if let AssignValue::Scalar(word) = &assign.value {
                let value = self.expand_text(word).await?;
                parts.push(format!("{}={}", assign.name, text::trace_quote(&value)));
            }
        }
        parts.extend(args.iter().map(|a| text::trace_quote(a)));
        self.trace(&parts.join(" ")).await;
        Ok(())
    }

    /// Prints a line of `set -x`.
    pub(super) async fn trace(&mut self, line: &str) {
        let xtrace = std::mem::take(&mut self.options.xtrace);
        let mut prefix = self.prompt_string("PS4").await;
        self.options.xtrace = xtrace;
        // One more of the first character for each level of indirection.
        if let Some(first) = prefix.chars().next() {
            for _ in 0..self.indirection.min(20) {
                prefix.insert(0, first);
            }
        }
        self.print_error(&format!("{prefix}{line}\n")).await;
    }

    /// Runs a program.
    async fn program(
        &mut self,
        simple: &Simple,
        redirects: &[Redirect],
        name: &str,
        args: &[String],
        last: Last,
    ) -> Step {
        let extra = self.variables_of(simple).await?;
        let saved = self.fds.clone();
        // A program's redirections are its own business: `$!` stays.
        let background = (self.last_background, self.last_substitution.clone());
        let redirected = self.redirect(redirects).await;
        (self.last_background, self.last_substitution) = background;
        let result = match redirected {
            Ok(true) => self.start(name, args, &extra).await,
            Ok(false) => Ok(Err(1)),
            Err(flow) => Err(flow),
        };
        self.fds = saved;
        let child = match result? {
            Ok(child) => child,
            Err(status) => return Ok(status),
        };
        if last.disposable {
            // Nothing else will run here: let go of the pipes, as exec(2) would.
            self.fds.clear();
        }
        if last.tail && !self.has_last_words() {
            self.exec.detach();
        }
        self.foreground(&child).await
    }

    /// The variables that a command is given for itself (`A=1 program`).
    pub(super) async fn variables_of(&mut self, simple: &Simple) -> Result<Vec<(String, String)>, Flow> {
        let mut variables = Vec::with_capacity(simple.assigns.len());
        for assign in &simple.assigns {
            if let AssignValue::Scalar(word) = &assign.value {
                let mut value = self.expand_text(word).await?;
                if assign.append {
                    value = self.parameter(&assign.name).unwrap_or_default() + &value;
                }
                variables.push((assign.name.clone(), value));
            }
        }
        Ok(variables)
    }

    /// Whether a trap of this shell may still have something to do after its last command.
    pub(super) fn has_last_words(&self) -> bool {
        ["EXIT", "ERR"].iter().any(|trap| self.traps.contains_key(*trap))
    }

    /// Starts a program; the error is the status, already explained.
    pub(crate) async fn start(
        &mut self,
        name: &str,
        args: &[String],
        extra: &[(String, String)],
    ) -> Result<Result<crate::os::Child, i32>, Flow> {
        let path = match extra.iter().find(|(n, _)| n == "PATH") {
            Some((_, path)) => path.clone(),
            None => self.vars.scalar("PATH").unwrap_or_default().to_owned(),
        };
        let program = match self.find_program(name, &path) {
            Ok(program) => program,
            Err(Errno::NotFound) if !name.contains('/') => {
                self.complain(&format!("{name}: command not found")).await;
                return Ok(Err(127));
            }
            Err(e) => {
                self.complain(&format!("{name}: {e}")).await;
                return Ok(Err(if e == Errno::NotFound { 127 } else { 126 }));
            }
        };
        let mut environment = self.vars.environment();
        for (name, value) in extra {
            environment.retain(|(n, _)| n != name);
            environment.push((name.clone(), value.clone()));
        }
        // The runtime of a guest takes its working directory from here.
        environment.retain(|(n, _)| n != "PWD" && n != "_");
        environment.push(("PWD".to_owned(), self.cwd.clone()));
        environment.push(("_".to_owned(), program.clone()));
        for (name, function) in self.functions.iter() {
            if function.exported.get() {
                environment.push((format!("BASH_FUNC_{name}%%"), format!("() {}", function.source)));
            }
        }
        let replaced;
        let args = if self.pipes.is_empty() {
            args
        } else {
            replaced = self.substitution_files(args).await?;
            &replaced
        };
        let descriptors = [self.fd(0), self.fd(1), self.fd(2)];
        let ignored = self.ignored_signals();
        let spawn = |program: &str, arguments: &[String]| {
            let one = |group| {
                self.os().spawn(Spawn {
                    program,
                    arguments,
                    environment: &environment,
                    directory: &self.cwd,
                    descriptors: descriptors.clone(),
                    group,
                    foreground: self.running.terminal.borrow().clone(),
                    ignored: &ignored,
                })
            };
            let group = self.next_group();
            match one(group) {
                // The group has no process left to join.
                Err(Errno::NoProcess | Errno::Access) if matches!(group, crate::os::Group::Join(_)) => {
                    self.running.group.set(0);
                    one(crate::os::Group::New)
                }
                other => other,
            }
        };
        let mut started = spawn(&program, args);
        if started.as_ref().err() == Some(&Errno::NotExecutable) {
            // A script without `#!` is run by a shell.
            let mut with_shell = vec!["sh".to_owned(), program.clone()];
            with_shell.extend_from_slice(args.get(1..).unwrap_or_default());
            if let Ok(shell) = self.find_program("sh", &path)
                && !self.looks_binary(&program).await
            {
                started = spawn(&shell, &with_shell);
            }
        }
        match started {
            Ok(child) => Ok(Ok(child)),
            Err(e) => {
                let why = match e {
                    Errno::NotExecutable => "cannot execute: not a WebAssembly program or script".to_owned(),
                    Errno::Limit => "fork: retry: Resource temporarily unavailable".to_owned(),
                    e => e.to_string(),
                };
                self.complain(&format!("{name}: {why}")).await;
                Ok(Err(if e == Errno::NotFound { 127 } else { 126 }))
            }
        }
    }

    /// Whether the first bytes of a file are not text.
    async fn looks_binary(&self, path: &str) -> bool {
        let how = crate::os::How {
            read: true,
            ..Default::default()
        };
        match self.os().open(path, how) {
            Ok(fd) => match self.exec.read(&fd, 128).await {
                Ok(bytes) => bytes.contains(&0),
                Err(_) => true,
            },
            Err(_) => true,
        }
    }

    /// The absolute path of a program.
    pub(crate) fn find_program(&self, name: &str, path: &str) -> Result<String, Errno> {
        let usable = |full: &str| -> Result<(), Errno> {
            let stat = self.os().stat(full, true)?;
            if stat.kind == FileKind::Directory {
                return Err(Errno::IsDirectory);
            }
            if stat.mode & 0o111 == 0 {
                return Err(Errno::Access);
            }
            Ok(())
        };
        if name.contains('/') {
            let full = self.absolute(name);
            return usable(&full).map(|()| full);
        }
        if name.is_empty() {
            return Err(Errno::NotFound);
        }
        let mut denied = None;
        for directory in path.split(':') {
            let directory = if directory.is_empty() { "." } else { directory };
            let full = self.absolute(&format!("{}/{name}", directory.trim_end_matches('/')));
            match usable(&full) {
                Ok(()) => return Ok(full),
                Err(Errno::Access) => denied = Some(Errno::Access),
                Err(_) => {}
            }
        }
        Err(denied.unwrap_or(Errno::NotFound))
    }

    /// `exec`: redirections that stay, or a program instead of this shell.
    async fn exec_builtin(&mut self, simple: &Simple, redirects: &[Redirect], args: &[String]) -> Step {
        let mut rest = args.get(1..).unwrap_or_default();
        let mut arg0 = None;
        loop {
            match rest.first().map(String::as_str) {
                Some("--") => {
                    rest = rest.get(1..).unwrap_or_default();
                    break;
                }
                Some("-a") => {
                    arg0 = rest.get(1).cloned();
                    rest = rest.get(2..).unwrap_or_default();
                }
                Some("-c" | "-l") => rest = rest.get(1..).unwrap_or_default(),
                _ => break,
            }
        }
        let Some(name) = rest.first().cloned() else {
            let ok = self.redirect(redirects).await?;
            return if ok { Ok(0) } else { Err(Flow::Exit(1)) };
        };
        if !self.redirect(redirects).await? {
            return Err(Flow::Exit(1));
        }
        let mut extra = Vec::new();
        for assign in &simple.assigns {
            if let AssignValue::Scalar(word) = &assign.value {
                extra.push((assign.name.clone(), self.expand_text(word).await?));
            }
        }
        // The program takes this shell's place, so it is no level deeper.
        if let Some(level) = self.vars.scalar("SHLVL").and_then(|n| n.parse::<u32>().ok()) {
            extra.push(("SHLVL".to_owned(), level.saturating_sub(1).to_string()));
        }
        let mut rest = rest.to_vec();
        if let (Some(arg0), Some(first)) = (arg0, rest.first_mut()) {
            *first = arg0;
        }
        let status = match self.start(&name, &rest, &extra).await? {
            Ok(child) => {
                self.fds.clear();
                self.foreground(&child).await?
            }
            Err(status) => status,
        };
        self.traps.remove("EXIT");
        Err(Flow::Exit(status))
    }
}
