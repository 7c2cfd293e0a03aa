//! A runner's availability, 0 to 100: its distance from the worst machine, relative to its distances from the
//! best and the worst, times a penalty for each resource that is nearly used up.
//!
//! Sold capacity counts lightly, and a fully sold idle machine is "best" (100) while an empty idle one is 86:
//! among machines that are equally busy, fuller ones are preferred a little, which keeps others free for large
//! sandboxes. Real use is the brake: memory from 75 % on takes a machine out of the running within 15 points.

use crate::model::Runner;

/// A quantity that counts: its weight, and where it is best and worst. Percent, except the number of sandboxes.
struct Criterion {
    weight: f64,
    best: f64,
    worst: f64,
}

const fn criterion(weight: f64, best: f64, worst: f64) -> Criterion {
    Criterion { weight, best, worst }
}

/// CPU, memory and disk in use; CPU, memory and disk sold; number of started sandboxes.
const CRITERIA: [Criterion; 7] = [
    criterion(0.25, 0.0, 100.0),
    criterion(0.4, 0.0, 100.0),
    criterion(0.4, 0.0, 100.0),
    criterion(0.03, 100.0, 500.0),
    criterion(0.03, 100.0, 500.0),
    criterion(0.03, 100.0, 500.0),
    criterion(0.1, 0.0, 100.0),
];

/// From `from` on, each unit of a quantity multiplies the score by `exp(-steepness)`.
struct Penalty {
    from: f64,
    steepness: f64,
}

/// CPU, memory and disk in use (percent), and load per CPU.
const PENALTIES: [Penalty; 4] = [
    Penalty {
        from: 90.0,
        steepness: 0.15,
    },
    Penalty {
        from: 75.0,
        steepness: 0.15,
    },
    Penalty {
        from: 75.0,
        steepness: 0.15,
    },
    Penalty {
        from: 0.7,
        steepness: 0.1,
    },
];

/// The score of a runner. 0 if a measurement is negative or not a number: nobody can say how busy it is.
pub fn score(runner: &Runner) -> u32 {
    let values = [
        runner.cpu_used,
        runner.memory_used,
        runner.disk_used,
        percent(runner.sold.cpu_milli, runner.allocatable.cpu_milli),
        percent(runner.sold.memory_mib, runner.allocatable.memory_mib),
        percent(runner.sold.disk_mib, runner.allocatable.disk_mib),
        f64::from(runner.started_sandboxes),
    ];
    let strained = [runner.cpu_used, runner.memory_used, runner.disk_used, runner.load];
    if values.iter().chain(&strained).any(|v| !v.is_finite() || *v < 0.0) {
        return 0;
    }
    let distance = |point: fn(&Criterion) -> f64| {
        let squares = CRITERIA.iter().zip(values).map(|(c, v)| {
            let apart = (v - point(c)) / 100.0;
            c.weight * apart * apart
        });
        squares.sum::<f64>().sqrt()
    };
    let (from_best, from_worst) = (distance(|c| c.best), distance(|c| c.worst));
    let penalty: f64 = PENALTIES
        .iter()
        .zip(strained)
        .filter(|(p, v)| *v >= p.from)
        .map(|(p, v)| (-p.steepness * (v - p.from)).exp())
        .product();
    // Best and worst are apart, so the sum is never 0.
    let score = (100.0 * from_worst / (from_best + from_worst) * penalty).round();
    // In 0 to 100 by construction, so the conversion is exact.
    score.clamp(0.0, 100.0) as u32
}

/// How much of a resource is sold. A runner that offers none of it has sold none of it.
fn percent(sold: u64, allocatable: u64) -> f64 {
    if allocatable == 0 {
        0.0
    } else {
        sold as f64 / allocatable as f64 * 100.0
    }
}
