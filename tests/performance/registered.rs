//! Creates with many registered runners, and heartbeats beside creates. The many are played by this program: it registers
//! them, reports for them, and reports what was placed on them as started.

use crate::stats::Samples;
use crate::{Plan, say};
use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Fleets whose creates are compared.
const SIZES: [usize; 3] = [10, 1000, 10_000];
/// Threads that register and report.
const THREADS: usize = 8;

/// A runner that this program plays.
#[derive(Clone)]
struct Played {
    id: String,
    token: String,
    process: String,
}

pub fn measure(platform: &Platform, plan: &Plan) {
    let api = platform.api();
    let mut fleet = Vec::new();
    let region = sandbar_tests::make_region(&api, "many");
    let sizes = if plan.wants("registered") {
        &SIZES[..]
    } else {
        &SIZES[..2]
    };
    let mut medians = Vec::new();
    for size in sizes {
        let more = size - fleet.len();
        let begin = Instant::now();
        fleet.extend(register(&api, &region, fleet.len(), more));
        say(&format!(
            "{size} runners registered ({more} more in {:.1?})",
            begin.elapsed()
        ));
        if plan.wants("registered") {
            let samples = creates(&api, &region, &fleet, plan.samples(300));
            say(&format!("create with {size:>6} runners           {samples}"));
            medians.push(samples.median());
        }
    }
    if let (Some(first), Some(last)) = (medians.first(), medians.last()) {
        say(&format!(
            "  largest / smallest fleet          {:9.2}",
            last / first.max(f64::EPSILON)
        ));
    }
    if plan.wants("heartbeats") {
        heartbeats(&api, &fleet, plan);
    }
}

/// Does `work` for each of the numbers, on several threads.
fn spread<T: Send + 'static>(
    numbers: std::ops::Range<usize>,
    work: impl Fn(usize) -> T + Send + Sync + 'static,
) -> Vec<T> {
    let work = Arc::new(work);
    let threads: Vec<_> = (0..THREADS)
        .map(|thread| {
            let (work, numbers) = (Arc::clone(&work), numbers.clone());
            std::thread::spawn(move || {
                numbers
                    .skip(thread)
                    .step_by(THREADS)
                    .map(|number| work(number))
                    .collect::<Vec<T>>()
            })
        })
        .collect();
    threads
        .into_iter()
        .flat_map(|thread| thread.join().expect("a thread of the bench"))
        .collect()
}

fn register(api: &Api, region: &str, first: usize, count: usize) -> Vec<Played> {
    let (api, region) = (api.clone(), region.to_owned());
    spread(first..first + count, move |number| {
        let made = api.post(
            "/runners",
            &json!({ "name": format!("played-{number}"), "regionId": region }),
        );
        assert_eq!(made.status, 201, "register: {}", made.text);
        let text = |key: &str| made.json[key].as_str().unwrap_or_default().to_owned();
        let own = api.with_key(&text("apiKey"));
        let attached = own.post("/runners/attach", &json!({ "instance": format!("{number:032x}") }));
        assert_eq!(attached.status, 200, "attach: {}", attached.text);
        let played = Played {
            id: text("id"),
            token: text("apiKey"),
            process: attached.json["process"].to_string(),
        };
        report(&api, &played, json!([]));
        played
    })
}

fn report(api: &Api, runner: &Played, observations: Value) {
    let health = json!({
        "metrics": {
            "currentCpuLoadAverage": 0.1, "currentCpuUsagePercentage": 5, "currentMemoryUsagePercentage": 10,
            "currentDiskUsagePercentage": 10, "currentAllocatedCpu": 0, "currentAllocatedMemoryGiB": 0,
            "currentAllocatedDiskGiB": 0, "currentSnapshotCount": 1, "currentStartedSandboxes": 0,
            "cpu": 64, "memoryGiB": 256, "diskGiB": 2048
        },
        "snapshots": ["sandbar"],
        "serviceHealth": [],
        "appVersion": "bench"
    });
    let answer = api
        .with_key(&runner.token)
        .with_header("sandbar-runner-process", &runner.process)
        .post(
            "/runners/report",
            &json!({ "observations": observations, "health": health }),
        );
    assert_eq!(answer.status, 200, "report: {}", answer.text);
}

/// Creates one after the other; each is reported started by the runner it went to.
fn creates(api: &Api, region: &str, fleet: &[Played], count: usize) -> Samples {
    let by_id: HashMap<String, Played> = fleet.iter().map(|one| (one.id.clone(), one.clone())).collect();
    let done = Arc::new(AtomicBool::new(false));
    let starter = {
        let (api, region, done) = (api.clone(), region.to_owned(), Arc::clone(&done));
        std::thread::spawn(move || {
            while !done.load(Ordering::SeqCst) {
                let waiting = api.get(&format!("/sandbox?states=creating&regionIds={region}&limit=200"));
                for sandbox in waiting.json["items"].as_array().map(Vec::as_slice).unwrap_or_default() {
                    let Some(runner) = sandbox["runnerId"].as_str().and_then(|id| by_id.get(id)) else {
                        continue;
                    };
                    let seen = json!([{
                        "sandboxId": sandbox["id"], "generation": 1, "state": "started", "recoverable": false
                    }]);
                    report(&api, runner, seen);
                }
            }
        })
    };
    let mut samples = Samples::default();
    for _ in 0..count {
        samples.time(|| api.create(&json!({ "target": region })));
    }
    done.store(true, Ordering::SeqCst);
    starter.join().expect("the thread that starts sandboxes");
    samples
}

/// Reports of the played runners as fast as they go, while four clients create on the platform's own runner.
fn heartbeats(api: &Api, fleet: &[Played], plan: &Plan) {
    let length = Duration::from_secs(if plan.divisor > 1 { 3 } else { 10 });
    let end = Instant::now() + length;
    let (reports, created) = (Arc::new(AtomicU64::new(0)), Arc::new(AtomicU64::new(0)));
    let mut threads = Vec::new();
    for thread in 0..THREADS {
        let (api, fleet, reports) = (api.clone(), fleet.to_vec(), Arc::clone(&reports));
        threads.push(std::thread::spawn(move || {
            for runner in fleet.iter().skip(thread).step_by(THREADS).cycle() {
                if Instant::now() >= end {
                    return;
                }
                report(&api, runner, json!([]));
                reports.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for _ in 0..4 {
        let (api, created) = (api.clone(), Arc::clone(&created));
        threads.push(std::thread::spawn(move || {
            while Instant::now() < end {
                api.create(&json!({ "target": "us" }));
                created.fetch_add(1, Ordering::Relaxed);
            }
        }));
    }
    for thread in threads {
        thread.join().expect("a thread of the bench");
    }
    let rate = |count: &AtomicU64| count.load(Ordering::Relaxed) as f64 / length.as_secs_f64();
    say(&format!(
        "heartbeats beside creates           {:.0} reports per second, {:.0} creates per second ({THREADS} and 4 clients)",
        rate(&reports),
        rate(&created)
    ));
}
