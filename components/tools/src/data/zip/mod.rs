//! zip and unzip, as Info-ZIP has them.

mod format;
mod unzip;

pub use unzip::main as unzip;

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use format::{DEFLATED, Entry, STORED};
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
/// A larger file is refused: it and its packed form are held in memory.
const MOST_FILE: u64 = 1 << 30;
/// zip itself failed; nothing to do.
const TROUBLE: i32 = 15;
const NOTHING: i32 = 12;

const TABLE: &[Opt] = &[
    opt('r', "recurse-paths", Takes::Nothing),
    opt('q', "quiet", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
    opt('j', "junk-paths", Takes::Nothing),
    opt('d', "delete", Takes::Nothing),
    opt('m', "move", Takes::Nothing),
    opt('u', "update", Takes::Nothing),
    opt('y', "symlinks", Takes::Nothing),
    opt('D', "no-dir-entries", Takes::Nothing),
    opt('X', "strip-extra", Takes::Nothing),
    opt('x', "exclude", Takes::Value),
    opt('i', "include", Takes::Value),
    opt('0', "", Takes::Nothing),
    opt('1', "", Takes::Nothing),
    opt('2', "", Takes::Nothing),
    opt('3', "", Takes::Nothing),
    opt('4', "", Takes::Nothing),
    opt('5', "", Takes::Nothing),
    opt('6', "", Takes::Nothing),
    opt('7', "", Takes::Nothing),
    opt('8', "", Takes::Nothing),
    opt('9', "", Takes::Nothing),
];

#[derive(Default)]
struct Job {
    recursive: bool,
    quiet: bool,
    junk: bool,
    delete: bool,
    remove: bool,
    update: bool,
    links: bool,
    no_directories: bool,
    level: u32,
    exclude: Vec<Glob>,
    include: Vec<Glob>,
    entries: Vec<(Entry, Content)>,
    added: Vec<PathBuf>,
    trouble: bool,
}

enum Content {
    /// Packed already.
    New(Vec<u8>),
    /// In the old archive, by its entry there.
    Old(Entry),
}

/// Runs zip: 0, 12 if there is nothing to do, 15 or 18 if files could not be written or read.
pub fn main(arguments: Vec<OsString>) -> i32 {
    // `-x` and `-i` take all words up to the next option.
    let mut words: Vec<OsString> = Vec::new();
    let mut pending: Option<OsString> = None;
    for word in arguments.into_iter().skip(1) {
        let is_option = word.as_encoded_bytes().starts_with(b"-") && word.len() > 1;
        match (&pending, is_option) {
            (Some(option), false) => {
                words.push(option.clone());
                words.push(word);
            }
            _ if word == "-x" || word == "-i" => pending = Some(word),
            _ => {
                pending = None;
                words.push(word);
            }
        }
    }
    let outcome = prepare(words)
        .map_err(io::Error::other)
        .and_then(|(job, archive, names)| job.run(&archive, &names));
    match outcome {
        Ok(code) => code,
        Err(error) => {
            console::complain("zip error", console::reason(&error));
            TROUBLE
        }
    }
}

type Prepared = (Job, PathBuf, Vec<String>);

fn prepare(words: Vec<OsString>) -> Result<Prepared, String> {
    let parsed = getopt::parse(TABLE, words, true)?;
    let mut job = Job {
        level: 6,
        ..Job::default()
    };
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'r' => job.recursive = true,
            'q' => job.quiet = true,
            'j' => job.junk = true,
            'd' => job.delete = true,
            'm' => job.remove = true,
            'u' => job.update = true,
            'y' => job.links = true,
            'D' => job.no_directories = true,
            'x' | 'i' => {
                let glob = Glob::new(&text, false).map_err(|error| format!("{text}: {error}"))?;
                if option == 'x' {
                    job.exclude.push(glob)
                } else {
                    job.include.push(glob)
                }
            }
            '0'..='9' => job.level = option.to_digit(10).unwrap_or(6),
            _ => {}
        }
    }
    let mut names: Vec<String> = parsed
        .operands
        .iter()
        .map(|name| name.to_string_lossy().into_owned())
        .collect();
    if names.is_empty() {
        return Err("usage: zip [-r] [-q] [-j] archive.zip file ...".into());
    }
    let mut archive = PathBuf::from(names.remove(0));
    if archive != Path::new("-") && archive.extension().is_none() {
        archive.set_extension("zip");
    }
    Ok((job, archive, names))
}

