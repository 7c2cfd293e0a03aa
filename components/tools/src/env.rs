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

/// Runs env and gives the exit code of the program, or env's own 125, 126 (cannot run) or 127 (not found).
pub fn main(arguments: Vec<OsString>) -> i32 {
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
    let mut environment: Vec<(String, String)> = std::env::vars_os()
        .map(|(name, value)| {
            (
                name.to_string_lossy().into_owned(),
                value.to_string_lossy().into_owned(),
            )
        })
        .collect();
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
            // Enough for `#!/usr/bin/env -S program -option`.
            _ => words.extend(text.split_whitespace().map(OsString::from)),
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
