//! sed for one plain substitution (`sed s/a/b/g FILE…`), which is what pipelines mostly have: over whole blocks, not line
//! by line. Everything else is left to uutils' sed.

use crate::console;
use crate::posix::{self, Dialect};
use regex::bytes::{Regex, RegexBuilder};
use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Read, Write};

/// What is read at once; a longer line makes it grow.
const BLOCK: usize = 64 << 10;

/// A piece of a replacement.
#[derive(Debug, PartialEq, Eq)]
enum Piece {
    Text(Vec<u8>),
    /// `&` is group 0.
    Group(usize),
}

/// One `s` command.
struct Substitution {
    pattern: Regex,
    /// A pattern that is text only.
    literal: Option<memchr::memmem::Finder<'static>>,
    replacement: Vec<Piece>,
    global: bool,
}

/// Runs sed if its command line is one plain substitution: its exit code; none if uutils must do it.
pub fn try_main(arguments: &[OsString]) -> Option<i32> {
    let (mut dialect, mut script, mut files) = (Dialect::Basic, None, Vec::new());
    let mut rest = arguments.iter().skip(1);
    while let Some(word) = rest.next() {
        let text = word.to_str()?;
        match text {
            "-E" | "-r" | "--regexp-extended" => dialect = Dialect::Extended,
            "-e" if script.is_none() => script = Some(rest.next()?.to_str()?),
            "-" => files.push(word),
            _ if text.starts_with('-') => return None,
            _ if script.is_none() => script = Some(text),
            _ => files.push(word),
        }
    }
    let substitution = Substitution::parse(script?, dialect)?;
    let mut out = console::output();
    let mut code = 0;
    let mut sources: Vec<Box<dyn Read>> = Vec::new();
    for file in &files {
        if *file == "-" {
            sources.push(Box::new(console::input()));
            continue;
        }
        match File::open(file) {
            Ok(opened) if opened.metadata().is_ok_and(|found| found.is_dir()) => {
                console::complain("sed", format_args!("couldn't read {}: Is a directory", file.display()));
                code = 2;
            }
            Ok(opened) => sources.push(Box::new(opened)),
            Err(error) => {
                console::complain(
                    "sed",
                    format_args!("can't read {}: {}", file.display(), console::reason(&error)),
                );
                code = 2;
            }
        }
    }
    if files.is_empty() {
        sources.push(Box::new(console::input()));
    }
    let last = sources.len();
    for (at, source) in sources.iter_mut().enumerate() {
        if let Err(error) = substitution.stream(source, &mut out, at + 1 == last) {
            console::complain("sed", console::reason(&error));
            return Some(4);
        }
    }
    Some(if out.flush().is_ok() { code } else { 4 })
}

