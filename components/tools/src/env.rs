//! env: a program in a changed environment, or the environment printed.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::process::{self, Command};
use std::ffi::OsString;
use std::io::Write;

const TABLE: &[Opt] = &[
    opt('i', "ignore-environment", Takes::Nothing),
    opt('0', "null", Takes::Nothing),
    opt('u', "unset", Takes::Value),
    opt('C', "chdir", Takes::Value),
    opt('S', "split-string", Takes::Value),
];
/// env itself failed.
const TROUBLE: i32 = 125;

/// Words as `-S` has them: quotes and backslashes as in a shell, `\\_` for a blank, `#` for a comment, `${NAME}`.
fn split(text: &str) -> Result<Vec<String>, String> {
    let (mut words, mut word, mut open) = (Vec::new(), None::<String>, None);
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, open) {
            ('\'' | '"', None) => {
                open = Some(c);
                word.get_or_insert_default();
            }
            (c, Some(quote)) if c == quote => open = None,
            ('\\', quote) if quote != Some('\'') => match rest.next() {
                Some('_') if quote.is_none() => words.extend(word.take()),
                Some('c') if quote.is_none() => break,
                Some(next) => word.get_or_insert_default().push(match next {
                    '_' => ' ',
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    other => other,
                }),
                None => return Err("invalid backslash at end of string in -S".into()),
            },
            ('$', quote) if quote != Some('\'') => {
                if rest.next_if_eq(&'{').is_none() {
                    return Err("only ${VARNAME} expansion is supported".into());
                }
                let name: String = std::iter::from_fn(|| rest.next_if(|c| *c != '}')).collect();
                rest.next();
                word.get_or_insert_default()
                    .push_str(&std::env::var(name).unwrap_or_default());
            }
            ('#', None) if word.is_none() => break,
            (c, None) if c.is_whitespace() => words.extend(word.take()),
            (c, _) => word.get_or_insert_default().push(c),
        }
    }
    if open.is_some() {
        return Err("no terminating quote in -S string".into());
    }
    words.extend(word);
    Ok(words)
}

/// Runs env and gives the exit code of the program, or env's own 125, 126 (cannot run) or 127 (not found).
pub fn main(arguments: Vec<OsString>) -> i32 {
    let environment = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    within(environment, arguments)
}

/// printenv: the variables of these names, or all.
pub fn printenv(arguments: Vec<OsString>) -> i32 {
    let environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
    let (mut end, mut code) = ('\n', 0);
    let (options, names): (Vec<_>, Vec<_>) = arguments
        .into_iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .partition(|word| word.starts_with('-'));
    for option in options {
        match option.as_str() {
            "-0" | "--null" => end = '\0',
            "--" => {}
            other => {
                console::complain("printenv", format_args!("unrecognized option '{other}'"));
                return 2;
            }
        }
    }
    let mut out = console::output();
    let mut text = String::new();
    if names.is_empty() {
        text.extend(environment.iter().map(|(name, value)| format!("{name}={value}{end}")));
    }
    for wanted in names {
        match environment.iter().find(|(name, _)| *name == wanted) {
            Some((_, value)) => text.push_str(&format!("{value}{end}")),
            None => code = 1,
        }
    }
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Ok(()) => code,
        Err(_) => 2,
    }
}

/// env in an environment: an env that env starts is run so, since a program of its own is always given `PWD`.
fn within(mut environment: Vec<(String, String)>, arguments: Vec<OsString>) -> i32 {
    // A lone `-` means `-i`.
    let arguments = arguments
        .into_iter()
        .skip(1)
        .map(|word| if word == "-" { "-i".into() } else { word });
    let parsed = match getopt::parse(TABLE, arguments, false) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("env", message);
            return TROUBLE;
        }
    };
    let (mut end, mut directory, mut words) = ('\n', None, Vec::new());
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            'i' => environment.clear(),
            '0' => end = '\0',
            'u' => environment.retain(|(name, _)| *name != text),
            'C' => match std::path::absolute(&text) {
                Ok(path) => directory = Some(path.to_string_lossy().into_owned()),
                Err(_) => directory = Some(text),
            },
            _ => match split(&text) {
                Ok(more) => words.extend(more.into_iter().map(OsString::from)),
                Err(message) => {
                    console::complain("env", message);
                    return TROUBLE;
                }
            },
        }
    }
    words.extend(parsed.operands);
    let assignments = words
        .iter()
        .take_while(|word| word.to_string_lossy().find('=').is_some_and(|at| at > 0))
        .count();
    for word in words.drain(..assignments) {
        let word = word.to_string_lossy();
        if let Some((name, value)) = word.split_once('=') {
            environment.retain(|(known, _)| known != name);
            environment.push((name.to_owned(), value.to_owned()));
        }
    }
    if words.is_empty() {
        let mut out = console::output();
        let printed = environment
            .iter()
            .try_for_each(|(name, value)| write!(out, "{name}={value}{end}"));
        return if printed.and_then(|()| out.flush()).is_ok() {
            0
        } else {
            TROUBLE
        };
    }
    if words[0] == "env" && directory.is_none() {
        return within(environment, words);
    }
    let command = Command {
        words,
        environment: Some(environment),
        directory,
        ..Command::default()
    };
    match process::run(&command) {
        Ok(ended) => ended.code(),
        Err(error) => {
            let name = command.words[0].to_string_lossy().into_owned();
            console::complain("env", format_args!("'{name}': {}", console::reason(&error)));
            process::start_failure_code(&error)
        }
    }
}
