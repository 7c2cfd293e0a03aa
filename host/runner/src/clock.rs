//! The clock of leases and of the agent.

use rustix::time::{ClockId, clock_gettime};

/// A clock that only goes forward, and also while the machine is suspended: a lease that ran out in the machine's sleep is
/// over when it wakes. A stopped process (SIGSTOP) does not stop it either.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Clock {
    start: i128,
}

impl Clock {
    pub(crate) fn start() -> Self {
        Self { start: nanos() }
    }

    /// Milliseconds since its start.
    pub(crate) fn millis(&self) -> u64 {
        u64::try_from((nanos() - self.start) / 1_000_000).unwrap_or(0)
    }
}

fn nanos() -> i128 {
    let now = clock_gettime(ClockId::Boottime);
    i128::from(now.tv_sec) * 1_000_000_000 + i128::from(now.tv_nsec)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_goes_forward() {
        let clock = Clock::start();
        std::thread::sleep(std::time::Duration::from_millis(20));
        let first = clock.millis();
        assert!((20..10_000).contains(&first), "{first}");
        assert!(clock.millis() >= first);
    }
}
