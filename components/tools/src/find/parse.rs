//! Reading find's command line.

use super::expression::{Compare, Exec, Expression, Permissions, Plan};
use super::printf;
use crate::glob::Glob;
use crate::posix::{Dialect, translate};
use sandbar_guest_rt::files;
use std::ffi::OsString;
use std::path::Path;
use std::time::SystemTime;

/// Parentheses nested deeper are refused: each is a call.
const MOST_NESTED: usize = 100;
const DAY: u64 = 24 * 60 * 60;
const MINUTE: u64 = 60;

/// Reads a command line without the program's own name.
///
/// # Errors
/// A sentence without the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Plan, String> {
    let mut words: Vec<OsString> = arguments.into_iter().collect();
    words.reverse();
    let mut parser = Parser {
        words,
        nested: 0,
        acts: false,
        most_depth: usize::MAX,
        least_depth: 0,
        contents_first: false,
        follow: false,
        follow_roots: false,
        commands: 0,
        basic: true,
    };
    while let Some(option) = parser.peek() {
        match option.as_str() {
            "-L" => parser.follow = true,
            "-H" => parser.follow_roots = true,
            "-P" => (parser.follow, parser.follow_roots) = (false, false),
            _ => break,
        }
        parser.words.pop();
    }
    let mut roots = Vec::new();
    while let Some(word) = parser.peek() {
        if word.starts_with('-') && word.len() > 1 || ["(", ")", "!", ","].contains(&word.as_str()) {
            break;
        }
        roots.extend(parser.words.pop());
    }
    if roots.is_empty() {
        roots.push(".".into());
    }
    let expression = if parser.words.is_empty() {
        Expression::True
    } else {
        parser.list()?
    };
    if let Some(left) = parser.peek() {
        return Err(match left.as_str() {
            ")" => "you have too many ')'".into(),
            other => format!("paths must precede expression: '{other}'"),
        });
    }
    let expression = if parser.acts {
        expression
    } else {
        Expression::And(Box::new(expression), Box::new(Expression::Print('\n')))
    };
    Ok(Plan {
        roots,
        expression,
        most_depth: parser.most_depth,
        least_depth: parser.least_depth,
        contents_first: parser.contents_first,
        follow: parser.follow,
        follow_roots: parser.follow_roots || parser.follow,
        commands: parser.commands,
    })
}

struct Parser {
    /// What is left, last word first.
    words: Vec<OsString>,
    nested: usize,
    /// Whether an action was named; if none is, `-print` is meant.
    acts: bool,
    most_depth: usize,
    least_depth: usize,
    contents_first: bool,
    follow: bool,
    follow_roots: bool,
    commands: usize,
    /// Whether `-regex` is in the basic dialect (as Emacs nearly has it) or extended.
    basic: bool,
}

impl Parser {
    fn peek(&self) -> Option<String> {
        self.words.last().map(|word| word.to_string_lossy().into_owned())
    }

    fn list(&mut self) -> Result<Expression, String> {
        let mut left = self.or()?;
        while self.peek().as_deref() == Some(",") {
            self.words.pop();
            left = Expression::List(Box::new(left), Box::new(self.or()?));
        }
        Ok(left)
    }

    fn or(&mut self) -> Result<Expression, String> {
        let mut left = self.and()?;
        while matches!(self.peek().as_deref(), Some("-o" | "-or")) {
            self.words.pop();
            left = Expression::Or(Box::new(left), Box::new(self.and()?));
        }
        Ok(left)
    }

    fn and(&mut self) -> Result<Expression, String> {
        let mut left = self.not()?;
        loop {
            match self.peek().as_deref() {
                None | Some(")" | "," | "-o" | "-or") => return Ok(left),
                Some("-a" | "-and") => {
                    self.words.pop();
                }
                Some(word) if !word.starts_with('-') && word != "(" && word != "!" => return Ok(left),
                Some(_) => {}
            }
            left = Expression::And(Box::new(left), Box::new(self.not()?));
        }
    }

    fn not(&mut self) -> Result<Expression, String> {
        let mut negated = false;
        while matches!(self.peek().as_deref(), Some("!" | "-not")) {
            self.words.pop();
            negated = !negated;
        }
        let inner = self.primary()?;
        Ok(if negated {
            Expression::Not(Box::new(inner))
        } else {
            inner
        })
    }

    fn primary(&mut self) -> Result<Expression, String> {
        let word = self
            .words
            .pop()
            .ok_or("expected an expression")?
            .to_string_lossy()
            .into_owned();
        if word == "(" {
            self.nested += 1;
            if self.nested > MOST_NESTED {
                return Err("too many nested parentheses".into());
            }
            let inner = self.list()?;
            if self.words.pop().is_none_or(|end| end != ")") {
                return Err("invalid expression; expected to find a ')' but didn't see one.".into());
            }
            self.nested -= 1;
            return Ok(inner);
        }
        self.test(&word)
    }

