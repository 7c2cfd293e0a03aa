//! grep's command line.

use crate::getopt::{self, Opt, Takes, opt};
use crate::glob::Glob;
use std::ffi::OsString;

/// Which language patterns are in.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Syntax {
    /// POSIX basic.
    Basic,
    /// POSIX extended.
    Extended,
    /// Plain strings.
    Fixed,
    /// Perl's, as far as `fancy-regex` goes.
    Perl,
}

/// What is written for what is found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Report {
    /// Lines.
    Lines,
    /// Only what matched (`-o`).
    Matches,
    /// How many lines (`-c`).
    Count,
    /// Names of files with a line (`-l`).
    FilesWith,
    /// Names of files without any (`-L`).
    FilesWithout,
    /// Nothing (`-q`).
    Nothing,
}

/// Everything the command line says.
#[allow(clippy::struct_excessive_bools)]
pub struct Options {
    /// One for each alternative; a line is found if any matches.
    pub patterns: Vec<String>,
    /// Their language.
    pub syntax: Syntax,
    /// `-i`
    pub ignore_case: bool,
    /// `-w`
    pub words: bool,
    /// `-x`
    pub whole_lines: bool,
    /// `-v`
    pub invert: bool,
    /// What is written.
    pub report: Report,
    /// `-n`
    pub line_numbers: bool,
    /// `-b`
    pub byte_offsets: bool,
    /// `-H`, `-h`; none: if there is more than one file.
    pub with_names: Option<bool>,
    /// `-Z`
    pub null_after_name: bool,
    /// `-a`
    pub binary_as_text: bool,
    /// `-I`
    pub skip_binary: bool,
    /// `-s`
    pub quiet_errors: bool,
    /// `-m`
    pub most: Option<u64>,
    /// `-B`, `-C`
    pub before: usize,
    /// `-A`, `-C`
    pub after: usize,
    /// `-r`, `-R`
    pub recursive: bool,
    /// `-R`
    pub follow_links: bool,
    /// `-d skip`
    pub skip_directories: bool,
    /// `--line-buffered`
    pub line_buffered: bool,
    /// `--label`
    pub label: String,
    /// `--include`
    pub include: Vec<Glob>,
    /// `--exclude`
    pub exclude: Vec<Glob>,
    /// `--exclude-dir`
    pub exclude_directories: Vec<Glob>,
    /// Files and directories to search; empty: standard input, or `.` if recursive.
    pub files: Vec<OsString>,
}

const LINE_BUFFERED: char = '\u{e000}';
const LABEL: char = '\u{e001}';
const INCLUDE: char = '\u{e002}';
const EXCLUDE: char = '\u{e003}';
const EXCLUDE_DIR: char = '\u{e004}';
const COLOR: char = '\u{e005}';
const HELP: char = '\u{e006}';
const NO_MESSAGES: char = 's';
const BINARY_FILES: char = '\u{e007}';

