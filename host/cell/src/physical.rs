//! How much memory there really is, whatever was promised.

use crate::limits::MEMORY_PERCENT;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Version 1 of cgroups writes "no limit" as a huge number.
const NO_LIMIT: u64 = 1 << 60;

/// Bytes that the sandboxes of this cell may take together: [`MEMORY_PERCENT`] of what the machine, and the control
/// group that this process is in, have available now.
///
/// # Errors
/// If `/proc` does not say.
pub fn allowed() -> io::Result<u64> {
    let info = fs::read_to_string("/proc/meminfo")?;
    let machine = machine_available(&info)
        .ok_or_else(|| io::Error::other("/proc/meminfo has neither MemAvailable nor MemFree"))?;
    // A process without control groups has no such file.
    let membership = fs::read_to_string("/proc/self/cgroup").unwrap_or_default();
    let group = directories(&membership)
        .iter()
        .filter_map(|group| group.available())
        .min();
    Ok(percent(group.map_or(machine, |group| group.min(machine))))
}

fn percent(bytes: u64) -> u64 {
    bytes / 100 * MEMORY_PERCENT
}

fn machine_available(info: &str) -> Option<u64> {
    let field = |name: &str| {
        let line = info.lines().find(|line| line.starts_with(name))?;
        let kib: u64 = line.split_ascii_whitespace().nth(1)?.parse().ok()?;
        Some(kib << 10)
    };
    field("MemAvailable:").or_else(|| field("MemFree:"))
}

/// A directory of a memory control group.
#[derive(Debug, PartialEq, Eq)]
enum Group {
    One(PathBuf),
    Two(PathBuf),
}

impl Group {
    /// Its limit less what is in use and cannot be given up.
    fn available(&self) -> Option<u64> {
        let (directory, limit, used, cache) = match self {
            Self::One(directory) => (
                directory,
                "memory.limit_in_bytes",
                "memory.usage_in_bytes",
                "total_cache ",
            ),
            Self::Two(directory) => (directory, "memory.max", "memory.current", "file "),
        };
        let number = |name: &str| -> Option<u64> {
            let text = fs::read_to_string(directory.join(name)).ok()?;
            text.trim().parse().ok()
        };
        // "max" is no number: no limit.
        let limit = number(limit).filter(|limit| *limit < NO_LIMIT)?;
        let statistics = fs::read_to_string(directory.join("memory.stat")).unwrap_or_default();
        Some(left(limit, number(used).unwrap_or(0), &statistics, cache))
    }
}

/// `statistics` is a `memory.stat`; pages of files, its field `cache`, are given up when memory is short.
fn left(limit: u64, used: u64, statistics: &str, cache: &str) -> u64 {
    let cached = statistics
        .lines()
        .find_map(|line| line.strip_prefix(cache)?.trim().parse().ok())
        .unwrap_or(0);
    limit.saturating_sub(used.saturating_sub(cached))
}

/// The groups that bound this process: its own and all above it, as `/proc/self/cgroup` names them.
fn directories(membership: &str) -> Vec<Group> {
    let mut groups = Vec::new();
    for line in membership.lines() {
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(path)) = (fields.next(), fields.next()) else {
            continue;
        };
        let (root, make): (_, fn(PathBuf) -> Group) = if controllers.is_empty() {
            ("/sys/fs/cgroup", Group::Two)
        } else if controllers.split(',').any(|name| name == "memory") {
            ("/sys/fs/cgroup/memory", Group::One)
        } else {
            continue;
        };
        let relative = Path::new(path.trim_start_matches('/'));
        groups.extend(relative.ancestors().map(|part| make(Path::new(root).join(part))));
    }
    groups
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_some() {
        let allowed = allowed().expect("Linux");
        assert!(allowed > 1 << 20, "{allowed}");
    }

    #[test]
    fn what_is_available_counts() {
        let info = "MemTotal:  100 kB\nMemFree:  10 kB\nMemAvailable:  40 kB\n";
        assert_eq!(machine_available(info), Some(40 << 10));
        assert_eq!(machine_available("MemTotal: 100 kB\nMemFree: 10 kB\n"), Some(10 << 10));
        assert_eq!(machine_available("x"), None);
        assert_eq!(percent(1000), 800);
    }

    #[test]
    fn a_group_gives_up_its_cache() {
        assert_eq!(left(100, 70, "anon 30\nfile 40\n", "file "), 70);
        assert_eq!(left(100, 170, "", "file "), 0);
    }

    #[test]
    fn groups_and_those_above() {
        let two = |path: &str| Group::Two(path.into());
        assert_eq!(
            directories("0::/a/b\n"),
            [
                two("/sys/fs/cgroup/a/b"),
                two("/sys/fs/cgroup/a"),
                two("/sys/fs/cgroup/")
            ]
        );
        assert_eq!(
            directories("5:cpu:/x\n4:memory:/\n"),
            [Group::One("/sys/fs/cgroup/memory/".into())]
        );
    }
}
