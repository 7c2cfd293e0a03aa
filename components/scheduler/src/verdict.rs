//! What silence means.

use crate::model::{Limits, Millis, Runner, Verdict};

/// The verdict over a runner. Only silence since `hearing_since` counts, the moment from which the plane was able
/// to hear: an outage of the plane condemns nobody. A report from the future (clocks differ) is no silence.
pub fn verdict(runner: &Runner, now: Millis, hearing_since: Millis, limits: &Limits) -> Verdict {
    if runner.last_report == 0 {
        return Verdict::Initializing;
    }
    let silence = now.saturating_sub(runner.last_report.max(hearing_since));
    if silence >= limits.lost_after {
        Verdict::Lost
    } else if silence >= limits.disconnected_after {
        Verdict::Disconnected
    } else if !runner.healthy {
        // Before suspect: an unwell runner that falls silent does not become eligible by it.
        Verdict::Unhealthy
    } else if silence >= limits.suspect_after {
        Verdict::Suspect
    } else {
        Verdict::Ready
    }
}