impl Substitution {
    /// None if it is more than this module does exactly as sed does.
    fn parse(script: &str, dialect: Dialect) -> Option<Self> {
        let rest = script.strip_prefix('s')?;
        let delimiter = rest.chars().next().filter(|c| c.is_ascii_punctuation() && *c != '\\')?;
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut chars = rest[1..].chars();
        while let Some(c) = chars.next() {
            match c {
                // A newline in either part, or the delimiter quoted, is for those who know all the rules.
                '\n' => return None,
                '\\' => {
                    let next = chars.next().filter(|next| *next != delimiter && *next != '\n')?;
                    part.extend(['\\', next]);
                }
                // In brackets the delimiter is one too for sed; but not for people.
                '[' if parts.is_empty() && delimiter != '/' => return None,
                c if c == delimiter && parts.len() < 2 => parts.push(std::mem::take(&mut part)),
                c => part.push(c),
            }
        }
        let global = match part.as_str() {
            "" => false,
            "g" => true,
            _ => return None,
        };
        let [pattern, replacement] = parts.as_slice() else {
            return None;
        };
        if pattern.is_empty() || pattern.contains("\\n") {
            return None;
        }
        let escapes_known = pattern.split('\\').skip(1).all(|after| {
            after
                .chars()
                .next()
                .is_none_or(|c| c.is_ascii_punctuation() || "wWsSbB".contains(c))
        });
        let translated = posix::translate(pattern, dialect).ok()?;
        if !escapes_known || translated.alternation || translated.back_references {
            return None;
        }
        let compiled = RegexBuilder::new(&translated.expression)
            .multi_line(true)
            .build()
            .ok()?;
        // What matches nothing at all has rules of its own.
        if compiled.is_match(b"") {
            return None;
        }
        let replacement = pieces(replacement)?;
        let groups = compiled.captures_len();
        if replacement
            .iter()
            .any(|piece| matches!(piece, Piece::Group(group) if *group >= groups))
        {
            return None;
        }
        let is_text = pattern
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b" _-,:;@#%=<>\"'/!~".contains(&byte));
        Some(Self {
            literal: is_text.then(|| memchr::memmem::Finder::new(pattern.as_bytes()).into_owned()),
            pattern: compiled,
            replacement,
            global,
        })
    }

    fn stream(&self, source: &mut dyn Read, out: &mut impl Write, is_last: bool) -> io::Result<()> {
        let mut block = Vec::new();
        let mut result = Vec::with_capacity(BLOCK * 2);
        loop {
            let old = block.len();
            block.resize(old + BLOCK.max(old), 0);
            let got = loop {
                match source.read(&mut block[old..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other?,
                }
            };
            block.truncate(old + got);
            if got == 0 {
                if !block.is_empty() {
                    result.clear();
                    self.lines(&block, &mut result);
                    // A file without a last newline is joined to the next as a line of its own.
                    if !is_last {
                        result.push(b'\n');
                    }
                    out.write_all(&result)?;
                }
                return Ok(());
            }
            if let Some(end) = memchr::memrchr(b'\n', &block[old..]).map(|at| old + at + 1) {
                result.clear();
                self.lines(&block[..end], &mut result);
                out.write_all(&result)?;
                // What was read from a pipe slowly is passed on as it comes.
                if got < BLOCK {
                    out.flush()?;
                }
                block.drain(..end);
            }
        }
    }

    /// Whole lines, changed.
    fn lines(&self, text: &[u8], result: &mut Vec<u8>) {
        let mut copied = 0;
        let mut from = 0;
        while let Some((start, end)) = self.find(text, from) {
            result.extend_from_slice(&text[copied..start]);
            self.replace(text, start, end, result);
            copied = end;
            from = end;
            if !self.global {
                match memchr::memchr(b'\n', &text[end..]) {
                    Some(at) => from = end + at + 1,
                    None => break,
                }
                result.extend_from_slice(&text[copied..from]);
                copied = from;
            }
        }
        result.extend_from_slice(&text[copied..]);
    }

    fn find(&self, text: &[u8], from: usize) -> Option<(usize, usize)> {
        if let Some(literal) = &self.literal {
            let start = from + literal.find(&text[from..])?;
            return Some((start, start + literal.needle().len()));
        }
        // Within the whole text, so that `^` is the start of a line only.
        let mut from = from;
        loop {
            let found = self.pattern.find_at(text, from)?;
            if found.end() > found.start() {
                return Some((found.start(), found.end()));
            }
            from = found.end() + 1;
            if from > text.len() {
                return None;
            }
        }
    }

    fn replace(&self, text: &[u8], start: usize, end: usize, result: &mut Vec<u8>) {
        let needs_groups = self.replacement.iter().any(|piece| matches!(piece, Piece::Group(1..)));
        let groups = needs_groups.then(|| self.pattern.captures_at(text, start)).flatten();
        for piece in &self.replacement {
            match piece {
                Piece::Text(bytes) => result.extend_from_slice(bytes),
                Piece::Group(0) => result.extend_from_slice(&text[start..end]),
                Piece::Group(group) => {
                    if let Some(found) = groups.as_ref().and_then(|groups| groups.get(*group)) {
                        result.extend_from_slice(found.as_bytes());
                    }
                }
            }
        }
    }
}

/// None for escapes beyond `\1` to `\9`, `\&` and `\\`.
fn pieces(text: &str) -> Option<Vec<Piece>> {
    let mut pieces = Vec::new();
    let mut plain = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        let group = match c {
            '&' => 0,
            '\\' => match chars.next()? {
                digit @ '1'..='9' => digit as usize - '0' as usize,
                c if c.is_ascii_punctuation() => {
                    plain.push(c as u8);
                    continue;
                }
                _ => return None,
            },
            c => {
                plain.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        };
        pieces.push(Piece::Text(std::mem::take(&mut plain)));
        pieces.push(Piece::Group(group));
    }
    pieces.push(Piece::Text(plain));
    Some(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, dialect: Dialect, text: &str) -> Option<String> {
        let mut out = Vec::new();
        let substitution = Substitution::parse(script, dialect)?;
        substitution.stream(&mut text.as_bytes(), &mut out, true).unwrap();
        Some(String::from_utf8(out).unwrap())
    }

    #[test]
    fn as_sed_does() {
        use Dialect::{Basic, Extended};
        for (script, dialect, text, result) in [
            ("s/7/x/", Basic, "77\n1\n7a7", "x7\n1\nxa7"),
            ("s/7/x/g", Basic, "77\n1\n7\n", "xx\n1\nx\n"),
            ("s/$/ line/", Basic, "a\n", "-"),
            ("s/^a/b/g", Basic, "aa\na\n", "ba\nb\n"),
            ("s/a$/b/", Basic, "aa\nab\n", "ab\nab\n"),
            ("s|\\(.\\)\\(.\\)|\\2\\1|", Basic, "abc\n", "bac\n"),
            ("s/(.)b/[\\1&]/g", Extended, "abcb\n", "[aab][ccb]\n"),
            ("s/[0-9]+/<&>/g", Extended, "a12b3\n", "a<12>b<3>\n"),
        ] {
            let got = run(script, dialect, text);
            assert_eq!(got.as_deref().unwrap_or("-"), result, "{script}");
        }
        for beyond in [
            "s/a/b/2",
            "s/a/\\n/",
            "y/a/b/",
            "s/a*/x/",
            "s/a|b/x/p",
            "1d",
            "s/a/b/;p",
        ] {
            assert_eq!(run(beyond, Basic, "a\n"), None, "{beyond}");
        }
    }
}
