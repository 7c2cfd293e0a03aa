//! `wait`, `kill`, `jobs`.

use crate::shell::{Flow, Shell, Step};

pub(super) async fn wait(shell: &mut Shell, args: &[String]) -> Step {
    let mut any = false;
    let mut variable = None;
    let mut specs = Vec::new();
    let mut iter = args.iter();
    while let Some(arg) = iter.next() {
        match arg.as_str() {
            "-n" => any = true,
            "-f" | "--" => {}
            "-p" => variable = iter.next().cloned(),
            spec => specs.push(spec.to_owned()),
        }
    }
    if any {
        return wait_any(shell, &specs, variable).await;
    }
    if specs.is_empty() {
        let jobs = std::mem::take(&mut shell.jobs.list);
        for job in jobs {
            job.task.join().await;
        }
        return Ok(0);
    }
    let mut status = 0;
    for spec in specs {
        let Some(job) = shell.jobs.find(&spec).cloned() else {
            let message = if spec.starts_with('%') {
                format!("wait: {spec}: no such job")
            } else {
                format!("wait: pid {spec} is not a child of this shell")
            };
            shell.complain(&message).await;
            status = 127;
            continue;
        };
        status = job.task.join().await;
        for other in &mut shell.jobs.list {
            other.waited |= other.id == job.id;
        }
    }
    Ok(status)
}

async fn wait_any(shell: &mut Shell, specs: &[String], variable: Option<String>) -> Step {
    loop {
        let mut candidates = 0;
        let mut done = None;
        for job in &mut shell.jobs.list {
            let chosen = specs.is_empty()
                || specs
                    .iter()
                    .any(|s| *s == job.id.to_string() || s.strip_prefix('%') == Some(&job.number.to_string()));
            if job.waited || !chosen {
                continue;
            }
            candidates += 1;
            if let Some(status) = job.task.peek() {
                job.waited = true;
                done = Some((job.id, status));
                break;
            }
        }
        if let Some((id, status)) = done {
            if let Some(name) = variable {
                shell
                    .assign_text(&name, crate::vars::Key::Whole, id.to_string(), false)
                    .await?;
            }
            return Ok(status);
        }
        if candidates == 0 {
            return Ok(127);
        }
        // Wake when any of them ends: every job's process or task wakes the executor.
        let jobs: Vec<_> = shell
            .jobs
            .list
            .iter()
            .filter(|j| !j.waited)
            .map(|j| j.task.clone())
            .collect();
        crate::task::first_of(&jobs).await;
    }
}

pub(super) async fn jobs(shell: &mut Shell, args: &[String]) -> Step {
    let ids_only = args.iter().any(|a| a == "-p");
    let mut out = String::new();
    let last = shell.jobs.list.len();
    for (i, job) in shell.jobs.list.iter_mut().enumerate() {
        if job.waited {
            continue;
        }
        if ids_only {
            out.push_str(&format!("{}\n", job.id));
            continue;
        }
        let mark = match last - i {
            1 => '+',
            2 => '-',
            _ => ' ',
        };
        let (state, suffix) = match job.task.peek() {
            None => ("Running".to_owned(), " &"),
            Some(0) => ("Done".to_owned(), ""),
            Some(n) => (format!("Exit {n}"), ""),
        };
        job.waited |= job.task.peek().is_some();
        out.push_str(&format!("[{}]{mark}  {state:<24}{}{suffix}\n", job.number, job.text));
    }
    shell.write(1, &out).await
}

pub(super) async fn kill(shell: &mut Shell, args: &[String]) -> Step {
    let mut signal = 15;
    let mut targets: &[String] = args;
    if let Some(first) = args.first() {
        match first.as_str() {
            "-l" | "-L" => return list(shell, args).await,
            "-s" | "-n" => {
                let name = args.get(1).map(String::as_str).unwrap_or_default();
                match super::flow::signal_number(name) {
                    Some(n) => signal = n,
                    None => return invalid(shell, name).await,
                }
                targets = args.get(2..).unwrap_or_default();
            }
            "--" => targets = args.get(1..).unwrap_or_default(),
            text if text.starts_with('-') && args.len() > 1 => {
                let name = text.get(1..).unwrap_or_default();
                match super::flow::signal_number(name) {
                    Some(n) => signal = n,
                    None => return invalid(shell, name).await,
                }
                targets = args.get(1..).unwrap_or_default();
            }
            _ => {}
        }
    }
    if targets.first().is_some_and(|t| t == "--") {
        targets = targets.get(1..).unwrap_or_default();
    }
    if targets.is_empty() {
        return super::usage(shell, "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid ...").await;
    }
    let mut status = 0;
    for target in targets {
        if !kill_one(shell, target, signal).await? {
            status = 1;
        }
    }
    Ok(status)
}

async fn kill_one(shell: &mut Shell, target: &str, signal: u32) -> Result<bool, Flow> {
    if let Some(job) = shell.jobs.find(target).cloned() {
        if job.task.peek().is_some() {
            shell.complain(&format!("kill: ({target}) - No such process")).await;
            return Ok(false);
        }
        if signal == 0 {
            return Ok(true);
        }
        for child in job.children.borrow().iter() {
            // It may have ended meanwhile.
            let _ = child.kill(signal);
        }
        if job.id >= crate::jobs::FIRST_TASK_ID {
            shell.exec.abort(&job.task);
            job.task.resolve(128 + i32::try_from(signal).unwrap_or_default());
        }
        return Ok(true);
    }
    let Ok(pid) = target.parse::<i32>() else {
        let message = if target.starts_with('%') {
            format!("kill: {target}: no such job")
        } else {
            format!("kill: {target}: arguments must be process or job IDs")
        };
        shell.complain(&message).await;
        return Ok(false);
    };
    let own = i64::from(pid) == i64::from(shell.os().own_pid());
    if own && signal != 0 {
        let name = super::flow::SIGNALS
            .iter()
            .find(|(_, n)| *n == signal)
            .map_or("", |(name, _)| name);
        if shell.signal_trap(name).await? {
            return Ok(true);
        }
    }
    match shell.os().kill(pid, signal) {
        Ok(()) => Ok(true),
        Err(e) => {
            shell.complain(&format!("kill: ({pid}) - {e}")).await;
            Ok(false)
        }
    }
}

async fn invalid(shell: &mut Shell, name: &str) -> Step {
    shell
        .complain(&format!("kill: {name}: invalid signal specification"))
        .await;
    Ok(1)
}

async fn list(shell: &mut Shell, args: &[String]) -> Step {
    let mut out = String::new();
    match args.get(1) {
        Some(text) => match text.parse::<u32>() {
            Ok(n) => {
                let n = if n > 128 { n - 128 } else { n };
                for (name, number) in super::flow::SIGNALS {
                    if number == n {
                        out.push_str(&format!("{name}\n"));
                    }
                }
            }
            Err(_) => match super::flow::signal_number(text) {
                Some(n) => out.push_str(&format!("{n}\n")),
                None => return invalid(shell, text).await,
            },
        },
        None => {
            let all: Vec<String> = super::flow::SIGNALS
                .iter()
                .map(|(name, n)| format!("{n}) SIG{name}"))
                .collect();
            out = all.join("\t") + "\n";
        }
    }
    shell.write(1, &out).await
}
