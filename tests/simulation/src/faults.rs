//! Everything that goes wrong, and its end.

use sandbar_store::{Health, Observation};
use through_wasm_runner::Event;

use crate::machine::Machine;
use crate::plane::Request;
use crate::world::{Checked, Happening, World};

/// A kind of fault, for the count.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Fault {
    Crash,
    DiskLoss,
    NewDirectory,
    CellDeath,
    Pause,
    Deaf,
    Mute,
    Partition,
    Cut,
    Restart,
    Twin,
    OutOfService,
}

impl Fault {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Crash => "crash",
            Self::DiskLoss => "loss of sandboxes",
            Self::NewDirectory => "loss of the data directory",
            Self::CellDeath => "death of a cell",
            Self::Pause => "stop and continue",
            Self::Deaf => "partition inwards",
            Self::Mute => "partition outwards",
            Self::Partition => "partition",
            Self::Cut => "cut of a share of the region",
            Self::Restart => "restart of the plane",
            Self::Twin => "twin",
            Self::OutOfService => "out of service",
        }
    }
}

impl World {
    pub(crate) fn fault(&mut self) -> Checked {
        if self.healing {
            return Ok(());
        }
        let every = 40_000 / (self.machines.len() as u64).clamp(4, 200);
        let next = self.rng.range(every / 2, every * 2);
        self.after(next, Happening::Fault);
        let faults = self.options.faults;
        let machine = self.rng.index(self.machines.len());
        match self.rng.range(0, 100) {
            0..20 if faults.crashes => self.crash(machine),
            20..30 if faults.crashes => self.cell_dies(machine),
            30..45 if faults.pauses => {
                self.count(Fault::Pause);
                self.machines[machine].stopped_until = self.now + self.span();
                self.note(|| format!("machine {machine} is stopped"));
                Ok(())
            }
            45..75 if faults.partitions => self.partition(machine),
            75..80 if faults.cuts => self.cut(),
            80..86 if faults.restarts => {
                self.count(Fault::Restart);
                let back = self.now + self.rng.range(500, 20_000);
                self.plane.down_until = back;
                self.open.clear();
                self.at(back, Happening::PlaneBack);
                self.note(|| "the plane restarts".to_owned());
                Ok(())
            }
            86..92 if faults.twins => self.twin(machine),
            92..100 if faults.operators => {
                self.count(Fault::OutOfService);
                let runner = self.machines[machine].runner.clone();
                if self.plane.up(self.now) {
                    self.plane.set_schedulable(self.now, &runner, false)?;
                }
                let back = self.span();
                self.after(back, Happening::Schedulable(runner));
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Mostly short, now and then longer than any limit.
    fn span(&mut self) -> u64 {
        if self.rng.chance(2_500) {
            self.rng.range(30_000, 120_000)
        } else {
            self.rng.range(500, 25_000)
        }
    }

    fn crash(&mut self, machine: usize) -> Checked {
        self.stop_process(machine);
        let kind = match self.rng.range(0, 10) {
            0 => Fault::NewDirectory,
            1 | 2 => Fault::DiskLoss,
            _ => Fault::Crash,
        };
        self.count(kind);
        self.note(|| format!("machine {machine} crashes: {}", kind.name()));
        let number = self.number();
        let it = &mut self.machines[machine];
        if !matches!(kind, Fault::Crash) {
            for sandbox in it.disk.keys() {
                self.truth.lives.entry(sandbox.clone()).or_default().lost = true;
            }
            it.disk.clear();
        }
        if matches!(kind, Fault::NewDirectory) {
            it.instance = format!("{}-disk-{number}", it.runner);
        }
        it.stopped_until = 0;
        let life = it.life;
        let delay = self.span();
        self.after(delay, Happening::Start { machine, life });
        Ok(())
    }

    fn cell_dies(&mut self, machine: usize) -> Checked {
        if self.machines[machine].stopped_until > self.now {
            return Ok(());
        }
        if let Some(process) = self.machines[machine].process.as_mut() {
            process.cell += 1;
            self.count(Fault::CellDeath);
            self.note(|| format!("the cell of machine {machine} dies"));
            self.event(machine, Event::CellRestarted)?;
        }
        Ok(())
    }

    fn partition(&mut self, machine: usize) -> Checked {
        let until = self.now + self.span();
        let kind = match self.rng.range(0, 3) {
            0 => Fault::Deaf,
            1 => Fault::Mute,
            _ => Fault::Partition,
        };
        self.count(kind);
        self.note(|| format!("machine {machine}: {} until {until}", kind.name()));
        let it = &mut self.machines[machine];
        if !matches!(kind, Fault::Mute) {
            it.deaf_until = until;
        }
        if !matches!(kind, Fault::Deaf) {
            it.mute_until = until;
        }
        Ok(())
    }

    fn cut(&mut self) -> Checked {
        self.count(Fault::Cut);
        let until = self.now + self.span();
        let share = self.rng.range(2_000, 9_000);
        for machine in 0..self.machines.len() {
            if self.rng.chance(share) {
                self.machines[machine].deaf_until = until;
                self.machines[machine].mute_until = until;
            }
        }
        self.note(|| format!("a share of the region is cut off until {until}"));
        Ok(())
    }

    /// A second process with the same token, on a directory of its own.
    fn twin(&mut self, machine: usize) -> Checked {
        let it = &self.machines[machine];
        let runner = it.runner.clone();
        if it.twin || it.lies || self.by_runner.get(&runner).is_some_and(|all| all.len() > 1) {
            return Ok(());
        }
        let mut twin = Machine::new(runner.clone(), format!("{runner}-twin"), 4);
        twin.allocatable = it.allocatable;
        self.count(Fault::Twin);
        twin.twin = true;
        twin.ahead = self.rng.range(1_000, 1_000_000);
        self.add_machine(twin, 100);
        Ok(())
    }

    /// One of the runners lies, if lies are among the faults and it is not the only one.
    pub(crate) fn lie(&mut self) {
        if self.options.faults.liars && self.machines.len() > 2 {
            self.machines[0].lies = true;
            self.truth.liars.push(self.machines[0].runner.clone());
        }
    }

    /// What a liar says instead: absurd capacity, and news of sandboxes that are not its own.
    pub(crate) fn twist(&mut self, machine: usize, request: Request) -> Request {
        let Request::Report {
            process,
            mut observations,
            health,
        } = request
        else {
            return request;
        };
        let health = health.map(|health| Health {
            cpu_milli: 1_000_000_000,
            memory_mib: 1_000_000_000,
            disk_mib: 1_000_000_000,
            cpu_used: 0.0,
            memory_used: 0.0,
            ..health
        });
        for _ in 0..2 {
            let client = self.rng.index(self.clients.len());
            let Some(sandbox) = self.clients[client].sandboxes.first().cloned() else {
                continue;
            };
            let state = ["started", "stopped", "destroyed", "error"][self.rng.index(4)];
            observations.push(Observation {
                sandbox,
                generation: self.rng.range(1, 6),
                state: state.into(),
                error_reason: Some(format!("machine {machine} says so")),
                recoverable: self.rng.chance(5_000),
                job: None,
            });
        }
        Request::Report {
            process,
            observations,
            health,
        }
    }

    /// The trouble ends: everything is connected, runs, and is in service. Twins and liars are gone.
    pub(crate) fn heal(&mut self) -> Checked {
        self.healing = true;
        self.plane.down_until = self.now;
        self.note(|| "everything heals".to_owned());
        for machine in 0..self.machines.len() {
            let it = &mut self.machines[machine];
            it.deaf_until = 0;
            it.mute_until = 0;
            it.stopped_until = 0;
            // The last directory that the plane has accepted is the one that counts; of two, the other one ends.
            it.lies = false;
        }
        for (runner, machines) in self.by_runner.clone() {
            let row = self.plane.runner(self.now, &runner)?;
            self.plane.set_schedulable(self.now, &runner, true)?;
            let one = machines
                .iter()
                .copied()
                .find(|machine| self.machines[*machine].instance == row.instance);
            let one = one.unwrap_or(machines[0]);
            for machine in machines {
                if machine != one {
                    self.stop_process(machine);
                } else if self.machines[machine].process.is_none() {
                    let life = self.machines[machine].life;
                    self.after(500, Happening::Start { machine, life });
                }
            }
        }
        Ok(())
    }
}
