//! Parameter expansion: `$x`, `${x:-…}`, `${x#…}` and all the others.

use super::replace::{Part, parts, replace};
use super::value::Held;
use super::{Builder, Quoting};
use crate::pattern::Pattern;
use crate::shell::{Flow, Shell};
use crate::syntax::ast::{Index, Op, Param, Word};
use crate::text;
use crate::vars::{Key, Value, Var};

impl Shell {
    pub(super) async fn param(&mut self, param: &Param, out: &mut Builder, quoting: Quoting) -> Result<(), Flow> {
        // The common case: `$x`.
        if param.index.is_none()
            && matches!(param.op, Op::None)
            && !param.indirect
            && !matches!(param.name.as_str(), "@" | "*")
        {
            match self.parameter(&param.name) {
                Some(text) => out.push(&text, quoting),
                None => {
                    self.check_unset(&param.name).await?;
                    out.push("", quoting);
                }
            }
            return Ok(());
        }
        if let Op::Bad(text) = &param.op {
            self.complain(&format!("{text}: bad substitution")).await;
            return Err(Flow::Discard(1));
        }
        let (mut name, mut held, mut key) = self.held(&param.name, param.index.as_ref()).await?;
        if param.indirect {
            let target = match &held {
                Held::One(target) => target.clone(),
                Held::Many(list, _) => list.join(" "),
                Held::Unset => String::new(),
            };
            if let Some(var) = self.vars.get_raw(&param.name)
                && var.nameref
            {
                held = Held::One(self.vars.resolve(&param.name).to_owned());
            } else if target.is_empty() {
                self.complain(&format!("{}: invalid indirect expansion", param.name))
                    .await;
                return Err(Flow::Discard(1));
            } else {
                (name, held, key) = self.held_by_text(&target).await?;
            }
        }
        match &param.op {
            Op::Default { colon, kind, word } => {
                self.default_op(&name, key, held, (*colon, *kind, word), out, quoting)
                    .await
            }
            Op::Length => {
                let length = match held {
                    Held::Many(list, _) => list.len(),
                    Held::One(text) if matches!(name.as_str(), "@" | "*") => text.len(),
                    Held::One(text) => text.chars().count(),
                    Held::Unset => {
                        self.check_unset(&name).await?;
                        0
                    }
                };
                out.push(&length.to_string(), quoting);
                Ok(())
            }
            Op::Keys => {
                let keys = match self.vars.get(&name) {
                    Some(var) => var.keys(),
                    None => (0..self.elements(&name).len()).map(|i| i.to_string()).collect(),
                };
                let star = matches!(param.index, Some(Index::Star));
                emit(out, Held::Many(keys, star), quoting);
                Ok(())
            }
            Op::Names => {
                let mut names = self.vars.names();
                names.retain(|n| n.starts_with(&name) && self.vars.get(n).is_some_and(|v| v.value != Value::Unset));
                let star = matches!(param.index, Some(Index::Star));
                emit(out, Held::Many(names, star), quoting);
                Ok(())
            }
            Op::Substring { offset, length } => {
                let held = self.substring(&name, held, offset, length.as_ref()).await?;
                emit(out, held, quoting);
                Ok(())
            }
            Op::Transform('A' | 'a') if !matches!(param.op, Op::Transform('a')) => {
                let text = match self.vars.get(&name) {
                    Some(var) => match &var.value {
                        Value::Scalar(text) => {
                            let flags = attributes(var);
                            let head = if flags.is_empty() {
                                String::new()
                            } else {
                                format!("declare -{flags} ")
                            };
                            format!("{head}{name}={}", text::single_quote(text))
                        }
                        _ => declaration(&name, var),
                    },
                    None => String::new(),
                };
                out.push(&text, quoting);
                Ok(())
            }
            Op::Transform('P') => {
                if let Held::One(text) = held {
                    let text = self.expand_prompt(&text).await;
                    out.push(
                        &text.replace([crate::edit::HIDDEN.0, crate::edit::HIDDEN.1], ""),
                        quoting,
                    );
                }
                Ok(())
            }
            Op::Transform(kind @ ('K' | 'k')) if matches!(param.index, Some(Index::At | Index::Star)) => {
                let pairs = match self.vars.get(&name) {
                    Some(var) => var.keys().into_iter().zip(var.values()).collect(),
                    None => Vec::new(),
                };
                let associative = matches!(self.vars.get(&name).map(|v| &v.value), Some(Value::Assoc(_)));
                if *kind == 'k' {
                    let list = pairs.into_iter().flat_map(|(k, v)| [k, v]).collect();
                    emit(out, Held::Many(list, false), quoting);
                    return Ok(());
                }
                let mut shown = String::new();
                for (i, (key, value)) in pairs.iter().enumerate() {
                    if i > 0 && !associative {
                        shown.push(' ');
                    }
                    shown.push_str(&format!("{key} {}", text::double_quote(value)));
                    if associative {
                        shown.push(' ');
                    }
                }
                out.push(&shown, quoting);
                Ok(())
            }
            op => {
                if matches!(held, Held::Unset) {
                    self.check_unset(&name).await?;
                }
                let held = self.map(op, held, &name).await?;
                emit(out, held, quoting);
                Ok(())
            }
        }
    }

