//! `wait`, `kill`, `jobs`, `fg`, `bg`, `disown`.

use crate::jobs::{FIRST_TASK_ID, Job, JobState};
use crate::shell::{Flow, Shell, Step};
use crate::signals;
use crate::task::{Either, Handle, either};

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
            option if option.starts_with('-') => {
                return super::usage(shell, &format!("wait: {option}: invalid option")).await;
            }
            spec => specs.push(spec.to_owned()),
        }
    }
    if shell.jobs.foreign {
        shell.jobs = crate::jobs::Jobs::default();
    }
    if any {
        return wait_any(shell, &specs, variable).await;
    }
    if specs.is_empty() {
        for job in shell.jobs.list.clone() {
            if job.state() == JobState::Stopped {
                continue;
            }
            if let Err(status) = interruptible(shell, &job.task).await? {
                return Ok(status);
            }
            shell.jobs.remove(job.number);
        }
        if let Some((_, task)) = shell.last_substitution.take()
            && let Err(status) = interruptible(shell, &task).await?
        {
            return Ok(status);
        }
        return Ok(0);
    }
    let mut status = 0;
    for spec in specs {
        if let Some((id, task)) = shell.last_substitution.clone()
            && spec == id.to_string()
        {
            status = match interruptible(shell, &task).await? {
                Ok(status) => status,
                Err(status) => return Ok(status),
            };
            continue;
        }
        let Some(job) = shell.jobs.find(&spec).cloned() else {
            let message = if spec.starts_with('%') {
                format!("wait: {spec}: no such job")
            } else if spec.bytes().all(|b| b.is_ascii_digit()) {
                format!("wait: pid {spec} is not a child of this shell")
            } else {
                format!("wait: `{spec}': not a pid or valid job spec")
            };
            shell.complain(&message).await;
            let plausible = spec.starts_with('%') || spec.bytes().all(|b| b.is_ascii_digit());
            status = if plausible { 127 } else { 1 };
            continue;
        };
        status = match interruptible(shell, &job.task).await? {
            Ok(status) => status,
            Err(status) => return Ok(status),
        };
        for other in &mut shell.jobs.list {
            other.waited |= other.id == job.id;
        }
        if let Some(name) = &variable {
            shell
                .assign_text(name, crate::vars::Key::Whole, job.id.to_string(), false)
                .await?;
        }
    }
    Ok(status)
}

/// Waits for a task; a signal with a trap ends the wait, with its status as the error.
async fn interruptible(shell: &Shell, task: &Handle<i32>) -> Result<Result<i32, i32>, Flow> {
    let inbox = shell.inbox.clone();
    let mask = inbox.trapped.get();
    match either(task.join(), inbox.wait(mask)).await {
        Either::First(status) => Ok(Ok(status)),
        Either::Second(()) => Ok(Err(interrupted(shell))),
    }
}

/// The status of a `wait` that a signal ended.
fn interrupted(shell: &Shell) -> i32 {
    let mask = shell.inbox.trapped.get();
    let signal = (1..64).find(|s| shell.inbox.has(mask & crate::task::bit(*s)));
    128 + signal.and_then(|s| i32::try_from(s).ok()).unwrap_or(0)
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
        let inbox = shell.inbox.clone();
        let mask = inbox.trapped.get();
        if let Either::Second(()) = either(crate::task::first_of(&jobs), inbox.wait(mask)).await {
            return Ok(interrupted(shell));
        }
    }
}

pub(super) async fn jobs(shell: &mut Shell, args: &[String]) -> Step {
    let mut ids_only = false;
    let mut long = false;
    let mut chosen = None;
    let mut specs = Vec::new();
    for arg in args {
        match arg.as_str() {
            "-p" => ids_only = true,
            "-l" => long = true,
            "-r" => chosen = Some(JobState::Running),
            "-s" => chosen = Some(JobState::Stopped),
            "-n" => {}
            spec => specs.push(spec.to_owned()),
        }
    }
    let mut numbers: Vec<u32> = Vec::new();
    for spec in &specs {
        match shell.jobs.find(spec) {
            Some(job) => numbers.push(job.number),
            None => {
                shell.complain(&format!("jobs: {spec}: no such job")).await;
                return Ok(1);
            }
        }
    }
    let mut out = String::new();
    let mut gone = Vec::new();
    for job in &shell.jobs.list {
        let state = job.state();
        let wanted = specs.is_empty() || numbers.contains(&job.number);
        if job.waited || !wanted || chosen.is_some_and(|c| c != state) {
            continue;
        }
        if ids_only {
            out.push_str(&format!("{}\n", job.id));
            continue;
        }
        out.push_str(&shell.jobs.line(job, long));
        if matches!(state, JobState::Done(_)) {
            gone.push(job.number);
        }
    }
    for number in gone {
        shell.jobs.remove(number);
    }
    shell.write(1, &out).await
}

