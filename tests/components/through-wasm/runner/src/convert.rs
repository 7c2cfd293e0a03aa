//! Between the agent's types and the contract's.

use crate::wit;
use runner::{
    Action, Amounts, Configuration, Event, Health, Job, JobKind, Observation, Refusal, Sample, Spec, State, Task,
    TaskKind,
};

pub fn configuration(of: &Configuration) -> wit::Configuration {
    wit::Configuration {
        runner: of.runner.clone(),
        allocatable: amounts(of.allocatable),
        report_every: of.report_every,
        version: of.version.clone(),
        snapshots: of.snapshots.clone(),
    }
}

pub fn event(event: Event) -> wit::Event {
    match event {
        Event::Job(of) => wit::Event::Job(job(of)),
        Event::Task(of) => wit::Event::Task(task(of)),
        Event::Done(number, outcome) => wit::Event::Done((number, outcome)),
        Event::Found(found) => wit::Event::Found(found.into_iter().map(|(of, started)| (spec(of), started)).collect()),
        Event::Sample(of) => wit::Event::Sample(wit::Sample {
            cpu_used: of.cpu_used,
            memory_used: of.memory_used,
            disk_used: of.disk_used,
            load: of.load,
        }),
        Event::Tick => wit::Event::Tick,
        Event::CellRestarted => wit::Event::CellRestarted,
        Event::Wanted(sandbox) => wit::Event::Wanted(sandbox),
        Event::Expected(expected) => wit::Event::Expected(expected),
        Event::Granted(until) => wit::Event::Granted(until),
        Event::Disowned(disowned) => wit::Event::Disowned(disowned),
        Event::Service(name, condition) => wit::Event::Service((name, condition)),
    }
}

pub fn refusal(refusal: wit::Refusal) -> Refusal {
    match refusal {
        wit::Refusal::LeaseExpired => Refusal::LeaseExpired,
        wit::Refusal::OtherGeneration(text) => Refusal::OtherGeneration(text),
        wit::Refusal::Unknown(text) => Refusal::Unknown(text),
        wit::Refusal::NotReady(text) => Refusal::NotReady(text),
        wit::Refusal::Stopped(text) => Refusal::Stopped(text),
    }
}

pub fn action(action: wit::Action) -> Action {
    match action {
        wit::Action::Perform((number, of)) => Action::Perform(number, task_back(of)),
        wit::Action::Ended((id, outcome)) => Action::Ended(id, outcome),
        wit::Action::Make((number, of)) => Action::Make(number, spec_back(of)),
        wit::Action::Stop((number, sandbox)) => Action::Stop(number, sandbox),
        wit::Action::Remove((number, sandbox)) => Action::Remove(number, sandbox),
        wit::Action::Report((seen, health)) => {
            Action::Report(seen.into_iter().map(observation).collect(), health.map(health_back))
        }
    }
}

fn amounts(of: Amounts) -> wit::Amounts {
    wit::Amounts {
        cpu_milli: of.cpu_milli,
        memory_mib: of.memory_mib,
        disk_mib: of.disk_mib,
    }
}

fn amounts_back(of: wit::Amounts) -> Amounts {
    Amounts {
        cpu_milli: of.cpu_milli,
        memory_mib: of.memory_mib,
        disk_mib: of.disk_mib,
    }
}

fn spec(of: Spec) -> wit::Spec {
    wit::Spec {
        sandbox: of.sandbox,
        generation: of.generation,
        need: amounts(of.need),
        details: of.details,
    }
}

fn spec_back(of: wit::Spec) -> Spec {
    Spec {
        sandbox: of.sandbox,
        generation: of.generation,
        need: amounts_back(of.need),
        details: of.details,
    }
}

fn job(of: Job) -> wit::Job {
    wit::Job {
        id: of.id,
        kind: match of.kind {
            JobKind::Create => wit::JobKind::CreateSandbox,
            JobKind::Start => wit::JobKind::StartSandbox,
            JobKind::Stop => wit::JobKind::StopSandbox,
            JobKind::Destroy => wit::JobKind::DestroySandbox,
            JobKind::Update => wit::JobKind::UpdateSandbox,
        },
        sandbox: of.sandbox,
        generation: of.generation,
        spec: of.spec.map(spec),
    }
}

fn task(of: Task) -> wit::Task {
    wit::Task {
        id: of.id,
        kind: match of.kind {
            TaskKind::Snapshot => wit::TaskKind::Snapshot,
            TaskKind::Backup => wit::TaskKind::Backup,
            TaskKind::Build => wit::TaskKind::Build,
            TaskKind::Discard => wit::TaskKind::Discard,
            TaskKind::DiscardVolume => wit::TaskKind::DiscardVolume,
        },
        subject: of.subject,
        sandbox: of.sandbox,
        payload: of.payload,
    }
}

fn task_back(of: wit::Task) -> Task {
    Task {
        id: of.id,
        kind: match of.kind {
            wit::TaskKind::Snapshot => TaskKind::Snapshot,
            wit::TaskKind::Backup => TaskKind::Backup,
            wit::TaskKind::Build => TaskKind::Build,
            wit::TaskKind::Discard => TaskKind::Discard,
            wit::TaskKind::DiscardVolume => TaskKind::DiscardVolume,
        },
        subject: of.subject,
        sandbox: of.sandbox,
        payload: of.payload,
    }
}

fn observation(of: wit::Observation) -> Observation {
    Observation {
        sandbox: of.sandbox,
        generation: of.generation,
        state: match of.state {
            wit::State::Started => State::Started,
            wit::State::Stopped => State::Stopped,
            wit::State::Destroyed => State::Destroyed,
            wit::State::Error => State::Error,
        },
        reason: of.reason,
        recoverable: of.recoverable,
        job: of.job,
    }
}

fn health_back(of: wit::Health) -> Health {
    Health {
        allocatable: amounts_back(of.allocatable),
        allocated: amounts_back(of.allocated),
        used: Sample {
            cpu_used: of.used.cpu_used,
            memory_used: of.used.memory_used,
            disk_used: of.used.disk_used,
            load: of.used.load,
        },
        started_sandboxes: of.started_sandboxes,
        sandboxes: of.sandboxes,
        healthy: of.healthy,
        services: of.services,
        snapshots: of.snapshots,
    }
}
