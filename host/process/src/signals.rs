//! What signals do to one process: caught, ignored, pending, stopped, ended. Pure state.

use std::collections::VecDeque;

use crate::errno::Errno;
use crate::status::Signal;

/// A set of signals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct SignalSet(u64);

impl SignalSet {
    /// The set of these numbers, each of which a program may catch.
    pub(crate) fn catchable(numbers: &[u32]) -> Result<Self, Errno> {
        let mut set = 0;
        for number in numbers {
            let signal = Signal::sendable(*number).filter(|signal| signal.is_catchable());
            set |= Self::bit(signal.ok_or(Errno::Invalid)?);
        }
        Ok(Self(set))
    }

    pub(crate) fn contains(self, signal: Signal) -> bool {
        self.0 & Self::bit(signal) != 0
    }

    pub(crate) fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    pub(crate) fn numbers(self) -> Vec<u32> {
        (0..u64::BITS).filter(|number| self.0 & (1 << number) != 0).collect()
    }

    fn bit(signal: Signal) -> u64 {
        1 << signal.number()
    }
}

/// What a delivered signal came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Delivered {
    /// Nothing, now at least.
    Nothing,
    /// It waits to be taken.
    Pending,
    Stopped,
    Continued,
    Ended,
}

/// The signals of one process.
#[derive(Debug, Default)]
pub(crate) struct Signals {
    caught: SignalSet,
    ignored: SignalSet,
    inherited: SignalSet,
    /// Each signal once, oldest first.
    pending: VecDeque<Signal>,
    /// One of them has interrupted nothing yet.
    unheard: bool,
    stopped: bool,
    /// What ends the process as soon as it goes on: a stopped one cannot die of anything but SIGKILL.
    held: Option<Signal>,
    ended: Option<Signal>,
}

impl Signals {
    pub(crate) fn new(ignored: SignalSet) -> Self {
        Self {
            ignored,
            inherited: ignored,
            ..Self::default()
        }
    }

    /// Delivers one signal. The first that ends a process counts.
    pub(crate) fn deliver(&mut self, signal: Signal) -> Delivered {
        if self.ended.is_some() {
            return Delivered::Nothing;
        }
        match signal {
            Signal::KILL => self.end(signal),
            Signal::STOP => self.stop(),
            Signal::CONT => self.go_on(),
            _ if self.ignored.contains(signal) => Delivered::Nothing,
            _ if self.caught.contains(signal) => {
                if !self.pending.contains(&signal) {
                    self.pending.push_back(signal);
                    self.unheard = true;
                }
                Delivered::Pending
            }
            Signal::CHLD | Signal::WINCH => Delivered::Nothing,
            Signal::TSTP => self.stop(),
            _ if self.stopped => {
                self.held = self.held.or(Some(signal));
                Delivered::Nothing
            }
            _ => self.end(signal),
        }
    }

    fn end(&mut self, signal: Signal) -> Delivered {
        self.ended = Some(signal);
        Delivered::Ended
    }

    fn stop(&mut self) -> Delivered {
        if std::mem::replace(&mut self.stopped, true) {
            Delivered::Nothing
        } else {
            Delivered::Stopped
        }
    }

    fn go_on(&mut self) -> Delivered {
        if !std::mem::take(&mut self.stopped) {
            return Delivered::Nothing;
        }
        match self.held.take() {
            Some(signal) => self.end(signal),
            None => Delivered::Continued,
        }
    }

    /// From now on exactly these are kept until taken.
    pub(crate) fn catch(&mut self, signals: SignalSet) {
        self.caught = signals;
        self.ignored = self.ignored.without(signals);
        self.pending.retain(|signal| signals.contains(*signal));
    }

    /// From now on exactly these do nothing.
    pub(crate) fn ignore(&mut self, signals: SignalSet) {
        self.ignored = signals;
        self.caught = self.caught.without(signals);
        self.pending.retain(|signal| !signals.contains(*signal));
    }

    pub(crate) fn inherited(&self) -> SignalSet {
        self.inherited
    }

    pub(crate) fn take(&mut self) -> Option<Signal> {
        self.pending.pop_front()
    }

    pub(crate) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// Whether a signal waits that has interrupted nothing yet.
    pub(crate) fn is_unheard(&self) -> bool {
        self.unheard && self.has_pending()
    }

