//! Files from archives. Nothing is written outside the directory: names are relative, `..` is refused, and links that
//! lead elsewhere are made last, so that no later member is written through them.

use super::header::{Kind, Member, Reader};
use super::options::{Action, Options};
use crate::console;
use crate::data::codec;
use sandbar_guest_rt::files;
use std::fs::File;
use std::io::{self, BufWriter, Read, Write};
use std::path::{Component, Path, PathBuf};
use std::time::{Duration, SystemTime};

/// What others may not do with extracted files, unless `-p` is given.
const UMASK: u32 = 0o022;
/// Links and directories are remembered to the end; more of them are refused.
const MOST_DELAYED: usize = 1_000_000;

/// Reads an archive and does with its members what the options say.
pub struct Extractor<'a> {
    options: &'a Options,
    used: Vec<bool>,
    links: Vec<(PathBuf, String)>,
    directories: Vec<(PathBuf, Member)>,
    stripped: bool,
    pub trouble: bool,
}

impl<'a> Extractor<'a> {
    pub fn new(options: &'a Options) -> Self {
        Self {
            options,
            used: vec![false; options.names.len()],
            links: Vec::new(),
            directories: Vec::new(),
            stripped: false,
            trouble: false,
        }
    }

    /// The whole archive.
    ///
    /// # Errors
    /// The archive cannot be read.
    pub fn run(&mut self, input: &mut dyn Read) -> io::Result<()> {
        let mut reader = Reader::new(input);
        while let Some(member) = reader.next()? {
            if !self.wanted(&member.name) {
                continue;
            }
            if self.options.action == Action::List {
                super::show(&member, self.options.verbose > 0, self.options);
                continue;
            }
            let name = member.name.clone();
            if let Err(error) = self.member(member, &mut reader) {
                if error.kind() == io::ErrorKind::InvalidData {
                    return Err(error);
                }
                self.fail(&name, &console::reason(&error));
            }
        }
        // Members that are left out at the end of the input must still be read by whoever sent them.
        self.settle();
        for (number, (_, name)) in self.options.names.iter().enumerate() {
            if !self.used[number] {
                self.trouble = true;
                console::complain("tar", format_args!("{}: Not found in archive", name.display()));
            }
        }
        Ok(())
    }

    fn fail(&mut self, name: &str, why: &str) {
        self.trouble = true;
        console::complain("tar", format_args!("{name}: {why}"));
    }

    fn wanted(&mut self, name: &str) -> bool {
        let trimmed = name.trim_end_matches('/');
        let excluded = self.options.exclude.iter().any(|glob| {
            // What is in an excluded directory is excluded, too.
            let mut parts = Vec::new();
            trimmed.split('/').any(|part| {
                parts.push(part);
                (0..parts.len()).any(|from| glob.matches(parts[from..].join("/").as_bytes()))
            })
        });
        if excluded {
            return false;
        }
        if self.options.names.is_empty() {
            return true;
        }
        let mut found = false;
        for (number, (_, given)) in self.options.names.iter().enumerate() {
            let given = given.to_string_lossy();
            let given = given.trim_end_matches('/');
            let matches = if self.options.wildcards {
                crate::glob::Glob::new(given, false).is_ok_and(|glob| glob.matches(trimmed.as_bytes()))
            } else {
                trimmed == given || trimmed.strip_prefix(given).is_some_and(|rest| rest.starts_with('/'))
            };
            if matches {
                self.used[number] = true;
                found = true;
            }
        }
        found
    }

    /// Where a member goes; none if nothing is left of its name.
    fn place(&mut self, name: &str) -> io::Result<Option<PathBuf>> {
        let mut path = PathBuf::new();
        let mut skipped = 0;
        if name.contains('\0') {
            return Err(io::Error::other("Member name contains a NUL byte"));
        }
        for component in Path::new(name).components() {
            match component {
                Component::ParentDir if !self.options.absolute => {
                    return Err(io::Error::other("Member name contains '..'"));
                }
                Component::RootDir if self.options.absolute => path.push("/"),
                Component::RootDir => {
                    if !self.stripped {
                        self.stripped = true;
                        console::complain("tar", "Removing leading `/' from member names");
                    }
                }
                Component::Normal(_) | Component::ParentDir if skipped < self.options.strip => skipped += 1,
                Component::CurDir | Component::Prefix(_) => {}
                other => path.push(other),
            }
        }
        if path.as_os_str().is_empty() {
            return Ok(None);
        }
        Ok(Some(self.options.directory.join(path)))
    }

