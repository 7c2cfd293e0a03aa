//! ls: uutils' own shows no modes or owners on WASI.

mod list;

use crate::console::{self, Output};
use crate::getopt::{self, Opt, Takes, opt};
pub use list::human;
use list::{Item, Style};
use sandbar_guest_rt::files::{self, Kind};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Directories nested deeper are not entered.
const MOST_DEPTH: usize = 500;
/// A file that was named cannot be listed; a smaller trouble is 1.
const SERIOUS: i32 = 2;
const MINOR: i32 = 1;

const COLOR: char = '\u{e000}';
const DIRECTORIES_FIRST: char = '\u{e001}';
const FULL_TIME: char = '\u{e002}';
const TIME_STYLE: char = '\u{e003}';
const SORT: char = '\u{e004}';

const TABLE: &[Opt] = &[
    opt('a', "all", Takes::Nothing),
    opt('A', "almost-all", Takes::Nothing),
    opt('d', "directory", Takes::Nothing),
    opt('l', "", Takes::Nothing),
    opt('1', "", Takes::Nothing),
    opt('C', "", Takes::Nothing),
    opt('x', "", Takes::Nothing),
    opt('m', "", Takes::Nothing),
    opt('n', "numeric-uid-gid", Takes::Nothing),
    opt('o', "", Takes::Nothing),
    opt('g', "", Takes::Nothing),
    opt('G', "no-group", Takes::Nothing),
    opt('h', "human-readable", Takes::Nothing),
    opt('i', "inode", Takes::Nothing),
    opt('s', "size", Takes::Nothing),
    opt('k', "kibibytes", Takes::Nothing),
    opt('F', "classify", Takes::Optional),
    opt('p', "", Takes::Nothing),
    opt('r', "reverse", Takes::Nothing),
    opt('R', "recursive", Takes::Nothing),
    opt('S', "", Takes::Nothing),
    opt('t', "", Takes::Nothing),
    opt('c', "", Takes::Nothing),
    opt('u', "", Takes::Nothing),
    opt('U', "", Takes::Nothing),
    opt('f', "", Takes::Nothing),
    opt('v', "", Takes::Nothing),
    opt('X', "", Takes::Nothing),
    opt('L', "dereference", Takes::Nothing),
    opt('H', "dereference-command-line", Takes::Nothing),
    opt('N', "literal", Takes::Nothing),
    opt('q', "hide-control-chars", Takes::Nothing),
    opt('Q', "quote-name", Takes::Nothing),
    opt('w', "width", Takes::Value),
    opt(COLOR, "color", Takes::Optional),
    opt(DIRECTORIES_FIRST, "group-directories-first", Takes::Nothing),
    opt(FULL_TIME, "full-time", Takes::Nothing),
    opt(TIME_STYLE, "time-style", Takes::Value),
    opt(SORT, "sort", Takes::Value),
];

/// What the command line says.
#[derive(Default)]
#[allow(clippy::struct_excessive_bools)]
struct Options {
    all: bool,
    almost_all: bool,
    directories_themselves: bool,
    recursive: bool,
    reverse: bool,
    sort: Sort,
    follow: bool,
    directories_first: bool,
    style: Style,
}

#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Sort {
    #[default]
    Name,
    Size,
    Time,
    Extension,
    Not,
}

/// Lists files and directories. Exit code 0, 1 on a minor trouble, 2 if an operand cannot be listed.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(TABLE, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("ls", message);
            let _ = writeln!(io::stderr(), "Try 'ls --help' for more information.");
            return SERIOUS;
        }
    };
    let mut options = Options::default();
    options.style.columns = io::stdout().is_terminal();
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        apply(&mut options, option, &text);
    }
    let mut operands = parsed.operands;
    if operands.is_empty() {
        operands.push(".".into());
    }
    let mut job = Job {
        options: &options,
        out: console::output(),
        code: 0,
        started: false,
    };
    let outcome = job.operands(&operands);
    let flushed = job.out.flush();
    if outcome.is_err() || flushed.is_err() {
        SERIOUS
    } else {
        job.code
    }
}

fn apply(options: &mut Options, option: char, text: &str) {
    let style = &mut options.style;
    match option {
        'a' => options.all = true,
        'A' => options.almost_all = true,
        'd' => options.directories_themselves = true,
        'l' => style.long = true,
        'n' => (style.long, style.numeric) = (true, true),
        'o' => (style.long, style.no_group) = (true, true),
        'g' => (style.long, style.no_owner) = (true, true),
        'G' => style.no_group = true,
        '1' => (style.columns, style.commas) = (false, false),
        'C' | 'x' => (style.columns, style.long) = (true, false),
        'm' => style.commas = true,
        'h' => style.human = true,
        'i' => style.inodes = true,
        's' => style.blocks = true,
        'F' => style.classify = true,
        'p' => style.slashes = true,
        'Q' => style.quoted = true,
        'w' => style.width = text.parse().unwrap_or(list::WIDTH),
        FULL_TIME => (style.long, style.full_time) = (true, true),
        TIME_STYLE => style.full_time = text == "full-iso" || text.starts_with("long-iso"),
        COLOR => {
            style.color =
                matches!(text, "" | "always" | "yes" | "force") || text != "never" && io::stdout().is_terminal()
        }
        'r' => options.reverse = true,
        'R' => options.recursive = true,
        'L' => options.follow = true,
        'S' => options.sort = Sort::Size,
        't' => options.sort = Sort::Time,
        'X' => options.sort = Sort::Extension,
        'U' => options.sort = Sort::Not,
        'f' => (options.sort, options.all) = (Sort::Not, true),
        SORT => {
            options.sort = match text {
                "size" => Sort::Size,
                "time" => Sort::Time,
                "extension" => Sort::Extension,
                "none" => Sort::Not,
                _ => Sort::Name,
            }
        }
        DIRECTORIES_FIRST => options.directories_first = true,
        _ => {}
    }
}

