//! Drives the runner component: feeds it events and executes the actions it answers with.

use crate::admissions::Admissions;
use crate::agent::{self, Action, Agent, Event, Factory, Job, Refusal as Denied, Spec, Task};
use crate::cells::{CellError, Cells, Incarnation};
use crate::clock::Clock;
use crate::component::PushError;
use crate::health::{DISK_RESERVE, free};
use crate::journal::{Journal, Record};
use crate::machine::Amounts;
use crate::reporter::Reporter;
use crate::spec;
use crate::tasks::Tasks;
use crate::wire::Disowned;
use serde_json::Value;
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a toolbox call waits for its sandbox to be made or restored.
const CALL_WAIT: Duration = Duration::from_secs(20);
/// How long a call waits for a job that has not come: the front may know of a start before this runner does.
const JOB_WAIT: Duration = Duration::from_secs(3);
/// The life of actions that no agent has ordered.
const NOBODY: u64 = u64::MAX;
/// Between two looks, when the present cell was not yet told of a sandbox that the agent holds for loaded.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What an action does to a sandbox.
enum Work {
    Make(Spec),
    Stop(String),
    Remove(String),
    Task(Task),
}

impl Work {
    /// The lane: a sandbox, or what a task is about.
    fn sandbox(&self) -> &str {
        match self {
            Self::Make(spec) => &spec.sandbox,
            Self::Stop(sandbox) | Self::Remove(sandbox) => sandbox,
            Self::Task(task) => &task.subject,
        }
    }
}

/// The actions of one sandbox, executed one after the other.
struct Lane {
    /// Life of the agent, number of the action, what to do.
    waiting: VecDeque<(u64, u64, Work)>,
    /// Dropped with the lane: whoever waits for its end sees the channel close.
    open: watch::Sender<()>,
}

/// The agent, and which one it is: numbers of actions begin anew with each.
struct Slot {
    agent: Option<Agent>,
    life: u64,
    factory: Factory,
    /// The last lease, for a fresh agent.
    granted: Option<u64>,
}

/// The component and all that executes its actions.
pub(crate) struct Driver {
    agent: Mutex<Slot>,
    /// What the agent has said lately of calls.
    admitted: Admissions,
    clock: Clock,
    lanes: Mutex<HashMap<String, Lane>>,
    records: Mutex<HashMap<String, Record>>,
    /// The newest generation that a job has named, of sandboxes with an entry: a stop has none of its own to write down.
    intents: Mutex<HashMap<String, u64>>,
    journal: Journal,
    reporter: Reporter,
    cells: OnceLock<Cells>,
    tasks: Tasks,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // The maps are whole between statements; an agent that panicked half-way has been taken out before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Driver {
    /// A driver with a configured agent that is told of the journal's sandboxes. No action runs before
    /// [`Driver::attach`] has given it a cell.
    pub(crate) fn new(
        factory: Factory,
        journal: Journal,
        records: Vec<Record>,
        reporter: Reporter,
        clock: Clock,
        tasks: Tasks,
    ) -> wasmtime::Result<Arc<Self>> {
        let agent = factory.make()?;
        Ok(Arc::new(Self {
            agent: Mutex::new(Slot {
                agent: Some(agent),
                life: 0,
                factory,
                granted: None,
            }),
            admitted: Admissions::default(),
            clock,
            lanes: Mutex::default(),
            intents: Mutex::default(),
            records: Mutex::new(
                records
                    .into_iter()
                    .map(|record| (record.sandbox.clone(), record))
                    .collect(),
            ),
            journal,
            reporter,
            cells: OnceLock::new(),
            tasks,
        }))
    }

    /// Gives the driver its cell.
    pub(crate) fn attach(self: &Arc<Self>, cells: Cells) {
        self.tasks.attach(Arc::downgrade(self));
        // A second cell would be a fault of ours; the first stays.
        let _ = self.cells.set(cells);
    }

