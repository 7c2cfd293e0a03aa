//! Archives from files.

use super::header::{self, BLOCK, Kind, Member};
use super::options::Options;
use crate::console;
use crate::data::codec;
use crate::users::{self, GROUP, PASSWD};
use sandbar_guest_rt::files::{self, Kind as FileKind, Status};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
/// Archives are filled to a multiple of this.
const RECORD: u64 = 20 * BLOCK as u64;

/// Writes members.
pub struct Writer<'a, W> {
    options: &'a Options,
    out: W,
    written: u64,
    /// First names of files with more than one.
    links: HashMap<u64, String>,
    /// The archive itself, which is none of its members.
    own: Option<u64>,
    stripped: bool,
    pub trouble: bool,
}

struct Counted<'a, W> {
    out: &'a mut W,
    written: &'a mut u64,
}

impl<W: Write> Write for Counted<'_, W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.out.write(bytes)?;
        *self.written += written as u64;
        Ok(written)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

impl<'a, W: Write> Writer<'a, W> {
    pub fn new(options: &'a Options, out: W, own: Option<u64>) -> Self {
        Self {
            options,
            out,
            written: 0,
            links: HashMap::new(),
            own,
            stripped: false,
            trouble: false,
        }
    }

    fn out(&mut self) -> Counted<'_, W> {
        Counted {
            out: &mut self.out,
            written: &mut self.written,
        }
    }

    /// Adds everything that the command line names.
    ///
    /// # Errors
    /// The archive cannot be written; files that cannot be read are told and passed over.
    pub fn add_all(&mut self) -> io::Result<()> {
        for (directory, name) in &self.options.names {
            let name = name.to_string_lossy().into_owned();
            self.add(directory, &name, 0)?;
        }
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// The archive cannot be written.
    pub fn finish(mut self) -> io::Result<(W, bool)> {
        self.out().write_all(&[0; 2 * BLOCK])?;
        let rest = self.written.wrapping_neg() % RECORD;
        io::copy(&mut io::repeat(0).take(rest), &mut self.out())?;
        self.out.flush()?;
        Ok((self.out, self.trouble))
    }

    fn fail(&mut self, name: &str, what: &str, error: &io::Error) {
        self.trouble = true;
        console::complain("tar", format_args!("{name}: Cannot {what}: {}", console::reason(error)));
    }

    fn excluded(&self, name: &str) -> bool {
        let trimmed = name.trim_end_matches('/');
        self.options.exclude.iter().any(|glob| {
            // A pattern matches from the start, or after any slash.
            glob.matches(trimmed.as_bytes())
                || trimmed
                    .match_indices('/')
                    .any(|(at, _)| glob.matches(&trimmed.as_bytes()[at + 1..]))
        })
    }

    fn add(&mut self, directory: &Path, name: &str, depth: usize) -> io::Result<()> {
        if self.excluded(name) {
            return Ok(());
        }
        let path = directory.join(name);
        let status = match files::status(&path, self.options.dereference) {
            Ok(status) => status,
            Err(error) => {
                self.fail(name, "stat", &error);
                return Ok(());
            }
        };
        if self.own.is_some_and(|own| own == status.inode) && status.kind == FileKind::Regular {
            console::complain("tar", format_args!("{name}: archive cannot contain itself; not dumped"));
            return Ok(());
        }
        let shown = self.member_name(name);
        match status.kind {
            FileKind::Directory => {
                let shown = format!("{}/", shown.trim_end_matches('/'));
                self.member(&shown, Kind::Directory, String::new(), 0, &status)?;
                if self.options.recurse && depth < MOST_DEPTH {
                    self.descend(directory, name, &path, depth)?;
                }
            }
            FileKind::Symlink => match std::fs::read_link(&path) {
                Ok(target) => self.member(&shown, Kind::Symlink, target.to_string_lossy().into_owned(), 0, &status)?,
                Err(error) => self.fail(name, "read link", &error),
            },
            FileKind::Regular => self.file(&shown, name, &path, &status)?,
            _ => console::complain("tar", format_args!("{name}: device ignored")),
        }
        if self.options.remove {
            self.remove(name, &path, status.kind);
        }
        Ok(())
    }

    fn remove(&mut self, name: &str, path: &Path, kind: FileKind) {
        let removed = if kind == FileKind::Directory {
            std::fs::remove_dir(path)
        } else {
            std::fs::remove_file(path)
        };
        if let Err(error) = removed {
            self.fail(name, "unlink", &error);
        }
    }

    fn descend(&mut self, directory: &Path, name: &str, path: &PathBuf, depth: usize) -> io::Result<()> {
        let entries = match std::fs::read_dir(path) {
            Ok(entries) => entries,
            Err(error) => {
                self.fail(name, "open", &error);
                return Ok(());
            }
        };
        let mut names: Vec<String> = entries
            .flatten()
            .map(|entry| entry.file_name().to_string_lossy().into_owned())
            .collect();
        if self.options.sorted {
            names.sort_unstable();
        }
        for one in names {
            self.add(directory, &format!("{}/{one}", name.trim_end_matches('/')), depth + 1)?;
        }
        Ok(())
    }

    /// Names in an archive are relative.
    fn member_name(&mut self, name: &str) -> String {
        if self.options.absolute || !name.starts_with('/') {
            return name.to_owned();
        }
        if !self.stripped {
            self.stripped = true;
            console::complain("tar", "Removing leading `/' from member names");
        }
        let trimmed = name.trim_start_matches('/');
        if trimmed.is_empty() {
            "./".into()
        } else {
            trimmed.to_owned()
        }
    }

    fn file(&mut self, shown: &str, name: &str, path: &Path, status: &Status) -> io::Result<()> {
        if status.links > 1 {
            if let Some(first) = self.links.get(&status.inode).cloned() {
                return self.member(shown, Kind::HardLink, first, 0, status);
            }
            self.links.insert(status.inode, shown.to_owned());
        }
        let file = match File::open(path) {
            Ok(file) => file,
            Err(error) => {
                self.fail(name, "open", &error);
                return Ok(());
            }
        };
        self.member(shown, Kind::Regular, String::new(), status.size, status)?;
        let copied = codec::copy(&mut file.take(status.size), &mut self.out())?;
        if copied < status.size {
            self.trouble = true;
            console::complain(
                "tar",
                format_args!(
                    "{name}: File shrank by {} bytes; padding with zeros",
                    status.size - copied
                ),
            );
            io::copy(&mut io::repeat(0).take(status.size - copied), &mut self.out())?;
        }
        header::pad(status.size, &mut self.out())
    }

    fn member(&mut self, name: &str, kind: Kind, link: String, size: u64, status: &Status) -> io::Result<()> {
        let owner = |given: &Option<String>, own: u32, table: &str| match given {
            Some(given) => match given.split_once(':') {
                Some((name, id)) => (id.parse().unwrap_or(0), name.to_owned()),
                None => match given.parse() {
                    Ok(id) => (id, String::new()),
                    Err(_) => (u64::from(users::id_of(table, given).unwrap_or(own)), given.clone()),
                },
            },
            None => (u64::from(own), users::name_of(table, own)),
        };
        let (uid, mut user) = owner(&self.options.owner, status.uid, PASSWD);
        let (gid, mut group) = owner(&self.options.group, status.gid, GROUP);
        if self.options.numeric {
            (user, group) = (String::new(), String::new());
        }
        let seconds = status
            .modified
            .duration_since(SystemTime::UNIX_EPOCH)
            .map_or(0, |since| i64::try_from(since.as_secs()).unwrap_or(0));
        let member = Member {
            name: name.to_owned(),
            kind,
            link,
            mode: status.mode,
            uid,
            gid,
            user,
            group,
            size,
            modified: self.options.modified.unwrap_or(seconds),
        };
        if self.options.verbose > 0 {
            super::show(&member, self.options.verbose > 1, self.options);
        }
        header::write(&member, &mut self.out())
    }
}
