//! Totals, and what is taken of them.

use super::Millis;

/// What a total is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResourceKind {
    /// Whole CPUs.
    Cpu,
    /// GiB of memory.
    Memory,
    /// GiB of disk.
    Disk,
    /// Pieces.
    Snapshots,
    /// Pieces.
    Volumes,
}

/// By how much a total would be passed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct QuotaExcess {
    /// Of what.
    pub resource: ResourceKind,
    /// All that there may be.
    pub total: u64,
    /// Taken already.
    pub used: u64,
    /// Asked for on top.
    pub asked: u64,
}

impl std::fmt::Display for QuotaExcess {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { total, used, asked, .. } = self;
        let resource = match self.resource {
            ResourceKind::Cpu => "CPUs",
            ResourceKind::Memory => "GiB of memory",
            ResourceKind::Disk => "GiB of disk",
            ResourceKind::Snapshots => "snapshots",
            ResourceKind::Volumes => "volumes",
        };
        write!(
            f,
            "{asked} more {resource} pass the total of {total}; {used} are in use"
        )
    }
}

/// Totals of an organization in a region that enforces quotas.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Quota {
    /// Whose.
    pub organization: String,
    /// Where.
    pub region: String,
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB of memory.
    pub memory_gib: u32,
    /// GiB of disk.
    pub disk_gib: u32,
    /// When it was last changed.
    pub updated: Millis,
}

/// What an organization's sandboxes in a region take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Usage {
    /// Whose.
    pub organization: String,
    /// Where.
    pub region: String,
    /// Whole CPUs of sandboxes that are to be started and are not in error.
    pub cpu: u64,
    /// GiB of memory, likewise.
    pub memory_gib: u64,
    /// GiB of disk, also of those that are to be stopped.
    pub disk_gib: u64,
    /// Sandboxes that are not destroyed.
    pub sandboxes: u64,
}

/// Totals to hold; whole CPUs, GiB, GiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Totals {
    /// Whole CPUs.
    pub cpu: u32,
    /// GiB of memory.
    pub memory_gib: u32,
    /// GiB of disk.
    pub disk_gib: u32,
}