    /// Begins, with the plane's interval of reports: tells the agent what the journal holds.
    pub(crate) fn begin(self: &Arc<Self>, report_every: Duration) {
        let mut slot = lock(&self.agent);
        self.admitted.clear();
        slot.factory.report_every(report_every);
        match slot.factory.make() {
            Ok(agent) => slot.agent = Some(agent),
            Err(error) => tracing::error!(
                error = format!("{error:#}"),
                "the runner component cannot be configured"
            ),
        }
        let found = Event::Found(self.found());
        self.event_in(&mut slot, &found);
    }

    pub(crate) fn cells(&self) -> Result<&Cells, CellError> {
        self.cells.get().ok_or(CellError::Down)
    }

    /// Whether this sandbox has an entry in the journal.
    pub(crate) fn holds(&self, sandbox: &str) -> bool {
        lock(&self.records).contains_key(sandbox)
    }

    /// Whether there are files of this sandbox, with or without an entry.
    pub(crate) fn has_files(&self, sandbox: &str) -> bool {
        self.journal.has_files(sandbox)
    }

    /// Asks the plane about files that no entry of the journal explains.
    pub(crate) fn ask_about_orphans(&self) {
        match self.journal.orphans(|id| self.holds(id)) {
            Ok(orphans) if orphans.is_empty() => {}
            Ok(orphans) => {
                tracing::warn!(
                    count = orphans.len(),
                    "asking the plane about files without a journal entry"
                );
                self.reporter.ask_about(orphans);
            }
            Err(error) => tracing::warn!(%error, "the sandboxes' directory cannot be read"),
        }
    }

    /// The plane has answered a report.
    pub(crate) fn granted(self: &Arc<Self>, until: u64, disowned: Vec<Disowned>) {
        {
            let mut slot = lock(&self.agent);
            slot.granted = slot.granted.max(Some(until));
            self.event_in(&mut slot, &Event::Granted(until));
        }
        if disowned.is_empty() {
            return;
        }
        for one in &disowned {
            // Files without an entry are unknown to the agent: nobody else would remove them.
            if !self.holds(&one.sandbox_id) && self.has_files(&one.sandbox_id) {
                tracing::warn!(sandbox = one.sandbox_id, "files that belong to no sandbox are removed");
                self.execute(NOBODY, Action::Remove((0, one.sandbox_id.clone())));
            }
        }
        let all = disowned.into_iter().map(|one| (one.sandbox_id, one.generation));
        self.event(Event::Disowned(all.collect()));
    }

    /// Puts another component in the place of the present one, which stays if anything is wrong with the new. Blocks.
    pub(crate) fn replace(self: &Arc<Self>, factory: Factory) -> Result<(), PushError> {
        let mut fresh = factory.make().map_err(PushError::Start)?;
        let mut slot = lock(&self.agent);
        self.admitted.clear();
        let now = self.clock.millis();
        let state = match slot.agent.take() {
            Some(mut old) => match old.export_state() {
                Ok(state) => {
                    slot.agent = Some(old);
                    Some(state)
                }
                // The old one is gone for its own fault; the new one starts from the journal.
                Err(error) => {
                    tracing::error!(
                        error = format!("{error:#}"),
                        "the old runner component cannot tell its state"
                    );
                    None
                }
            },
            None => None,
        };
        let first = match &state {
            Some(state) => fresh
                .import_state(state)
                .map_err(PushError::Import)?
                .map_err(PushError::State)
                .and_then(|()| fresh.handle(now, &Event::Tick).map_err(PushError::FirstCall))?,
            None => fresh
                .handle(now, &Event::Found(self.found()))
                .map_err(PushError::FirstCall)?,
        };
        if state.is_none() {
            slot.life += 1;
        }
        slot.agent = Some(fresh);
        slot.factory = factory;
        let life = slot.life;
        for action in first {
            self.execute(life, action);
        }
        if let Some(until) = slot.granted {
            self.event_in(&mut slot, &Event::Granted(until));
        }
        Ok(())
    }

    /// A copy of what the present agent is made with.
    pub(crate) fn factory(&self) -> Factory {
        lock(&self.agent).factory.clone()
    }

    fn found(&self) -> Vec<(Spec, bool)> {
        lock(&self.records)
            .values()
            .map(|record| (spec_of(record), record.started))
            .collect()
    }

