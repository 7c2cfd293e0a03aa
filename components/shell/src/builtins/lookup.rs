//! `type`, `command`, `alias`.

use super::{exists, run};
use crate::shell::{Shell, Step};
use crate::text;

/// The reserved words.
pub(crate) const KEYWORDS: [&str; 22] = [
    "!", "[[", "]]", "case", "coproc", "do", "done", "elif", "else", "esac", "fi", "for", "function", "if", "in",
    "select", "then", "time", "until", "while", "{", "}",
];

pub(super) async fn type_builtin(shell: &mut Shell, command: &str, args: &[String]) -> Step {
    let mut style = if command == "which" { 'p' } else { ' ' };
    let mut status = 0;
    let mut out = String::new();
    for arg in args {
        if let Some(flags) = arg.strip_prefix('-')
            && !flags.is_empty()
            && flags.chars().all(|c| "tpPaf".contains(c))
        {
            for c in flags.chars() {
                match c {
                    't' => style = 't',
                    'p' | 'P' => style = c,
                    _ => {}
                }
            }
            continue;
        }
        match describe(shell, arg, if command == "which" { 'P' } else { style }) {
            Some(line) => out.push_str(&line),
            None => {
                status = 1;
                if style == ' ' {
                    shell.complain(&format!("type: {arg}: not found")).await;
                }
            }
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}

/// What a name is, in the style of `type` (' '), `-t` or `-p`/`-P`.
fn describe(shell: &Shell, name: &str, style: char) -> Option<String> {
    let path = shell.vars.scalar("PATH").unwrap_or_default();
    let file = || shell.find_program(name, path).ok();
    if style == 'P' {
        return file().map(|f| f + "\n");
    }
    let (word, line) = if let Some(value) = shell.aliases.get(name) {
        ("alias", format!("{name} is aliased to `{value}'\n"))
    } else if KEYWORDS.contains(&name) {
        ("keyword", format!("{name} is a shell keyword\n"))
    } else if let Some(f) = shell.functions.get(name) {
        ("function", format!("{name} is a function\n{name} () \n{}\n", f.source))
    } else if exists(name) {
        ("builtin", format!("{name} is a shell builtin\n"))
    } else {
        let file = file()?;
        if style == 'p' {
            return Some(file + "\n");
        }
        ("file", format!("{name} is {file}\n"))
    };
    Some(match style {
        't' => format!("{word}\n"),
        'p' => String::new(),
        _ => line,
    })
}

pub(super) async fn command(shell: &mut Shell, which: &str, args: &[String]) -> Step {
    let mut args = args;
    let mut verbose = None;
    while let Some(first) = args.first() {
        match first.as_str() {
            "-v" | "-V" if which == "command" => verbose = first.chars().nth(1),
            "-p" if which == "command" => {}
            "--" => {
                args = args.get(1..).unwrap_or_default();
                break;
            }
            _ => break,
        }
        args = args.get(1..).unwrap_or_default();
    }
    if let Some(v) = verbose {
        let mut status = 0;
        let mut out = String::new();
        for name in args {
            let line = if v == 'V' {
                describe(shell, name, ' ')
            } else {
                short(shell, name)
            };
            match line {
                Some(line) => out.push_str(&line),
                None => {
                    status = 1;
                    if v == 'V' {
                        shell.complain(&format!("command: {name}: not found")).await;
                    }
                }
            }
        }
        shell.write(1, &out).await?;
        return Ok(status);
    }
    let Some(name) = args.first() else {
        return Ok(0);
    };
    if exists(name) {
        return run(shell, name, args, &[]).await;
    }
    if which == "builtin" {
        shell.complain(&format!("builtin: {name}: not a shell builtin")).await;
        return Ok(1);
    }
    match shell.start(name, args, &[]).await? {
        Ok(child) => shell.foreground(&child).await,
        Err(status) => Ok(status),
    }
}

/// `command -v`.
fn short(shell: &Shell, name: &str) -> Option<String> {
    if let Some(value) = shell.aliases.get(name) {
        return Some(format!("alias {name}={}\n", text::single_quote(value)));
    }
    if KEYWORDS.contains(&name) || shell.functions.contains_key(name) || exists(name) {
        return Some(format!("{name}\n"));
    }
    let path = shell.vars.scalar("PATH").unwrap_or_default();
    shell.find_program(name, path).ok().map(|f| f + "\n")
}

/// `alias` and `unalias`; the parser expands them, at a prompt or with `shopt -s expand_aliases`.
pub(super) async fn alias(shell: &mut Shell, which: &str, args: &[String]) -> Step {
    if which == "unalias" {
        for arg in args {
            if arg == "-a" {
                shell.aliases = std::rc::Rc::default();
            } else if std::rc::Rc::make_mut(&mut shell.aliases).remove(arg).is_none() {
                shell.complain(&format!("unalias: {arg}: not found")).await;
                return Ok(1);
            }
        }
        return Ok(0);
    }
    let mut out = String::new();
    let mut status = 0;
    let line = |name: &str, value: &str| format!("alias {name}={}\n", text::single_quote(value));
    if args.is_empty() {
        for (name, value) in shell.aliases.iter() {
            out.push_str(&line(name, value));
        }
    }
    for arg in args {
        match arg.split_once('=') {
            Some((name, value)) => {
                std::rc::Rc::make_mut(&mut shell.aliases).insert(name.to_owned(), value.to_owned());
            }
            None => match shell.aliases.get(arg) {
                Some(value) => out.push_str(&line(arg, value)),
                None if arg == "-p" => {}
                None => {
                    shell.complain(&format!("alias: {arg}: not found")).await;
                    status = 1;
                }
            },
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}

/// `hash`: where programs were found.
pub(super) async fn hash(shell: &mut Shell, args: &[String]) -> Step {
    let path = shell.vars.scalar("PATH").unwrap_or_default().to_owned();
    let mut out = String::new();
    let mut status = 0;
    let (mut delete, mut tell, mut force) = (false, false, None);
    let mut iter = args.iter();
    let mut any = false;
    while let Some(arg) = iter.next() {
        match arg.as_str() {
            "-r" => {
                shell.hashed.clear();
                any = true;
            }
            "-d" => delete = true,
            "-t" => tell = true,
            "-l" => {}
            "-p" => force = iter.next().cloned(),
            name => {
                any = true;
                if let Some(file) = &force {
                    shell.hashed.insert(name.to_owned(), (file.clone(), 0));
                } else if delete {
                    if shell.hashed.remove(name).is_none() {
                        shell.complain(&format!("hash: {name}: not found")).await;
                        status = 1;
                    }
                } else if tell {
                    match shell.hashed.get(name) {
                        Some((file, _)) => out.push_str(&format!("{file}\n")),
                        None => {
                            shell.complain(&format!("hash: {name}: not found")).await;
                            status = 1;
                        }
                    }
                } else if !exists(name) && !shell.functions.contains_key(name) {
                    match shell.find_program(name, &path) {
                        Ok(file) => {
                            shell.hashed.insert(name.to_owned(), (file, 0));
                        }
                        Err(_) => {
                            shell.complain(&format!("hash: {name}: not found")).await;
                            status = 1;
                        }
                    }
                }
            }
        }
    }
    if !any {
        if shell.hashed.is_empty() {
            out.push_str("hash: hash table empty\n");
        } else {
            out.push_str("hits\tcommand\n");
            for (file, hits) in shell.hashed.values() {
                out.push_str(&format!("{hits:4}\t{file}\n"));
            }
        }
    }
    shell.write(1, &out).await?;
    Ok(status)
}
