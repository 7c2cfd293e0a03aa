//! Histories by seed: 200 in a normal run, `SANDBAR_SEEDS=N` for another number, `SANDBAR_SEED=n` for one alone.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use sandbar_simulation::{Options, Played, report, run};

/// Histories of a normal run.
const SEEDS: u64 = 200;

fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name}={text} is no number")))
}

#[test]
#[allow(
    clippy::print_stdout,
    reason = "what was played is told with --nocapture, and when it fails"
)]
fn whatever_goes_wrong_nothing_is_sold_twice_acknowledged_twice_or_stuck() {
    if let Some(seed) = number("SANDBAR_SEED") {
        let options = Options::of_seed(seed);
        match run(&options) {
            Ok(played) => println!("seed {seed}: {played:?}"),
            Err(violation) => panic!("{}", report(&options, &violation)),
        }
        return;
    }
    let seeds = number("SANDBAR_SEEDS").unwrap_or(SEEDS);
    let next = AtomicU64::new(0);
    let failed = Mutex::new(Vec::new());
    let sum = Mutex::new(Played::default());
    let threads = std::thread::available_parallelism().map_or(2, usize::from);
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= seeds {
                        return;
                    }
                    let options = Options::of_seed(seed);
                    match run(&options) {
                        Ok(played) => add(&mut sum.lock().unwrap_or_else(PoisonError::into_inner), &played),
                        Err(violation) => {
                            failed
                                .lock()
                                .unwrap_or_else(PoisonError::into_inner)
                                .push((options, violation));
                            next.store(seeds, Ordering::Relaxed);
                        }
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some((options, violation)) = failed.first() {
        panic!("{}", report(options, violation));
    }
    let sum = sum.into_inner().unwrap_or_else(PoisonError::into_inner);
    println!("{seeds} seeds: {sum:?}");
    // Nothing was shown if nothing happened.
    assert!(sum.created > seeds && sum.acknowledged > 10 * seeds, "{sum:?}");
    if seeds >= SEEDS {
        assert!(sum.refused > 0 && sum.faults.len() >= 12, "{sum:?}");
    }
}

fn add(sum: &mut Played, played: &Played) {
    sum.steps += played.steps;
    sum.created += played.created;
    sum.acknowledged += played.acknowledged;
    sum.refused += played.refused;
    sum.reports += played.reports;
    for (kind, number) in &played.faults {
        *sum.faults.entry(kind).or_default() += number;
    }
}

#[test]
fn the_same_seed_is_the_same_history() {
    let options = Options::of_seed(7);
    assert_eq!(run(&options), run(&options));
    assert_ne!(
        run(&options),
        run(&Options {
            seed: 8,
            ..options.clone()
        })
    );
}
