//! Redirections.

use std::collections::BTreeSet;
use std::rc::Rc;

use crate::os::{Errno, Fd, How};
use crate::shell::{Flow, Shell, Step};
use crate::syntax::ast::{Redirect, RedirectKind, Target, Word};

/// Highest descriptor number that a redirection may name.
const MAX_FD: u32 = 1023;

/// First descriptor that `{name}>file` gives out.
const FIRST_FREE_FD: u32 = 10;

/// Descriptors as they were before a command's redirections.
pub(super) struct Undo(Vec<(u32, Option<Fd>)>);

impl Shell {
    /// Redirects for a command that runs in this very shell, and says how to undo that. The error is the command's end.
    pub(super) async fn redirect_here(&mut self, redirects: &[Redirect]) -> Result<Undo, Step> {
        if redirects.is_empty() {
            return Ok(Undo(Vec::new()));
        }
        let saved = self.fds.clone();
        let failed = match self.redirect(redirects).await {
            Ok(true) => {
                let numbers: BTreeSet<u32> = saved.keys().chain(self.fds.keys()).copied().collect();
                let changed = numbers.into_iter().filter(|number| {
                    let (before, now) = (saved.get(number), self.fds.get(number));
                    !matches!((before, now), (Some(before), Some(now)) if Rc::ptr_eq(before, now))
                });
                return Ok(Undo(
                    changed.map(|number| (number, saved.get(&number).cloned())).collect(),
                ));
            }
            Ok(false) => Ok(1),
            Err(flow) => Err(flow),
        };
        self.fds = saved;
        Err(failed)
    }

    /// Undoes redirections, and only them: what the command itself has opened or closed by `exec` stays.
    pub(super) fn undo(&mut self, undo: Undo) {
        for (number, before) in undo.0 {
            match before {
                Some(fd) => self.fds.insert(number, fd),
                None => self.fds.remove(&number),
            };
        }
    }

    /// Applies redirections in order. False: one failed, and that was reported.
    pub(super) async fn redirect(&mut self, redirects: &[Redirect]) -> Result<bool, Flow> {
        for redirect in redirects {
            if let Err(message) = self.redirect_one(redirect).await? {
                self.complain(&message).await;
                return Ok(false);
            }
        }
        Ok(true)
    }

    async fn redirect_one(&mut self, redirect: &Redirect) -> Result<Result<(), String>, Flow> {
        use RedirectKind as K;
        let input = matches!(
            redirect.kind,
            K::Read | K::ReadWrite | K::DupIn | K::HereDoc | K::HereString
        );
        let number = match &redirect.variable {
            Some(name) => {
                let number = (FIRST_FREE_FD..=MAX_FD)
                    .find(|n| !self.fds.contains_key(n))
                    .unwrap_or(MAX_FD);
                let closing = matches!(&redirect.target, Target::Word(w) if w.as_literal() == Some("-"));
                if closing {
                    let old = self.vars.scalar(name).and_then(|n| n.parse().ok());
                    if let Some(old) = old {
                        self.fds.remove::<u32>(&old);
                    }
                    return Ok(Ok(()));
                }
                if let Err(e) = self.vars.set_scalar(name, number.to_string()) {
                    return Ok(Err(e));
                }
                number
            }
            None => redirect.fd.unwrap_or(u32::from(!input)),
        };
        if number > MAX_FD {
            return Ok(Err(format!("{number}: {}", Errno::BadDescriptor)));
        }
        if let Target::HereDoc(cell) = &redirect.target {
            let text = match cell.get() {
                Some(word) => self.expand_text(word).await?,
                None => String::new(),
            };
            return Ok(self.feed(number, text));
        }
        let Target::Word(word) = &redirect.target else {
            return Ok(Ok(()));
        };
        if redirect.kind == K::HereString {
            let text = self.expand_text(word).await?;
            return Ok(self.feed(number, text + "\n"));
        }
        let target = match self.target(word).await? {
            Ok(target) => target,
            Err(message) => return Ok(Err(message)),
        };
        let write = How {
            write: true,
            create: true,
            ..How::default()
        };
        let how = match redirect.kind {
            K::Read => How {
                read: true,
                ..How::default()
            },
            K::ReadWrite => How {
                read: true,
                write: true,
                create: true,
                ..How::default()
            },
            K::Append | K::BothAppend => How { append: true, ..write },
            K::DupIn | K::DupOut => return Ok(self.duplicate(redirect, number, &target)),
            _ => How {
                truncate: true,
                ..write
            },
        };
        if self.options.noclobber && redirect.kind == K::Write {
            let regular = self
                .os()
                .stat(&self.absolute(&target), true)
                .is_ok_and(|s| s.kind == crate::os::FileKind::Regular);
            if regular {
                return Ok(Err(format!("{target}: cannot overwrite existing file")));
            }
        }
        Ok(match self.open(&target, how) {
            Ok(fd) => {
                if matches!(redirect.kind, K::Both | K::BothAppend) {
                    self.fds.insert(1, fd.clone());
                    self.fds.insert(2, fd);
                } else {
                    self.fds.insert(number, fd);
                }
                Ok(())
            }
            Err(e) => Err(format!("{target}: {e}")),
        })
    }

