//! Job control: process groups, the terminal, and what happens when a foreground job is stopped.

use std::rc::Rc;

use crate::jobs::{FIRST_TASK_ID, Job, JobState, Running};
use crate::os::{Child, Exit, Group, Interest, Mode};
use crate::shell::{Flow, Shell, Step};
use crate::task::{Either, Handle, Owned, either, first_of};

/// `$?` of a command that was stopped at the terminal.
const STOPPED: i32 = 128 + 20;

impl Shell {
    /// Whether this shell gives its pipelines process groups of their own (`set -m`; subshells never do).
    pub fn controls_jobs(&self) -> bool {
        self.options.monitor && self.subshell == 0
    }

    /// The record of the processes of a new job.
    pub fn new_running(&self, foreground: bool) -> Rc<Running> {
        let running = Running::default();
        if self.controls_jobs() {
            running.control.set(true);
            let group = if self.group == 0 {
                self.os().own_group()
            } else {
                self.group
            };
            running.home.set(group);
            if foreground {
                running.terminal.replace(self.terminal.clone());
            }
        }
        Rc::new(running)
    }

    /// The group for the next process of this shell.
    pub fn next_group(&self) -> Group {
        match (self.running.control.get(), self.running.group.get()) {
            (false, _) => Group::Same,
            (true, 0) => Group::New,
            (true, group) => Group::Join(group),
        }
    }

    /// Waits for a child that runs in the foreground; the status, also if it is stopped and becomes a job.
    pub(crate) async fn foreground(&mut self, child: &Child) -> Step {
        let running = self.running.clone();
        let exec = self.exec.clone();
        running.add(child.clone());
        let controls = self.controls_jobs() && running.control.get();
        let exit = loop {
            if let Some(exit) = child.try_wait() {
                break exit;
            }
            if !controls {
                exec.wait(&[Interest::Exit(child.clone())]).await;
                continue;
            }
            if child.is_stopped() {
                let process = child.clone();
                let watched = running.clone();
                let task = self.exec.watch(async move {
                    let exit = exec.exit_of(&process).await;
                    watched.remove(process.pid(), exit);
                    exit.status()
                });
                self.became_stopped(child.pid(), running, task).await;
                return Ok(STOPPED);
            }
            exec.wait(&[Interest::Stop(child.clone())]).await;
        };
        running.remove(child.pid(), exit);
        if controls {
            self.after_signal(exit).await?;
        }
        Ok(exit.status())
    }

    /// Waits for the stages of a pipeline. None: they were stopped, and are a job now.
    pub(super) async fn foreground_tasks(&mut self, tasks: Vec<Owned>) -> Result<Option<Vec<i32>>, Flow> {
        let running = self.running.clone();
        let controls = self.controls_jobs() && running.control.get();
        loop {
            let left: Vec<Handle<i32>> = tasks
                .iter()
                .map(Owned::handle)
                .filter(|h| h.peek().is_none())
                .cloned()
                .collect();
            if left.is_empty() {
                break;
            }
            if !controls {
                first_of(&left).await;
                continue;
            }
            let children = running.children();
            if children.iter().any(|c| c.is_stopped()) {
                let handles: Vec<Handle<i32>> = tasks.into_iter().map(Owned::release).collect();
                let pipefail = self.options.pipefail;
                let task = self.exec.watch(async move {
                    let mut statuses = Vec::with_capacity(handles.len());
                    for handle in &handles {
                        statuses.push(handle.join().await);
                    }
                    pipeline_status(&statuses, pipefail)
                });
                let id = running.group.get();
                self.became_stopped(id, running, task).await;
                return Ok(None);
            }
            let interests: Vec<Interest> = children.iter().map(|c| Interest::Stop(c.clone())).collect();
            let exec = self.exec.clone();
            let stop = async {
                if interests.is_empty() {
                    std::future::pending::<()>().await;
                }
                exec.wait(&interests).await;
            };
            either(either(first_of(&left), running.grown()), stop).await;
        }
        let statuses = tasks.iter().filter_map(|t| t.handle().peek()).collect();
        if controls && let Some(exit) = running.last.get() {
            self.after_signal(exit).await?;
        }
        Ok(Some(statuses))
    }

    /// A foreground job was stopped at the terminal.
    async fn became_stopped(&mut self, id: u32, running: Rc<Running>, task: Handle<i32>) {
        running.release_terminal();
        running.terminal.replace(None);
        self.sane_terminal();
        let text = self.command_text.to_string();
        let number = self.jobs.add(id, text, task, running, Rc::default());
        self.say_stopped(number).await;
    }

    async fn say_stopped(&mut self, number: u32) {
        self.jobs.touch(number);
        self.suspended = true;
        let mut line = String::new();
        if let Some(job) = self.jobs.list.iter_mut().find(|j| j.number == number) {
            job.stopped = true;
            let job = job.clone();
            line = self.jobs.line(&job, false);
        }
        self.print_error(&format!("\n{line}")).await;
    }

