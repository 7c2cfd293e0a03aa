//! unzip: nothing is written outside the directory, and links that lead elsewhere are made last.

use super::format::{self, Entry};
use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use sandbar_guest_rt::files;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Write};
use std::path::{Component, Path, PathBuf};

const TABLE: &[Opt] = &[
    opt('l', "", Takes::Nothing),
    opt('v', "", Takes::Nothing),
    opt('t', "", Takes::Nothing),
    opt('p', "", Takes::Nothing),
    opt('o', "", Takes::Nothing),
    opt('n', "", Takes::Nothing),
    opt('q', "", Takes::Nothing),
    opt('j', "", Takes::Nothing),
    opt('u', "", Takes::Nothing),
    opt('Z', "", Takes::Nothing),
    opt('1', "", Takes::Nothing),
    opt('d', "", Takes::Value),
    opt('x', "", Takes::Nothing),
];
/// A link's target is not longer.
const MOST_LINK: u64 = 4096;
const LINK: u32 = 0o120_000;
const KIND: u32 = 0o170_000;
/// Something was left out or is damaged; no archive.
const WARNING: i32 = 1;
const DAMAGED: i32 = 2;
const NO_ARCHIVE: i32 = 9;
const NO_MATCH: i32 = 11;

#[derive(Default)]
struct Job {
    list: bool,
    names_only: bool,
    test: bool,
    to_stdout: bool,
    overwrite: bool,
    never: bool,
    quiet: bool,
    junk: bool,
    directory: PathBuf,
    wanted: Vec<Glob>,
    excluded: Vec<Glob>,
    links: Vec<(PathBuf, String)>,
    worst: i32,
}

/// Runs unzip: 0, 1 with warnings, 2 if something is damaged, 9 if there is no archive, 11 if nothing matched.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let (archive, job) = match prepare(arguments) {
        Ok(prepared) => prepared,
        Err(message) => {
            console::complain("unzip", message);
            return 10;
        }
    };
    let with_suffix = PathBuf::from(format!("{}.zip", archive.display()));
    let opened = File::open(&archive).or_else(|error| File::open(&with_suffix).map_err(|_| error));
    let mut file = match opened {
        Ok(file) => BufReader::new(file),
        Err(_) => {
            console::complain(
                "unzip",
                format_args!("cannot find or open {0}, {0}.zip or {0}.ZIP.", archive.display()),
            );
            return NO_ARCHIVE;
        }
    };
    let entries = match format::directory(&mut file) {
        Ok(entries) => entries,
        Err(error) => {
            console::complain(
                "unzip",
                format_args!("{}: {}", archive.display(), console::reason(&error)),
            );
            return NO_ARCHIVE;
        }
    };
    job.run(&archive, &mut file, &entries)
}

fn prepare(arguments: Vec<OsString>) -> Result<(PathBuf, Job), String> {
    let parsed = getopt::parse(TABLE, arguments.into_iter().skip(1), false)?;
    let mut job = Job {
        directory: ".".into(),
        ..Job::default()
    };
    let mut apply = |option: char, value: Option<OsString>| match option {
        'l' | 'v' => job.list = true,
        'Z' | '1' => job.names_only = true,
        't' => job.test = true,
        'p' => job.to_stdout = true,
        'o' | 'u' => job.overwrite = true,
        'n' => job.never = true,
        'q' => job.quiet = true,
        'j' => job.junk = true,
        'd' => job.directory = value.map(PathBuf::from).unwrap_or_default(),
        _ => {}
    };
    for (option, value) in parsed.options {
        apply(option, value);
    }
    let mut operands = parsed.operands.into_iter();
    let archive = operands.next().ok_or(
        "usage: unzip [-l | -p | -t] [-o | -n] [-q] [-j] archive[.zip] [file ...] [-x file ...] [-d directory]",
    )?;
    let mut excluding = false;
    while let Some(word) = operands.next() {
        match word.to_str() {
            Some("-d") => job.directory = operands.next().ok_or("-d needs a directory")?.into(),
            Some("-x") => excluding = true,
            Some(text) if text.starts_with("-d") => job.directory = text[2..].into(),
            _ => {
                let text = word.to_string_lossy();
                let glob = Glob::new(&text, false).map_err(|error| format!("{text}: {error}"))?;
                if excluding {
                    job.excluded.push(glob)
                } else {
                    job.wanted.push(glob)
                }
            }
        }
    }
    Ok((archive.into(), job))
}

