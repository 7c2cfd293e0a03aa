//! Threads of low priority, for processes that compute: a busy sandbox does not slow its neighbours' short commands.
//!
//! A process starts on the runtime it was spawned on. Past [`crate::limits::LIGHT_CPU`] it is handed over to here, and
//! runs in slices of one tick, the sandbox that is furthest behind first. Once it has waited for something for
//! [`crate::limits::REST`], it goes back.

use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::guarded::Guarded;
use crate::limits::HEAVY_NICE;
use crate::verdict::Verdict;

/// The threads that run guests: a runtime for short work, and threads of low priority for long work. Cheap to clone;
/// the threads of low priority end with the last clone.
#[derive(Clone, Debug)]
pub struct Threads {
    light: Handle,
    heavy: Arc<Heavy>,
}

impl Threads {
    /// Short work on `light`, which should serve nothing but guests; long work on `heavy` threads of its own.
    ///
    /// # Errors
    /// If the system has no further thread.
    pub fn new(light: Handle, heavy: usize) -> std::io::Result<Self> {
        let heavy = Heavy::start(&light, heavy.max(1))?;
        Ok(Self { light, heavy })
    }

    pub(crate) fn light(&self) -> &Handle {
        &self.light
    }

    pub(crate) fn heavy(&self) -> &Arc<Heavy> {
        &self.heavy
    }
}

/// What came of a stay here.
pub(crate) enum Back {
    Ended(Verdict),
    /// It waits more than it computes.
    Rested(Box<Guarded>),
}

/// The pool's handle; the threads hold only the queue, and end when this is dropped.
#[derive(Debug)]
pub(crate) struct Heavy {
    queue: Arc<Queue>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: Mutex<Waiting>,
    filled: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// By turn, then in order of arrival.
    tasks: BTreeMap<(u64, u64), Arc<Task>>,
    arrivals: u64,
    /// Turn of the task that ran last.
    turn: u64,
    closed: bool,
}

impl Queue {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, task: Arc<Task>) {
        let mut waiting = self.lock();
        let turn = task.share.turn(waiting.turn);
        let arrival = waiting.arrivals;
        waiting.arrivals += 1;
        waiting.tasks.insert((turn, arrival), task);
        drop(waiting);
        self.filled.notify_one();
    }

    /// None once the pool is closed.
    fn pop(&self) -> Option<Arc<Task>> {
        let mut waiting = self.lock();
        loop {
            if waiting.closed {
                return None;
            }
            if let Some(((turn, _), task)) = waiting.tasks.pop_first() {
                waiting.turn = waiting.turn.max(turn);
                return Some(task);
            }
            waiting = self.filled.wait(waiting).unwrap_or_else(PoisonError::into_inner);
        }
    }
}

impl Heavy {
    fn start(light: &Handle, threads: usize) -> std::io::Result<Arc<Self>> {
        let pool = Arc::new(Self { queue: Arc::default() });
        for index in 0..threads {
            let (queue, light) = (Arc::clone(&pool.queue), light.clone());
            thread::Builder::new()
                .name(format!("heavy-{index}"))
                .spawn(move || work(&queue, &light))?;
        }
        Ok(pool)
    }

    /// Runs a guest until it ends, or rests.
    pub(crate) async fn run(&self, guest: Box<Guarded>) -> Option<Back> {
        let (done, back) = oneshot::channel();
        let task = Arc::new(Task {
            share: Arc::clone(guest.share()),
            job: Mutex::new(Some(Job { guest, done })),
            state: AtomicU8::new(QUEUED),
            queue: Arc::clone(&self.queue),
        });
        self.queue.push(task);
        // None if the guest, or rather the runtime under it, panicked.
        back.await.ok()
    }
}

impl Drop for Heavy {
    fn drop(&mut self) {
        let mut waiting = self.queue.lock();
        waiting.closed = true;
        let tasks = std::mem::take(&mut waiting.tasks);
        drop(waiting);
        self.queue.filled.notify_all();
        // Guests are dropped outside the lock.
        drop(tasks);
    }
}

fn work(queue: &Queue, light: &Handle) {
    // Timers of guests belong to their runtime.
    let _context = light.enter();
    // Of this thread alone, as Linux has it. Without the right to do so it stays as it is: fairness, not safety.
    if let Err(error) = rustix::process::setpriority_process(None, HEAVY_NICE) {
        tracing::warn!(%error, "threads for long work keep the priority of short work");
    }
    while let Some(task) = queue.pop() {
        task.run();
    }
}

const IDLE: u8 = 0;
const QUEUED: u8 = 1;
const RUNNING: u8 = 2;
/// Woken while running: to be queued again.
const AGAIN: u8 = 3;

#[derive(Debug)]
struct Task {
    share: Arc<crate::share::Share>,
    /// None once it has ended or gone back.
    job: Mutex<Option<Job>>,
    state: AtomicU8,
    queue: Arc<Queue>,
}

struct Job {
    guest: Box<Guarded>,
    done: oneshot::Sender<Back>,
}

impl std::fmt::Debug for Job {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Job")
    }
}

impl Task {
    fn job(&self) -> MutexGuard<'_, Option<Job>> {
        self.job.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn run(self: Arc<Self>) {
        self.state.store(RUNNING, Ordering::Release);
        let waker = Waker::from(Arc::clone(&self));
        let Some(mut job) = self.job().take() else { return };
        let mut context = Context::from_waker(&waker);
        let polled = std::panic::catch_unwind(AssertUnwindSafe(|| Pin::new(&mut *job.guest).poll(&mut context)));
        match polled {
            Ok(Poll::Ready(verdict)) => {
                // Whoever waited may be gone with its runtime.
                let _ = job.done.send(Back::Ended(verdict));
            }
            Ok(Poll::Pending) => {
                *self.job() = Some(job);
                let idle = self
                    .state
                    .compare_exchange(RUNNING, IDLE, Ordering::AcqRel, Ordering::Acquire);
                if idle.is_err() {
                    self.state.store(QUEUED, Ordering::Release);
                    let queue = Arc::clone(&self.queue);
                    queue.push(self);
                }
            }
            // The job is dropped, and whoever waits for it learns so.
            Err(_) => tracing::error!("running a guest panicked"),
        }
    }

    /// Gives the guest back to its runtime if it has rested; true if so.
    fn go_back(&self) -> bool {
        let mut job = self.job();
        if !job.as_ref().is_some_and(|job| job.guest.has_rested()) {
            return false;
        }
        let taken = job.take();
        drop(job);
        if let Some(Job { guest, done }) = taken {
            let _ = done.send(Back::Rested(guest));
        }
        true
    }
}

impl Wake for Task {
    fn wake(self: Arc<Self>) {
        loop {
            let (old, new) = match self.state.load(Ordering::Acquire) {
                IDLE => (IDLE, QUEUED),
                RUNNING => (RUNNING, AGAIN),
                _ => return,
            };
            let swapped = self
                .state
                .compare_exchange(old, new, Ordering::AcqRel, Ordering::Acquire);
            if swapped.is_err() {
                continue;
            }
            if old == IDLE && !self.go_back() {
                let queue = Arc::clone(&self.queue);
                queue.push(self);
            }
            return;
        }
    }
}
