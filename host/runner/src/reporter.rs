//! Tells the plane what is: observations at once, several in one request if they pile up; health at its interval.
//!
//! One report is on its way at a time, so that a later observation never overtakes an earlier one.

use crate::agent::{Health, Observation as Seen, State};
use crate::backoff::Backoff;
use crate::machine::Amounts;
use crate::plane::Plane;
use crate::wire::{HealthMetrics, Healthcheck, Observation, Report, ServiceHealth};
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
/// A name under which the health of this process is listed.
const SERVICE: &str = "runner";

/// Where reports are dropped off.
#[derive(Clone)]
pub(crate) struct Reporter {
    shared: Arc<Shared>,
    heard: watch::Receiver<bool>,
}

#[derive(Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    wake: Notify,
}

#[derive(Default)]
struct Waiting {
    observations: VecDeque<Observation>,
    /// Only the latest counts.
    health: Option<(Health, Amounts)>,
}

impl Reporter {
    /// Starts the task that reports to `plane`.
    pub(crate) fn start(plane: Plane) -> (Self, tokio::task::JoinHandle<()>) {
        let shared = Arc::new(Shared::default());
        let (publish, heard) = watch::channel(false);
        let task = tokio::spawn(run(Arc::clone(&shared), plane, publish));
        (Self { shared, heard }, task)
    }

    /// Hands over what to report; never waits. `allocated` is the sum over the sandboxes here.
    pub(crate) fn push(&self, seen: Vec<Seen>, health: Option<Health>, allocated: Amounts) {
        let mut waiting = self.shared.lock();
        waiting.observations.extend(seen.into_iter().map(wire));
        while waiting.observations.len() > MOST_WAITING {
            waiting.observations.pop_front();
        }
        if let Some(health) = health {
            waiting.health = Some((health, allocated));
        }
        drop(waiting);
        self.shared.wake.notify_one();
    }

    /// Waits until the plane has taken a health report.
    pub(crate) async fn heard(&self) {
        // An error means that the reporter has ended; then nobody waits any more.
        let _ = self.heard.clone().wait_for(|heard| *heard).await;
    }
}

impl Shared {
    fn lock(&self) -> std::sync::MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
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

async fn run(shared: Arc<Shared>, plane: Plane, heard: watch::Sender<bool>) {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    loop {
        let (observations, health) = {
            let mut waiting = shared.lock();
            let count = waiting.observations.len().min(MOST_IN_ONE);
            let observations: Vec<_> = waiting.observations.drain(..count).collect();
            (observations, waiting.health.take())
        };
        if observations.is_empty() && health.is_none() {
            shared.wake.notified().await;
            continue;
        }
        if !observations.is_empty() {
            let report = Report { observations };
            while let Err(error) = plane.post("/runners/report", &report).await {
                if !error.may_pass() {
                    tracing::error!(%error, "the plane refuses a report; it is dropped");
                    break;
                }
                let wait = backoff.next();
                tracing::warn!(%error, ?wait, "a report has not reached the plane");
                tokio::time::sleep(wait).await;
            }
            backoff.reset();
        }
        if let Some((health, allocated)) = health {
            // Not repeated: the next one is fresher.
            match plane
                .post("/runners/healthcheck", &healthcheck(&health, allocated))
                .await
            {
                Ok(()) => {
                    heard.send_replace(true);
                }
                Err(error) => tracing::warn!(%error, "the health report has not reached the plane"),
            }
        }
    }
}

fn healthcheck(health: &Health, allocated: Amounts) -> Healthcheck {
    let gib = |mib: u64| mib as f64 / 1024.0;
    Healthcheck {
        metrics: HealthMetrics {
            current_cpu_load_average: health.used.load,
            current_cpu_usage_percentage: health.used.cpu_used,
            current_memory_usage_percentage: health.used.memory_used,
            current_disk_usage_percentage: health.used.disk_used,
            current_allocated_cpu: allocated.cpu_milli as f64 / 1000.0,
            current_allocated_memory_gib: gib(allocated.memory_mib),
            current_allocated_disk_gib: gib(allocated.disk_mib),
            // Snapshots are layers of the userland; there is one.
            current_snapshot_count: 1,
            current_started_sandboxes: health.started_sandboxes,
            cpu: health.allocatable.cpu_milli as f64 / 1000.0,
            memory_gib: gib(health.allocatable.memory_mib),
            disk_gib: gib(health.allocatable.disk_mib),
        },
        service_health: vec![ServiceHealth {
            service_name: SERVICE,
            healthy: health.healthy,
            error_reason: (!health.healthy)
                .then_some("several sandboxes in a row could not be made; see the runner's log"),
        }],
        app_version: env!("CARGO_PKG_VERSION"),
    }
}
