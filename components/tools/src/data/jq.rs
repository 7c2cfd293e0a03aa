//! jq: the language by jaq, the command line as jq has it.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use jaq_core::load::{Arena, File, Loader};
use jaq_core::native::{Fun, v};
use jaq_core::{Compiler, Ctx, DataT, Lut, Vars, data, native};
use jaq_json::{Val, read, write};
use jaq_std::input::{self, HasInputs, Inputs, RcIter};
use std::ffi::OsString;
use std::io::{self, BufReader, IsTerminal, Read, Write};

/// Files that are read whole (slurped, raw, programs) may have this many bytes.
const MOST_WHOLE: u64 = 512 << 20;
const TROUBLE_USAGE: i32 = 2;
const TROUBLE_COMPILE: i32 = 3;
const TROUBLE_RUN: i32 = 5;

const ARG: char = '\u{e000}';
const ARGJSON: char = '\u{e001}';
const SLURPFILE: char = '\u{e002}';
const RAWFILE: char = '\u{e003}';
const ARGS: char = '\u{e004}';
const JSONARGS: char = '\u{e005}';
const TAB: char = '\u{e006}';
const INDENT: char = '\u{e007}';
const RAW0: char = '\u{e008}';
const UNBUFFERED: char = '\u{e009}';
const VERSION: char = '\u{e00a}';
const TABLE: &[Opt] = &[
    opt('r', "raw-output", Takes::Nothing),
    opt('j', "join-output", Takes::Nothing),
    opt('c', "compact-output", Takes::Nothing),
    opt('n', "null-input", Takes::Nothing),
    opt('s', "slurp", Takes::Nothing),
    opt('e', "exit-status", Takes::Nothing),
    opt('R', "raw-input", Takes::Nothing),
    opt('S', "sort-keys", Takes::Nothing),
    opt('C', "color-output", Takes::Nothing),
    opt('M', "monochrome-output", Takes::Nothing),
    opt('a', "ascii-output", Takes::Nothing),
    opt('f', "from-file", Takes::Value),
    opt('h', "help", Takes::Nothing),
    opt(RAW0, "raw-output0", Takes::Nothing),
    opt(UNBUFFERED, "unbuffered", Takes::Nothing),
    opt(TAB, "tab", Takes::Nothing),
    opt(INDENT, "indent", Takes::Value),
    opt(VERSION, "version", Takes::Nothing),
];

/// What filters are run with.
struct Shared<'a> {
    lut: &'a Lut<Kind>,
    inputs: Inputs<'a, Val>,
}

struct Kind;

impl DataT for Kind {
    type V<'a> = Val;
    type Data<'a> = &'a Shared<'a>;
}

impl<'a> data::HasLut<'a, Kind> for &'a Shared<'a> {
    fn lut(&self) -> &'a Lut<Kind> {
        self.lut
    }
}

impl<'a> HasInputs<'a, Val> for &'a Shared<'a> {
    fn inputs(&self) -> Inputs<'a, Val> {
        self.inputs
    }
}

fn functions() -> impl Iterator<Item = Fun<Kind>> {
    let run = native::run::<Kind>;
    let inputs = input::funs::<Kind>().into_vec().into_iter().map(run);
    let filename = run(("input_filename", v(0), |_| Box::new(std::iter::once(Ok(Val::Null)))));
    jaq_core::funs::<Kind>()
        .chain(jaq_std::funs::<Kind>())
        .chain(jaq_json::funs())
        .chain(inputs)
        .chain([filename])
}

/// What jq has and jaq has not.
const PRELUDE: &str = r#"
def @csv: map(
    if type == "string" then "\"" + gsub("\""; "\"\"") + "\""
    elif type == "number" or type == "boolean" then tostring
    elif . == null then ""
    else error("\(type) (\(tojson)) is not valid in a csv row") end) | join(",");