impl Job {
    fn run(mut self, archive: &Path, names: &[String]) -> io::Result<i32> {
        let to_stdout = archive == Path::new("-");
        let mut old = None;
        if !to_stdout && archive.exists() {
            let mut file = BufReader::new(File::open(archive)?);
            for entry in format::directory(&mut file)? {
                self.entries.push((entry.clone(), Content::Old(entry)));
            }
            old = Some(file);
        }
        let before = self.entries.len();
        if self.delete {
            let mut globs = Vec::new();
            for name in names {
                globs.push(Glob::new(name, false).map_err(|error| io::Error::other(error.to_string()))?);
            }
            let quiet = self.quiet;
            self.entries.retain(|(entry, _)| {
                let gone = globs.iter().any(|glob| glob.matches(entry.name.as_bytes()));
                if gone && !quiet {
                    tell(&format!("deleting: {}", entry.name), to_stdout);
                }
                !gone
            });
            if self.entries.len() == before {
                console::complain("zip error", format_args!("Nothing to do! ({})", archive.display()));
                return Ok(NOTHING);
            }
        } else {
            for name in names {
                self.add(name, to_stdout, 0)?;
            }
            if self.added.is_empty() {
                console::complain("zip error", format_args!("Nothing to do! ({})", archive.display()));
                return Ok(NOTHING);
            }
        }
        if to_stdout {
            let mut out = console::output();
            self.write(old.as_mut(), &mut out)?;
            out.flush()?;
        } else {
            // Beside, and then in its place: the old one is read while the new one is written.
            let beside = archive.with_extension("zip-new");
            let written = File::create(&beside).and_then(|file| {
                let mut out = BufWriter::new(file);
                self.write(old.as_mut(), &mut out)?;
                out.flush()
            });
            if let Err(error) = written {
                let _ = std::fs::remove_file(&beside);
                return Err(error);
            }
            std::fs::rename(&beside, archive)?;
        }
        if self.remove {
            for path in self.added.iter().rev() {
                let is_directory = path.symlink_metadata().is_ok_and(|found| found.is_dir());
                let _ = if is_directory {
                    std::fs::remove_dir(path)
                } else {
                    std::fs::remove_file(path)
                };
            }
        }
        Ok(if self.trouble { 18 } else { 0 })
    }

    fn write<R: Read + Seek>(&mut self, mut old: Option<&mut R>, out: &mut dyn Write) -> io::Result<()> {
        let mut at = 0;
        let mut directory = Vec::with_capacity(self.entries.len());
        for (entry, content) in &self.entries {
            let mut entry = Entry {
                offset: at,
                ..entry.clone()
            };
            at += match content {
                Content::New(bytes) => format::write_entry(&entry, &mut &**bytes, out)?,
                Content::Old(before) => match old.as_deref_mut() {
                    Some(old) => {
                        // Sizes stand in the header from now on, not behind the content.
                        entry.flags &= !8;
                        format::write_entry(&entry, &mut format::packed(old, before)?, out)?
                    }
                    None => 0,
                },
            };
            directory.push(entry);
        }
        format::write_directory(&directory, at, out)
    }