const TABLE: &[Opt] = &[
    opt('E', "extended-regexp", Takes::Nothing),
    opt('F', "fixed-strings", Takes::Nothing),
    opt('G', "basic-regexp", Takes::Nothing),
    opt('P', "perl-regexp", Takes::Nothing),
    opt('e', "regexp", Takes::Value),
    opt('f', "file", Takes::Value),
    opt('i', "ignore-case", Takes::Nothing),
    opt('y', "", Takes::Nothing),
    opt('w', "word-regexp", Takes::Nothing),
    opt('x', "line-regexp", Takes::Nothing),
    opt('v', "invert-match", Takes::Nothing),
    opt('c', "count", Takes::Nothing),
    opt('l', "files-with-matches", Takes::Nothing),
    opt('L', "files-without-match", Takes::Nothing),
    opt('o', "only-matching", Takes::Nothing),
    opt('q', "quiet", Takes::Nothing),
    opt('q', "silent", Takes::Nothing),
    opt(NO_MESSAGES, "no-messages", Takes::Nothing),
    opt('n', "line-number", Takes::Nothing),
    opt('b', "byte-offset", Takes::Nothing),
    opt('H', "with-filename", Takes::Nothing),
    opt('h', "no-filename", Takes::Nothing),
    opt('Z', "null", Takes::Nothing),
    opt('a', "text", Takes::Nothing),
    opt('I', "", Takes::Nothing),
    opt('T', "initial-tab", Takes::Nothing),
    opt('U', "binary", Takes::Nothing),
    opt('m', "max-count", Takes::Value),
    opt('A', "after-context", Takes::Value),
    opt('B', "before-context", Takes::Value),
    opt('C', "context", Takes::Value),
    opt('r', "recursive", Takes::Nothing),
    opt('R', "dereference-recursive", Takes::Nothing),
    opt('d', "directories", Takes::Value),
    opt('D', "devices", Takes::Value),
    opt('V', "version", Takes::Nothing),
    opt(LINE_BUFFERED, "line-buffered", Takes::Nothing),
    opt(LABEL, "label", Takes::Value),
    opt(INCLUDE, "include", Takes::Value),
    opt(EXCLUDE, "exclude", Takes::Value),
    opt(EXCLUDE_DIR, "exclude-dir", Takes::Value),
    opt(COLOR, "color", Takes::Optional),
    opt(COLOR, "colour", Takes::Optional),
    opt(BINARY_FILES, "binary-files", Takes::Value),
    opt(HELP, "help", Takes::Nothing),
];

/// What a command line asks for.
pub enum Request {
    /// A search.
    Search(Box<Options>),
    /// Text to print, and success.
    Print(&'static str),
}

/// How the program is called; the first line is what a mistake shows.
pub const USAGE: &str = "Usage: grep [OPTION]... PATTERNS [FILE]...";

const HELP_TEXT: &str = "Usage: grep [OPTION]... PATTERNS [FILE]...
Search for PATTERNS in each FILE. With no FILE, read standard input, or the current directory if recursive.

