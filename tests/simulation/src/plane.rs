//! The plane: what `components/api` does with its rules, the scheduler and the store, without HTTP. Thin on purpose: it
//! takes the API's own rules where they are pure, and mirrors its handlers where they are not.

use std::collections::BTreeMap;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use api::rules::due::{self, Due, RunnerFacts};
use api::rules::lifecycle::{Command, Step, step};
use sandbar_store::{Health, Job, Observation, Quota, Region, RegionKind, Runner, Sandbox, StoreError, Totals, verbs};
use through_wasm_scheduler as scheduler;

use crate::Millis;
use crate::memory::Memory;
use crate::options::Sabotage;
use crate::placing::placement;
use crate::rows::{self, EPOCH, ORGANIZATION, REGION};
use crate::truth::{Truth, Violation};

/// As in the API; lost comes sooner, so that a short history has it.
pub(crate) const LIMITS: scheduler::Limits = scheduler::Limits {
    suspect_after: 10_000,
    disconnected_after: 30_000,
    lost_after: 75_000,
    brake_share: 50,
    brake_least: 3,
};
/// How long a runner may answer calls after a report.
pub(crate) const LEASE: Millis = 20_000;
/// What the plane adds when it writes the lease down: clocks of runners may be slower than its own.
const DRIFT: Millis = 500;
/// A job without an end for this long is handed out again.
const JOB_LEASE: Millis = 20_000;
/// Placements tried when others are faster.
const ATTEMPTS: u32 = 8;
/// Quota of the one organization.
pub(crate) const TOTALS: Totals = Totals {
    cpu: 60,
    memory_gib: 90,
    disk_gib: 200,
};

/// What a runner asks for.
#[derive(Clone, Debug)]
pub(crate) enum Request {
    Attach {
        instance: String,
    },
    Mine {
        process: u64,
    },
    Poll {
        process: u64,
    },
    Report {
        process: u64,
        observations: Vec<Observation>,
        health: Option<Health>,
    },
}

/// What it is told.
#[derive(Clone, Debug)]
pub(crate) enum Answer {
    Attached {
        process: u64,
    },
    /// Another data directory holds the runner.
    Conflict,
    /// A newer process has taken over.
    Replaced,
    Mine(Vec<Sandbox>),
    Jobs(Vec<Job>),
    Reported {
        lease: Millis,
        disowned: Vec<(String, u64)>,
    },
}

/// Why something was not done, typed as the API's codes are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refused {
    /// 400: it does not fit the state, or no runner will do.
    No(String),
    /// 409, 503: try again.
    Later(String),
    /// 404.
    Gone,
}

pub(crate) struct Plane {
    pub(crate) sql: Memory,
    pub(crate) hearing_since: Millis,
    /// When it can be reached again.
    pub(crate) down_until: Millis,
    pub(crate) sabotage: Option<Sabotage>,
    /// Runners with jobs that nobody has fetched yet.
    pub(crate) woken: Vec<String>,
}

pub(crate) type Checked<T> = Result<T, Violation>;

pub(crate) fn now_of(at: Millis) -> Millis {
    EPOCH + at
}

pub(crate) fn ready<T>(verb: impl Future<Output = sandbar_store::Result<T>>) -> sandbar_store::Result<T> {
    match pin!(verb).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(done) => done,
        Poll::Pending => Err(StoreError::Internal("a statement in memory waited".into())),
    }
}

pub(crate) fn broken(at: Millis, subject: &str, what: impl Into<String>) -> Violation {
    Violation {
        what: what.into(),
        subject: subject.to_owned(),
        at,
    }
}

/// An answer that only a bug gives.
pub(crate) fn never<T>(at: Millis, subject: &str, done: sandbar_store::Result<T>) -> Checked<T> {
    done.map_err(|error| broken(at, subject, error.to_string()))
}

