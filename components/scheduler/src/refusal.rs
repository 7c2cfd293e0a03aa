//! Why no runner was chosen, counted and in words.

use crate::model::{Amounts, Refusal};

/// The filters, in the order in which a runner passes them.
#[derive(Clone, Copy)]
pub(crate) enum Filter {
    Avoided,
    Unschedulable,
    NotReady,
    NoSnapshot,
    TooFull,
    TooBusy,
}

/// Counts a runner under the filter that excludes it.
pub(crate) fn count(refusal: &mut Refusal, filter: Filter) {
    let counter = match filter {
        Filter::Avoided => &mut refusal.avoided,
        Filter::Unschedulable => &mut refusal.unschedulable,
        Filter::NotReady => &mut refusal.not_ready,
        Filter::NoSnapshot => &mut refusal.no_snapshot,
        Filter::TooFull => &mut refusal.too_full,
        Filter::TooBusy => &mut refusal.too_busy,
    };
    *counter = counter.saturating_add(1);
}

/// The refusal with its reason: the filter that emptied the list, all counts, and a next step.
pub(crate) fn told(mut refusal: Refusal, considered: usize, need: Amounts) -> Refusal {
    refusal.considered = u32::try_from(considered).unwrap_or(u32::MAX);
    refusal.reason = reason(&refusal, need);
    refusal
}

fn reason(refusal: &Refusal, need: Amounts) -> String {
    // Number; the filter's name; what it found; what to do if it was the last.
    let filters = [
        (
            refusal.avoided,
            "failure",
            "where the sandbox has just failed".to_owned(),
            "try again later or look at the runners' logs",
        ),
        (
            refusal.unschedulable,
            "schedulability",
            "unschedulable or draining".to_owned(),
            "make a runner schedulable again or add one",
        ),
        (
            refusal.not_ready,
            "state",
            "not ready".to_owned(),
            "see why the runners are silent or unwell, or add one",
        ),
        (
            refusal.no_snapshot,
            "snapshot",
            "without the snapshot".to_owned(),
            "choose a snapshot that the region has, or bring it there",
        ),
        (
            refusal.too_full,
            "capacity",
            format!("without room for {}", in_words(need)),
            "ask for less, delete sandboxes, or add a runner",
        ),
        (
            refusal.too_busy,
            "score",
            "too busy".to_owned(),
            "wait until their load falls, or add a runner",
        ),
    ];
    let counts: Vec<String> = filters
        .iter()
        .filter(|(number, ..)| *number > 0)
        .map(|(number, _, what, _)| format!("{number} {what}"))
        .collect();
    match filters.iter().rev().find(|(number, ..)| *number > 0) {
        None => "no runner is registered; add one".to_owned(),
        Some((_, filter, _, step)) => format!(
            "none of {} runners is left after the filter by {filter}: {}; {step}",
            refusal.considered,
            counts.join(", ")
        ),
    }
}

fn in_words(need: Amounts) -> String {
    format!(
        "{} CPU, {} GiB of memory and {} GiB of disk",
        need.cpu_milli as f64 / 1000.0,
        need.memory_mib as f64 / 1024.0,
        need.disk_mib as f64 / 1024.0
    )
}
