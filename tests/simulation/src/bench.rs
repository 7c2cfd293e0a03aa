//! How fast the compiled scheduler decides.

use std::time::{Duration, Instant};

use through_wasm_scheduler as scheduler;

/// What was measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Placements {
    /// Runners in each decision's window.
    pub window: usize,
    /// Decisions in one second, by one instance.
    pub per_second: f64,
}

/// Lets one instance of the compiled scheduler decide for as long as is said, over windows of so many runners that all
/// differ. The cost includes lifting the window into the component, as in the plane.
///
/// # Panics
/// If the component is not built, or refuses a fleet that has room.
#[must_use]
pub fn placements_per_second(window: usize, lasting: Duration) -> Placements {
    let amounts = |of: u64| scheduler::Amounts {
        cpu_milli: of * 1_000,
        memory_mib: of * 4_096,
        disk_mib: of * 16_384,
    };
    let now = 1_000_000;
    let fleet: Vec<scheduler::Runner> = (0..window)
        .map(|number| scheduler::Runner {
            id: format!("{number:08x}-0000-4000-8000-000000000000"),
            healthy: true,
            last_report: now - 1_000,
            allocatable: amounts(32),
            sold: amounts(number as u64 % 31),
            started_sandboxes: (number % 31) as u32,
            cpu_used: (number % 60) as f64,
            memory_used: (number % 70) as f64,
            disk_used: (number % 50) as f64,
            load: 0.3,
            has_snapshot: true,
            ..scheduler::Runner::default()
        })
        .collect();
    let mut request = scheduler::Request {
        need: amounts(1),
        now,
        hearing_since: 0,
        limits: crate::plane::LIMITS,
        seed: 0,
        least_score: 10,
        policy: scheduler::Policy::Spread,
        avoid: Vec::new(),
    };
    let mut decide = |seed: u64| {
        request.seed = seed;
        scheduler::place(&request, &fleet).expect("there is room");
    };
    // The first decision compiles and instantiates.
    decide(0);
    let start = Instant::now();
    let mut decisions = 0_u64;
    while start.elapsed() < lasting {
        for _ in 0..16 {
            decisions += 1;
            decide(decisions);
        }
    }
    Placements {
        window,
        per_second: decisions as f64 / start.elapsed().as_secs_f64(),
    }
}
