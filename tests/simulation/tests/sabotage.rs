//! The simulation can fail: each rule broken on purpose is noticed.

use sandbar_simulation::{Options, Sabotage, report, run};

/// Seeds among which a broken rule must show.
const SEEDS: u64 = 40;

fn caught(sabotage: Sabotage, by: &[&str]) {
    for seed in (0..SEEDS).filter(|seed| seed % 10 != 9) {
        let options = Options {
            sabotage: Some(sabotage),
            ..Options::of_seed(seed)
        };
        if let Err(violation) = run(&options) {
            let text = violation.to_string();
            assert!(
                by.iter().any(|word| text.contains(word)),
                "{sabotage:?}: caught by something else: {text}"
            );
            return;
        }
    }
    panic!("{sabotage:?} was not noticed in {SEEDS} seeds");
}

#[test]
fn a_scheduler_that_ignores_capacity() {
    caught(Sabotage::IgnoreCapacity, &["which will not do"]);
}

#[test]
fn a_plane_that_ignores_generations() {
    caught(Sabotage::IgnoreGenerations, &["a report of an old generation"]);
}

#[test]
fn a_runner_that_ignores_its_lease() {
    caught(Sabotage::EndlessLeases, &["past its lease"]);
}

#[test]
fn a_runner_that_does_not_ask_before_it_answers() {
    caught(
        Sabotage::AnswerUnasked,
        &["past its lease", "without files", "acknowledged"],
    );
}

#[test]
fn a_plane_that_does_not_tell_what_is_no_longer_there() {
    caught(Sabotage::ForgetDisowned, &["still has it"]);
}

#[test]
fn a_failure_is_told_with_its_seed_and_the_end_of_its_trace() {
    let options = Options {
        sabotage: Some(Sabotage::EndlessLeases),
        ..Options::of_seed(0)
    };
    let failed = (0..SEEDS).filter(|seed| seed % 10 != 9).find_map(|seed| {
        let options = Options {
            sabotage: options.sabotage,
            ..Options::of_seed(seed)
        };
        run(&options).err().map(|violation| (options, violation))
    });
    let (options, violation) = failed.expect("a failure");
    let told = report(&options, &violation);
    assert!(told.contains(&format!("SANDBAR_SEED={}", options.seed)), "{told}");
    assert!(
        told.contains("past its lease") && told.contains("acknowledges a call"),
        "{told}"
    );
    // It is the same failure again, and no larger history.
    assert_eq!(told, report(&options, &violation));
}
