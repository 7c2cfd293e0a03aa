//! What a store may take: memory from a budget shared by a whole sandbox, tables, instances, handles.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use wasmtime::component::ResourceTable;
use wasmtime::{ResourceLimiter, Store};

/// Host objects (streams, pollables, files, processes) that one process may hold. A shell that multiplexes its
/// largest number of children stays under a thousand; wasmtime's default is a million.
pub const MAX_HANDLES: usize = 8_192;
/// Bytes that one host call may bring over from the guest. A `write` of a large buffer passes 1 MiB at a time;
/// a positional write passes its whole buffer at once.
pub const HOSTCALL_FUEL: usize = 64 << 20;
/// Table entries of all tables of one process. Python has about 47,000.
pub const MAX_TABLE_ELEMENTS: usize = 200_000;
/// Core instances of one process; Python has about 30.
pub const MAX_INSTANCES: usize = 64;
/// Tables of one process.
pub const MAX_TABLES: usize = 64;
/// Linear memories of one process.
pub const MAX_MEMORIES: usize = 8;

/// Linear memory, in bytes, that several stores may take together. Stores give back what they took when dropped.
///
/// A budget may lie within another one, as a sandbox's lies within the machine's: then what is taken is taken from
/// both, or from neither. So sandboxes may be promised more than the machine has, and yet never get it.
#[derive(Debug)]
pub struct MemoryBudget {
    limit: u64,
    used: AtomicU64,
    peak: AtomicU64,
    /// How often this budget, as a parent, refused what a child still had.
    refusals: AtomicU64,
    parent: Option<Arc<MemoryBudget>>,
}

/// Whose memory was used up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Shortage {
    /// The budget itself.
    #[error("the memory limit is reached")]
    Own,
    /// The budget within which it lies.
    #[error("the memory of the machine is used up")]
    Machine,
}

impl MemoryBudget {
    /// A budget of `limit` bytes.
    pub fn new(limit: u64) -> Arc<Self> {
        Self::make(limit, None)
    }

    /// A budget of `limit` bytes within `parent`.
    pub fn within(parent: &Arc<Self>, limit: u64) -> Arc<Self> {
        Self::make(limit, Some(Arc::clone(parent)))
    }

    fn make(limit: u64, parent: Option<Arc<Self>>) -> Arc<Self> {
        Arc::new(Self {
            limit,
            used: AtomicU64::new(0),
            peak: AtomicU64::new(0),
            refusals: AtomicU64::new(0),
            parent,
        })
    }

    /// The most that may be taken, in bytes.
    pub fn limit(&self) -> u64 {
        self.limit
    }

    /// Bytes taken now.
    pub fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// The most bytes ever taken at one time.
    pub fn peak(&self) -> u64 {
        self.peak.load(Ordering::Relaxed)
    }

    /// Takes `bytes` here and from the parent, or nothing at all.
    fn take(&self, bytes: u64) -> Result<(), Shortage> {
        let before = self.reserve(bytes).ok_or(Shortage::Own)?;
        if let Some(parent) = &self.parent
            && parent.take(bytes).is_err()
        {
            self.used.fetch_sub(bytes, Ordering::AcqRel);
            parent.complain(bytes);
            return Err(Shortage::Machine);
        }
        self.peak.fetch_max(before + bytes, Ordering::Relaxed);
        Ok(())
    }

    /// What was used before, unless `bytes` more would exceed the limit.
    fn reserve(&self, bytes: u64) -> Option<u64> {
        self.used
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |used| {
                used.checked_add(bytes).filter(|sum| *sum <= self.limit)
            })
            .ok()
    }

    fn give_back(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::AcqRel);
        if let Some(parent) = &self.parent {
            parent.give_back(bytes);
        }
    }

    /// Tells the log, more and more seldom: guests can be refused as often as they like.
    fn complain(&self, bytes: u64) {
        let refusals = self.refusals.fetch_add(1, Ordering::Relaxed) + 1;
        if refusals.is_power_of_two() {
            let (limit, used) = (self.limit, self.used());
            tracing::warn!(bytes, limit, used, refusals, "memory refused: the machine's is used up");
        }
    }
}