    /// With `set -u`, an unset parameter is an error that ends the shell.
    async fn check_unset(&mut self, name: &str) -> Result<(), Flow> {
        if !self.options.nounset || matches!(name, "@" | "*" | "!") && name != "!" {
            return Ok(());
        }
        self.complain(&format!("{name}: unbound variable")).await;
        Err(self.fatal())
    }

    /// What a parameter holds, and under which key.
    async fn held(&mut self, name: &str, index: Option<&Index>) -> Result<(String, Held, Key), Flow> {
        let name = name.to_owned();
        let held = match index {
            None if name == "@" || name == "*" => Held::Many(self.positional.clone(), name == "*"),
            None => match self.parameter(&name) {
                Some(text) => Held::One(text),
                None => Held::Unset,
            },
            Some(Index::At) => Held::Many(self.elements(&name), false),
            Some(Index::Star) => Held::Many(self.elements(&name), true),
            Some(Index::Expr(word)) => {
                let subscript = self.expand_text(word).await?;
                let key = self.subscript(&name, &subscript).await?;
                let held = match self.element(&name, &key) {
                    Some(text) => Held::One(text),
                    None => Held::Unset,
                };
                return Ok((name, held, key));
            }
        };
        Ok((name, held, Key::Whole))
    }

    /// The key of a subscript whose expansions are done.
    pub async fn subscript(&mut self, name: &str, subscript: &str) -> Result<Key, Flow> {
        match self.key(name, subscript, 0) {
            Ok(key) => Ok(key),
            Err(message) => {
                self.complain(&message).await;
                Err(Flow::Discard(1))
            }
        }
    }

    /// The parameter that the value of `${!name}` names.
    async fn held_by_text(&mut self, target: &str) -> Result<(String, Held, Key), Flow> {
        let (name, index) = match target.split_once('[') {
            Some((name, rest)) => (name, rest.strip_suffix(']')),
            None => (target, None),
        };
        let valid = text::is_name(name)
            || name.bytes().all(|b| b.is_ascii_digit())
            || (name.len() == 1 && "@*#?-$!".contains(name));
        if !valid {
            self.complain(&format!("{target}: invalid variable name")).await;
            return Err(Flow::Discard(1));
        }
        match index {
            None => self.held(name, None).await,
            Some("@") => self.held(name, Some(&Index::At)).await,
            Some("*") => self.held(name, Some(&Index::Star)).await,
            Some(index) => {
                let index = Index::Expr(Word::literal(index));
                self.held(name, Some(&index)).await
            }
        }
    }

    async fn default_op(
        &mut self,
        name: &str,
        key: Key,
        held: Held,
        (colon, kind, word): (bool, char, &Word),
        out: &mut Builder,
        quoting: Quoting,
    ) -> Result<(), Flow> {
        let missing = match &held {
            Held::Unset => true,
            Held::One(text) => colon && text.is_empty(),
            Held::Many(list, _) => list.is_empty() || colon && list.iter().all(String::is_empty) && list.len() == 1,
        };
        let word_quoting = match quoting {
            Quoting::Quoted => Quoting::Quoted,
            _ => Quoting::SplitLiterals,
        };
        match (kind, missing) {
            ('+', true) => {
                if quoting == Quoting::Quoted {
                    out.quoted("");
                }
                Ok(())
            }
            ('+', false) | ('-', true) => {
                if word.pieces.is_empty() && quoting == Quoting::Quoted {
                    out.quoted("");
                }
                self.pieces(&word.pieces, out, word_quoting).await
            }
            ('=', true) => {
                let text = self.expand_text(word).await?;
                if !text::is_name(name) {
                    self.complain(&format!("${name}: cannot assign in this way")).await;
                    return Err(Flow::Discard(1));
                }
                self.assign_text(name, key, text.clone(), false).await?;
                out.push(&text, quoting);
                Ok(())
            }
            ('?', true) => {
                let text = self.expand_text(word).await?;
                let message = if !text.is_empty() {
                    text
                } else if colon {
                    "parameter null or not set".to_owned()
                } else {
                    "parameter not set".to_owned()
                };
                self.complain(&format!("{name}: {message}")).await;
                Err(self.fatal())
            }
            _ => {
                emit(out, held, quoting);
                Ok(())
            }
        }
    }

