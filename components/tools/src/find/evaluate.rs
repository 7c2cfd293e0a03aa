//! Judging one file by an expression, and acting on it.

use super::expression::{Exec, Expression, Permissions, Plan};
use super::{Entry, Stop, printf};
use crate::process::{self, Command};
use crate::{calendar, console, modes, users};
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::{OsStr, OsString};
use std::io::{self, Write};
use std::path::Path;
use std::time::SystemTime;

/// Bytes of paths given to one `-exec ... +`: the process layer takes 1 MiB of arguments and environment.
const MOST_ARGUMENT_BYTES: usize = 128 * 1024;

/// The state that expressions act on.
pub struct Evaluator<'a, W: Write> {
    plan: &'a Plan,
    out: &'a mut W,
    now: SystemTime,
    /// Paths collected for each `-exec ... +`, and their bytes.
    collected: Vec<(Vec<OsString>, usize)>,
    prune: bool,
    /// Something went wrong.
    pub trouble: bool,
}

impl<'a, W: Write> Evaluator<'a, W> {
    /// At the start of a walk.
    pub fn new(plan: &'a Plan, out: &'a mut W) -> Self {
        let collected = (0..plan.commands).map(|_| (Vec::new(), 0)).collect();
        Self {
            plan,
            out,
            now: SystemTime::now(),
            collected,
            prune: false,
            trouble: false,
        }
    }

    /// Judges a file; true if its directory is not to be entered.
    pub fn judge(&mut self, entry: &Entry) -> Result<bool, Stop> {
        self.prune = false;
        self.evaluate(&self.plan.expression, entry)?;
        Ok(self.prune)
    }

    /// Runs what is still collected.
    pub fn finish(&mut self) -> Result<(), Stop> {
        self.run_collected(&self.plan.expression)
    }

    /// Says what went wrong with a file.
    pub fn complain(&mut self, path: &Path, error: &io::Error) {
        self.trouble = true;
        // What was found so far comes first.
        let _ = self.out.flush();
        console::complain("find", format_args!("'{}': {}", path.display(), console::reason(error)));
    }

    fn evaluate(&mut self, expression: &Expression, entry: &Entry) -> Result<bool, Stop> {
        let status = &entry.status;
        Ok(match expression {
            Expression::And(left, right) => self.evaluate(left, entry)? && self.evaluate(right, entry)?,
            Expression::Or(left, right) => self.evaluate(left, entry)? || self.evaluate(right, entry)?,
            Expression::List(left, right) => {
                self.evaluate(left, entry)?;
                self.evaluate(right, entry)?
            }
            Expression::Not(inner) => !self.evaluate(inner, entry)?,
            Expression::True => true,
            Expression::False => false,
            Expression::Name(glob) => glob.matches(entry.name().as_encoded_bytes()),
            Expression::Path(glob) => glob.matches(entry.path.as_os_str().as_encoded_bytes()),
            Expression::Regex(regex) => regex.is_match(&entry.path.to_string_lossy()),
            Expression::LinkName(glob) => {
                std::fs::read_link(&entry.path).is_ok_and(|to| glob.matches(to.as_os_str().as_encoded_bytes()))
            }
            Expression::Type(letters) => letters.contains(&entry.type_letter()),
            Expression::Size(bound, unit) => bound.holds(status.size.div_ceil(*unit)),
            Expression::Empty => match status.kind {
                Kind::Regular => status.size == 0,
                Kind::Directory => std::fs::read_dir(&entry.path).is_ok_and(|mut inside| inside.next().is_none()),
                _ => false,
            },
            Expression::Newer(than) => status.modified > *than,
            Expression::Modified(bound, unit) => {
                let age = self.now.duration_since(status.modified).unwrap_or_default().as_secs();
                bound.holds(age / unit)
            }
            Expression::Perm(Permissions::Exactly(bits)) => status.mode == *bits,
            Expression::Perm(Permissions::All(bits)) => status.mode & bits == *bits,
            Expression::Perm(Permissions::Any(bits)) => *bits == 0 || status.mode & bits != 0,
            Expression::Access(bit) => status.mode >> 6 & bit != 0,
            Expression::User(id) => status.uid == *id,
            Expression::Group(id) => status.gid == *id,
            Expression::Links(bound) => bound.holds(status.links),
            Expression::Inode(bound) => bound.holds(status.inode),
            Expression::Print(end) => {
                self.out.write_all(entry.path.as_os_str().as_encoded_bytes())?;
                self.out.write_all(&[*end as u8])?;
                true
            }
            Expression::Printf(pieces) => {
                printf::print(pieces, entry, self.out)?;
                true
            }
            Expression::Ls => {
                self.list(entry)?;
                true
            }
            Expression::Delete => self.delete(entry),
            Expression::Prune => {
                self.prune = true;
                true
            }
            Expression::Quit => {
                self.finish()?;
                return Err(Stop::Quit);
            }
            Expression::Exec(exec) if exec.many => {
                self.collect(exec, entry)?;
                true
            }
            Expression::Exec(exec) => self.run_one(exec, entry)?,
        })
    }

