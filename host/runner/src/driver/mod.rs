//! Drives the runner component: feeds it events and executes the actions it answers with.

mod actions;
mod calls;

pub(crate) use calls::Refusal;

use actions::Lane;

use crate::admissions::Admissions;
use crate::agent::{self, Action, Agent, Event, Factory, Job, Spec};
use crate::cells::{CellError, Cells};
use crate::clock::Clock;
use crate::component::PushError;
use crate::journal::{Journal, Record};
use crate::machine::Amounts;
use crate::reporter::Reporter;
use crate::tasks::Tasks;
use crate::wire::Disowned;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};
use std::time::Duration;

/// The life of actions that no agent has ordered.
const NOBODY: u64 = u64::MAX;

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
