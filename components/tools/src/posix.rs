//! POSIX regular expressions, basic and extended with the GNU additions, translated to the syntax of the
//! regex crates. No translated expression ever matches a newline, so a search may run over many lines at once.

/// Which dialect to read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    /// `\(`, `\{`, `\|`, `\+`, `\?` are operators.
    Basic,
    /// `(`, `{`, `|`, `+`, `?` are operators.
    Extended,
}

/// A translated expression.
#[derive(Debug, PartialEq, Eq)]
pub struct Translated {
    /// In the syntax of `regex` (or of `fancy-regex`, if there are back references).
    pub expression: String,
    /// Whether `\1` to `\9` occur, which need a backtracking engine.
    pub back_references: bool,
    /// Whether alternatives occur, where POSIX wants the longest match and regex takes the first.
    pub alternation: bool,
}

/// Translates one expression.
///
/// # Errors
/// The words GNU grep uses, such as `Unmatched [, [^, [:, [., or [=`.
pub fn translate(pattern: &str, dialect: Dialect) -> Result<Translated, String> {
    Translator {
        dialect,
        rest: pattern,
        out: String::with_capacity(pattern.len() + 16),
        atom: None,
        groups: Vec::new(),
        back_references: false,
        alternation: false,
    }
    .run()
}

/// The most that an interval such as `a{1000}` may ask for: RE_DUP_MAX of glibc.
const MOST_REPETITIONS: u32 = 32767;

struct Translator<'a> {
    dialect: Dialect,
    rest: &'a str,
    out: String,
    /// Where the last atom starts in `out`; none where a quantifier has nothing to apply to.
    atom: Option<usize>,
    /// Where each open group starts in `out`.
    groups: Vec<usize>,
    back_references: bool,
    alternation: bool,
}

