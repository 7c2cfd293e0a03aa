//! Clients: each has a few sandboxes of its own, and does one thing after the other.

use api::rules::lifecycle::Command;
use sandbar_store::Sandbox;

use crate::Millis;
use crate::plane::Refused;
use crate::rows::EPOCH;
use crate::world::{Checked, Happening, World};

/// Sandboxes of one client.
const MOST: usize = 6;
/// How long a create waits for its outcome before the API answers that it takes longer.
const PATIENCE: Millis = 30_000;

/// What a client waits for.
#[derive(Clone, Debug)]
struct Pending {
    sandbox: String,
    /// A create is tried once more on another runner.
    retry: bool,
    since: Millis,
}

#[derive(Debug, Default)]
pub(crate) struct Client {
    pub sandboxes: Vec<String>,
    pending: Option<Pending>,
}

impl Client {
    pub(crate) fn waits_for(&self) -> Option<&str> {
        self.pending.as_ref().map(|it| it.sandbox.as_str())
    }
}

impl World {
    pub(crate) fn client(&mut self, index: usize) -> Checked {
        let pause = self.rng.range(100, 2_500);
        self.after(pause, Happening::Client(index));
        if !self.plane.up(self.now) {
            return Ok(());
        }
        match self.clients[index].pending.clone() {
            Some(pending) => self.wait(index, pending),
            None if self.healing => self.tidy(index),
            None => self.next(index),
        }
    }

    fn wait(&mut self, index: usize, pending: Pending) -> Checked {
        let Some(it) = self.own(index, &pending.sandbox)? else {
            self.clients[index].pending = None;
            return Ok(());
        };
        if it.state != it.desired && it.state != "error" {
            return Ok(());
        }
        if it.state == "error" && it.desired == "destroyed" {
            return Ok(());
        }
        let creating = pending.retry && it.state == "error" && it.generation == 1;
        if creating && self.now - pending.since < PATIENCE {
            let seed = self.rng.next();
            match self.plane.elsewhere(self.now, &it, seed)? {
                Some(again) => {
                    self.note(|| format!("plane tries {} again on {:?}", again.id, again.runner));
                    self.clients[index].pending = Some(Pending {
                        retry: false,
                        ..pending
                    });
                    self.moved(&again);
                    return Ok(());
                }
                None => self.plane.give_up(self.now, &it)?,
            }
        }
        self.clients[index].pending = None;
        Ok(())
    }

    /// One of the client's own. It is gone only if the client has asked for that, or a runner has lied about it.
    fn own(&mut self, index: usize, sandbox: &str) -> Checked<Option<Sandbox>> {
        let it = self.plane.find(self.now, sandbox)?;
        if it.is_none() {
            let life = self.truth.lives.get(sandbox).cloned().unwrap_or_default();
            if !life.deleted && !life.lied {
                return Err(self.broken(sandbox, "a sandbox is gone that nobody has deleted"));
            }
            self.clients[index].sandboxes.retain(|own| own != sandbox);
        }
        Ok(it)
    }

    fn moved(&mut self, it: &Sandbox) {
        let lies = it
            .runner
            .as_ref()
            .is_some_and(|runner| self.truth.liars.contains(runner));
        self.truth.lives.entry(it.id.clone()).or_default().lied |= lies;
    }

    fn next(&mut self, index: usize) -> Checked {
        let own = self.clients[index].sandboxes.len();
        let dice = self.rng.range(0, 100);
        if own == 0 || (own < MOST && dice < 25) {
            return self.create(index);
        }
        let sandbox = {
            let position = self.rng.index(own);
            self.clients[index].sandboxes[position].clone()
        };
        if dice < 35 {
            let size = self.size();
            let done = self.plane.resize(self.now, &sandbox, size)?;
            self.note(|| format!("client {index} resizes {sandbox} to {size:?}: {done:?}"));
            if done.is_ok() {
                self.pend(index, sandbox, false);
            }
            return Ok(());
        }
        let command = match dice {
            35..60 => Command::Stop,
            60..85 => Command::Start,
            _ => Command::Destroy,
        };
        self.command(index, sandbox, command)
    }

    /// When all has healed: what is in error goes.
    fn tidy(&mut self, index: usize) -> Checked {
        for sandbox in self.clients[index].sandboxes.clone() {
            if self.own(index, &sandbox)?.is_some_and(|it| it.state == "error") {
                return self.command(index, sandbox, Command::Destroy);
            }
        }
        Ok(())
    }

