//! Functions of the language.

use super::ast::{Builtin, Expression, Place, Slot};
use super::format;
use super::interpreter::{Cell, Flow, Interpreter, fatal, slots};
use super::regex::Pattern;
use super::value::{Str, Value, prefix};
use crate::calendar;
use crate::process::{self, Command, Ended};
use std::rc::Rc;
use std::time::{Duration, SystemTime};

type Evaluated = Result<Value, Flow>;

impl<'p> Interpreter<'p> {
    fn number_at(&mut self, arguments: &'p [Expression], position: usize) -> Result<f64, Flow> {
        match arguments.get(position) {
            Some(argument) => Ok(self.eval(argument)?.number()),
            None => Ok(0.0),
        }
    }

    fn text_at(&mut self, arguments: &'p [Expression], position: usize) -> Result<Str, Flow> {
        match arguments.get(position) {
            Some(argument) => {
                let value = self.eval(argument)?;
                Ok(self.text_of(&value))
            }
            None => Ok(self.record_text()),
        }
    }

    pub(super) fn builtin(&mut self, builtin: Builtin, arguments: &'p [Expression]) -> Evaluated {
        let math = |f: fn(f64) -> f64, one: f64| Value::Number(f(one));
        Ok(match builtin {
            Builtin::Length => return self.length(arguments),
            Builtin::Substr => return self.substr(arguments),
            Builtin::Index => {
                let (text, wanted) = (self.text_at(arguments, 0)?, self.text_at(arguments, 1)?);
                let at = memchr::memmem::find(&text, &wanted);
                whole(at.map_or(0, |at| format::count(&text[..at]) + 1))
            }
            Builtin::Split => return self.split(arguments),
            Builtin::Sub | Builtin::Gsub => return self.substitute(builtin == Builtin::Gsub, arguments),
            Builtin::Gensub => return self.gensub(arguments),
            Builtin::Match => return self.find(arguments),
            Builtin::Sprintf => Value::Text(self.formatted(arguments)?.into()),
            Builtin::Tolower => {
                let text = self.text_at(arguments, 0)?;
                Value::Text(in_case(&text, str::to_lowercase))
            }
            Builtin::Toupper => {
                let text = self.text_at(arguments, 0)?;
                Value::Text(in_case(&text, str::to_uppercase))
            }
            Builtin::Sin => math(f64::sin, self.number_at(arguments, 0)?),
            Builtin::Cos => math(f64::cos, self.number_at(arguments, 0)?),
            Builtin::Exp => math(f64::exp, self.number_at(arguments, 0)?),
            Builtin::Log => math(f64::ln, self.number_at(arguments, 0)?),
            Builtin::Sqrt => math(f64::sqrt, self.number_at(arguments, 0)?),
            Builtin::Int => math(f64::trunc, self.number_at(arguments, 0)?),
            Builtin::Atan2 => Value::Number(self.number_at(arguments, 0)?.atan2(self.number_at(arguments, 1)?)),
            Builtin::Rand => Value::Number(self.rand()),
            Builtin::Srand => {
                let seed = if arguments.is_empty() {
                    now().floor()
                } else {
                    self.number_at(arguments, 0)?
                };
                self.random = seed.to_bits();
                Value::Number(std::mem::replace(&mut self.seed, seed))
            }
            Builtin::And | Builtin::Or | Builtin::Xor => {
                let mut bits = integer(self.number_at(arguments, 0)?)?;
                for position in 1..arguments.len() {
                    let other = integer(self.number_at(arguments, position)?)?;
                    match builtin {
                        Builtin::And => bits &= other,
                        Builtin::Or => bits |= other,
                        _ => bits ^= other,
                    }
                }
                from_bits(bits)
            }
            Builtin::Compl => from_bits(!integer(self.number_at(arguments, 0)?)? & ((1 << 53) - 1)),
            Builtin::Lshift | Builtin::Rshift => {
                let bits = integer(self.number_at(arguments, 0)?)?;
                let by = u32::try_from(integer(self.number_at(arguments, 1)?)?).unwrap_or(u32::MAX);
                from_bits(if builtin == Builtin::Lshift {
                    bits.checked_shl(by).unwrap_or(0) & ((1 << 53) - 1)
                } else {
                    bits.checked_shr(by).unwrap_or(0)
                })
            }
            Builtin::Strtonum => Value::Number(strtonum(&self.text_at(arguments, 0)?)),
            Builtin::Systime => Value::Number(now().floor()),
            Builtin::Strftime => return self.strftime(arguments),
            Builtin::Mktime => {
                let text = self.text_at(arguments, 0)?;
                Value::Number(mktime(&String::from_utf8_lossy(&text)))
            }
            Builtin::Asort | Builtin::Asorti => return self.sort(builtin == Builtin::Asorti, arguments),
            Builtin::Close => {
                let name = self.text_at(arguments, 0)?;
                Value::Number(f64::from(self.streams.close(&name)))
            }
            Builtin::Fflush => Value::Number(if self.streams.flush().is_ok() { 0.0 } else { -1.0 }),
            Builtin::System => {
                let line = self.text_at(arguments, 0)?;
                let _ = self.streams.flush();
                let ended = process::run(&Command::shell(&String::from_utf8_lossy(&line)));
                Value::Number(match ended {
                    Ok(Ended::Exited(code)) => f64::from(code),
                    Ok(Ended::Signaled(signal)) => f64::from(256 + signal),
                    Err(_) => 127.0,
                })
            }
        })
    }

