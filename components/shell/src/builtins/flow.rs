//! `break`, `return`, `exit`, `shift`, `eval`, `.`.

use crate::shell::{Flow, Shell, Step};

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
    if shell.frames.is_empty() && shell.sourcing == 0 {
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
    shell.indirection += 1;
    let result = shell.eval(&text).await;
    shell.indirection -= 1;
    result
}

pub(crate) async fn source(shell: &mut Shell, args: &[String]) -> Step {
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
    let changes = shell.positional_changes;
    shell.sourcing += 1;
    let file: std::rc::Rc<str> = path.as_str().into();
    shell.frames.push(crate::shell::Frame {
        name: "source".to_owned(),
        file: file.clone(),
        line: shell.line,
    });
    let (outer, line) = (std::mem::replace(&mut shell.file, file), shell.line);
    let mut result = shell.text(&text, 1).await;
    if shell.options.functrace
        && let Err(flow) = shell.return_trap().await
    {
        result = Err(flow);
    }
    shell.file = outer;
    shell.line = line;
    shell.frames.pop();
    shell.sourcing -= 1;
    shell.depth -= 1;
    // What the script itself set stays.
    if let Some(positional) = positional
        && shell.positional_changes == changes
    {
        shell.positional = positional;
    }
    match result {
        Err(Flow::Return(status)) => Ok(status),
        other => other,
    }
}

/// `caller [n]`: where the nth call up the stack was made.
pub(super) async fn caller(shell: &mut Shell, args: &[String]) -> Step {
    let number = args.first().and_then(|n| n.parse::<usize>().ok());
    let skip = number.unwrap_or(0);
    if shell.frames.is_empty() && number.is_none() {
        return shell.write(1, "0 NULL\n").await;
    }
    let Some(at) = shell.frames.len().checked_sub(skip + 1) else {
        return Ok(1);
    };
    let Some(frame) = shell.frames.get(at) else {
        return Ok(1);
    };
    let (name, file) = match at.checked_sub(1).and_then(|i| shell.frames.get(i)) {
        Some(outer) => (outer.name.clone(), outer.file.to_string()),
        None => ("main".to_owned(), shell.script_name()),
    };
    let line = match number {
        Some(_) => format!("{} {name} {file}\n", frame.line),
        None => format!("{} {file}\n", frame.line),
    };
    shell.write(1, &line).await
}
