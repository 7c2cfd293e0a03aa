//! The queue before the writer: two lanes, so that a flood of reports does not delay those who wait for a sync.

use std::{
    collections::VecDeque,
    sync::{Condvar, Mutex, MutexGuard, PoisonError},
};

use crate::{
    options::{MAX_BATCH, QUEUE, RELAXED_QUEUE, RELAXED_SHARE},
    writer::{Durability, Verb},
};

/// Verbs that wait, by what their answers wait for.
#[derive(Default)]
struct Lanes {
    /// Orders that are handed out: each batch begins with them, so that all they see was durable before.
    orders: VecDeque<Verb>,
    /// Facts, whose callers wait for a sync.
    facts: VecDeque<Verb>,
    /// What can be told again.
    relaxed: VecDeque<Verb>,
    closed: bool,
}

impl Lanes {
    fn len(&self) -> usize {
        self.orders.len() + self.facts.len() + self.relaxed.len()
    }

    /// At most [`MAX_BATCH`] verbs in the order in which they are to run. While facts wait, what is relaxed has a share
    /// only, and never none: both go on, however many there are of the other.
    fn batch(&mut self) -> Vec<(Durability, Verb)> {
        let first = MAX_BATCH - RELAXED_SHARE.min(self.relaxed.len());
        let mut batch = Vec::with_capacity(MAX_BATCH.min(self.len()));
        take(&mut batch, &mut self.orders, Durability::AfterEarlier, first);
        take(&mut batch, &mut self.facts, Durability::Synced, first);
        let share = if batch.is_empty() { MAX_BATCH } else { RELAXED_SHARE };
        let most = (batch.len() + share).min(MAX_BATCH);
        take(&mut batch, &mut self.relaxed, Durability::Relaxed, most);
        batch
    }
}

/// Moves verbs of a lane until the batch has `most`.
fn take(batch: &mut Vec<(Durability, Verb)>, lane: &mut VecDeque<Verb>, durability: Durability, most: usize) {
    let count = most.saturating_sub(batch.len()).min(lane.len());
    batch.extend(lane.drain(..count).map(|verb| (durability, verb)));
}

/// Why a verb is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refused {
    /// Too many wait.
    Full,
    /// Nothing is run any more.
    Closed,
}

/// Shared by the callers and the writer.
#[derive(Default)]
pub(crate) struct Queue {
    lanes: Mutex<Lanes>,
    filled: Condvar,
}

impl Queue {
    fn lanes(&self) -> MutexGuard<'_, Lanes> {
        self.lanes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a verb, or says at once why not. Relaxed ones cannot fill the queue for the others.
    pub(crate) fn push(&self, durability: Durability, verb: Verb) -> Result<(), Refused> {
        let mut lanes = self.lanes();
        if lanes.closed {
            return Err(Refused::Closed);
        }
        let full = lanes.len() >= QUEUE;
        match durability {
            Durability::Relaxed if full || lanes.relaxed.len() >= RELAXED_QUEUE => return Err(Refused::Full),
            _ if full => return Err(Refused::Full),
            Durability::Relaxed => lanes.relaxed.push_back(verb),
            Durability::AfterEarlier => lanes.orders.push_back(verb),
            Durability::Synced => lanes.facts.push_back(verb),
        }
        drop(lanes);
        self.filled.notify_one();
        Ok(())
    }

    /// The next batch; waits for one. None: closed, and all that had come was given.
    pub(crate) fn next(&self) -> Option<Vec<(Durability, Verb)>> {
        let mut lanes = self.lanes();
        loop {
            let batch = lanes.batch();
            if !batch.is_empty() {
                return Some(batch);
            }
            if lanes.closed {
                return None;
            }
            lanes = self.filled.wait(lanes).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes nothing more.
    pub(crate) fn close(&self) {
        self.lanes().closed = true;
        self.filled.notify_one();
    }

    /// Takes nothing more, and drops what waits: its callers are told by their dropped channels.
    pub(crate) fn abandon(&self) {
        let mut lanes = self.lanes();
        let left = std::mem::replace(
            &mut *lanes,
            Lanes {
                closed: true,
                ..Lanes::default()
            },
        );
        drop(lanes);
        drop(left);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push(queue: &Queue, durability: Durability, count: usize) -> usize {
        let verb = || -> Verb { Box::new(|_| (true, Box::new(|_| ()))) };
        (0..count).filter(|_| queue.push(durability, verb()).is_ok()).count()
    }

    fn batch(queue: &Queue) -> [usize; 3] {
        let batch = queue.next().expect("a batch");
        let kinds = [Durability::AfterEarlier, Durability::Synced, Durability::Relaxed];
        let order = |durability: Durability| kinds.iter().position(|kind| *kind == durability);
        assert!(batch.is_sorted_by_key(|(durability, _)| order(*durability)));
        kinds.map(|kind| batch.iter().filter(|(durability, _)| *durability == kind).count())
    }

    #[test]
    fn a_flood_of_one_kind_leaves_room_for_the_other() {
        let queue = Queue::default();
        assert_eq!(push(&queue, Durability::Relaxed, 500), 500);
        assert_eq!(push(&queue, Durability::Synced, 16), 16);
        assert_eq!(
            batch(&queue),
            [0, 16, RELAXED_SHARE],
            "all who wait for a sync go first"
        );
        assert_eq!(batch(&queue), [0, 0, MAX_BATCH]);
        assert_eq!(push(&queue, Durability::Synced, 200), 200);
        assert_eq!(push(&queue, Durability::AfterEarlier, 3), 3);
        assert_eq!(
            batch(&queue),
            [3, MAX_BATCH - RELAXED_SHARE - 3, RELAXED_SHARE],
            "and reports go on"
        );
    }

    #[test]
    fn what_is_relaxed_cannot_fill_it() {
        let queue = Queue::default();
        assert_eq!(push(&queue, Durability::Relaxed, QUEUE), RELAXED_QUEUE);
        assert_eq!(push(&queue, Durability::Synced, QUEUE), QUEUE - RELAXED_QUEUE);
    }

    #[test]
    fn what_came_before_the_close_is_given() {
        let queue = Queue::default();
        push(&queue, Durability::Synced, 1);
        queue.close();
        assert_eq!(push(&queue, Durability::Synced, 1), 0);
        assert_eq!(batch(&queue), [0, 1, 0]);
        assert!(queue.next().is_none());
    }
}
