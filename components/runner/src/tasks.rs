//! Work on snapshots, backups and volumes: some at a time, each with its time, and its end told until it was heard.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use crate::agent::{Agent, cut, limits};
use crate::model::{Action, Millis, Outcome, Task, TaskKind};
use crate::outbox::Outbox;

/// Where a task is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Stage {
    Waiting,
    /// By the action of this number, since then.
    Working(u64, Millis),
    Ended(Outcome),
}

/// All tasks that are known, by id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Tasks {
    known: BTreeMap<String, (Task, Stage)>,
    /// Those that wait, oldest first.
    waiting: VecDeque<String>,
    /// Those that have ended, oldest first.
    ended: VecDeque<String>,
}

impl Tasks {
    fn working(&self) -> impl Iterator<Item = (u64, Millis, &Task)> {
        self.known.values().filter_map(|(task, stage)| match stage {
            Stage::Working(number, since) => Some((*number, *since, task)),
            Stage::Waiting | Stage::Ended(_) => None,
        })
    }
}

impl Agent {
    /// A task of the plane.
    pub(crate) fn task(&mut self, now: Millis, task: Task, out: &mut Outbox) {
        if let Some((known, stage)) = self.tasks.known.get(&task.id) {
            // Its end was not heard; what is under way is not begun again.
            if let Stage::Ended(outcome) = stage {
                out.act(Action::Ended(known.id.clone(), outcome.clone()));
            }
            return;
        }
        out.count("sandbar_runner_jobs_total", &[("kind", word(task.kind))]);
        let id = task.id.clone();
        if let Err(reason) = self.has_files_for(&task) {
            self.tasks.known.insert(id.clone(), (task, Stage::Waiting));
            return self.end_task(&id, Err(reason), out);
        }
        if self.tasks.waiting.len() >= limits::TASKS_WAITING {
            return;
        }
        self.tasks.known.insert(id.clone(), (task, Stage::Waiting));
        self.tasks.waiting.push_back(id);
        self.begin_tasks(now, out);
    }

    /// Whether the sandbox whose files are taken has any here.
    fn has_files_for(&self, task: &Task) -> Result<(), String> {
        let Some(sandbox) = &task.sandbox else { return Ok(()) };
        match self.entries.get(sandbox) {
            Some(entry) if entry.made && entry.purge.is_none() => Ok(()),
            _ => Err(format!("sandbox {sandbox} has no files on this runner")),
        }
    }

    fn begin_tasks(&mut self, now: Millis, out: &mut Outbox) {
        while self.tasks.working().count() < limits::TASKS_AT_ONCE
            && let Some(id) = self.tasks.waiting.pop_front()
        {
            let number = self.next_number;
            if let Some((task, stage)) = self.tasks.known.get_mut(&id) {
                *stage = Stage::Working(number, now);
                self.next_number += 1;
                out.act(Action::Perform(number, task.clone()));
            }
        }
    }

    /// Takes the outcome of an action, if that is a task's.
    pub(crate) fn task_done(&mut self, now: Millis, number: u64, outcome: &Outcome, out: &mut Outbox) -> bool {
        let task = self.tasks.working().find(|(working, ..)| *working == number);
        let Some(id) = task.map(|(.., task)| task.id.clone()) else {
            return false;
        };
        self.end_task(&id, outcome.clone().map_err(|reason| cut(&reason)), out);
        self.begin_tasks(now, out);
        true
    }

    fn end_task(&mut self, id: &str, outcome: Outcome, out: &mut Outbox) {
        let Some((task, stage)) = self.tasks.known.get_mut(id) else {
            return;
        };
        if outcome.is_err() {
            out.count("sandbar_runner_failures_total", &[("step", word(task.kind))]);
        }
        *stage = Stage::Ended(outcome.clone());
        out.act(Action::Ended(id.to_owned(), outcome));
        self.tasks.ended.push_back(id.to_owned());
        while self.tasks.ended.len() > limits::TASKS_ENDED {
            if let Some(oldest) = self.tasks.ended.pop_front() {
                self.tasks.known.remove(&oldest);
            }
        }
    }

    /// Ends what has taken too long; a late outcome is then ignored.
    pub(crate) fn end_late_tasks(&mut self, now: Millis, out: &mut Outbox) {
        let late: Vec<String> = self
            .tasks
            .working()
            .filter(|(_, since, task)| now.saturating_sub(*since) >= deadline(task.kind))
            .map(|(.., task)| task.id.clone())
            .collect();
        for id in late {
            self.end_task(&id, Err("timeout: the runner did not finish in time".to_owned()), out);
        }
        self.begin_tasks(now, out);
    }
}

fn deadline(kind: TaskKind) -> Millis {
    match kind {
        TaskKind::Snapshot | TaskKind::Backup => limits::SNAPSHOT_DEADLINE,
        TaskKind::Build => limits::BUILD_DEADLINE,
        TaskKind::Discard | TaskKind::DiscardVolume => limits::ACTION_DEADLINE,
    }
}

fn word(kind: TaskKind) -> &'static str {
    match kind {
        TaskKind::Snapshot => "snapshot",
        TaskKind::Backup => "backup",
        TaskKind::Build => "build",
        TaskKind::Discard => "discard",
        TaskKind::DiscardVolume => "discard-volume",
    }
}
