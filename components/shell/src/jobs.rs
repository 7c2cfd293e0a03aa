//! Jobs: what runs in the background or is stopped, and the processes behind it.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::task::{Poll, Waker};

use crate::os::{Child, Exit, Fd};
use crate::task::{Handle, Inbox};

/// Most jobs that a shell remembers; further ones are started, but cannot be waited for.
pub(crate) const MAX_JOBS: usize = 4096;

/// Ids of background tasks that are no process start here, above every real pid.
pub(crate) const FIRST_TASK_ID: u32 = 4_000_000;

/// The processes that run on behalf of a shell or a job, and their group.
#[derive(Default)]
pub(crate) struct Running {
    children: RefCell<Vec<Child>>,
    /// They have a process group of their own.
    pub control: Cell<bool>,
    /// That group, once it has a process.
    pub group: Cell<u32>,
    /// The terminal to hand to it, while it is in the foreground.
    pub terminal: RefCell<Option<Fd>>,
    /// The group to give the terminal back to.
    pub home: Cell<u32>,
    /// How the last of them ended.
    pub last: Cell<Option<Exit>>,
    waker: RefCell<Option<Waker>>,
}

impl Running {
    /// A process has been started.
    pub fn add(&self, child: Child) {
        if self.control.get() && self.group.get() == 0 {
            self.group.set(child.pid());
        }
        self.children.borrow_mut().push(child);
        self.notify();
    }

    /// A process has ended. Without any, a group cannot hold the terminal.
    pub fn remove(&self, pid: u32, exit: Exit) {
        self.last.set(Some(exit));
        self.children.borrow_mut().retain(|c| c.pid() != pid);
        if self.children.borrow().is_empty() {
            self.release_terminal();
        }
    }

    /// Gives the terminal back to the shell.
    pub fn release_terminal(&self) {
        if let Some(terminal) = self.terminal.borrow().as_ref()
            && terminal.foreground() != Ok(self.home.get())
        {
            // A terminal that is gone has nobody in front of it.
            let _ = terminal.set_foreground(self.home.get());
        }
    }

    /// Signals all of them.
    pub fn kill(&self, signal: u32) {
        for child in self.children.borrow().iter() {
            // It may have ended meanwhile.
            let _ = child.kill(signal);
        }
    }

    pub fn children(&self) -> Vec<Child> {
        self.children.borrow().clone()
    }

    /// Whether one of them is stopped.
    pub fn is_stopped(&self) -> bool {
        self.children.borrow().iter().any(|c| c.is_stopped())
    }

    fn notify(&self) {
        if let Some(waker) = self.waker.take() {
            waker.wake();
        }
    }

    /// Waits until a process is added.
    pub async fn grown(&self) {
        let before = self.children.borrow().len();
        std::future::poll_fn(|cx| {
            if self.children.borrow().len() > before {
                return Poll::Ready(());
            }
            self.waker.replace(Some(cx.waker().clone()));
            Poll::Pending
        })
        .await;
    }
}

/// A job.
#[derive(Clone)]
pub(crate) struct Job {
    pub number: u32,
    /// What `$!` and `wait` call it.
    pub id: u32,
    pub text: String,
    pub task: Handle<i32>,
    /// Its processes, to be signalled with it.
    pub running: Rc<Running>,
    /// Signals for the task, where the job is no process of its own.
    pub inbox: Rc<Inbox>,
    /// Its end was reported to the script.
    pub waited: bool,
    /// It was seen stopped, and that was said.
    pub stopped: bool,
}

/// What a job is doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum JobState {
    Running,
    Stopped,
    Done(i32),
}

impl Job {
    pub fn state(&self) -> JobState {
        match self.task.peek() {
            Some(status) => JobState::Done(status),
            None if self.running.is_stopped() => JobState::Stopped,
            None => JobState::Running,
        }
    }

