//! find: walks directories and judges each file by an expression.

mod evaluate;
mod expression;
mod parse;
mod printf;

use crate::console;
use evaluate::Evaluator;
use expression::Plan;
use sandbar_guest_rt::files::{self, Kind, Status};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Directories nested deeper are not entered: each level is a call, and the stack has an end.
const MOST_DEPTH: usize = 500;
const TROUBLE: i32 = 1;

/// A file met on the walk.
pub struct Entry {
    /// As it is printed.
    pub path: PathBuf,
    /// The operand it was reached from.
    pub root: OsString,
    /// 0 for an operand itself.
    pub depth: usize,
    /// Its status, of the link itself unless links are followed.
    pub status: Status,
}

impl Entry {
    /// The last component; `/` and `.` are their own.
    pub fn name(&self) -> &OsStr {
        self.path.file_name().unwrap_or(self.path.as_os_str())
    }

    /// The letter of `-type`.
    pub fn type_letter(&self) -> char {
        match self.status.kind {
            Kind::Regular => 'f',
            Kind::Directory => 'd',
            Kind::Symlink => 'l',
            Kind::CharacterDevice => 'c',
            Kind::Other => 'p',
        }
    }
}

/// Why a walk ends early.
pub enum Stop {
    /// `-quit`.
    Quit,
    /// Standard output is gone.
    NoOutput,
}

impl From<io::Error> for Stop {
    fn from(_: io::Error) -> Self {
        Self::NoOutput
    }
}

/// Runs find and gives its exit code: 0, or 1 if anything went wrong.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut out = console::output();
    let plan = match parse::parse(arguments.into_iter().skip(1)) {
        Ok(plan) => plan,
        Err(message) => {
            console::complain("find", message);
            return TROUBLE;
        }
    };
    let mut walk = Walk {
        plan: &plan,
        evaluator: Evaluator::new(&plan, &mut out),
    };
    let outcome = plan.roots.iter().try_for_each(|root| walk.root(root));
    let outcome = outcome.and_then(|()| walk.evaluator.finish());
    let trouble = walk.evaluator.trouble;
    if matches!(outcome, Err(Stop::NoOutput)) || out.flush().is_err() || trouble {
        TROUBLE
    } else {
        0
    }
}

struct Walk<'a, W: Write> {
    plan: &'a Plan,
    evaluator: Evaluator<'a, W>,
}

impl<W: Write> Walk<'_, W> {
    fn root(&mut self, root: &OsString) -> Result<(), Stop> {
        match status(Path::new(root), self.plan.follow_roots) {
            Ok(status) => self.visit(Entry {
                path: root.into(),
                root: root.clone(),
                depth: 0,
                status,
            }),
            Err(error) => {
                self.evaluator.complain(Path::new(root), &error);
                Ok(())
            }
        }
    }

    fn visit(&mut self, entry: Entry) -> Result<(), Stop> {
        let judged = entry.depth >= self.plan.least_depth;
        let mut enter = entry.status.kind == Kind::Directory && entry.depth < self.plan.most_depth;
        if judged && !self.plan.contents_first {
            enter &= !self.evaluator.judge(&entry)?;
        }
        if enter {
            self.enter(&entry)?;
        }
        if judged && self.plan.contents_first {
            self.evaluator.judge(&entry)?;
        }
        Ok(())
    }

    fn enter(&mut self, directory: &Entry) -> Result<(), Stop> {
        if directory.depth >= MOST_DEPTH {
            let error = io::Error::other("too many levels of directories");
            self.evaluator.complain(&directory.path, &error);
            return Ok(());
        }
        let entries = std::fs::read_dir(&directory.path).and_then(Iterator::collect::<io::Result<Vec<_>>>);
        let mut names: Vec<OsString> = match entries {
            Ok(entries) => entries.into_iter().map(|entry| entry.file_name()).collect(),
            Err(error) => {
                self.evaluator.complain(&directory.path, &error);
                return Ok(());
            }
        };
        // The order of a directory is nobody's promise; this one is the same each time.
        names.sort_unstable();
        for name in names {
            let path = directory.path.join(&name);
            match status(&path, self.plan.follow) {
                Ok(status) => {
                    self.visit(Entry {
                        path,
                        root: directory.root.clone(),
                        depth: directory.depth + 1,
                        status,
                    })?;
                }
                // Gone since the directory was read.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.evaluator.complain(&path, &error),
            }
        }
        Ok(())
    }
}

/// The status of a path; with `follow`, a link that leads nowhere is still itself.
fn status(path: &Path, follow: bool) -> io::Result<Status> {
    if follow && let Ok(status) = files::status(path, true) {
        return Ok(status);
    }
    files::status(path, false)
}

#[cfg(test)]
mod tests;
