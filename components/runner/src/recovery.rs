//! After restarts: of the host (its journal, and what the plane expects), and of the cell.

use crate::agent::{Agent, limits, tell};
use crate::entry::{Entry, Phase, Step, Target};
use crate::model::{Millis, Spec};
use crate::outbox::Outbox;

impl Agent {
    /// The host's journal: what is there holds its capacity, whatever the runner offers by now.
    pub(crate) fn found(&mut self, found: Vec<(Spec, bool)>, out: &mut Outbox) {
        for (spec, started) in found {
            if self.entries.contains_key(&spec.sandbox) {
                continue;
            }
            let sandbox = spec.sandbox.clone();
            self.ledger.record(&sandbox, spec.need);
            let (target, phase) = if started {
                (Target::Started, Phase::Started)
            } else {
                (Target::Stopped, Phase::Stopped)
            };
            let mut entry = Entry::new(spec.generation, target);
            entry.phase = phase;
            entry.settled = true;
            entry.made = true;
            entry.spec = Some(spec);
            tell(&sandbox, &mut entry, out);
            self.entries.insert(sandbox, entry);
        }
    }

    /// What the plane believes to be here. What is not has lost its files, and the plane must learn that.
    pub(crate) fn expected(&mut self, now: Millis, expected: Vec<(String, u64)>, out: &mut Outbox) {
        for (sandbox, generation) in expected {
            if self.entries.contains_key(&sandbox) || !self.has_room() {
                continue;
            }
            let mut entry = Entry::lost(&sandbox, generation, now);
            tell(&sandbox, &mut entry, out);
            self.entries.insert(sandbox, entry);
        }
    }

    /// All processes are gone, and with them whatever the cell was doing.
    pub(crate) fn cell_restarted(&mut self, now: Millis, out: &mut Outbox) {
        out.count("sandbar_runner_cell_restarts_total", &[]);
        self.in_flight.clear();
        let mut again = Vec::new();
        for (sandbox, entry) in &mut self.entries {
            entry.loaded = false;
            let interrupted = entry.work.take().is_some();
            // Only of what has files here: a create that was told to have failed may be another runner's by now.
            let blamed = entry.made
                && matches!(&entry.phase, Phase::Failed { recoverable: true, at, .. }
                    if now.saturating_sub(*at) <= limits::BLAMED_ON_CELL);
            if blamed {
                entry.settled = false;
            }
            if (interrupted || blamed) && !entry.settled {
                again.push(sandbox.clone());
            }
        }
        for sandbox in again {
            self.advance(now, &sandbox, out);
        }
    }

    /// Hands a started sandbox to the present cell, if that does not know it.
    pub(crate) fn restore(&mut self, now: Millis, sandbox: &str, out: &mut Outbox) {
        if self.entries.get(sandbox).is_some_and(needs_restore) {
            self.issue(now, sandbox, Step::Make, true, out);
        }
    }

    /// Restores a few of those that wait for it, without being asked. Each goes on where the one before ended, so that
    /// all of them together look at each sandbox once.
    pub(crate) fn restore_some(&mut self, now: Millis, out: &mut Outbox) {
        use std::ops::Bound::{Excluded, Unbounded};
        let free = limits::RESTORES_IN_FLIGHT.saturating_sub(self.in_flight.len());
        let Some(after) = self.restoring.take_if(|_| free > 0) else {
            return;
        };
        let next: Vec<String> = self
            .entries
            .range::<String, _>((Excluded(&after), Unbounded))
            .filter(|(_, entry)| needs_restore(entry))
            .take(free)
            .map(|(sandbox, _)| sandbox.clone())
            .collect();
        if next.len() == free {
            self.restoring = next.last().cloned();
        }
        for sandbox in next {
            self.restore(now, &sandbox, out);
        }
    }
}

fn needs_restore(entry: &Entry) -> bool {
    entry.phase == Phase::Started && entry.settled && !entry.loaded && entry.work.is_none()
}