impl Plane {
    pub(crate) fn new(runners: &[String], sabotage: Option<Sabotage>) -> Checked<Self> {
        let mut sql = Memory::open().map_err(|error| broken(0, "", error.to_string()))?;
        never(0, "", ready(sandbar_store::migrate(&mut sql)))?;
        never(0, "", ready(verbs::bootstrap(&mut sql, &bootstrap())))?;
        let region = Region {
            id: REGION.into(),
            name: REGION.into(),
            kind: RegionKind::Shared,
            organization: None,
            enforce_quotas: true,
            policy: "spread".into(),
            proxy_url: None,
            ssh_gateway_url: None,
            snapshot_manager_url: None,
            created: EPOCH,
            updated: EPOCH,
        };
        never(0, "", ready(verbs::create_region(&mut sql, &region, &[])))?;
        let quota = Quota {
            organization: ORGANIZATION.into(),
            region: REGION.into(),
            cpu: TOTALS.cpu,
            memory_gib: TOTALS.memory_gib,
            disk_gib: TOTALS.disk_gib,
            updated: EPOCH,
        };
        never(0, "", ready(verbs::put_quota(&mut sql, &quota)))?;
        for id in runners {
            let runner = rows::new_runner(id);
            never(
                0,
                id,
                ready(verbs::create_runner(&mut sql, &runner, &format!("token-{id}"), false)),
            )?;
        }
        Ok(Self {
            sql,
            hearing_since: EPOCH,
            down_until: 0,
            sabotage,
            woken: Vec::new(),
        })
    }

    /// It comes back, and from now on hears again.
    pub(crate) fn restarted(&mut self, at: Millis) {
        self.hearing_since = now_of(at);
    }

    pub(crate) fn up(&self, at: Millis) -> bool {
        at >= self.down_until
    }

    // ---- runners

    /// None: the poll stays open until there are jobs.
    pub(crate) fn answer(
        &mut self,
        at: Millis,
        runner: &str,
        request: Request,
        truth: &Truth,
    ) -> Checked<Option<Answer>> {
        let now = now_of(at);
        match request {
            Request::Attach { instance } => match ready(verbs::attach_runner(&mut self.sql, runner, &instance, now)) {
                Ok(process) => Ok(Some(Answer::Attached { process })),
                Err(StoreError::Conflict(_)) => Ok(Some(Answer::Conflict)),
                Err(error) => Err(broken(at, runner, error.to_string())),
            },
            Request::Mine { process } => {
                if !self.newest(at, runner, process)? {
                    return Ok(Some(Answer::Replaced));
                }
                let mine = never(at, runner, ready(verbs::runner_sandboxes(&mut self.sql, runner)))?;
                Ok(Some(Answer::Mine(mine)))
            }
            Request::Poll { process } => {
                if !self.newest(at, runner, process)? {
                    return Ok(Some(Answer::Replaced));
                }
                let jobs = never(
                    at,
                    runner,
                    ready(verbs::claim_jobs(&mut self.sql, runner, 10, now, JOB_LEASE)),
                )?;
                Ok((!jobs.is_empty()).then_some(Answer::Jobs(jobs)))
            }
            Request::Report {
                process,
                observations,
                health,
            } => self.report(at, runner, process, observations, health, truth).map(Some),
        }
    }

    fn newest(&mut self, at: Millis, runner: &str, process: u64) -> Checked<bool> {
        match ready(verbs::report(&mut self.sql, runner, process, &[], None, now_of(at))) {
            Ok(_) => Ok(true),
            Err(StoreError::Conflict(_)) => Ok(false),
            Err(error) => Err(broken(at, runner, error.to_string())),
        }
    }

