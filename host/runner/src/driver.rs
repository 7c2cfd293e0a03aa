//! Drives the runner component: feeds it events and executes the actions it answers with.

use crate::agent::{self, Action, Agent, Event, Factory, Spec};
use crate::cells::{CellError, Cells, Incarnation};
use crate::journal::{Journal, Record};
use crate::machine::Amounts;
use crate::reporter::Reporter;
use crate::wire::Payload;
use sandbar_cell::{SandboxLimits, SandboxSpec};
use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::watch;

/// How long a toolbox call waits for its sandbox to be made or restored.
const CALL_WAIT: Duration = Duration::from_secs(20);
/// Between two looks, when the present cell was not yet told of a sandbox that the agent holds for loaded.
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// What an action does to a sandbox.
enum Work {
    Make(Spec),
    Stop(String),
    Remove(String),
}

impl Work {
    fn sandbox(&self) -> &str {
        match self {
            Self::Make(spec) => &spec.sandbox,
            Self::Stop(sandbox) | Self::Remove(sandbox) => sandbox,
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
}

/// The component and all that executes its actions.
pub(crate) struct Driver {
    factory: Factory,
    agent: Mutex<Slot>,
    since: Instant,
    lanes: Mutex<HashMap<String, Lane>>,
    records: Mutex<HashMap<String, Record>>,
    journal: Journal,
    reporter: Reporter,
    cells: OnceLock<Cells>,
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
    ) -> wasmtime::Result<Arc<Self>> {
        let agent = factory.make()?;
        Ok(Arc::new(Self {
            factory,
            agent: Mutex::new(Slot {
                agent: Some(agent),
                life: 0,
            }),
            since: Instant::now(),
            lanes: Mutex::default(),
            records: Mutex::new(
                records
                    .into_iter()
                    .map(|record| (record.sandbox.clone(), record))
                    .collect(),
            ),
            journal,
            reporter,
            cells: OnceLock::new(),
        }))
    }

    /// Gives the driver its cell, and the agent what the journal holds.
    pub(crate) fn attach(self: &Arc<Self>, cells: Cells) {
        // A second cell would be a fault of ours; the first stays.
        let _ = self.cells.set(cells);
        self.event(Event::Found(self.found()));
    }

    pub(crate) fn cells(&self) -> Result<&Cells, CellError> {
        self.cells.get().ok_or(CellError::Down)
    }

    /// Whether this sandbox has an entry in the journal.
    pub(crate) fn holds(&self, sandbox: &str) -> bool {
        lock(&self.records).contains_key(sandbox)
    }

    fn found(&self) -> Vec<(Spec, bool)> {
        lock(&self.records)
            .values()
            .map(|record| (spec_of(record), record.started))
            .collect()
    }

    /// Feeds one event and lets its actions run.
    pub(crate) fn event(self: &Arc<Self>, event: Event) {
        self.event_in(&mut lock(&self.agent), &event);
    }

    /// The outcome of an action, unless the agent that ordered it has been replaced since.
    fn done(self: &Arc<Self>, life: u64, number: u64, result: Result<(), String>) {
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
        let now = u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX);
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
        let made = self.factory.make().and_then(|mut agent| {
            let actions = agent.handle(now, &Event::Found(self.found()))?;
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

    fn admit(&self, sandbox: &str, generation: u64) -> Result<(), String> {
        let mut slot = lock(&self.agent);
        let Some(mut agent) = slot.agent.take() else {
            return Err("the runner is starting afresh".into());
        };
        match agent.admit_call(sandbox, generation) {
            Ok(answer) => {
                slot.agent = Some(agent);
                answer
            }
            Err(error) => {
                let error = format!("{error:#}");
                tracing::error!(error, "the runner component failed; it starts afresh");
                Err("the runner is starting afresh".into())
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
        loop {
            let life = self.cells()?.current().await?;
            let admitted = self.admit(sandbox, generation);
            if admitted.is_ok() && life.knows(sandbox) {
                return Ok(life);
            }
            if Instant::now() >= deadline {
                return Err(Refusal::Late);
            }
            self.event(Event::Wanted(sandbox.to_owned()));
            match (self.lane(sandbox), admitted) {
                (Some(mut lane), _) => {
                    // Closes when the lane has nothing more to do.
                    let end = async { while lane.changed().await.is_ok() {} };
                    let _ = tokio::time::timeout(CALL_WAIT, end).await;
                }
                // The agent was told of a new cell a moment ago, or is about to be.
                (None, Ok(())) => tokio::time::sleep(LOOK_AGAIN).await,
                // What was in the way may have ended since.
                (None, Err(_)) => {
                    return match self.admit(sandbox, generation) {
                        Ok(()) if life.knows(sandbox) => Ok(life),
                        Ok(()) => Err(Refusal::Late),
                        Err(reason) => Err(Refusal::Agent(reason)),
                    };
                }
            }
        }
    }

    fn lane(&self, sandbox: &str) -> Option<watch::Receiver<()>> {
        lock(&self.lanes).get(sandbox).map(|lane| lane.open.subscribe())
    }

    fn allocated(&self) -> Amounts {
        lock(&self.records)
            .values()
            .fold(Amounts::default(), |sum, record| Amounts {
                cpu_milli: sum.cpu_milli.saturating_add(record.cpu_milli),
                memory_mib: sum.memory_mib.saturating_add(record.memory_mib),
                disk_mib: sum.disk_mib.saturating_add(record.disk_mib),
            })
    }

    fn execute(self: &Arc<Self>, life: u64, action: Action) {
        let (number, work) = match action {
            Action::Report((observations, health)) => {
                let allocated = health.as_ref().map_or_else(Amounts::default, |_| self.allocated());
                return self.reporter.push(observations, health, allocated);
            }
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
                Work::Make(spec) => self.make(spec).await,
                Work::Stop(sandbox) => self.stop(&sandbox).await,
                Work::Remove(sandbox) => self.remove(&sandbox).await,
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
        // First the journal: a cell must never hold what a restart would not find.
        self.remember(record).await?;
        self.cells()?.put(&sandbox).await?;
        Ok(())
    }

    async fn stop(&self, sandbox: &str) -> Result<(), WorkError> {
        self.cells()?.stop(sandbox).await?;
        let record = lock(&self.records).get(sandbox).cloned();
        match record {
            Some(record) => {
                self.remember(Record {
                    started: false,
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
                cells.put(&self.removal_spec(sandbox, record.as_ref())?).await?;
            }
            cells.delete(sandbox).await?;
        }
        let journal = self.journal.clone();
        let id = sandbox.to_owned();
        blocking(move || journal.remove(&id)).await?;
        lock(&self.records).remove(sandbox);
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

    fn sandbox_spec(&self, record: &Record) -> Result<SandboxSpec, WorkError> {
        let details: Payload = serde_json::from_str(&record.details)?;
        Ok(SandboxSpec {
            id: record.sandbox.clone(),
            generation: record.generation,
            directory: self.journal.directory(&record.sandbox)?,
            layers: Vec::new(),
            env: details.env.unwrap_or_default(),
            user: details.os_user.unwrap_or_else(|| "daytona".into()),
            organization: details.organization_id,
            region: details.region_id,
            snapshot: details.snapshot.unwrap_or_default(),
            limits: SandboxLimits {
                cpu_milli: record.cpu_milli,
                memory_mib: record.memory_mib,
                disk_mib: record.disk_mib,
            },
            network: Default::default(),
        })
    }

    /// Enough of a spec to remove a sandbox, even one whose entry is lost or unreadable.
    fn removal_spec(&self, sandbox: &str, record: Option<&Record>) -> Result<SandboxSpec, WorkError> {
        if let Some(spec) = record.and_then(|record| self.sandbox_spec(record).ok()) {
            return Ok(spec);
        }
        self.sandbox_spec(&Record {
            sandbox: sandbox.to_owned(),
            generation: 0,
            cpu_milli: 0,
            memory_mib: 0,
            disk_mib: 0,
            details: serde_json::to_string(&Payload::default())?,
            started: false,
        })
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
    #[error("the plane's description of the sandbox cannot be read: {0}")]
    Details(#[from] serde_json::Error),
    #[error(transparent)]
    Cell(#[from] CellError),
}

/// Why a toolbox call goes nowhere.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refusal {
    #[error("{0}")]
    Agent(String),
    #[error(transparent)]
    Cell(#[from] CellError),
    #[error("the sandbox was not ready within {} s", CALL_WAIT.as_secs())]
    Late,
}
