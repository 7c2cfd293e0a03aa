//! grep, egrep, fgrep and rgrep.

mod matcher;
mod options;
mod search;

use crate::console::{self, Output};
use matcher::Matcher;
use options::{Options, Report, Request};
use sandbar_guest_rt::files::{self, Kind};
use search::Search;
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

const SELECTED: i32 = 0;
const NOTHING_SELECTED: i32 = 1;
const TROUBLE: i32 = 2;
/// Directories nested deeper are not entered: a tree of links could have no end.
const MOST_DEPTH: usize = 200;

/// Runs grep and gives its exit code: 0 if a line was selected, 1 if none was, 2 on an error.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let mut arguments = arguments.into_iter();
    let called = arguments.next().unwrap_or_default();
    let name = Path::new(&called)
        .file_name()
        .map(|n| n.to_string_lossy().into_owned())
        .unwrap_or_default();
    let options = match options::parse(&name, arguments) {
        Ok(Request::Search(options)) => options,
        Ok(Request::Print(text)) => {
            let mut out = console::output();
            return i32::from(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err());
        }
        Err(message) => {
            if !message.is_empty() {
                console::complain("grep", message);
            }
            let _ = writeln!(
                io::stderr(),
                "{}\nTry 'grep --help' for more information.",
                options::USAGE
            );
            return TROUBLE;
        }
    };
    let matcher = match Matcher::new(&options) {
        Ok(matcher) => matcher,
        Err(message) => {
            console::complain("grep", message);
            return TROUBLE;
        }
    };
    Run {
        options: &options,
        matcher: &matcher,
        out: console::output(),
        selected: false,
        trouble: false,
    }
    .all()
}

struct Run<'a> {
    options: &'a Options,
    matcher: &'a Matcher,
    out: Output,
    selected: bool,
    trouble: bool,
}

/// Why the search of everything ends early.
enum Stop {
    /// `-q` and a line was selected.
    Found,
    /// Standard output is gone.
    NoOutput(io::Error),
}