    fn report(
        &mut self,
        at: Millis,
        runner: &str,
        process: u64,
        said: Vec<Observation>,
        health: Option<Health>,
        truth: &Truth,
    ) -> Checked<Answer> {
        let now = now_of(at);
        let mut taken = said.clone();
        let mut before = BTreeMap::new();
        for observation in &mut taken {
            if let Some(it) = self.find(at, &observation.sandbox)? {
                if self.sabotage == Some(Sabotage::IgnoreGenerations) {
                    observation.generation = it.generation;
                }
                before.insert(it.id.clone(), it);
            }
        }
        let health = health.map(|health| Health {
            lease_until: now + LEASE + DRIFT,
            ..health
        });
        let outcome = match ready(verbs::report(
            &mut self.sql,
            runner,
            process,
            &taken,
            health.as_ref(),
            now,
        )) {
            Ok(outcome) => outcome,
            Err(StoreError::Conflict(_)) => return Ok(Answer::Replaced),
            Err(error) => return Err(broken(at, runner, error.to_string())),
        };
        // A report changes only what is the reporter's own, and only by its present generation.
        for changed in &outcome.changed {
            let Some(earlier) = before.get(&changed.id) else {
                return Err(broken(at, &changed.id, "a report changed a sandbox that was not there"));
            };
            if earlier.runner.as_deref() != Some(runner) {
                let what = format!("runner {runner} changed a sandbox of {:?}", earlier.runner);
                return Err(broken(at, &changed.id, what));
            }
            let present = |it: &&Observation| it.sandbox == changed.id && it.generation == earlier.generation;
            if !said.iter().any(|it| present(&it)) {
                let what = format!(
                    "a report of an old generation changed it; present is {}",
                    earlier.generation
                );
                return Err(broken(at, &changed.id, what));
            }
        }
        for (sandbox, generation) in &outcome.disowned {
            if let Some(it) = self.find(at, sandbox)?
                && it.runner.as_deref() == Some(runner)
                && it.generation <= *generation
            {
                return Err(broken(
                    at,
                    sandbox,
                    format!("runner {runner} is told to remove what is its own"),
                ));
            }
        }
        let mut disowned = outcome.disowned;
        if self.sabotage == Some(Sabotage::ForgetDisowned) && !truth.liars.iter().any(|it| it == runner) {
            disowned.clear();
        }
        let lease = if health.is_some() { LEASE } else { 0 };
        Ok(Answer::Reported { lease, disowned })
    }

    // ---- clients

