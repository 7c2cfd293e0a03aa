//! What the machine has, and how busy it is: read from `/proc`, cgroups and statvfs.
//!
//! How busy the CPUs are is an exponentially weighted mean: after a time `t` in which they were busy for `x` percent, the mean `m`
//! becomes `m + (x - m) * (1 - e^(-t / CPU_MEMORY))`. It begins as the machine's load average of one minute per CPU, at most 100 %. So
//! it is about the machine and not about when somebody looked: two runners of one machine give nearly the same figure, the start of
//! either counts little, and how often samples are taken does not matter.

use crate::config::{Capacity, Ratios};
use crate::error::RunnerError;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The time constant of the mean CPU usage: what was longer ago counts for less than 37 %. Several reports long, so that one busy
/// moment keeps no sandboxes away; short beside the minute in which a machine is filled.
const CPU_MEMORY: Duration = Duration::from_secs(15);

/// Amounts of the three resources: thousandths of a CPU, MiB, MiB.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Amounts {
    /// Thousandths of a CPU.
    pub cpu_milli: u64,
    /// MiB of memory.
    pub memory_mib: u64,
    /// MiB of disk.
    pub disk_mib: u64,
}

/// Usage in percent, and the load of 15 minutes per CPU.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Percent of all CPUs, as a mean of about the last 15 seconds.
    pub cpu: f64,
    /// Percent of the memory.
    pub memory: f64,
    /// Percent of the file system.
    pub disk: f64,
    /// Load average over 15 minutes, per CPU.
    pub load: f64,
}

const LEAST_RATIO: f64 = 0.0001;
const MOST_RATIO: f64 = 10_000.0;

/// What is there: CPUs this process may use, memory of the machine or its cgroup, size of the file system.
pub fn detect(data_dir: &Path) -> io::Result<Amounts> {
    let cpus = std::thread::available_parallelism()?.get() as u64;
    let machine = memory_info(&fs::read_to_string("/proc/meminfo")?)
        .ok_or_else(|| io::Error::other("/proc/meminfo has no MemTotal"))?
        .total;
    let memory = cgroup_limit().map_or(machine, |limit| limit.min(machine));
    let disk = rustix::fs::statvfs(data_dir)?;
    Ok(Amounts {
        cpu_milli: cpus * 1000,
        memory_mib: memory >> 20,
        disk_mib: disk.f_blocks.saturating_mul(disk.f_frsize) >> 20,
    })
}

/// What is sold: detected times ratio.
///
/// What `capacity` names is sold as it is named.
///
/// # Errors
/// [`RunnerError::Ratio`] for a ratio that is none.
pub fn allocatable(detected: Amounts, ratios: Ratios, capacity: Capacity) -> Result<Amounts, RunnerError> {
    let scaled = Amounts {
        cpu_milli: scale("cpu", detected.cpu_milli, ratios.cpu)?,
        memory_mib: scale("memory", detected.memory_mib, ratios.memory)?,
        disk_mib: scale("disk", detected.disk_mib, ratios.disk)?,
    };
    Ok(Amounts {
        cpu_milli: capacity.cpu_milli.unwrap_or(scaled.cpu_milli),
        memory_mib: capacity.memory_mib.unwrap_or(scaled.memory_mib),
        disk_mib: capacity.disk_mib.unwrap_or(scaled.disk_mib),
    })
}

fn scale(resource: &'static str, amount: u64, ratio: f64) -> Result<u64, RunnerError> {
    if !(LEAST_RATIO..=MOST_RATIO).contains(&ratio) {
        return Err(RunnerError::Ratio { resource, value: ratio });
    }
    // Amounts are below 2^52 and ratios below 100: the product is exact enough and fits.
    Ok((amount as f64 * ratio) as u64)
}

struct Memory {
    total: u64,
    available: u64,
}

/// Bytes.
fn memory_info(text: &str) -> Option<Memory> {
    let field = |name: &str| {
        let line = text.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    };
    let total = field("MemTotal:")?;
    Some(Memory {
        total,
        available: field("MemAvailable:").unwrap_or(total),
    })
}

/// The memory limit of this process's cgroup (version 2, else 1), in bytes, if it has one.
fn cgroup_limit() -> Option<u64> {
    let membership = fs::read_to_string("/proc/self/cgroup").ok()?;
    cgroup_limit_files(&membership)
        .into_iter()
        .filter_map(|file| fs::read_to_string(file).ok())
        .filter_map(|text| text.trim().parse::<u64>().ok())
        // Version 1 writes "no limit" as a huge number.
        .filter(|limit| *limit > 0 && *limit < 1 << 60)
        .min()
}

