//! Removal that nobody waits for: what the plane has disowned, and what could not be removed at the first try.

use crate::agent::{Agent, limits};
use crate::entry::{Phase, Target};
use crate::model::Millis;
use crate::outbox::Outbox;

impl Agent {
    /// These sandboxes, up to these generations, are no longer this runner's.
    pub(crate) fn disowned(&mut self, now: Millis, disowned: Vec<(String, u64)>, out: &mut Outbox) {
        for (sandbox, generation) in disowned {
            let Some(entry) = self.entries.get_mut(&sandbox) else {
                continue;
            };
            if entry.phase == Phase::Destroyed || entry.generation > generation {
                continue;
            }
            if entry.purge.is_none() {
                out.count("sandbar_runner_disowned_total", &[]);
            }
            entry.purge = entry.purge.max(Some(generation));
            entry.settled = false;
            entry.jobs.clear();
            entry.note = None;
            self.advance(now, &sandbox, out);
        }
    }

    /// What was disowned has been removed: it is forgotten, or made anew if a newer intent has come meanwhile.
    pub(crate) fn purged(&mut self, now: Millis, sandbox: &str, up_to: u64, out: &mut Outbox) {
        self.ledger.release(sandbox);
        let Some(entry) = self.entries.get_mut(sandbox) else {
            return;
        };
        if entry.generation <= up_to {
            self.entries.remove(sandbox);
            return;
        }
        entry.purge = None;
        entry.made = false;
        entry.loaded = false;
        entry.phase = Phase::Absent;
        entry.spec.take_if(|spec| spec.generation <= up_to);
        self.advance(now, sandbox, out);
    }

    /// Tries removals again that failed a while ago.
    pub(crate) fn remove_again(&mut self, now: Millis, out: &mut Outbox) {
        let leaving = self
            .entries
            .iter()
            .filter(|(_, entry)| entry.purge.is_some() || entry.target == Target::Destroyed)
            .filter(|(_, entry)| entry.work.is_none())
            .filter(|(_, entry)| match entry.phase {
                Phase::Destroyed => false,
                Phase::Failed { at, .. } => now.saturating_sub(at) >= limits::REMOVED_AGAIN,
                Phase::Absent | Phase::Started | Phase::Stopped => true,
            });
        let leaving: Vec<String> = leaving.map(|(sandbox, _)| sandbox.clone()).collect();
        for sandbox in leaving {
            if let Some(entry) = self.entries.get_mut(&sandbox) {
                entry.settled = false;
            }
            self.advance(now, &sandbox, out);
        }
    }
}
