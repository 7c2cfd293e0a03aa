//! Cooperative tasks on one thread: subshells, stages of a pipeline, background jobs.

use std::cell::{Cell, RefCell};
use std::collections::{HashMap, VecDeque};
use std::future::Future;
use std::pin::Pin;
use std::rc::Rc;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Wake, Waker};

use crate::os::{Child, Errno, Exit, Fd, Interest, Os, Ready};

/// A boxed future of the interpreter.
pub(crate) type Fut<'a, T> = Pin<Box<dyn Future<Output = T> + 'a>>;

/// After this many polls the world is asked, without blocking, whether sleeping tasks may go on:
/// a busy loop does not starve its siblings.
const POLLS_PER_CHECK: u32 = 32;

/// Most tasks at once. Each has a copy of the shell's variables: a script that forks without end gets an error, and does
/// not take the memory of its sandbox.
const MAX_TASKS: usize = 1024;

/// Bytes per read.
const CHUNK: usize = 65_536;

type Queue = Arc<Mutex<VecDeque<u64>>>;

struct TaskWaker {
    id: u64,
    queue: Queue,
}

impl Wake for TaskWaker {
    fn wake(self: Arc<Self>) {
        let mut queue = self.queue.lock().unwrap_or_else(PoisonError::into_inner);
        if !queue.contains(&self.id) {
            queue.push_back(self.id);
        }
    }
}

struct Waiting {
    interest: Interest,
    waker: Waker,
    live: Rc<Cell<bool>>,
}

struct Task {
    /// none while it is being polled.
    future: Option<Fut<'static, ()>>,
    /// The shell does not end before it.
    essential: bool,
}

/// The executor, and the reactor over `Os::wait`.
pub(crate) struct Executor {
    pub os: Rc<dyn Os>,
    tasks: RefCell<HashMap<u64, Task>>,
    ready: Queue,
    waiting: RefCell<Vec<Waiting>>,
    next: Cell<u64>,
    /// The task that is being polled.
    current: Cell<u64>,
    /// A task has been detached since the last look.
    detached: Cell<bool>,
    /// What the world's signals come to: the inbox of the main shell.
    pub inbox: Rc<Inbox>,
    /// Whether the world keeps any signal for us.
    pub catching: Cell<bool>,
}

/// Signals that a shell (or a subshell, which is only a task here) has got and not handled yet.
#[derive(Default)]
pub(crate) struct Inbox {
    pending: RefCell<VecDeque<u32>>,
    wakers: RefCell<Vec<Waker>>,
    /// Bit masks: the signals that have a trap, and those that are ignored.
    pub trapped: Cell<u64>,
    pub ignored: Cell<u64>,
}

/// The bit of a signal in a mask.
pub(crate) fn bit(signal: u32) -> u64 {
    1u64.checked_shl(signal).unwrap_or(0)
}

impl Inbox {
    /// A signal has come; like all but real-time ones it waits once, however often it came.
    pub fn post(&self, signal: u32) {
        {
            let mut pending = self.pending.borrow_mut();
            if !pending.contains(&signal) {
                pending.push_back(signal);
            }
        }
        for waker in self.wakers.take() {
            waker.wake();
        }
    }

    /// The oldest signal of a mask.
    pub fn take(&self, mask: u64) -> Option<u32> {
        let mut pending = self.pending.borrow_mut();
        let at = pending.iter().position(|s| bit(*s) & mask != 0)?;
        pending.remove(at)
    }

    /// Whether a signal of a mask waits.
    pub fn has(&self, mask: u64) -> bool {
        self.pending.borrow().iter().any(|s| bit(*s) & mask != 0)
    }

    /// Waits until a signal of a mask waits.
    pub async fn wait(&self, mask: u64) {
        std::future::poll_fn(|cx| {
            if self.has(mask) {
                return Poll::Ready(());
            }
            let mut wakers = self.wakers.borrow_mut();
            if !wakers.iter().any(|w| w.will_wake(cx.waker())) {
                wakers.push(cx.waker().clone());
            }
            Poll::Pending
        })
        .await;
    }
}

/// The first of two futures to be done; the other is dropped.
pub(crate) async fn either<A, B>(a: impl Future<Output = A>, b: impl Future<Output = B>) -> Either<A, B> {
    let mut a = std::pin::pin!(a);
    let mut b = std::pin::pin!(b);
    std::future::poll_fn(|cx| {
        if let Poll::Ready(value) = a.as_mut().poll(cx) {
            return Poll::Ready(Either::First(value));
        }
        b.as_mut().poll(cx).map(Either::Second)
    })
    .await
}

/// Which of two was first.
pub(crate) enum Either<A, B> {
    First(A),
    Second(B),
}

/// The result of a task, for whoever waits for it.
pub(crate) struct Handle<T> {
    slot: Rc<RefCell<Slot<T>>>,
    id: u64,
}