impl Translator<'_> {
    fn run(mut self) -> Result<Translated, String> {
        while let Some(c) = self.rest.chars().next() {
            self.rest = &self.rest[c.len_utf8()..];
            match c {
                '\\' => self.escape()?,
                '[' => {
                    let (class, used) = bracket(self.rest, false)?;
                    self.rest = &self.rest[used..];
                    self.push_atom(&class);
                }
                '.' => self.push_atom("."),
                '*' => self.quantify("*", '*'),
                '^' if self.at_start() => self.assertion("^"),
                '$' if self.at_end() => self.assertion("$"),
                '^' | '$' if self.dialect == Dialect::Extended => self.assertion(if c == '^' { "^" } else { "$" }),
                '+' | '?' if self.dialect == Dialect::Extended => {
                    self.quantify(if c == '+' { "+" } else { "?" }, c);
                }
                '(' if self.dialect == Dialect::Extended => self.open(),
                ')' if self.dialect == Dialect::Extended && !self.groups.is_empty() => self.close()?,
                '|' if self.dialect == Dialect::Extended => self.alternative(),
                '{' if self.dialect == Dialect::Extended => self.interval("}")?,
                literal => self.literal(literal),
            }
        }
        if !self.groups.is_empty() {
            return Err(r"Unmatched ( or \(".into());
        }
        Ok(Translated {
            expression: self.out,
            back_references: self.back_references,
            alternation: self.alternation,
        })
    }

    fn escape(&mut self) -> Result<(), String> {
        let Some(c) = self.rest.chars().next() else {
            return Err("Trailing backslash".into());
        };
        self.rest = &self.rest[c.len_utf8()..];
        let basic = self.dialect == Dialect::Basic;
        match c {
            '(' if basic => self.open(),
            ')' if basic => self.close()?,
            '|' if basic => self.alternative(),
            '{' if basic => self.interval(r"\}")?,
            '+' if basic => self.quantify("+", c),
            '?' if basic => self.quantify("?", c),
            '<' => self.assertion(r"\b{start}"),
            '>' => self.assertion(r"\b{end}"),
            'b' => self.assertion(r"\b"),
            'B' => self.assertion(r"\B"),
            '`' => self.assertion("^"),
            '\'' => self.assertion("$"),
            'w' => self.push_atom(r"\w"),
            'W' => self.push_atom(r"[^\w\n]"),
            's' => self.push_atom(r"[^\S\n]"),
            'S' => self.push_atom(r"\S"),
            '1'..='9' => {
                self.back_references = true;
                // A group of its own, so that a digit that follows is not read as part of the number.
                self.push_atom(&format!(r"(?:\{c})"));
            }
            literal => self.literal(literal),
        }
        Ok(())
    }

    fn literal(&mut self, literal: char) {
        let mut buffer = [0; 4];
        let escaped = regex::escape(literal.encode_utf8(&mut buffer));
        self.push_atom(&escaped);
    }

    fn push_atom(&mut self, text: &str) {
        self.atom = Some(self.out.len());
        self.out.push_str(text);
    }

    fn assertion(&mut self, text: &str) {
        self.out.push_str(text);
        self.atom = None;
    }

    /// Each quantifier closes a group of its own: `a+?` is an optional `a+` here, not a lazy one.
    fn quantify(&mut self, quantifier: &str, as_literal: char) {
        match self.atom {
            Some(start) => {
                self.out.insert_str(start, "(?:");
                self.out.push_str(quantifier);
                self.out.push(')');
            }
            None => self.literal(as_literal),
        }
    }

    fn open(&mut self) {
        self.groups.push(self.out.len());
        self.out.push('(');
        self.atom = None;
    }

    fn close(&mut self) -> Result<(), String> {
        let start = self.groups.pop().ok_or(r"Unmatched ) or \)")?;
        self.out.push(')');
        self.atom = Some(start);
        Ok(())
    }

    fn alternative(&mut self) {
        self.out.push('|');
        self.atom = None;
        self.alternation = true;
    }

    /// `{m}`, `{m,}`, `{,n}` or `{m,n}`; in the extended dialect anything else is a literal brace.
    fn interval(&mut self, end: &str) -> Result<(), String> {
        let parsed = self.rest.find(end).and_then(|at| {
            let inside = &self.rest[..at];
            let (low, high) = match inside.split_once(',') {
                Some((low, high)) => (low, Some(high)),
                None => (inside, None),
            };
            let number = |text: &str| {
                text.bytes()
                    .all(|b| b.is_ascii_digit())
                    .then(|| text.parse::<u32>().ok())
            };
            let low_number = if low.is_empty() && high.is_some() {
                Some(0)
            } else {
                number(low)?
            };
            let high_number = match high {
                None => low_number,
                Some("") => None,
                Some(text) => Some(number(text)??),
            };
            Some((at, low_number?, high.map(str::is_empty), high_number))
        });
        let Some((at, low, open, high)) = parsed else {
            if self.dialect == Dialect::Extended {
                self.literal('{');
                return Ok(());
            }
            return Err(r"Invalid content of \{\}".into());
        };
        if self.atom.is_none() {
            if self.dialect == Dialect::Extended {
                self.literal('{');
                return Ok(());
            }
            return Err("Invalid preceding regular expression".into());
        }
        if low > MOST_REPETITIONS || high.is_some_and(|high| high > MOST_REPETITIONS) {
            return Err("Regular expression too big".into());
        }
        if high.is_some_and(|high| high < low) {
            return Err(r"Invalid content of \{\}".into());
        }
        self.rest = &self.rest[at + end.len()..];
        let text = match (open, high) {
            (Some(true), _) => format!("{{{low},}}"),
            (None, _) => format!("{{{low}}}"),
            (_, Some(high)) => format!("{{{low},{high}}}"),
            (_, None) => format!("{{{low},}}"),
        };
        self.quantify(&text, '{');
        Ok(())
    }

    fn at_start(&self) -> bool {
        self.out.is_empty()
            || self.out.ends_with('|') && self.atom.is_none()
            || self.groups.last() == Some(&(self.out.len() - 1))
    }

    fn at_end(&self) -> bool {
        let rest = self.rest;
        match self.dialect {
            Dialect::Basic => rest.is_empty() || rest.starts_with(r"\)") || rest.starts_with(r"\|"),
            Dialect::Extended => true,
        }
    }
}

