//! Between runners and the plane: requests, answers, and what the network makes of them; and the runner's host, as
//! `host/runner` is: it attaches, tells what it finds, polls, delivers reports in order, and passes leases on.

use through_wasm_runner::{Agent, Event, Job, JobKind, Spec};

use crate::Millis;
use crate::machine::{Process, Sending};
use crate::options::Sabotage;
use crate::plane::{Answer, Request};
use crate::rows;
use crate::world::{Checked, Happening, TryAgain, World};

/// How long a host waits for an answer.
const PATIENCE: Millis = 5_000;
/// How long the plane holds a poll open, and the host waits for it.
const POLL: Millis = 10_000;
const POLL_PATIENCE: Millis = 15_000;
/// Tries to deliver a report. Later ones tell the same again.
const TRIES: usize = 3;
/// Reports that wait. More are dropped, oldest first, as when a plane is away for long.
const OUTBOX: usize = 256;

impl World {
    /// A process starts: it finds its journal, and attaches.
    pub(crate) fn start(&mut self, machine: usize, life: u64) -> Checked {
        let it = &mut self.machines[machine];
        if it.life != life || it.process.is_some() {
            return Ok(());
        }
        it.life += 1;
        let life = it.life;
        it.process = Some(Process {
            agent: Agent::new(it.configuration()),
            number: None,
            cell: 0,
            outbox: Default::default(),
            sending: None,
            polling: None,
        });
        let found = it
            .disk
            .values()
            .map(|files| (files.spec.clone(), files.started))
            .collect();
        self.note(|| format!("machine {machine} starts process {life}"));
        self.event(machine, Event::Found(found))?;
        self.ask(machine, TryAgain::Attach);
        self.after(1_000, Happening::Tick { machine, life });
        Ok(())
    }

    /// The process is gone, with all that it had in memory.
    pub(crate) fn stop_process(&mut self, machine: usize) {
        let it = &mut self.machines[machine];
        it.process = None;
        it.life += 1;
    }

    pub(crate) fn tick(&mut self, machine: usize, life: u64) -> Checked {
        if self.machines[machine].life != life {
            return Ok(());
        }
        if self.stopped(machine, || Happening::Tick { machine, life }) {
            return Ok(());
        }
        self.after(1_000, Happening::Tick { machine, life });
        self.event(machine, Event::Tick)
    }

    // ---- the host's requests

    /// Sends what this is about, and waits for an answer.
    pub(crate) fn ask(&mut self, machine: usize, what: TryAgain) {
        let id = self.number();
        let clock = self.machines[machine].clock(self.now);
        let it = &mut self.machines[machine];
        let (life, instance) = (it.life, it.instance.clone());
        let Some(process) = it.process.as_mut() else { return };
        let number = process.number.unwrap_or(0);
        let request = match what {
            TryAgain::Attach => Request::Attach { instance },
            TryAgain::Mine => Request::Mine { process: number },
            TryAgain::Poll => {
                process.polling = Some(id);
                Request::Poll { process: number }
            }
            TryAgain::Report => {
                let Some(sending) = process.sending.as_mut() else {
                    return;
                };
                sending.tries.push((id, clock));
                let (observations, health) = sending.saying.clone();
                Request::Report {
                    process: number,
                    observations: observations.into_iter().map(observation).collect(),
                    health: health.map(crate::actions::health),
                }
            }
        };
        let patience = if what == TryAgain::Poll {
            POLL_PATIENCE
        } else {
            PATIENCE
        };
        self.after(
            patience,
            Happening::Silence {
                machine,
                life,
                id,
                try_again: what,
            },
        );
        self.send(machine, life, id, request);
    }

    fn send(&mut self, machine: usize, life: u64, id: u64, request: Request) {
        let request = if self.machines[machine].lies {
            self.twist(machine, request)
        } else {
            request
        };
        let copies = self.copies(self.machines[machine].mute_until);
        for delay in copies {
            let request = request.clone();
            self.after(
                delay,
                Happening::Asked {
                    machine,
                    life,
                    id,
                    request,
                },
            );
        }
    }

    /// When copies of a message arrive: none if it is lost, several if it is doubled.
    fn copies(&mut self, cut_until: Millis) -> Vec<Millis> {
        if cut_until > self.now {
            return Vec::new();
        }
        let trouble = self.options.faults.messages && !self.healing;
        let number = match () {
            () if trouble && self.rng.chance(200) => 0,
            () if trouble && self.rng.chance(200) => 2,
            () => 1,
        };
        let late = |world: &mut Self| match () {
            () if trouble && world.rng.chance(50) => world.rng.range(1_000, 40_000),
            () if trouble && world.rng.chance(400) => world.rng.range(100, 3_000),
            () => world.rng.range(1, 30),
        };
        (0..number).map(|_| late(self)).collect()
    }