    async fn substring(&mut self, name: &str, held: Held, offset: &Word, length: Option<&Word>) -> Result<Held, Flow> {
        let offset = self.arith_value(offset).await?;
        let length = match length {
            Some(word) => Some(self.arith_value(word).await?),
            None => None,
        };
        Ok(match held {
            Held::Unset => {
                self.check_unset(name).await?;
                Held::Unset
            }
            Held::One(text) => {
                let chars: Vec<char> = text.chars().collect();
                match range(chars.len(), offset, length) {
                    Ok(range) => Held::One(chars.get(range).unwrap_or_default().iter().collect()),
                    Err(end) => {
                        self.complain(&format!("{end}: substring expression < 0")).await;
                        return Err(Flow::Discard(1));
                    }
                }
            }
            Held::Many(mut list, star) => {
                // Positional parameters count from 1; 0 is the name of the shell.
                if name == "@" || name == "*" {
                    list.insert(0, self.name.clone());
                }
                if length.is_some_and(|n| n < 0) {
                    self.complain(&format!("{}: substring expression < 0", length.unwrap_or_default()))
                        .await;
                    return Err(Flow::Discard(1));
                }
                let picked = match range(list.len(), offset, length) {
                    Ok(range) => list.get(range).unwrap_or_default().to_vec(),
                    Err(_) => Vec::new(),
                };
                Held::Many(picked, star)
            }
        })
    }

    /// Operations that map each element by itself.
    async fn map(&mut self, op: &Op, held: Held, name: &str) -> Result<Held, Flow> {
        let f: Box<dyn Fn(&str) -> String> = match op {
            Op::Trim {
                suffix,
                longest,
                pattern,
            } => {
                let pattern = self.expand_pattern(pattern).await?;
                let (suffix, longest) = (*suffix, *longest);
                Box::new(move |text| trim(text, &pattern, suffix, longest))
            }
            Op::Replace {
                all,
                anchor,
                pattern,
                with,
            } => {
                let pattern = self.expand_pattern(pattern).await?;
                // An unquoted `&` stands for what matched.
                let with: Vec<Part> = parts(&self.expand_pattern_chars(with).await?, self.options.patsub_replacement);
                let (all, anchor) = (*all, *anchor);
                Box::new(move |text| replace(text, &pattern, &with, all, anchor))
            }
            Op::Case {
                upper,
                all,
                toggle,
                pattern,
            } => {
                let pattern = match pattern {
                    Some(word) => Some(self.expand_pattern(word).await?),
                    None => None,
                };
                let (upper, all, toggle) = (*upper, *all, *toggle);
                Box::new(move |text| change_case(text, pattern.as_ref(), upper, all, toggle))
            }
            Op::Transform(kind) => match kind {
                'U' => Box::new(|t| t.to_uppercase()),
                'L' => Box::new(|t| t.to_lowercase()),
                'u' => Box::new(|t| change_case(t, None, true, false, false)),
                'Q' | 'K' | 'k' => Box::new(text::single_quote),
                'E' => Box::new(|t| text::unescape(t, text::Escapes::Dollar).0),
                'a' => {
                    let flags = self.vars.get(name).map(attributes).unwrap_or_default();
                    Box::new(move |_| flags.clone())
                }
                _ => Box::new(str::to_owned),
            },
            _ => Box::new(str::to_owned),
        };
        Ok(match held {
            Held::Unset => Held::Unset,
            Held::One(text) => Held::One(f(&text)),
            Held::Many(list, star) => Held::Many(list.iter().map(|t| f(t)).collect(), star),
        })
    }
}