/// Reads a bracket expression after its `[` and gives it as a class of regex, with the bytes used up to and
/// with its `]`. A negated one never matches a newline, unless it belongs to a `glob` (where `!` negates too).
///
/// # Errors
/// What GNU grep says of one that does not end or names an unknown class.
pub fn bracket(text: &str, glob: bool) -> Result<(String, usize), String> {
    const UNMATCHED: &str = "Unmatched [, [^, [:, [., or [=";
    let mut out = String::from("[");
    let mut at = 0;
    let negated = text.starts_with('^') || glob && text.starts_with('!');
    if negated {
        out.push('^');
        if !glob {
            out.push_str(r"\n");
        }
        at = 1;
    }
    let first = at;
    loop {
        let c = text[at..].chars().next().ok_or(UNMATCHED)?;
        if c == ']' && at > first {
            at += 1;
            break;
        }
        if let Some(inside) = text[at..].strip_prefix("[:") {
            let end = inside.find(":]").ok_or(UNMATCHED)?;
            out.push_str(class(&inside[..end], glob)?);
            at += end + 4;
            continue;
        }
        let (low, used) = element(&text[at..], glob).ok_or(UNMATCHED)?;
        at += used;
        // A range, unless the dash is the last of the bracket.
        if text[at..].starts_with('-') && !text[at + 1..].starts_with(']') && at + 1 < text.len() {
            let (high, used) = element(&text[at + 1..], glob).ok_or(UNMATCHED)?;
            if high < low {
                return Err("Invalid range end".into());
            }
            at += 1 + used;
            out.push_str(&format!(r"\x{{{:x}}}-\x{{{:x}}}", low as u32, high as u32));
        } else {
            out.push_str(&format!(r"\x{{{:x}}}", low as u32));
        }
    }
    out.push(']');
    Ok((out, at))
}

/// One character of a bracket: plain, `[.x.]` or `[=x=]`; in a glob a backslash quotes.
fn element(text: &str, glob: bool) -> Option<(char, usize)> {
    for (open, close) in [("[.", ".]"), ("[=", "=]")] {
        if let Some(inside) = text.strip_prefix(open) {
            let end = inside.find(close)?;
            let mut chars = inside[..end].chars();
            let only = chars.next()?;
            return chars.next().is_none().then_some((only, end + 4));
        }
    }
    let c = text.chars().next()?;
    if glob && c == '\\' {
        let quoted = text[1..].chars().next()?;
        return Some((quoted, 1 + quoted.len_utf8()));
    }
    Some((c, c.len_utf8()))
}

