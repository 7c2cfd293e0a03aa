//! The state machine itself.

use std::collections::{BTreeMap, VecDeque};

use crate::entry::{Entry, Phase, Step, Target, Work};
use crate::ledger::Ledger;
use crate::model::{Action, Configuration, Count, Event, Health, Job, JobKind, Millis, Sample, Spec};
use crate::outbox::Outbox;

/// The agent's limits, each with its reason.
pub mod limits {
    use super::Millis;

    /// An action without an outcome for this long has failed. The host's own slowest step, removing the files of
    /// a full sandbox, takes seconds.
    pub const ACTION_DEADLINE: Millis = 120_000;
    /// Sandboxes handed to a new cell at the same time: enough to fill a socket, few enough that a call of a
    /// user does not wait behind a thousand of them.
    pub const RESTORES_IN_FLIGHT: usize = 32;
    /// Sandboxes on one runner. The ledger ends far below this; it bounds memory against a confused plane.
    pub const SANDBOXES: usize = 16_384;
    /// Destroyed sandboxes remembered, so that a late job does not bring one back.
    pub const TOMBSTONES: usize = 4_096;
    /// Jobs waiting for the same observation. More than this are redeliveries; the plane asks again anyway.
    pub const JOBS_PER_SANDBOX: usize = 8;
    /// Sandboxes told again in each health report, in turn, so that a lost report heals without a job.
    pub const RETOLD_PER_REPORT: usize = 32;
    /// A failure this recent when a new cell arrives was probably the old cell's death, and is tried again.
    pub const BLAMED_ON_CELL: Millis = 30_000;
    /// Failures to make a sandbox, one after the other, after which the runner calls itself unhealthy.
    pub const FAILURES_UNTIL_UNHEALTHY: u32 = 3;
    /// How long it stays so without a further failure: it must get a chance to prove itself.
    pub const UNHEALTHY_FOR: Millis = 30_000;
    /// Bytes of a reason; longer ones are cut.
    pub const REASON: usize = 1_024;
}

/// The agent. See the crate's documentation.
#[derive(Debug)]
pub struct Agent {
    pub(crate) configuration: Configuration,
    pub(crate) ledger: Ledger,
    pub(crate) entries: BTreeMap<String, Entry>,
    /// Destroyed sandboxes, oldest first; each is also in `entries`.
    pub(crate) tombstones: VecDeque<String>,
    /// Actions in flight: number to sandbox.
    pub(crate) in_flight: BTreeMap<u64, String>,
    pub(crate) next_number: u64,
    pub(crate) sample: Sample,
    pub(crate) last_report: Option<Millis>,
    /// The sandbox after which the next health report goes on telling.
    pub(crate) told_until: String,
    pub(crate) failures: u32,
    pub(crate) last_failure: Millis,
    counts: Vec<Count>,
}

impl Agent {
    /// An agent that knows no sandbox.
    pub fn new(configuration: Configuration) -> Self {
        Self {
            ledger: Ledger::new(configuration.allocatable),
            configuration,
            entries: BTreeMap::new(),
            tombstones: VecDeque::new(),
            in_flight: BTreeMap::new(),
            next_number: 1,
            sample: Sample::default(),
            last_report: None,
            told_until: String::new(),
            failures: 0,
            last_failure: 0,
            counts: Vec::new(),
        }
    }

    /// Takes one event at `now`; gives the actions to execute, in order.
    pub fn handle(&mut self, now: Millis, event: Event) -> Vec<Action> {
        let mut out = Outbox::default();
        match event {
            Event::Job(job) => self.job(now, job, &mut out),
            Event::Done(number, result) => self.done(now, number, result, &mut out),
            Event::Found(found) => self.found(found, &mut out),
            Event::Sample(sample) => self.sample = sample,
            Event::Tick => self.tick(now, &mut out),
            Event::CellRestarted => self.cell_restarted(now, &mut out),
            Event::Wanted(sandbox) => self.restore(now, &sandbox, &mut out),
        }
        self.restore_some(now, &mut out);
        let (actions, counts) = out.into_parts();
        self.counts.extend(counts);
        actions
    }