struct Slot<T> {
    value: Option<T>,
    waker: Option<Waker>,
}

impl<T> Clone for Handle<T> {
    fn clone(&self) -> Self {
        Self {
            slot: self.slot.clone(),
            id: self.id,
        }
    }
}

impl<T: Clone> Handle<T> {
    /// The result, if the task has ended.
    pub fn peek(&self) -> Option<T> {
        self.slot.borrow().value.clone()
    }

    /// Waits for the end of the task.
    pub async fn join(&self) -> T {
        std::future::poll_fn(|cx| {
            let mut slot = self.slot.borrow_mut();
            match &slot.value {
                Some(value) => Poll::Ready(value.clone()),
                None => {
                    slot.waker = Some(cx.waker().clone());
                    Poll::Pending
                }
            }
        })
        .await
    }

    /// Sets the result from outside, for a task that was aborted.
    pub fn resolve(&self, value: T) {
        let mut slot = self.slot.borrow_mut();
        slot.value.get_or_insert(value);
        if let Some(waker) = slot.waker.take() {
            waker.wake();
        }
    }
}

impl Executor {
    pub fn new(os: Rc<dyn Os>) -> Rc<Self> {
        Rc::new(Self {
            os,
            tasks: RefCell::default(),
            ready: Queue::default(),
            waiting: RefCell::default(),
            next: Cell::new(0),
            current: Cell::new(0),
            detached: Cell::new(false),
            inbox: Rc::default(),
            catching: Cell::new(false),
        })
    }

    /// Starts a task that runs to its end even if the main program ends first, as the process it
    /// stands for would.
    pub fn spawn<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Handle<T> {
        self.start(future, true)
    }