fn class(name: &str, glob: bool) -> Result<&'static str, String> {
    Ok(match name {
        "alpha" => r"\p{Alphabetic}",
        "digit" => "0-9",
        "alnum" => r"\p{Alphabetic}\p{Nd}",
        "upper" => r"\p{Uppercase}",
        "lower" => r"\p{Lowercase}",
        "space" if glob => r"\s",
        "space" => r" \t\r\x0b\x0c",
        "blank" => r" \t",
        "punct" => r"!-/:-@\[-`{-~\p{P}\p{S}",
        "print" => r" -~\p{L}\p{M}\p{N}\p{P}\p{S}\p{Zs}",
        "graph" => r"!-~\p{L}\p{M}\p{N}\p{P}\p{S}",
        "cntrl" => r"\x00-\x09\x0b-\x1f\x7f",
        "xdigit" => "0-9A-Fa-f",
        _ => return Err("Invalid character class name".into()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, dialect: Dialect, line: &str) -> Option<String> {
        let translated = translate(pattern, dialect).unwrap();
        let regex = fancy_regex::Regex::new(&translated.expression).unwrap();
        regex.find(line).unwrap().map(|m| m.as_str().to_owned())
    }

    #[test]
    fn basic() {
        use Dialect::Basic;
        for (pattern, line, found) in [
            ("a.c", "xabcx", Some("abc")),
            ("a+c", "aac a+c", Some("a+c")),
            (r"a\+c", "aac", Some("aac")),
            (r"a\?c", "c", Some("c")),
            (r"\(ab\)*", "ababx", Some("abab")),
            (r"a\{2,3\}", "aaaa", Some("aaa")),
            (r"x\|y", "zy", Some("y")),
            ("*a", "*a", Some("*a")),
            (r"\(*a\)", "*a", Some("*a")),
            ("a^b", "a^b", Some("a^b")),
            ("a$b", "a$b", Some("a$b")),
            ("^a$", "a", Some("a")),
            ("^*x", "*x", Some("*x")),
            ("(x)", "(x)", Some("(x)")),
            ("a{2}", "a{2}", Some("a{2}")),
            (r"\(.\)\1", "abccd", Some("cc")),
            (r"\<is\>", "this is", Some("is")),
            ("[^]a]", "]ab", Some("b")),
            (r"[\.]", r"a\", Some(r"\")),
            ("[[:digit:]]*x", "123x", Some("123x")),
            ("[a-c&&x]", "&", Some("&")),
            (r"\.", "a.", Some(".")),
            ("a|b", "b", None),
        ] {
            assert_eq!(matches(pattern, Basic, line).as_deref(), found, "{pattern}");
        }
    }

    #[test]
    fn extended() {
        use Dialect::Extended;
        for (pattern, line, found) in [
            ("(ab)+", "xabab", Some("abab")),
            ("a+?b", "b", Some("b")),
            ("a{2}", "aaa", Some("aa")),
            ("a{,2}b", "aab", Some("aab")),
            ("a{x", "a{x", Some("a{x")),
            ("{1}", "{1}", Some("{1}")),
            ("^(a|b)$", "b", Some("b")),
            (r"\(x\)", "(x)", Some("(x)")),
            ("a)", "a)", Some("a)")),
            (r"(.)\1", "aab", Some("aa")),
            ("[0-9]+-[0-9]+", "tel 12-34", Some("12-34")),
            ("[a-]", "-", Some("-")),
            (r"\s", "a b", Some(" ")),
            ("^#|^$", "# x", Some("#")),
        ] {
            assert_eq!(matches(pattern, Extended, line).as_deref(), found, "{pattern}");
        }
    }

    #[test]
    fn never_a_newline() {
        for pattern in ["[^a]", r"\W", r"\s", "[[:space:]]", "[[:cntrl:]]", "."] {
            assert_eq!(matches(pattern, Dialect::Extended, "\n"), None, "{pattern}");
        }
    }

    #[test]
    fn mistakes() {
        for (pattern, dialect, words) in [
            ("[a", Dialect::Basic, "Unmatched [, [^, [:, [., or [="),
            ("[[:nope:]]", Dialect::Basic, "Invalid character class name"),
            ("[z-a]", Dialect::Basic, "Invalid range end"),
            (r"\(a", Dialect::Basic, r"Unmatched ( or \("),
            (r"a\)", Dialect::Basic, r"Unmatched ) or \)"),
            ("(a", Dialect::Extended, r"Unmatched ( or \("),
            ("a\\", Dialect::Extended, "Trailing backslash"),
            (r"a\{3,2\}", Dialect::Basic, r"Invalid content of \{\}"),
        ] {
            assert_eq!(translate(pattern, dialect).unwrap_err(), words, "{pattern}");
        }
    }
}