    /// Whether a toolbox call may proceed; else the reason.
    pub fn admit_call(&self, sandbox: &str, generation: u64) -> Result<(), String> {
        let Some(entry) = self.entries.get(sandbox) else {
            return Err(format!("sandbox {sandbox} is not on this runner"));
        };
        match &entry.phase {
            Phase::Destroyed => return Err(format!("sandbox {sandbox} is destroyed")),
            Phase::Absent => return Err(format!("sandbox {sandbox} is being created")),
            Phase::Stopped => return Err(format!("sandbox {sandbox} is stopped")),
            Phase::Failed { reason, .. } => {
                return Err(format!("sandbox {sandbox} is in error: {reason}"));
            }
            Phase::Started => {}
        }
        if generation != entry.generation {
            return Err(format!(
                "generation {generation} of sandbox {sandbox} is not the present one, {}",
                entry.generation
            ));
        }
        if entry.target != Target::Started {
            return Err(format!("sandbox {sandbox} is stopping"));
        }
        if !entry.loaded {
            return Err(format!("sandbox {sandbox} is being restored after a restart"));
        }
        Ok(())
    }

    /// Takes the metrics counted since the last call.
    pub fn take_counts(&mut self) -> Vec<Count> {
        std::mem::take(&mut self.counts)
    }

    /// Number of started sandboxes.
    pub fn started(&self) -> u32 {
        let count = self.entries.values().filter(|e| e.phase == Phase::Started).count();
        u32::try_from(count).unwrap_or(u32::MAX)
    }

    /// What the sandboxes here were promised, in sum.
    pub fn reserved(&self) -> crate::model::Amounts {
        self.ledger.sum()
    }

    fn job(&mut self, now: Millis, job: Job, out: &mut Outbox) {
        let kind = match job.kind {
            JobKind::Create => "create",
            JobKind::Start => "start",
            JobKind::Stop => "stop",
            JobKind::Destroy => "destroy",
        };
        out.count("sandbar_runner_jobs_total", &[("kind", kind)]);
        let target = Target::from(job.kind);
        let room = self.entries.len() - self.tombstones.len() < limits::SANDBOXES;
        if !room && !self.entries.contains_key(&job.sandbox) && target != Target::Destroyed {
            let mut refused = Entry::new(job.generation, target);
            refused.phase = failed("the runner holds as many sandboxes as it can", false, now);
            refused
                .observe(&job.sandbox, Some(job.id))
                .into_iter()
                .for_each(|o| out.observe(o));
            return;
        }
        let entry = self
            .entries
            .entry(job.sandbox.clone())
            .or_insert_with(|| Entry::new(job.generation, target));
        if let Some(spec) = job.spec {
            let known = entry.spec.as_ref().map(|s| s.generation);
            if known.is_none() && entry.phase != Phase::Destroyed {
                // A stop may have overtaken the create that it needs; now it can be done.
                entry.settled = false;
            }
            if known.is_none_or(|g| spec.generation > g) && entry.phase != Phase::Destroyed {
                entry.spec = Some(spec);
            }
        }
        if job.generation > entry.generation {
            entry.generation = job.generation;
            // Nothing brings a destroyed sandbox back.
            if entry.phase != Phase::Destroyed && entry.target != Target::Destroyed {
                entry.target = target;
                entry.settled = false;
            }
        }
        if entry.settled {
            // Done before, or overtaken: the plane learns how things stand, and the job ends.
            entry
                .observe(&job.sandbox, Some(job.id))
                .into_iter()
                .for_each(|o| out.observe(o));
            return;
        }
        if !entry.jobs.contains(&job.id) && entry.jobs.len() < limits::JOBS_PER_SANDBOX {
            entry.jobs.push(job.id);
        }
        self.advance(now, &job.sandbox, out);
    }

    /// Takes the next step towards the target, unless one is in flight.
    fn advance(&mut self, now: Millis, sandbox: &str, out: &mut Outbox) {
        let Some(entry) = self.entries.get(sandbox) else { return };
        if entry.work.is_some() || entry.settled {
            return;
        }
        let step = match entry.target {
            Target::Started => Step::Make,
            // A stop that overtook its create: make first, so that the files exist.
            Target::Stopped if !entry.made => Step::Make,
            Target::Stopped => Step::Stop,
            Target::Destroyed => Step::Remove,
        };
        if step == Step::Make {
            let need = entry.spec.as_ref().map(|spec| spec.need);
            let admitted = match need {
                None => Err(format!("sandbox {sandbox} is not on this runner")),
                Some(need) => self.ledger.reserve(sandbox, need).map_err(|e| e.to_string()),
            };
            if let Err(reason) = admitted {
                out.count("sandbar_runner_refusals_total", &[]);
                self.fail(now, sandbox, reason, false, out);
                return;
            }
        }
        self.issue(now, sandbox, step, false, out);
    }

