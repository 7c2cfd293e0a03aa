//! Counters, gauges and histograms, kept by the host for all components and for itself, and their Prometheus text.
//!
//! Names and labels arrive at run time from components and the exposition must be text format 0.0.4, so this is a
//! small registry of its own: a sharded map from series to atomics, with one limit on the number of series.

mod otlp;
mod render;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use crate::limits::{MAX_LABEL_VALUE, MAX_LABELS, MAX_METRIC_NAME, MAX_SERIES};

/// Upper bounds of all histograms: powers of four from 64 µs for seconds; they serve bytes up to 64 GiB as well.
const BUCKETS: [f64; 20] = [
    0.000_064,
    0.000_256,
    0.001,
    0.0025,
    0.005,
    0.01,
    0.025,
    0.05,
    0.1,
    0.25,
    1.0,
    5.0,
    30.0,
    120.0,
    1024.0,
    16384.0,
    262_144.0,
    4_194_304.0,
    67_108_864.0,
    1_073_741_824.0,
];

const SHARDS: usize = 16;

/// Label pairs as given; order is part of the identity of a series.
pub type Labels<'a> = &'a [(&'a str, &'a str)];

/// The registry. All of its operations are lock-free for a series that exists, but for one shared read lock.
#[derive(Debug)]
pub struct Metrics {
    shards: Vec<RwLock<HashMap<Key, Series>>>,
    hasher: RandomState,
    series: AtomicUsize,
    rejected: AtomicU64,
    limit: usize,
}

#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
struct Key {
    name: String,
    labels: Vec<(String, String)>,
}

#[derive(Debug, Clone)]
enum Series {
    Counter(Arc<AtomicU64>),
    /// Bits of an f64.
    Gauge(Arc<AtomicU64>),
    Histogram(Arc<Histogram>),
}

#[derive(Debug, Default)]
struct Histogram {
    /// The last one counts what is over every bound.
    counts: [AtomicU64; BUCKETS.len() + 1],
    /// Bits of an f64.
    sum: AtomicU64,
}

/// A counter that was looked up once; adding costs one atomic operation.
#[derive(Debug, Clone)]
pub struct Counter(Arc<AtomicU64>);

impl Counter {
    /// Adds `amount`.
    pub fn add(&self, amount: u64) {
        self.0.fetch_add(amount, Ordering::Relaxed);
    }
}

/// A histogram that was looked up once.
#[derive(Debug, Clone)]
pub struct Timer(Arc<Histogram>);

impl Timer {
    /// Records a duration, in seconds.
    pub fn record(&self, time: Duration) {
        self.0.record(time.as_secs_f64());
    }
}

impl Histogram {
    fn record(&self, value: f64) {
        let bucket = BUCKETS
            .iter()
            .position(|bound| value <= *bound)
            .unwrap_or(BUCKETS.len());
        self.counts[bucket].fetch_add(1, Ordering::Relaxed);
        let add = |bits: u64| Some((f64::from_bits(bits) + value).to_bits());
        // Never fails: the closure always gives a value.
        let _ = self.sum.fetch_update(Ordering::Relaxed, Ordering::Relaxed, add);
    }
}

impl Default for Metrics {
    fn default() -> Self {
        Self::with_limit(MAX_SERIES)
    }
}

