//! Why a sandbox found no place, in words that a user can act upon.

use crate::contracts::scheduler::Refusal;

/// Which filter left nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filter {
    /// There is no runner in the region.
    Region,
    /// None is ready and schedulable.
    State,
    /// None has room.
    Capacity,
    /// None has the snapshot.
    Snapshot,
    /// The only ones that would do have just failed.
    Avoided,
}

impl Filter {
    /// Its name, also the label of a metric.
    pub fn name(self) -> &'static str {
        match self {
            Self::Region => "region",
            Self::State => "state",
            Self::Capacity => "capacity",
            Self::Snapshot => "snapshot",
            Self::Avoided => "avoided",
        }
    }
}

/// The refusals of several pages as one.
pub fn add(sum: &mut Refusal, more: &Refusal) {
    sum.considered += more.considered;
    sum.unschedulable += more.unschedulable;
    sum.not_ready += more.not_ready;
    sum.too_full += more.too_full;
    sum.too_busy += more.too_busy;
    sum.no_snapshot += more.no_snapshot;
    sum.avoided += more.avoided;
    if sum.reason.is_empty() {
        sum.reason.clone_from(&more.reason);
    }
}

/// The filter that emptied the list: the last one that still ruled somebody out, in the order in which a user can do
/// something about it.
pub fn filter(refusal: &Refusal) -> Filter {
    if refusal.considered == 0 {
        Filter::Region
    } else if refusal.too_full + refusal.too_busy > 0 {
        Filter::Capacity
    } else if refusal.no_snapshot > 0 {
        Filter::Snapshot
    } else if refusal.avoided > 0 {
        Filter::Avoided
    } else {
        Filter::State
    }
}

/// The whole sentence. `room` are names of the caller's regions that have room.
pub fn words(region: &str, refusal: &Refusal, room: &[String]) -> String {
    let counts = [
        (refusal.unschedulable, "unschedulable or draining"),
        (refusal.not_ready, "not ready"),
        (refusal.too_full, "without enough free CPU, memory or disk"),
        (refusal.too_busy, "too busy"),
        (refusal.no_snapshot, "without the snapshot"),
        (refusal.avoided, "failed at this sandbox just now"),
    ];
    let counts: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    let why = match filter(refusal) {
        Filter::Region => "the region has no runners".to_owned(),
        filter => format!(
            "filter {} left none of {} runners ({})",
            filter.name(),
            refusal.considered,
            counts.join(", ")
        ),
    };
    let hint = if room.is_empty() {
        "no other region of yours has room for it either; add a runner or try a smaller sandbox".to_owned()
    } else {
        format!("there is room in: {}", room.join(", "))
    };
    format!("no available runners in region {region}: {why}; {hint}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn none() -> Refusal {
        Refusal {
            considered: 0,
            unschedulable: 0,
            not_ready: 0,
            too_full: 0,
            too_busy: 0,
            no_snapshot: 0,
            avoided: 0,
            reason: String::new(),
        }
    }

    #[test]
    fn the_filter_that_emptied_the_list_is_named() {
        assert_eq!(filter(&none()), Filter::Region);
        let mut sum = none();
        add(
            &mut sum,
            &Refusal {
                considered: 2,
                not_ready: 2,
                ..none()
            },
        );
        assert_eq!(filter(&sum), Filter::State);
        add(
            &mut sum,
            &Refusal {
                considered: 3,
                too_full: 3,
                ..none()
            },
        );
        assert_eq!((filter(&sum), sum.considered), (Filter::Capacity, 5));
        let text = words("us", &sum, &["eu".to_owned()]);
        for part in ["us", "capacity", "5 runners", "2 not ready", "3 without enough", "eu"] {
            assert!(text.contains(part), "{part}: {text}");
        }
    }

    #[test]
    fn without_room_anywhere_a_next_step_is_named() {
        let text = words("lab", &none(), &[]);
        assert!(text.contains("no runners") && text.contains("add a runner"), "{text}");
    }
}