    /// The state in the words of `jobs`.
    pub fn describe(&self) -> String {
        match self.state() {
            JobState::Running => "Running".to_owned(),
            JobState::Stopped => "Stopped".to_owned(),
            JobState::Done(0) => "Done".to_owned(),
            JobState::Done(n) => match self.running.last.get() {
                Some(Exit::Signal(signal)) if n == 128 + signal => crate::signals::describe(signal).to_owned(),
                _ => format!("Exit {n}"),
            },
        }
    }
}

/// The jobs of a shell.
#[derive(Clone, Default)]
pub(crate) struct Jobs {
    pub list: Vec<Job>,
    /// Numbers in the order in which they became the current job, the latest last.
    recent: Vec<u32>,
    /// They are those of the shell that this subshell was forked from: to be shown, not to be waited for.
    pub foreign: bool,
}

impl Jobs {
    /// Remembers a job and gives it a number.
    pub fn add(&mut self, id: u32, text: String, task: Handle<i32>, running: Rc<Running>, inbox: Rc<Inbox>) -> u32 {
        if std::mem::take(&mut self.foreign) {
            self.list.clear();
            self.recent.clear();
        }
        if self.list.len() >= MAX_JOBS {
            self.list.retain(|job| !(job.waited || job.task.peek().is_some()));
        }
        // What was waited for is over; its number is free again.
        self.list.retain(|job| !job.waited);
        let number = self.list.iter().map(|j| j.number).max().unwrap_or(0) + 1;
        if self.list.len() < MAX_JOBS {
            self.list.push(Job {
                number,
                id,
                text,
                task,
                running,
                inbox,
                waited: false,
                stopped: false,
            });
        }
        self.touch(number);
        number
    }

    /// Makes a job the current one.
    pub fn touch(&mut self, number: u32) {
        self.recent.retain(|n| *n != number);
        self.recent.push(number);
    }

    /// The current (0) and the previous (1) job: stopped ones come first, then the latest.
    fn nth(&self, n: usize) -> Option<&Job> {
        let mut order: Vec<&Job> = self
            .recent
            .iter()
            .rev()
            .filter_map(|n| self.list.iter().find(|j| j.number == *n))
            .collect();
        order.sort_by_key(|j| j.state() != JobState::Stopped);
        order.get(n).copied()
    }

    /// `+` for the current job, `-` for the previous one.
    pub fn mark(&self, number: u32) -> char {
        if self.nth(0).is_some_and(|j| j.number == number) {
            '+'
        } else if self.nth(1).is_some_and(|j| j.number == number) {
            '-'
        } else {
            ' '
        }
    }

    /// The line that `jobs` and the notices before a prompt show.
    pub fn line(&self, job: &Job, long: bool) -> String {
        let pid = if long { format!("{} ", job.id) } else { " ".to_owned() };
        let suffix = if job.state() == JobState::Running { " &" } else { "" };
        format!(
            "[{}]{} {pid}{:<24}{}{suffix}\n",
            job.number,
            self.mark(job.number),
            job.describe(),
            job.text
        )
    }

    pub fn remove(&mut self, number: u32) {
        self.list.retain(|j| j.number != number);
        self.recent.retain(|n| *n != number);
    }

    /// By pid, `%n`, `%%`, `%+`, `%-`, `%prefix` or `%?part`.
    pub fn find(&self, spec: &str) -> Option<&Job> {
        if let Some(spec) = spec.strip_prefix('%') {
            return match spec {
                "" | "%" | "+" => self.nth(0),
                "-" => self.nth(1).or_else(|| self.nth(0)),
                _ => match (spec.parse::<u32>(), spec.strip_prefix('?')) {
                    (Ok(n), _) => self.list.iter().find(|j| j.number == n),
                    (_, Some(part)) => self.list.iter().find(|j| j.text.contains(part)),
                    _ => self.list.iter().find(|j| j.text.starts_with(spec)),
                },
            };
        }
        let id = spec.parse::<u32>().ok()?;
        self.list.iter().find(|j| j.id == id)
    }
}
