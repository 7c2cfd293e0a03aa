//! Shell patterns on one name: `*`, `?`, `[a-z]`, `[!x]`, and `\` before a character that means itself.

/// Whether `name` fits `pattern`. Takes time proportional to the product of their lengths at worst.
#[must_use]
pub fn matches(pattern: &str, name: &str) -> bool {
    let pattern: Vec<char> = pattern.chars().collect();
    let name: Vec<char> = name.chars().collect();
    let (mut p, mut n) = (0, 0);
    // Where to go on if the present try fails: after the last star, one character later each time.
    let mut retry: Option<(usize, usize)> = None;
    loop {
        if pattern.get(p) == Some(&'*') {
            retry = Some((p + 1, n));
            p += 1;
            continue;
        }
        let fits = match name.get(n) {
            None => {
                if p == pattern.len() {
                    return true;
                }
                None
            }
            Some(character) => one(&pattern[p..], *character),
        };
        match (fits, retry) {
            (Some(used), _) => {
                p += used;
                n += 1;
            }
            (None, Some((after_star, at))) if at < name.len() => {
                p = after_star;
                n = at + 1;
                retry = Some((after_star, at + 1));
            }
            (None, _) => return false,
        }
    }
}

/// How many characters of the pattern take part in matching `character`, if they do.
fn one(pattern: &[char], character: char) -> Option<usize> {
    match pattern {
        ['?', ..] => Some(1),
        ['[', rest @ ..] => match class(rest, character) {
            Some((true, used)) => Some(used + 1),
            Some((false, _)) => None,
            // Without its closing bracket it is an ordinary character.
            None => (character == '[').then_some(1),
        },
        ['\\', escaped, ..] => (*escaped == character).then_some(2),
        [plain, ..] => (*plain == character).then_some(1),
        [] => None,
    }
}

/// Whether the character is in the class that `pattern` (after its `[`) begins with, and the class's length.
fn class(pattern: &[char], character: char) -> Option<(bool, usize)> {
    let negated = matches!(pattern.first(), Some('!' | '^'));
    let start = usize::from(negated);
    let mut at = start;
    let mut found = false;
    loop {
        match pattern.get(at)? {
            ']' if at > start => return Some((found != negated, at + 1)),
            low => {
                if let (Some('-'), Some(high)) = (pattern.get(at + 1), pattern.get(at + 2))
                    && *high != ']'
                {
                    found |= (*low..=*high).contains(&character);
                    at += 3;
                } else {
                    found |= *low == character;
                    at += 1;
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn patterns_fit_as_in_a_shell() {
        for (pattern, name) in [
            ("*", ""),
            ("*.txt", "a.txt"),
            ("a*b*c", "aXbXbXc"),
            ("?b", "äb"),
            ("[a-c]x", "bx"),
            ("[!a-c]x", "dx"),
            ("[]]", "]"),
            ("[a", "[a"),
            ("\\*", "*"),
            ("", ""),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.txt", "a.txt.gz"),
            ("?", ""),
            ("[a-c]", "d"),
            ("[!a]", "a"),
            ("\\*", "x"),
            ("", "a"),
            ("a*b", "acbd"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_hostile_pattern_does_not_take_for_ever() {
        let pattern = format!("{}b", "a*".repeat(100));
        assert!(!matches(&pattern, &"a".repeat(255)));
    }
}