    /// Nobody has answered.
    pub(crate) fn silence(&mut self, machine: usize, life: u64, id: u64, what: TryAgain) -> Checked {
        if self.machines[machine].life != life {
            return Ok(());
        }
        if self.stopped(machine, || Happening::Silence {
            machine,
            life,
            id,
            try_again: what,
        }) {
            return Ok(());
        }
        let Some(process) = self.machines[machine].process.as_mut() else {
            return Ok(());
        };
        match what {
            TryAgain::Attach if process.number.is_none() => self.ask(machine, what),
            TryAgain::Poll if process.polling == Some(id) => self.ask(machine, what),
            TryAgain::Report => {
                let waits = process
                    .sending
                    .as_ref()
                    .and_then(|it| it.tries.last())
                    .is_some_and(|it| it.0 == id);
                if waits && process.sending.as_ref().is_some_and(|it| it.tries.len() >= TRIES) {
                    process.sending = None;
                    self.deliver(machine);
                } else if waits {
                    self.ask(machine, what);
                }
            }
            // What is expected here is asked for until it is answered; see `told`.
            TryAgain::Mine if process.number.is_some() && process.polling.is_none() => self.ask(machine, what),
            _ => {}
        }
        Ok(())
    }

    /// Delivers the next report, if none is on its way.
    pub(crate) fn deliver(&mut self, machine: usize) {
        let Some(process) = self.machines[machine].process.as_mut() else {
            return;
        };
        while process.outbox.len() > OUTBOX {
            process.outbox.pop_front();
        }
        if process.number.is_none() || process.sending.is_some() {
            return;
        }
        if let Some(saying) = process.outbox.pop_front() {
            process.sending = Some(Sending {
                saying,
                tries: Vec::new(),
            });
            self.ask(machine, TryAgain::Report);
        }
    }

    // ---- the plane's side

    pub(crate) fn asked(&mut self, machine: usize, life: u64, id: u64, request: Request) -> Checked {
        if !self.plane.up(self.now) {
            return Ok(());
        }
        let runner = self.machines[machine].runner.clone();
        if matches!(request, Request::Report { .. }) {
            self.played.reports += 1;
        }
        self.note(|| format!("plane hears {runner} (machine {machine}): {request:?}"));
        match self.plane.answer(self.now, &runner, request, &self.truth)? {
            Some(answer) => self.reply(machine, life, id, answer),
            None => self.open.push((machine, life, id, self.now + POLL)),
        }
        Ok(())
    }

    /// Runners with new jobs whose polls are open get them.
    pub(crate) fn wake(&mut self) {
        let woken = std::mem::take(&mut self.plane.woken);
        for runner in woken {
            let machines = self.by_runner.get(&runner).cloned().unwrap_or_default();
            let (ready, rest) = std::mem::take(&mut self.open)
                .into_iter()
                .partition(|it: &(usize, u64, u64, Millis)| machines.contains(&it.0));
            self.open = rest;
            for (machine, life, id, until) in ready {
                if until > self.now {
                    // Asked again at once, by the plane itself: the poll was only held.
                    let number = self.machines[machine].process.as_ref().and_then(|it| it.number);
                    let request = Request::Poll {
                        process: number.unwrap_or(0),
                    };
                    self.after(
                        0,
                        Happening::Asked {
                            machine,
                            life,
                            id,
                            request,
                        },
                    );
                }
            }
        }
    }

    fn reply(&mut self, machine: usize, life: u64, id: u64, answer: Answer) {
        for delay in self.copies(self.machines[machine].deaf_until) {
            let answer = answer.clone();
            self.after(
                delay,
                Happening::Told {
                    machine,
                    life,
                    id,
                    answer,
                },
            );
        }
    }

    // ---- the host hears

