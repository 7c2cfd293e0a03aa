//! Tells the plane what is: observations at once, several in one request if they pile up; health at its interval. The answer
//! says how long this runner holds its sandboxes, and which are no longer its own.
//!
//! One report is on its way at a time, so that a later observation never overtakes an earlier one.

use crate::agent::{Health, Observation as Seen, State};
use crate::backoff::Backoff;
use crate::clock::Clock;
use crate::plane::Plane;
use crate::wire::{Disowned, HealthMetrics, Healthcheck, Observation, Report, Reported, ServiceHealth};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::{Notify, watch};

/// Observations in one request: about 64 KiB of JSON.
const MOST_IN_ONE: usize = 256;
/// Observations that wait for the plane. Each sandbox has few; what falls out is told again with health reports.
const MOST_WAITING: usize = 65_536;
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// What comes of a report that the plane has taken.
pub(crate) struct Granted {
    /// Until then, by the runner's clock.
    pub(crate) until: u64,
    pub(crate) disowned: Vec<Disowned>,
}

/// Where reports are dropped off.
#[derive(Clone)]
pub(crate) struct Reporter {
    shared: Arc<Shared>,
}

struct Shared {
    waiting: Mutex<Waiting>,
    wake: Notify,
    heard: watch::Sender<bool>,
    /// Whether nothing waits and nothing is on its way.
    idle: watch::Sender<bool>,
}

#[derive(Default)]
struct Waiting {
    observations: VecDeque<Observation>,
    /// Only the latest counts.
    health: Option<Health>,
}

impl Reporter {
    pub(crate) fn new() -> Self {
        Self {
            shared: Arc::new(Shared {
                waiting: Mutex::default(),
                wake: Notify::new(),
                heard: watch::Sender::new(false),
                idle: watch::Sender::new(true),
            }),
        }
    }

    /// Hands over what to report; never waits.
    pub(crate) fn push(&self, seen: Vec<Seen>, health: Option<Health>) {
        self.add(seen.into_iter().map(wire), health);
    }

    /// Asks the plane whether sandboxes of which only files are here belong to this runner: it disowns them if not. An
    /// observation of generation 0 changes nothing there.
    pub(crate) fn ask_about(&self, sandboxes: Vec<String>) {
        let asked = sandboxes.into_iter().map(|sandbox_id| Observation {
            sandbox_id,
            generation: 0,
            state: "stopped",
            error_reason: None,
            recoverable: true,
            job_id: None,
        });
        self.add(asked, None);
    }

    fn add(&self, observations: impl Iterator<Item = Observation>, health: Option<Health>) {
        let mut waiting = self.shared.lock();
        waiting.observations.extend(observations);
        while waiting.observations.len() > MOST_WAITING {
            waiting.observations.pop_front();
        }
        waiting.health = health.or(waiting.health.take());
        self.shared.idle.send_replace(false);
        drop(waiting);
        self.shared.wake.notify_one();
    }

    /// Waits until the plane has taken a health report.
    pub(crate) async fn heard(&self) {
        // An error means that the reporter has ended; then nobody waits any more.
        let _ = self.shared.heard.subscribe().wait_for(|heard| *heard).await;
    }

    /// Waits until everything is told.
    pub(crate) async fn flushed(&self) {
        let _ = self.shared.idle.subscribe().wait_for(|idle| *idle).await;
    }

    /// Reports to `plane` until it is dropped; `granted` is called with each answer.
    pub(crate) async fn run(self, plane: Plane, clock: Clock, granted: impl Fn(Granted)) {
        let shared = self.shared;
        let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
        loop {
            let Some(report) = shared.take() else {
                shared.wake.notified().await;
                continue;
            };
            if let Some((answer, healthy)) = deliver(&plane, clock, &shared, report, &mut backoff).await {
                granted(answer);
                if healthy {
                    // Only now: whoever waits for this may send calls.
                    shared.heard.send_replace(true);
                }
            }
        }
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self) -> Option<Report> {
        let mut waiting = self.lock();
        let count = waiting.observations.len().min(MOST_IN_ONE);
        let observations: Vec<_> = waiting.observations.drain(..count).collect();
        let health = waiting.health.take().map(healthcheck);
        if observations.is_empty() && health.is_none() {
            self.idle.send_replace(true);
            return None;
        }
        Some(Report { observations, health })
    }
}

/// Sends a report until it is taken; whether it told of health. None if the plane will not have it.
async fn deliver(
    plane: &Plane,
    clock: Clock,
    shared: &Shared,
    mut report: Report,
    backoff: &mut Backoff,
) -> Option<(Granted, bool)> {
    loop {
        // The lease counts from here: the plane's clock starts later than ours.
        let sent = clock.millis();
        match plane.ask::<Reported>("/runners/report", &report).await {
            Ok(answer) => {
                backoff.reset();
                let granted = Granted {
                    until: sent.saturating_add(answer.lease_ms),
                    disowned: answer.disowned,
                };
                return Some((granted, report.health.is_some()));
            }
            Err(error) if error.may_pass() => {
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, "a report has not reached the plane");
                tokio::time::sleep(wait).await;
            }
            Err(error) => {
                tracing::error!(%error, "the plane refuses a report; it is dropped");
                return None;
            }
        }
        // Figures age: newer ones go instead.
        if let Some(health) = shared.lock().health.take() {
            report.health = Some(healthcheck(health));
        }
    }
}

fn wire(seen: Seen) -> Observation {
    Observation {
        sandbox_id: seen.sandbox,
        generation: seen.generation,
        state: match seen.state {
            State::Started => "started",
            State::Stopped => "stopped",
            State::Destroyed => "destroyed",
            State::Error => "error",
        },
        error_reason: seen.reason,
        recoverable: seen.recoverable,
        job_id: seen.job,
    }
}

fn healthcheck(health: Health) -> Healthcheck {
    let gib = |mib: u64| mib as f64 / 1024.0;
    let (allocatable, allocated) = (&health.allocatable, &health.allocated);
    Healthcheck {
        metrics: HealthMetrics {
            current_cpu_load_average: health.used.load,
            current_cpu_usage_percentage: health.used.cpu_used,
            current_memory_usage_percentage: health.used.memory_used,
            current_disk_usage_percentage: health.used.disk_used,
            current_allocated_cpu: allocated.cpu_milli as f64 / 1000.0,
            current_allocated_memory_gib: gib(allocated.memory_mib),
            current_allocated_disk_gib: gib(allocated.disk_mib),
            current_snapshot_count: u32::try_from(health.snapshots.len()).unwrap_or(u32::MAX),
            current_started_sandboxes: health.started_sandboxes,
            cpu: allocatable.cpu_milli as f64 / 1000.0,
            memory_gib: gib(allocatable.memory_mib),
            disk_gib: gib(allocatable.disk_mib),
        },
        services: health
            .services
            .into_iter()
            .map(|(service_name, state)| ServiceHealth {
                service_name,
                healthy: state.is_ok(),
                error_reason: state.err(),
            })
            .collect(),
        snapshots: health.snapshots,
        app_version: env!("CARGO_PKG_VERSION"),
    }
}
