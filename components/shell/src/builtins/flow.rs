//! `break`, `return`, `exit`, `shift`, `eval`, `.`, `trap`.

use crate::shell::{Flow, Shell, Step};
use crate::text;

pub(super) async fn shift(shell: &mut Shell, args: &[String]) -> Step {
    let count = match args.first() {
        None => 1,
        Some(text) => match text.parse::<usize>() {
            Ok(n) => n,
            Err(_) => {
                shell
                    .complain(&format!("shift: {text}: numeric argument required"))
                    .await;
                return Ok(1);
            }
        },
    };
    if count > shell.positional.len() {
        return Ok(1);
    }
    shell.positional.drain(..count);
    Ok(0)
}

pub(super) async fn break_continue(shell: &mut Shell, name: &str, args: &[String]) -> Step {
    if shell.loops == 0 {
        shell
            .complain(&format!("{name}: only meaningful in a `for', `while', or `until' loop"))
            .await;
        return Ok(0);
    }
    let count = match args.first() {
        None => 1,
        Some(text) => match text.parse::<u32>() {
            Ok(n) if n > 0 => n,
            _ => {
                shell
                    .complain(&format!("{name}: {text}: loop count out of range"))
                    .await;
                return Err(Flow::Break(shell.loops));
            }
        },
    };
    let count = count.min(shell.loops);
    Err(if name == "break" {
        Flow::Break(count)
    } else {
        Flow::Continue(count)
    })
}

pub(super) async fn leave(shell: &mut Shell, name: &str, args: &[String]) -> Step {
    let status = match args.first() {
        None => shell.status,
        Some(text) => match text.trim().parse::<i64>() {
            Ok(n) => (n & 0xFF) as i32,
            Err(_) => {
                shell
                    .complain(&format!("{name}: {text}: numeric argument required"))
                    .await;
                2
            }
        },
    };
    if name == "exit" {
        return Err(Flow::Exit(status));
    }
    if shell.function_names.is_empty() && shell.sourcing == 0 {
        shell
            .complain("return: can only `return' from a function or sourced script")
            .await;
        return Ok(2);
    }
    Err(Flow::Return(status))
}

pub(super) async fn eval(shell: &mut Shell, args: &[String]) -> Step {
    let args = match args.first() {
        Some(first) if first == "--" => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    let text = args.join(" ");
    shell.eval(&text).await
}

pub(super) async fn source(shell: &mut Shell, args: &[String]) -> Step {
    let Some(name) = args.first().cloned() else {
        return super::usage(shell, ".: filename argument required").await;
    };
    let mut path = name.clone();
    if !name.contains('/') {
        let dirs = shell.vars.scalar("PATH").unwrap_or_default().to_owned();
        for directory in dirs.split(':') {
            let candidate = shell.absolute(&format!("{directory}/{name}"));
            if !directory.is_empty() && shell.os().stat(&candidate, true).is_ok() {
                path = candidate;
                break;
            }
        }
    }
    let text = match shell.script_file(&path).await {
        Ok(text) => text,
        Err((_, message)) => {
            shell.complain(&message).await;
            return Ok(1);
        }
    };
    shell.check_depth().await?;
    let positional = args
        .get(1..)
        .filter(|rest| !rest.is_empty())
        .map(|rest| std::mem::replace(&mut shell.positional, rest.to_vec()));
    shell.depth += 1;
    shell.sourcing += 1;
    let result = shell.text(&text, 1).await;
    shell.sourcing -= 1;
    shell.depth -= 1;
    if let Some(positional) = positional {
        shell.positional = positional;
    }
    match result {
        Err(Flow::Return(status)) => Ok(status),
        other => other,
    }
}

/// Signals by name.
pub(super) const SIGNALS: [(&str, u32); 13] = [
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
];

/// The number of a signal given by number or name.
pub(super) fn signal_number(text: &str) -> Option<u32> {
    if let Ok(n) = text.parse() {
        return (n <= 64).then_some(n);
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.iter().find(|(n, _)| *n == name).map(|(_, n)| *n)
}

/// The name under which a trap is kept.
fn trap_name(text: &str) -> Option<String> {
    match text.to_uppercase().as_str() {
        "0" | "EXIT" => return Some("EXIT".to_owned()),
        name @ ("ERR" | "DEBUG" | "RETURN") => return Some(name.to_owned()),
        _ => {}
    }
    let number = signal_number(text)?;
    SIGNALS
        .iter()
        .find(|(_, n)| *n == number)
        .map(|(name, _)| (*name).to_owned())
}

pub(super) async fn trap(shell: &mut Shell, args: &[String]) -> Step {
    let args = match args.first() {
        Some(first) if first == "--" => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    if args.first().is_some_and(|a| a == "-l") {
        let list: Vec<String> = SIGNALS.iter().map(|(name, n)| format!("{n}) SIG{name}")).collect();
        return shell.write(1, &(list.join(" ") + "\n")).await;
    }
    let print = args.first().is_some_and(|a| a == "-p");
    if args.is_empty() || print {
        let wanted: Vec<String> = args.iter().skip(1).filter_map(|a| trap_name(a)).collect();
        let mut out = String::new();
        for (name, action) in &shell.traps {
            if !wanted.is_empty() && !wanted.contains(name) {
                continue;
            }
            let shown = if matches!(name.as_str(), "EXIT" | "ERR" | "DEBUG" | "RETURN") {
                name.clone()
            } else {
                format!("SIG{name}")
            };
            out.push_str(&format!("trap -- {} {shown}\n", text::single_quote(action)));
        }
        return shell.write(1, &out).await;
    }
    let (action, names) = match args.split_first() {
        Some((only, [])) => (None, std::slice::from_ref(only)),
        Some((first, rest)) if first == "-" => (None, rest),
        Some((first, rest)) if first.parse::<u32>().is_ok() => {
            let _ = (first, rest);
            (None, args)
        }
        Some((first, rest)) => (Some(first.clone()), rest),
        None => return Ok(0),
    };
    let mut status = 0;
    for name in names {
        match trap_name(name) {
            Some(key) => {
                match &action {
                    Some(action) => shell.traps.insert(key, action.clone()),
                    None => shell.traps.remove(&key),
                };
            }
            None => {
                shell
                    .complain(&format!("trap: {name}: invalid signal specification"))
                    .await;
                status = 1;
            }
        }
    }
    Ok(status)
}