    fn issue(&mut self, now: Millis, sandbox: &str, step: Step, restore: bool, out: &mut Outbox) {
        let number = self.next_number;
        let Some(entry) = self.entries.get_mut(sandbox) else {
            return;
        };
        let action = match (step, &mut entry.spec) {
            (Step::Make, Some(spec)) => {
                // The cell fences calls by generation, so it gets the present one.
                spec.generation = entry.generation;
                Action::Make(number, spec.clone())
            }
            (Step::Make, None) => return,
            (Step::Stop, _) => Action::Stop(number, sandbox.to_owned()),
            (Step::Remove, _) => Action::Remove(number, sandbox.to_owned()),
        };
        entry.work = Some(Work {
            number,
            step,
            generation: entry.generation,
            since: now,
            restore,
        });
        self.in_flight.insert(number, sandbox.to_owned());
        self.next_number += 1;
        out.act(action);
    }

    fn done(&mut self, now: Millis, number: u64, result: Result<(), String>, out: &mut Outbox) {
        // An unknown number is an action that was given up or issued again: its outcome no longer counts.
        let Some(sandbox) = self.in_flight.remove(&number) else {
            return;
        };
        let Some(entry) = self.entries.get_mut(&sandbox) else {
            return;
        };
        let Some(work) = entry.work.take_if(|work| work.number == number) else {
            return;
        };
        match result {
            Err(reason) => {
                let step = match work.step {
                    Step::Make => "make",
                    Step::Stop => "stop",
                    Step::Remove => "remove",
                };
                out.count("sandbar_runner_failures_total", &[("step", step)]);
                if work.step == Step::Make {
                    self.failures = self.failures.saturating_add(1);
                    self.last_failure = now;
                }
                if work.generation == entry.generation {
                    self.fail(now, &sandbox, reason, true, out);
                } else {
                    entry.phase = failed(&reason, true, now);
                    self.advance(now, &sandbox, out);
                }
            }
            Ok(()) => {
                match work.step {
                    Step::Make => {
                        entry.phase = Phase::Started;
                        entry.made = true;
                        entry.loaded = true;
                        self.failures = 0;
                    }
                    Step::Stop => entry.phase = Phase::Stopped,
                    Step::Remove => entry.phase = Phase::Destroyed,
                }
                let quiet = work.restore && entry.settled;
                if work.step == Step::Remove {
                    self.bury(&sandbox);
                }
                if !quiet {
                    self.settle_or_advance(now, &sandbox, work.generation, out);
                }
            }
        }
    }

    fn settle_or_advance(&mut self, now: Millis, sandbox: &str, generation: u64, out: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(sandbox) else {
            return;
        };
        let current = generation == entry.generation || entry.phase == Phase::Destroyed;
        if current && entry.arrived() {
            entry.settled = true;
            tell(sandbox, entry, out);
        } else {
            self.advance(now, sandbox, out);
        }
    }

    /// The intent of the present generation cannot be reached.
    fn fail(&mut self, now: Millis, sandbox: &str, reason: String, recoverable: bool, out: &mut Outbox) {
        let Some(entry) = self.entries.get_mut(sandbox) else {
            return;
        };
        entry.phase = failed(&reason, recoverable, now);
        entry.settled = true;
        entry.loaded = false;
        tell(sandbox, entry, out);
    }

    /// Remembers a destroyed sandbox for a while, and gives its capacity back.
    fn bury(&mut self, sandbox: &str) {
        self.ledger.release(sandbox);
        if let Some(entry) = self.entries.get_mut(sandbox) {
            entry.spec = None;
            entry.made = false;
            entry.loaded = false;
        }
        if !self.tombstones.iter().any(|s| s == sandbox) {
            self.tombstones.push_back(sandbox.to_owned());
        }
        while self.tombstones.len() > limits::TOMBSTONES {
            if let Some(oldest) = self.tombstones.pop_front() {
                self.entries.remove(&oldest);
            }
        }
    }

    fn found(&mut self, found: Vec<(Spec, bool)>, out: &mut Outbox) {
        for (spec, started) in found {
            if self.entries.contains_key(&spec.sandbox) {
                continue;
            }
            let sandbox = spec.sandbox.clone();
            self.ledger.record(&sandbox, spec.need);
            let (target, phase) = if started {
                (Target::Started, Phase::Started)
            } else {
                (Target::Stopped, Phase::Stopped)
            };
            let mut entry = Entry::new(spec.generation, target);
            entry.phase = phase;
            entry.settled = true;
            entry.made = true;
            entry.spec = Some(spec);
            tell(&sandbox, &mut entry, out);
            self.entries.insert(sandbox, entry);
        }
    }