/// The limits of one store. Put it into the store's data and call [`StoreLimits::install`].
#[derive(Debug)]
pub struct StoreLimits {
    budget: Arc<MemoryBudget>,
    taken: u64,
    /// Part of `taken` that the next growths use up.
    prepaid: u64,
    table_elements: usize,
    refused: Option<Shortage>,
    /// Bytes of linear memory, for whoever watches from outside.
    memory: Arc<AtomicU64>,
}

impl StoreLimits {
    /// Limits that take memory from `budget`: at once `overhead` bytes for what the host itself keeps for the store,
    /// and `prepaid` bytes for the memory that its instance starts with.
    ///
    /// # Errors
    /// [`Shortage`], if the budget or its parent does not hold both.
    pub fn new(budget: Arc<MemoryBudget>, overhead: u64, prepaid: u64) -> Result<Self, Shortage> {
        let taken = overhead.checked_add(prepaid).ok_or(Shortage::Own)?;
        budget.take(taken)?;
        Ok(Self {
            budget,
            taken,
            prepaid,
            table_elements: 0,
            refused: None,
            memory: Arc::default(),
        })
    }

    /// Makes `store` obey the limits that `get` finds in its data, and bounds what one host call may bring over.
    pub fn install<T: Send + 'static>(
        store: &mut Store<T>,
        get: impl (Fn(&mut T) -> &mut StoreLimits) + Send + Sync + 'static,
    ) {
        store.set_hostcall_fuel(HOSTCALL_FUEL);
        store.limiter(move |data| get(data) as &mut dyn ResourceLimiter);
    }

    /// Bytes of linear memory of the store, kept up to date while it lives.
    pub fn memory(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.memory)
    }

    /// Whose shortage last kept memory from this store, if any: the likely cause of a trap that follows.
    pub fn memory_was_refused(&self) -> Option<Shortage> {
        self.refused
    }
}

impl ResourceLimiter for StoreLimits {
    fn memory_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        if maximum.is_some_and(|maximum| desired > maximum) {
            return Ok(false);
        }
        // A growth that the system then fails stays charged until the store ends: the guest only harms itself,
        // and wasmtime also reports failures of growths that were never charged.
        let grown = desired.saturating_sub(current) as u64;
        let from_prepaid = grown.min(self.prepaid);
        let bytes = grown - from_prepaid;
        match self.budget.take(bytes) {
            Ok(()) => {
                self.prepaid -= from_prepaid;
                self.taken += bytes;
                self.memory.fetch_add(grown, Ordering::Relaxed);
                Ok(true)
            }
            Err(shortage) => {
                self.refused = Some(shortage);
                Ok(false)
            }
        }
    }

    fn table_growing(&mut self, current: usize, desired: usize, maximum: Option<usize>) -> wasmtime::Result<bool> {
        let sum = self.table_elements.saturating_add(desired.saturating_sub(current));
        if maximum.is_some_and(|maximum| desired > maximum) || sum > MAX_TABLE_ELEMENTS {
            return Ok(false);
        }
        self.table_elements = sum;
        Ok(true)
    }

    fn instances(&self) -> usize {
        MAX_INSTANCES
    }

    fn tables(&self) -> usize {
        MAX_TABLES
    }

    fn memories(&self) -> usize {
        MAX_MEMORIES
    }
}

impl Drop for StoreLimits {
    fn drop(&mut self) {
        self.budget.give_back(self.taken);
    }
}

