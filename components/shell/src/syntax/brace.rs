//! Brace expansion: `a{b,c}d`, `{1..9..2}`; purely textual, before any other expansion.

use super::ast::{Piece, Word};

/// Most words that one brace expansion may yield: bounds memory.
pub(crate) const MAX_WORDS: usize = 1_000_000;

/// One symbol of a word: an unquoted character, or a piece that braces do not look into.
#[derive(Clone)]
enum Symbol {
    Char(char),
    Piece(Piece),
}

/// All the words that this word stands for; none if they are too many.
pub(crate) fn expand(word: &Word) -> Option<Vec<Word>> {
    let mut symbols = Vec::new();
    for piece in &word.pieces {
        match piece {
            Piece::Literal(text) => symbols.extend(text.chars().map(Symbol::Char)),
            other => symbols.push(Symbol::Piece(other.clone())),
        }
    }
    let mut budget = MAX_WORDS;
    let words = alternatives(&symbols, &mut budget, 0)?;
    Some(words.iter().map(|w| to_word(w)).collect())
}

fn to_word(symbols: &[Symbol]) -> Word {
    let mut word = Word::default();
    for symbol in symbols {
        match symbol {
            Symbol::Piece(piece) => word.pieces.push(piece.clone()),
            Symbol::Char(c) => match word.pieces.last_mut() {
                Some(Piece::Literal(text)) => text.push(*c),
                _ => word.pieces.push(Piece::Literal(c.to_string())),
            },
        }
    }
    word
}

fn is(symbol: Option<&Symbol>, c: char) -> bool {
    matches!(symbol, Some(Symbol::Char(x)) if *x == c)
}

/// Deepest nesting of braces that is expanded.
const MAX_DEPTH: u32 = 50;

fn alternatives(symbols: &[Symbol], budget: &mut usize, depth: u32) -> Option<Vec<Vec<Symbol>>> {
    if depth > MAX_DEPTH {
        return None;
    }
    let mut from = 0;
    while let Some(open) = (from..symbols.len()).find(|i| is(symbols.get(*i), '{')) {
        if let Some((close, commas)) = matching(symbols, open) {
            let inside = symbols.get(open + 1..close)?;
            let middle = if commas.is_empty() {
                sequence(inside, budget)?
            } else {
                let mut all = Vec::new();
                let mut start = open + 1;
                for end in commas.into_iter().chain([close]) {
                    all.extend(alternatives(symbols.get(start..end)?, budget, depth + 1)?);
                    start = end + 1;
                }
                Some(all)
            };
            if let Some(middle) = middle {
                let prefix = symbols.get(..open)?;
                let tails = alternatives(symbols.get(close + 1..)?, budget, depth + 1)?;
                let count = middle.len().checked_mul(tails.len())?;
                *budget = budget.checked_sub(count)?;
                let mut out = Vec::with_capacity(count);
                for m in &middle {
                    for t in &tails {
                        out.push([prefix, m.as_slice(), t.as_slice()].concat());
                    }
                }
                return Some(out);
            }
        }
        from = open + 1;
    }
    Some(vec![symbols.to_vec()])
}

/// The brace that closes the one at `open`, and the commas between at its level.
fn matching(symbols: &[Symbol], open: usize) -> Option<(usize, Vec<usize>)> {
    let mut depth = 0;
    let mut commas = Vec::new();
    for (i, symbol) in symbols.iter().enumerate().skip(open) {
        match symbol {
            Symbol::Char('{') => depth += 1,
            Symbol::Char('}') => {
                depth -= 1;
                if depth == 0 {
                    return Some((i, commas));
                }
            }
            Symbol::Char(',') if depth == 1 => commas.push(i),
            _ => {}
        }
    }
    None
}

/// `1..5`, `a..e`, each with an optional step. `Some(None)`: not a sequence. None: too long.
#[allow(clippy::option_option)]
fn sequence(inside: &[Symbol], budget: &mut usize) -> Option<Option<Vec<Vec<Symbol>>>> {
    let mut text = String::new();
    for symbol in inside {
        match symbol {
            Symbol::Char(c) => text.push(*c),
            Symbol::Piece(_) => return Some(None),
        }
    }
    let parts: Vec<&str> = text.split("..").collect();
    let (first, last, step) = match parts.as_slice() {
        [a, b] => (*a, *b, Some(1)),
        [a, b, s] => (*a, *b, s.parse::<i64>().ok()),
        _ => return Some(None),
    };
    let Some(step) = step else {
        return Some(None);
    };
    let letter = |s: &str| {
        let mut chars = s.chars();
        match (chars.next(), chars.next()) {
            (Some(c), None) if c.is_ascii_alphabetic() => Some(c as i64),
            _ => None,
        }
    };
    let (from, to, letters, width) = match (first.parse::<i64>(), last.parse::<i64>()) {
        (Ok(a), Ok(b)) => {
            let padded = [first, last].iter().any(|s| {
                let digits = s.trim_start_matches(['-', '+']);
                digits.len() > 1 && digits.starts_with('0')
            });
            let width = if padded { first.len().max(last.len()) } else { 0 };
            (a, b, false, width)
        }
        _ => match (letter(first), letter(last)) {
            (Some(a), Some(b)) => (a, b, true, 0),
            _ => return Some(None),
        },
    };
    let step = step.unsigned_abs().max(1);
    let count = usize::try_from(from.abs_diff(to) / step).ok()?.checked_add(1)?;
    if count > *budget {
        return None;
    }
    let mut out = Vec::with_capacity(count);
    let step = i64::try_from(step).ok()?;
    let mut value = from;
    for _ in 0..count {
        let text = if letters {
            u8::try_from(value).map(|b| (b as char).to_string()).ok()?
        } else {
            format!("{value:0width$}")
        };
        out.push(text.chars().map(Symbol::Char).collect());
        value = if to >= from {
            value.saturating_add(step)
        } else {
            value.saturating_sub(step)
        };
    }
    Some(Some(out))
}
