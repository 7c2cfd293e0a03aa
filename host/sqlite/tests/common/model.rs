//! The facts of the store as maps, and what each verb should do to them.

use std::collections::{BTreeMap, BTreeSet};

/// CPUs that each of the two runners can hold.
pub const ROOM: u64 = 6;

/// CPUs that the organization may have started, where a step says so.
pub const TOTAL: u64 = 8;

#[derive(Debug, Clone, PartialEq)]
pub struct Fact {
    pub name: String,
    pub cpu: u64,
    pub generation: u64,
    pub desired: String,
    pub state: String,
    pub runner: Option<String>,
    pub ever_started: bool,
    /// Whether its CPUs count.
    pub counted: bool,
}

#[derive(Debug, Default)]
pub struct Model {
    /// Sandboxes by id; destroyed ones stay, so that their ids stay taken.
    pub facts: BTreeMap<String, Fact>,
    /// By sandbox: job id, its generation, and until when it is claimed.
    pub jobs: BTreeMap<String, (String, u64, u64)>,
    /// Names of the jobs that are updates.
    pub updates: BTreeSet<String>,
    /// Number of the newest process by runner.
    pub processes: BTreeMap<String, u64>,
}

/// What a report does.
#[derive(Debug, PartialEq)]
pub enum Told {
    Changed,
    Nothing,
    Disowned(u64),
}

pub fn counts(state: &str, desired: &str) -> bool {
    desired == "started" && state != "error" && state != "destroyed"
}

impl Model {
    pub fn live(&self) -> impl Iterator<Item = (&String, &Fact)> {
        self.facts.iter().filter(|(_, it)| it.state != "destroyed")
    }

    pub fn sold(&self, runner: &str) -> u64 {
        let here = self.live().filter(|(_, it)| it.runner.as_deref() == Some(runner));
        here.map(|(_, it)| it.cpu).sum()
    }

    pub fn used(&self) -> u64 {
        self.live().filter(|(_, it)| it.counted).map(|(_, it)| it.cpu).sum()
    }

    fn fits(&self, runner: &str, cpu: u64) -> bool {
        self.sold(runner) + cpu <= ROOM
    }

    /// Whether `more` pass the total.
    fn over(&self, limited: bool, more: u64) -> bool {
        limited && more > 0 && self.used() + more > TOTAL
    }