/// A table of host objects that holds [`MAX_HANDLES`] at most.
pub fn resource_table() -> ResourceTable {
    let mut table = ResourceTable::new();
    table.set_max_capacity(MAX_HANDLES);
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_is_summed_over_stores_and_given_back() {
        let budget = MemoryBudget::new(100);
        let mut one = StoreLimits::new(Arc::clone(&budget), 10, 0).expect("fits");
        let mut two = StoreLimits::new(Arc::clone(&budget), 10, 0).expect("fits");
        assert!(one.memory_growing(0, 40, None).unwrap());
        assert!(!two.memory_growing(0, 41, None).unwrap(), "60 + 41 exceeds 100");
        assert_eq!(two.memory_was_refused(), Some(Shortage::Own));
        assert_eq!(one.memory_was_refused(), None);
        assert!(two.memory_growing(0, 40, None).unwrap());
        assert_eq!(budget.used(), 100);
        assert_eq!(StoreLimits::new(Arc::clone(&budget), 0, 1).unwrap_err(), Shortage::Own);
        drop(one);
        assert_eq!(budget.used(), 50);
        assert!(two.memory_growing(40, 90, None).unwrap());
        drop(two);
        assert_eq!((budget.used(), budget.peak()), (0, 100));
    }

    #[test]
    fn two_memories_of_one_store_add_up() {
        let budget = MemoryBudget::new(100);
        let mut limits = StoreLimits::new(Arc::clone(&budget), 0, 0).expect("fits");
        assert!(limits.memory_growing(0, 60, None).unwrap());
        assert!(!limits.memory_growing(0, 60, None).unwrap());
    }

    #[test]
    fn what_lies_within_a_budget_takes_from_both_or_neither() {
        let machine = MemoryBudget::new(100);
        let (one, two) = (MemoryBudget::within(&machine, 80), MemoryBudget::within(&machine, 80));
        let mut first = StoreLimits::new(Arc::clone(&one), 70, 0).expect("fits");
        let mut second = StoreLimits::new(Arc::clone(&two), 20, 0).expect("fits");
        assert!(
            !second.memory_growing(0, 20, None).unwrap(),
            "90 + 20 exceeds the machine's 100"
        );
        assert_eq!(second.memory_was_refused(), Some(Shortage::Machine));
        assert_eq!((two.used(), two.peak(), machine.used()), (20, 20, 90));
        assert!(
            !first.memory_growing(0, 20, None).unwrap(),
            "70 + 20 exceeds its own 80"
        );
        assert_eq!(first.memory_was_refused(), Some(Shortage::Own));
        let none = StoreLimits::new(Arc::clone(&two), 15, 0).unwrap_err();
        assert_eq!((none, machine.used()), (Shortage::Machine, 90));
        drop(first);
        assert!(second.memory_growing(0, 60, None).unwrap());
        drop(second);
        assert_eq!((one.used(), two.used(), machine.used()), (0, 0, 0));
    }

    #[test]
    fn growth_past_the_declared_maximum_costs_nothing() {
        let budget = MemoryBudget::new(100);
        let mut limits = StoreLimits::new(Arc::clone(&budget), 0, 0).expect("fits");
        assert!(!limits.memory_growing(0, 60, Some(50)).unwrap());
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn prepaid_memory_is_used_first() {
        let budget = MemoryBudget::new(100);
        let mut limits = StoreLimits::new(Arc::clone(&budget), 10, 30).expect("fits");
        assert_eq!(budget.used(), 40);
        assert!(limits.memory_growing(0, 20, None).unwrap());
        assert_eq!(budget.used(), 40);
        assert!(limits.memory_growing(20, 50, None).unwrap());
        assert_eq!(budget.used(), 60);
        drop(limits);
        assert_eq!(budget.used(), 0);
    }

    #[test]
    fn tables_add_up() {
        let mut limits = StoreLimits::new(MemoryBudget::new(1), 0, 0).expect("fits");
        assert!(limits.table_growing(0, MAX_TABLE_ELEMENTS, None).unwrap());
        assert!(!limits.table_growing(0, 1, None).unwrap());
    }
}
