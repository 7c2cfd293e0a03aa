//! Verdicts and placement: tables, then random fleets against a plain restatement of the rules.

use proptest::prelude::*;
use scheduler::{Amounts, BEST, Limits, Request, Runner, Verdict, place, score, verdict};

const LIMITS: Limits = Limits {
    suspect_after: 10_000,
    disconnected_after: 30_000,
    lost_after: 900_000,
};
const NOW: u64 = 10_000_000;

fn amounts(cpu: u64, memory: u64, disk: u64) -> Amounts {
    Amounts {
        cpu_milli: cpu * 1000,
        memory_mib: memory * 1024,
        disk_mib: disk * 1024,
    }
}

fn runner(id: &str) -> Runner {
    Runner {
        id: id.into(),
        healthy: true,
        last_report: NOW - 1_000,
        allocatable: amounts(8, 16, 100),
        ..Runner::default()
    }
}

fn request() -> Request {
    Request {
        need: amounts(1, 1, 3),
        now: NOW,
        hearing_since: 0,
        limits: LIMITS,
        seed: 7,
        least_score: 10,
    }
}

#[test]
fn silence_becomes_a_verdict_step_by_step() {
    let cases = [
        (0, Verdict::Ready),
        (9_999, Verdict::Ready),
        (10_000, Verdict::Suspect),
        (29_999, Verdict::Suspect),
        (30_000, Verdict::Disconnected),
        (899_999, Verdict::Disconnected),
        (900_000, Verdict::Lost),
    ];
    for (silence, want) in cases {
        let quiet = Runner {
            last_report: NOW - silence,
            ..runner("r")
        };
        assert_eq!(verdict(&quiet, NOW, 0, &LIMITS), want, "after {silence} ms");
        // The same silence, most of it while the plane itself was deaf.
        let want = if silence > 5_000 { Verdict::Ready } else { want };
        assert_eq!(
            verdict(&quiet, NOW, NOW - 5_000, &LIMITS),
            want,
            "deaf, after {silence} ms"
        );
    }
}

#[test]
fn never_heard_unwell_and_early_runners() {
    let never = Runner {
        last_report: 0,
        ..runner("r")
    };
    assert_eq!(verdict(&never, NOW, 0, &LIMITS), Verdict::Initializing);
    let unwell = Runner {
        healthy: false,
        ..runner("r")
    };
    assert_eq!(verdict(&unwell, NOW, 0, &LIMITS), Verdict::Unhealthy);
    let unwell_and_silent = Runner {
        last_report: NOW - 15_000,
        ..unwell
    };
    assert_eq!(verdict(&unwell_and_silent, NOW, 0, &LIMITS), Verdict::Unhealthy);
    let early = Runner {
        last_report: NOW + 60_000,
        ..runner("r")
    };
    assert_eq!(verdict(&early, NOW, 0, &LIMITS), Verdict::Ready);
}

#[test]
fn a_refusal_counts_each_runner_once_and_says_why() {
    let fleet = [
        Runner {
            unschedulable: true,
            ..runner("a")
        },
        Runner {
            draining: true,
            last_report: 0,
            ..runner("b")
        },
        Runner {
            last_report: 0,
            ..runner("c")
        },
        Runner {
            sold: amounts(8, 8, 8),
            ..runner("d")
        },
        Runner {
            memory_used: 95.0,
            ..runner("e")
        },
    ];
    let refusal = place(&request(), &fleet).expect_err("none will do");
    assert_eq!(
        (
            refusal.considered,
            refusal.unschedulable,
            refusal.not_ready,
            refusal.too_full,
            refusal.too_busy
        ),
        (5, 2, 1, 1, 1)
    );
    assert_eq!(
        refusal.reason,
        "of 5 considered: 2 unschedulable or draining, 1 not ready, \
         1 without room for 1 CPU, 1 GiB of memory and 3 GiB of disk, 1 too busy"
    );
    let nobody = place(&request(), &[]).expect_err("nobody there");
    assert_eq!(
        (nobody.considered, nobody.reason.as_str()),
        (0, "no runner is registered")
    );
}

#[test]
fn a_suspect_runner_is_the_last_resort() {
    let suspect = Runner {
        last_report: NOW - 20_000,
        ..runner("suspect")
    };
    let ready = Runner {
        cpu_used: 80.0,
        memory_used: 74.0,
        ..runner("ready")
    };
    for seed in 0..64 {
        let request = Request { seed, ..request() };
        let choice = place(&request, &[suspect.clone(), ready.clone()]).expect("one will do");
        assert_eq!(choice.runner, "ready");
    }
    let full = Runner {
        sold: amounts(8, 0, 0),
        ..ready
    };
    assert_eq!(
        place(&request(), &[suspect, full]).expect("one will do").runner,
        "suspect"
    );
}

#[test]
fn need_that_just_fits_is_placed_and_a_unit_more_is_not() {
    let tight = Runner {
        sold: amounts(7, 15, 97),
        ..runner("r")
    };
    assert!(place(&request(), std::slice::from_ref(&tight)).is_ok());
    for more in [(1, 0, 0), (0, 1, 0), (0, 0, 1)] {
        let need = Amounts {
            cpu_milli: 1_000 + more.0,
            memory_mib: 1_024 + more.1,
            disk_mib: 3_072 + more.2,
        };
        let refusal = place(&Request { need, ..request() }, std::slice::from_ref(&tight));
        assert_eq!(refusal.expect_err("too full").too_full, 1);
    }
    let endless = Amounts {
        cpu_milli: u64::MAX,
        memory_mib: u64::MAX,
        disk_mib: u64::MAX,
    };
    assert!(
        place(
            &Request {
                need: endless,
                ..request()
            },
            &[tight]
        )
        .is_err()
    );
}

