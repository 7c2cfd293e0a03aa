//! What `/proc` tells: of the sandbox and its limits, never of the machine underneath.

use std::fmt::{self, Write};
use std::sync::{Arc, OnceLock};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::Result;
use crate::device::uuid;
use crate::processes::{Processes, Text};
use crate::usage::Account;

/// Processors that one `/proc/cpuinfo` lists at most.
const MAX_CPUS: u32 = 256;
/// Ticks of `/proc/stat` in a second, as Linux has them.
const TICKS: f64 = 100.0;
const KIB: u64 = 1024;

/// What a sandbox seems to run on; see [`crate::Tree::set_machine`].
pub struct Machine {
    /// Processors, rounded up to whole ones.
    pub cpus: u32,
    /// Memory that all processes together may have, in bytes.
    pub memory_bytes: u64,
    /// How much of it they have now, in bytes.
    pub memory_used: Box<dyn Fn() -> u64 + Send + Sync>,
    /// The processes that run over the tree.
    pub processes: Arc<dyn Processes>,
}

impl fmt::Debug for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Machine")
            .field("cpus", &self.cpus)
            .field("memory_bytes", &self.memory_bytes)
            .finish_non_exhaustive()
    }
}

/// The facts that the generated files of one tree are made of.
#[derive(Debug)]
pub(crate) struct World {
    started: Instant,
    booted: SystemTime,
    account: Arc<Account>,
    pub(crate) machine: OnceLock<Machine>,
    /// Made when it is asked for.
    boot_id: OnceLock<String>,
}

impl World {
    pub(crate) fn new(account: Arc<Account>) -> Arc<Self> {
        Arc::new(Self {
            started: Instant::now(),
            booted: SystemTime::now(),
            account,
            machine: OnceLock::new(),
            boot_id: OnceLock::new(),
        })
    }

    pub(crate) fn processes(&self) -> Option<&dyn Processes> {
        self.machine.get().map(|machine| &*machine.processes)
    }

    pub(crate) fn pids(&self) -> Vec<u32> {
        self.processes().map_or_else(Vec::new, Processes::pids)
    }

    pub(crate) fn lives(&self, pid: u32) -> bool {
        self.processes().is_some_and(|processes| processes.lives(pid))
    }

    /// A file of `/proc/PID`; none if the process has ended.
    pub(crate) fn process(&self, pid: u32, text: Text) -> Option<String> {
        Some(text.of(&self.processes()?.process(pid)?, self.booted))
    }

    pub(crate) fn boot_id(&self) -> Result<String> {
        if let Some(known) = self.boot_id.get() {
            return Ok(known.clone());
        }
        let fresh = uuid()?;
        Ok(self.boot_id.get_or_init(|| fresh).clone())
    }

    fn cpus(&self) -> u32 {
        self.machine.get().map_or(1, |machine| machine.cpus.clamp(1, MAX_CPUS))
    }

    pub(crate) fn uptime(&self) -> String {
        format!("{:.2} 0.00\n", self.started.elapsed().as_secs_f64())
    }

    pub(crate) fn cpuinfo(&self) -> String {
        let mut text = String::new();
        for number in 0..self.cpus() {
            // Writing into a string cannot fail.
            let _ = write!(
                text,
                "processor\t: {number}\nvendor_id\t: sandbar\nmodel name\t: wasm32\ncpu cores\t: {}\nflags\t\t: simd128\n\n",
                self.cpus()
            );
        }
        text
    }

    pub(crate) fn meminfo(&self) -> String {
        let (total, used) = self
            .machine
            .get()
            .map_or((0, 0), |machine| (machine.memory_bytes, (machine.memory_used)()));
        let free = total.saturating_sub(used) / KIB;
        let total = total / KIB;
        let mut text = String::new();
        for (name, kibibytes) in [
            ("MemTotal", total),
            ("MemFree", free),
            ("MemAvailable", free),
            ("Buffers", 0),
            ("Cached", 0),
            ("SwapCached", 0),
            ("SwapTotal", 0),
            ("SwapFree", 0),
            ("Shmem", 0),
        ] {
            let _ = writeln!(text, "{:<15}{kibibytes:>9} kB", format!("{name}:"));
        }
        text
    }

    /// Times of processors are not kept: all of them seem idle since the sandbox started.
    pub(crate) fn stat(&self) -> String {
        let cpus = self.cpus();
        let idle = (self.started.elapsed().as_secs_f64() * TICKS) as u64;
        let mut text = format!("cpu  0 0 0 {} 0 0 0 0 0 0\n", idle * u64::from(cpus));
        for number in 0..cpus {
            let _ = writeln!(text, "cpu{number} 0 0 0 {idle} 0 0 0 0 0 0");
        }
        let booted = self
            .booted
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| since.as_secs());
        let _ = write!(text, "btime {booted}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\n");
        text
    }

    /// Limit and use of the disk: bytes, then files. `df` reads it; Linux has nothing of the kind.
    pub(crate) fn quota(&self) -> String {
        let (limits, usage) = (self.account.limits(), self.account.usage());
        format!(
            "bytes {} {}\ninodes {} {}\n",
            limits.bytes, usage.bytes, limits.inodes, usage.inodes
        )
    }
}