def @tsv: map(
    if type == "string" then gsub("\\\\"; "\\\\") | gsub("\t"; "\\t") | gsub("\n"; "\\n") | gsub("\r"; "\\r")
    elif type == "number" or type == "boolean" then tostring
    elif . == null then ""
    else error("\(type) (\(tojson)) cannot be tsv-formatted, only string") end) | join("\t");
def leaf_paths: paths(scalars);
def input_line_number: 0;
"#;

/// How values are printed.
#[derive(Default)]
struct Style {
    raw: bool,
    join: bool,
    nul: bool,
    ascii: bool,
    eager: bool,
    printer: write::Pp,
}

#[derive(Default)]
struct Job {
    null: bool,
    slurp: bool,
    raw_input: bool,
    by_status: bool,
    style: Style,
    program: String,
    files: Vec<String>,
    named: Vec<(String, Val)>,
    positional: Vec<Val>,
}

/// Runs a filter over JSON: 0, or 2 (usage, files), 3 (the filter is wrong), 5 (it failed), with `-e` also 1 and 4.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let words: Vec<String> = arguments
        .into_iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    match prepare(words) {
        Ok(Some(job)) => job.run(),
        Ok(None) => 0,
        Err(message) => {
            console::complain("jq", message);
            TROUBLE_USAGE
        }
    }
}

/// Takes the options with two values out, which no getopt knows.
fn prepare(words: Vec<String>) -> Result<Option<Job>, String> {
    let mut job = Job::default();
    let (mut plain, mut rest_as) = (Vec::new(), None);
    let mut positional: Vec<(char, String)> = Vec::new();
    let mut words = words.into_iter();
    let mut literal = false;
    while let Some(word) = words.next() {
        if literal {
            positional_or_plain(&mut plain, &mut positional, rest_as, word);
            continue;
        }
        let option = match word.as_str() {
            "--arg" => ARG,
            "--argjson" => ARGJSON,
            "--slurpfile" => SLURPFILE,
            "--rawfile" => RAWFILE,
            "--args" => {
                rest_as = Some(ARGS);
                continue;
            }
            "--jsonargs" => {
                rest_as = Some(JSONARGS);
                continue;
            }
            "--" => {
                literal = true;
                plain.push(word);
                continue;
            }
            // As jq has it: `-f` names a file, and everything else stays.
            text if text.starts_with('-') && text.len() > 1 => {
                let takes_next = matches!(text, "-f" | "--from-file" | "--indent");
                plain.push(word);
                if takes_next {
                    plain.extend(words.next());
                }
                continue;
            }
            _ => {
                positional_or_plain(&mut plain, &mut positional, rest_as, word);
                continue;
            }
        };
        let (Some(name), Some(value)) = (words.next(), words.next()) else {
            return Err(format!("{word} takes two parameters, as in {word} name value"));
        };
        let value = match option {
            ARG => Val::from(value),
            ARGJSON => read::parse_single(value.as_bytes())
                .map_err(|error| format!("invalid JSON text passed to --argjson: {error}"))?,
            SLURPFILE => {
                let bytes = whole_file(&value)?;
                let values: Result<Vec<Val>, _> = read::parse_many(&bytes).collect();
                values
                    .map(|all| all.into_iter().collect())
                    .map_err(|error| format!("bad JSON in {value}: {error}"))?
            }
            _ => Val::utf8_str(whole_file(&value)?),
        };
        job.named.push((name, value));
    }
    let parsed = getopt::parse(TABLE, plain.into_iter().map(OsString::from), true)?;
    let mut operands: Vec<String> = parsed
        .operands
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let (mut indent, mut from_file, mut color) = (Some("  ".to_owned()), None, false);
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'r' => job.style.raw = true,
            'j' => (job.style.raw, job.style.join) = (true, true),
            RAW0 => (job.style.raw, job.style.nul) = (true, true),
            'c' => indent = None,
            'n' => job.null = true,
            's' => job.slurp = true,
            'e' => job.by_status = true,
            'R' => job.raw_input = true,
            'S' => job.style.printer.sort_keys = true,
            'C' => color = true,
            'M' => color = false,
            'a' => job.style.ascii = true,
            'f' => from_file = Some(text),
            UNBUFFERED => job.style.eager = true,
            TAB => indent = Some("\t".to_owned()),
            INDENT => {
                let spaces: usize = text
                    .parse()
                    .ok()
                    .filter(|n| *n <= 7)
                    .ok_or("--indent takes a number from 0 to 7")?;
                indent = (spaces > 0).then(|| " ".repeat(spaces));
            }
            VERSION => return told("jq-1.7 (jaq 3.1)"),
            _ => return told("usage: jq [options] 'filter' [file ...]"),
        }
    }
    job.style.eager |= io::stdout().is_terminal();
    job.style.printer.sep_space = indent.is_some();
    job.style.printer.indent = indent;
    if color {
        job.style.printer.styles = write::Styles::ansi();
    }
    job.program = match from_file {
        Some(path) => String::from_utf8(whole_file(&path)?).map_err(|_| format!("{path} is not UTF-8"))?,
        None if operands.is_empty() => return Err("usage: jq [options] 'filter' [file ...]".into()),
        None => operands.remove(0),
    };
    job.files = operands;
    for (kind, text) in positional {
        job.positional.push(if kind == ARGS {
            Val::from(text)
        } else {
            read::parse_single(text.as_bytes())
                .map_err(|error| format!("invalid JSON text passed to --jsonargs: {error}"))?
        });
    }
    Ok(Some(job))
}

