//! Yeses of the agent that are believed for a moment, so that not every call has to ask it.
//!
//! A yes ends with the lease, with the next event that the agent is told, and in any case soon: a component may have rules of
//! its own that depend on the time.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How long a yes is believed at most, in milliseconds of the lease's clock.
const BELIEVED: u64 = 20;
/// Yeses at once; with more, all are asked for again.
const MOST: usize = 4096;

/// Generation and end of the yes for each sandbox.
#[derive(Debug, Default)]
pub(crate) struct Admissions(Mutex<HashMap<String, (u64, u64)>>);

impl Admissions {
    fn lock(&self) -> MutexGuard<'_, HashMap<String, (u64, u64)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether calls of this generation are admitted at `now`, as far as is known.
    pub(crate) fn holds(&self, sandbox: &str, generation: u64, now: u64) -> bool {
        let known = self.lock();
        known
            .get(sandbox)
            .is_some_and(|&(of, until)| of == generation && now < until)
    }

    /// The agent has said yes at `now`; `lease` is when the lease ends. To be called under the agent's lock, so that the yes is
    /// not older than its last event.
    pub(crate) fn keep(&self, sandbox: &str, generation: u64, now: u64, lease: u64) {
        let mut known = self.lock();
        if known.len() >= MOST {
            known.clear();
        }
        let until = now.saturating_add(BELIEVED).min(lease);
        match known.get_mut(sandbox) {
            Some(yes) => *yes = (generation, until),
            None => drop(known.insert(sandbox.to_owned(), (generation, until))),
        }
    }

    /// The agent is told something, or there is another agent.
    pub(crate) fn clear(&self) {
        self.lock().clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_yes_ends_in_time_with_the_lease_and_with_any_event() {
        let known = Admissions::default();
        known.keep("a", 3, 100, 1_000);
        assert!(known.holds("a", 3, 100));
        assert!(known.holds("a", 3, 100 + BELIEVED - 1));
        assert!(!known.holds("a", 3, 100 + BELIEVED), "it is believed for a moment only");
        assert!(!known.holds("a", 2, 100) && !known.holds("a", 4, 100) && !known.holds("b", 3, 100));
        known.keep("a", 3, 995, 1_000);
        assert!(known.holds("a", 3, 999));
        assert!(!known.holds("a", 3, 1_000), "the lease is over");
        known.keep("a", 3, 100, 1_000);
        known.clear();
        assert!(!known.holds("a", 3, 100));
    }

    #[test]
    fn they_are_bounded() {
        let known = Admissions::default();
        for number in 0..3 * MOST {
            known.keep(&number.to_string(), 1, 0, 1_000);
            assert!(known.lock().len() <= MOST);
        }
    }
}
