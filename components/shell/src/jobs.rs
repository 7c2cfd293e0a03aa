//! Background jobs.

use std::cell::RefCell;
use std::rc::Rc;

use crate::os::Child;
use crate::task::Handle;

/// Most jobs that a shell remembers; further ones are started, but cannot be waited for.
pub(crate) const MAX_JOBS: usize = 4096;

/// Ids of background tasks that are no process start here, above every real pid.
pub(crate) const FIRST_TASK_ID: u32 = 4_000_000;

/// A job.
#[derive(Clone)]
pub(crate) struct Job {
    pub number: u32,
    /// What `$!` and `wait` call it.
    pub id: u32,
    pub text: String,
    pub task: Handle<i32>,
    /// Its processes, to be signalled with it.
    pub children: Rc<RefCell<Vec<Child>>>,
    /// Its end was reported to the script.
    pub waited: bool,
}

/// The jobs of a shell.
#[derive(Clone, Default)]
pub(crate) struct Jobs {
    pub list: Vec<Job>,
}

impl Jobs {
    /// Remembers a job and gives it a number.
    pub fn add(&mut self, id: u32, text: String, task: Handle<i32>, children: Rc<RefCell<Vec<Child>>>) -> u32 {
        if self.list.len() >= MAX_JOBS {
            self.list.retain(|job| !(job.waited || job.task.peek().is_some()));
        }
        let number = self.list.iter().map(|j| j.number).max().unwrap_or(0) + 1;
        if self.list.len() < MAX_JOBS {
            self.list.push(Job {
                number,
                id,
                text,
                task,
                children,
                waited: false,
            });
        }
        number
    }

    /// By pid, `%n`, `%%`, `%+`, `%-` or `%prefix`.
    pub fn find(&self, spec: &str) -> Option<&Job> {
        if let Some(spec) = spec.strip_prefix('%') {
            return match spec {
                "" | "%" | "+" => self.list.last(),
                "-" => self.list.iter().rev().nth(1),
                _ => match spec.parse::<u32>() {
                    Ok(n) => self.list.iter().find(|j| j.number == n),
                    Err(_) => self.list.iter().find(|j| j.text.starts_with(spec)),
                },
            };
        }
        let id = spec.parse::<u32>().ok()?;
        self.list.iter().find(|j| j.id == id)
    }
}