    /// Feeds a job.
    pub(crate) fn job(self: &Arc<Self>, job: Job) {
        if self.holds(&job.sandbox) {
            let mut intents = lock(&self.intents);
            let newest = intents.entry(job.sandbox.clone()).or_default();
            *newest = job.generation.max(*newest);
        }
        self.event(Event::Job(job));
    }

    /// Feeds one event and lets its actions run.
    pub(crate) fn event(self: &Arc<Self>, event: Event) {
        self.event_in(&mut lock(&self.agent), &event);
    }

    /// The outcome of an action, unless the agent that ordered it has been replaced since.
    fn done(self: &Arc<Self>, life: u64, number: u64, result: Result<Option<String>, String>) {
        let mut slot = lock(&self.agent);
        if slot.life == life {
            self.event_in(&mut slot, &Event::Done((number, result)));
        }
    }

    fn event_in(self: &Arc<Self>, slot: &mut Slot, event: &Event) {
        for action in self.handle(slot, event) {
            // Under the agent's lock, so that actions line up in the order they were given.
            self.execute(slot.life, action);
        }
    }

    fn handle(&self, slot: &mut Slot, event: &Event) -> Vec<Action> {
        // Under the agent's lock, so that no yes of before is kept after.
        self.admitted.clear();
        let now = self.clock.millis();
        let mut actions = Vec::new();
        if slot.agent.is_none() {
            actions = self.again(slot, now);
        }
        // Taken out during the call: one that traps or panics is not put back.
        let Some(mut agent) = slot.agent.take() else {
            return actions;
        };
        match agent.handle(now, event) {
            Ok(more) => {
                slot.agent = Some(agent);
                actions.extend(more);
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the runner component failed; it starts afresh");
                actions = self.again(slot, now);
            }
        }
        actions
    }

    /// A new agent after a trap, told what the journal holds. Jobs in flight come again from the plane.
    fn again(&self, slot: &mut Slot, now: u64) -> Vec<Action> {
        slot.life += 1;
        let made = slot.factory.make().and_then(|mut agent| {
            let mut actions = agent.handle(now, &Event::Found(self.found()))?;
            if let Some(until) = slot.granted {
                actions.extend(agent.handle(now, &Event::Granted(until))?);
            }
            Ok((agent, actions))
        });
        match made {
            Ok((agent, actions)) => {
                slot.agent = Some(agent);
                actions
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the runner component cannot be started");
                Vec::new()
            }
        }
    }

    /// Whether a call may proceed now.
    pub(crate) fn admit(&self, sandbox: &str, generation: u64) -> Result<(), Denied> {
        let now = self.clock.millis();
        if self.admitted.holds(sandbox, generation, now) {
            return Ok(());
        }
        let afresh = || Denied::NotReady("the runner is starting afresh".into());
        let mut slot = lock(&self.agent);
        let Some(mut agent) = slot.agent.take() else {
            return Err(afresh());
        };
        // The lock may have been waited for.
        let now = self.clock.millis();
        match agent.admit_call(now, sandbox, generation) {
            Ok(answer) => {
                slot.agent = Some(agent);
                if answer.is_ok() {
                    self.admitted
                        .keep(sandbox, generation, now, slot.granted.unwrap_or_default());
                }
                answer
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the runner component failed; it starts afresh");
                Err(afresh())
            }
        }
    }