impl Run<'_> {
    fn all(mut self) -> i32 {
        let outcome = self.operands();
        let flushed = self.out.flush();
        match (outcome, flushed) {
            (Err(Stop::Found), _) => SELECTED,
            (Err(Stop::NoOutput(error)), _) | (_, Err(error)) => {
                console::complain("grep", format_args!("write error: {}", console::reason(&error)));
                TROUBLE
            }
            _ if self.trouble && !(self.selected && self.options.report == Report::Nothing) => TROUBLE,
            _ if self.selected => SELECTED,
            _ => NOTHING_SELECTED,
        }
    }

    fn operands(&mut self) -> Result<(), Stop> {
        let options = self.options;
        if options.files.is_empty() {
            if options.recursive {
                return self.directory(Path::new(""), Path::new("."), 0);
            }
            return self.stream(&mut console::input(), &options.label, options.with_names == Some(true));
        }
        let many = options.files.len() > 1;
        for file in &options.files {
            if file == "-" {
                let named = options.with_names.unwrap_or(many || options.recursive);
                self.stream(&mut console::input(), &options.label, named)?;
                continue;
            }
            let path = Path::new(file);
            match files::status(path, true) {
                Ok(found) if found.kind == Kind::Directory => {
                    if options.recursive {
                        self.directory(path, path, 0)?;
                    } else if !options.skip_directories {
                        self.complain(path, "Is a directory");
                    }
                }
                Ok(_) if self.excluded(path) => {}
                Ok(_) => self.file(path, path, options.with_names.unwrap_or(many || options.recursive))?,
                Err(error) => self.complain(path, &console::reason(&error)),
            }
        }
        Ok(())
    }

    /// `shown` is how the directory is printed, `path` where it is.
    fn directory(&mut self, shown: &Path, path: &Path, depth: usize) -> Result<(), Stop> {
        if depth > MOST_DEPTH {
            self.complain(shown, "Too many levels of directories");
            return Ok(());
        }
        let entries = match std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries,
            Err(error) => {
                self.complain(shown, &console::reason(&error));
                return Ok(());
            }
        };
        let mut names: Vec<OsString> = entries.into_iter().map(|entry| entry.file_name()).collect();
        names.sort_unstable();
        for name in names {
            let inside: PathBuf = path.join(&name);
            let inside_shown = shown.join(&name);
            let Ok(found) = files::status(&inside, self.options.follow_links) else {
                continue;
            };
            let bytes = name.as_encoded_bytes();
            match found.kind {
                Kind::Directory if self.options.exclude_directories.iter().any(|glob| glob.matches(bytes)) => {}
                Kind::Directory => self.directory(&inside_shown, &inside, depth + 1)?,
                Kind::Regular if !self.excluded(Path::new(&name)) => {
                    self.file(&inside_shown, &inside, self.options.with_names != Some(false))?;
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn excluded(&self, path: &Path) -> bool {
        let name = path.file_name().unwrap_or_default().as_encoded_bytes();
        let fits = |globs: &[crate::glob::Glob]| globs.iter().any(|glob| glob.matches(name));
        fits(&self.options.exclude) || !self.options.include.is_empty() && !fits(&self.options.include)
    }

    fn file(&mut self, shown: &Path, path: &Path, named: bool) -> Result<(), Stop> {
        match File::open(path) {
            Ok(mut file) => self.stream(&mut file, &shown.to_string_lossy(), named),
            Err(error) => {
                self.complain(shown, &console::reason(&error));
                Ok(())
            }
        }
    }

    fn stream(&mut self, input: &mut impl Read, shown: &str, named: bool) -> Result<(), Stop> {
        let mut guarded = Guarded { input, failed: None };
        let prefix = named.then_some(shown.as_bytes());
        let outcome = Search::new(self.options, self.matcher, &mut self.out, prefix, shown).run(&mut guarded);
        let selected = match (outcome, guarded.failed) {
            (_, Some(reason)) => {
                self.complain(Path::new(shown), &reason);
                return Ok(());
            }
            (Ok(selected), None) => selected,
            (Err(error), None) if error.kind() == io::ErrorKind::InvalidData => {
                self.complain(Path::new(shown), &console::reason(&error));
                return Ok(());
            }
            (Err(error), None) => return Err(Stop::NoOutput(error)),
        };
        self.summary(shown, named, selected).map_err(Stop::NoOutput)?;
        let listed = if self.options.report == Report::FilesWithout {
            selected == 0
        } else {
            selected > 0
        };
        self.selected |= listed;
        if self.options.report == Report::Nothing && selected > 0 {
            return Err(Stop::Found);
        }
        Ok(())
    }

    /// What is printed once for each file.
    fn summary(&mut self, shown: &str, named: bool, selected: u64) -> io::Result<()> {
        let end = if self.options.null_after_name { '\0' } else { '\n' };
        match self.options.report {
            Report::Count if named => {
                let separator = if self.options.null_after_name { '\0' } else { ':' };
                writeln!(self.out, "{shown}{separator}{selected}")
            }
            Report::Count => writeln!(self.out, "{selected}"),
            Report::FilesWith if selected > 0 => write!(self.out, "{shown}{end}"),
            Report::FilesWithout if selected == 0 => write!(self.out, "{shown}{end}"),
            _ => Ok(()),
        }
    }

    fn complain(&mut self, path: &Path, message: &str) {
        self.trouble = true;
        if !self.options.quiet_errors {
            let _ = self.out.flush();
            console::complain("grep", format_args!("{}: {message}", path.display()));
        }
    }
}

/// Remembers that reading failed, to tell it from a failure to write.
struct Guarded<'a, R: Read> {
    input: &'a mut R,
    failed: Option<String>,
}

impl<R: Read> Read for Guarded<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.input.read(buffer).inspect_err(|error| {
            if error.kind() != io::ErrorKind::Interrupted {
                self.failed = Some(console::reason(error));
            }
        })
    }
}

#[cfg(test)]
mod tests;
