//! `sandbar:metrics`, natively: straight into the host's registry, so all instances share it and nothing is flushed.

use std::sync::Arc;

use wasmtime::component::Accessor;

use super::store::shared;
use crate::bindings::sandbar::metrics::metrics::{Host, HostWithStore, Labels};
use crate::state::{Provided, State};

impl Host for State {
    fn counter_add(&mut self, name: String, labels: Labels, amount: u64) {
        self.shared.metrics.counter_add(&name, &borrowed(&labels), amount);
    }

    fn gauge_set(&mut self, name: String, labels: Labels, value: f64) {
        self.shared.metrics.gauge_set(&name, &borrowed(&labels), value);
    }

    fn histogram_record(&mut self, name: String, labels: Labels, value: f64) {
        self.shared.metrics.histogram_record(&name, &borrowed(&labels), value);
    }
}

impl<T> HostWithStore<T> for Provided {
    async fn flush(_accessor: &Accessor<T, Self>) {}

    async fn render(accessor: &Accessor<T, Self>) -> String {
        crate::observe::render(&Arc::clone(&shared(accessor)))
    }
}

fn borrowed(labels: &Labels) -> Vec<(&str, &str)> {
    labels
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}