    /// The live sandbox, if its generation is this.
    fn expect(&mut self, id: &str, generation: u64) -> Result<Fact, &'static str> {
        match self.facts.get(id).filter(|it| it.state != "destroyed") {
            None => Err("not found"),
            Some(it) if it.generation != generation => Err("conflict"),
            Some(it) => Ok(it.clone()),
        }
    }

    fn order(&mut self, id: &str, generation: u64) {
        self.jobs
            .insert(id.into(), (format!("{id}-{generation}"), generation, 0));
    }

    pub fn create(&mut self, id: &str, name: &str, cpu: u64, runner: &str, limited: bool) -> &'static str {
        if self.facts.contains_key(id) || self.live().any(|(_, it)| it.name == name) {
            return "taken";
        }
        if self.over(limited, cpu) {
            return "over quota";
        }
        if !self.fits(runner, cpu) {
            return "conflict";
        }
        let fact = Fact {
            name: name.into(),
            cpu,
            generation: 1,
            desired: "started".into(),
            state: "creating".into(),
            runner: Some(runner.into()),
            ever_started: false,
            counted: true,
        };
        self.facts.insert(id.into(), fact);
        self.order(id, 1);
        "ok"
    }

    pub fn intend(&mut self, id: &str, expected: u64, desired: &str, limited: bool) -> &'static str {
        let mut it = match self.expect(id, expected) {
            Ok(it) => it,
            Err(word) => return word,
        };
        let counted = desired == "started";
        match (&it.runner, desired) {
            (None, "destroyed") => it.state = "destroyed".into(),
            (None, _) => return "conflict",
            (Some(_), _) if counted && !it.counted && self.over(limited, it.cpu) => return "over quota",
            (Some(_), _) => {}
        }
        it.counted = counted;
        it.generation += 1;
        it.desired = desired.into();
        if it.state == "destroyed" {
            self.jobs.remove(id);
        } else {
            self.order(id, it.generation);
        }
        self.facts.insert(id.into(), it);
        "ok"
    }

    pub fn replace(&mut self, id: &str, expected: u64, runner: &str, limited: bool) -> &'static str {
        let mut it = match self.expect(id, expected) {
            Ok(it) => it,
            Err(word) => return word,
        };
        if it.ever_started || it.desired == "destroyed" {
            return "conflict";
        }
        let counted = it.desired == "started";
        if counted && !it.counted && self.over(limited, it.cpu) {
            return "over quota";
        }
        if it.runner.as_deref() != Some(runner) && !self.fits(runner, it.cpu) {
            return "conflict";
        }
        it.counted = counted;
        it.state = "creating".into();
        it.runner = Some(runner.into());
        it.generation += 1;
        self.order(id, it.generation);
        self.facts.insert(id.into(), it);
        "ok"
    }

    pub fn resize(&mut self, id: &str, expected: u64, cpu: u64, limited: bool, job: bool) -> &'static str {
        let mut it = match self.expect(id, expected) {
            Ok(it) => it,
            Err(word) => return word,
        };
        if it.desired == "destroyed" || it.state == "creating" {
            return "conflict";
        }
        let more = cpu.saturating_sub(it.cpu);
        if it.counted && self.over(limited, more) {
            return "over quota";
        }
        if let Some(runner) = &it.runner
            && more > 0
            && !self.fits(runner, more)
        {
            return "conflict";
        }
        it.cpu = cpu;
        it.generation += 1;
        if job && it.runner.is_some() {
            self.order(id, it.generation);
            self.updates.insert(format!("{id}-{}", it.generation));
        } else {
            self.jobs.remove(id);
        }
        self.facts.insert(id.into(), it);
        "ok"
    }

    pub fn report(&mut self, runner: &str, id: &str, generation: u64, state: &str, job: Option<&str>) -> Told {
        let Some(it) = self.facts.get_mut(id) else {
            return Told::Disowned(generation);
        };
        if it.state == "destroyed" || it.runner.as_deref() != Some(runner) {
            return Told::Disowned(generation.max(it.generation));
        }
        let arrived = it.generation == generation && it.desired == state;
        if let Some((known, of, _)) = self.jobs.get(id)
            && *of <= generation
            && match job {
                Some(job) => job == known,
                None => arrived && *of == generation && !self.updates.contains(known),
            }
        {
            self.jobs.remove(id);
        }
        if it.generation != generation || it.state == state {
            return Told::Nothing;
        }
        it.state = state.into();
        it.ever_started |= state == "started" || state == "stopped";
        it.counted = counts(state, &it.desired);
        if state == "destroyed" {
            it.runner = None;
            self.jobs.remove(id);
        }
        Told::Changed
    }

    /// Whether it changes.
    pub fn find_out(&mut self, id: &str, generation: u64, state: &str, fence: bool, release: bool) -> bool {
        let Ok(before) = self.expect(id, generation) else {
            return false;
        };
        let mut it = before.clone();
        it.state = state.into();
        it.counted = counts(state, &it.desired);
        it.generation += u64::from(fence);
        if release || state == "destroyed" {
            it.runner = None;
        }
        if it == before {
            return false;
        }
        if fence || it.runner.is_none() {
            self.jobs.remove(id);
        }
        self.facts.insert(id.into(), it);
        true
    }

    /// A new process of a runner: what an earlier one was handed is open again.
    pub fn attach(&mut self, runner: &str) -> u64 {
        let facts = &self.facts;
        let here = |id: &String| facts.get(id).is_some_and(|it| it.runner.as_deref() == Some(runner));
        for (_, job) in self.jobs.iter_mut().filter(|(id, _)| here(id)) {
            job.2 = 0;
        }
        let process = self.processes.entry(runner.to_owned()).or_default();
        *process += 1;
        *process
    }

    pub fn claim(&mut self, runner: &str, now: u64, lease: u64) -> Vec<String> {
        let facts = &self.facts;
        let here = |id: &String| facts.get(id).is_some_and(|it| it.runner.as_deref() == Some(runner));
        let open = self.jobs.iter_mut().filter(|(id, job)| here(id) && job.2 <= now);
        open.map(|(_, job)| {
            job.2 = now + lease;
            job.0.clone()
        })
        .collect()
    }
}
