//! The brake: many silent at once are more likely unheard than dead.

use proptest::prelude::*;
use scheduler::{Limits, Runner, Verdict, judge, verdict};

const LIMITS: Limits = Limits {
    suspect_after: 10_000,
    disconnected_after: 30_000,
    lost_after: 900_000,
    brake_share: 30,
    brake_least: 3,
};
const NOW: u64 = 1_000_000_000;
const HOUR: u64 = 3_600_000;

/// A region of runners that have been silent for so many milliseconds.
fn region(silences: &[u64]) -> Vec<Runner> {
    silences
        .iter()
        .enumerate()
        .map(|(number, silence)| Runner {
            id: format!("r{number}"),
            healthy: true,
            last_report: NOW - silence,
            ..Runner::default()
        })
        .collect()
}

fn braked(silences: &[u64]) -> bool {
    judge(&region(silences), NOW, 0, &LIMITS).braked
}

#[test]
fn a_large_share_silent_at_once_holds_the_brake() {
    let silent = |number: usize, of: usize| {
        let mut silences = vec![1_000; of];
        silences[..number].fill(HOUR);
        silences
    };
    assert!(braked(&silent(3, 10)), "three of ten are 30 %");
    assert!(!braked(&silent(2, 10)));
    assert!(!braked(&silent(29, 100)));
    assert!(braked(&silent(30, 100)));
    assert!(braked(&silent(10, 10)), "all of them");
    assert!(!braked(&silent(2, 2)), "below the least number");
    assert!(!braked(&[]), "nobody");
}

#[test]
fn one_after_the_other_is_not_at_once() {
    // Half of the region died in the course of hours, each alone.
    let mut silences = vec![1_000; 10];
    for (number, silence) in silences.iter_mut().take(5).enumerate() {
        *silence = HOUR * (number as u64 + 1);
    }
    assert!(!braked(&silences));
    // The same with the last three together: three of the eight that were still there.
    silences[0..3].copy_from_slice(&[HOUR, HOUR + 10_000, HOUR + 20_000]);
    assert!(braked(&silences));
}

#[test]
fn machines_that_died_long_ago_do_not_hide_a_cut() {
    // Twenty dead for a day, five of the ten others cut off just now.
    let mut silences = vec![24 * HOUR; 20];
    silences.extend([
        31_000, 32_000, 33_000, 34_000, 35_000, 1_000, 1_000, 1_000, 1_000, 1_000,
    ]);
    for (number, silence) in silences.iter_mut().take(20).enumerate() {
        *silence += number as u64 * HOUR;
    }
    assert!(braked(&silences));
}

#[test]
fn who_takes_silent_machines_out_of_service_releases_the_brake() {
    let mut runners = region(&[HOUR, HOUR, HOUR, HOUR, 1_000, 1_000, 1_000, 1_000]);
    assert!(judge(&runners, NOW, 0, &LIMITS).braked);
    runners[0].unschedulable = true;
    runners[1].draining = true;
    let judgement = judge(&runners, NOW, 0, &LIMITS);
    assert!(!judgement.braked);
    assert_eq!(judgement.verdicts[0], Verdict::Lost);
}

#[test]
fn without_a_share_there_is_no_brake_and_newcomers_do_not_count() {
    let off = Limits {
        brake_share: 0,
        ..LIMITS
    };
    assert!(!judge(&region(&[HOUR; 10]), NOW, 0, &off).braked);
    let mut runners = region(&[HOUR, HOUR, HOUR, 1_000, 1_000]);
    runners.extend((0..100).map(|_| Runner::default()));
    assert!(
        judge(&runners, NOW, 0, &LIMITS).braked,
        "three of five that ever reported"
    );
}

#[test]
fn after_an_outage_of_the_plane_nobody_is_silent_yet() {
    let runners = region(&[HOUR; 10]);
    let judgement = judge(&runners, NOW, NOW - 5_000, &LIMITS);
    assert!(!judgement.braked);
    assert!(judgement.verdicts.iter().all(|it| *it == Verdict::Ready));
}

proptest! {
    /// Said once more, the slow way: a window that begins at each silent runner.
    #[test]
    fn the_brake_is_what_it_says(
        silences in prop::collection::vec(prop_oneof![0..40_000_u64, 0..2 * HOUR], 0..30),
        share in 0..100_u32,
        least in 0..5_u32,
    ) {
        let limits = Limits { brake_share: share, brake_least: least, ..LIMITS };
        let runners = region(&silences);
        let judgement = judge(&runners, NOW, 0, &limits);
        let alone: Vec<Verdict> = runners.iter().map(|r| verdict(r, NOW, 0, &limits)).collect();
        prop_assert_eq!(&judgement.verdicts, &alone);
        let expected = share > 0 && runners.iter().any(|first| {
            let from = first.last_report;
            let present = runners.iter().filter(|r| r.last_report >= from).count() as u64;
            let group = runners.iter().zip(&alone).filter(|(r, verdict)| {
                r.last_report >= from
                    && r.last_report - from <= limits.disconnected_after
                    && matches!(verdict, Verdict::Disconnected | Verdict::Lost)
            }).count() as u64;
            group > 0 && group >= u64::from(least) && group * 100 >= u64::from(share) * present
        });
        prop_assert_eq!(judgement.braked, expected);
    }
}