    /// The target: exactly one word.
    async fn target(&mut self, word: &Word) -> Result<Result<String, String>, Flow> {
        let mut fields = Vec::new();
        self.expand_word(word, &mut fields).await?;
        Ok(match (fields.pop(), fields.is_empty()) {
            (Some(target), true) => Ok(target),
            (None, _) => Err(": ambiguous redirect".to_owned()),
            (Some(_), false) => Err("ambiguous redirect".to_owned()),
        })
    }

    fn duplicate(&mut self, redirect: &Redirect, number: u32, target: &str) -> Result<(), String> {
        if target == "-" {
            self.fds.remove(&number);
            return Ok(());
        }
        let (source, moved) = match target.strip_suffix('-') {
            Some(source) => (source, true),
            None => (target, false),
        };
        if let Ok(source) = source.parse::<u32>() {
            let Some(fd) = self.fd(source) else {
                return Err(format!("{source}: {}", Errno::BadDescriptor));
            };
            self.fds.insert(number, fd);
            if moved {
                self.fds.remove(&source);
            }
            return Ok(());
        }
        // `>&file` is an old way to write `&>file`.
        if redirect.kind == RedirectKind::DupOut && redirect.fd.is_none() {
            let how = How {
                write: true,
                create: true,
                truncate: true,
                ..How::default()
            };
            let fd = self.open(target, how).map_err(|e| format!("{target}: {e}"))?;
            self.fds.insert(1, fd.clone());
            self.fds.insert(2, fd);
            return Ok(());
        }
        Err(format!("{target}: ambiguous redirect"))
    }

    /// Opens a file, knowing the names that stand for descriptors.
    pub fn open(&self, path: &str, how: How) -> Result<Fd, Errno> {
        let number = match path {
            "/dev/null" => return Ok(self.os().null()),
            "/dev/stdin" => Some(0),
            "/dev/stdout" => Some(1),
            "/dev/stderr" => Some(2),
            _ => path.strip_prefix("/dev/fd/").and_then(|n| n.parse().ok()),
        };
        match number {
            Some(number) => self.fd(number).ok_or(Errno::BadDescriptor),
            None if path.is_empty() => Err(Errno::NotFound),
            None => self.os().open(&self.absolute(path), how),
        }
    }

    /// Makes a descriptor from which this text can be read.
    fn feed(&mut self, number: u32, text: String) -> Result<(), String> {
        let (reader, writer) = self
            .os()
            .pipe()
            .map_err(|e| format!("cannot make pipe for here-document: {e}"))?;
        let exec = self.exec.clone();
        // A task of its own, since the text may be longer than the pipe holds.
        self.exec.spawn(async move {
            let _ = exec.write(&writer, &crate::text::encode(&text)).await;
        });
        self.fds.insert(number, reader);
        Ok(())
    }
}
