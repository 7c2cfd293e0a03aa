//! du and tree.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use sandbar_guest_rt::files::{self, Kind};
use std::collections::HashSet;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::Path;

/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
const EXCLUDE: char = '\u{e000}';
const APPARENT: char = '\u{e001}';
const TABLE: &[Opt] = &[
    opt('s', "summarize", Takes::Nothing),
    opt('h', "human-readable", Takes::Nothing),
    opt('a', "all", Takes::Nothing),
    opt('c', "total", Takes::Nothing),
    opt('b', "bytes", Takes::Nothing),
    opt('k', "", Takes::Nothing),
    opt('m', "", Takes::Nothing),
    opt('d', "max-depth", Takes::Value),
    opt('S', "separate-dirs", Takes::Nothing),
    opt('x', "one-file-system", Takes::Nothing),
    opt('L', "dereference", Takes::Nothing),
    opt('l', "count-links", Takes::Nothing),
    opt(EXCLUDE, "exclude", Takes::Value),
    opt(APPARENT, "apparent-size", Takes::Nothing),
];

struct Job {
    human: bool,
    all: bool,
    unit: u64,
    apparent: bool,
    depth: usize,
    exclude: Vec<Glob>,
    seen: HashSet<u64>,
    out: console::Output,
    code: i32,
}

/// Adds up what files take: 0, or 1 if one cannot be read.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("du", message);
            return 1;
        }
    };
    let mut job = Job {
        human: false,
        all: false,
        unit: 1024,
        apparent: false,
        depth: usize::MAX,
        exclude: Vec::new(),
        seen: HashSet::new(),
        out: console::output(),
        code: 0,
    };
    let mut total = false;
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            's' => job.depth = 0,
            'h' => job.human = true,
            'a' => job.all = true,
            'c' => total = true,
            'b' => (job.unit, job.apparent) = (1, true),
            'k' => job.unit = 1024,
            'm' => job.unit = 1 << 20,
            APPARENT => job.apparent = true,
            'd' => match text.parse() {
                Ok(depth) => job.depth = depth,
                Err(_) => {
                    console::complain("du", format_args!("invalid maximum depth '{text}'"));
                    return 1;
                }
            },
            EXCLUDE => job.exclude.extend(Glob::new(&text, false)),
            _ => {}
        }
    }
    let mut operands = parsed.operands;
    if operands.is_empty() {
        operands.push(".".into());
    }
    let mut sum = 0;
    for operand in &operands {
        sum += job.walk(Path::new(operand), 0);
    }
    if total {
        job.line(sum, Path::new("total"));
    }
    if job.out.flush().is_err() { 1 } else { job.code }
}

impl Job {
    fn line(&mut self, size: u64, path: &Path) {
        let size = if self.human {
            crate::ls::human(size)
        } else {
            size.div_ceil(self.unit).to_string()
        };
        let _ = writeln!(self.out, "{size}\t{}", path.display());
    }

    fn walk(&mut self, path: &Path, depth: usize) -> u64 {
        let status = match files::status(path, false) {
            Ok(status) => status,
            Err(error) => {
                let _ = self.out.flush();
                console::complain(
                    "du",
                    format_args!("cannot access '{}': {}", path.display(), console::reason(&error)),
                );
                self.code = 1;
                return 0;
            }
        };
        let name = path.file_name().unwrap_or(path.as_os_str());
        if self.exclude.iter().any(|glob| glob.matches(name.as_encoded_bytes())) {
            return 0;
        }
        if status.kind != Kind::Directory && status.links > 1 && !self.seen.insert(status.inode) {
            return 0;
        }
        let mut size = match (status.kind, self.apparent) {
            (Kind::Directory, true) => 4096,
            (_, true) => status.size,
            (Kind::Directory, false) => 4096,
            (Kind::Symlink, false) => 0,
            (_, false) => status.size.div_ceil(4096) * 4096,
        };
        if status.kind == Kind::Directory && depth < MOST_DEPTH {
            match std::fs::read_dir(path) {
                Ok(entries) => {
                    for entry in entries.flatten() {
                        size += self.walk(&entry.path(), depth + 1);
                    }
                }
                Err(error) => {
                    let _ = self.out.flush();
                    console::complain(
                        "du",
                        format_args!(
                            "cannot read directory '{}': {}",
                            path.display(),
                            console::reason(&error)
                        ),
                    );
                    self.code = 1;
                }
            }
        }
        if depth <= self.depth && (status.kind == Kind::Directory || self.all || depth == 0) {
            self.line(size, path);
        }
        size
    }
}

