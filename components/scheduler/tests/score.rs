//! Scores of known machines.

use scheduler::{Amounts, Runner, score};

/// (name, cpu, memory, disk in use; cpu, memory, disk sold; started; load; score)
type Case = (&'static str, [f64; 3], [u64; 3], u32, f64, u32);

const CASES: [Case; 14] = [
    ("empty idle", [0., 0., 0.], [0, 0, 0], 0, 0., 86),
    ("typical empty", [5., 20., 15.], [0, 0, 0], 0, 0.1, 84),
    ("sold out, idle", [0., 0., 0.], [100, 100, 100], 0, 0., 100),
    ("half sold", [30., 40., 30.], [50, 50, 50], 10, 0.3, 80),
    ("sold out, 30 sandboxes", [50., 60., 50.], [100, 100, 100], 30, 0.6, 70),
    ("oversold, 50 sandboxes", [60., 70., 60.], [200, 200, 200], 50, 0.9, 56),
    ("memory 80 %", [50., 80., 50.], [100, 100, 100], 30, 0.6, 31),
    ("memory 90 %", [50., 90., 50.], [100, 100, 100], 30, 0.6, 7),
    ("memory 95 %", [50., 95., 50.], [100, 100, 100], 30, 0.6, 3),
    ("disk 85 %", [50., 60., 85.], [100, 100, 100], 30, 0.6, 14),
    ("cpu 100 %, load 4", [100., 60., 50.], [100, 100, 100], 30, 4., 10),
    ("all critical", [100., 100., 100.], [500, 500, 500], 100, 5., 0),
    ("100 idle sandboxes", [5., 30., 20.], [400, 400, 400], 100, 0.2, 47),
    ("300 idle sandboxes", [5., 30., 20.], [400, 400, 400], 300, 0.2, 45),
];

fn machine(used: [f64; 3], sold: [u64; 3], started: u32, load: f64) -> Runner {
    Runner {
        allocatable: Amounts {
            cpu_milli: 100,
            memory_mib: 100,
            disk_mib: 100,
        },
        sold: Amounts {
            cpu_milli: sold[0],
            memory_mib: sold[1],
            disk_mib: sold[2],
        },
        started_sandboxes: started,
        cpu_used: used[0],
        memory_used: used[1],
        disk_used: used[2],
        load,
        ..Runner::default()
    }
}

#[test]
fn known_machines_have_their_known_scores() {
    for (name, used, sold, started, load, want) in CASES {
        assert_eq!(score(&machine(used, sold, started, load)), want, "{name}");
    }
}

#[test]
fn nonsense_scores_nothing() {
    for bad in [-0.1, f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
        for position in 0..4 {
            let mut used = [10.0; 3];
            let mut load = 0.1;
            if position < 3 {
                used[position] = bad;
            } else {
                load = bad;
            }
            assert_eq!(score(&machine(used, [0; 3], 0, load)), 0, "{bad} at {position}");
        }
    }
}

#[test]
fn a_runner_that_offers_nothing_is_scored_as_empty() {
    assert_eq!(score(&Runner::default()), 86);
}
