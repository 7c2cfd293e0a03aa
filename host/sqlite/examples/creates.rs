//! Durable creates: how many a second, and how long one takes, beside what the disk does on its own; with larger and
//! larger fleets; with heartbeats beside them; and how long a full store takes to open.
//!
//! `cargo run --release -p sandbar-sqlite --example creates [callers] [seconds] [directory] [runners] [sandboxes]`

use std::{
    fs::File,
    os::unix::fs::FileExt as _,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use sandbar_sqlite::{Options, SqliteStore};
use sandbar_store::{StoreError, Totals};
use tokio::task::JoinHandle;

#[path = "../tests/common/mod.rs"]
mod common;

/// Syncs measured for comparison.
const SAMPLES: usize = 300;

/// Sandboxes that each runner can hold: more than are made here.
const ROOM: u64 = 1_000_000;

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

/// Creates of so many callers for a while, each on a runner of a window as a placement reads it.
async fn creates(store: &SqliteStore, round: &str, callers: usize, time: Duration) -> Vec<Duration> {
    let end = Instant::now() + time;
    let tasks: Vec<_> = (0..callers)
        .map(|caller| {
            let (store, round) = (store.clone(), round.to_owned());
            tokio::spawn(async move {
                let mut times = Vec::new();
                while Instant::now() < end {
                    // Spread over the tree as random ids are.
                    let mixed = (times.len() as u32 + 1).wrapping_mul(2_654_435_761);
                    let id = format!("{mixed:08x}-{round}-{caller:04}-{:016}", times.len());
                    let begun = Instant::now();
                    create(&store, &id, u64::from(mixed) << 32 | caller as u64).await;
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

/// A window of 32, as a placement reads it, and a create on the first of it that has room.
async fn create(store: &SqliteStore, id: &str, seed: u64) {
    let window = store
        .placement_window(common::REGION.into(), seed, 32, String::new())
        .await;
    for runner in window.expect("a window") {
        let mut placement = common::placed_on(&runner.id, &format!("job-{id}"));
        placement.totals = Some(Totals {
            cpu: u32::MAX,
            memory_gib: u32::MAX,
            disk_gib: u32::MAX,
        });
        placement.decision = format!(
            r#"{{"chosen":"{}","window":"{}"}}"#,
            runner.id,
            "candidate ".repeat(640)
        );
        match store.create_sandbox(common::sandbox(id), placement).await {
            Ok(_) => return,
            Err(StoreError::Conflict(_)) => {}
            Err(error) => panic!("{error}"),
        }
    }
    panic!("no runner in the window has room");
}

/// Heartbeats of the runners in turn by so many callers, until told to stop; how many there were.
fn heartbeats(store: &SqliteStore, runners: usize, callers: usize, end: Instant) -> Vec<JoinHandle<usize>> {
    (0..callers)
        .map(|caller| {
            let store = store.clone();
            tokio::spawn(async move {
                let mut count = 0;
                while Instant::now() < end {
                    let id = format!("fleet-{}", (caller + count * callers) % runners);
                    let health = sandbar_store::Health {
                        cpu_used: count as f64 % 100.0,
                        ..common::health(ROOM)
                    };
                    let said = store
                        .report(id, 0, vec![], Some(health), common::NOW + count as u64)
                        .await;
                    said.expect("a report");
                    count += 1;
                }
                count
            })
        })
        .collect()
}

/// Brings the fleet to so many runners.
async fn enlist(store: &SqliteStore, from: usize, to: usize) {
    let tasks: Vec<_> = (0..16)
        .map(|task| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in (from..to).filter(|number| number % 16 == task) {
                    let runner = common::runner(&format!("fleet-{number}"), ROOM);
                    let made = store.create_runner(runner, format!("{number:064x}"), false).await;
                    made.expect("a runner");
                }
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("no panic");
    }
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
    let most = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(1_000);
    let sandboxes: usize = arguments.next().and_then(|text| text.parse().ok()).unwrap_or(10_000);
    let time = Duration::from_secs(seconds);
    let path = directory.path().join("plane.db");
    common::run(async {
        let store = SqliteStore::open(&path, &Options::default()).expect("it opens");
        store.bootstrap(common::bootstrap()).await.expect("the first facts");
        let mut fleet = 0;
        for runners in [10, 1_000, 10_000].into_iter().filter(|runners| *runners <= most) {
            enlist(&store, fleet, runners).await;
            fleet = runners;
            for callers in [1, callers] {
                let before = store.metrics().snapshot();
                let begun = Instant::now();
                let times = creates(&store, &format!("{runners}-{callers}"), callers, time).await;
                let took = begun.elapsed().as_secs_f64();
                let after = store.metrics().snapshot();
                let syncs = after.syncs - before.syncs;
                println!(
                    "{runners} runners, {callers} callers: {:.0} durable placements/s, p50 {:.3?}, p95 {:.3?}, \
                     p99 {:.3?}, max {:.3?}; {:.1} per sync, sync mean {:.3?}, {} checkpoints",
                    times.len() as f64 / took,
                    percentile(&times, 50),
                    percentile(&times, 95),
                    percentile(&times, 99),
                    percentile(&times, 100),
                    times.len() as f64 / syncs.max(1) as f64,
                    (after.sync_time - before.sync_time) / syncs.max(1) as u32,
                    after.checkpoints - before.checkpoints,
                );
            }
        }
        for callers in [16, 128] {
            let beats = heartbeats(&store, fleet, callers, Instant::now() + time);
            let made = creates(&store, &format!("beats-{callers}"), 16, time).await;
            let mut count = 0;
            for beat in beats {
                count += beat.await.expect("a reporter");
            }
            let per_second = |count: usize| count as f64 / time.as_secs_f64();
            println!(
                "{callers} reporters beside 16 callers: {:.0} reports/s, {:.0} durable placements/s, p50 {:.3?}, p95 {:.3?}",
                per_second(count),
                per_second(made.len()),
                percentile(&made, 50),
                percentile(&made, 95)
            );
        }
        let usage = store.list_usage(common::ORGANIZATION.into()).await.expect("usage");
        let mut there = usage[0].sandboxes as usize;
        while there < sandboxes {
            let made = creates(&store, &format!("more-{there}"), 16, Duration::from_secs(1)).await;
            there += made.len();
        }
        let window = Instant::now();
        for seed in 0..1_000_u64 {
            let found = store
                .placement_window(common::REGION.into(), seed << 54, 32, String::new())
                .await;
            found.expect("a window");
        }
        println!("a window of 32 with {fleet} runners: {:.3?}", window.elapsed() / 1_000);
        let times = creates(&store, "last", 16, time).await;
        println!(
            "with {there} sandboxes: {:.0} durable placements/s, p50 {:.3?}",
            times.len() as f64 / time.as_secs_f64(),
            percentile(&times, 50)
        );
        common::assert_invariants(&store).await;
        store.close();
        let begun = Instant::now();
        let store = SqliteStore::open(&path, &Options::default()).expect("it opens again");
        println!("opening with {there} sandboxes and more: {:.3?}", begun.elapsed());
        drop(store);
    });
    Ok(())
}
