//! Threads of low priority, for processes that compute: a busy sandbox does not slow its neighbours' short commands.
//!
//! A process starts on the runtime it was spawned on. Past [`crate::limits::LIGHT_CPU`] it is handed over to here, and
//! runs in slices of one tick, the sandbox that is furthest behind first. Once it has waited for something for
//! [`crate::limits::REST`], it goes back.
//!
//! Two kinds of threads serve the queue. Spare ones run when nothing else on the machine wants to; every short command
//! takes the processor from them at once. Should the machine have no time to spare, fair ones take over for a while: they
//! have a share of a busy processor, however small.

mod priority;
mod queue;
mod relief;
mod task;

use std::sync::atomic::AtomicU8;
use std::sync::{Arc, Mutex};
use std::thread;

use tokio::runtime::Handle;
use tokio::sync::oneshot;

use crate::guarded::Guarded;
use crate::verdict::Verdict;
use priority::Priority;
use queue::Queue;
use task::{Job, QUEUED, Task};

/// The threads that run guests: a runtime for short work, and threads of low priority for long work. Cheap to clone;
/// the threads of low priority end with the last clone.
#[derive(Clone, Debug)]
pub struct Threads {
    light: Handle,
    heavy: Arc<Heavy>,
}

impl Threads {
    /// Short work on `light`, which should serve nothing but guests; long work on `heavy` threads of its own, of which
    /// there are two kinds.
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

impl Heavy {
    fn start(light: &Handle, threads: usize) -> std::io::Result<Arc<Self>> {
        let pool = Arc::new(Self {
            queue: Arc::new(Queue::new(threads)),
        });
        for index in 0..threads {
            for priority in [Priority::Spare, Priority::Fair] {
                let (queue, light) = (Arc::clone(&pool.queue), light.clone());
                thread::Builder::new()
                    .name(format!("{priority}-{index}"))
                    .spawn(move || work(&queue, priority, index, &light))?;
            }
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
        // Guests are dropped outside the lock.
        drop(self.queue.close());
    }
}

fn work(queue: &Queue, priority: Priority, index: usize, light: &Handle) {
    // Timers of guests belong to their runtime.
    let _context = light.enter();
    // Without the right to do so it stays as it is: fairness, not safety.
    if let Err(error) = priority.take() {
        tracing::warn!(%error, %priority, "threads for long work keep the priority of short work");
    }
    while let Some(task) = queue.pop(priority, index) {
        task.run();
        queue.ran(priority, index);
    }
}
