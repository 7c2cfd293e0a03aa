//! A host in miniature: executes the agent's actions on imaginary disks, and keeps what was reported.
#![allow(dead_code)] // each test file uses its part

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use runner::{
    Action, Agent, Amounts, Configuration, Event, Health, Job, JobKind, Millis, Observation, Outcome, Refusal, Spec,
    State, limits,
};

pub struct World {
    pub agent: Agent,
    pub now: Millis,
    /// Sandboxes with files, and whether the journal says started.
    pub disk: BTreeMap<String, bool>,
    /// What the cell knows.
    pub cell: BTreeSet<String>,
    pub in_flight: VecDeque<Action>,
    /// When each action was issued, by its number.
    issued: BTreeMap<u64, Millis>,
    pub observations: Vec<Observation>,
    pub healths: Vec<Health>,
    /// Ends of tasks as they were told.
    pub ends: Vec<(String, Outcome)>,
}

pub fn amounts(cpu: u64, memory: u64, disk: u64) -> Amounts {
    Amounts {
        cpu_milli: cpu * 1000,
        memory_mib: memory * 1024,
        disk_mib: disk * 1024,
    }
}

pub fn spec(sandbox: &str, generation: u64, need: Amounts) -> Spec {
    Spec {
        sandbox: sandbox.into(),
        generation,
        need,
        details: "{}".into(),
    }
}

pub fn job(id: &str, kind: JobKind, sandbox: &str, generation: u64, need: Amounts) -> Job {
    let with_spec = matches!(kind, JobKind::Create | JobKind::Start | JobKind::Update);
    Job {
        id: id.into(),
        kind,
        sandbox: sandbox.into(),
        generation,
        spec: with_spec.then(|| spec(sandbox, generation, need)),
    }
}

pub fn configuration(allocatable: Amounts) -> Configuration {
    Configuration {
        runner: "r1".into(),
        allocatable,
        report_every: 5_000,
        version: "test".into(),
        snapshots: vec!["default".into()],
    }
}

impl World {
    pub fn new(allocatable: Amounts) -> Self {
        let mut agent = Agent::new(configuration(allocatable));
        // Most cases are not about leases.
        assert_eq!(agent.handle(0, Event::Granted(Millis::MAX)), []);
        Self {
            agent,
            now: 1_000,
            disk: BTreeMap::new(),
            cell: BTreeSet::new(),
            in_flight: VecDeque::new(),
            issued: BTreeMap::new(),
            observations: Vec::new(),
            healths: Vec::new(),
            ends: Vec::new(),
        }
    }

    pub fn event(&mut self, event: Event) {
        for action in self.agent.handle(self.now, event) {
            match action {
                Action::Report(observations, health) => {
                    self.observations.extend(observations);
                    self.healths.extend(health);
                }
                Action::Ended(id, outcome) => self.ends.push((id, outcome)),
                other => {
                    self.issued.insert(number(&other), self.now);
                    self.in_flight.push_back(other);
                }
            }
        }
        // One that is past its deadline is given up; the host still runs those of one sandbox in order.
        let alive = |action: &&Action| self.now - self.issued[&number(action)] < limits::ACTION_DEADLINE;
        let busy: Vec<&str> = self.in_flight.iter().filter(alive).map(subject).collect();
        let distinct: BTreeSet<&str> = busy.iter().copied().collect();
        assert_eq!(busy.len(), distinct.len(), "two actions in flight for one sandbox");
    }

    pub fn job(&mut self, job: Job) {
        self.event(Event::Job(job));
    }

    /// Executes the oldest action in flight. False if there was none.
    pub fn step(&mut self, outcome: Result<(), String>) -> bool {
        let Some(action) = self.in_flight.pop_front() else {
            return false;
        };
        let number = match action {
            Action::Make(number, spec) => {
                if outcome.is_ok() {
                    self.disk.insert(spec.sandbox.clone(), true);
                    self.cell.insert(spec.sandbox);
                }
                number
            }
            Action::Stop(number, sandbox) => {
                if outcome.is_ok()
                    && let Some(started) = self.disk.get_mut(&sandbox)
                {
                    *started = false;
                    self.cell.remove(&sandbox);
                }
                number
            }
            Action::Remove(number, sandbox) => {
                if outcome.is_ok() {
                    self.disk.remove(&sandbox);
                    self.cell.remove(&sandbox);
                }
                number
            }
            Action::Perform(number, task) => {
                let result = format!("{:?} of {}", task.kind, task.subject);
                self.event(Event::Done(number, outcome.map(|()| Some(result))));
                return true;
            }
            Action::Ended(..) | Action::Report(..) => return true,
        };
        self.event(Event::Done(number, outcome.map(|()| None)));
        true
    }

    /// Executes everything with success, until nothing is in flight.
    pub fn settle(&mut self) {
        for _ in 0..100_000 {
            if !self.step(Ok(())) {
                return;
            }
        }
        panic!("the agent never comes to rest");
    }

    /// The cell dies with whatever it was doing.
    pub fn cell_dies(&mut self) {
        self.cell.clear();
        self.in_flight.clear();
        self.event(Event::CellRestarted);
    }

    pub fn admit(&self, sandbox: &str, generation: u64) -> Result<(), Refusal> {
        self.agent.admit_call(self.now, sandbox, generation)
    }

    pub fn last(&self, sandbox: &str) -> Option<&Observation> {
        self.observations.iter().rev().find(|o| o.sandbox == sandbox)
    }

    pub fn last_state(&self, sandbox: &str) -> Option<State> {
        self.last(sandbox).map(|o| o.state)
    }

    pub fn ended(&self, job: &str) -> bool {
        self.observations.iter().any(|o| o.job.as_deref() == Some(job))
    }
}

/// The text of a refusal.
pub fn text(refusal: Refusal) -> String {
    match refusal {
        Refusal::LeaseExpired => "lease expired".into(),
        Refusal::OtherGeneration(text) | Refusal::Unknown(text) | Refusal::NotReady(text) | Refusal::Stopped(text) => {
            text
        }
    }
}

pub fn subject(action: &Action) -> &str {
    match action {
        Action::Make(_, spec) => &spec.sandbox,
        Action::Stop(_, sandbox) | Action::Remove(_, sandbox) => sandbox,
        Action::Perform(_, task) => &task.subject,
        Action::Ended(..) | Action::Report(..) => "",
    }
}

fn number(action: &Action) -> u64 {
    match action {
        Action::Make(number, _) | Action::Stop(number, _) | Action::Remove(number, _) | Action::Perform(number, _) => {
            *number
        }
        Action::Ended(..) | Action::Report(..) => 0,
    }
}