struct Job<'a> {
    options: &'a Options,
    out: Output,
    code: i32,
    /// Whether anything was printed, so that a blank line comes before the next directory.
    started: bool,
}

impl Job<'_> {
    fn operands(&mut self, operands: &[OsString]) -> io::Result<()> {
        let (mut loose, mut directories) = (Vec::new(), Vec::new());
        for operand in operands {
            let path = Path::new(operand);
            // A link that was named is followed, unless its own status is asked for.
            let follow = self.options.follow || !(self.options.style.long || self.options.directories_themselves);
            match Item::new(operand.clone(), path, follow) {
                Ok(item) if item.status.kind == Kind::Directory && !self.options.directories_themselves => {
                    directories.push(item);
                }
                Ok(item) => loose.push(item),
                Err(error) => self.complain(path, &error, SERIOUS),
            }
        }
        self.sort(&mut loose);
        self.sort(&mut directories);
        if !loose.is_empty() {
            list::print(&loose, &self.options.style, &mut self.out)?;
            self.started = true;
        }
        let headed = operands.len() > 1 || self.options.recursive;
        for item in directories {
            self.directory(Path::new(&item.name), headed, 0)?;
        }
        Ok(())
    }

    fn directory(&mut self, path: &Path, headed: bool, depth: usize) -> io::Result<()> {
        let names = match std::fs::read_dir(path).and_then(Iterator::collect::<io::Result<Vec<_>>>) {
            Ok(entries) => entries.into_iter().map(|entry| entry.file_name()),
            Err(error) => {
                let _ = self.out.flush();
                console::complain(
                    "ls",
                    format_args!(
                        "cannot open directory '{}': {}",
                        path.display(),
                        console::reason(&error)
                    ),
                );
                self.code = self.code.max(if depth == 0 { SERIOUS } else { MINOR });
                return Ok(());
            }
        };
        let shown =
            |name: &OsString| self.options.all || self.options.almost_all || !name.as_encoded_bytes().starts_with(b".");
        let names: Vec<OsString> = names.filter(shown).collect();
        let mut items = Vec::with_capacity(names.len() + 2);
        if self.options.all {
            items.extend(Item::new(".".into(), path, true));
            // Above the root is the root.
            items
                .extend(Item::new("..".into(), &path.join(".."), true).or_else(|_| Item::new("..".into(), path, true)));
        }
        for name in names {
            let inside = path.join(&name);
            match Item::new(name, &inside, self.options.follow) {
                Ok(item) => items.push(item),
                Err(error) => self.complain(&inside, &error, MINOR),
            }
        }
        self.sort(&mut items);
        if self.started {
            writeln!(self.out)?;
        }
        self.started = true;
        if headed {
            writeln!(self.out, "{}:", path.display())?;
        }
        if self.options.style.long || self.options.style.blocks {
            let total: u64 = items.iter().map(Item::kibibytes).sum();
            writeln!(
                self.out,
                "total {}",
                if self.options.style.human {
                    list::human(total * 1024)
                } else {
                    total.to_string()
                }
            )?;
        }
        list::print(&items, &self.options.style, &mut self.out)?;
        if self.options.recursive && depth < MOST_DEPTH {
            for item in items {
                if item.is_real_directory() {
                    self.directory(&path.join(&item.name), true, depth + 1)?;
                }
            }
        }
        Ok(())
    }

    fn sort(&self, items: &mut [Item]) {
        match self.options.sort {
            Sort::Not => return,
            Sort::Name => items.sort_by(|a, b| a.name.cmp(&b.name)),
            Sort::Size => items.sort_by(|a, b| b.status.size.cmp(&a.status.size).then_with(|| a.name.cmp(&b.name))),
            Sort::Time => items.sort_by(|a, b| {
                b.status
                    .modified
                    .cmp(&a.status.modified)
                    .then_with(|| a.name.cmp(&b.name))
            }),
            Sort::Extension => {
                items.sort_by(|a, b| a.extension().cmp(&b.extension()).then_with(|| a.name.cmp(&b.name)))
            }
        }
        if self.options.reverse {
            items.reverse();
        }
        if self.options.directories_first {
            items.sort_by_key(|item| item.status.kind != Kind::Directory);
        }
    }

    fn complain(&mut self, path: &Path, error: &io::Error, code: i32) {
        self.code = self.code.max(code);
        let _ = self.out.flush();
        console::complain(
            "ls",
            format_args!("cannot access '{}': {}", path.display(), console::reason(error)),
        );
    }
}

/// The status of a path for listing; a followed link that leads nowhere is listed as itself.
fn status(path: &Path, follow: bool) -> io::Result<files::Status> {
    if follow && let Ok(found) = files::status(path, true) {
        return Ok(found);
    }
    files::status(path, false)
}