    /// A wait was interrupted.
    pub(crate) fn hear(&mut self) {
        self.unheard = false;
    }

    /// Whether a signal waits that ends a process which does not catch it.
    pub(crate) fn is_overdue(&self) -> bool {
        self.overdue().is_some()
    }

    fn overdue(&self) -> Option<Signal> {
        let harmless = [Signal::CHLD, Signal::WINCH, Signal::TSTP];
        self.pending.iter().copied().find(|signal| !harmless.contains(signal))
    }

    /// Nobody takes what waits: it does what it does to those who do not catch it.
    pub(crate) fn give_up(&mut self) {
        if let Some(signal) = self.overdue() {
            self.end(signal);
        }
    }

    /// A process that is ending is not stopped.
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped && self.ended.is_none()
    }

    pub(crate) fn ended(&self) -> Option<Signal> {
        self.ended
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(numbers: &[u32]) -> SignalSet {
        SignalSet::catchable(numbers).expect("catchable")
    }

    #[test]
    fn what_nobody_catches_ends_or_stops_or_does_nothing() {
        let mut signals = Signals::default();
        assert_eq!(signals.deliver(Signal::CHLD), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::WINCH), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::TSTP), Delivered::Stopped);
        assert_eq!(signals.deliver(Signal::STOP), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::CONT), Delivered::Continued);
        assert_eq!(signals.deliver(Signal::CONT), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::TERM), Delivered::Ended);
        assert_eq!(signals.deliver(Signal::KILL), Delivered::Nothing);
        assert_eq!(signals.ended(), Some(Signal::TERM));
    }

    #[test]
    fn the_stopped_die_when_they_go_on_and_of_kill_at_once() {
        let mut signals = Signals::default();
        signals.deliver(Signal::STOP);
        assert_eq!(signals.deliver(Signal::TERM), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::INT), Delivered::Nothing);
        assert!(signals.is_stopped());
        assert_eq!(signals.deliver(Signal::CONT), Delivered::Ended);
        assert_eq!(signals.ended(), Some(Signal::TERM));

        let mut signals = Signals::default();
        signals.deliver(Signal::STOP);
        assert_eq!(signals.deliver(Signal::KILL), Delivered::Ended);
        assert!(!signals.is_stopped());
    }

    #[test]
    fn the_caught_wait_once_each_and_the_ignored_vanish() {
        let mut signals = Signals::new(set(&[2]));
        assert_eq!(signals.deliver(Signal::INT), Delivered::Nothing);
        signals.catch(set(&[15, 17, 20]));
        for signal in [Signal::TERM, Signal::CHLD, Signal::TERM, Signal::TSTP] {
            assert_eq!(signals.deliver(signal), Delivered::Pending);
        }
        assert!(signals.has_pending() && !signals.is_stopped());
        assert_eq!(signals.take(), Some(Signal::TERM));
        signals.catch(set(&[17]));
        assert_eq!(signals.take(), Some(Signal::CHLD));
        assert_eq!(signals.take(), None);
        signals.ignore(set(&[15, 17]));
        assert_eq!(signals.deliver(Signal::TERM), Delivered::Nothing);
        assert_eq!(signals.deliver(Signal::INT), Delivered::Ended, "no longer ignored");
        assert_eq!(signals.inherited().numbers(), [2]);
    }

    #[test]
    fn a_wait_is_interrupted_once_and_what_nobody_takes_ends() {
        let mut signals = Signals::default();
        signals.catch(set(&[2, 17]));
        signals.deliver(Signal::CHLD);
        assert!(signals.is_unheard() && !signals.is_overdue());
        signals.hear();
        assert!(!signals.is_unheard() && signals.has_pending());
        signals.give_up();
        assert_eq!(signals.ended(), None);
        signals.deliver(Signal::INT);
        assert!(signals.is_unheard() && signals.is_overdue());
        signals.give_up();
        assert_eq!(signals.ended(), Some(Signal::INT));
    }

    #[test]
    fn only_some_can_be_caught() {
        for number in [0, 6, 7, 8, 9, 11, 18, 19, 21, 64, 1000] {
            assert_eq!(SignalSet::catchable(&[number]), Err(Errno::Invalid), "{number}");
        }
        let all = [1, 2, 3, 10, 12, 13, 14, 15, 17, 20, 28];
        assert_eq!(set(&all).numbers(), all);
    }
}
