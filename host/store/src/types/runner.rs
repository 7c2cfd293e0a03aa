//! Runners.

use super::Millis;

/// What a runner last said of itself, and what the plane has sold on it.
#[derive(Debug, Clone, PartialEq)]
pub struct Runner {
    /// Its id.
    pub id: String,
    /// Its name, unique in the region.
    pub name: String,
    /// Id of its region.
    pub region: String,
    /// Organization that owns the machine; none for the platform's own.
    pub organization: Option<String>,
    /// Takes no new sandboxes.
    pub unschedulable: bool,
    /// Is to be emptied.
    pub draining: bool,
    /// Allocatable thousandths of a CPU; 0 until the first report.
    pub cpu_milli: u64,
    /// Allocatable MiB of memory.
    pub memory_mib: u64,
    /// Allocatable MiB of disk.
    pub disk_mib: u64,
    /// Sold thousandths of a CPU: the sum over the sandboxes placed here.
    pub sold_cpu_milli: u64,
    /// Sold MiB of memory.
    pub sold_memory_mib: u64,
    /// Sold MiB of disk.
    pub sold_disk_mib: u64,
    /// Sandboxes that it last reported as started.
    pub started_sandboxes: u32,
    /// Measured CPU, percent.
    pub cpu_used: f64,
    /// Measured memory, percent.
    pub memory_used: f64,
    /// Measured disk, percent.
    pub disk_used: f64,
    /// Load average over 15 minutes per CPU.
    pub load: f64,
    /// Whether it called itself well.
    pub healthy: bool,
    /// JSON list of `{serviceName, healthy, errorReason?}`.
    pub services: String,
    /// Thousandths of a CPU that it says it has allocated.
    pub allocated_cpu_milli: u64,
    /// MiB of memory, likewise.
    pub allocated_memory_mib: u64,
    /// MiB of disk, likewise.
    pub allocated_disk_mib: u64,
    /// Snapshots that it has.
    pub snapshots: Vec<String>,
    /// Words by which its owner sorts it.
    pub tags: Vec<String>,
    /// When it last reported; 0: never.
    pub last_report: Millis,
    /// Until when it holds its sandboxes, as last granted.
    pub lease_until: Millis,
    /// Until when a front has said that it is connected.
    pub connected_until: Millis,
    /// The last verdict acted upon.
    pub verdict: String,
    /// Since when.
    pub verdict_since: Millis,
    /// Whether draining also stops what is started.
    pub drain_started: bool,
    /// Identity of the data directory that holds its token; empty until it first attached.
    pub instance: String,
    /// Version of its software.
    pub version: String,
    /// When it was made.
    pub created: Millis,
    /// When it was last changed.
    pub updated: Millis,
}

/// What a placement or a verdict needs to know of a runner: few columns and little text, because a window of them is read
/// for each placement and the whole fleet at each look at it.
#[derive(Debug, Clone, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// The last verdict acted upon.
    pub verdict: String,
    /// Takes no new sandboxes.
    pub unschedulable: bool,
    /// Is to be emptied.
    pub draining: bool,
    /// Whether draining also stops what is started.
    pub drain_started: bool,
    /// Whether it called itself well.
    pub healthy: bool,
    /// When it last reported; 0: never.
    pub last_report: Millis,
    /// Allocatable thousandths of a CPU; 0 until the first report.
    pub cpu_milli: u64,
    /// Allocatable MiB of memory.
    pub memory_mib: u64,
    /// Allocatable MiB of disk.
    pub disk_mib: u64,
    /// Sold thousandths of a CPU.
    pub sold_cpu_milli: u64,
    /// Sold MiB of memory.
    pub sold_memory_mib: u64,
    /// Sold MiB of disk.
    pub sold_disk_mib: u64,
    /// Sandboxes that it last reported as started.
    pub started_sandboxes: u32,
    /// Measured CPU, percent.
    pub cpu_used: f64,
    /// Measured memory, percent.
    pub memory_used: f64,
    /// Measured disk, percent.
    pub disk_used: f64,
    /// Load average over 15 minutes per CPU.
    pub load: f64,
    /// Whether it has the snapshot that was asked about; true if none was.
    pub has_snapshot: bool,
}

/// A runner's report of itself.
#[derive(Debug, Clone, PartialEq)]
pub struct Health {
    /// Allocatable thousandths of a CPU.
    pub cpu_milli: u64,
    /// Allocatable MiB of memory.
    pub memory_mib: u64,
    /// Allocatable MiB of disk.
    pub disk_mib: u64,
    /// Measured CPU, percent.
    pub cpu_used: f64,
    /// Measured memory, percent.
    pub memory_used: f64,
    /// Measured disk, percent.
    pub disk_used: f64,
    /// Load average over 15 minutes per CPU.
    pub load: f64,
    /// Sandboxes that are started.
    pub started_sandboxes: u32,
    /// Whether its services are well.
    pub healthy: bool,
    /// Version of its software.
    pub version: String,
    /// Thousandths of a CPU that it has allocated.
    pub allocated_cpu_milli: u64,
    /// MiB of memory, likewise.
    pub allocated_memory_mib: u64,
    /// MiB of disk, likewise.
    pub allocated_disk_mib: u64,
    /// JSON list of `{serviceName, healthy, errorReason?}`.
    pub services: String,
    /// Snapshots that it has.
    pub snapshots: Vec<String>,
    /// Until when it holds its sandboxes by this report.
    pub lease_until: Millis,
}
