//! Options of commands: long and short ones, joined and clustered, in any order.

use crate::failure::Failure;

/// A command's arguments, taken apart.
#[derive(Debug, Default)]
pub struct Args {
    options: Vec<(&'static str, String)>,
    /// What is no option, before `--`.
    pub words: Vec<String>,
    /// What comes after `--`, if it was there.
    pub paths: Option<Vec<String>>,
}

impl Args {
    /// Takes `arguments` apart. A specification is `long`, `x|long`, with a `=` at its end if a value comes with it, or
    /// `=?` if one may come, joined, or `=+` if one comes unless it is the last. The first name of an option is its name here. `#` takes `-5`.
    ///
    /// # Errors
    /// An option that is not among them, or without its value.
    pub fn parse(arguments: Vec<String>, known: &[&'static str]) -> Result<Self, Failure> {
        let mut args = Self::default();
        let mut rest = arguments.into_iter();
        while let Some(argument) = rest.next() {
            if argument == "--" {
                args.paths = Some(rest.collect());
                break;
            }
            if let Some(long) = argument.strip_prefix("--") {
                let (name, joined) = match long.split_once('=') {
                    Some((name, value)) => (name, Some(value.to_owned())),
                    None => (long, None),
                };
                let found = find(known, name)
                    .or_else(|| only_beginning(known, name))
                    .ok_or_else(|| Failure::usage(format!("unknown option `{name}'")))?;
                let value = match (found.1, joined) {
                    (Value::None, None) => String::new(),
                    (Value::None, Some(_)) => {
                        return Err(Failure::usage(format!("option `{name}' takes no value")));
                    }
                    (Value::Maybe, joined) => joined.unwrap_or_default(),
                    (Value::Needed | Value::UnlessLast, Some(joined)) => joined,
                    (Value::UnlessLast, None) => rest.next().unwrap_or_default(),
                    (Value::Needed, None) => rest
                        .next()
                        .ok_or_else(|| Failure::usage(format!("option `{name}' requires a value")))?,
                };
                args.options.push((found.0, value));
            } else if argument.len() > 1 && argument.starts_with('-') {
                let letters = &argument[1..];
                if letters.bytes().all(|b| b.is_ascii_digit()) && find(known, "#").is_some() {
                    args.options.push(("#", letters.to_owned()));
                    continue;
                }
                let mut at = 0;
                while let Some(letter) = letters[at..].chars().next() {
                    at += letter.len_utf8();
                    let mut buffer = [0; 4];
                    let found = find(known, letter.encode_utf8(&mut buffer))
                        .ok_or_else(|| Failure::usage(format!("unknown switch `{letter}'")))?;
                    let value = match found.1 {
                        Value::None => String::new(),
                        Value::Maybe => std::mem::take(&mut at_end(letters, &mut at)),
                        Value::Needed | Value::UnlessLast if at < letters.len() => at_end(letters, &mut at),
                        Value::UnlessLast => rest.next().unwrap_or_default(),
                        Value::Needed => rest
                            .next()
                            .ok_or_else(|| Failure::usage(format!("switch `{letter}' requires a value")))?,
                    };
                    args.options.push((found.0, value));
                }
            } else {
                args.words.push(argument);
            }
        }
        Ok(args)
    }

    /// Whether an option was given.
    pub fn has(&self, name: &str) -> bool {
        self.options.iter().any(|(known, _)| *known == name)
    }

    /// The last value of an option.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.options
            .iter()
            .rev()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of an option.
    pub fn values(&self, name: &str) -> Vec<&str> {
        self.options
            .iter()
            .filter(|(known, _)| *known == name)
            .map(|(_, value)| value.as_str())
            .collect()
    }

    /// The value of an option as a number.
    ///
    /// # Errors
    /// It is none.
    pub fn number(&self, name: &str) -> Result<Option<usize>, Failure> {
        self.value(name)
            .map(|text| {
                text.parse()
                    .map_err(|_| Failure::usage(format!("'{text}' is not a number, as `{name}' takes")))
            })
            .transpose()
    }

    /// Words and paths together, for commands whose words are paths.
    pub fn all(&self) -> Vec<String> {
        let mut all = self.words.clone();
        all.extend(self.paths.iter().flatten().cloned());
        all
    }
}

fn at_end(letters: &str, at: &mut usize) -> String {
    let value = letters[*at..].to_owned();
    *at = letters.len();
    value
}

#[derive(Clone, Copy)]
enum Value {
    None,
    Maybe,
    Needed,
    UnlessLast,
}

fn taken_apart(known: &'static str) -> (impl Iterator<Item = &'static str>, Value) {
    let (names, value) = if let Some(names) = known.strip_suffix("=?") {
        (names, Value::Maybe)
    } else if let Some(names) = known.strip_suffix("=+") {
        (names, Value::UnlessLast)
    } else if let Some(names) = known.strip_suffix('=') {
        (names, Value::Needed)
    } else {
        (known, Value::None)
    };
    (names.split('|'), value)
}

fn find(known: &[&'static str], name: &str) -> Option<(&'static str, Value)> {
    known.iter().find_map(|entry| {
        let (mut names, value) = taken_apart(entry);
        let first = names.next()?;
        (first == name || names.any(|other| other == name)).then_some((first, value))
    })
}

/// Git takes the beginning of a long option's name for the name, if it is the only one.
fn only_beginning(known: &[&'static str], name: &str) -> Option<(&'static str, Value)> {
    let mut found = known.iter().filter_map(|entry| {
        let (mut names, value) = taken_apart(entry);
        let first = entry.split(['|', '=']).next()?;
        names
            .any(|long| long.len() > 1 && long.starts_with(name))
            .then_some((first, value))
    });
    match (found.next(), found.next()) {
        (Some(only), None) => Some(only),
        _ => None,
    }
}
