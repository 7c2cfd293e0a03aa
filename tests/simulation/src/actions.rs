//! What a machine does at its agent's word.

use sandbar_store::Health;
use through_wasm_runner::{Action, Event};

use crate::machine::{Files, Saying};
use crate::world::{Checked, Happening, World};

impl World {
    /// Feeds one event to the agent and lets its actions run.
    pub(crate) fn event(&mut self, machine: usize, event: Event) -> Checked {
        let now = self.now;
        let it = &mut self.machines[machine];
        let clock = it.clock(now);
        let Some(process) = it.process.as_mut() else {
            return Ok(());
        };
        for action in process.agent.handle(clock, event) {
            match action {
                Action::Report(observations, health) => self.say(machine, (observations, health))?,
                action => self.act(machine, action),
            }
        }
        self.deliver(machine);
        Ok(())
    }

    fn say(&mut self, machine: usize, saying: Saying) -> Checked {
        let it = &self.machines[machine];
        if let Some(health) = &saying.1 {
            let (most, sum) = (it.allocatable, health.allocated);
            if sum.cpu_milli > most.cpu_milli || sum.memory_mib > most.memory_mib || sum.disk_mib > most.disk_mib {
                let what = format!("its sandboxes take {sum:?}, it has {most:?}");
                return Err(self.broken(&it.runner, what));
            }
        }
        self.note(|| format!("machine {machine} says {saying:?}"));
        if let Some(process) = self.machines[machine].process.as_mut() {
            process.outbox.push_back(saying);
        }
        Ok(())
    }

    fn act(&mut self, machine: usize, action: Action) {
        let trouble = self.options.faults.crashes && !self.healing;
        let delay = if trouble && self.rng.chance(100) {
            self.rng.range(1_000, 30_000)
        } else {
            self.rng.range(1, 40)
        };
        let it = &self.machines[machine];
        let (life, cell) = (it.life, it.process.as_ref().map_or(0, |process| process.cell));
        self.after(
            delay,
            Happening::Done {
                machine,
                life,
                cell,
                action,
            },
        );
    }

    /// An action has run its course, unless its process or cell has died meanwhile.
    pub(crate) fn acted(&mut self, machine: usize, life: u64, cell: u64, action: Action) -> Checked {
        let it = &self.machines[machine];
        if it.life != life || it.process.as_ref().is_none_or(|process| process.cell != cell) {
            return Ok(());
        }
        if self.stopped(machine, || Happening::Done {
            machine,
            life,
            cell,
            action: action.clone(),
        }) {
            return Ok(());
        }
        let trouble = self.options.faults.crashes && !self.healing;
        if trouble && self.rng.chance(150) {
            let number = number(&action);
            return self.event(machine, Event::Done(number, Err("no space left".into())));
        }
        self.note(|| format!("machine {machine} has done {action:?}"));
        let disk = &mut self.machines[machine].disk;
        let number = match action {
            Action::Make(number, spec) => {
                let files = disk.entry(spec.sandbox.clone()).or_insert_with(|| Files {
                    spec: spec.clone(),
                    started: true,
                    written: 0,
                });
                files.spec = spec;
                files.started = true;
                number
            }
            Action::Stop(number, sandbox) => {
                if let Some(files) = disk.get_mut(&sandbox) {
                    files.started = false;
                }
                number
            }
            Action::Remove(number, sandbox) => {
                disk.remove(&sandbox);
                number
            }
            Action::Perform(number, _) => number,
            Action::Ended(..) | Action::Report(..) => return Ok(()),
        };
        self.event(machine, Event::Done(number, Ok(None)))
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

/// Health as the API stores it; the plane adds the lease.
pub(crate) fn health(it: through_wasm_runner::Health) -> Health {
    Health {
        cpu_milli: it.allocatable.cpu_milli,
        memory_mib: it.allocatable.memory_mib,
        disk_mib: it.allocatable.disk_mib,
        cpu_used: it.used.cpu_used,
        memory_used: it.used.memory_used,
        disk_used: it.used.disk_used,
        load: it.used.load,
        started_sandboxes: it.started_sandboxes,
        healthy: it.healthy,
        version: "simulated".into(),
        allocated_cpu_milli: it.allocated.cpu_milli,
        allocated_memory_mib: it.allocated.memory_mib,
        allocated_disk_mib: it.allocated.disk_mib,
        services: "[]".into(),
        snapshots: it.snapshots,
        lease_until: 0,
    }
}
