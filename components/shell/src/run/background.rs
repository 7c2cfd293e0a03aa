//! `command &`.

use std::rc::Rc;

use crate::jobs::FIRST_TASK_ID;
use crate::shell::{Shell, Step};
use crate::syntax::ast::{Arg, Item, Kind, List, Piece, Simple};

impl Shell {
    pub(super) async fn background(&mut self, item: &Item) -> Step {
        self.check_depth().await?;
        let mut child = self.fork();
        if !self.options.monitor {
            child.fds.insert(0, self.os().null());
        }
        child.running = self.new_running(false);
        let running = child.running.clone();
        let inbox = child.inbox.clone();
        let first = item.first.clone();
        let rest = item.rest.clone();
        let task = if let Some((simple, redirects)) = lone_program(item, self) {
            // A program: start it now, so that `$!` is its real pid.
            let args = {
                let mut args = Vec::new();
                for arg in &simple.args {
                    if let Arg::Word(word) = arg {
                        child.expand_word(word, &mut args).await?;
                    }
                }
                args
            };
            let name = args.first().cloned().unwrap_or_default();
            let known = child.functions.contains_key(&name) || crate::builtins::exists(&name);
            if known || name.is_empty() {
                self.spawn_list(child, first, rest)
            } else {
                let variables = child.variables_of(simple).await?;
                let started = if child.redirect(redirects).await? {
                    child.start(&name, &args, &variables).await?
                } else {
                    Err(1)
                };
                match started {
                    Ok(process) => {
                        running.add(process.clone());
                        let pid = process.pid();
                        drop(child);
                        let exec = self.exec.clone();
                        let watched = running.clone();
                        let task = self.exec.watch(async move {
                            let exit = exec.exit_of(&process).await;
                            watched.remove(process.pid(), exit);
                            exit.status()
                        });
                        return self.add_job(pid, item, task, running, inbox).await;
                    }
                    Err(status) => self.exec.spawn(async move { status }),
                }
            }
        } else {
            self.spawn_list(child, first, rest)
        };
        let id = FIRST_TASK_ID + u32::try_from(self.exec.started() % 1_000_000).unwrap_or(0);
        self.add_job(id, item, task, running, inbox).await
    }

    async fn add_job(
        &mut self,
        id: u32,
        item: &Item,
        task: crate::task::Handle<i32>,
        running: Rc<crate::jobs::Running>,
        inbox: Rc<crate::task::Inbox>,
    ) -> Step {
        self.last_background = Some(id);
        let number = self.jobs.add(id, item.text.clone(), task, running, inbox);
        if self.options.interactive && self.subshell == 0 {
            self.print_error(&format!("[{number}] {id}\n")).await;
        }
        Ok(0)
    }

    fn spawn_list(
        &self,
        mut child: Self,
        first: Rc<crate::syntax::ast::Pipeline>,
        rest: Vec<(bool, Rc<crate::syntax::ast::Pipeline>)>,
    ) -> crate::task::Handle<i32> {
        let list = Rc::new(List {
            items: vec![Item {
                first,
                rest,
                background: false,
                text: String::new(),
            }],
        });
        child.tail = true;
        self.exec.spawn(async move { child.run_subshell(&list).await })
    }
}

/// The command, if it is a simple one that can only be a program.
fn lone_program<'a>(item: &'a Item, shell: &Shell) -> Option<(&'a Simple, &'a [crate::syntax::ast::Redirect])> {
    let [command] = item.first.commands.as_slice() else {
        return None;
    };
    let Kind::Simple(simple) = &command.kind else {
        return None;
    };
    let Some(Arg::Word(word)) = simple.args.first() else {
        return None;
    };
    let name = word.as_literal()?;
    let plain = item.rest.is_empty() && !item.first.negate && item.first.time.is_none();
    let substitutes = simple.args.iter().any(
        |arg| matches!(arg, Arg::Word(word) if word.pieces.iter().any(|p| matches!(p, Piece::ProcessSubstitution(..)))),
    );
    (plain && !substitutes && !shell.functions.contains_key(name) && !crate::builtins::exists(name))
        .then_some((simple, command.redirects.as_slice()))
}
