//! pgrep, pkill, killall, pidof, top; sudo, nohup, watch.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use crate::process::{self, Command, Info, Stdio};
use crate::signals::signal;
use std::ffi::OsString;
use std::io::{IsTerminal, Write};
use std::time::Duration;

const TERM: u32 = 15;
const HUP: u32 = 1;

fn command_line(one: &Info) -> String {
    if one.arguments.is_empty() {
        one.name.clone()
    } else {
        one.arguments.join(" ")
    }
}

/// What a process is called: the name of what it runs, without its directory.
fn called(one: &Info) -> &str {
    let first = one.arguments.first().map_or(one.name.as_str(), String::as_str);
    first.rsplit('/').next().unwrap_or(first)
}

const SELECT: &[Opt] = &[
    opt('f', "full", Takes::Nothing),
    opt('x', "exact", Takes::Nothing),
    opt('l', "list-name", Takes::Nothing),
    opt('a', "list-full", Takes::Nothing),
    opt('c', "count", Takes::Nothing),
    opt('n', "newest", Takes::Nothing),
    opt('o', "oldest", Takes::Nothing),
    opt('v', "inverse", Takes::Nothing),
    opt('i', "ignore-case", Takes::Nothing),
    opt('P', "parent", Takes::Value),
    opt('u', "euid", Takes::Value),
    opt('e', "echo", Takes::Nothing),
    opt('s', "signal", Takes::Value),
];

/// pgrep: numbers of processes by pattern; 0, or 1 if none matches.
pub fn pgrep(arguments: Vec<OsString>) -> i32 {
    select("pgrep", arguments, None)
}

/// pkill: signals them.
pub fn pkill(arguments: Vec<OsString>) -> i32 {
    let (number, rest) = take_signal(arguments);
    select("pkill", rest, Some(number))
}

/// A leading `-9`, `-TERM`.
fn take_signal(mut arguments: Vec<OsString>) -> (u32, Vec<OsString>) {
    let named = arguments.iter().skip(1).position(|word| {
        word.to_str()
            .and_then(|word| word.strip_prefix('-'))
            .and_then(signal)
            .is_some()
    });
    match named {
        Some(at) => {
            let word = arguments.remove(at + 1).to_string_lossy().into_owned();
            (signal(&word[1..]).unwrap_or(TERM), arguments)
        }
        None => (TERM, arguments),
    }
}

fn select(program: &str, arguments: Vec<OsString>, mut kill: Option<u32>) -> i32 {
    let chosen = || -> Result<(Vec<Info>, Vec<char>), String> {
        let parsed = getopt::parse(SELECT, arguments.into_iter().skip(1), true)?;
        let given: Vec<char> = parsed.options.iter().map(|(option, _)| *option).collect();
        let mut parent = None;
        for (option, value) in &parsed.options {
            let text = value
                .as_ref()
                .map(|value| value.to_string_lossy().into_owned())
                .unwrap_or_default();
            match option {
                'P' => parent = text.parse::<u32>().ok(),
                's' => kill = Some(signal(&text).ok_or_else(|| format!("unknown signal '{text}'"))?),
                _ => {}
            }
        }
        let has = |option| given.contains(&option);
        let pattern = parsed
            .operands
            .first()
            .map(|word| word.to_string_lossy().into_owned())
            .unwrap_or_default();
        if pattern.is_empty() && parent.is_none() {
            return Err("no matching criteria specified".into());
        }
        let source = if has('x') { format!("^(?:{pattern})$") } else { pattern };
        let source = if has('i') { format!("(?i){source}") } else { source };
        let pattern = regex::Regex::new(&source).map_err(|error| error.to_string())?;
        let own = process::own_pid();
        let mut all: Vec<Info> = process::list()
            .map_err(|error| console::reason(&error))?
            .into_iter()
            .filter(|one| one.pid != own)
            .filter(|one| {
                let text = if has('f') {
                    command_line(one)
                } else {
                    called(one).to_owned()
                };
                (pattern.is_match(&text) && parent.is_none_or(|parent| one.parent == parent)) != has('v')
            })
            .collect();
        if has('n') {
            all = all.into_iter().max_by_key(|one| one.started).into_iter().collect();
        } else if has('o') {
            all = all.into_iter().min_by_key(|one| one.started).into_iter().collect();
        }
        Ok((all, given))
    };
    let (all, given) = match chosen() {
        Ok(chosen) => chosen,
        Err(message) => {
            console::complain(program, message);
            return 2;
        }
    };
    let mut out = console::output();
    if given.contains(&'c') {
        let _ = writeln!(out, "{}", all.len());
    }
    for one in &all {
        if let Some(number) = kill {
            // It may have ended just now, which is as good.
            let _ = process::kill(i32::try_from(one.pid).unwrap_or(i32::MAX), number);
            if given.contains(&'e') {
                let _ = writeln!(out, "{} killed (pid {})", called(one), one.pid);
            }
        } else if !given.contains(&'c') {
            let _ = if given.contains(&'a') {
                writeln!(out, "{} {}", one.pid, command_line(one))
            } else if given.contains(&'l') {
                writeln!(out, "{} {}", one.pid, called(one))
            } else {
                writeln!(out, "{}", one.pid)
            };
        }
    }
    let _ = out.flush();
    i32::from(all.is_empty())
}