/// `fg` and `bg`.
pub(super) async fn resume(shell: &mut Shell, name: &str, args: &[String]) -> Step {
    if !shell.controls_jobs() {
        shell.complain(&format!("{name}: no job control")).await;
        return Ok(1);
    }
    let current = ["%+".to_owned()];
    let specs = if args.is_empty() { &current[..] } else { args };
    let mut status = 0;
    for spec in specs {
        let percent = if spec.starts_with('%') {
            spec.clone()
        } else {
            format!("%{spec}")
        };
        let Some(job) = shell.jobs.find(&percent).or_else(|| shell.jobs.find(spec)).cloned() else {
            let shown = if args.is_empty() { "current" } else { spec };
            shell.complain(&format!("{name}: {shown}: no such job")).await;
            return Ok(1);
        };
        if let JobState::Done(_) = job.state() {
            shell.complain(&format!("{name}: job has terminated")).await;
            shell.jobs.remove(job.number);
            return Ok(1);
        }
        if name == "fg" {
            shell.write(1, &format!("{}\n", job.text)).await?;
            return shell.resume(job.number, true).await;
        }
        if job.state() == JobState::Running {
            shell
                .complain(&format!("bg: job {} already in background", job.number))
                .await;
            continue;
        }
        status = shell.resume(job.number, false).await?;
        let mark = shell.jobs.mark(job.number);
        shell
            .write(1, &format!("[{}]{mark} {} &\n", job.number, job.text))
            .await?;
    }
    Ok(status)
}

pub(super) async fn disown(shell: &mut Shell, args: &[String]) -> Step {
    let mut specs = Vec::new();
    for arg in args {
        match arg.as_str() {
            "-a" | "-r" => specs.extend(shell.jobs.list.iter().map(|j| format!("%{}", j.number))),
            "-h" | "--" => {}
            spec => specs.push(spec.to_owned()),
        }
    }
    if args.is_empty() {
        specs.push("%+".to_owned());
    }
    for spec in specs {
        match shell.jobs.find(&spec).map(|j| j.number) {
            Some(number) => shell.jobs.remove(number),
            None => {
                let shown = if args.is_empty() { "current" } else { &spec };
                shell.complain(&format!("disown: {shown}: no such job")).await;
                return Ok(1);
            }
        }
    }
    Ok(0)
}

pub(super) async fn kill(shell: &mut Shell, args: &[String]) -> Step {
    let mut signal = 15;
    let mut targets: &[String] = args;
    if let Some(first) = args.first() {
        let mut named = None;
        match first.as_str() {
            "-l" | "-L" => return list(shell, args).await,
            "-s" | "-n" => {
                named = Some(args.get(1).map(String::as_str).unwrap_or_default());
                targets = args.get(2..).unwrap_or_default();
            }
            "--" => {}
            text if text.starts_with('-') && args.len() > 1 => {
                named = text.get(1..);
                targets = args.get(1..).unwrap_or_default();
            }
            _ => {}
        }
        if let Some(name) = named {
            match signals::number(name) {
                Some(n) => signal = n,
                None => return invalid(shell, name).await,
            }
        }
    }
    if targets.first().is_some_and(|t| t == "--") {
        targets = targets.get(1..).unwrap_or_default();
    }
    if targets.is_empty() {
        let usage = "kill: usage: kill [-s sigspec | -n signum | -sigspec] pid | jobspec ... or kill -l [sigspec]";
        return super::usage(shell, usage).await;
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
        return kill_job(shell, &job, target, signal).await;
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
    match shell.os().kill(pid, signal) {
        Ok(()) => {
            shell.exec.collect_signals();
            Ok(true)
        }
        Err(e) => {
            shell.complain(&format!("kill: ({pid}) - {e}")).await;
            Ok(false)
        }
    }
}

async fn kill_job(shell: &mut Shell, job: &Job, target: &str, signal: u32) -> Result<bool, Flow> {
    if job.task.peek().is_some() {
        shell.complain(&format!("kill: ({target}) - No such process")).await;
        return Ok(false);
    }
    if signal == 0 {
        return Ok(true);
    }
    // A pid means that process alone, a job its whole group.
    let alone = !target.starts_with('%') && job.id < FIRST_TASK_ID;
    if alone {
        let pid = i32::try_from(job.id).unwrap_or(i32::MAX);
        let stopped = job.state() == JobState::Stopped;
        if let Err(e) = shell.os().kill(pid, signal) {
            shell.complain(&format!("kill: ({target}) - {e}")).await;
            return Ok(false);
        }
        if stopped && matches!(signal, 1 | 15) {
            // It cannot end before it goes on.
            let _ = shell.os().kill(pid, 18);
        }
    } else {
        shell.signal_job(job, signal);
    }
    Ok(true)
}

async fn invalid(shell: &mut Shell, name: &str) -> Step {
    shell
        .complain(&format!("kill: {name}: invalid signal specification"))
        .await;
    Ok(1)
}

async fn list(shell: &mut Shell, args: &[String]) -> Step {
    let mut out = String::new();
    for text in args.get(1..).unwrap_or_default() {
        match text.parse::<u32>() {
            Ok(n) => {
                let n = if n > 128 { n - 128 } else { n };
                match signals::name(n) {
                    Some(name) => out.push_str(&format!("{name}\n")),
                    None => return invalid(shell, text).await,
                }
            }
            Err(_) => match signals::number(text) {
                Some(n) => out.push_str(&format!("{n}\n")),
                None => return invalid(shell, text).await,
            },
        }
    }
    if args.len() < 2 {
        out = signals::table();
    }
    shell.write(1, &out).await
}
