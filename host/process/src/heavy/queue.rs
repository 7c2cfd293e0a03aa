//! Who runs next, and on which kind of thread.

use std::collections::BTreeMap;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::priority::Priority;
use super::relief::{LATE, Relief};
use super::task::Task;

/// The queue before both kinds of threads.
#[derive(Debug)]
pub(super) struct Queue {
    waiting: Mutex<Waiting>,
    spare: Condvar,
    fair: Condvar,
}

#[derive(Debug)]
struct Waiting {
    /// By turn, then in order of arrival.
    tasks: BTreeMap<(u64, u64), Arc<Task>>,
    arrivals: u64,
    /// Turn of the task that ran last.
    turn: u64,
    relief: Relief,
    /// Fair threads that look again after a while.
    watchers: usize,
    closed: bool,
}

impl Waiting {
    fn take(&mut self) -> Option<Arc<Task>> {
        let ((turn, _), task) = self.tasks.pop_first()?;
        self.turn = self.turn.max(turn);
        Some(task)
    }
}

impl Queue {
    /// For so many threads of each kind.
    pub(super) fn new(threads: usize) -> Self {
        Self {
            waiting: Mutex::new(Waiting {
                tasks: BTreeMap::new(),
                arrivals: 0,
                turn: 0,
                relief: Relief::new(threads),
                watchers: 0,
                closed: false,
            }),
            spare: Condvar::new(),
            fair: Condvar::new(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn push(&self, task: Arc<Task>) {
        let mut waiting = self.lock();
        let turn = task.share.turn(waiting.turn);
        let arrival = waiting.arrivals;
        waiting.arrivals += 1;
        waiting.tasks.insert((turn, arrival), task);
        let unwatched = waiting.watchers == 0;
        let relieved = waiting.relief.is_on(Instant::now());
        drop(waiting);
        if !relieved {
            self.spare.notify_one();
        }
        if relieved || unwatched {
            self.fair.notify_one();
        }
    }

    /// Waits for a task that a thread of this kind may run. None once the pool is closed.
    pub(super) fn pop(&self, priority: Priority, index: usize) -> Option<Arc<Task>> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            let now = Instant::now();
            let patience = match priority {
                Priority::Spare => match waiting.relief.left(now) {
                    Some(left) => Some(left),
                    None => {
                        if let Some(task) = waiting.take() {
                            waiting.relief.begins(index, now);
                            return Some(task);
                        }
                        None
                    }
                },
                Priority::Fair => {
                    if waiting.relief.decide(now) {
                        self.fair.notify_all();
                    }
                    if waiting.relief.is_on(now)
                        && let Some(task) = waiting.take()
                    {
                        return Some(task);
                    }
                    // One of them watches for all, while there is work.
                    let busy = !waiting.tasks.is_empty() || waiting.relief.is_busy();
                    (busy && waiting.watchers == 0).then_some(LATE)
                }
            };
            waiting = self.wait(priority, waiting, patience);
        }
    }

    fn wait<'a>(
        &self,
        priority: Priority,
        mut waiting: MutexGuard<'a, Waiting>,
        patience: Option<Duration>,
    ) -> MutexGuard<'a, Waiting> {
        let filled = match priority {
            Priority::Spare => &self.spare,
            Priority::Fair => &self.fair,
        };
        let Some(time) = patience else {
            return filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        };
        let watches = usize::from(priority == Priority::Fair);
        waiting.watchers += watches;
        let (mut waiting, _) = filled
            .wait_timeout(waiting, time)
            .unwrap_or_else(PoisonError::into_inner);
        waiting.watchers -= watches;
        waiting
    }

    /// A slice has been run.
    pub(super) fn ran(&self, priority: Priority, index: usize) {
        if priority == Priority::Spare {
            self.lock().relief.ends(index, Instant::now());
        }
    }

    /// Ends all threads, and gives what waited.
    pub(super) fn close(&self) -> Vec<Arc<Task>> {
        let mut waiting = self.lock();
        waiting.closed = true;
        let tasks = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        self.spare.notify_all();
        self.fair.notify_all();
        tasks.into_values().collect()
    }
}