    fn value(&mut self, of: &str) -> Result<String, String> {
        let word = self.words.pop().ok_or_else(|| format!("missing argument to '{of}'"))?;
        Ok(word.to_string_lossy().into_owned())
    }

    fn number(&mut self, of: &str) -> Result<Compare, String> {
        let text = self.value(of)?;
        compare(&text).ok_or_else(|| format!("invalid argument '{text}' to '{of}'"))
    }

    fn depth(&mut self, of: &str) -> Result<usize, String> {
        let text = self.value(of)?;
        text.parse()
            .map_err(|_| format!("Expected a positive decimal integer argument to {of}, but got '{text}'"))
    }

    fn glob(&mut self, of: &str, ignore_case: bool) -> Result<Glob, String> {
        let text = self.value(of)?;
        Glob::new(&text, ignore_case).map_err(|_| format!("invalid pattern '{text}' for '{of}'"))
    }

    fn action(&mut self, expression: Expression) -> Expression {
        self.acts = true;
        expression
    }

    fn test(&mut self, word: &str) -> Result<Expression, String> {
        Ok(match word {
            "-true" => Expression::True,
            "-false" => Expression::False,
            "-name" | "-iname" => Expression::Name(self.glob(word, word == "-iname")?),
            "-path" | "-wholename" | "-ipath" | "-iwholename" => {
                Expression::Path(self.glob(word, word.starts_with("-i"))?)
            }
            "-lname" | "-ilname" => Expression::LinkName(self.glob(word, word == "-ilname")?),
            "-regex" | "-iregex" => self.regex(word)?,
            "-regextype" => {
                let kind = self.value(word)?;
                self.basic = !matches!(
                    kind.as_str(),
                    "posix-extended" | "egrep" | "posix-egrep" | "awk" | "posix-awk"
                );
                Expression::True
            }
            "-type" | "-xtype" => Expression::Type(self.types(word)?),
            "-size" => self.size()?,
            "-empty" => Expression::Empty,
            "-newer" | "-mnewer" | "-anewer" | "-cnewer" | "-newermm" => {
                let path = self.value(word)?;
                let found = files::status(Path::new(&path), true)
                    .map_err(|error| format!("'{path}': {}", crate::console::reason(&error)))?;
                Expression::Newer(found.modified)
            }
            "-newermt" => {
                let text = self.value(word)?;
                Expression::Newer(
                    date(&text)
                        .ok_or_else(|| format!("I cannot figure out how to interpret '{text}' as a date or time"))?,
                )
            }
            "-mtime" | "-atime" | "-ctime" => Expression::Modified(self.number(word)?, DAY),
            "-mmin" | "-amin" | "-cmin" => Expression::Modified(self.number(word)?, MINUTE),
            "-perm" => Expression::Perm(self.permissions()?),
            "-readable" => Expression::Access(4),
            "-writable" => Expression::Access(2),
            "-executable" => Expression::Access(1),
            "-uid" | "-user" => Expression::User(self.id(word, "/etc/passwd")?),
            "-gid" | "-group" => Expression::Group(self.id(word, "/etc/group")?),
            "-links" => Expression::Links(self.number(word)?),
            "-inum" => Expression::Inode(self.number(word)?),
            "-maxdepth" => {
                self.most_depth = self.depth(word)?;
                Expression::True
            }
            "-mindepth" => {
                self.least_depth = self.depth(word)?;
                Expression::True
            }
            "-depth" | "-d" => {
                self.contents_first = true;
                Expression::True
            }
            "-follow" => {
                self.follow = true;
                Expression::True
            }
            // One file system, and no other user changes it.
            "-mount" | "-xdev" | "-noleaf" | "-ignore_readdir_race" | "-noignore_readdir_race" => Expression::True,
            "-print" => self.action(Expression::Print('\n')),
            "-print0" => self.action(Expression::Print('\0')),
            "-printf" => {
                let format = self.value(word)?;
                self.action(Expression::Printf(printf::parse(&format)?))
            }
            "-ls" => self.action(Expression::Ls),
            "-delete" => {
                self.contents_first = true;
                self.action(Expression::Delete)
            }
            "-prune" => Expression::Prune,
            "-quit" => self.action(Expression::Quit),
            "-exec" | "-execdir" => {
                let exec = self.exec(word)?;
                self.action(exec)
            }
            other => return Err(format!("unknown predicate '{other}'")),
        })
    }