/// killall: signals processes by name; 0, or 1 if there is none.
pub fn killall(arguments: Vec<OsString>) -> i32 {
    let (number, rest) = take_signal(arguments);
    let names: Vec<String> = rest
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let quiet = names.iter().any(|name| name == "-q");
    let Ok(all) = process::list() else { return 1 };
    let own = process::own_pid();
    let mut code = 0;
    for name in names.iter().filter(|name| !name.starts_with('-')) {
        let mut found = false;
        for one in all.iter().filter(|one| one.pid != own && called(one) == name) {
            found |= process::kill(i32::try_from(one.pid).unwrap_or(i32::MAX), number).is_ok();
        }
        if !found {
            code = 1;
            if !quiet {
                console::complain(name, "no process found");
            }
        }
    }
    code
}

/// pidof: numbers of processes by name, newest first.
pub fn pidof(arguments: Vec<OsString>) -> i32 {
    let Ok(all) = process::list() else { return 1 };
    let names: Vec<String> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let found: Vec<String> = all
        .iter()
        .rev()
        .filter(|one| names.iter().any(|name| called(one) == name))
        .map(|one| one.pid.to_string())
        .collect();
    if found.is_empty() {
        return 1;
    }
    let mut out = console::output();
    i32::from(writeln!(out, "{}", found.join(" ")).and_then(|()| out.flush()).is_err())
}

/// top: the processes once, by CPU time.
pub fn top(_: Vec<OsString>) -> i32 {
    let mut all = match process::list() {
        Ok(all) => all,
        Err(error) => {
            console::complain("top", console::reason(&error));
            return 1;
        }
    };
    all.sort_by_key(|one| std::cmp::Reverse(one.cpu));
    let mut out = console::output();
    let stopped = all.iter().filter(|one| one.stopped).count();
    let _ = writeln!(
        out,
        "Tasks: {} total, {} running, {stopped} stopped\n",
        all.len(),
        all.len() - stopped
    );
    let _ = writeln!(out, "    PID USER          MEM S     TIME+ COMMAND");
    let user = crate::users::name_of(crate::users::PASSWD, crate::users::OWN_ID);
    for one in &all {
        let hundredths = one.cpu / 10_000;
        let time = format!(
            "{}:{:02}.{:02}",
            hundredths / 6000,
            hundredths / 100 % 60,
            hundredths % 100
        );
        let state = if one.stopped { 'T' } else { 'R' };
        let _ = writeln!(
            out,
            "{:>7} {user:<8} {:>8} {state} {time:>9} {}",
            one.pid,
            crate::ls::human(one.memory),
            called(one)
        );
    }
    i32::from(out.flush().is_err())
}

fn run(program: &str, command: &Command) -> i32 {
    match process::run(command) {
        Ok(ended) => ended.code(),
        Err(error) => {
            let name = command.words[0].to_string_lossy().into_owned();
            console::complain(program, format_args!("{name}: {}", console::reason(&error)));
            process::start_failure_code(&error)
        }
    }
}