  -E, -F, -G, -P            patterns are extended, fixed, basic, Perl expressions
  -e, --regexp=PATTERNS     use PATTERNS; may be repeated
  -f, --file=FILE           take patterns from FILE, one a line
  -i, --ignore-case         ignore case
  -w, -x                    match only whole words, whole lines
  -v, --invert-match        select lines that do not match
  -c, -l, -L, -o, -q        print counts, names with, names without, only the matches, nothing
  -m, --max-count=NUM       stop after NUM lines of a file
  -n, -b, -H, -h            print line numbers, byte offsets, names, no names
  -A, -B, -C NUM, -NUM      print NUM lines of context after, before, around
  -r, -R                    search directories, -R through symbolic links
  --include, --exclude, --exclude-dir=GLOB
  -a, -I                    treat binary files as text, as without match
  -s                        no messages about files that cannot be read

Exit status is 0 if a line is selected, 1 if none is, 2 on an error.
";

/// Reads the command line of `name` (grep, egrep, fgrep or rgrep).
///
/// # Errors
/// A sentence without the program's name.
pub fn parse(name: &str, arguments: impl Iterator<Item = OsString>) -> Result<Request, String> {
    // `-5` is `-C 5`.
    let arguments = arguments.map(
        |argument| match argument.to_str().and_then(|text| text.strip_prefix('-')) {
            Some(digits) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => {
                OsString::from(format!("-C{digits}"))
            }
            _ => argument,
        },
    );
    let parsed = getopt::parse(TABLE, arguments, true)?;
    let mut options = defaults(name);
    let mut patterns: Option<Vec<String>> = None;
    for (option, value) in parsed.options {
        let text = value.map(|v| v.to_string_lossy().into_owned()).unwrap_or_default();
        match option {
            'E' => options.syntax = Syntax::Extended,
            'F' => options.syntax = Syntax::Fixed,
            'G' => options.syntax = Syntax::Basic,
            'P' => options.syntax = Syntax::Perl,
            'e' => patterns
                .get_or_insert_default()
                .extend(text.split('\n').map(str::to_owned)),
            'f' => patterns.get_or_insert_default().extend(from_file(&text)?),
            'i' | 'y' => options.ignore_case = true,
            'w' => options.words = true,
            'x' => options.whole_lines = true,
            'v' => options.invert = true,
            'c' => report(&mut options, Report::Count),
            'l' => report(&mut options, Report::FilesWith),
            'L' => report(&mut options, Report::FilesWithout),
            'o' => report(&mut options, Report::Matches),
            'q' => options.report = Report::Nothing,
            NO_MESSAGES => options.quiet_errors = true,
            'n' => options.line_numbers = true,
            'b' => options.byte_offsets = true,
            'H' => options.with_names = Some(true),
            'h' => options.with_names = Some(false),
            'Z' => options.null_after_name = true,
            'a' => options.binary_as_text = true,
            'I' => options.skip_binary = true,
            BINARY_FILES => match text.as_str() {
                "text" => options.binary_as_text = true,
                "without-match" => options.skip_binary = true,
                "binary" => {}
                _ => return Err("unknown binary-files type".into()),
            },
            'm' => options.most = Some(text.parse().map_err(|_| "invalid max count".to_owned())?),
            'A' => options.after = context(&text)?,
            'B' => options.before = context(&text)?,
            'C' => (options.before, options.after) = (context(&text)?, context(&text)?),
            'r' => options.recursive = true,
            'R' => (options.recursive, options.follow_links) = (true, true),
            'd' => match text.as_str() {
                "recurse" => options.recursive = true,
                "skip" => options.skip_directories = true,
                "read" => {}
                other => return Err(format!("invalid argument '{other}' for '--directories'")),
            },
            LINE_BUFFERED => options.line_buffered = true,
            LABEL => options.label = text,
            INCLUDE => options.include.push(glob(&text)?),
            EXCLUDE => options.exclude.push(glob(&text)?),
            EXCLUDE_DIR => options.exclude_directories.push(glob(text.trim_end_matches('/'))?),
            HELP => return Ok(Request::Print(HELP_TEXT)),
            'V' => return Ok(Request::Print("grep (Sandbar) 0.1.0\n")),
            _ => {}
        }
    }
    let mut operands = parsed.operands.into_iter();
    options.patterns = match patterns {
        Some(patterns) => patterns,
        None => {
            let first = operands.next().ok_or("")?;
            first.to_string_lossy().split('\n').map(str::to_owned).collect()
        }
    };
    options.files = operands.collect();
    Ok(Request::Search(Box::new(options)))
}

/// `-q` wins over all, names over counts, counts over `-o`, whatever their order.
fn report(options: &mut Options, wanted: Report) {
    let rank = |report: Report| match report {
        Report::Lines => 0,
        Report::Matches => 1,
        Report::Count => 2,
        Report::FilesWith | Report::FilesWithout => 3,
        Report::Nothing => 4,
    };
    if rank(wanted) >= rank(options.report) {
        options.report = wanted;
    }
}

fn defaults(name: &str) -> Options {
    Options {
        patterns: Vec::new(),
        syntax: match name {
            "egrep" => Syntax::Extended,
            "fgrep" => Syntax::Fixed,
            _ => Syntax::Basic,
        },
        ignore_case: false,
        words: false,
        whole_lines: false,
        invert: false,
        report: Report::Lines,
        line_numbers: false,
        byte_offsets: false,
        with_names: None,
        null_after_name: false,
        binary_as_text: false,
        skip_binary: false,
        quiet_errors: false,
        most: None,
        before: 0,
        after: 0,
        recursive: name == "rgrep",
        follow_links: false,
        skip_directories: false,
        line_buffered: false,
        label: "(standard input)".into(),
        include: Vec::new(),
        exclude: Vec::new(),
        exclude_directories: Vec::new(),
        files: Vec::new(),
    }
}

fn from_file(path: &str) -> Result<Vec<String>, String> {
    let read = if path == "-" {
        std::io::read_to_string(crate::console::input())
    } else {
        std::fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
    };
    let text = read.map_err(|error| format!("{path}: {}", crate::console::reason(&error)))?;
    Ok(text.lines().map(str::to_owned).collect())
}

fn context(text: &str) -> Result<usize, String> {
    text.parse()
        .map_err(|_| format!("{text}: invalid context length argument"))
}

fn glob(text: &str) -> Result<Glob, String> {
    Glob::new(text, false).map_err(|_| format!("{text}: invalid pattern"))
}
