//! Shell patterns (`*`, `?`, `[...]`) over whole names, as fnmatch(3) without FNM_PATHNAME has them.

/// A compiled pattern.
pub struct Glob(regex::bytes::Regex);

impl Glob {
    /// Compiles `pattern`. A bracket without its end is a literal one.
    ///
    /// # Errors
    /// What regex says, for a bad range such as `[z-a]`.
    pub fn new(pattern: &str, ignore_case: bool) -> Result<Self, regex::Error> {
        let mut out = String::from(r"\A");
        let mut rest = pattern;
        while let Some(c) = rest.chars().next() {
            rest = &rest[c.len_utf8()..];
            match c {
                '*' => out.push_str(".*"),
                '?' => out.push('.'),
                '\\' => {
                    let literal = rest.chars().next().unwrap_or('\\');
                    rest = rest.get(literal.len_utf8()..).unwrap_or("");
                    push_literal(&mut out, literal);
                }
                '[' => match crate::posix::bracket(rest, true) {
                    Ok((class, used)) => {
                        out.push_str(&class);
                        rest = &rest[used..];
                    }
                    Err(_) => out.push_str(r"\["),
                },
                other => push_literal(&mut out, other),
            }
        }
        out.push_str(r"\z");
        regex::bytes::RegexBuilder::new(&out)
            .dot_matches_new_line(true)
            .case_insensitive(ignore_case)
            .build()
            .map(Glob)
    }

    /// Whether the whole of `name` fits.
    pub fn matches(&self, name: &[u8]) -> bool {
        self.0.is_match(name)
    }
}

fn push_literal(out: &mut String, literal: char) {
    let mut buffer = [0; 4];
    out.push_str(&regex::escape(literal.encode_utf8(&mut buffer)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns() {
        for (pattern, name, fits) in [
            ("*.rs", "main.rs", true),
            ("*.rs", "main.rsx", false),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("[!a-c]x", "dx", true),
            ("[!a-c]x", "bx", false),
            ("[]x]", "]", true),
            (r"\*", "*", true),
            (r"\*", "a", false),
            ("a[", "a[", true),
            ("*", "with/slash", true),
            ("(x|y)", "(x|y)", true),
            ("[[:digit:]]", "7", true),
        ] {
            assert_eq!(
                Glob::new(pattern, false).unwrap().matches(name.as_bytes()),
                fits,
                "{pattern} {name}"
            );
        }
        assert!(Glob::new("*.TXT", true).unwrap().matches(b"a.txt"));
    }
}
