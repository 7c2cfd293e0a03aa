//! Verdicts and placement: tables, then random fleets against a plain restatement of the rules.

use proptest::prelude::*;
use scheduler::{Amounts, Limits, NEAR, Policy, Request, Runner, Verdict, place, score, verdict};

const LIMITS: Limits = Limits {
    suspect_after: 10_000,
    disconnected_after: 30_000,
    lost_after: 900_000,
    brake_share: 30,
    brake_least: 3,
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
        has_snapshot: true,
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
        policy: Policy::Spread,
        avoid: Vec::new(),
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
    let full = Runner {
        sold: amounts(8, 8, 8),
        ..runner("full")
    };
    let fleet = [
        Runner {
            unschedulable: true,
            ..runner("failed")
        },
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
            has_snapshot: false,
            ..runner("c")
        },
        Runner {
            has_snapshot: false,
            ..full.clone()
        },
        full,
        Runner {
            memory_used: 95.0,
            ..runner("e")
        },
    ];
    let request = Request {
        avoid: vec!["failed".into(), "elsewhere".into()],
        ..request()
    };
    let refusal = place(&request, &fleet).expect_err("none will do");
    let counts = [
        refusal.considered,
        refusal.avoided,
        refusal.unschedulable,
        refusal.not_ready,
        refusal.no_snapshot,
        refusal.too_full,
        refusal.too_busy,
    ];
    assert_eq!(counts, [7, 1, 2, 1, 1, 1, 1]);
    assert_eq!(
        refusal.reason,
        "none of 7 runners is left after the filter by score: 1 where the sandbox has just failed, \
         2 unschedulable or draining, 1 not ready, 1 without the snapshot, \
         1 without room for 1 CPU, 1 GiB of memory and 3 GiB of disk, 1 too busy; \
         wait until their load falls, or add a runner"
    );
    // One filter after the other is the last.
    let filters = [
        "failure",
        "schedulability",
        "schedulability",
        "state",
        "snapshot",
        "capacity",
        "score",
    ];
    for (number, filter) in filters.into_iter().enumerate() {
        let refusal = place(&request, &fleet[..=number]).expect_err("none will do");
        assert!(
            refusal.reason.contains(&format!("filter by {filter}:")),
            "{}",
            refusal.reason
        );
    }
    let nobody = place(&request, &[]).expect_err("nobody there");
    assert_eq!(
        (nobody.considered, nobody.reason.as_str()),
        (0, "no runner is registered; add one")
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

/// How often each runner is chosen, by ten thousand seeds.
fn shares(request: &Request, fleet: &[Runner]) -> std::collections::BTreeMap<String, u32> {
    let mut shares = std::collections::BTreeMap::new();
    for seed in 0..10_000 {
        let request = Request {
            seed,
            ..request.clone()
        };
        *shares.entry(place(&request, fleet).expect("fits").runner).or_default() += 1;
    }
    shares
}

#[test]
fn the_emptier_of_two_equals_is_preferred_and_the_fuller_one_not_starved() {
    let fleet = [
        runner("emptier"),
        Runner {
            sold: amounts(1, 1, 1),
            ..runner("fuller")
        },
    ];
    let emptier = shares(&request(), &fleet)["emptier"];
    assert!(
        (7_200..7_800).contains(&emptier),
        "{emptier} of 10000, three in four expected"
    );
}

/// The example that goes with the known scores: 84, 84, 80, 70, 56, 31, 14, 9.
#[test]
fn machines_in_trouble_take_nothing_while_others_are_well() {
    let memory = [0.0, 0.0, 30.0, 60.0, 76.0, 81.0, 86.0, 90.0];
    let fleet: Vec<Runner> = memory
        .iter()
        .enumerate()
        .map(|(number, used)| Runner {
            memory_used: *used,
            ..runner(&format!("r{number}"))
        })
        .collect();
    let score_of = score;
    let scores: Vec<u32> = fleet.iter().map(score_of).collect();
    let best = scores[0];
    let shares = shares(&request(), &fleet);
    for (runner, score) in fleet.iter().zip(scores) {
        let share = shares.get(&runner.id).copied().unwrap_or(0);
        if score + NEAR >= best {
            // All are equally empty, so the draw is uniform.
            let number = fleet.iter().filter(|r| score_of(r) + NEAR >= best).count();
            let expected = 10_000 / u32::try_from(number).expect("a few");
            assert!(
                share.abs_diff(expected) < 300,
                "{}: {share}, {expected} expected",
                runner.id
            );
        } else {
            assert_eq!(share, 0, "{} with {score}", runner.id);
        }
    }
}

#[test]
fn a_burst_between_two_reports_is_spread_by_what_is_sold() {
    let mut fleet: Vec<Runner> = (0..8).map(|number| runner(&format!("r{number}"))).collect();
    for seed in 0..32 {
        let request = Request { seed, ..request() };
        let chosen = place(&request, &fleet).expect("fits").runner;
        let runner = fleet.iter_mut().find(|r| r.id == chosen).expect("a candidate");
        runner.sold.cpu_milli += request.need.cpu_milli;
        runner.sold.memory_mib += request.need.memory_mib;
        runner.sold.disk_mib += request.need.disk_mib;
    }
    let sold: Vec<u64> = fleet.iter().map(|r| r.sold.cpu_milli / 1_000).collect();
    assert!(
        sold.iter().all(|cpus| (2..=6).contains(cpus)),
        "4 each expected: {sold:?}"
    );
}

#[test]
fn pack_fills_the_fullest_runner_that_still_fits() {
    let mut fleet: Vec<Runner> = (0..4).map(|number| runner(&format!("r{number}"))).collect();
    let mut order = Vec::new();
    for seed in 0..20 {
        let request = Request {
            seed,
            policy: Policy::Pack,
            ..request()
        };
        let chosen = place(&request, &fleet).expect("fits").runner;
        let runner = fleet.iter_mut().find(|r| r.id == chosen).expect("a candidate");
        runner.sold.cpu_milli += 1_000;
        order.push(chosen);
    }
    let expected: Vec<String> = (0..20).map(|n| format!("r{}", n / 8)).collect();
    assert_eq!(order, expected);
    assert_eq!(Policy::named("pack"), Policy::Pack);
    assert_eq!(Policy::named("spread"), Policy::Spread);
    assert_eq!(Policy::named("my-own"), Policy::Spread);
}

fn any_runner() -> impl Strategy<Value = Runner> {
    let used = || 0.0..100.0_f64;
    (
        (
            any::<prop::sample::Index>(),
            prop::bool::weighted(0.9),
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
            |((id, has_snapshot, unschedulable, draining, healthy), last_report, offered, sold, used)| Runner {
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
                has_snapshot,
            },
        )
}

/// The rules said once more, each as a filter over the whole fleet.
fn eligible(request: &Request, fleet: &[Runner]) -> Vec<(u32, String)> {
    let passing = |wanted: Verdict| {
        let mut list: Vec<(u32, String)> = fleet
            .iter()
            .filter(|r| !r.unschedulable && !r.draining && r.has_snapshot && !request.avoid.contains(&r.id))
            .filter(|r| verdict(r, request.now, request.hearing_since, &request.limits) == wanted)
            .filter(|r| r.sold.cpu_milli + request.need.cpu_milli <= r.allocatable.cpu_milli)
            .filter(|r| r.sold.memory_mib + request.need.memory_mib <= r.allocatable.memory_mib)
            .filter(|r| r.sold.disk_mib + request.need.disk_mib <= r.allocatable.disk_mib)
            .map(|r| (score(r), r.id.clone()))
            .filter(|(score, _)| *score >= request.least_score)
            .collect();
        let best = list.iter().map(|(score, _)| *score).max().unwrap_or(0);
        list.retain(|(score, _)| request.policy == Policy::Pack || score + NEAR >= best);
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
        pack in any::<bool>(),
        hearing_since in prop_oneof![Just(0), NOW - 20_000..NOW],
    ) {
        fleet.sort_by(|a, b| a.id.cmp(&b.id));
        fleet.dedup_by(|a, b| a.id == b.id);
        let request = Request {
            need: amounts(need.0, need.1, need.2),
            seed,
            hearing_since,
            policy: if pack { Policy::Pack } else { Policy::Spread },
            avoid: fleet.first().map(|r| r.id.clone()).into_iter().collect(),
            ..request()
        };
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
                let counted = refusal.avoided + refusal.unschedulable + refusal.not_ready
                    + refusal.no_snapshot + refusal.too_full + refusal.too_busy;
                prop_assert_eq!(counted, refusal.considered);
                prop_assert_eq!(refusal.considered as usize, fleet.len());
            }
        }
    }

    #[test]
    fn every_runner_near_the_best_is_chosen_by_some_seed(
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