    fn length(&mut self, arguments: &'p [Expression]) -> Evaluated {
        if let Some(Expression::Place(Place::Variable(slot))) = arguments.first() {
            let cell = match *slot {
                Slot::Global(number) => self.globals.get(number),
                Slot::Local(number) => self.locals.get(self.base + number),
            };
            if let Some(Cell::Array(array)) = cell {
                return Ok(whole(array.borrow().len()));
            }
        }
        let text = self.text_at(arguments, 0)?;
        Ok(whole(format::count(&text)))
    }

    #[allow(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        clippy::cast_precision_loss
    )]
    fn substr(&mut self, arguments: &'p [Expression]) -> Evaluated {
        let text = self.text_at(arguments, 0)?;
        // Both ends are rounded, to even where they lie between.
        let start = self.number_at(arguments, 1)?.round_ties_even();
        let end = if arguments.len() > 2 {
            start + self.number_at(arguments, 2)?.round_ties_even()
        } else {
            f64::INFINITY
        };
        let count = format::count(&text) as f64;
        let (start, end) = (start.max(1.0), end.min(count + 1.0));
        if start >= end || start.is_nan() || end.is_nan() {
            return Ok(Value::text(b""));
        }
        let from = format::offset(&text, start as usize - 1);
        let to = from + format::offset(&text[from..], (end - start) as usize);
        Ok(Value::text(&text[from..to]))
    }

    fn split(&mut self, arguments: &'p [Expression]) -> Evaluated {
        let text = self.text_at(arguments, 0)?;
        let Some(Expression::Place(Place::Variable(slot))) = arguments.get(1) else {
            return Err(fatal("split() needs an array"));
        };
        let splitter = match arguments.get(2) {
            Some(pattern @ Expression::Pattern(_)) => super::fields::Splitter::Pattern(self.pattern(pattern)?),
            Some(other) => {
                let value = self.eval(other)?;
                let separator = self.text_of(&value);
                self.splitter(&separator)?
            }
            None => self.record.splitter.clone(),
        };
        let mut pieces = Vec::new();
        splitter.split(&text, false, |piece, separator| {
            pieces.push((Value::input(piece), Value::text(separator)))
        });
        let array = self.array(*slot)?;
        let separators = match arguments.get(3) {
            Some(Expression::Place(Place::Variable(slot))) => Some(self.array(*slot)?),
            _ => None,
        };
        let count = pieces.len();
        array.borrow_mut().clear();
        if let Some(separators) = &separators {
            separators.borrow_mut().clear();
        }
        for (position, (piece, separator)) in pieces.into_iter().enumerate() {
            let key = key_of(position + 1);
            if let Some(separators) = &separators
                && position + 1 < count
            {
                separators.borrow_mut().insert(key.clone(), separator);
            }
            array.borrow_mut().insert(key, piece);
        }
        Ok(whole(count))
    }

    fn substitute(&mut self, all: bool, arguments: &'p [Expression]) -> Evaluated {
        let pattern = self.pattern(&arguments[0])?;
        let replacement = self.text_at(arguments, 1)?;
        let text = self.text_at(arguments, 2)?;
        let (result, count) = replace(&pattern, &text, if all { None } else { Some(1) }, |out, found, _| {
            let mut rest = &replacement[..];
            while let Some(at) = memchr::memchr2(b'&', b'\\', rest) {
                out.extend_from_slice(&rest[..at]);
                match (rest[at], rest.get(at + 1)) {
                    (b'&', _) => {
                        out.extend_from_slice(found);
                        rest = &rest[at + 1..];
                    }
                    (_, Some(next @ (b'&' | b'\\'))) => {
                        out.push(*next);
                        rest = &rest[at + 2..];
                    }
                    _ => {
                        out.push(b'\\');
                        rest = &rest[at + 1..];
                    }
                }
            }
            out.extend_from_slice(rest);
        });
        if count > 0 {
            match arguments.get(2) {
                None => self.record.set(&result),
                Some(Expression::Place(place)) => self.assign(place, Value::text(&result))?,
                Some(_) => {}
            }
        }
        Ok(whole(count))
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    fn gensub(&mut self, arguments: &'p [Expression]) -> Evaluated {
        let pattern = self.pattern(&arguments[0])?;
        let replacement = self.text_at(arguments, 1)?;
        let how = self.text_at(arguments, 2)?;
        let text = self.text_at(arguments, 3)?;
        let only = match how.first() {
            Some(b'g' | b'G') => None,
            _ => Some((prefix(&how).0.max(1.0)) as usize),
        };
        let (result, _) = replace(&pattern, &text, only, |out, found, groups| {
            let mut rest = &replacement[..];
            while let Some(at) = memchr::memchr2(b'&', b'\\', rest) {
                out.extend_from_slice(&rest[..at]);
                match (rest[at], rest.get(at + 1)) {
                    (b'&', _) => {
                        out.extend_from_slice(found);
                        rest = &rest[at + 1..];
                        continue;
                    }
                    (_, Some(b'0')) => out.extend_from_slice(found),
                    (_, Some(digit @ b'1'..=b'9')) => {
                        if let Some((from, to)) = groups.get(usize::from(digit - b'0')).copied().flatten() {
                            out.extend_from_slice(&text[from..to]);
                        }
                    }
                    (_, Some(next)) => out.push(*next),
                    (_, None) => out.push(b'\\'),
                }
                rest = rest.get(at + 2..).unwrap_or_default();
            }
            out.extend_from_slice(rest);
        });
        Ok(Value::Text(result.into()))
    }

    fn find(&mut self, arguments: &'p [Expression]) -> Evaluated {
        let text = self.text_at(arguments, 0)?;
        let pattern = self.pattern(&arguments[1])?;
        let found = pattern.find(&text, 0);
        if let Some(Expression::Place(Place::Variable(slot))) = arguments.get(2) {
            let array = self.array(*slot)?;
            let mut array = array.borrow_mut();
            array.clear();
            if let Some((start, _)) = found {
                let groups = pattern.groups(&text, start);
                for (number, group) in groups.iter().enumerate() {
                    let Some((from, to)) = *group else { continue };
                    array.insert(key_of(number), Value::input(&text[from..to]));
                    for (what, value) in [
                        ("start", format::count(&text[..from]) + 1),
                        ("length", format::count(&text[from..to])),
                    ] {
                        let mut key = number.to_string().into_bytes();
                        key.extend_from_slice(&self.subsep);
                        key.extend_from_slice(what.as_bytes());
                        array.insert(key.into(), whole(value));
                    }
                }
            }
        }
        let (start, length) = match found {
            Some((from, to)) => (
                whole(format::count(&text[..from]) + 1),
                whole(format::count(&text[from..to])),
            ),
            None => (Value::Number(0.0), Value::Number(-1.0)),
        };
        self.globals[slots::RSTART] = Cell::Value(start.clone());
        self.globals[slots::RLENGTH] = Cell::Value(length);
        Ok(start)
    }

    /// A number from 0 to below 1: splitmix64.
    fn rand(&mut self) -> f64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.random;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^= z >> 31;
        #[allow(clippy::cast_precision_loss)]
        let number = (z >> 11) as f64 / (1_u64 << 53) as f64;
        number
    }

    #[allow(clippy::cast_possible_truncation)]
    fn strftime(&mut self, arguments: &'p [Expression]) -> Evaluated {
        let pattern = if arguments.is_empty() {
            Rc::from(&b"%a %b %e %H:%M:%S %Z %Y"[..])
        } else {
            self.text_at(arguments, 0)?
        };
        let seconds = if arguments.len() > 1 {
            self.number_at(arguments, 1)?
        } else {
            now()
        };
        let text = calendar::strftime(&String::from_utf8_lossy(&pattern), seconds as i64);
        Ok(Value::text(text.as_bytes()))
    }

    fn sort(&mut self, by_index: bool, arguments: &'p [Expression]) -> Evaluated {
        let slot = |position: usize| match arguments.get(position) {
            Some(Expression::Place(Place::Variable(slot))) => Some(*slot),
            _ => None,
        };
        let source = self.array(slot(0).ok_or_else(|| fatal("asort() needs an array"))?)?;
        let target = match slot(1) {
            Some(slot) => self.array(slot)?,
            None => source.clone(),
        };
        let default = if by_index { "@ind_str_asc" } else { "@val_type_asc" };
        let how = match arguments.get(2) {
            Some(expression) => {
                let value = self.eval(expression)?;
                String::from_utf8_lossy(&self.text_of(&value)).into_owned()
            }
            None => default.to_owned(),
        };
        let mut pairs: Vec<(Str, Value)> = source
            .borrow()
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        self.order(&mut pairs, &how);
        let mut target = target.borrow_mut();
        target.clear();
        let count = pairs.len();
        for (position, (key, value)) in pairs.into_iter().enumerate() {
            target.insert(key_of(position + 1), if by_index { Value::Text(key) } else { value });
        }
        Ok(whole(count))
    }

    /// The keys of an array, in the order that `PROCINFO["sorted_in"]` asks for, or else that of their making.
    pub(super) fn sorted_keys(&mut self, slot: Slot) -> Result<Vec<Str>, Flow> {
        let Cell::Array(settings) = &self.globals[slots::PROCINFO] else {
            return Err(fatal("PROCINFO is no array"));
        };
        let wanted: Str = Rc::from(&b"sorted_in"[..]);
        let how = settings.borrow().get(&wanted).map(|value| self.text_of(value));
        let array = self.array(slot)?;
        let Some(how) = how else {
            return Ok(array.borrow().keys().cloned().collect());
        };
        let mut pairs: Vec<(Str, Value)> = array
            .borrow()
            .iter()
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        self.order(&mut pairs, &String::from_utf8_lossy(&how));
        Ok(pairs.into_iter().map(|(key, _)| key).collect())
    }

    fn order(&self, pairs: &mut [(Str, Value)], how: &str) {
        let number = |text: &[u8]| prefix(text).0;
        let by_value = |a: &Value, b: &Value| match (a.is_numeric(), b.is_numeric()) {
            (true, true) => a.number().total_cmp(&b.number()),
            (true, false) => std::cmp::Ordering::Less,
            (false, true) => std::cmp::Ordering::Greater,
            (false, false) => self.text_of(a).cmp(&self.text_of(b)),
        };
        match how.trim_end_matches("_asc").trim_end_matches("_desc") {
            "@ind_str" => pairs.sort_by(|a, b| a.0.cmp(&b.0)),
            "@ind_num" => pairs.sort_by(|a, b| number(&a.0).total_cmp(&number(&b.0)).then_with(|| a.0.cmp(&b.0))),
            "@val_num" => pairs.sort_by(|a, b| a.1.number().total_cmp(&b.1.number()).then_with(|| a.0.cmp(&b.0))),
            "@val_str" => {
                pairs.sort_by(|a, b| self.text_of(&a.1).cmp(&self.text_of(&b.1)).then_with(|| a.0.cmp(&b.0)));
            }
            "@val_type" => pairs.sort_by(|a, b| by_value(&a.1, &b.1).then_with(|| a.0.cmp(&b.0))),
            _ => return,
        }
        if how.ends_with("_desc") {
            pairs.reverse();
        }
    }
}