/// The filter is the first operand, also after `--args`.
fn positional_or_plain(
    plain: &mut Vec<String>,
    positional: &mut Vec<(char, String)>,
    rest_as: Option<char>,
    word: String,
) {
    let has_filter = plain.iter().any(|one| !one.starts_with('-') || one == "-");
    match rest_as {
        Some(kind) if has_filter => positional.push((kind, word)),
        _ => plain.push(word),
    }
}

fn told(text: &str) -> Result<Option<Job>, String> {
    let mut out = console::output();
    let _ = writeln!(out, "{text}").and_then(|()| out.flush());
    Ok(None)
}

fn whole_file(path: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    std::fs::File::open(path)
        .and_then(|file| file.take(MOST_WHOLE).read_to_end(&mut bytes))
        .map_err(|error| format!("could not open {path}: {}", console::reason(&error)))?;
    Ok(bytes)
}

type Values = Box<dyn Iterator<Item = Result<Val, String>>>;

impl Job {
    fn run(self) -> i32 {
        let names: Vec<String> = ["$ENV", "$ARGS", "$__prog_args"]
            .into_iter()
            .map(str::to_owned)
            .chain(self.named.iter().map(|(name, _)| format!("${name}")))
            .collect();
        let arena = Arena::default();
        let prelude = jaq_core::load::parse(PRELUDE, |parser| parser.defs()).unwrap_or_default();
        let loader = Loader::new(
            jaq_core::defs()
                .chain(jaq_std::defs())
                .chain(jaq_json::defs())
                .chain(prelude),
        );
        let modules = match loader.load(
            &arena,
            File {
                path: (),
                code: &*self.program,
            },
        ) {
            Ok(modules) => modules,
            Err(errors) => return self.compile_failed(&load_words(errors)),
        };
        let compiled = Compiler::default()
            .with_funs(functions())
            .with_global_vars(names.iter().map(String::as_str))
            .compile(modules);
        let filter = match compiled {
            Ok(filter) => filter,
            Err(errors) => {
                let words: Vec<String> = errors
                    .into_iter()
                    .flat_map(|(_, errors)| errors)
                    .map(|(name, kind)| format!("{name} is not defined as {}", format!("{kind:?}").to_lowercase()))
                    .collect();
                return self.compile_failed(&words.join("; "));
            }
        };
        let environment: Val = object(std::env::vars().map(|(name, value)| (name, Val::from(value))));
        let named = object(self.named.iter().cloned());
        let arguments = object([
            ("positional".to_owned(), self.positional.iter().cloned().collect()),
            ("named".to_owned(), named.clone()),
        ]);
        let values = [environment, arguments, named]
            .into_iter()
            .chain(self.named.iter().map(|(_, value)| value.clone()));
        let vars = Vars::new(values);
        let mut unreadable = false;
        let inputs: Values = if self.raw_input {
            raw_inputs(&self.files, self.slurp, &mut unreadable)
        } else {
            json_inputs(&self.files, self.slurp, &mut unreadable)
        };
        let inputs = RcIter::new(inputs);
        let nothing = RcIter::new(Box::new(std::iter::once(Ok(Val::Null))) as Values);
        let shared = Shared {
            lut: &filter.lut,
            inputs: &inputs,
        };
        let context = Ctx::<Kind>::new(&shared, vars);
        let mut outcome = Outcome {
            out: console::output(),
            last: None,
            code: 0,
        };
        let each = if self.null { &nothing } else { &inputs };
        for value in each {
            let value = match value {
                Ok(value) => value,
                Err(message) => {
                    outcome.complain(&message, TROUBLE_USAGE);
                    break;
                }
            };
            for result in filter.id.run((context.clone(), value)) {
                match result {
                    Ok(value) => {
                        if let Err(error) = self.style.print(&mut outcome.out, &value) {
                            return no_output(&error);
                        }
                        outcome.last = Some(!matches!(value, Val::Null | Val::Bool(false)));
                    }
                    Err(exception) => match exception.get_err() {
                        Ok(error) => {
                            outcome.complain(&error_words(error), TROUBLE_RUN);
                            break;
                        }
                        Err(exception) => {
                            let _ = outcome.out.flush();
                            return exception.get_halt().unwrap_or(TROUBLE_RUN);
                        }
                    },
                }
            }
        }
        if let Err(error) = outcome.out.flush() {
            return no_output(&error);
        }
        match (outcome.code, unreadable, outcome.last) {
            (0, true, _) => TROUBLE_USAGE,
            (0, false, last) if self.by_status => match last {
                Some(true) => 0,
                Some(false) => 1,
                None => 4,
            },
            (code, ..) => code,
        }
    }