/// sudo: there is one user, who may do everything in the sandbox already, so the command is run as it is.
pub fn sudo(arguments: Vec<OsString>) -> i32 {
    let mut words = arguments.into_iter().skip(1).peekable();
    let mut environment: Vec<(String, String)> = std::env::vars().collect();
    while let Some(word) = words.peek().and_then(|word| word.to_str()).map(str::to_owned) {
        if word == "--" {
            words.next();
            break;
        }
        if let Some((name, value)) = word
            .split_once('=')
            .filter(|(name, _)| !name.starts_with('-') && !name.contains('/'))
        {
            environment.retain(|(known, _)| known != name);
            environment.push((name.to_owned(), value.to_owned()));
        } else if matches!(word.as_str(), "-u" | "-g" | "-h" | "-p" | "-C" | "-D") {
            words.next();
        } else if !word.starts_with('-') {
            break;
        }
        words.next();
    }
    let mut words: Vec<OsString> = words.collect();
    if words.is_empty() {
        words.push("sh".into());
    }
    run(
        "sudo",
        &Command {
            environment: Some(environment),
            ..Command::new(words)
        },
    )
}

/// nohup: runs a command that a lost terminal does not end.
pub fn nohup(arguments: Vec<OsString>) -> i32 {
    let words: Vec<OsString> = arguments.into_iter().skip(1).filter(|word| word != "--").collect();
    if words.is_empty() {
        console::complain("nohup", "missing operand");
        return 125;
    }
    let mut command = Command {
        ignored: vec![HUP],
        ..Command::new(words)
    };
    if std::io::stdin().is_terminal() {
        command.input = Stdio::Null;
    }
    if std::io::stdout().is_terminal() {
        console::complain("nohup", "ignoring input and appending output to 'nohup.out'");
        command.output = Stdio::Append("nohup.out".into());
        if std::io::stderr().is_terminal() {
            command.errors = Stdio::Append("nohup.out".into());
        }
    }
    run("nohup", &command)
}

const WATCH: &[Opt] = &[
    opt('n', "interval", Takes::Value),
    opt('t', "no-title", Takes::Nothing),
    opt('d', "differences", Takes::Nothing),
    opt('g', "chgexit", Takes::Nothing),
    opt('e', "errexit", Takes::Nothing),
    opt('x', "exec", Takes::Nothing),
];

/// watch: runs a command again and again.
pub fn watch(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(WATCH, arguments.into_iter().skip(1), false) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("watch", message);
            return 1;
        }
    };
    let (mut interval, mut title, mut until_change, mut until_error) = (Duration::from_secs(2), true, false, false);
    for (option, value) in parsed.options {
        match option {
            'n' => {
                let seconds = value.and_then(|text| text.to_string_lossy().parse().ok());
                interval = seconds
                    .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds.max(0.1)).ok())
                    .unwrap_or(interval);
            }
            't' => title = false,
            'g' => until_change = true,
            'e' => until_error = true,
            _ => {}
        }
    }
    let line: Vec<String> = parsed
        .operands
        .iter()
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let line = line.join(" ");
    let mut before = None;
    loop {
        let mut command = Command::shell(&line);
        command.output = Stdio::Pipe;
        let mut text = Vec::new();
        let ended = process::spawn(&command).and_then(|mut child| {
            if let Some(mut output) = child.output.take() {
                std::io::Read::read_to_end(&mut output, &mut text)?;
            }
            child.wait()
        });
        let mut out = console::output();
        if std::io::stdout().is_terminal() {
            let _ = write!(out, "\x1b[H\x1b[2J");
        }
        if title {
            let _ = writeln!(out, "Every {:.1}s: {line}\n", interval.as_secs_f64());
        }
        if out.write_all(&text).and_then(|()| out.flush()).is_err() {
            return 1;
        }
        let failed = !matches!(ended, Ok(process::Ended::Exited(0)));
        if until_error && failed || until_change && before.as_ref().is_some_and(|before| *before != text) {
            return i32::from(failed && until_error);
        }
        before = Some(text);
        std::thread::sleep(interval);
    }
}