    fn regex(&mut self, word: &str) -> Result<Expression, String> {
        let pattern = self.value(word)?;
        let dialect = if self.basic { Dialect::Basic } else { Dialect::Extended };
        let expression = translate(&pattern, dialect)?.expression;
        regex::RegexBuilder::new(&format!(r"\A(?:{expression})\z"))
            .case_insensitive(word == "-iregex")
            .build()
            .map(Expression::Regex)
            .map_err(|_| format!("invalid expression '{pattern}'"))
    }

    fn types(&mut self, word: &str) -> Result<Vec<char>, String> {
        let text = self.value(word)?;
        let letters: Vec<char> = text.split(',').filter_map(|part| part.chars().next()).collect();
        match letters.iter().find(|letter| !"bcdpfls".contains(**letter)) {
            Some(unknown) => Err(format!("Unknown argument to {word}: {unknown}")),
            None if letters.is_empty() => Err(format!("Arguments to {word} should contain at least one letter")),
            None => Ok(letters),
        }
    }

    fn size(&mut self) -> Result<Expression, String> {
        let text = self.value("-size")?;
        let (number, unit) = match text.as_bytes().last() {
            Some(b'c') => (&text[..text.len() - 1], 1),
            Some(b'w') => (&text[..text.len() - 1], 2),
            Some(b'b') => (&text[..text.len() - 1], 512),
            Some(b'k') => (&text[..text.len() - 1], 1 << 10),
            Some(b'M') => (&text[..text.len() - 1], 1 << 20),
            Some(b'G') => (&text[..text.len() - 1], 1 << 30),
            _ => (text.as_str(), 512),
        };
        let bound = compare(number).ok_or_else(|| format!("Invalid argument '{text}' to -size"))?;
        Ok(Expression::Size(bound, unit))
    }

    fn permissions(&mut self) -> Result<Permissions, String> {
        let text = self.value("-perm")?;
        let bits = |mode: &str| crate::modes::apply(mode, 0, false).ok_or_else(|| format!("invalid mode '{text}'"));
        Ok(match text.as_bytes().first() {
            Some(b'-') => Permissions::All(bits(&text[1..])?),
            Some(b'/') => Permissions::Any(bits(&text[1..])?),
            _ => Permissions::Exactly(bits(&text)?),
        })
    }

    fn id(&mut self, word: &str, table: &str) -> Result<u32, String> {
        let text = self.value(word)?;
        if let Ok(number) = text.parse() {
            return Ok(number);
        }
        crate::users::id_of(table, &text).ok_or_else(|| format!("'{text}' is not the name of a known {}", &word[1..]))
    }

    fn exec(&mut self, word: &str) -> Result<Expression, String> {
        let mut words: Vec<OsString> = Vec::new();
        loop {
            let next = self
                .words
                .pop()
                .ok_or_else(|| format!("missing argument to '{word}'"))?;
            let ends_many = next == "+" && words.last().is_some_and(|last| last == "{}");
            if next == ";" || ends_many {
                if ends_many {
                    words.pop();
                }
                if words.is_empty() {
                    return Err(format!("missing argument to '{word}'"));
                }
                let index = self.commands;
                self.commands += 1;
                return Ok(Expression::Exec(Exec {
                    words,
                    many: ends_many,
                    in_directory: word == "-execdir",
                    index,
                }));
            }
            words.push(next);
        }
    }
}

fn compare(text: &str) -> Option<Compare> {
    if let Some(more) = text.strip_prefix('+') {
        more.parse().ok().map(Compare::More)
    } else if let Some(less) = text.strip_prefix('-') {
        less.parse().ok().map(Compare::Less)
    } else {
        text.parse().ok().map(Compare::Exactly)
    }
}

/// `YYYY-MM-DD`, `YYYY-MM-DD HH:MM[:SS]` or `@SECONDS`, in UTC.
fn date(text: &str) -> Option<SystemTime> {
    let seconds = if let Some(seconds) = text.strip_prefix('@') {
        seconds.parse::<u64>().ok()?
    } else {
        let (day, time) = text.split_once([' ', 'T']).unwrap_or((text, "00:00"));
        let mut parts = day.split('-');
        let (year, month, day) = (
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
            parts.next()?.parse().ok()?,
        );
        let days = crate::calendar::days_from_civil(year, month, day)?;
        let mut parts = time.trim_end_matches('Z').split(':');
        let hours: u64 = parts.next()?.parse().ok()?;
        let minutes: u64 = parts.next()?.parse().ok()?;
        let seconds: u64 = parts.next().map_or(Some(0), |text| text.parse().ok())?;
        u64::try_from(days).ok()? * DAY + hours * 3600 + minutes * MINUTE + seconds
    };
    SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds))
}