const TREE: &[Opt] = &[
    opt('a', "", Takes::Nothing),
    opt('d', "", Takes::Nothing),
    opt('f', "", Takes::Nothing),
    opt('L', "", Takes::Value),
    opt('I', "", Takes::Value),
    opt('n', "noreport", Takes::Nothing),
    opt('C', "", Takes::Nothing),
    opt('F', "", Takes::Nothing),
    opt(EXCLUDE, "dirsfirst", Takes::Nothing),
];

/// Draws directories as trees: 0, or 2 if one cannot be read.
pub fn tree(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TREE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("tree", message);
            return 1;
        }
    };
    let mut drawing = Drawing {
        out: console::output(),
        depth: MOST_DEPTH,
        ..Drawing::new()
    };
    let mut report = true;
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'a' => drawing.all = true,
            'd' => drawing.directories_only = true,
            'f' => drawing.full = true,
            'L' => drawing.depth = text.parse().unwrap_or(MOST_DEPTH).min(MOST_DEPTH),
            'I' => drawing
                .exclude
                .extend(text.split('|').filter_map(|one| Glob::new(one, false).ok())),
            'n' => report = false,
            EXCLUDE => drawing.directories_first = true,
            _ => {}
        }
    }
    let mut operands = parsed.operands;
    if operands.is_empty() {
        operands.push(".".into());
    }
    let mut code = 0;
    for operand in &operands {
        let path = Path::new(operand);
        if path.is_dir() {
            let _ = writeln!(drawing.out, "{}", path.display());
            drawing.directories += 1;
            let _ = drawing.draw(path, "", 1);
        } else {
            let _ = writeln!(drawing.out, "{}  [error opening dir]", path.display());
            code = 2;
        }
    }
    if report {
        let plural =
            |number: usize, one: &str, more: &str| format!("{number} {}", if number == 1 { one } else { more });
        let directories = plural(drawing.directories, "directory", "directories");
        let _ = if drawing.directories_only {
            writeln!(drawing.out, "\n{directories}")
        } else {
            writeln!(
                drawing.out,
                "\n{directories}, {}",
                plural(drawing.files, "file", "files")
            )
        };
    }
    if drawing.out.flush().is_err() { 1 } else { code }
}

struct Drawing {
    out: console::Output,
    all: bool,
    directories_only: bool,
    directories_first: bool,
    full: bool,
    depth: usize,
    exclude: Vec<Glob>,
    directories: usize,
    files: usize,
}

impl Drawing {
    fn new() -> Self {
        Self {
            out: console::output(),
            all: false,
            directories_only: false,
            directories_first: false,
            full: false,
            depth: MOST_DEPTH,
            exclude: Vec::new(),
            directories: 0,
            files: 0,
        }
    }

    fn draw(&mut self, path: &Path, prefix: &str, depth: usize) -> io::Result<()> {
        let mut entries: Vec<_> = std::fs::read_dir(path)?
            .flatten()
            .map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()))
            .filter(|(name, _)| self.all || !name.starts_with('.'))
            .filter(|(name, _)| !self.exclude.iter().any(|glob| glob.matches(name.as_bytes())))
            .map(|(name, path)| {
                let kind = files::status(&path, false).map(|status| status.kind).ok();
                (name, path, kind)
            })
            .filter(|(_, _, kind)| !self.directories_only || *kind == Some(Kind::Directory))
            .collect();
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        if self.directories_first {
            entries.sort_by_key(|(_, _, kind)| *kind != Some(Kind::Directory));
        }
        let count = entries.len();
        for (at, (name, path, kind)) in entries.into_iter().enumerate() {
            let (branch, below) = if at + 1 == count {
                ("└── ", "    ")
            } else {
                ("├── ", "│\u{a0}\u{a0} ")
            };
            let shown = if self.full { path.display().to_string() } else { name };
            let target = if kind == Some(Kind::Symlink) {
                std::fs::read_link(&path)
                    .map(|target| format!(" -> {}", target.display()))
                    .unwrap_or_default()
            } else {
                String::new()
            };
            writeln!(self.out, "{prefix}{branch}{shown}{target}")?;
            if kind == Some(Kind::Directory) {
                self.directories += 1;
                if depth < self.depth {
                    let _ = self.draw(&path, &format!("{prefix}{below}"), depth + 1);
                }
            } else {
                self.files += 1;
            }
        }
        Ok(())
    }
}