    /// A sandbox by id, if it is not destroyed.
    pub(crate) fn find(&mut self, at: Millis, id: &str) -> Checked<Option<Sandbox>> {
        match ready(verbs::get_sandbox(&mut self.sql, ORGANIZATION, id)) {
            Ok(it) => Ok(Some(it)),
            Err(StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(broken(at, id, error.to_string())),
        }
    }

    pub(crate) fn create(
        &mut self,
        at: Millis,
        id: &str,
        size: (u32, u32, u32),
        seed: u64,
    ) -> Checked<Result<Sandbox, Refused>> {
        let wanted = rows::new_sandbox(id, size, now_of(at));
        for attempt in 0..ATTEMPTS {
            let runner = match self.place(at, &wanted, Vec::new(), seed.wrapping_add(u64::from(attempt)))? {
                Ok(runner) => runner,
                Err(refused) => return Ok(Err(refused)),
            };
            let placement = placement(&wanted, runner);
            match ready(verbs::create_sandbox(&mut self.sql, &wanted, &placement)) {
                Ok(made) => {
                    self.woken.push(placement.runner);
                    self.check_quota(at, id)?;
                    return Ok(Ok(made));
                }
                Err(StoreError::Conflict(_)) => {}
                Err(StoreError::OverQuota(excess)) => return Ok(Err(Refused::No(excess.to_string()))),
                Err(error) => return Err(broken(at, id, error.to_string())),
            }
        }
        Ok(Err(Refused::Later("the region is busy".into())))
    }

    /// What failed on one runner is tried once more on another; what fails again gives its capacity back.
    pub(crate) fn elsewhere(&mut self, at: Millis, failed: &Sandbox, seed: u64) -> Checked<Option<Sandbox>> {
        let Some(first) = failed.runner.clone() else {
            return Ok(None);
        };
        let next = Sandbox {
            generation: failed.generation + 1,
            ..failed.clone()
        };
        let Ok(runner) = self.place(at, &next, vec![first], seed)? else {
            return Ok(None);
        };
        let placement = placement(&next, runner);
        match ready(verbs::replace_runner(
            &mut self.sql,
            &failed.id,
            failed.generation,
            &placement,
            now_of(at),
        )) {
            Ok(again) => {
                self.woken.push(placement.runner);
                Ok(Some(again))
            }
            Err(StoreError::Conflict(_) | StoreError::OverQuota(_) | StoreError::NotFound(_)) => Ok(None),
            Err(error) => Err(broken(at, &failed.id, error.to_string())),
        }
    }

    pub(crate) fn give_up(&mut self, at: Millis, failed: &Sandbox) -> Checked<()> {
        if let Due::Find(finding) = due::give_up(&rows::sandbox(failed), "error", failed.error_reason.clone()) {
            let found = ready(verbs::find_out(&mut self.sql, &[rows::finding(finding)], now_of(at)));
            never(at, &failed.id, found)?;
        }
        Ok(())
    }

    /// The sandbox under its new intent; none if there is nothing to do, or it is under way.
    pub(crate) fn command(
        &mut self,
        at: Millis,
        id: &str,
        command: Command,
    ) -> Checked<Result<Option<Sandbox>, Refused>> {
        let Some(it) = self.find(at, id)? else {
            return Ok(Err(Refused::Gone));
        };
        let (desired, kind) = match step(command, &rows::sandbox(&it)) {
            Ok(Step::Intend(desired, kind)) => (desired, kind),
            Ok(Step::Done | Step::Wait) => return Ok(Ok(None)),
            // No sandbox of this world has a backup.
            Ok(Step::Restore) => return Ok(Err(Refused::No("there is no backup".to_owned()))),
            Err(problem) => return Ok(Err(Refused::No(format!("{problem:?}")))),
        };
        let generation = it.generation + 1;
        let changed = ready(verbs::change_intent(
            &mut self.sql,
            id,
            it.generation,
            desired,
            &api::dto::job_id(id, generation, kind),
            rows::kind(kind),
            &api::dto::payload(&rows::sandbox(&it), generation),
            Some(TOTALS),
            now_of(at),
        ));
        match changed {
            Ok(changed) => {
                self.woken.extend(changed.runner.clone());
                Ok(Ok(Some(changed)))
            }
            Err(StoreError::Conflict(text)) => Ok(Err(Refused::Later(text))),
            Err(StoreError::OverQuota(excess)) => Ok(Err(Refused::No(excess.to_string()))),
            Err(error) => Err(broken(at, id, error.to_string())),
        }
    }

    /// Another size: of a started sandbox with a job, of a stopped one without.
    pub(crate) fn resize(&mut self, at: Millis, id: &str, size: (u32, u32, u32)) -> Checked<Result<(), Refused>> {
        let Some(it) = self.find(at, id)? else {
            return Ok(Err(Refused::Gone));
        };
        if it.state != it.desired || !["started", "stopped"].contains(&it.state.as_str()) || size.2 < it.disk_gib {
            return Ok(Err(Refused::No("not now, or smaller".into())));
        }
        let generation = it.generation + 1;
        let next = Sandbox {
            cpu: size.0,
            memory_gib: size.1,
            disk_gib: size.2,
            ..it.clone()
        };
        let job = if it.state == "started" {
            api::dto::job_id(id, generation, api::contracts::store::JobKind::UpdateSandbox)
        } else {
            String::new()
        };
        let payload = api::dto::payload(&rows::sandbox(&next), generation);
        let done = ready(verbs::resize_sandbox(
            &mut self.sql,
            id,
            it.generation,
            size.0,
            size.1,
            size.2,
            Some(TOTALS),
            &job,
            &payload,
            now_of(at),
        ));
        match done {
            Ok(changed) => {
                self.woken.extend(changed.runner);
                Ok(Ok(()))
            }
            Err(StoreError::Conflict(text)) => Ok(Err(Refused::Later(text))),
            Err(StoreError::OverQuota(excess)) => Ok(Err(Refused::No(excess.to_string()))),
            Err(error) => Err(broken(at, id, error.to_string())),
        }
    }

    /// Where a front sends a call: runner and generation of a started sandbox.
    pub(crate) fn access(&mut self, at: Millis, id: &str) -> Checked<Option<(String, u64)>> {
        let it = self
            .find(at, id)?
            .filter(|it| it.state == "started" && it.desired == "started");
        Ok(it.and_then(|it| it.runner.map(|runner| (runner, it.generation))))
    }

    // ---- time

    /// Once a second: verdicts, deadlines.
    pub(crate) fn tick(&mut self, at: Millis) -> Checked<()> {
        let now = now_of(at);
        let runners = self.runners(at)?;
        let candidates = self.fleet(at)?;
        let judgement = scheduler::judge(&candidates, now, self.hearing_since, &LIMITS);
        let lost: Vec<String> = candidates
            .iter()
            .zip(&judgement.verdicts)
            .filter(|(_, verdict)| **verdict == scheduler::Verdict::Lost && !judgement.braked)
            .map(|(runner, _)| runner.id.clone())
            .collect();
        let overdue = [
            ("creating", "started"),
            ("starting", "started"),
            ("stopping", "stopped"),
            ("destroying", "destroyed"),
        ]
        .map(|(state, desired)| {
            let deadline = due::DEADLINES
                .iter()
                .find(|row| row.0 == desired)
                .map_or(0, |row| row.1);
            (state.to_owned(), deadline)
        });
        let query = sandbar_store::DueQuery {
            now,
            overdue: overdue.to_vec(),
            lost: lost.clone(),
            limit: 256,
        };
        let found = never(at, "", ready(verbs::due_sandboxes(&mut self.sql, &query)))?;
        let mut findings = Vec::new();
        for it in found {
            let facts = it
                .runner
                .as_ref()
                .and_then(|id| runners.iter().find(|runner| runner.id == *id));
            let facts = facts.map(|runner| RunnerFacts {
                name: &runner.name,
                lost: lost.contains(&runner.id),
                last_report: runner.last_report,
            });
            if let Due::Find(finding) = due::due(&rows::sandbox(&it), facts, now) {
                let leased = it
                    .runner
                    .as_ref()
                    .and_then(|id| runners.iter().find(|runner| runner.id == *id));
                // Nobody is told that a sandbox is gone while its runner may still answer for it.
                let held = leased.is_some_and(|runner| runner.lease_until > now);
                if held && finding.release && it.state != "creating" && it.state != "error" {
                    return Err(broken(at, &it.id, "it is given up while its runner holds a lease"));
                }
                findings.push(rows::finding(finding));
            }
        }
        never(at, "", ready(verbs::find_out(&mut self.sql, &findings, now)))?;
        Ok(())
    }

    pub(crate) fn runner(&mut self, at: Millis, id: &str) -> Checked<Runner> {
        never(at, id, ready(verbs::get_runner(&mut self.sql, id)))
    }

    pub(crate) fn set_schedulable(&mut self, at: Millis, id: &str, schedulable: bool) -> Checked<()> {
        let set = ready(verbs::set_runner_flags(
            &mut self.sql,
            id,
            Some(!schedulable),
            None,
            None,
            now_of(at),
        ));
        never(at, id, set).map(drop)
    }

    // ---- checks

    /// The store's own invariants: sums of usage and of what is sold, nothing sold beyond allocatable.
    pub(crate) fn check_store(&mut self, at: Millis) -> Checked<()> {
        match never(at, "", ready(verbs::broken_invariants(&mut self.sql)))?.first() {
            None => Ok(()),
            Some(first) => Err(broken(at, "", first.clone())),
        }
    }

    /// After an intent that takes more of everything: the organization is within its totals.
    fn check_quota(&mut self, at: Millis, subject: &str) -> Checked<()> {
        let usage = never(at, subject, ready(verbs::list_usage(&mut self.sql, ORGANIZATION)))?;
        let over = usage.iter().find(|it| {
            it.cpu > u64::from(TOTALS.cpu)
                || it.memory_gib > u64::from(TOTALS.memory_gib)
                || it.disk_gib > u64::from(TOTALS.disk_gib)
        });
        match over {
            Some(it) => Err(broken(at, subject, format!("usage is beyond the totals: {it:?}"))),
            None => Ok(()),
        }
    }
}

fn bootstrap() -> sandbar_store::Bootstrap {
    sandbar_store::Bootstrap {
        organization: sandbar_store::Organization {
            id: ORGANIZATION.into(),
            name: "Simulated".into(),
            personal: false,
            created_by: "user".into(),
            default_region: None,
            max_cpu: 8,
            max_memory_gib: 8,
            max_disk_gib: 20,
            total_cpu: TOTALS.cpu,
            total_memory_gib: TOTALS.memory_gib,
            total_disk_gib: TOTALS.disk_gib,
            suspended: None,
            created: EPOCH,
            updated: EPOCH,
        },
        user: "user".into(),
        key_name: "first".into(),
        key_hash: "00".repeat(32),
        permissions: Vec::new(),
        regions: Vec::new(),
        now: EPOCH,
    }
}
