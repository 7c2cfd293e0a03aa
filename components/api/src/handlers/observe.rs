//! Metrics of the API.

use std::time::Instant;

use crate::contracts::metrics;
use crate::contracts::store::{Region, RegionKind};
use crate::http::Method;

/// Measures how long something takes.
pub(super) struct Timer(Instant);

impl Timer {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }

    /// Seconds since the start.
    pub(super) fn seconds(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }

    /// Seconds since the start, which becomes now.
    pub(super) fn lap(&mut self) -> f64 {
        let seconds = self.seconds();
        self.0 = Instant::now();
        seconds
    }
}

fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// Adds one to a counter.
pub(super) fn count(name: &str, pairs: &[(&str, &str)]) {
    metrics::counter_add(name, &labels(pairs), 1);
}

/// Records a value in a histogram.
pub(super) fn record(name: &str, pairs: &[(&str, &str)], value: f64) {
    metrics::histogram_record(name, &labels(pairs), value);
}

/// Sets a gauge.
pub(super) fn gauge(name: &str, pairs: &[(&str, &str)], value: f64) {
    metrics::gauge_set(name, &labels(pairs), value);
}

/// The label of a region. Organizations may have any number of custom ones, which share one.
pub(super) fn region(it: &Region) -> String {
    match it.kind {
        RegionKind::Custom => "custom".to_owned(),
        _ => it.id.clone(),
    }
}

/// How long a job took, as somebody who waited for it saw it, and the state that it led to.
pub(super) fn job(kind: &str, state: &str, seconds: f64) {
    record("sandbar_job_seconds", &[("type", kind), ("state", state)], seconds);
}

/// Counts a request that was answered.
pub(super) fn request(pattern: &str, method: Method, status: u16, timer: &Timer) {
    let status = status.to_string();
    count(
        "sandbar_api_requests_total",
        &[("route", pattern), ("method", method.name()), ("status", &status)],
    );
    record(
        "sandbar_api_request_seconds",
        &[("route", pattern), ("method", method.name())],
        timer.seconds(),
    );
}

/// To be called once at the end of each request.
pub(super) async fn flush() {
    metrics::flush().await;
}

/// Everything recorded, as Prometheus reads it.
pub(super) async fn render() -> String {
    metrics::render().await
}