impl Metrics {
    /// A registry of at most `limit` series.
    #[must_use]
    pub fn with_limit(limit: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| RwLock::default()).collect(),
            hasher: RandomState::new(),
            series: AtomicUsize::new(0),
            rejected: AtomicU64::new(0),
            limit,
        }
    }

    /// Adds to a counter. A name or label that breaks the contract's rules is dropped and counted.
    pub fn counter_add(&self, name: &str, labels: Labels<'_>, amount: u64) {
        if let Some(Series::Counter(counter)) = self.series(name, labels, || Series::Counter(Arc::default())) {
            counter.fetch_add(amount, Ordering::Relaxed);
        }
    }

    /// Shows a counter that is kept elsewhere.
    pub(crate) fn counter_set(&self, name: &str, value: u64) {
        if let Some(Series::Counter(counter)) = self.series(name, &[], || Series::Counter(Arc::default())) {
            counter.store(value, Ordering::Relaxed);
        }
    }

    /// Sets a gauge.
    pub fn gauge_set(&self, name: &str, labels: Labels<'_>, value: f64) {
        if let Some(Series::Gauge(gauge)) = self.series(name, labels, || Series::Gauge(Arc::default())) {
            gauge.store(value.to_bits(), Ordering::Relaxed);
        }
    }

    /// Records a value in a histogram, in base units. Not a number is dropped and counted.
    pub fn histogram_record(&self, name: &str, labels: Labels<'_>, value: f64) {
        if value.is_nan() {
            self.reject();
        } else if let Some(Series::Histogram(histogram)) =
            self.series(name, labels, || Series::Histogram(Arc::default()))
        {
            histogram.record(value);
        }
    }

    /// Looks a counter up for use on a hot path. One that cannot be kept counts into nothing.
    #[must_use]
    pub fn counter(&self, name: &str, labels: Labels<'_>) -> Counter {
        match self.series(name, labels, || Series::Counter(Arc::default())) {
            Some(Series::Counter(counter)) => Counter(counter),
            _ => Counter(Arc::default()),
        }
    }

    /// Looks a histogram up for use on a hot path. One that cannot be kept records into nothing.
    #[must_use]
    pub fn timer(&self, name: &str, labels: Labels<'_>) -> Timer {
        match self.series(name, labels, || Series::Histogram(Arc::default())) {
            Some(Series::Histogram(histogram)) => Timer(histogram),
            _ => Timer(Arc::default()),
        }
    }

    /// Everything recorded so far, in Prometheus text format 0.0.4.
    #[must_use]
    pub fn render(&self) -> String {
        render::text(&self.sorted(), self.rejected.load(Ordering::Relaxed))
    }

    /// Everything recorded so far, as the body of an OTLP export in JSON. Times are nanoseconds since the epoch: since when
    /// sums run, and now.
    #[must_use]
    pub fn otlp(&self, service: &str, start: u64, now: u64) -> serde_json::Value {
        otlp::request(&self.sorted(), service, start, now)
    }

    fn sorted(&self) -> Vec<(Key, Series)> {
        let mut all: Vec<(Key, Series)> = Vec::with_capacity(self.series.load(Ordering::Relaxed));
        for shard in &self.shards {
            let shard = shard.read().unwrap_or_else(PoisonError::into_inner);
            all.extend(shard.iter().map(|(key, series)| (key.clone(), series.clone())));
        }
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all
    }

    fn reject(&self) {
        self.rejected.fetch_add(1, Ordering::Relaxed);
    }

    /// The series of this name and labels, made by `new` if there is none yet. None if it breaks a rule, is of
    /// another kind, or there are too many.
    fn series(&self, name: &str, labels: Labels<'_>, new: impl Fn() -> Series) -> Option<Series> {
        let key = Key {
            name: name.to_owned(),
            labels: labels.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect(),
        };
        let index = usize::try_from(self.hasher.hash_one(&key) % SHARDS as u64).unwrap_or(0);
        let shard = &self.shards[index];
        let wanted = new();
        let found = shard.read().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
        let series = match found {
            Some(series) => Some(series),
            None if !is_allowed(name, labels) => None,
            None => {
                let mut shard = shard.write().unwrap_or_else(PoisonError::into_inner);
                match shard.get(&key) {
                    Some(series) => Some(series.clone()),
                    None if self.series.fetch_add(1, Ordering::Relaxed) >= self.limit => {
                        self.series.fetch_sub(1, Ordering::Relaxed);
                        None
                    }
                    None => {
                        shard.insert(key, wanted.clone());
                        Some(wanted.clone())
                    }
                }
            }
        };
        let series = series.filter(|s| std::mem::discriminant(s) == std::mem::discriminant(&wanted));
        if series.is_none() {
            self.reject();
        }
        series
    }
}

fn is_allowed(name: &str, labels: Labels<'_>) -> bool {
    is_name(name)
        && labels.len() <= MAX_LABELS
        && labels
            .iter()
            .all(|(n, v)| is_name(n) && *n != "le" && v.len() <= MAX_LABEL_VALUE)
        && labels
            .iter()
            .enumerate()
            .all(|(i, (n, _))| labels[..i].iter().all(|(other, _)| other != n))
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_METRIC_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

#[cfg(test)]
mod tests;
