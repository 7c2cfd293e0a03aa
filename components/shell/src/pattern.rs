//! Shell patterns: `*`, `?`, `[…]`, and the extended `?(…)`, `*(…)`, `+(…)`, `@(…)`, `!(…)`.
//!
//! Matching keeps the set of positions reachable so far, so its time is bounded by
//! (pattern length) × (text length) and never explodes.

/// A compiled pattern.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    elements: Vec<Element>,
}

#[derive(Debug, Clone)]
enum Element {
    Char(char),
    Any,
    Star,
    Class { negated: bool, items: Vec<ClassItem> },
    Extended { kind: char, alternatives: Vec<Pattern> },
}

#[derive(Debug, Clone)]
enum ClassItem {
    Range(char, char),
    Named(String),
}

/// Deepest nesting of extended patterns; deeper ones are literal text.
const MAX_DEPTH: u32 = 20;

/// A character of a pattern, and whether it was quoted (and so stands for itself).
pub(crate) type PatternChar = (char, bool);

impl Pattern {
    pub fn new(chars: &[PatternChar]) -> Self {
        Self {
            elements: compile(chars, 0),
        }
    }

    /// The text it matches, if it has no special character.
    pub fn literal(&self) -> Option<String> {
        self.elements
            .iter()
            .map(|e| match e {
                Element::Char(c) => Some(*c),
                _ => None,
            })
            .collect()
    }

    /// Whether it matches the whole text.
    pub fn matches(&self, text: &[char]) -> bool {
        self.ends(text, 0).last() == Some(&text.len())
    }

    pub fn matches_str(&self, text: &str) -> bool {
        let chars: Vec<char> = text.chars().collect();
        self.matches(&chars)
    }

    /// The positions, ascending, at which a match that starts at `from` may end.
    pub fn ends(&self, text: &[char], from: usize) -> Vec<usize> {
        run(&self.elements, text, vec![from])
    }

    /// The same pattern read backwards.
    pub fn reversed(&self) -> Self {
        let elements = self
            .elements
            .iter()
            .rev()
            .map(|e| match e {
                Element::Extended { kind, alternatives } => Element::Extended {
                    kind: *kind,
                    alternatives: alternatives.iter().map(Self::reversed).collect(),
                },
                other => other.clone(),
            })
            .collect();
        Self { elements }
    }

    /// Whether it starts with a literal dot (and so finds hidden files).
    pub fn starts_with_dot(&self) -> bool {
        matches!(self.elements.first(), Some(Element::Char('.')))
    }
}

/// Whether unquoted special characters make these a pattern.
pub(crate) fn is_pattern(chars: &[PatternChar]) -> bool {
    let mut bracket = false;
    chars.iter().enumerate().any(|(i, (c, quoted))| {
        if *quoted {
            return false;
        }
        match c {
            '*' | '?' => true,
            '[' => {
                bracket = true;
                false
            }
            ']' => bracket,
            '@' | '+' | '!' => chars.get(i + 1) == Some(&('(', false)),
            _ => false,
        }
    })
}

fn run(elements: &[Element], text: &[char], mut at: Vec<usize>) -> Vec<usize> {
    for element in elements {
        if at.is_empty() {
            break;
        }
        at = step(element, text, at);
    }
    at
}

fn step(element: &Element, text: &[char], at: Vec<usize>) -> Vec<usize> {
    let advance = |test: &dyn Fn(char) -> bool| -> Vec<usize> {
        at.iter()
            .filter(|i| text.get(**i).is_some_and(|c| test(*c)))
            .map(|i| i + 1)
            .collect()
    };
    match element {
        Element::Char(want) => advance(&|c| c == *want),
        Element::Any => advance(&|_| true),
        Element::Class { negated, items } => advance(&|c| items.iter().any(|item| in_class(item, c)) != *negated),
        Element::Star => match at.first() {
            Some(&first) => (first..=text.len()).collect(),
            None => Vec::new(),
        },
        Element::Extended { kind, alternatives } => extended(*kind, alternatives, text, &at),
    }
}

fn extended(kind: char, alternatives: &[Pattern], text: &[char], at: &[usize]) -> Vec<usize> {
    let once = |from: &[usize]| -> Vec<usize> {
        let mut out: Vec<usize> = alternatives
            .iter()
            .flat_map(|p| run(&p.elements, text, from.to_vec()))
            .collect();
        out.sort_unstable();
        out.dedup();
        out
    };
    let union = |a: &[usize], b: &[usize]| -> Vec<usize> {
        let mut out = [a, b].concat();
        out.sort_unstable();
        out.dedup();
        out
    };
    let closure = |start: Vec<usize>| -> Vec<usize> {
        let mut all = start;
        loop {
            let next = union(&all, &once(&all));
            if next.len() == all.len() {
                return all;
            }
            all = next;
        }
    };
    match kind {
        '@' => once(at),
        '?' => union(at, &once(at)),
        '+' => closure(once(at)),
        '*' => closure(at.to_vec()),
        _ => {
            let mut out = Vec::new();
            for &from in at {
                let taken = once(&[from]);
                out.extend((from..=text.len()).filter(|i| taken.binary_search(i).is_err()));
            }
            out.sort_unstable();
            out.dedup();
            out
        }
    }
}

