//! What `/proc/PID` tells of the processes that run over a tree. They are asked of whoever runs them.

use std::fmt::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Ticks of a second, in which `stat` counts times, as Linux does.
const TICKS: u128 = 100;
/// Bytes of a page, in which `stat` and `statm` count memory: Linux's, not WebAssembly's.
const PAGE: u64 = 4096;

/// Whoever runs the processes. Called while the tree is locked: an implementation must not call the tree.
pub trait Processes: Send + Sync {
    /// The live processes, in order of pid.
    fn pids(&self) -> Vec<u32>;
    /// One of them; none if it has ended.
    fn process(&self, pid: u32) -> Option<Process>;
    /// Whether it lives.
    fn lives(&self, pid: u32) -> bool {
        self.process(pid).is_some()
    }
}

impl fmt::Debug for dyn Processes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Processes")
    }
}

/// Facts about one process.
#[derive(Clone, Debug, Default)]
pub struct Process {
    /// Its pid.
    pub pid: u32,
    /// Its parent's.
    pub parent: u32,
    /// Its process group.
    pub group: u32,
    /// Its session.
    pub session: u32,
    /// Its short name.
    pub name: String,
    /// argv, as far as it is kept.
    pub arguments: Vec<String>,
    /// The environment that it was started with, as far as it is kept.
    pub environment: Vec<(String, String)>,
    /// Where its program lies.
    pub program: String,
    /// The directory that it was started in.
    pub directory: String,
    /// Whether it is stopped.
    pub stopped: bool,
    /// Milliseconds since the Unix epoch.
    pub started: u64,
    /// CPU time so far.
    pub cpu: Duration,
    /// Bytes of memory.
    pub memory: u64,
    /// What its descriptors 0, 1 and 2 are, as `readlink` shows them.
    pub descriptors: [String; 3],
}

/// A file of `/proc/PID`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Text {
    Cgroup,
    Cmdline,
    Comm,
    Environ,
    Mounts,
    Stat,
    Statm,
    Status,
}

impl Text {
    /// In order of name.
    pub(crate) const ALL: [Self; 8] = [
        Self::Cgroup,
        Self::Cmdline,
        Self::Comm,
        Self::Environ,
        Self::Mounts,
        Self::Stat,
        Self::Statm,
        Self::Status,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Cgroup => "cgroup",
            Self::Cmdline => "cmdline",
            Self::Comm => "comm",
            Self::Environ => "environ",
            Self::Mounts => "mounts",
            Self::Stat => "stat",
            Self::Statm => "statm",
            Self::Status => "status",
        }
    }

    /// Whether others may not read it, as on Linux.
    pub(crate) fn private(self) -> bool {
        self == Self::Environ
    }

    /// Its contents; `booted` is when the sandbox started.
    pub(crate) fn of(self, process: &Process, booted: SystemTime) -> String {
        match self {
            // What tells programs that they are in no container of a kind they know.
            Self::Cgroup => "0::/\n".to_owned(),
            Self::Cmdline => ended(process.arguments.iter().cloned()),
            Self::Comm => format!("{}\n", process.short_name()),
            Self::Environ => ended(
                process
                    .environment
                    .iter()
                    .map(|(name, value)| format!("{name}={value}")),
            ),
            Self::Mounts => crate::device::MOUNTS.to_owned(),
            Self::Stat => process.stat(booted),
            Self::Statm => {
                let pages = process.memory / PAGE;
                format!("{pages} {pages} 0 0 0 {pages} 0\n")
            }
            Self::Status => process.status(),
        }
    }
}

fn ended(texts: impl Iterator<Item = String>) -> String {
    texts.fold(String::new(), |all, text| all + &text + "\0")
}

impl Process {
    /// At most 15 bytes, as Linux keeps.
    fn short_name(&self) -> &str {
        let mut end = self.name.len().min(15);
        while !self.name.is_char_boundary(end) {
            end -= 1;
        }
        &self.name[..end]
    }

    fn state(&self) -> (char, &'static str) {
        if self.stopped {
            ('T', "stopped")
        } else {
            ('R', "running")
        }
    }

    /// The 52 fields of proc_pid_stat(5); what there is nothing of is 0.
    fn stat(&self, booted: SystemTime) -> String {
        let since_boot = UNIX_EPOCH
            .checked_add(Duration::from_millis(self.started))
            .and_then(|started| started.duration_since(booted).ok())
            .unwrap_or_default();
        let ticks = |time: Duration| time.as_millis() * TICKS / 1000;
        let mut text = format!(
            "{} ({}) {} {} {} {} 0 {}",
            self.pid,
            self.short_name(),
            self.state().0,
            self.parent,
            self.group,
            self.session,
            self.group
        );
        // Fields 9 to 52.
        let mut rest = [0_u128; 44];
        rest[14 - 9] = ticks(self.cpu);
        rest[18 - 9] = 20;
        rest[20 - 9] = 1;
        rest[22 - 9] = ticks(since_boot);
        rest[23 - 9] = u128::from(self.memory);
        rest[24 - 9] = u128::from(self.memory / PAGE);
        for field in rest {
            // Writing into a string cannot fail.
            let _ = write!(text, " {field}");
        }
        text.push('\n');
        text
    }

    fn status(&self) -> String {
        let (letter, word) = self.state();
        let kibibytes = self.memory / 1024;
        format!(
            "Name:\t{}\nUmask:\t0022\nState:\t{letter} ({word})\nTgid:\t{pid}\nNgid:\t0\nPid:\t{pid}\nPPid:\t{}\n\
             TracerPid:\t0\nUid:\t1000\t1000\t1000\t1000\nGid:\t1000\t1000\t1000\t1000\nFDSize:\t64\nGroups:\t1000\n\
             VmPeak:\t{kibibytes:>8} kB\nVmSize:\t{kibibytes:>8} kB\nVmRSS:\t{kibibytes:>8} kB\nThreads:\t1\n\
             NoNewPrivs:\t1\nSeccomp:\t0\n",
            self.short_name(),
            self.parent,
            pid = self.pid,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_tells_of_itself() {
        let process = Process {
            pid: 7,
            parent: 2,
            group: 7,
            session: 2,
            name: "python3".into(),
            arguments: vec!["python3".into(), "-c".into(), "x y".into()],
            environment: vec![("A".into(), "b".into())],
            started: 5_000,
            cpu: Duration::from_millis(1230),
            memory: 8192,
            ..Process::default()
        };
        let booted = UNIX_EPOCH + Duration::from_secs(3);
        let stat = Text::Stat.of(&process, booted);
        let fields: Vec<&str> = stat.trim_end().split(' ').collect();
        assert_eq!(fields.len(), 52, "{stat}");
        assert_eq!(fields[..8], ["7", "(python3)", "R", "2", "7", "2", "0", "7"]);
        assert_eq!(
            (fields[13], fields[21], fields[22], fields[23]),
            ("123", "200", "8192", "2")
        );
        assert_eq!(Text::Cmdline.of(&process, booted), "python3\0-c\0x y\0");
        assert_eq!(Text::Environ.of(&process, booted), "A=b\0");
        assert!(Text::Status.of(&process, booted).contains("\nPPid:\t2\n"));
    }
}