    fn tick(&mut self, now: Millis, out: &mut Outbox) {
        let late: Vec<u64> = self
            .in_flight
            .iter()
            .filter(|(_, sandbox)| {
                let work = self.entries.get(*sandbox).and_then(|e| e.work.as_ref());
                work.is_none_or(|w| now.saturating_sub(w.since) >= limits::ACTION_DEADLINE)
            })
            .map(|(number, _)| *number)
            .collect();
        for number in late {
            let reason = format!("timeout: no outcome after {} s", limits::ACTION_DEADLINE / 1000);
            self.done(now, number, Err(reason), out);
        }
        let due = match self.last_report {
            None => true,
            Some(last) => now.saturating_sub(last) >= self.configuration.report_every,
        };
        if due {
            self.last_report = Some(now);
            self.retell(out);
            out.health(self.health(now));
        }
    }

    /// Tells the next few settled sandboxes again.
    fn retell(&mut self, out: &mut Outbox) {
        use std::ops::Bound::{Excluded, Unbounded};
        let from = self.told_until.clone();
        let after = self.entries.range::<String, _>((Excluded(&from), Unbounded));
        let mut last = None;
        for (sandbox, entry) in after.take(limits::RETOLD_PER_REPORT) {
            last = Some(sandbox.clone());
            if entry.settled && entry.phase != Phase::Destroyed {
                entry.observe(sandbox, None).into_iter().for_each(|o| out.observe(o));
            }
        }
        // At the end, begin again with the next report.
        self.told_until = last.unwrap_or_default();
    }

    fn health(&self, now: Millis) -> Health {
        let unwell = self.failures >= limits::FAILURES_UNTIL_UNHEALTHY
            && now.saturating_sub(self.last_failure) < limits::UNHEALTHY_FOR;
        Health {
            allocatable: self.configuration.allocatable,
            used: self.sample,
            started_sandboxes: self.started(),
            healthy: !unwell,
        }
    }

    fn cell_restarted(&mut self, now: Millis, out: &mut Outbox) {
        out.count("sandbar_runner_cell_restarts_total", &[]);
        self.in_flight.clear();
        let mut again = Vec::new();
        for (sandbox, entry) in &mut self.entries {
            entry.loaded = false;
            let interrupted = entry.work.take().is_some();
            let blamed = matches!(&entry.phase, Phase::Failed { recoverable: true, at, .. }
                if now.saturating_sub(*at) <= limits::BLAMED_ON_CELL);
            if blamed {
                entry.settled = false;
            }
            if (interrupted || blamed) && !entry.settled {
                again.push(sandbox.clone());
            }
        }
        for sandbox in again {
            self.advance(now, &sandbox, out);
        }
    }

    /// Hands a started sandbox to the present cell, if that does not know it.
    fn restore(&mut self, now: Millis, sandbox: &str, out: &mut Outbox) {
        if self.entries.get(sandbox).is_some_and(needs_restore) {
            self.issue(now, sandbox, Step::Make, true, out);
        }
    }

    /// Restores a few of those that wait for it, without being asked.
    fn restore_some(&mut self, now: Millis, out: &mut Outbox) {
        let free = limits::RESTORES_IN_FLIGHT.saturating_sub(self.in_flight.len());
        if free == 0 {
            return;
        }
        let next: Vec<String> = self
            .entries
            .iter()
            .filter(|(_, entry)| needs_restore(entry))
            .take(free)
            .map(|(sandbox, _)| sandbox.clone())
            .collect();
        for sandbox in next {
            self.restore(now, &sandbox, out);
        }
    }
}

fn needs_restore(entry: &Entry) -> bool {
    entry.phase == Phase::Started && entry.settled && !entry.loaded && entry.work.is_none()
}

fn failed(reason: &str, recoverable: bool, at: Millis) -> Phase {
    let mut end = reason.len().min(limits::REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    Phase::Failed {
        reason: reason[..end].to_owned(),
        recoverable,
        at,
    }
}

/// Observes a settled sandbox once for each job that waits, or once if none does.
fn tell(sandbox: &str, entry: &mut Entry, out: &mut Outbox) {
    let jobs = std::mem::take(&mut entry.jobs);
    if jobs.is_empty() {
        entry.observe(sandbox, None).into_iter().for_each(|o| out.observe(o));
    }
    for job in jobs {
        entry
            .observe(sandbox, Some(job))
            .into_iter()
            .for_each(|o| out.observe(o));
    }
}
