//! `pushd`, `popd`, `dirs`.

use super::directory::change;
use crate::shell::{Shell, Step};

/// Most directories on the stack.
const MAX_STACK: usize = 10_000;

pub(super) async fn run(shell: &mut Shell, name: &str, args: &[String]) -> Step {
    let mut index = None;
    let mut keep = false;
    let mut target = None;
    let mut flags = String::new();
    let count = shell.directories.len() + 1;
    for arg in args {
        match arg.as_str() {
            "--" => {}
            "-n" if name != "dirs" => keep = true,
            "-c" | "-l" | "-p" | "-v" if name == "dirs" => flags.push_str(arg.get(1..).unwrap_or_default()),
            text => match position(text, count) {
                Some(Ok(at)) => index = Some((at, text.to_owned())),
                Some(Err(())) => {
                    shell
                        .complain(&format!("{name}: {text}: directory stack index out of range"))
                        .await;
                    return Ok(1);
                }
                None if name == "pushd" && target.is_none() => target = Some(text.to_owned()),
                None => {
                    shell.complain(&format!("{name}: {text}: invalid argument")).await;
                    return Ok(if name == "popd" { 1 } else { 2 });
                }
            },
        }
    }
    match name {
        "dirs" => return show(shell, &flags, index.map(|(at, _)| at)).await,
        "pushd" => match (target, index) {
            (Some(target), _) => {
                if shell.directories.len() >= MAX_STACK {
                    shell.complain("pushd: directory stack full").await;
                    return Ok(1);
                }
                if keep {
                    let full = shell.absolute(&target);
                    shell.directories.push(full);
                } else {
                    let old = shell.cwd.clone();
                    let status = change(shell, &target).await?;
                    if status != 0 {
                        return Ok(status);
                    }
                    shell.directories.push(old);
                }
            }
            (None, index) => {
                if count < 2 {
                    shell.complain("pushd: no other directory").await;
                    return Ok(1);
                }
                let at = index.map_or(1, |(at, _)| at);
                // The whole stack turns, for a plain `pushd` only its two top ones.
                let mut all = list(shell);
                if args.iter().any(|a| a != "-n" && a != "--") {
                    all.rotate_left(at);
                } else {
                    all.swap(0, 1);
                }
                if let Some(status) = adopt(shell, all).await? {
                    return Ok(status);
                }
            }
        },
        _ => {
            if count < 2 {
                shell.complain("popd: directory stack empty").await;
                return Ok(1);
            }
            let mut all = list(shell);
            let at = index.map_or(usize::from(keep), |(at, _)| at);
            all.remove(at);
            if let Some(status) = adopt(shell, all).await? {
                return Ok(status);
            }
        }
    }
    show(shell, "", None).await
}

/// `+n` from the left, `-n` from the right.
fn position(text: &str, count: usize) -> Option<Result<usize, ()>> {
    let (left, digits) = match text.as_bytes().first()? {
        b'+' => (true, text.get(1..)?),
        b'-' => (false, text.get(1..)?),
        _ => return None,
    };
    let n: usize = digits.parse().ok()?;
    if n >= count {
        return Some(Err(()));
    }
    Some(Ok(if left { n } else { count - 1 - n }))
}

/// The stack, the current directory first.
fn list(shell: &Shell) -> Vec<String> {
    let mut all = vec![shell.cwd.clone()];
    all.extend(shell.directories.iter().rev().cloned());
    all
}

/// Makes this the stack; the status if its first directory cannot be entered.
async fn adopt(shell: &mut Shell, mut all: Vec<String>) -> Result<Option<i32>, crate::shell::Flow> {
    let top = all.remove(0);
    if top != shell.cwd {
        let status = change(shell, &top).await?;
        if status != 0 {
            return Ok(Some(status));
        }
    }
    all.reverse();
    shell.directories = all;
    Ok(None)
}

async fn show(shell: &mut Shell, flags: &str, index: Option<usize>) -> Step {
    if flags.contains('c') {
        shell.directories.clear();
        return Ok(0);
    }
    let home = shell.vars.scalar("HOME").unwrap_or_default().to_owned();
    let long = flags.contains('l');
    let shown: Vec<String> = list(shell)
        .into_iter()
        .map(|d| match d.strip_prefix(&home) {
            Some(rest) if !long && !home.is_empty() && (rest.is_empty() || rest.starts_with('/')) => {
                format!("~{rest}")
            }
            _ => d,
        })
        .collect();
    let out = if let Some(at) = index {
        shown.get(at).map(|d| format!("{d}\n")).unwrap_or_default()
    } else if flags.contains('v') {
        shown.iter().enumerate().map(|(i, d)| format!("{i:2}  {d}\n")).collect()
    } else if flags.contains('p') {
        shown.iter().map(|d| format!("{d}\n")).collect()
    } else {
        format!("{}\n", shown.join(" "))
    };
    shell.write(1, &out).await
}