    /// Waits until a toolbox call for this sandbox may go to a cell that knows it, and gives that cell; else the
    /// agent's reason.
    pub(crate) async fn admit_call(
        self: &Arc<Self>,
        sandbox: &str,
        generation: u64,
    ) -> Result<Arc<Incarnation>, Refusal> {
        let deadline = Instant::now() + CALL_WAIT;
        let mut patience = Instant::now() + JOB_WAIT;
        loop {
            let admitted = self.admit(sandbox, generation);
            match &admitted {
                // Nothing that happens here changes these soon.
                Err(Denied::LeaseExpired | Denied::OtherGeneration(_) | Denied::Unknown(_) | Denied::Stopped(_)) => {
                    return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent));
                }
                Ok(()) | Err(Denied::NotReady(_)) => {}
            }
            let life = self.cells()?.current().await?;
            if admitted.is_ok() && life.knows(sandbox) {
                return Ok(life);
            }
            if Instant::now() >= deadline {
                return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent));
            }
            self.event(Event::Wanted(sandbox.to_owned()));
            match self.lane(sandbox) {
                Some(mut lane) => {
                    // Closes when the lane has nothing more to do.
                    let end = async { while lane.changed().await.is_ok() {} };
                    let _ = tokio::time::timeout(CALL_WAIT, end).await;
                    patience = Instant::now() + JOB_WAIT;
                }
                // The agent was told of a new cell a moment ago, or is about to be.
                None if admitted.is_ok() => tokio::time::sleep(LOOK_AGAIN).await,
                // The job that this call's generation belongs to is on its way.
                None if Instant::now() < patience => tokio::time::sleep(LOOK_AGAIN).await,
                None => return Err(admitted.err().map_or(Refusal::Late, Refusal::Agent)),
            }
        }
    }

    fn lane(&self, sandbox: &str) -> Option<watch::Receiver<()>> {
        lock(&self.lanes).get(sandbox).map(|lane| lane.open.subscribe())
    }

    fn execute(self: &Arc<Self>, life: u64, action: Action) {
        let (number, work) = match action {
            Action::Report((observations, health)) => {
                return self.reporter.push(observations, health);
            }
            Action::Ended((job, outcome)) => return self.tasks.tell(job, outcome),
            Action::Perform((number, task)) => (number, Work::Task(task)),
            Action::Make((number, spec)) => (number, Work::Make(spec)),
            Action::Stop((number, sandbox)) => (number, Work::Stop(sandbox)),
            Action::Remove((number, sandbox)) => (number, Work::Remove(sandbox)),
        };
        let sandbox = work.sandbox().to_owned();
        let mut lanes = lock(&self.lanes);
        if let Some(lane) = lanes.get_mut(&sandbox) {
            lane.waiting.push_back((life, number, work));
            return;
        }
        let lane = Lane {
            waiting: VecDeque::from([(life, number, work)]),
            open: watch::Sender::new(()),
        };
        lanes.insert(sandbox.clone(), lane);
        drop(lanes);
        tokio::spawn(Arc::clone(self).drain(sandbox));
    }

    async fn drain(self: Arc<Self>, sandbox: String) {
        loop {
            let next = {
                let mut lanes = lock(&self.lanes);
                let next = lanes.get_mut(&sandbox).and_then(|lane| lane.waiting.pop_front());
                if next.is_none() {
                    lanes.remove(&sandbox);
                }
                next
            };
            let Some((life, number, work)) = next else { return };
            let result = match work {
                Work::Make(spec) => self.make(spec).await.map(|()| None),
                Work::Stop(sandbox) => self.stop(&sandbox).await.map(|()| None),
                Work::Remove(sandbox) => self.remove(&sandbox).await.map(|()| None),
                Work::Task(task) => self.tasks.perform(&task).await.map_err(WorkError::Task),
            };
            if let Err(error) = &result {
                tracing::warn!(%sandbox, %error, "an action failed");
            }
            self.done(life, number, result.map_err(|error| error.to_string()));
        }
    }

    async fn make(&self, spec: Spec) -> Result<(), WorkError> {
        let record = Record {
            sandbox: spec.sandbox,
            generation: spec.generation,
            cpu_milli: spec.need.cpu_milli,
            memory_mib: spec.need.memory_mib,
            disk_mib: spec.need.disk_mib,
            details: spec.details,
            started: true,
        };
        let sandbox = self.sandbox_spec(&record)?;
        if !self.holds(&record.sandbox) {
            self.room().await?;
        }
        let image = match spec::image(&record)? {
            Some(image) if !self.has_files(&record.sandbox) => Some(image),
            _ => None,
        };
        if let Some(image) = &image {
            self.tasks.fetch(image).await.map_err(WorkError::Task)?;
        }
        // First the journal: a cell must never hold what a restart would not find.
        let id = record.sandbox.clone();
        self.remember(record).await?;
        self.cells()?.put(&id, &sandbox).await?;
        if let Some(image) = &image {
            self.tasks.used(image).await;
        }
        Ok(())
    }

    async fn stop(&self, sandbox: &str) -> Result<(), WorkError> {
        self.cells()?.stop(sandbox).await?;
        let record = lock(&self.records).get(sandbox).cloned();
        match record {
            Some(record) => {
                let intent = lock(&self.intents).get(sandbox).copied().unwrap_or(0);
                self.remember(Record {
                    started: false,
                    generation: record.generation.max(intent),
                    ..record
                })
                .await
            }
            None => Ok(()),
        }
    }

    async fn remove(&self, sandbox: &str) -> Result<(), WorkError> {
        let record = lock(&self.records).get(sandbox).cloned();
        let directory = self.journal.directory(sandbox)?;
        if record.is_some() || directory.is_dir() {
            let cells = self.cells()?;
            if !cells.current().await?.knows(sandbox) {
                // The cell removes the files, behind its jail; for that it must know where they are.
                cells
                    .put(sandbox, &self.removal_spec(sandbox, record.as_ref())?)
                    .await?;
            }
            cells.delete(sandbox).await?;
        }
        let journal = self.journal.clone();
        let id = sandbox.to_owned();
        blocking(move || journal.remove(&id)).await?;
        lock(&self.records).remove(sandbox);
        lock(&self.intents).remove(sandbox);
        Ok(())
    }

    /// Writes the journal, unless it says the same already.
    async fn remember(&self, record: Record) -> Result<(), WorkError> {
        if lock(&self.records).get(&record.sandbox) == Some(&record) {
            return Ok(());
        }
        let journal = self.journal.clone();
        let written = record.clone();
        blocking(move || journal.write(&written)).await?;
        lock(&self.records).insert(record.sandbox.clone(), record);
        Ok(())
    }

    /// Whether the disk has room for one more sandbox.
    async fn room(&self) -> Result<(), WorkError> {
        let root = self.journal.root().to_owned();
        let free = tokio::task::spawn_blocking(move || free(&root))
            .await
            .map_err(|error| std::io::Error::other(error.to_string()))??;
        if free < DISK_RESERVE {
            return Err(WorkError::DiskFull { free: free >> 20 });
        }
        Ok(())
    }

    fn sandbox_spec(&self, record: &Record) -> Result<Value, WorkError> {
        Ok(spec::of(record, &self.journal)?)
    }

    /// Enough of a spec to remove a sandbox, even one whose entry is lost or unreadable.
    fn removal_spec(&self, sandbox: &str, record: Option<&Record>) -> Result<Value, WorkError> {
        if let Some(spec) = record.and_then(|record| self.sandbox_spec(record).ok()) {
            return Ok(spec);
        }
        Ok(spec::bare(sandbox, &self.journal)?)
    }
}