    /// A foreground process has ended: a signal that ended it is told, and Ctrl-C drops the rest of the command line.
    async fn after_signal(&mut self, exit: Exit) -> Result<(), Flow> {
        let Exit::Signal(signal) = exit else {
            return Ok(());
        };
        self.sane_terminal();
        if !self.options.interactive {
            return Ok(());
        }
        match signal {
            2 => {
                self.print_error("\n").await;
                Err(Flow::Discard(130))
            }
            13 => Ok(()),
            signal => {
                let line = format!("{}\n", crate::signals::describe(signal));
                self.print_error(&line).await;
                Ok(())
            }
        }
    }

    /// Whatever a program that was killed or stopped left of the terminal, the shell makes usable again.
    pub(super) fn sane_terminal(&self) {
        if let Some(terminal) = &self.terminal
            && terminal.terminal_mode() != Ok(Mode::SANE)
        {
            // A terminal that is gone needs nothing.
            let _ = terminal.set_terminal_mode(Mode::SANE);
        }
    }

    /// Continues a job, in the foreground if asked; then its status.
    pub(crate) async fn resume(&mut self, number: u32, foreground: bool) -> Step {
        let Some(job) = self.jobs.list.iter_mut().find(|j| j.number == number) else {
            return Ok(1);
        };
        job.stopped = false;
        let job = job.clone();
        self.jobs.touch(number);
        if foreground {
            job.running.terminal.replace(self.terminal.clone());
            let group = job.running.group.get();
            if let Some(terminal) = &self.terminal
                && group != 0
                && !job.running.children().is_empty()
            {
                // Its processes may all have ended meanwhile.
                let _ = terminal.set_foreground(group);
            }
        }
        for child in job.running.children() {
            // Also those that are about to stop: the key reached all of them.
            let _ = child.kill(18);
        }
        if !foreground {
            return Ok(0);
        }
        self.wait_foreground_job(&job).await
    }

    async fn wait_foreground_job(&mut self, job: &Job) -> Step {
        loop {
            let exec = self.exec.clone();
            match job.state() {
                JobState::Done(status) => {
                    job.running.release_terminal();
                    self.jobs.remove(job.number);
                    if let Some(exit) = job.running.last.get() {
                        self.after_signal(exit).await?;
                    }
                    return Ok(status);
                }
                JobState::Stopped => {
                    job.running.release_terminal();
                    job.running.terminal.replace(None);
                    self.sane_terminal();
                    self.say_stopped(job.number).await;
                    return Ok(STOPPED);
                }
                JobState::Running => {}
            }
            let interests: Vec<Interest> = job.running.children().into_iter().map(Interest::Stop).collect();
            let stop = async {
                if interests.is_empty() {
                    std::future::pending::<()>().await;
                }
                exec.wait(&interests).await;
            };
            if let Either::First(_) = either(either(job.task.join(), job.running.grown()), stop).await {
                continue;
            }
        }
    }

    /// Tells of jobs that ended or stopped since the last prompt, and forgets the ended ones.
    pub(super) async fn notify_jobs(&mut self) {
        let mut out = String::new();
        let mut gone = Vec::new();
        for job in &self.jobs.list {
            match job.state() {
                JobState::Done(_) => {
                    if !job.waited && self.options.interactive {
                        out.push_str(&self.jobs.line(job, false));
                    }
                    gone.push(job.number);
                }
                JobState::Stopped if !job.stopped => out.push_str(&self.jobs.line(job, false)),
                _ => {}
            }
        }
        for job in &mut self.jobs.list {
            job.stopped = job.state() == JobState::Stopped;
        }
        for number in gone {
            self.jobs.remove(number);
        }
        self.print_error(&out).await;
    }

    /// Signals a job by its record.
    pub(crate) fn signal_job(&mut self, job: &Job, signal: u32) {
        let group = job.running.group.get();
        if job.running.control.get() && group != 0 {
            let target = i32::try_from(group).unwrap_or(i32::MAX);
            // It may have ended meanwhile.
            let _ = self.os().kill(-target, signal);
            if job.running.is_stopped() && matches!(signal, 1 | 15) {
                let _ = self.os().kill(-target, 18);
            }
        }
        if job.id < FIRST_TASK_ID {
            if group == 0 {
                job.running.kill(signal);
            }
            return;
        }
        let mask = crate::task::bit(signal);
        if job.inbox.ignored.get() & mask != 0 && signal != 9 {
            return;
        }
        if job.inbox.trapped.get() & mask != 0 && signal != 9 {
            job.inbox.post(signal);
            return;
        }
        if group == 0 {
            job.running.kill(signal);
        }
        if !matches!(signal, 17 | 18 | 19 | 20 | 28) {
            self.exec.abort(&job.task);
            let number = i32::try_from(signal).unwrap_or_default();
            job.running.last.set(Some(Exit::Signal(number)));
            job.task.resolve(128 + number);
        }
    }
}

/// `$?` of a pipeline.
pub(super) fn pipeline_status(statuses: &[i32], pipefail: bool) -> i32 {
    if pipefail {
        statuses.iter().rev().find(|s| **s != 0).copied().unwrap_or(0)
    } else {
        statuses.last().copied().unwrap_or(0)
    }
}
