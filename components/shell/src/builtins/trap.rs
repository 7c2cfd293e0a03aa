//! `trap`.

use crate::shell::{Shell, Step};
use crate::{signals, text};

/// The name under which a trap is kept.
fn trap_name(text: &str) -> Option<String> {
    match text.to_uppercase().as_str() {
        "0" | "EXIT" => return Some("EXIT".to_owned()),
        name @ ("ERR" | "DEBUG" | "RETURN") => return Some(name.to_owned()),
        _ => {}
    }
    signals::name(signals::number(text)?).map(str::to_owned)
}

/// Where bash lists a trap: EXIT, the signals by number, DEBUG, ERR, RETURN.
fn rank(name: &str) -> u32 {
    match name {
        "EXIT" => 0,
        "DEBUG" => 100,
        "ERR" => 101,
        "RETURN" => 102,
        name => signals::number(name).unwrap_or(99),
    }
}

pub(super) async fn trap(shell: &mut Shell, args: &[String]) -> Step {
    let args = match args.first() {
        Some(first) if first == "--" => args.get(1..).unwrap_or_default(),
        _ => args,
    };
    let first = args.first().map(String::as_str);
    if first == Some("-l") {
        return shell.write(1, &signals::table()).await;
    }
    if args.is_empty() || first == Some("-p") {
        return list(shell, args.get(1..).unwrap_or_default()).await;
    }
    if let Some(option) = first.filter(|f| f.len() > 1 && f.starts_with('-')) {
        return super::usage(shell, &format!("trap: {option}: invalid option")).await;
    }
    let (action, names) = match args.split_first() {
        Some((only, [])) => (None, std::slice::from_ref(only)),
        Some((first, rest)) if first == "-" => (None, rest),
        Some((first, _)) if first.parse::<u32>().is_ok() => (None, args),
        Some((first, rest)) => (Some(first.clone()), rest),
        None => return Ok(0),
    };
    let mut status = 0;
    for name in names {
        let Some(key) = trap_name(name) else {
            shell
                .complain(&format!("trap: {name}: invalid signal specification"))
                .await;
            status = 1;
            continue;
        };
        // What was ignored when the shell started stays so, but at a prompt.
        let fixed = signals::number(&key).is_some_and(|n| shell.inherited.contains(&n));
        if fixed && !shell.options.interactive {
            continue;
        }
        match &action {
            Some(action) => shell.traps.insert(key, action.clone()),
            None => shell.traps.remove(&key),
        };
    }
    shell.sync_traps();
    Ok(status)
}

async fn list(shell: &mut Shell, names: &[String]) -> Step {
    let wanted: Vec<String> = names.iter().filter_map(|a| trap_name(a)).collect();
    let mut all: Vec<(&String, &String)> = shell.traps.iter().collect();
    all.sort_by_key(|(name, _)| rank(name));
    let mut out = String::new();
    for (name, action) in all {
        if !names.is_empty() && !wanted.contains(name) {
            continue;
        }
        let shown = if matches!(name.as_str(), "EXIT" | "ERR" | "DEBUG" | "RETURN") {
            name.clone()
        } else {
            format!("SIG{name}")
        };
        out.push_str(&format!("trap -- {} {shown}\n", text::single_quote(action)));
    }
    shell.write(1, &out).await
}
