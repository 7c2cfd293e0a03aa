//! Collects what one event gives rise to, so that one event makes at most one report.

use crate::model::{Action, Count, Health, Observation};

/// Observations of one report. More, as after a restart with thousands of sandboxes, go in several, so that none is
/// larger than the plane takes or holds its store for long.
pub const OBSERVATIONS: usize = 1_000;

/// Actions and observations of one call of `handle`.
#[derive(Default)]
pub(crate) struct Outbox {
    actions: Vec<Action>,
    observations: Vec<Observation>,
    health: Option<Health>,
    pub(crate) counts: Vec<Count>,
}

impl Outbox {
    pub(crate) fn act(&mut self, action: Action) {
        self.actions.push(action);
    }

    pub(crate) fn observe(&mut self, observation: Observation) {
        self.observations.push(observation);
    }

    pub(crate) fn health(&mut self, health: Health) {
        self.health = Some(health);
    }

    pub(crate) fn count(&mut self, name: &'static str, labels: &[(&'static str, &'static str)]) {
        self.counts.push((name, labels.to_vec(), 1));
    }

    /// Reports first: the plane's client is waiting, and a report does not depend on the actions behind it.
    pub(crate) fn into_parts(mut self) -> (Vec<Action>, Vec<Count>) {
        let mut all = Vec::with_capacity(self.actions.len() + 1);
        let mut health = self.health;
        while !self.observations.is_empty() || health.is_some() {
            let rest = self.observations.split_off(self.observations.len().min(OBSERVATIONS));
            all.push(Action::Report(self.observations, health.take()));
            self.observations = rest;
        }
        all.extend(self.actions);
        (all, self.counts)
    }
}