    fn add(&mut self, name: &str, to_stdout: bool, depth: usize) -> io::Result<()> {
        let path = Path::new(name);
        let status = if name == "-" {
            None
        } else {
            Some(files::status(path, !self.links))
        };
        let status = match status {
            None => None,
            Some(Ok(status)) => Some(status),
            Some(Err(error)) => {
                self.trouble = true;
                console::complain(
                    "zip warning",
                    format_args!("name not matched: {name} ({})", console::reason(&error)),
                );
                return Ok(());
            }
        };
        let kind = status.map_or(Kind::Regular, |status| status.kind);
        let stored = self.stored_name(path, kind);
        let chosen = !self.exclude.iter().any(|glob| glob.matches(stored.as_bytes()))
            && (self.include.is_empty()
                || kind == Kind::Directory
                || self.include.iter().any(|glob| glob.matches(stored.as_bytes())));
        if kind == Kind::Directory {
            if chosen && !self.no_directories && !self.junk && !stored.is_empty() {
                self.put(
                    &stored,
                    Vec::new(),
                    status.map_or(0, |status| 0o40_000 | status.mode),
                    status.map(|s| s.modified),
                    to_stdout,
                );
                self.added.push(path.to_owned());
            }
            if self.recursive && depth < MOST_DEPTH {
                let mut names: Vec<String> = std::fs::read_dir(path)?
                    .flatten()
                    .map(|entry| entry.file_name().to_string_lossy().into_owned())
                    .collect();
                names.sort_unstable();
                for one in names {
                    self.add(&format!("{}/{one}", name.trim_end_matches('/')), to_stdout, depth + 1)?;
                }
            }
            return Ok(());
        }
        if !chosen {
            return Ok(());
        }
        let mut content = Vec::new();
        let read = match (kind, name) {
            (Kind::Symlink, _) => {
                std::fs::read_link(path).map(|target| content = target.to_string_lossy().into_owned().into_bytes())
            }
            (_, "-") => console::input().take(MOST_FILE + 1).read_to_end(&mut content).map(drop),
            _ => File::open(path).and_then(|file| file.take(MOST_FILE + 1).read_to_end(&mut content).map(drop)),
        };
        if let Err(error) = read {
            self.trouble = true;
            console::complain(
                "zip warning",
                format_args!("could not open for reading: {name} ({})", console::reason(&error)),
            );
            return Ok(());
        }
        if content.len() as u64 > MOST_FILE {
            return Err(io::Error::other(format!("{name} is larger than 1 GiB; use tar")));
        }
        let mode = status.map_or(0o100_644, |status| {
            status.mode | if kind == Kind::Symlink { 0o120_000 } else { 0o100_000 }
        });
        if self.update
            && let Some(status) = status
            && self
                .entries
                .iter()
                .any(|(entry, _)| entry.name == stored && format::moment(entry.stamp) >= status.modified)
        {
            return Ok(());
        }
        self.put(&stored, content, mode, status.map(|status| status.modified), to_stdout);
        if name != "-" {
            self.added.push(path.to_owned());
        } else {
            self.added.push(PathBuf::from("/dev/stdin"));
        }
        Ok(())
    }

    /// Names in an archive are relative, and directories end with a slash.
    fn stored_name(&self, path: &Path, kind: Kind) -> String {
        let mut name = if self.junk {
            path.file_name().unwrap_or_default().to_string_lossy().into_owned()
        } else {
            path.to_string_lossy().into_owned()
        };
        loop {
            let trimmed = name.trim_start_matches('/').trim_start_matches("./");
            if trimmed.len() == name.len() {
                break;
            }
            name = trimmed.to_owned();
        }
        if name == "." {
            name.clear();
        }
        if kind == Kind::Directory && !name.is_empty() && !name.ends_with('/') {
            name.push('/');
        }
        name
    }

    fn put(&mut self, name: &str, content: Vec<u8>, mode: u32, modified: Option<SystemTime>, to_stdout: bool) {
        let mut crc = flate2::Crc::new();
        crc.update(&content);
        let size = content.len() as u64;
        let (mut method, mut packed) = (STORED, Vec::new());
        if self.level > 0 && size > 0 {
            let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::new(self.level));
            // Into memory, which does not fail.
            packed = encoder
                .write_all(&content)
                .and_then(|()| encoder.finish())
                .unwrap_or_default();
            method = DEFLATED;
        }
        if method == STORED || packed.len() >= content.len() {
            (method, packed) = (STORED, content);
        }
        let entry = Entry {
            name: name.to_owned(),
            method,
            // The name is UTF-8.
            flags: if name.is_ascii() { 0 } else { 1 << 11 },
            crc: crc.sum(),
            packed: packed.len() as u64,
            size,
            stamp: format::stamp(modified.unwrap_or_else(SystemTime::now)),
            mode,
            offset: 0,
        };
        if !self.quiet {
            #[allow(clippy::cast_precision_loss)]
            let saved = if size == 0 {
                0.0
            } else {
                100.0 - entry.packed as f64 * 100.0 / size as f64
            };
            let how = if method == STORED { "stored" } else { "deflated" };
            let known = self.entries.iter().any(|(entry, _)| entry.name == name);
            let what = if known { "updating" } else { "  adding" };
            tell(&format!("{what}: {name} ({how} {saved:.0}%)"), to_stdout);
        }
        match self.entries.iter_mut().find(|(entry, _)| entry.name == name) {
            Some(place) => *place = (entry, Content::New(packed)),
            None => self.entries.push((entry, Content::New(packed))),
        }
    }
}

/// A line for people: on standard error if the archive is on standard output.
fn tell(line: &str, to_stdout: bool) {
    if to_stdout {
        let _ = writeln!(io::stderr(), "{line}");
    } else {
        let mut out = console::output();
        let _ = writeln!(out, "{line}").and_then(|()| out.flush());
    }
}
