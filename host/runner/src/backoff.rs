//! How long to wait before the next try: doubling, with jitter, so that a thousand runners do not return at once.

use std::time::Duration;

/// A row of tries that failed.
#[derive(Debug, Clone)]
pub(crate) struct Backoff {
    first: Duration,
    most: Duration,
    failures: u32,
}

impl Backoff {
    pub(crate) fn new(first: Duration, most: Duration) -> Self {
        Self {
            first,
            most,
            failures: 0,
        }
    }

    /// A try has succeeded.
    pub(crate) fn reset(&mut self) {
        self.failures = 0;
    }

    /// A try has failed: the wait before the next.
    pub(crate) fn next(&mut self) -> Duration {
        let wait = self.wait(random());
        self.failures = self.failures.saturating_add(1);
        wait
    }

    /// Between half of the doubled wait and all of it.
    fn wait(&self, random: u32) -> Duration {
        let doubled = self
            .first
            .saturating_mul(2_u32.saturating_pow(self.failures))
            .min(self.most);
        doubled.mul_f64(0.5 + 0.5 * f64::from(random) / f64::from(u32::MAX))
    }
}

/// Without randomness there is no jitter, which is no reason to stop.
fn random() -> u32 {
    getrandom::u32().unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_most_and_start_again() {
        let mut backoff = Backoff::new(Duration::from_millis(100), Duration::from_secs(1));
        let waits: Vec<u128> = (0..6)
            .map(|_| {
                let wait = backoff.wait(u32::MAX).as_millis();
                backoff.next();
                wait
            })
            .collect();
        assert_eq!(waits, [100, 200, 400, 800, 1000, 1000]);
        backoff.failures = u32::MAX;
        assert_eq!(backoff.wait(0), Duration::from_millis(500));
        backoff.reset();
        assert_eq!(backoff.wait(0), Duration::from_millis(50));
    }
}