    /// Starts a task that only watches, and ends with the main program.
    pub fn watch<T: 'static>(&self, future: impl Future<Output = T> + 'static) -> Handle<T> {
        self.start(future, false)
    }

    fn start<T: 'static>(&self, future: impl Future<Output = T> + 'static, essential: bool) -> Handle<T> {
        let slot = Rc::new(RefCell::new(Slot {
            value: None,
            waker: None,
        }));
        let result = slot.clone();
        let id = self.next.replace(self.next.get() + 1);
        let wrapped = async move {
            let value = future.await;
            let mut slot = result.borrow_mut();
            slot.value = Some(value);
            if let Some(waker) = slot.waker.take() {
                waker.wake();
            }
        };
        let task = Task {
            future: Some(Box::pin(wrapped)),
            essential,
        };
        self.tasks.borrow_mut().insert(id, task);
        self.queue().push_back(id);
        Handle { slot, id }
    }

    /// The main program is over but for what must still be done: no task keeps it alive any more.
    pub fn release_tasks(&self) {
        for task in self.tasks.borrow_mut().values_mut() {
            task.essential = false;
        }
    }

    /// The task that calls only waits for a program from here on, as its last deed: the main program may end before it.
    /// The program, a process, goes on then.
    pub fn detach(&self) {
        if let Some(task) = self.tasks.borrow_mut().get_mut(&self.current.get()) {
            task.essential = false;
        }
        self.detached.set(true);
    }

    fn nothing_is_essential(&self) -> bool {
        self.tasks.borrow().values().all(|task| !task.essential)
    }

    /// Takes over the signals that the world keeps for us.
    pub fn collect_signals(&self) {
        if self.catching.get() {
            while let Some(signal) = self.os.take_signal() {
                self.inbox.post(signal);
            }
        }
    }

    /// Ends a task where it stands.
    pub fn abort<T>(&self, handle: &Handle<T>) {
        let task = self.tasks.borrow_mut().remove(&handle.id);
        // Dropped only now: its destructors may use the executor.
        drop(task);
    }

    /// How many tasks were ever started.
    pub fn started(&self) -> u64 {
        self.next.get()
    }

    /// Whether another task would be one too many.
    pub fn is_full(&self) -> bool {
        self.tasks.borrow().len() >= MAX_TASKS
    }

    /// Whether anything but the current task may want its turn: another task, or a signal.
    pub fn busy(&self) -> bool {
        self.tasks.borrow().len() > 1 || self.catching.get()
    }

    fn queue(&self) -> std::sync::MutexGuard<'_, VecDeque<u64>> {
        self.ready.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs until this future and every essential task is done. None: nothing is left that could ever
    /// wake it.
    pub fn run<T: Clone + 'static>(&self, main: impl Future<Output = T> + 'static) -> Option<T> {
        let handle = self.spawn(main);
        let mut polls = 0;
        loop {
            loop {
                let Some(id) = self.queue().pop_front() else {
                    break;
                };
                let task = self.tasks.borrow_mut().get_mut(&id).and_then(|t| t.future.take());
                let Some(mut task) = task else { continue };
                self.current.set(id);
                let waker = Waker::from(Arc::new(TaskWaker {
                    id,
                    queue: self.ready.clone(),
                }));
                let done = task.as_mut().poll(&mut Context::from_waker(&waker)).is_ready();
                if done {
                    self.tasks.borrow_mut().remove(&id);
                } else if let Some(slot) = self.tasks.borrow_mut().get_mut(&id) {
                    slot.future = Some(task);
                }
                if (done || self.detached.take()) && self.nothing_is_essential() {
                    return handle.peek();
                }
                polls += 1;
                if polls % POLLS_PER_CHECK == 0 {
                    self.check(false);
                }
            }
            if !self.check(true) {
                return handle.peek();
            }
        }
    }

    /// Wakes the tasks whose wait is over. False: nobody waits for anything.
    fn check(&self, block: bool) -> bool {
        let mut interests: Vec<Interest> = {
            let mut waiting = self.waiting.borrow_mut();
            waiting.retain(|w| w.live.get());
            waiting.iter().map(|w| w.interest.clone()).collect()
        };
        let listens = self.catching.get() && !self.inbox.wakers.borrow().is_empty();
        if interests.is_empty() && !listens {
            return false;
        }
        if self.catching.get() {
            interests.push(Interest::Signal);
        }
        let done = self.os.wait(&interests, block);
        drop(interests);
        self.collect_signals();
        let waiting = self.waiting.borrow();
        for i in done {
            if let Some(w) = waiting.get(i) {
                w.live.set(false);
                w.waker.wake_by_ref();
            }
        }
        true
    }

    /// Waits until one of these may be ready; the caller looks which.
    pub async fn wait(&self, interests: &[Interest]) {
        let guard = Guard(Rc::new(Cell::new(true)));
        let mut registered = false;
        std::future::poll_fn(|cx| {
            if registered {
                return Poll::Ready(());
            }
            registered = true;
            let mut waiting = self.waiting.borrow_mut();
            for interest in interests {
                waiting.push(Waiting {
                    interest: interest.clone(),
                    waker: cx.waker().clone(),
                    live: guard.0.clone(),
                });
            }
            Poll::Pending
        })
        .await;
    }

    /// Lets the other tasks run.
    pub async fn pause(&self) {
        let mut yielded = false;
        std::future::poll_fn(|cx| {
            if yielded {
                return Poll::Ready(());
            }
            yielded = true;
            cx.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    /// Reads up to `max` bytes; empty at the end.
    pub async fn read(&self, fd: &Fd, max: usize) -> Result<Vec<u8>, Errno> {
        loop {
            match fd.try_read(max.min(CHUNK))? {
                Ready::Now(bytes) => return Ok(bytes),
                Ready::Later => self.wait(&[Interest::Read(fd.clone())]).await,
            }
        }
    }

    /// Writes everything.
    pub async fn write(&self, fd: &Fd, mut bytes: &[u8]) -> Result<(), Errno> {
        while !bytes.is_empty() {
            match fd.try_write(bytes)? {
                Ready::Now(n) => bytes = bytes.get(n..).unwrap_or_default(),
                Ready::Later => self.wait(&[Interest::Write(fd.clone())]).await,
            }
        }
        Ok(())
    }

    /// Waits for the end of a process.
    pub async fn exit_of(&self, child: &Child) -> Exit {
        loop {
            if let Some(exit) = child.try_wait() {
                return exit;
            }
            self.wait(&[Interest::Exit(child.clone())]).await;
        }
    }
}

/// Tells the reactor that nobody waits any more.
struct Guard(Rc<Cell<bool>>);

impl Drop for Guard {
    fn drop(&mut self) {
        self.0.set(false);
    }
}

/// A task that ends with whoever waits for it: dropped before its end, it is ended, and its processes are killed.
pub(crate) struct Owned {
    handle: Handle<i32>,
    exec: Rc<Executor>,
    running: Rc<crate::jobs::Running>,
    armed: bool,
}

impl Owned {
    pub fn new(exec: &Rc<Executor>, running: Rc<crate::jobs::Running>, handle: Handle<i32>) -> Self {
        Self {
            handle,
            exec: exec.clone(),
            running,
            armed: true,
        }
    }

    pub fn handle(&self) -> &Handle<i32> {
        &self.handle
    }

    /// Lets the task live on by itself.
    pub fn release(mut self) -> Handle<i32> {
        self.armed = false;
        self.handle.clone()
    }
}

impl Drop for Owned {
    fn drop(&mut self) {
        if self.armed && self.handle.peek().is_none() {
            self.running.kill(2);
            self.exec.abort(&self.handle);
        }
    }
}

/// Waits until one of these tasks has ended.
pub(crate) async fn first_of<T: Clone>(tasks: &[Handle<T>]) {
    std::future::poll_fn(|cx| {
        let mut done = false;
        for task in tasks {
            let mut slot = task.slot.borrow_mut();
            done |= slot.value.is_some();
            slot.waker = Some(cx.waker().clone());
        }
        if done { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
