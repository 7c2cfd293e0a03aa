//! Between the contract's generated types and the agent's own.

use std::cell::RefCell;

use crate::Agent;
use crate::model::{self, Event};

// Generated code; its documentation is the WIT.
#[allow(missing_docs, clippy::all)]
mod bindings {
    wit_bindgen::generate!({
        path: ["../../wit/metrics", "../../wit/runner"],
        world: "sandbar:runner/component",
        generate_all,
    });
}

use bindings::exports::sandbar::runner::agent::{self as wit, Guest};
use bindings::sandbar::metrics::record_only;

thread_local! {
    static AGENT: RefCell<Option<Agent>> = const { RefCell::new(None) };
}

struct Component;

bindings::export!(Component with_types_in bindings);

const NOT_CONFIGURED: &str = "configure was not called";

impl Guest for Component {
    fn configure(configuration: wit::Configuration) {
        let configuration = model::Configuration {
            runner: configuration.runner,
            allocatable: amounts(configuration.allocatable),
            report_every: configuration.report_every,
            version: configuration.version,
            snapshots: configuration.snapshots,
        };
        AGENT.with_borrow_mut(|agent| *agent = Some(Agent::new(configuration)));
    }

    fn handle(now: wit::Millis, event: wit::Event) -> Vec<wit::Action> {
        let event = match event {
            wit::Event::Job(job) => Event::Job(self::job(job)),
            wit::Event::Done((number, result)) => Event::Done(number, result),
            wit::Event::Task(task) => Event::Task(self::task(task)),
            wit::Event::Found(found) => {
                Event::Found(found.into_iter().map(|(s, started)| (spec(s), started)).collect())
            }
            wit::Event::Sample(sample) => Event::Sample(model::Sample {
                cpu_used: sample.cpu_used,
                memory_used: sample.memory_used,
                disk_used: sample.disk_used,
                load: sample.load,
            }),
            wit::Event::Tick => Event::Tick,
            wit::Event::CellRestarted => Event::CellRestarted,
            wit::Event::Wanted(sandbox) => Event::Wanted(sandbox),
            wit::Event::Expected(expected) => Event::Expected(expected),
            wit::Event::Granted(until) => Event::Granted(until),
            wit::Event::Disowned(disowned) => Event::Disowned(disowned),
            wit::Event::Service((name, condition)) => Event::Service(name, condition),
        };
        AGENT.with_borrow_mut(|agent| {
            let Some(agent) = agent else { return Vec::new() };
            let reports_health = matches!(event, Event::Tick);
            let actions = agent.handle(now, event);
            for (name, labels, amount) in agent.take_counts() {
                let labels: Vec<_> = labels.into_iter().map(|(k, v)| (k.to_owned(), v.to_owned())).collect();
                record_only::counter_add(name, &labels, amount);
            }
            if reports_health {
                gauges(agent);
            }
            actions.into_iter().map(action).collect()
        })
    }

    fn admit_call(now: wit::Millis, sandbox: String, generation: u64) -> Result<(), wit::Refusal> {
        AGENT.with_borrow(|agent| match agent {
            Some(agent) => agent.admit_call(now, &sandbox, generation).map_err(refusal),
            None => Err(wit::Refusal::LeaseExpired),
        })
    }

    fn export_state() -> Vec<u8> {
        AGENT.with_borrow(|agent| agent.as_ref().map(Agent::export).unwrap_or_default())
    }

    fn import_state(state: Vec<u8>) -> Result<(), String> {
        AGENT.with_borrow_mut(|agent| match agent {
            Some(agent) => agent.import(&state).map_err(|error| error.to_string()),
            None => Err(NOT_CONFIGURED.to_owned()),
        })
    }
}

fn gauges(agent: &Agent) {
    record_only::gauge_set("sandbar_runner_started_sandboxes", &[], f64::from(agent.started()));
    let (reserved, allocated) = (agent.reserved(), agent.allocated());
    for (name, amounts) in [
        ("sandbar_runner_reserved", reserved),
        ("sandbar_runner_allocated", allocated),
    ] {
        let mebibyte = 1024.0 * 1024.0;
        let values = [
            ("cpu_cores", amounts.cpu_milli as f64 / 1000.0),
            ("memory_bytes", amounts.memory_mib as f64 * mebibyte),
            ("disk_bytes", amounts.disk_mib as f64 * mebibyte),
        ];
        for (unit, value) in values {
            record_only::gauge_set(&format!("{name}_{unit}"), &[], value);
        }
    }
}

