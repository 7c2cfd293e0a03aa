//! Users call their sandboxes, through a front that asks the plane, and a runner that asks its agent twice.

use through_wasm_runner::{Event, Refusal};

use crate::options::Sabotage;
use crate::rows::EPOCH;
use crate::truth::Copy;
use crate::world::{Called, Checked, Happening, World};

/// How often the runner's host asks again for a sandbox that is not ready, and how long it waits in between.
const TRIES: u32 = 15;
const BETWEEN: u64 = 200;

impl World {
    /// A user calls one of its sandboxes.
    pub(crate) fn call(&mut self) -> Checked {
        let next = self.rng.range(50, 400);
        self.after(next, Happening::Call);
        if !self.plane.up(self.now) {
            return Ok(());
        }
        let client = self.rng.index(self.clients.len());
        let own = &self.clients[client].sandboxes;
        if own.is_empty() {
            return Ok(());
        }
        let index = self.rng.index(own.len());
        let sandbox = self.clients[client].sandboxes[index].clone();
        let Some((runner, generation)) = self.plane.access(self.now, &sandbox)? else {
            return Ok(());
        };
        // Whoever says to be that runner may have the connection.
        let machines = self.by_runner.get(&runner).cloned().unwrap_or_default();
        let linked: Vec<usize> = machines
            .into_iter()
            .filter(|index| {
                self.machines[*index]
                    .process
                    .as_ref()
                    .is_some_and(|it| it.number.is_some())
            })
            .collect();
        if linked.is_empty() {
            return Ok(());
        }
        let machine = linked[self.rng.index(linked.len())];
        if self.machines[machine].deaf_until > self.now {
            return Ok(());
        }
        let called = Called {
            machine,
            life: self.machines[machine].life,
            sandbox,
            generation,
            tries: 0,
        };
        let delay = self.rng.range(1, 200);
        self.after(delay, Happening::Called(called));
        Ok(())
    }

    /// The call arrives at the runner's host.
    pub(crate) fn called(&mut self, mut called: Called) -> Checked {
        let machine = called.machine;
        if self.machines[machine].life != called.life || self.stopped(machine, || Happening::Called(called.clone())) {
            return Ok(());
        }
        match self.admit(&called) {
            Ok(()) => {
                let long = self.rng.chance(500);
                let delay = if long {
                    self.rng.range(5_000, 60_000)
                } else {
                    self.rng.range(2, 800)
                };
                self.after(delay, Happening::Worked(called));
            }
            Err(Refusal::NotReady(_)) if called.tries < TRIES => {
                called.tries += 1;
                self.event(machine, Event::Wanted(called.sandbox.clone()))?;
                self.after(BETWEEN, Happening::Called(called));
            }
            Err(_) => self.played.refused += 1,
        }
        Ok(())
    }

    /// The work is done; the answer may leave if the agent still admits the call.
    pub(crate) fn worked(&mut self, called: Called) -> Checked {
        let machine = called.machine;
        if self.machines[machine].life != called.life || self.stopped(machine, || Happening::Worked(called.clone())) {
            return Ok(());
        }
        let asks = self.options.sabotage != Some(Sabotage::AnswerUnasked);
        if asks && self.admit(&called).is_err() {
            self.played.refused += 1;
            return Ok(());
        }
        let it = &mut self.machines[machine];
        let instance = it.instance.clone();
        let Some(files) = it.disk.get_mut(&called.sandbox) else {
            return Err(self.broken(&called.sandbox, "a call was acknowledged without files"));
        };
        let written = files.written;
        files.written += 1;
        let Called {
            sandbox, generation, ..
        } = called;
        self.note(|| format!("machine {machine} acknowledges a call of {sandbox}, generation {generation}"));
        // What the plane believes: past the lease that it has written down, the sandbox may be anywhere.
        let runner = self.machines[machine].runner.clone();
        let row = self.plane.runner(self.now, &runner)?;
        if row.lease_until <= EPOCH + self.now {
            let past = EPOCH + self.now - row.lease_until;
            return Err(self.broken(
                &sandbox,
                format!("{runner} acknowledged a call {past} ms past its lease"),
            ));
        }
        self.played.acknowledged += 1;
        let copy = Copy { machine, instance };
        let acknowledged = self.truth.acknowledge(&sandbox, generation, copy, written);
        acknowledged.map_err(|what| self.broken(&sandbox, what))
    }

    /// At most one copy of each sandbox would answer a call now.
    pub(crate) fn check_copies(&mut self) -> Checked {
        let mut alive: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for (index, machine) in self.machines.iter().enumerate() {
            let Some(process) = machine.process.as_ref().filter(|_| machine.stopped_until <= self.now) else {
                continue;
            };
            let clock = machine.clock(self.now);
            for (sandbox, files) in &machine.disk {
                // The agent knows of newer intents than its files tell; one of the two is the present generation.
                let admitted = (files.spec.generation..files.spec.generation + 2)
                    .any(|generation| process.agent.admit_call(clock, sandbox, generation).is_ok());
                if admitted && let Some(other) = alive.insert(sandbox.clone(), index) {
                    let what = format!("machines {other} and {index} would both answer its calls");
                    return Err(self.broken(sandbox, what));
                }
            }
        }
        Ok(())
    }

    fn admit(&self, called: &Called) -> Result<(), Refusal> {
        let it = &self.machines[called.machine];
        let clock = it.clock(self.now);
        match &it.process {
            Some(process) => process.agent.admit_call(clock, &called.sandbox, called.generation),
            None => Err(Refusal::LeaseExpired),
        }
    }
}