    fn compile_failed(&self, words: &str) -> i32 {
        console::complain("jq", format_args!("error: {words}\njq: 1 compile error"));
        TROUBLE_COMPILE
    }
}

/// An error that is a text is that text; others are shown as JSON.
fn error_words(error: jaq_json::Error) -> String {
    error.to_string()
}

fn load_words<P>(errors: jaq_core::load::Errors<&str, P>) -> String {
    use jaq_core::load::Error;
    let mut words = Vec::new();
    for (file, error) in errors {
        match error {
            Error::Io(all) => words.extend(all.into_iter().map(|(path, why)| format!("cannot load {path}: {why}"))),
            Error::Lex(all) => words.extend(all.into_iter().map(|(expected, found)| {
                let expected = expected.as_str().to_owned();
                format!("syntax error at {}: expected {expected}", place(file.code, found))
            })),
            Error::Parse(all) => words.extend(all.into_iter().map(|(expected, found)| {
                format!(
                    "syntax error at {}: expected {}",
                    place(file.code, found),
                    expected.as_str()
                )
            })),
        }
    }
    words.join("; ")
}

fn place(code: &str, found: &str) -> String {
    if found.is_empty() {
        return "the end of the filter".into();
    }
    let shown: String = found.chars().take(20).collect();
    let at = (found.as_ptr() as usize).saturating_sub(code.as_ptr() as usize);
    format!("character {} ('{shown}')", at + 1)
}

fn object(pairs: impl IntoIterator<Item = (String, Val)>) -> Val {
    Val::obj(
        pairs
            .into_iter()
            .map(|(name, value)| (Val::from(name), value))
            .collect(),
    )
}