    fn member(&mut self, member: Member, content: &mut Reader<&mut dyn Read>) -> io::Result<()> {
        if member.kind == Kind::Sparse {
            return Err(io::Error::other(
                "Sparse files cannot be extracted; make the archive without --sparse",
            ));
        }
        if self.options.to_stdout {
            if member.kind == Kind::Regular {
                let mut out = console::output();
                codec::copy(content, &mut out)?;
                out.flush()?;
            }
            return Ok(());
        }
        let Some(path) = self.place(&member.name)? else {
            return Ok(());
        };
        if self.options.verbose > 0 {
            super::show(&member, self.options.verbose > 1, self.options);
        }
        if member.kind == Kind::Special {
            return Err(io::Error::other("Devices and pipes cannot be made here"));
        }
        if self.links.len() + self.directories.len() >= MOST_DELAYED {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "too many links and directories in one archive",
            ));
        }
        if member.kind == Kind::Directory {
            std::fs::create_dir_all(&path)?;
            self.directories.push((path, member));
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if self.options.keep && path.symlink_metadata().is_ok() {
            return Err(io::Error::other("Cannot open: File exists"));
        }
        match member.kind {
            Kind::HardLink => self.hard_link(&member.link, &path),
            Kind::Symlink => self.symlink(&member, &path),
            _ => self.file(&member, &path, content),
        }
    }

    fn file(&mut self, member: &Member, path: &Path, content: &mut Reader<&mut dyn Read>) -> io::Result<()> {
        clear(path)?;
        self.links.retain(|(link, _)| link != path);
        let file = File::options().write(true).create(true).truncate(true).open(path)?;
        let mut out = BufWriter::new(&file);
        codec::copy(content, &mut out)?;
        out.flush()?;
        drop(out);
        self.finish(&file, path, member)
    }

    /// Mode and time of what was extracted.
    fn finish(&self, file: &File, path: &Path, member: &Member) -> io::Result<()> {
        let mode = if self.options.exact_modes {
            member.mode
        } else {
            member.mode & !UMASK
        };
        files::chmod(path, mode & 0o777)?;
        if !self.options.touch {
            // A time that cannot be kept harms nobody.
            let _ = file.set_modified(time(member.modified));
        }
        Ok(())
    }

    fn hard_link(&mut self, target: &str, path: &Path) -> io::Result<()> {
        let target = self
            .place(target)?
            .ok_or_else(|| io::Error::other("a link leads nowhere"))?;
        // To a symbolic link that is made at the end: then this is one, too.
        if let Some((_, text)) = self.links.iter().find(|(link, _)| *link == target).cloned() {
            self.links.push((path.to_owned(), text));
            return Ok(());
        }
        if target == path {
            return Ok(());
        }
        clear(path)?;
        std::fs::hard_link(&target, path).map_err(|error| {
            io::Error::other(format!(
                "Cannot hard link to '{}': {}",
                target.display(),
                console::reason(&error)
            ))
        })
    }

    fn symlink(&mut self, member: &Member, path: &Path) -> io::Result<()> {
        let leads_out = Path::new(&member.link)
            .components()
            .any(|one| matches!(one, Component::RootDir | Component::ParentDir));
        if leads_out {
            clear(path)?;
            self.links.push((path.to_owned(), member.link.clone()));
            return Ok(());
        }
        clear(path)?;
        make_link(&member.link, path)
    }

    /// What comes last: links that lead out, and the modes and times of directories.
    fn settle(&mut self) {
        for (path, target) in std::mem::take(&mut self.links) {
            if let Err(error) = make_link(&target, &path) {
                self.fail(
                    &path.display().to_string(),
                    &format!("Cannot create symlink to '{target}': {}", console::reason(&error)),
                );
            }
        }
        for (path, member) in std::mem::take(&mut self.directories).into_iter().rev() {
            let mode = if self.options.exact_modes {
                member.mode
            } else {
                member.mode & !UMASK
            };
            let settled = files::chmod(&path, mode & 0o777);
            if let Err(error) = settled {
                self.fail(&path.display().to_string(), &console::reason(&error));
            }
            if !self.options.touch {
                let _ = File::open(&path).and_then(|file| file.set_modified(time(member.modified)));
            }
        }
    }
}

fn time(seconds: i64) -> SystemTime {
    SystemTime::UNIX_EPOCH + Duration::from_secs(u64::try_from(seconds).unwrap_or(0).min(1 << 40))
}

/// Removes what stands in the way, but for directories: a link there must not be written through.
fn clear(path: &Path) -> io::Result<()> {
    match path.symlink_metadata() {
        Ok(found) if found.is_dir() => Err(io::Error::other("Cannot open: Is a directory")),
        Ok(_) => std::fs::remove_file(path),
        Err(_) => Ok(()),
    }
}

fn make_link(target: &str, path: &Path) -> io::Result<()> {
    crate::links::symlink(Path::new(target), path)
}