fn cgroup_limit_files(membership: &str) -> Vec<PathBuf> {
    let mut files = vec![
        PathBuf::from("/sys/fs/cgroup/memory.max"),
        PathBuf::from("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
    ];
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let path = path.trim_start_matches('/');
        if controllers.is_empty() {
            files.push(Path::new("/sys/fs/cgroup").join(path).join("memory.max"));
        } else if controllers.split(',').any(|name| name == "memory") {
            let group = Path::new("/sys/fs/cgroup/memory").join(path);
            files.push(group.join("memory.limit_in_bytes"));
        }
    }
    files
}

/// Busy and total time of all CPUs, in ticks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct CpuTime {
    busy: u64,
    total: u64,
}

fn cpu_time(stat: &str) -> Option<CpuTime> {
    let line = stat.lines().find(|line| line.starts_with("cpu "))?;
    // user nice system idle iowait irq softirq steal; guest time is counted in user already.
    let fields: Vec<u64> = line
        .split_ascii_whitespace()
        .skip(1)
        .take(8)
        .map_while(|field| field.parse().ok())
        .collect();
    let total: u64 = fields.iter().sum();
    let idle = fields.get(3)? + fields.get(4).copied().unwrap_or(0);
    Some(CpuTime {
        busy: total.checked_sub(idle)?,
        total,
    })
}

/// The mean usage of all CPUs.
#[derive(Debug)]
struct CpuMean {
    /// Percent.
    mean: f64,
    before: CpuTime,
    at: Instant,
}

impl CpuMean {
    /// Begins with `load`, the load average of one minute per CPU.
    fn new(load: f64, before: CpuTime, at: Instant) -> Self {
        Self {
            mean: (load * 100.0).clamp(0.0, 100.0),
            before,
            at,
        }
    }

    /// Takes in what has passed until `at`; gives the mean.
    fn take(&mut self, time: CpuTime, at: Instant) -> f64 {
        let passed = time.total.saturating_sub(self.before.total);
        // Within one tick nothing can be said: the time goes to the next sample.
        if passed > 0 {
            let busy = percent(time.busy.saturating_sub(self.before.busy), passed);
            let elapsed = at.saturating_duration_since(self.at).as_secs_f64();
            let weight = 1.0 - (-elapsed / CPU_MEMORY.as_secs_f64()).exp();
            self.mean += (busy - self.mean) * weight;
            (self.before, self.at) = (time, at);
        }
        self.mean
    }
}

/// Measures usage; CPU is measured between two calls, and averaged.
#[derive(Debug)]
pub struct Sampler {
    data_dir: PathBuf,
    cpus: f64,
    cpu: CpuMean,
}

impl Sampler {
    /// A sampler for the machine and the file system of `data_dir`.
    #[must_use]
    pub fn new(data_dir: &Path) -> Self {
        let cpus = std::thread::available_parallelism().map_or(1.0, |count| count.get() as f64);
        let load = load_average(LoadOf::Minute).map_or(0.0, |load| load / cpus);
        Self {
            data_dir: data_dir.to_owned(),
            cpus,
            cpu: CpuMean::new(load, now().unwrap_or_default(), Instant::now()),
        }
    }

    /// What cannot be read counts as 0: a machine without `/proc` still serves.
    pub fn sample(&mut self) -> Usage {
        let time = now().unwrap_or(self.cpu.before);
        Usage {
            cpu: self.cpu.take(time, Instant::now()),
            memory: fs::read_to_string("/proc/meminfo")
                .ok()
                .and_then(|text| memory_info(&text))
                .map_or(0.0, |m| percent(m.total.saturating_sub(m.available), m.total)),
            disk: rustix::fs::statvfs(&self.data_dir).map_or(0.0, |disk| {
                let used = disk.f_blocks.saturating_sub(disk.f_bfree);
                // As df(1) does: what is reserved for root counts as used.
                percent(used, used + disk.f_bavail)
            }),
            load: load_average(LoadOf::QuarterHour).map_or(0.0, |load| load / self.cpus),
        }
    }
}

fn now() -> Option<CpuTime> {
    cpu_time(&fs::read_to_string("/proc/stat").ok()?)
}

/// The fields of `/proc/loadavg`.
#[derive(Clone, Copy)]
enum LoadOf {
    Minute,
    QuarterHour,
}

fn load_average(of: LoadOf) -> Option<f64> {
    load_in(&fs::read_to_string("/proc/loadavg").ok()?, of)
}

fn load_in(text: &str, of: LoadOf) -> Option<f64> {
    let field = match of {
        LoadOf::Minute => 0,
        LoadOf::QuarterHour => 2,
    };
    text.split_ascii_whitespace().nth(field)?.parse().ok()
}

