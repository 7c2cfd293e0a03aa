//! The state machine itself.

use std::collections::{BTreeMap, VecDeque};

use crate::entry::{Entry, Phase, Step, Target, Work};
use crate::health::Services;
use crate::ledger::Ledger;
use crate::model::{Action, Configuration, Count, Event, Job, JobKind, Millis, Sample};
use crate::outbox::Outbox;
use crate::tasks::Tasks;

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
    /// A removal that failed is tried again after this long: long enough for a full or busy disk to recover.
    pub const REMOVED_AGAIN: Millis = 10_000;
    /// Services that a host may tell of, and bytes of a name: they go into each health report.
    pub const SERVICES: usize = 16;
    /// See [`SERVICES`].
    pub const SERVICE_NAME: usize = 64;
    /// Between two health reports because of a change: a service that flaps does not flood the plane.
    pub const BETWEEN_CHANGES: Millis = 1_000;
    /// Tasks carried out at the same time: each reads or writes whole layers, and sandboxes want the disk too.
    pub const TASKS_AT_ONCE: usize = 2;
    /// Tasks that wait for their turn. More are dropped; the plane hands them out again.
    pub const TASKS_WAITING: usize = 64;
    /// Ends of tasks that are remembered, to be told again if the plane did not hear them.
    pub const TASKS_ENDED: usize = 256;
    /// A snapshot or backup without an outcome for this long has failed: 20 GiB at 20 MB/s take less.
    pub const SNAPSHOT_DEADLINE: Millis = 30 * 60_000;
    /// A build likewise; it may compile.
    pub const BUILD_DEADLINE: Millis = 60 * 60_000;
    pub use crate::outbox::OBSERVATIONS;
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
    /// Work beside the sandboxes.
    pub(crate) tasks: Tasks,
    pub(crate) next_number: u64,
    pub(crate) sample: Sample,
    pub(crate) last_report: Option<Millis>,
    /// The sandbox after which the next health report goes on telling.
    pub(crate) told_until: String,
    /// The sandbox after which the search for those to restore goes on; none: the last one found no more.
    pub(crate) restoring: Option<String>,
    pub(crate) failures: u32,
    pub(crate) last_failure: Millis,
    /// Until when the plane lets this runner hold its sandboxes; none: it never said.
    pub(crate) lease_until: Option<Millis>,
    /// What the host says of its services.
    pub(crate) services: BTreeMap<String, Result<(), String>>,
    /// The services as last told, and when.
    pub(crate) told: Services,
    pub(crate) told_at: Millis,
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
            tasks: Tasks::default(),
            next_number: 1,
            sample: Sample::default(),
            last_report: None,
            told_until: String::new(),
            restoring: None,
            failures: 0,
            last_failure: 0,
            lease_until: None,
            services: BTreeMap::new(),
            told: Services::new(),
            told_at: 0,
            counts: Vec::new(),
        }
    }

    /// Takes one event at `now`; gives the actions to execute, in order.
    pub fn handle(&mut self, now: Millis, event: Event) -> Vec<Action> {
        let mut out = Outbox::default();
        // Looking through all sandboxes after every event would make a full runner slow.
        if matches!(
            event,
            Event::Tick | Event::CellRestarted | Event::Found(_) | Event::Expected(_)
        ) {
            self.restoring = Some(String::new());
        }
        match event {
            Event::Job(job) => self.job(now, job, &mut out),
            Event::Task(task) => self.task(now, task, &mut out),
            Event::Done(number, result) => {
                if !self.task_done(now, number, &result, &mut out) {
                    self.done(now, number, result.map(|_| ()), &mut out);
                }
            }
            Event::Found(found) => self.found(found, &mut out),
            Event::Expected(expected) => self.expected(now, expected, &mut out),
            Event::Sample(sample) => self.sample = sample,
            Event::Tick => self.tick(now, &mut out),
            Event::CellRestarted => self.cell_restarted(now, &mut out),
            Event::Wanted(sandbox) => self.restore(now, &sandbox, &mut out),
            Event::Granted(until) => self.lease_until = self.lease_until.max(Some(until)),
            Event::Disowned(disowned) => self.disowned(now, disowned, &mut out),
            Event::Service(name, condition) => self.service(name, condition),
        }
        self.restore_some(now, &mut out);
        self.report_if_changed(now, &mut out);
        let (actions, counts) = out.into_parts();
        self.counts.extend(counts);
        actions
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

    /// Whether one more sandbox can be remembered.
    pub(crate) fn has_room(&self) -> bool {
        self.entries.len() - self.tombstones.len() < limits::SANDBOXES
    }

    fn job(&mut self, now: Millis, job: Job, out: &mut Outbox) {
        let kind = match job.kind {
            JobKind::Create => "create",
            JobKind::Start => "start",
            JobKind::Stop => "stop",
            JobKind::Destroy => "destroy",
            JobKind::Update => "update",
        };
        out.count("sandbar_runner_jobs_total", &[("kind", kind)]);
        if !self.entries.contains_key(&job.sandbox) {
            if !self.has_room() && job.kind != JobKind::Destroy {
                let mut refused = Entry::new(job.generation, Target::Started);
                refused.phase = failed("the runner holds as many sandboxes as it can", false, now);
                refused.jobs.push(job.id);
                tell(&job.sandbox, &mut refused, out);
                return;
            }
            let target = Target::of(job.kind).unwrap_or(Target::Started);
            let fresh = match job.kind {
                JobKind::Create | JobKind::Destroy => Entry::new(job.generation, target),
                // These are about a sandbox that has been here: it must not begin a new, empty life.
                JobKind::Start | JobKind::Stop | JobKind::Update => Entry {
                    target,
                    ..Entry::lost(&job.sandbox, job.generation, now)
                },
            };
            self.entries.insert(job.sandbox.clone(), fresh);
        }
        if let Some(sandbox) = self.intend(job, out) {
            self.advance(now, &sandbox, out);
        }
    }

    /// Takes a job's intent over. Gives the sandbox if there is something to do for it.
    fn intend(&mut self, job: Job, out: &mut Outbox) -> Option<String> {
        let entry = self.entries.get_mut(&job.sandbox)?;
        if entry.purge.is_some_and(|up_to| job.generation <= up_to) {
            // Nobody waits for its end: the plane has given the sandbox to somebody else.
            return None;
        }
        let alive = entry.phase != Phase::Destroyed;
        if job.kind == JobKind::Create && entry.lost && job.generation > entry.generation {
            // A new life. One that is not newer has been carried out before the files were lost: its end was not heard.
            entry.lost = false;
        }
        // What was only expected here came without the intent of its generation.
        let newer = job.generation > entry.generation || (entry.lost && job.generation == entry.generation);
        if let Some(mut spec) = job.spec {
            let known = entry.spec.as_ref().map(|s| s.generation);
            if known.is_none() && alive && !entry.lost {
                // A stop may have overtaken the create that it needs; now it can be done.
                entry.settled = false;
            }
            if known.is_none_or(|g| spec.generation > g) && alive {
                if job.kind == JobKind::Update
                    && entry.made
                    && let Err(shortage) = self.ledger.reserve(&job.sandbox, spec.need)
                {
                    out.count("sandbar_runner_refusals_total", &[]);
                    entry.note = Some(cut(&shortage.to_string()));
                    if let Some(known) = entry.spec.take() {
                        spec = known;
                    }
                }
                entry.spec = Some(spec);
            }
        }
        if newer {
            entry.generation = job.generation;
            let broken = matches!(entry.phase, Phase::Failed { .. }) && entry.settled;
            // Nothing brings a destroyed sandbox back, and no change of size starts one that is in error.
            if alive && entry.target != Target::Destroyed && !(broken && job.kind == JobKind::Update) {
                entry.target = Target::of(job.kind).unwrap_or(entry.target);
                entry.settled = false;
            }
        }
        if !entry.jobs.contains(&job.id) && entry.jobs.len() < limits::JOBS_PER_SANDBOX {
            entry.jobs.push(job.id);
        }
        if entry.settled {
            // Done before, or overtaken: the plane learns how things stand, and the job ends.
            tell(&job.sandbox, entry, out);
            return None;
        }
        Some(job.sandbox)
    }

    /// Takes the next step towards the target, unless one is in flight.
    pub(crate) fn advance(&mut self, now: Millis, sandbox: &str, out: &mut Outbox) {
        let Some(entry) = self.entries.get(sandbox) else { return };
        if entry.work.is_some() || entry.settled {
            return;
        }
        let step = match entry.target {
            // What was disowned goes first: a newer life must not begin with old files.
            _ if entry.purge.is_some() => Step::Remove,
            Target::Started => Step::Make,
            // A stop that overtook its create: make first, so that the files exist.
            Target::Stopped if !entry.made => Step::Make,
            Target::Stopped => Step::Stop,
            Target::Destroyed => Step::Remove,
        };
        if step == Step::Make {
            if entry.lost {
                let lost = Entry::lost(sandbox, entry.generation, now);
                if let Phase::Failed { reason, .. } = lost.phase {
                    self.fail(now, sandbox, reason, false, out);
                }
                return;
            }
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

    pub(crate) fn issue(&mut self, now: Millis, sandbox: &str, step: Step, restore: bool, out: &mut Outbox) {
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
                if entry.purge.is_some() {
                    // Tried again by a tick, or at once if it was another step that failed.
                    entry.phase = failed(&reason, true, now);
                    if work.step != Step::Remove {
                        self.advance(now, &sandbox, out);
                    }
                } else if work.step == Step::Remove {
                    // Told, but its job does not end: it is carried out until it is done, and the plane goes on asking
                    // until it has heard that. An end with an error would be one that nobody takes up again.
                    entry.phase = failed(&reason, true, now);
                    entry.observe(&sandbox, None).into_iter().for_each(|o| out.observe(o));
                } else if work.generation == entry.generation {
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
                    Step::Remove => match entry.purge {
                        Some(up_to) => return self.purged(now, &sandbox, up_to, out),
                        None => entry.phase = Phase::Destroyed,
                    },
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
        if entry.purge.is_none() && current && entry.arrived() {
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
        self.remove_again(now, out);
        self.end_late_tasks(now, out);
        self.report_if_due(now, out);
    }
}

fn failed(reason: &str, recoverable: bool, at: Millis) -> Phase {
    Phase::Failed {
        reason: cut(reason),
        recoverable,
        at,
    }
}

/// At most so much of a reason as is told.
pub(crate) fn cut(reason: &str) -> String {
    let mut end = reason.len().min(limits::REASON);
    while !reason.is_char_boundary(end) {
        end -= 1;
    }
    reason[..end].to_owned()
}

/// Observes a settled sandbox once for each job that waits, or once if none does.
pub(crate) fn tell(sandbox: &str, entry: &mut Entry, out: &mut Outbox) {
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
    entry.note = None;
}