    fn list(&mut self, entry: &Entry) -> io::Result<()> {
        let status = &entry.status;
        let civil = calendar::civil(status.modified);
        writeln!(
            self.out,
            "{:>9} {:>6} {} {:>3} {:<8} {:<8} {:>8} {} {:>2} {:02}:{:02} {}",
            status.inode,
            status.size.div_ceil(1024),
            modes::in_letters(status),
            status.links,
            users::name_of(users::PASSWD, status.uid),
            users::name_of(users::GROUP, status.gid),
            status.size,
            civil.month_name(),
            civil.day,
            civil.hour,
            civil.minute,
            entry.path.display()
        )
    }

    fn delete(&mut self, entry: &Entry) -> bool {
        if entry.path == Path::new(".") {
            return true; // as find has it: what one stands in is not deleted, and that is no error
        }
        // The link is deleted, never what it leads to.
        let is_directory = files::status(&entry.path, false).is_ok_and(|found| found.kind == Kind::Directory);
        let outcome = if is_directory {
            std::fs::remove_dir(&entry.path)
        } else {
            std::fs::remove_file(&entry.path)
        };
        match outcome {
            Ok(()) => true,
            Err(error) => {
                self.trouble = true;
                let reason = console::reason(&error);
                console::complain(
                    "find",
                    format_args!("cannot delete '{}': {reason}", entry.path.display()),
                );
                false
            }
        }
    }

    fn run_one(&mut self, exec: &Exec, entry: &Entry) -> Result<bool, Stop> {
        let path = if exec.in_directory {
            in_directory(entry.name())
        } else {
            entry.path.clone().into_os_string()
        };
        let words = exec.words.iter().map(|word| substitute(word, &path)).collect();
        let mut command = Command::new(words);
        if exec.in_directory {
            let parent = entry
                .path
                .parent()
                .filter(|parent| !parent.as_os_str().is_empty())
                .unwrap_or(Path::new("."));
            command.directory = std::path::absolute(parent)
                .ok()
                .map(|path| path.to_string_lossy().into_owned());
        }
        Ok(self.run(&command)? == Some(0))
    }

    fn collect(&mut self, exec: &Exec, entry: &Entry) -> Result<(), Stop> {
        let path = if exec.in_directory {
            in_directory(entry.name())
        } else {
            entry.path.clone().into_os_string()
        };
        let (paths, bytes) = &mut self.collected[exec.index];
        *bytes += path.len() + 1;
        paths.push(path);
        if *bytes >= MOST_ARGUMENT_BYTES {
            self.run_many(exec)
        } else {
            Ok(())
        }
    }

    fn run_many(&mut self, exec: &Exec) -> Result<(), Stop> {
        let (paths, _) = std::mem::take(&mut self.collected[exec.index]);
        if paths.is_empty() {
            return Ok(());
        }
        let words = exec.words.iter().cloned().chain(paths).collect();
        if self.run(&Command::new(words))? != Some(0) {
            self.trouble = true;
        }
        Ok(())
    }

    fn run_collected(&mut self, expression: &Expression) -> Result<(), Stop> {
        match expression {
            Expression::And(left, right) | Expression::Or(left, right) | Expression::List(left, right) => {
                self.run_collected(left)?;
                self.run_collected(right)
            }
            Expression::Not(inner) => self.run_collected(inner),
            Expression::Exec(exec) if exec.many => self.run_many(exec),
            _ => Ok(()),
        }
    }

    /// The exit code of a command; none if it could not be started.
    fn run(&mut self, command: &Command) -> Result<Option<i32>, Stop> {
        // What was printed before comes before what the command prints.
        self.out.flush()?;
        match process::run(command) {
            Ok(ended) => Ok(Some(ended.code())),
            Err(error) => {
                self.complain(
                    Path::new(command.words.first().map_or(OsStr::new(""), |word| word)),
                    &error,
                );
                Ok(None)
            }
        }
    }
}

fn in_directory(name: &OsStr) -> OsString {
    let mut path = OsString::from("./");
    path.push(name);
    path
}

/// `word` with every `{}` replaced by the path.
fn substitute(word: &OsStr, path: &OsStr) -> OsString {
    let Some(text) = word.to_str().filter(|text| text.contains("{}")) else {
        return word.to_owned();
    };
    let mut out = OsString::new();
    for (index, part) in text.split("{}").enumerate() {
        if index > 0 {
            out.push(path);
        }
        out.push(part);
    }
    out
}
