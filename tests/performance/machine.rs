//! What the figures were measured on.

use crate::stats::Samples;
use std::io::Write;

/// Processor, cores, memory, kernel, and what one fdatasync costs here today.
pub fn describe() -> String {
    let cpu = field("/proc/cpuinfo", "model name").unwrap_or_else(|| std::env::consts::ARCH.to_owned());
    let memory = field("/proc/meminfo", "MemTotal").unwrap_or_default();
    let kernel = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let load = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    format!(
        "machine: {cpu}, {cores} cores, {memory}, Linux {}, load {}\nfdatasync of 4 KiB   {}",
        kernel.trim(),
        load.split(' ').next().unwrap_or("?"),
        fdatasync(),
    )
}

fn field(file: &str, name: &str) -> Option<String> {
    let text = std::fs::read_to_string(file).ok()?;
    let line = text.lines().find(|line| line.starts_with(name))?;
    Some(line.split_once(':')?.1.trim().to_owned())
}

/// In the directory where the platforms of this run keep their data.
fn fdatasync() -> Samples {
    let mut samples = Samples::default();
    let Ok(mut file) = tempfile::tempfile() else {
        return samples;
    };
    for _ in 0..100 {
        let _ = file.write_all(&[7; 4096]);
        let _ = samples.time(|| file.sync_data());
    }
    samples
}
