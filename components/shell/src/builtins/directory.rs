//! `cd`, `pwd`, the directory stack, `umask`.

use crate::os::{Errno, FileKind};
use crate::shell::{Shell, Step};

pub(super) async fn cd(shell: &mut Shell, args: &[String]) -> Step {
    let mut args = args;
    let mut physical = false;
    while let Some(first) = args.first() {
        if !matches!(first.as_str(), "-L" | "-P" | "-e" | "-@" | "--") {
            break;
        }
        match first.as_str() {
            "-P" => physical = true,
            "-L" => physical = false,
            _ => {}
        }
        args = args.get(1..).unwrap_or_default();
    }
    if args.len() > 1 {
        shell.complain("cd: too many arguments").await;
        return Ok(1);
    }
    let mut print = false;
    let target = match args.first().map(String::as_str) {
        None => match shell.vars.scalar("HOME") {
            Some(home) => home.to_owned(),
            None => {
                shell.complain("cd: HOME not set").await;
                return Ok(1);
            }
        },
        Some("-") => match shell.vars.scalar("OLDPWD") {
            Some(old) => {
                print = true;
                old.to_owned()
            }
            None => {
                shell.complain("cd: OLDPWD not set").await;
                return Ok(1);
            }
        },
        Some(path) => path.to_owned(),
    };
    let status = change(shell, &target).await?;
    if status == 0 && (physical || crate::builtins::option_is_on(shell, "physical")) {
        let real = resolved(&shell.cwd);
        shell.cwd = real.clone();
        shell.assign_text("PWD", crate::vars::Key::Whole, real, false).await?;
    }
    if status == 0 && print {
        let line = format!("{}\n", shell.cwd);
        return shell.write(1, &line).await;
    }
    Ok(status)
}

pub(super) async fn change(shell: &mut Shell, target: &str) -> Step {
    if target.is_empty() {
        return Ok(0);
    }
    let mut found = Err(Errno::NotFound);
    let mut candidates = vec![target.to_owned()];
    if !target.starts_with(['/', '.'])
        && let Some(cdpath) = shell.vars.scalar("CDPATH")
    {
        let listed = cdpath
            .split(':')
            .filter(|d| !d.is_empty())
            .map(|d| format!("{d}/{target}"));
        candidates = listed.chain([target.to_owned()]).collect();
    }
    for candidate in candidates {
        let path = normal(&shell.absolute(&candidate));
        found = match shell.os().stat(&path, true) {
            Ok(stat) if stat.kind == FileKind::Directory => Ok(path),
            Ok(_) => Err(Errno::NotDirectory),
            Err(e) => Err(e),
        };
        if found.is_ok() {
            break;
        }
    }
    match found {
        Ok(path) => {
            let old = std::mem::replace(&mut shell.cwd, path.clone());
            for (name, value) in [("OLDPWD", old), ("PWD", path)] {
                if let Err(message) = shell.vars.set_scalar(name, value) {
                    shell.complain(&message).await;
                    return Ok(1);
                }
                shell.vars.entry(name).exported = true;
            }
            Ok(0)
        }
        Err(e) => {
            shell.complain(&format!("cd: {target}: {e}")).await;
            Ok(1)
        }
    }
}

/// Resolves `.` and `..` textually, as the logical `cd` does.
fn normal(path: &str) -> String {
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    format!("/{}", parts.join("/"))
}

/// Most symbolic links on a path.
const MAX_LINKS: u32 = 40;

/// A path without symbolic links, as far as they can be followed.
fn resolved(path: &str) -> String {
    let mut done = std::path::PathBuf::from("/");
    let mut todo: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
    let mut links = 0;
    while let Some(part) = todo.pop() {
        match part.as_str() {
            "" | "." => continue,
            ".." => {
                done.pop();
                continue;
            }
            _ => {}
        }
        let next = done.join(&part);
        match std::fs::read_link(&next) {
            Ok(target) if links < MAX_LINKS => {
                links += 1;
                let target = target.to_string_lossy().into_owned();
                if target.starts_with('/') {
                    done = std::path::PathBuf::from("/");
                }
                todo.extend(target.split('/').rev().map(str::to_owned));
            }
            _ => done = next,
        }
    }
    done.to_string_lossy().into_owned()
}

pub(super) async fn pwd(shell: &mut Shell, args: &[String]) -> Step {
    let physical = args.iter().any(|a| a == "-P");
    let line = format!(
        "{}\n",
        if physical {
            resolved(&shell.cwd)
        } else {
            shell.cwd.clone()
        }
    );
    shell.write(1, &line).await
}

pub(super) async fn umask(shell: &mut Shell, args: &[String]) -> Step {
    match args.first().map(String::as_str) {
        None => {
            let line = format!("{:04o}\n", shell.umask);
            shell.write(1, &line).await
        }
        Some("-S") => {
            let m = !shell.umask & 0o777;
            let part = |bits: u32| {
                [(4, 'r'), (2, 'w'), (1, 'x')]
                    .iter()
                    .filter(|(b, _)| bits & b != 0)
                    .map(|(_, c)| *c)
                    .collect::<String>()
            };
            let line = format!("u={},g={},o={}\n", part(m >> 6 & 7), part(m >> 3 & 7), part(m & 7));
            shell.write(1, &line).await
        }
        Some(text) => match u32::from_str_radix(text, 8) {
            Ok(mask) if mask <= 0o777 => {
                shell.umask = mask;
                Ok(0)
            }
            _ => {
                shell
                    .complain(&format!("umask: {text}: octal number out of range"))
                    .await;
                Ok(1)
            }
        },
    }
}
