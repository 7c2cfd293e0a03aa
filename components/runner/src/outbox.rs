//! Collects what one event gives rise to, so that one event makes at most one report.

use crate::model::{Action, Count, Health, Observation};

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
    pub(crate) fn into_parts(self) -> (Vec<Action>, Vec<Count>) {
        let mut all = Vec::with_capacity(self.actions.len() + 1);
        if !self.observations.is_empty() || self.health.is_some() {
            all.push(Action::Report(self.observations, self.health));
        }
        all.extend(self.actions);
        (all, self.counts)
    }
}