fn refusal(refusal: model::Refusal) -> wit::Refusal {
    match refusal {
        model::Refusal::LeaseExpired => wit::Refusal::LeaseExpired,
        model::Refusal::OtherGeneration(text) => wit::Refusal::OtherGeneration(text),
        model::Refusal::Unknown(text) => wit::Refusal::Unknown(text),
        model::Refusal::NotReady(text) => wit::Refusal::NotReady(text),
        model::Refusal::Stopped(text) => wit::Refusal::Stopped(text),
    }
}

fn amounts(amounts: wit::Amounts) -> model::Amounts {
    model::Amounts {
        cpu_milli: amounts.cpu_milli,
        memory_mib: amounts.memory_mib,
        disk_mib: amounts.disk_mib,
    }
}

fn amounts_out(amounts: model::Amounts) -> wit::Amounts {
    wit::Amounts {
        cpu_milli: amounts.cpu_milli,
        memory_mib: amounts.memory_mib,
        disk_mib: amounts.disk_mib,
    }
}

fn spec(spec: wit::Spec) -> model::Spec {
    model::Spec {
        sandbox: spec.sandbox,
        generation: spec.generation,
        need: amounts(spec.need),
        details: spec.details,
    }
}

fn spec_out(spec: model::Spec) -> wit::Spec {
    wit::Spec {
        sandbox: spec.sandbox,
        generation: spec.generation,
        need: amounts_out(spec.need),
        details: spec.details,
    }
}

fn job(job: wit::Job) -> model::Job {
    model::Job {
        id: job.id,
        kind: match job.kind {
            wit::JobKind::CreateSandbox => model::JobKind::Create,
            wit::JobKind::StartSandbox => model::JobKind::Start,
            wit::JobKind::StopSandbox => model::JobKind::Stop,
            wit::JobKind::DestroySandbox => model::JobKind::Destroy,
            wit::JobKind::UpdateSandbox => model::JobKind::Update,
        },
        sandbox: job.sandbox,
        generation: job.generation,
        spec: job.spec.map(spec),
    }
}

fn task(task: wit::Task) -> model::Task {
    model::Task {
        id: task.id,
        kind: match task.kind {
            wit::TaskKind::Snapshot => model::TaskKind::Snapshot,
            wit::TaskKind::Backup => model::TaskKind::Backup,
            wit::TaskKind::Build => model::TaskKind::Build,
            wit::TaskKind::Discard => model::TaskKind::Discard,
            wit::TaskKind::DiscardVolume => model::TaskKind::DiscardVolume,
        },
        subject: task.subject,
        sandbox: task.sandbox,
        payload: task.payload,
    }
}

fn task_out(task: model::Task) -> wit::Task {
    wit::Task {
        id: task.id,
        kind: match task.kind {
            model::TaskKind::Snapshot => wit::TaskKind::Snapshot,
            model::TaskKind::Backup => wit::TaskKind::Backup,
            model::TaskKind::Build => wit::TaskKind::Build,
            model::TaskKind::Discard => wit::TaskKind::Discard,
            model::TaskKind::DiscardVolume => wit::TaskKind::DiscardVolume,
        },
        subject: task.subject,
        sandbox: task.sandbox,
        payload: task.payload,
    }
}

fn action(action: model::Action) -> wit::Action {
    match action {
        model::Action::Perform(number, task) => wit::Action::Perform((number, task_out(task))),
        model::Action::Ended(id, outcome) => wit::Action::Ended((id, outcome)),
        model::Action::Make(number, spec) => wit::Action::Make((number, spec_out(spec))),
        model::Action::Stop(number, sandbox) => wit::Action::Stop((number, sandbox)),
        model::Action::Remove(number, sandbox) => wit::Action::Remove((number, sandbox)),
        model::Action::Report(observations, health) => wit::Action::Report((
            observations.into_iter().map(observation).collect(),
            health.map(|health| wit::Health {
                allocatable: amounts_out(health.allocatable),
                allocated: amounts_out(health.allocated),
                used: wit::Sample {
                    cpu_used: health.used.cpu_used,
                    memory_used: health.used.memory_used,
                    disk_used: health.used.disk_used,
                    load: health.used.load,
                },
                started_sandboxes: health.started_sandboxes,
                sandboxes: health.sandboxes,
                healthy: health.healthy,
                services: health.services,
                snapshots: health.snapshots,
            }),
        )),
    }
}

fn observation(observation: model::Observation) -> wit::Observation {
    wit::Observation {
        sandbox: observation.sandbox,
        generation: observation.generation,
        state: match observation.state {
            model::State::Started => wit::State::Started,
            model::State::Stopped => wit::State::Stopped,
            model::State::Destroyed => wit::State::Destroyed,
            model::State::Error => wit::State::Error,
        },
        reason: observation.reason,
        recoverable: observation.recoverable,
        job: observation.job,
    }
}
