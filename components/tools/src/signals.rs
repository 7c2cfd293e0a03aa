//! kill, timeout and ps.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::process::{self, Command};
use std::ffi::OsString;
use std::io::Write;
use std::time::Duration;

const SIGNALS: &[(&str, u32)] = &[
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ABRT", 6),
    ("KILL", 9),
    ("USR1", 10),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("WINCH", 28),
];
const TERM: u32 = 15;
/// timeout: the time was over.
const TIMED_OUT: i32 = 124;
/// timeout itself failed.
const TROUBLE: i32 = 125;

/// The number of a signal by name, with or without `SIG`, or in digits.
pub fn signal(text: &str) -> Option<u32> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let named = SIGNALS
        .iter()
        .find(|(known, _)| *known == name)
        .map(|(_, number)| *number);
    named.or_else(|| text.parse().ok().filter(|number| *number <= 64))
}

/// Signals processes; exit code 0, or 1 if any could not be signalled.
pub fn kill(arguments: Vec<OsString>) -> i32 {
    let mut words = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .peekable();
    let mut number = TERM;
    if let Some(first) = words.peek().cloned() {
        if first == "-l" {
            let names: Vec<_> = SIGNALS.iter().map(|(name, _)| *name).collect();
            let mut out = console::output();
            return i32::from(writeln!(out, "{}", names.join(" ")).and_then(|()| out.flush()).is_err());
        }
        let named = match first.as_str() {
            "-s" | "-n" | "--signal" => {
                words.next();
                words.next()
            }
            "--" => None,
            text if text.starts_with('-') => words.next().map(|text| text[1..].to_owned()),
            _ => None,
        };
        if let Some(named) = named {
            let Some(known) = signal(&named) else {
                console::complain("kill", format_args!("{named}: invalid signal specification"));
                return 1;
            };
            number = known;
        }
    }
    if words.peek().is_some_and(|word| word == "--") {
        words.next();
    }
    if words.peek().is_none() {
        console::complain("kill", "usage: kill [-s signal | -signal] pid ...");
        return 1;
    }
    let mut trouble = false;
    for word in words {
        let outcome = match word.parse::<i32>() {
            Ok(pid) => process::kill(pid, number).map_err(|error| console::reason(&error)),
            Err(_) => Err("arguments must be process or job IDs".into()),
        };
        if let Err(reason) = outcome {
            trouble = true;
            console::complain("kill", format_args!("({word}) - {reason}"));
        }
    }
    i32::from(trouble)
}

const TIMEOUT_TABLE: &[Opt] = &[
    opt('s', "signal", Takes::Value),
    opt('k', "kill-after", Takes::Value),
    opt('f', "foreground", Takes::Nothing),
    opt('p', "preserve-status", Takes::Nothing),
    opt('v', "verbose", Takes::Nothing),
];

/// Runs a program for a limited time; its exit code, or 124 if the time was over.
pub fn timeout(arguments: Vec<OsString>) -> i32 {
    match parse_timeout(arguments) {
        Ok((command, limit, number, grace, preserve)) => match process::run_for(&command, limit, number, grace) {
            Ok((true, ended)) => ended.code(),
            Ok((false, ended)) if preserve => ended.code(),
            Ok((false, _)) if number == 9 => 128 + 9,
            Ok((false, _)) => TIMED_OUT,
            Err(error) => {
                let name = command.words[0].to_string_lossy().into_owned();
                console::complain(
                    "timeout",
                    format_args!("failed to run command '{name}': {}", console::reason(&error)),
                );
                process::start_failure_code(&error)
            }
        },
        Err(message) => {
            console::complain("timeout", message);
            TROUBLE
        }
    }
}

type Limited = (Command, Duration, u32, Option<Duration>, bool);

fn parse_timeout(arguments: Vec<OsString>) -> Result<Limited, String> {
    let parsed = getopt::parse(TIMEOUT_TABLE, arguments.into_iter().skip(1), false)?;
    let (mut number, mut grace, mut preserve) = (TERM, None, false);
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            's' => number = signal(&text).ok_or_else(|| format!("'{text}': invalid signal"))?,
            'k' => grace = Some(duration(&text)?),
            'p' => preserve = true,
            _ => {}
        }
    }
    let mut operands = parsed.operands.into_iter();
    let limit = duration(&operands.next().ok_or("missing operand")?.to_string_lossy())?;
    let words: Vec<OsString> = operands.collect();
    if words.is_empty() {
        return Err("missing operand".into());
    }
    // No limit at all.
    let limit = if limit.is_zero() {
        Duration::from_secs(u64::from(u32::MAX))
    } else {
        limit
    };
    Ok((Command::new(words), limit, number, grace, preserve))
}

/// `1.5`, `2s`, `3m`, `4h`, `5d`.
fn duration(text: &str) -> Result<Duration, String> {
    let (number, unit) = match text.as_bytes().last() {
        Some(b's') => (&text[..text.len() - 1], 1.0),
        Some(b'm') => (&text[..text.len() - 1], 60.0),
        Some(b'h') => (&text[..text.len() - 1], 3600.0),
        Some(b'd') => (&text[..text.len() - 1], 86_400.0),
        _ => (text, 1.0),
    };
    let seconds = number.parse::<f64>().ok().filter(|number| *number >= 0.0);
    seconds
        .and_then(|seconds| Duration::try_from_secs_f64(seconds * unit).ok())
        .ok_or_else(|| format!("invalid time interval '{text}'"))
}

/// Lists the live processes of the sandbox; options are accepted and change nothing.
pub fn ps(_: Vec<OsString>) -> i32 {
    let listed = match process::list() {
        Ok(listed) => listed,
        Err(error) => {
            console::complain("ps", console::reason(&error));
            return 1;
        }
    };
    let mut out = console::output();
    let printed = writeln!(out, "{:>7} {:>7} {:>7} COMMAND", "PID", "PPID", "PGID").and_then(|()| {
        listed
            .iter()
            .try_for_each(|one| writeln!(out, "{:>7} {:>7} {:>7} {}", one.pid, one.parent, one.group, one.name))
    });
    i32::from(printed.and_then(|()| out.flush()).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(line: &str) -> Vec<OsString> {
        line.split(' ').map(OsString::from).collect()
    }

    #[test]
    fn limits_time() {
        assert_eq!(timeout(words("timeout 0.05 sleep 5")), 124);
        assert_eq!(timeout(words("timeout 5 false")), 1);
        assert_eq!(timeout(words("timeout -s KILL 0.05 sleep 5")), 137);
        assert_eq!(timeout(words("timeout 5 no-such-program-here")), 127);
        assert_eq!(timeout(words("timeout x true")), 125);
    }

    #[test]
    fn names_and_times() {
        assert_eq!(
            (signal("SIGKILL"), signal("term"), signal("15"), signal("nope")),
            (Some(9), Some(15), Some(15), None)
        );
        assert_eq!(duration("1.5m").unwrap(), Duration::from_secs(90));
        assert!(duration("-1").is_err());
    }
}
