//! Counted slots: so many pipes, so many descriptors.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::errno::Errno;

/// A number of slots of which each [`Slot`] holds one.
#[derive(Debug)]
pub(crate) struct Slots {
    limit: u32,
    used: AtomicU32,
}

/// Holds one slot until dropped.
#[derive(Debug)]
pub(crate) struct Slot(Arc<Slots>);

impl Slots {
    pub(crate) fn new(limit: u32) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU32::new(0),
        })
    }

    pub(crate) fn take(self: &Arc<Self>) -> Result<Slot, Errno> {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                (used < self.limit).then_some(used + 1)
            })
            .map(|_| Slot(Arc::clone(self)))
            .map_err(|_| Errno::Limit)
    }

    pub(crate) fn used(&self) -> u32 {
        self.used.load(Ordering::Relaxed)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        self.0.used.fetch_sub(1, Ordering::AcqRel);
    }
}
