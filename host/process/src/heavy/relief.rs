//! When the machine has no time to spare. Pure state: the moments come in.

use std::time::{Duration, Instant};

/// A slice lasts one tick of 10 ms. One that has lasted this long did not get a processor.
pub(super) const LATE: Duration = Duration::from_millis(100);
/// How long fair threads take over at first; twice as long each time that spare ones starve again at once.
const FIRST: Duration = Duration::from_secs(1);
/// And at most.
const MOST: Duration = Duration::from_secs(16);

/// Knows what the spare threads are at, and decides when fair ones have to take over.
#[derive(Debug)]
pub(super) struct Relief {
    /// When the slice of each spare thread began, if it runs one.
    begun: Vec<Option<Instant>>,
    until: Option<Instant>,
    next: Duration,
}

impl Relief {
    pub(super) fn new(threads: usize) -> Self {
        Self {
            begun: vec![None; threads],
            until: None,
            next: FIRST,
        }
    }

    /// A spare thread begins a slice.
    pub(super) fn begins(&mut self, index: usize, now: Instant) {
        if let Some(begun) = self.begun.get_mut(index) {
            *begun = Some(now);
        }
    }

    /// It has ended it.
    pub(super) fn ends(&mut self, index: usize, now: Instant) {
        let Some(begun) = self.begun.get_mut(index).and_then(Option::take) else {
            return;
        };
        if now.duration_since(begun) < LATE {
            self.next = FIRST;
        }
    }

    /// Whether any spare thread runs a slice.
    pub(super) fn is_busy(&self) -> bool {
        self.begun.iter().any(Option::is_some)
    }

    /// Begins a relief if a spare thread starves and there is none yet; true if it did.
    pub(super) fn decide(&mut self, now: Instant) -> bool {
        let starved = |begun: &Option<Instant>| begun.is_some_and(|begun| now.duration_since(begun) >= LATE);
        if self.is_on(now) || !self.begun.iter().any(starved) {
            return false;
        }
        self.until = Some(now + self.next);
        self.next = (self.next * 2).min(MOST);
        true
    }

    /// Whether fair threads run what there is.
    pub(super) fn is_on(&self, now: Instant) -> bool {
        self.left(now).is_some()
    }

    /// How long they still do.
    pub(super) fn left(&self, now: Instant) -> Option<Duration> {
        self.until
            .and_then(|until| until.checked_duration_since(now))
            .filter(|left| !left.is_zero())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn fair_threads_take_over_while_the_machine_has_no_time_to_spare() {
        let start = Instant::now();
        let mut relief = Relief::new(2);
        assert!(!relief.decide(start) && !relief.is_busy());
        relief.begins(1, start);
        assert!(!relief.decide(start + 99 * MS));
        assert!(relief.decide(start + LATE), "its slice has lasted too long");
        assert!(!relief.decide(start + LATE), "they have taken over already");
        assert_eq!(relief.left(start + LATE + 400 * MS), Some(600 * MS));
        assert!(!relief.is_on(start + LATE + FIRST));
    }

    #[test]
    fn the_longer_the_hunger_the_longer_the_relief() {
        let mut now = Instant::now();
        let mut relief = Relief::new(1);
        let mut lasted = Vec::new();
        for _ in 0..6 {
            relief.begins(0, now);
            now += LATE;
            assert!(relief.decide(now));
            relief.ends(0, now);
            let left = relief.left(now).unwrap_or_default();
            lasted.push(left.as_secs());
            now += left;
        }
        assert_eq!(lasted, [1, 2, 4, 8, 16, 16]);
        relief.begins(0, now);
        relief.ends(0, now + 10 * MS);
        relief.begins(0, now);
        assert!(relief.decide(now + LATE));
        assert_eq!(relief.left(now + LATE), Some(FIRST), "it had been well in between");
    }
}