fn in_class(item: &ClassItem, c: char) -> bool {
    match item {
        ClassItem::Range(a, b) => *a <= c && c <= *b,
        ClassItem::Named(name) => match name.as_str() {
            "alpha" => c.is_alphabetic(),
            "digit" => c.is_ascii_digit(),
            "alnum" => c.is_alphanumeric(),
            "upper" => c.is_uppercase(),
            "lower" => c.is_lowercase(),
            "space" => c.is_whitespace(),
            "blank" => c == ' ' || c == '\t',
            "punct" => c.is_ascii_punctuation(),
            "cntrl" => c.is_control(),
            "print" => !c.is_control(),
            "graph" => !c.is_control() && !c.is_whitespace(),
            "xdigit" => c.is_ascii_hexdigit(),
            "word" => c.is_alphanumeric() || c == '_',
            _ => false,
        },
    }
}

fn compile(chars: &[PatternChar], depth: u32) -> Vec<Element> {
    let mut out = Vec::with_capacity(chars.len());
    let mut i = 0;
    while let Some(&(c, quoted)) = chars.get(i) {
        i += 1;
        if quoted {
            out.push(Element::Char(c));
            continue;
        }
        if "?*+@!".contains(c)
            && chars.get(i) == Some(&('(', false))
            && depth < MAX_DEPTH
            && let Some((alternatives, next)) = alternatives(chars, i + 1, depth)
        {
            out.push(Element::Extended { kind: c, alternatives });
            i = next;
            continue;
        }
        match c {
            '?' => out.push(Element::Any),
            '*' => {
                if !matches!(out.last(), Some(Element::Star)) {
                    out.push(Element::Star);
                }
            }
            '[' => match class(chars, i) {
                Some((element, next)) => {
                    out.push(element);
                    i = next;
                }
                None => out.push(Element::Char('[')),
            },
            // A backslash that came out of an expansion quotes the next character.
            '\\' => match chars.get(i) {
                Some(&(next, _)) => {
                    out.push(Element::Char(next));
                    i += 1;
                }
                None => out.push(Element::Char('\\')),
            },
            c => out.push(Element::Char(c)),
        }
    }
    out
}

/// After `?(` and its kin: the alternatives and the index after the closing parenthesis.
fn alternatives(chars: &[PatternChar], from: usize, depth: u32) -> Option<(Vec<Pattern>, usize)> {
    let mut out = Vec::new();
    let mut level = 0;
    let mut start = from;
    let mut i = from;
    loop {
        match chars.get(i)? {
            ('(', false) => level += 1,
            (')', false) if level > 0 => level -= 1,
            (end @ (')' | '|'), false) if level == 0 => {
                out.push(Pattern {
                    elements: compile(chars.get(start..i)?, depth + 1),
                });
                start = i + 1;
                if *end == ')' {
                    return Some((out, i + 1));
                }
            }
            _ => {}
        }
        i += 1;
    }
}

/// After `[`: the class and the index after its `]`; none if it is not closed.
fn class(chars: &[PatternChar], from: usize) -> Option<(Element, usize)> {
    let mut i = from;
    let negated = matches!(chars.get(i)?, ('!' | '^', false));
    i += usize::from(negated);
    let mut items = Vec::new();
    let mut first = true;
    loop {
        let &(c, quoted) = chars.get(i)?;
        if c == ']' && !quoted && !first {
            return Some((Element::Class { negated, items }, i + 1));
        }
        first = false;
        if c == '/' && !quoted {
            return None;
        }
        if c == '[' && !quoted && chars.get(i + 1) == Some(&(':', false)) {
            let name: String = chars
                .get(i + 2..)?
                .iter()
                .map(|(c, _)| *c)
                .take_while(|c| c.is_ascii_alphabetic())
                .collect();
            let end = i + 2 + name.len();
            if chars.get(end) == Some(&(':', false)) && chars.get(end + 1) == Some(&(']', false)) {
                items.push(ClassItem::Named(name));
                i = end + 2;
                continue;
            }
        }
        let mut c = c;
        if c == '\\' && !quoted {
            i += 1;
            c = chars.get(i)?.0;
        }
        i += 1;
        if chars.get(i) == Some(&('-', false))
            && let Some(&(last, last_quoted)) = chars.get(i + 1)
            && (last != ']' || last_quoted)
        {
            items.push(ClassItem::Range(c, last));
            i += 2;
        } else {
            items.push(ClassItem::Range(c, c));
        }
    }
}