#[test]
fn the_better_runner_is_preferred_and_the_worse_one_not_starved() {
    let fleet = [
        runner("better"),
        Runner {
            cpu_used: 60.0,
            ..runner("worse")
        },
    ];
    let better = (0..10_000)
        .filter(|seed| {
            let choice = place(
                &Request {
                    seed: *seed,
                    ..request()
                },
                &fleet,
            );
            choice.expect("fits").runner == "better"
        })
        .count();
    assert!(
        (7_200..7_800).contains(&better),
        "{better} of 10000, three in four expected"
    );
}

fn any_runner() -> impl Strategy<Value = Runner> {
    let used = || 0.0..100.0_f64;
    (
        (
            any::<prop::sample::Index>(),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.1),
            prop::bool::weighted(0.9),
        ),
        prop_oneof![1 => Just(0), 8 => (NOW - 12_000)..NOW + 10, 2 => 1..NOW],
        (1..16_u64, 1..32_u64, 1..100_u64),
        (0..17_u64, 0..33_u64, 0..101_u64),
        (used(), used(), used(), 0.0..3.0_f64, 0..200_u32),
    )
        .prop_map(
            |((id, unschedulable, draining, healthy), last_report, offered, sold, used)| Runner {
                id: format!("r{:03}", id.index(1_000)),
                unschedulable,
                draining,
                healthy,
                last_report,
                allocatable: amounts(offered.0, offered.1, offered.2),
                sold: amounts(sold.0, sold.1, sold.2),
                cpu_used: used.0,
                memory_used: used.1,
                disk_used: used.2,
                load: used.3,
                started_sandboxes: used.4,
            },
        )
}

/// The rules said once more, each as a filter over the whole fleet.
fn eligible(request: &Request, fleet: &[Runner]) -> Vec<(u32, String)> {
    let passing = |wanted: Verdict| {
        let mut list: Vec<(u32, String)> = fleet
            .iter()
            .filter(|r| !r.unschedulable && !r.draining)
            .filter(|r| verdict(r, request.now, request.hearing_since, &request.limits) == wanted)
            .filter(|r| r.sold.cpu_milli + request.need.cpu_milli <= r.allocatable.cpu_milli)
            .filter(|r| r.sold.memory_mib + request.need.memory_mib <= r.allocatable.memory_mib)
            .filter(|r| r.sold.disk_mib + request.need.disk_mib <= r.allocatable.disk_mib)
            .map(|r| (score(r), r.id.clone()))
            .filter(|(score, _)| *score >= request.least_score)
            .collect();
        list.sort_by_key(|(score, id)| (std::cmp::Reverse(*score), id.clone()));
        list.truncate(BEST);
        list
    };
    let ready = passing(Verdict::Ready);
    if ready.is_empty() {
        passing(Verdict::Suspect)
    } else {
        ready
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    #[test]
    fn the_choice_is_always_one_that_the_rules_allow(
        mut fleet in prop::collection::vec(any_runner(), 0..40),
        need in (1..8_u64, 1..16_u64, 1..50_u64),
        seed in any::<u64>(),
        hearing_since in prop_oneof![Just(0), NOW - 20_000..NOW],
    ) {
        fleet.sort_by(|a, b| a.id.cmp(&b.id));
        fleet.dedup_by(|a, b| a.id == b.id);
        let request = Request { need: amounts(need.0, need.1, need.2), seed, hearing_since, ..request() };
        let allowed = eligible(&request, &fleet);
        match place(&request, &fleet) {
            Ok(choice) => {
                prop_assert!(allowed.contains(&(choice.score, choice.runner.clone())), "{choice:?} of {allowed:?}");
                let chosen = fleet.iter().find(|r| r.id == choice.runner).expect("a candidate");
                prop_assert!(chosen.allocatable.holds(chosen.sold, request.need));
                // Neither the order of the candidates nor the runners ruled out have a say.
                let mut other = fleet.clone();
                other.reverse();
                prop_assert_eq!(place(&request, &other), Ok(choice));
            }
            Err(refusal) => {
                prop_assert!(allowed.is_empty(), "refused though {allowed:?} would do");
                let counted = refusal.unschedulable + refusal.not_ready + refusal.too_full + refusal.too_busy;
                prop_assert_eq!(counted, refusal.considered);
                prop_assert_eq!(refusal.considered as usize, fleet.len());
            }
        }
    }

    #[test]
    fn every_runner_among_the_best_is_chosen_by_some_seed(
        fleet in prop::collection::vec(any_runner(), 1..6),
    ) {
        let mut fleet = fleet;
        fleet.sort_by(|a, b| a.id.cmp(&b.id));
        fleet.dedup_by(|a, b| a.id == b.id);
        let allowed = eligible(&request(), &fleet);
        for (_, id) in allowed {
            prop_assert!((0..2_000).any(|seed| {
                place(&Request { seed, ..request() }, &fleet).is_ok_and(|choice| choice.runner == id)
            }), "{id} is starved");
        }
    }
}
