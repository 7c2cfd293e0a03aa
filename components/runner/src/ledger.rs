//! The ledger of capacity: what the sandboxes on this runner were promised.

use std::collections::BTreeMap;

use crate::model::Amounts;

/// A reservation would exceed what the runner offers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shortage {
    /// `cpu`, `memory` or `disk`.
    pub resource: &'static str,
    /// What was asked for, in the unit of the resource.
    pub asked: u64,
    /// What is free, in the unit of the resource.
    pub free: u64,
    unit: &'static str,
}

impl std::fmt::Display for Shortage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            f,
            "the runner is full: {} {} of {} needed, {} free",
            self.asked, self.unit, self.resource, self.free
        )
    }
}

impl std::error::Error for Shortage {}

/// Reservations by sandbox. Their sum is kept, and never exceeds the allocatable amounts except through
/// [`Ledger::record`], which notes what already exists.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    allocatable: Amounts,
    sum: Amounts,
    held: BTreeMap<String, Amounts>,
}

impl Ledger {
    /// An empty ledger over these allocatable amounts.
    pub fn new(allocatable: Amounts) -> Self {
        Self {
            allocatable,
            ..Self::default()
        }
    }

    /// The sum of all reservations.
    pub fn sum(&self) -> Amounts {
        self.sum
    }

    /// Each reservation by sandbox.
    pub fn held(&self) -> &BTreeMap<String, Amounts> {
        &self.held
    }

    /// Reserves for a sandbox, or changes what it holds. Nothing changes if what it needs more does not fit.
    pub fn reserve(&mut self, sandbox: &str, need: Amounts) -> Result<(), Shortage> {
        let held = self.held.get(sandbox).copied().unwrap_or_default();
        let free = self.allocatable.minus(self.sum);
        let checks = [
            ("cpu", "thousandths", need.cpu_milli, held.cpu_milli, free.cpu_milli),
            ("memory", "MiB", need.memory_mib, held.memory_mib, free.memory_mib),
            ("disk", "MiB", need.disk_mib, held.disk_mib, free.disk_mib),
        ];
        for (resource, unit, asked, held, free) in checks {
            // What does not grow needs no room, even on a runner that offers less than it did.
            if asked > held && asked - held > free {
                return Err(Shortage {
                    resource,
                    asked: asked - held,
                    free,
                    unit,
                });
            }
        }
        self.release(sandbox);
        self.record(sandbox, need);
        Ok(())
    }

    /// Notes what a sandbox that already exists holds, even beyond the allocatable amounts: it is there.
    pub fn record(&mut self, sandbox: &str, need: Amounts) {
        if !self.held.contains_key(sandbox) {
            self.sum = self.sum.plus(need);
            self.held.insert(sandbox.to_owned(), need);
        }
    }

    /// Gives a reservation back.
    pub fn release(&mut self, sandbox: &str) {
        if let Some(need) = self.held.remove(sandbox) {
            self.sum = self.sum.minus(need);
        }
    }
}
