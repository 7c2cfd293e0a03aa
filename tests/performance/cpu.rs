//! CPU time of processes, as the kernel counts it: it says the same on a busy machine as on a quiet one.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

/// Length of a tick in `/proc/PID/stat`: the kernel tells programs of hundredths of a second whatever it counts in.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process; none if it has gone.
pub fn of(pid: u32) -> Duration {
    let fields = stat(pid).unwrap_or_default();
    let ticks = |at: usize| fields.get(at).and_then(|field| field.parse::<u32>().ok()).unwrap_or(0);
    // Counted from the state, which is the third.
    TICK * (ticks(11) + ticks(12))
}

/// The same of a platform and of its children, by what each is.
pub fn of_family(platform: u32) -> BTreeMap<String, Duration> {
    let mut family = BTreeMap::from([("plane".to_owned(), of(platform))]);
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()) else {
            continue;
        };
        let parent = stat(pid).and_then(|fields| fields.get(1)?.parse().ok());
        if parent == Some(platform) {
            let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
            let word = line.split(|byte| *byte == 0).nth(1).unwrap_or_default();
            *family.entry(String::from_utf8_lossy(word).into_owned()).or_default() += of(pid);
        }
    }
    family
}

/// The fields of `/proc/PID/stat` from the state on; the name before it may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, rest) = text.rsplit_once(')')?;
    Some(rest.split_whitespace().map(str::to_owned).collect())
}