#[allow(clippy::cast_precision_loss)]
fn whole(number: usize) -> Value {
    Value::Number(number as f64)
}

fn key_of(number: usize) -> Str {
    number.to_string().into_bytes().into()
}

fn in_case(text: &[u8], change: fn(&str) -> String) -> Str {
    let mut out = Vec::with_capacity(text.len());
    for chunk in text.utf8_chunks() {
        out.extend_from_slice(change(chunk.valid()).as_bytes());
        out.extend_from_slice(chunk.invalid());
    }
    out.into()
}

fn now() -> f64 {
    SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap_or(Duration::ZERO)
        .as_secs_f64()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn integer(number: f64) -> Result<u64, Flow> {
    if number < 0.0 {
        return Err(fatal("negative values are not allowed in bit functions"));
    }
    Ok(number as u64)
}

#[allow(clippy::cast_precision_loss)]
fn from_bits(bits: u64) -> Value {
    Value::Number(bits as f64)
}

fn strtonum(text: &[u8]) -> f64 {
    let trimmed = text.trim_ascii_start();
    let digits = |text: &[u8], base: u32| {
        text.iter()
            .map_while(|b| char::from(*b).to_digit(base))
            .fold(0.0, |n, digit| n * f64::from(base) + f64::from(digit))
    };
    match trimmed {
        [b'0', b'x' | b'X', rest @ ..] => digits(rest, 16),
        [b'0', rest @ ..] if rest.first().is_some_and(u8::is_ascii_digit) && !rest.contains(&b'.') => digits(rest, 8),
        _ => prefix(trimmed).0,
    }
}

fn mktime(text: &str) -> f64 {
    let parts: Vec<i64> = text.split_whitespace().filter_map(|one| one.parse().ok()).collect();
    let [year, month, day, hour, minute, second, ..] = parts[..] else {
        return -1.0;
    };
    // Months and days beyond their range count on.
    let months = year.saturating_mul(12).saturating_add(month - 1);
    let Some(days) = calendar::days_from_civil(months.div_euclid(12), months.rem_euclid(12) + 1, 1) else {
        return -1.0;
    };
    #[allow(clippy::cast_precision_loss)]
    let seconds = (days + day - 1) as f64 * 86_400.0 + (hour * 3600 + minute * 60 + second) as f64;
    seconds
}

/// Replaces matches: all, or the one of this number. How many were replaced.
fn replace(
    pattern: &Pattern,
    text: &[u8],
    only: Option<usize>,
    mut put: impl FnMut(&mut Vec<u8>, &[u8], &[Option<(usize, usize)>]),
) -> (Vec<u8>, usize) {
    let mut out = Vec::with_capacity(text.len());
    let (mut at, mut from, mut number, mut count) = (0, 0, 0, 0);
    // Where the last match ended that was not empty: no empty match may follow there.
    let mut closed = None;
    while let Some((start, end)) = pattern.find(text, from) {
        let empty = start == end;
        if !(empty && closed == Some(start)) {
            number += 1;
            out.extend_from_slice(&text[at..start]);
            if only.is_none_or(|only| only == number) {
                put(&mut out, &text[start..end], &pattern.groups(text, start));
                count += 1;
            } else {
                out.extend_from_slice(&text[start..end]);
            }
            at = end;
            if only == Some(number) {
                break;
            }
        }
        if !empty {
            closed = Some(end);
            from = end;
            continue;
        }
        let Some(step) = text[end..].utf8_chunks().next() else {
            break;
        };
        let step = step.valid().chars().next().map_or(1, char::len_utf8);
        out.extend_from_slice(&text[at..end + step]);
        at = end + step;
        from = at;
    }
    out.extend_from_slice(&text[at..]);
    (out, count)
}
