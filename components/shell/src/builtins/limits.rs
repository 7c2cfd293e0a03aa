//! `ulimit`: what a program may find out of the sandbox's limits. They are set from outside, not here.

use crate::shell::{Shell, Step};

/// A limit: its letter, name, unit, and value (none: unlimited).
const LIMITS: [(char, &str, &str, Option<u64>); 16] = [
    ('R', "real-time non-blocking time", "microseconds", None),
    ('c', "core file size", "blocks", Some(0)),
    ('d', "data seg size", "kbytes", None),
    ('e', "scheduling priority", "", Some(0)),
    ('f', "file size", "blocks", None),
    ('i', "pending signals", "", Some(32)),
    ('l', "max locked memory", "kbytes", Some(0)),
    ('m', "max memory size", "kbytes", None),
    ('n', "open files", "", Some(1024)),
    ('p', "pipe size", "512 bytes", Some(8)),
    ('q', "POSIX message queues", "bytes", Some(0)),
    ('r', "real-time priority", "", Some(0)),
    ('s', "stack size", "kbytes", Some(8192)),
    ('t', "cpu time", "seconds", None),
    ('u', "max user processes", "", None),
    ('v', "virtual memory", "kbytes", None),
];

pub(super) async fn ulimit(shell: &mut Shell, args: &[String]) -> Step {
    let mut letters = Vec::new();
    let mut all = false;
    let mut value = None;
    for arg in args {
        match arg.strip_prefix('-') {
            Some(flags) => {
                for c in flags.chars() {
                    match c {
                        'a' => all = true,
                        'H' | 'S' => {}
                        c if LIMITS.iter().any(|l| l.0 == c) => letters.push(c),
                        c => return super::usage(shell, &format!("ulimit: -{c}: invalid option")).await,
                    }
                }
            }
            None => value = Some(arg),
        }
    }
    if let Some(value) = value {
        let known = matches!(value.as_str(), "unlimited" | "hard" | "soft") || value.parse::<u64>().is_ok();
        if known {
            // Accepted, as a script that lowers its own limits expects; the sandbox's limits hold anyway.
            return Ok(0);
        }
        shell.complain(&format!("ulimit: {value}: invalid number")).await;
        return Ok(1);
    }
    if letters.is_empty() {
        letters.push('f');
    }
    let one = !all && letters.len() == 1;
    let mut out = String::new();
    for (letter, name, unit, value) in LIMITS {
        if !all && !letters.contains(&letter) {
            continue;
        }
        let value = value.map_or_else(|| "unlimited".to_owned(), |n| n.to_string());
        if one {
            out.push_str(&format!("{value}\n"));
            continue;
        }
        let flag = if unit.is_empty() {
            format!("(-{letter})")
        } else {
            format!("({unit}, -{letter})")
        };
        out.push_str(&format!("{name:<24}{flag:>20} {value}\n"));
    }
    shell.write(1, &out).await
}
