//! Finding matches, in whole buffers of lines where the engine allows it.

use super::options::{Options, Syntax};
use crate::posix::{self, Dialect};
use regex_automata::hybrid::dfa::{Cache, DFA};
use regex_automata::util::syntax;
use regex_automata::{Anchored, Input, MatchKind};
use std::cell::RefCell;

/// Most memory of one compiled expression, so that `a{30000}{30000}` is refused rather than built.
const MOST_COMPILED: usize = 32 << 20;

/// Compiled patterns.
pub enum Matcher {
    /// One automaton for all patterns; never matches across a line end.
    Automaton {
        /// Finds where the leftmost match starts.
        regex: regex::bytes::Regex,
        /// Finds where the longest match from there ends; there if an alternative could be longer than the first.
        longest: Option<Box<(DFA, RefCell<Cache>)>>,
    },
    /// Backtracking expressions, tried in turn on single lines.
    Backtracking(Vec<fancy_regex::Regex>),
}

impl Matcher {
    /// Compiles what the options ask for.
    ///
    /// # Errors
    /// What is wrong with a pattern, in GNU grep's words where it has any.
    pub fn new(options: &Options) -> Result<Self, String> {
        let mut translated = Vec::with_capacity(options.patterns.len());
        let mut backtracking = options.syntax == Syntax::Perl;
        let mut alternation = options.patterns.len() > 1;
        for pattern in &options.patterns {
            let dialect = match options.syntax {
                Syntax::Fixed => {
                    translated.push(regex::escape(pattern));
                    continue;
                }
                Syntax::Perl => {
                    translated.push(pattern.clone());
                    continue;
                }
                Syntax::Basic => Dialect::Basic,
                Syntax::Extended => Dialect::Extended,
            };
            let one = posix::translate(pattern, dialect)?;
            backtracking |= one.back_references;
            alternation |= one.alternation;
            translated.push(one.expression);
        }
        if backtracking {
            Self::backtracking(options, &translated)
        } else {
            Self::automaton(options, &translated, alternation)
        }
    }

    fn automaton(options: &Options, translated: &[String], alternation: bool) -> Result<Self, String> {
        let mut expression = match translated {
            [] => r"[^\s\S]".to_owned(), // no pattern (an empty file) matches nothing
            [one] => one.clone(),
            many => many
                .iter()
                .map(|one| format!("(?:{one})"))
                .collect::<Vec<_>>()
                .join("|"),
        };
        if options.whole_lines {
            expression = format!("^(?:{expression})$");
        } else if options.words {
            expression = format!(r"\b{{start-half}}(?:{expression})\b{{end-half}}");
        }
        let regex = regex::bytes::RegexBuilder::new(&expression)
            .multi_line(true)
            .case_insensitive(options.ignore_case)
            .size_limit(MOST_COMPILED)
            .build()
            .map_err(|error| first_line(&error.to_string()))?;
        let longest = alternation.then(|| longest(&expression, options.ignore_case)).flatten();
        Ok(Self::Automaton { regex, longest })
    }

    fn backtracking(options: &Options, translated: &[String]) -> Result<Self, String> {
        translated
            .iter()
            .map(|one| {
                let mut expression = format!("(?:{one})");
                if options.whole_lines {
                    expression = format!("^{expression}$");
                } else if options.words {
                    expression = format!(r"(?<!\w){expression}(?!\w)");
                }
                fancy_regex::RegexBuilder::new(&expression)
                    .case_insensitive(options.ignore_case)
                    .build()
                    .map_err(|error| first_line(&error.to_string()))
            })
            .collect::<Result<_, _>>()
            .map(Self::Backtracking)
    }

    /// The first line of `lines` at or after `from` that matches, with its line end. `from` is the start of a line.
    pub fn next_line(&self, lines: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Automaton { regex, .. } => {
                let found = regex.find_at(lines, from)?;
                // The empty match behind the last line end belongs to no line.
                if found.start() == lines.len() && lines.ends_with(b"\n") {
                    return None;
                }
                Some(line_around(lines, found.start()))
            }
            Self::Backtracking(_) => {
                let mut start = from;
                while start < lines.len() {
                    let (_, end) = line_around(lines, start);
                    let line = &lines[start..end];
                    if self.find(line.strip_suffix(b"\n").unwrap_or(line), 0).is_some() {
                        return Some((start, end));
                    }
                    start = end;
                }
                None
            }
        }
    }

    /// The leftmost match within one line (without its end) at or after `from`.
    pub fn find(&self, line: &[u8], from: usize) -> Option<(usize, usize)> {
        match self {
            Self::Automaton { regex, longest } => {
                let found = regex.find_at(line, from)?;
                let end = longest.as_ref().and_then(|both| {
                    let (dfa, cache) = &**both;
                    let input = Input::new(line).anchored(Anchored::Yes).range(found.start()..);
                    dfa.try_search_fwd(&mut cache.borrow_mut(), &input)
                        .ok()
                        .flatten()
                        .map(|half| half.offset())
                });
                Some((found.start(), end.unwrap_or(found.end()).max(found.end())))
            }
            Self::Backtracking(all) => {
                // Back references work on text; a line that is no text matches nothing.
                let text = std::str::from_utf8(line).ok()?;
                // Past the backtracking limit counts as no match.
                all.iter()
                    .filter_map(|one| one.find_from_pos(text, from).ok().flatten())
                    .map(|found| (found.start(), found.end()))
                    .min_by_key(|(start, end)| (*start, std::cmp::Reverse(*end)))
            }
        }
    }
}

fn longest(expression: &str, ignore_case: bool) -> Option<Box<(DFA, RefCell<Cache>)>> {
    let dfa = DFA::builder()
        .configure(
            DFA::config()
                .match_kind(MatchKind::All)
                .unicode_word_boundary(true)
                .skip_cache_capacity_check(true),
        )
        .syntax(
            syntax::Config::new()
                .utf8(false)
                .multi_line(true)
                .case_insensitive(ignore_case),
        )
        .thompson(
            regex_automata::nfa::thompson::Config::new()
                .utf8(false)
                .nfa_size_limit(Some(MOST_COMPILED)),
        )
        .build(expression)
        .ok()?;
    let cache = RefCell::new(dfa.create_cache());
    Some(Box::new((dfa, cache)))
}

/// Start and end (behind the line end) of the line that holds `at`.
fn line_around(lines: &[u8], at: usize) -> (usize, usize) {
    let start = memchr::memrchr(b'\n', &lines[..at]).map_or(0, |newline| newline + 1);
    let end = memchr::memchr(b'\n', &lines[at..]).map_or(lines.len(), |newline| at + newline + 1);
    (start, end)
}

fn first_line(text: &str) -> String {
    text.lines()
        .last()
        .unwrap_or(text)
        .trim_start_matches("error: ")
        .to_owned()
}