/// Puts a value into the word.
fn emit(out: &mut Builder, held: Held, quoting: Quoting) {
    match held {
        Held::Unset => out.push("", quoting),
        Held::One(text) => out.push(&text, quoting),
        Held::Many(list, star) => {
            if !out.is_splitting() || quoting == Quoting::Quoted && star {
                let joiner = if star { out.joiner() } else { " ".to_owned() };
                if !list.is_empty() || quoting == Quoting::Quoted && star {
                    out.push(&list.join(&joiner), quoting);
                }
                return;
            }
            for (i, text) in list.iter().enumerate() {
                if i > 0 {
                    out.end_field(quoting == Quoting::Quoted);
                }
                out.push(text, quoting);
            }
        }
    }
}

/// The part that offset and length (both may be negative) choose; the error is the wrong end.
fn range(len: usize, offset: i64, length: Option<i64>) -> Result<std::ops::Range<usize>, i64> {
    let len = i64::try_from(len).unwrap_or(i64::MAX);
    let start = if offset < 0 { len + offset } else { offset };
    if start < 0 || start > len {
        return Ok(0..0);
    }
    let end = match length {
        None => len,
        Some(n) if n < 0 => {
            let end = len + n;
            if end < start {
                return Err(n);
            }
            end
        }
        Some(n) => start.saturating_add(n).min(len),
    };
    let to = |n| usize::try_from(n).unwrap_or(0);
    Ok(to(start)..to(end))
}

fn trim(text: &str, pattern: &Pattern, suffix: bool, longest: bool) -> String {
    let mut chars: Vec<char> = text.chars().collect();
    let reversed;
    let mut pattern = pattern;
    if suffix {
        chars.reverse();
        reversed = pattern.reversed();
        pattern = &reversed;
    }
    let ends = pattern.ends(&chars, 0);
    let cut = if longest { ends.last() } else { ends.first() };
    let Some(&cut) = cut else {
        return text.to_owned();
    };
    let rest = chars.get(cut..).unwrap_or_default();
    if suffix {
        rest.iter().rev().collect()
    } else {
        rest.iter().collect()
    }
}

fn change_case(text: &str, pattern: Option<&Pattern>, upper: bool, all: bool, toggle: bool) -> String {
    let mut out = String::with_capacity(text.len());
    for (i, c) in text.chars().enumerate() {
        let chosen = (all || i == 0) && pattern.is_none_or(|p| p.matches(&[c]));
        if !chosen {
            out.push(c);
        } else if upper || toggle && c.is_lowercase() {
            out.extend(c.to_uppercase());
        } else {
            out.extend(c.to_lowercase());
        }
    }
    out
}

/// The letters of a variable's attributes.
pub(crate) fn attributes(var: &Var) -> String {
    [
        (matches!(var.value, Value::Indexed(_)), 'a'),
        (matches!(var.value, Value::Assoc(_)), 'A'),
        (var.integer, 'i'),
        (var.lower, 'l'),
        (var.nameref, 'n'),
        (var.readonly, 'r'),
        (var.upper, 'u'),
        (var.exported, 'x'),
    ]
    .iter()
    .filter(|(on, _)| *on)
    .map(|(_, c)| *c)
    .collect()
}

/// A variable as `declare -p` shows it.
pub(crate) fn declaration(name: &str, var: &Var) -> String {
    let flags = attributes(var);
    let flags = if flags.is_empty() { "-" } else { &flags };
    let key = |k: &str| {
        let plain = k.chars().all(|c| c.is_alphanumeric() || "_-./".contains(c));
        if plain && !k.is_empty() {
            k.to_owned()
        } else {
            text::double_quote(k)
        }
    };
    match &var.value {
        Value::Unset => format!("declare -{flags} {name}"),
        Value::Scalar(s) => format!("declare -{flags} {name}={}", text::double_quote(s)),
        Value::Indexed(map) => {
            let items: Vec<String> = map
                .iter()
                .map(|(k, v)| format!("[{k}]={}", text::double_quote(v)))
                .collect();
            format!("declare -{flags} {name}=({})", items.join(" "))
        }
        Value::Assoc(map) => {
            let items: String = map
                .iter()
                .map(|(k, v)| format!("[{}]={} ", key(k), text::double_quote(v)))
                .collect();
            format!("declare -{flags} {name}=({items})")
        }
    }
}