    pub(crate) fn told(&mut self, machine: usize, life: u64, id: u64, answer: Answer) -> Checked {
        if self.machines[machine].life != life {
            return Ok(());
        }
        if self.stopped(machine, || Happening::Told {
            machine,
            life,
            id,
            answer: answer.clone(),
        }) {
            return Ok(());
        }
        let Some(process) = self.machines[machine].process.as_mut() else {
            return Ok(());
        };
        match answer {
            Answer::Attached { process: number } => {
                if process.number.is_none_or(|earlier| number > earlier) {
                    let first = process.number.is_none();
                    process.number = Some(number);
                    if first {
                        self.ask(machine, TryAgain::Mine);
                    }
                    self.deliver(machine);
                }
                Ok(())
            }
            // The silence that follows asks again.
            Answer::Conflict => Ok(()),
            Answer::Replaced => {
                // An answer to a request of before this process was attached anew is no news.
                self.note(|| format!("machine {machine} was replaced"));
                self.stop_process(machine);
                let life = self.machines[machine].life;
                let delay = self.rng.range(2_000, 20_000);
                self.after(delay, Happening::Start { machine, life });
                Ok(())
            }
            Answer::Mine(rows) => {
                if process.polling.is_none() {
                    self.ask(machine, TryAgain::Poll);
                    // Those that were seen started or stopped have files; others come as jobs.
                    let seen = rows
                        .iter()
                        .filter(|row| ["started", "stopped"].contains(&row.state.as_str()));
                    let expected = seen.map(|row| (row.id.clone(), row.generation)).collect();
                    self.event(machine, Event::Expected(expected))?;
                }
                Ok(())
            }
            Answer::Jobs(jobs) => {
                if process.polling == Some(id) {
                    self.ask(machine, TryAgain::Poll);
                }
                for job in jobs {
                    if let Some(job) = translate(&job) {
                        self.note(|| format!("machine {machine} gets {job:?}"));
                        self.event(machine, Event::Job(job))?;
                    }
                }
                Ok(())
            }
            Answer::Reported { lease, disowned } => self.reported(machine, id, lease, disowned),
        }
    }

    fn reported(&mut self, machine: usize, id: u64, lease: Millis, disowned: Vec<(String, u64)>) -> Checked {
        let Some(process) = self.machines[machine].process.as_mut() else {
            return Ok(());
        };
        let sent = process
            .sending
            .as_ref()
            .and_then(|it| it.tries.iter().find(|it| it.0 == id).copied());
        // An answer to a report that was given up says nothing that the next one will not.
        let Some((_, sent)) = sent else { return Ok(()) };
        process.sending = None;
        self.deliver(machine);
        if lease > 0 {
            let until = match self.options.sabotage {
                Some(Sabotage::EndlessLeases) => Millis::MAX,
                _ => sent + lease,
            };
            self.event(machine, Event::Granted(until))?;
        }
        if !disowned.is_empty() {
            self.note(|| format!("machine {machine} is told to remove {disowned:?}"));
            self.event(machine, Event::Disowned(disowned))?;
        }
        Ok(())
    }
}

fn observation(it: through_wasm_runner::Observation) -> sandbar_store::Observation {
    use through_wasm_runner::State;
    let state = match it.state {
        State::Started => "started",
        State::Stopped => "stopped",
        State::Destroyed => "destroyed",
        State::Error => "error",
    };
    sandbar_store::Observation {
        sandbox: it.sandbox,
        generation: it.generation,
        state: state.into(),
        error_reason: it.reason,
        recoverable: it.recoverable,
        job: it.job,
    }
}

/// A job as the host hands it to the agent.
fn translate(job: &sandbar_store::Job) -> Option<Job> {
    let kind = match job.kind {
        sandbar_store::JobKind::CreateSandbox => JobKind::Create,
        sandbar_store::JobKind::StartSandbox => JobKind::Start,
        sandbar_store::JobKind::StopSandbox => JobKind::Stop,
        sandbar_store::JobKind::DestroySandbox => JobKind::Destroy,
        sandbar_store::JobKind::UpdateSandbox => JobKind::Update,
        // No client of the simulation asks for these.
        sandbar_store::JobKind::SnapshotSandbox
        | sandbar_store::JobKind::CreateBackup
        | sandbar_store::JobKind::BuildSnapshot
        | sandbar_store::JobKind::RemoveSnapshot
        | sandbar_store::JobKind::RemoveVolume => return None,
    };
    let payload: serde_json::Value = serde_json::from_str(&job.payload).ok()?;
    let number = |name: &str| {
        payload
            .get(name)
            .and_then(serde_json::Value::as_u64)
            .and_then(|it| u32::try_from(it).ok())
    };
    let need = rows::need(number("cpuQuota")?, number("memoryQuota")?, number("storageQuota")?);
    let spec = Spec {
        sandbox: job.sandbox.clone(),
        generation: job.generation,
        need: through_wasm_runner::Amounts {
            cpu_milli: need.cpu_milli,
            memory_mib: need.memory_mib,
            disk_mib: need.disk_mib,
        },
        details: "{}".into(),
    };
    let with_spec = !matches!(kind, JobKind::Stop | JobKind::Destroy);
    Some(Job {
        id: job.id.clone(),
        kind,
        sandbox: job.sandbox.clone(),
        generation: job.generation,
        spec: with_spec.then_some(spec),
    })
}