    fn command(&mut self, index: usize, sandbox: String, command: Command) -> Checked {
        if command == Command::Destroy {
            self.truth.lives.entry(sandbox.clone()).or_default().deleted = true;
        }
        let done = self.plane.command(self.now, &sandbox, command)?;
        self.note(|| format!("client {index}: {command:?} {sandbox}: {done:?}"));
        match done {
            Ok(Some(_)) => self.pend(index, sandbox, false),
            Ok(None) | Err(Refused::No(_) | Refused::Later(_)) => {}
            Err(Refused::Gone) => {
                self.own(index, &sandbox)?;
            }
        }
        Ok(())
    }

    fn create(&mut self, index: usize) -> Checked {
        let number = self.number();
        let id = format!("s{number:06}");
        let (size, seed) = (self.size(), self.rng.next());
        let made = self.plane.create(self.now, &id, size, seed)?;
        self.note(|| format!("client {index} creates {id} of {size:?}: {made:?}"));
        if let Ok(made) = made {
            self.played.created += 1;
            self.truth.lives.insert(id.clone(), Default::default());
            self.moved(&made);
            self.clients[index].sandboxes.push(id.clone());
            self.pend(index, id, true);
        }
        Ok(())
    }

    fn size(&mut self) -> (u32, u32, u32) {
        let cpu = if self.rng.chance(2_500) { 2 } else { 1 };
        (cpu, cpu, 1 + u32::from(self.rng.chance(3_000)))
    }

    fn pend(&mut self, index: usize, sandbox: String, retry: bool) {
        self.clients[index].pending = Some(Pending {
            sandbox,
            retry,
            since: self.now,
        });
    }

    /// After healing: every operation has ended, and everybody believes what is so.
    pub(crate) fn check_rest(&mut self) -> Checked {
        self.plane.check_store(self.now)?;
        if let Some(sandbox) = self.clients.iter().find_map(|it| it.waits_for().map(str::to_owned)) {
            let row = self.plane.find(self.now, &sandbox)?;
            return Err(self.broken(&sandbox, format!("an operation never ends: {row:?}")));
        }
        let mut placed = std::collections::BTreeSet::new();
        for index in 0..self.clients.len() {
            for sandbox in self.clients[index].sandboxes.clone() {
                if let Some(it) = self.own(index, &sandbox)? {
                    self.check_one(&it)?;
                    placed.insert((sandbox, it.runner));
                }
            }
        }
        for index in 0..self.machines.len() {
            let it = &self.machines[index];
            if it.process.as_ref().is_none_or(|process| process.number.is_none()) || it.lies {
                continue;
            }
            let runner = it.runner.clone();
            for sandbox in it.disk.keys() {
                if !placed.contains(&(sandbox.clone(), Some(runner.clone()))) {
                    let what =
                        format!("machine {index} ({runner}) still has it, though the plane knows nothing of it there");
                    return Err(self.broken(sandbox, what));
                }
            }
            let heard = self.plane.runner(self.now, &runner)?.last_report;
            if heard + 20_000 < EPOCH + self.now {
                return Err(self.broken(&runner, "it is well, and the plane does not hear it"));
            }
        }
        Ok(())
    }

    fn check_one(&self, it: &Sandbox) -> Checked {
        let life = self.truth.lives.get(&it.id).cloned().unwrap_or_default();
        if life.lied {
            return Ok(());
        }
        if it.state != it.desired {
            return Err(self.broken(
                &it.id,
                format!("it never comes to rest: {} where {} is wanted", it.state, it.desired),
            ));
        }
        let runner = it.runner.clone().unwrap_or_default();
        let machines = self.by_runner.get(&runner).cloned().unwrap_or_default();
        let holder = machines.into_iter().find(|machine| {
            let it = &self.machines[*machine];
            it.process.as_ref().is_some_and(|process| process.number.is_some())
        });
        let Some(holder) = holder else {
            return Err(self.broken(&it.id, format!("it is {} on {runner}, which nobody runs", it.state)));
        };
        let machine = &self.machines[holder];
        let Some(files) = machine.disk.get(&it.id) else {
            return Err(self.broken(&it.id, format!("it is {} without files on machine {holder}", it.state)));
        };
        if files.started != (it.state == "started") || files.written != life.acknowledged {
            let what = format!(
                "it is {}, {} writes; its files say {files:?}",
                it.state, life.acknowledged
            );
            return Err(self.broken(&it.id, what));
        }
        let admitted = machine
            .process
            .as_ref()
            .map(|process| process.agent.admit_call(machine.clock(self.now), &it.id, it.generation));
        match admitted {
            Some(Err(refusal)) if it.state == "started" => {
                Err(self.broken(&it.id, format!("it is started and answers no call: {refusal:?}")))
            }
            Some(Ok(())) if it.state != "started" => Err(self.broken(&it.id, "it is stopped and answers calls")),
            _ => Ok(()),
        }
    }
}