impl Job {
    fn run(mut self, archive: &Path, file: &mut BufReader<File>, entries: &[Entry]) -> i32 {
        let chosen: Vec<&Entry> = entries.iter().filter(|entry| self.is_wanted(&entry.name)).collect();
        if chosen.is_empty() && !self.wanted.is_empty() {
            console::complain("caution", "filename not matched");
            return NO_MATCH;
        }
        let mut out = console::output();
        let done = if self.names_only {
            chosen.iter().try_for_each(|entry| writeln!(out, "{}", entry.name))
        } else if self.list {
            list(archive, &chosen, &mut out)
        } else {
            if !self.quiet && !self.to_stdout {
                let _ = writeln!(out, "Archive:  {}", archive.display());
            }
            for entry in chosen {
                if let Err(error) = self.entry(file, entry, &mut out) {
                    let _ = out.flush();
                    self.worst = self.worst.max(if error.kind() == io::ErrorKind::InvalidData {
                        DAMAGED
                    } else {
                        WARNING
                    });
                    console::complain("error", format_args!("{}: {}", entry.name, console::reason(&error)));
                }
            }
            for (path, target) in std::mem::take(&mut self.links) {
                if let Err(error) = crate::links::symlink(Path::new(&target), &path) {
                    self.worst = WARNING;
                    console::complain("error", format_args!("{}: {}", path.display(), console::reason(&error)));
                }
            }
            if self.test && self.worst == 0 {
                let _ = writeln!(out, "No errors detected in compressed data of {}.", archive.display());
            }
            Ok(())
        };
        if done.and_then(|()| out.flush()).is_err() {
            return DAMAGED;
        }
        self.worst
    }

    fn is_wanted(&self, name: &str) -> bool {
        let matches = |globs: &[Glob]| globs.iter().any(|glob| glob.matches(name.as_bytes()));
        (self.wanted.is_empty() || matches(&self.wanted)) && !matches(&self.excluded)
    }

    /// Where an entry goes; none if nothing is left of its name.
    fn place(&self, name: &str) -> io::Result<Option<PathBuf>> {
        let name = name.replace('\\', "/");
        let mut path = PathBuf::new();
        for component in Path::new(&name).components() {
            match component {
                Component::ParentDir => return Err(io::Error::other("its name contains '..': skipped")),
                Component::Normal(part) => path.push(part),
                _ => {}
            }
        }
        if self.junk {
            path = path.file_name().map(PathBuf::from).unwrap_or_default();
        }
        Ok((!path.as_os_str().is_empty()).then(|| self.directory.join(path)))
    }

    fn entry(&mut self, file: &mut BufReader<File>, entry: &Entry, out: &mut console::Output) -> io::Result<()> {
        let is_directory = entry.name.ends_with('/');
        if self.test {
            if !self.quiet {
                write!(out, "    testing: {:<23} ", entry.name)?;
            }
            format::unpack(file, entry, &mut io::sink())?;
            if !self.quiet {
                writeln!(out, " OK")?;
            }
            return Ok(());
        }
        if self.to_stdout {
            return if is_directory {
                Ok(())
            } else {
                format::unpack(file, entry, out)
            };
        }
        if is_directory && self.junk {
            return Ok(());
        }
        let Some(path) = self.place(&entry.name)? else {
            return Ok(());
        };
        if is_directory {
            let new = !path.is_dir();
            std::fs::create_dir_all(&path)?;
            if new && !self.quiet {
                writeln!(out, "   creating: {}/", path.display())?;
            }
            return Ok(());
        }
        if let Some(parent) = path.parent() {
            std::fs::create_dir_all(parent)?;
        }
        if path.symlink_metadata().is_ok() {
            if self.never {
                return Ok(());
            }
            if !self.overwrite {
                return Err(io::Error::other("it exists already; use -o to overwrite or -n to keep"));
            }
            std::fs::remove_file(&path)?;
        }
        if entry.mode & KIND == LINK {
            let mut target = Vec::new();
            if entry.size > MOST_LINK {
                return Err(io::Error::other("the target of a link is too long"));
            }
            format::unpack(file, entry, &mut target)?;
            self.links.push((path, String::from_utf8_lossy(&target).into_owned()));
            return Ok(());
        }
        self.links.retain(|(link, _)| *link != path);
        if !self.quiet {
            let what = if entry.method == format::STORED {
                "extracting"
            } else {
                " inflating"
            };
            writeln!(out, " {what}: {}  ", path.display())?;
        }
        let created = File::create(&path)?;
        let mut writer = BufWriter::new(&created);
        let written = format::unpack(file, entry, &mut writer).and_then(|()| writer.flush());
        drop(writer);
        if let Err(error) = written {
            let _ = std::fs::remove_file(&path);
            return Err(error);
        }
        if entry.mode & 0o777 != 0 {
            files::chmod(&path, entry.mode & 0o777 & !0o022)?;
        }
        let _ = created.set_modified(format::moment(entry.stamp));
        Ok(())
    }
}

fn list(archive: &Path, entries: &[&Entry], out: &mut console::Output) -> io::Result<()> {
    writeln!(out, "Archive:  {}", archive.display())?;
    writeln!(
        out,
        "  Length      Date    Time    Name\n---------  ---------- -----   ----"
    )?;
    for entry in entries {
        let (seconds, _) = crate::calendar::unix(format::moment(entry.stamp));
        let time = crate::calendar::strftime("%Y-%m-%d %H:%M", seconds);
        let name: String = entry
            .name
            .chars()
            .map(|c| if c.is_control() { '?' } else { c })
            .collect();
        writeln!(out, "{:>9}  {time}   {name}", entry.size)?;
    }
    let total: u64 = entries.iter().map(|entry| entry.size).sum();
    let plural = if entries.len() == 1 { "" } else { "s" };
    writeln!(
        out,
        "---------                     -------\n{total:>9}                     {} file{plural}",
        entries.len()
    )
}
