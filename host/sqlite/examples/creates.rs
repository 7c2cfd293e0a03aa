//! Durable creates: how many a second, and how long one takes, beside what the disk does on its own.
//!
//! `cargo run --release -p sandbar-sqlite --example creates [callers] [seconds] [directory]`

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sandbar_sqlite::{Options, SqliteStore};

#[path = "../tests/common/mod.rs"]
mod common;

/// Syncs measured for comparison.
const SAMPLES: usize = 300;

fn percentile(sorted: &[Duration], percent: usize) -> Duration {
    sorted[(sorted.len() - 1) * percent / 100]
}

/// `fdatasync` after overwriting 48 KiB (about what one create adds to the log) of an allocated file.
fn raw_syncs(directory: &Path) -> std::io::Result<Vec<Duration>> {
    const WRITE: usize = 48 * 1_024;
    let file = File::create(directory.join("raw"))?;
    file.write_all_at(&vec![0; WRITE * SAMPLES], 0)?;
    file.sync_all()?;
    let mut times = Vec::with_capacity(SAMPLES);
    for sample in 0..SAMPLES {
        file.write_all_at(&[sample as u8; WRITE], (sample * WRITE) as u64)?;
        let begun = Instant::now();
        file.sync_data()?;
        times.push(begun.elapsed());
    }
    times.sort();
    Ok(times)
}

async fn creates(store: &SqliteStore, round: usize, callers: usize, time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    // Spread over the tree as random ids are.
                    let mixed = (times.len() as u32).wrapping_mul(2_654_435_761);
                    let id = format!("{mixed:08x}-{round:04}-{caller:04}-{:016}", times.len());
                    let begun = Instant::now();
                    common::create(&store, &id).await.expect("a create");
                    times.push(begun.elapsed());
                }
                times
            })
        })
        .collect();
    let mut all = Vec::new();
    for task in tasks {
        all.extend(task.await.expect("a caller"));
    }
    all.sort();
    all
}

#[allow(clippy::print_stdout, reason = "printing is what an example is for")]
fn main() -> std::io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let callers = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(16);
    let seconds = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(5);
    let directory = match arguments.next() {
        Some(path) => tempfile::tempdir_in(PathBuf::from(path))?,
        None => tempfile::tempdir_in(".")?,
    };
    let raw = raw_syncs(directory.path())?;
    println!(
        "raw fdatasync of 48 KiB: p50 {:.3?}, p99 {:.3?}",
        percentile(&raw, 50),
        percentile(&raw, 99)
    );
    common::run(async {
        let path = directory.path().join("plane.db");
        let store = SqliteStore::open(&path, &Options::default()).expect("it opens");
        common::prepare(&store, 10_000_000).await;
        for (round, callers) in [1, callers].into_iter().enumerate() {
            let before = store.metrics().snapshot();
            let begun = Instant::now();
            let times = creates(&store, round, callers, Duration::from_secs(seconds)).await;
            let took = begun.elapsed().as_secs_f64();
            let after = store.metrics().snapshot();
            let syncs = after.syncs - before.syncs;
            println!(
                "{callers} callers: {:.0} durable creates/s, p50 {:.3?}, p95 {:.3?}, p99 {:.3?}, max {:.3?}; \
                 {:.1} creates per sync, sync mean {:.3?}, {} checkpoints",
                times.len() as f64 / took,
                percentile(&times, 50),
                percentile(&times, 95),
                percentile(&times, 99),
                percentile(&times, 100),
                times.len() as f64 / syncs as f64,
                (after.sync_time - before.sync_time) / syncs.max(1) as u32,
                after.checkpoints - before.checkpoints,
            );
        }
        common::assert_invariants(&store).await;
    });
    Ok(())
}
