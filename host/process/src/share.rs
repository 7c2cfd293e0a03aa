//! A sandbox's share of the CPU: what it has used, its quota for each period, and its turn among others.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::limits::CPU_PERIOD;

/// Weight of one CPU.
const ONE_CPU: u64 = 1000;

/// CPU time of a sandbox.
#[derive(Debug)]
pub(crate) struct Share {
    /// Thousandths of a CPU.
    weight: u64,
    /// Nanoseconds that all processes together may use in one period; none: as many as there are.
    quota: Option<u64>,
    total: AtomicU64,
    /// Used time divided by weight: the sandbox that is furthest behind is next.
    turn: AtomicU64,
    period: Mutex<Period>,
}

#[derive(Debug)]
struct Period {
    start: Instant,
    used: u64,
}

impl Share {
    /// `milli`: thousandths of a CPU, for quota and weight; none: no quota, and the weight of one CPU.
    pub(crate) fn new(milli: Option<u32>) -> Self {
        let weight = milli.map_or(ONE_CPU, |milli| u64::from(milli.max(1)));
        Self {
            weight,
            quota: milli.map(|_| CPU_PERIOD.as_nanos() as u64 / ONE_CPU * weight),
            total: AtomicU64::new(0),
            turn: AtomicU64::new(0),
            period: Mutex::new(Period {
                start: Instant::now(),
                used: 0,
            }),
        }
    }

    pub(crate) fn total(&self) -> Duration {
        Duration::from_nanos(self.total.load(Ordering::Relaxed))
    }

    /// Counts CPU time that was used.
    pub(crate) fn charge(&self, nanos: u64) {
        self.total.fetch_add(nanos, Ordering::Relaxed);
        self.turn.fetch_add(nanos * ONE_CPU / self.weight, Ordering::Relaxed);
        if self.quota.is_some() {
            self.lock().used += nanos;
        }
    }

    /// When the sandbox may go on, if its quota for this period is used up. What it took too much counts to the next.
    pub(crate) fn paused_until(&self, now: Instant) -> Option<Instant> {
        let quota = self.quota?;
        let mut period = self.lock();
        let elapsed = now.saturating_duration_since(period.start);
        if elapsed >= CPU_PERIOD {
            let periods = (elapsed.as_nanos() / CPU_PERIOD.as_nanos()).min(u128::from(u32::MAX)) as u32;
            period.start += CPU_PERIOD * periods;
            period.used = period.used.saturating_sub(quota.saturating_mul(periods.into()));
        }
        (period.used >= quota).then(|| period.start + CPU_PERIOD)
    }

    /// Its place in the queue; the lowest is next. One that has rested does not get the past back: it starts at `now`.
    pub(crate) fn turn(&self, now: u64) -> u64 {
        self.turn.fetch_max(now, Ordering::Relaxed).max(now)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Period> {
        self.period.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MILLI: u64 = 1_000_000;

    #[test]
    fn a_quota_pauses_until_the_next_period_and_carries_debt() {
        let share = Share::new(Some(500));
        let start = share.lock().start;
        assert_eq!(share.paused_until(start), None);
        share.charge(49 * MILLI);
        assert_eq!(share.paused_until(start), None);
        share.charge(61 * MILLI);
        assert_eq!(share.paused_until(start), Some(start + CPU_PERIOD));
        // 110 used, 50 forgiven for each period.
        assert_eq!(share.paused_until(start + CPU_PERIOD), Some(start + 2 * CPU_PERIOD));
        assert_eq!(share.paused_until(start + 2 * CPU_PERIOD), None);
        assert_eq!(share.total(), Duration::from_millis(110));
    }

    #[test]
    fn turns_go_by_weight() {
        let (one, four) = (Share::new(Some(1000)), Share::new(Some(4000)));
        one.charge(10 * MILLI);
        four.charge(20 * MILLI);
        assert!(four.turn(0) < one.turn(0));
        assert_eq!(one.turn(99 * MILLI), 99 * MILLI, "rest earns nothing");
    }

    #[test]
    fn without_a_quota_nothing_pauses() {
        let share = Share::new(None);
        share.charge(u64::MAX >> 20);
        assert_eq!(share.paused_until(Instant::now()), None);
    }
}