/// The agent's view of a journal entry.
fn spec_of(record: &Record) -> Spec {
    Spec {
        sandbox: record.sandbox.clone(),
        generation: record.generation,
        need: agent_amounts(record.need()),
        details: record.details.clone(),
    }
}

/// Amounts as the component's interface has them.
pub(crate) fn agent_amounts(amounts: Amounts) -> agent::Amounts {
    agent::Amounts {
        cpu_milli: amounts.cpu_milli,
        memory_mib: amounts.memory_mib,
        disk_mib: amounts.disk_mib,
    }
}

async fn blocking(call: impl FnOnce() -> std::io::Result<()> + Send + 'static) -> Result<(), WorkError> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(|error| std::io::Error::other(error.to_string()))?
        .map_err(WorkError::from)
}

/// Why an action failed. The text becomes the sandbox's error reason: a user reads it.
#[derive(Debug, thiserror::Error)]
enum WorkError {
    #[error("the runner's journal cannot be written: {0}")]
    Journal(#[from] std::io::Error),
    #[error(transparent)]
    Spec(#[from] spec::SpecError),
    #[error(
        "INSUFFICIENT_DISK: the runner's file system has {free} MiB left, below the reserve of {} MiB; remove sandboxes there or use another runner",
        DISK_RESERVE >> 20
    )]
    DiskFull { free: u64 },
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("{0}")]
    Task(String),
}

/// Why a toolbox call goes nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("the component says no")]
    Agent(Denied),
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("the sandbox was not ready within {} s", CALL_WAIT.as_secs())]
    Late,
}