struct Outcome {
    out: console::Output,
    last: Option<bool>,
    code: i32,
}

/// Standard output takes no more.
fn no_output(error: &std::io::Error) -> i32 {
    console::complain(
        "jq",
        format_args!("error: writing output failed: {}", console::reason(error)),
    );
    TROUBLE_USAGE
}

impl Outcome {
    fn complain(&mut self, message: &str, code: i32) {
        let _ = self.out.flush();
        console::complain("jq", format_args!("error (at <unknown>): {message}"));
        self.code = code;
    }
}

fn open(file: &str) -> io::Result<Box<dyn Read>> {
    let opened = std::fs::File::open(file)?;
    if opened.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "Is a directory"));
    }
    Ok(Box::new(opened))
}

/// All files one after the other, or standard input.
fn sources(files: &[String], unreadable: &mut bool) -> Vec<Box<dyn Read>> {
    if files.is_empty() {
        return vec![Box::new(console::input())];
    }
    let mut opened = Vec::new();
    for file in files {
        match open(file) {
            Ok(reader) => opened.push(reader),
            Err(error) => {
                *unreadable = true;
                console::complain(
                    "jq",
                    format_args!("error: Could not open {file}: {}", console::reason(&error)),
                );
            }
        }
    }
    opened
}

fn json_inputs(files: &[String], slurp: bool, unreadable: &mut bool) -> Values {
    let values = sources(files, unreadable)
        .into_iter()
        .flat_map(|reader| read::read_many(BufReader::new(reader)));
    let mut failed = false;
    let values = values.map_while(move |value| {
        if failed {
            return None;
        }
        Some(value.map_err(|error| {
            failed = true;
            error.to_string()
        }))
    });
    if slurp {
        let all: Result<Vec<Val>, String> = values.collect();
        return Box::new(std::iter::once(all.map(|all| all.into_iter().collect())));
    }
    Box::new(values)
}

fn raw_inputs(files: &[String], slurp: bool, unreadable: &mut bool) -> Values {
    let readers = sources(files, unreadable);
    if slurp {
        let mut bytes = Vec::new();
        for reader in readers {
            if let Err(error) = reader.take(MOST_WHOLE).read_to_end(&mut bytes) {
                return Box::new(std::iter::once(Err(error.to_string())));
            }
        }
        return Box::new(std::iter::once(Ok(Val::utf8_str(bytes))));
    }
    let lines = readers.into_iter().flat_map(|reader| {
        let mut reader = BufReader::new(reader);
        std::iter::from_fn(move || {
            let mut line = Vec::new();
            match io::BufRead::read_until(&mut reader, b'\n', &mut line) {
                Ok(0) => None,
                Ok(_) => {
                    if line.last() == Some(&b'\n') {
                        line.pop();
                    }
                    Some(Ok(Val::utf8_str(line)))
                }
                Err(error) => Some(Err(error.to_string())),
            }
        })
    });
    Box::new(lines)
}

impl Style {
    fn print(&self, out: &mut console::Output, value: &Val) -> io::Result<()> {
        match value {
            Val::TStr(text) if self.raw => out.write_all(text)?,
            value if self.ascii => {
                let mut text = Vec::new();
                write::write(&mut text, &self.printer, 0, value)?;
                out.write_all(ascii(&String::from_utf8_lossy(&text)).as_bytes())?;
            }
            value => write::write(out, &self.printer, 0, value)?,
        }
        if self.nul {
            out.write_all(&[0])?;
        } else if !self.join {
            out.write_all(b"\n")?;
        }
        if self.eager { out.flush() } else { Ok(()) }
    }
}

/// Characters beyond ASCII as `\u` escapes.
fn ascii(text: &str) -> String {
    use std::fmt::Write as _;
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_ascii() {
            out.push(c);
        } else {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        }
    }
    out
}