fn percent(part: u64, whole: u64) -> f64 {
    if whole == 0 {
        0.0
    } else {
        (part as f64 / whole as f64 * 100.0).clamp(0.0, 100.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proc_files_are_read() {
        let memory = memory_info("MemTotal:  1024 kB\nMemFree: 1 kB\nMemAvailable: 256 kB\n").expect("memory");
        assert_eq!((memory.total, memory.available), (1 << 20, 256 << 10));
        let time = cpu_time("cpu  10 0 5 80 5 0 0 0 9 9\ncpu0 1 1 1 1\n").expect("time");
        assert_eq!((time.busy, time.total), (15, 100));
        let load = "0.50 1.00 2.25 1/100 42\n";
        assert_eq!(load_in(load, LoadOf::QuarterHour), Some(2.25));
        assert_eq!(load_in(load, LoadOf::Minute), Some(0.5));
        assert!(cpu_time("garbage").is_none() && memory_info("").is_none());
    }

    #[test]
    fn the_cgroup_of_either_version_is_looked_at() {
        let files = cgroup_limit_files("0::/a/b\n");
        assert!(files.contains(&"/sys/fs/cgroup/a/b/memory.max".into()));
        let files = cgroup_limit_files("4:cpu,memory:/c\n");
        assert!(files.contains(&"/sys/fs/cgroup/memory/c/memory.limit_in_bytes".into()));
    }

    #[test]
    fn allocatable_is_detected_times_ratio() {
        let detected = Amounts {
            cpu_milli: 2000,
            memory_mib: 1000,
            disk_mib: 10,
        };
        let ratios = Ratios {
            cpu: 4.0,
            memory: 0.5,
            disk: 1.0,
        };
        let sold = allocatable(detected, ratios, Capacity::default()).expect("good ratios");
        assert_eq!(
            sold,
            Amounts {
                cpu_milli: 8000,
                memory_mib: 500,
                disk_mib: 10
            }
        );
        let said = Capacity {
            memory_mib: Some(7),
            ..Capacity::default()
        };
        let sold = allocatable(detected, ratios, said).expect("good ratios");
        assert_eq!((sold.cpu_milli, sold.memory_mib), (8000, 7));
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let ratios = Ratios {
                memory: bad,
                ..Ratios::default()
            };
            assert!(matches!(
                allocatable(detected, ratios, Capacity::default()),
                Err(RunnerError::Ratio { resource: "memory", .. })
            ));
        }
    }

    /// A machine of one CPU with 100 ticks a second that is busy for `percent` during `millis`.
    fn run(mean: &mut CpuMean, percent: u64, millis: u64) -> f64 {
        let ticks = millis / 10;
        let time = CpuTime {
            busy: mean.before.busy + ticks * percent / 100,
            total: mean.before.total + ticks,
        };
        let at = mean.at + Duration::from_millis(millis);
        mean.take(time, at)
    }

    fn begun(load: f64) -> CpuMean {
        CpuMean::new(load, CpuTime::default(), Instant::now())
    }

    #[test]
    fn one_busy_moment_changes_the_mean_little_and_lasting_work_wholly() {
        // The start of a runner takes a second of all there is: an idle machine stays one.
        let mean = run(&mut begun(0.0), 100, 1_000);
        assert!((5.0..8.0).contains(&mean), "{mean}");
        let mut machine = begun(0.0);
        // After the time constant, 63 %; after six of them all but a quarter of a percent.
        let mean = run(&mut machine, 100, 15_000);
        assert!((mean - 63.2).abs() < 0.1, "{mean}");
        let mean = run(&mut machine, 100, 75_000);
        assert!(mean > 99.7, "{mean}");
        let mean = run(&mut machine, 0, 90_000);
        assert!(mean < 0.3, "{mean}");
    }

    #[test]
    fn how_often_it_is_looked_at_does_not_matter() {
        let (mut often, mut seldom) = (begun(0.2), begun(0.2));
        let mut mean = 0.0;
        for _ in 0..100 {
            mean = run(&mut often, 50, 100);
        }
        let at_once = run(&mut seldom, 50, 10_000);
        assert!((mean - at_once).abs() < 0.01, "{mean}, {at_once}");
        // Within one tick of the clock there is nothing to say, and no time is lost.
        let (time, at) = (often.before, often.at);
        assert!((often.take(time, at + Duration::from_millis(5)) - mean).abs() < f64::EPSILON);
        assert_eq!(often.at, at);
    }

    #[test]
    fn it_begins_as_the_load_of_the_machine() {
        let (mut first, mut second) = (begun(0.6), begun(0.62));
        let (first, second) = (run(&mut first, 60, 1_000), run(&mut second, 100, 500));
        assert!(
            (first - second).abs() < 5.0,
            "two runners of one machine: {first}, {second}"
        );
        assert!((begun(7.0).mean - 100.0).abs() < f64::EPSILON);
    }

    #[test]
    fn this_machine_has_something() {
        let found = detect(Path::new("/")).expect("a machine");
        assert!(found.cpu_milli >= 1000 && found.memory_mib > 0 && found.disk_mib > 0);
        let usage = Sampler::new(Path::new("/")).sample();
        assert!(usage.memory > 0.0 && usage.memory <= 100.0);
    }
}
