//! The counters and gauges that the runner component records.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

/// Series that one component may make: a bug in it must not fill the host's memory.
const MOST_SERIES: usize = 1024;
const MOST_LABELS: usize = 8;
const MOST_VALUE_BYTES: usize = 128;
const MOST_NAME_BYTES: usize = 128;

const REJECTED: &str = "sandbar_metrics_rejected_total";

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    Counter,
    Gauge,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Series {
    name: String,
    kind: Kind,
    labels: Vec<(String, String)>,
}

/// All series. Recording into a known one takes a read lock and one atomic operation.
#[derive(Debug, Default)]
pub(crate) struct Metrics {
    series: RwLock<BTreeMap<Series, AtomicU64>>,
    rejected: AtomicU64,
}

impl Metrics {
    pub(crate) fn counter_add(&self, name: String, labels: Vec<(String, String)>, amount: u64) {
        self.record(Kind::Counter, name, labels, |value| {
            value.fetch_add(amount, Ordering::Relaxed);
        });
    }

    pub(crate) fn gauge_set(&self, name: String, labels: Vec<(String, String)>, value: f64) {
        self.record(Kind::Gauge, name, labels, |slot| {
            slot.store(value.to_bits(), Ordering::Relaxed);
        });
    }

    fn record(&self, kind: Kind, name: String, labels: Vec<(String, String)>, apply: impl Fn(&AtomicU64)) {
        if !valid(&name, &labels) {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            return;
        }
        let key = Series { name, kind, labels };
        // A poisoned lock only means that another thread panicked; atomics cannot be half-written.
        let read = self.series.read().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = read.get(&key) {
            return apply(value);
        }
        drop(read);
        let mut write = self.series.write().unwrap_or_else(PoisonError::into_inner);
        if write.len() >= MOST_SERIES && !write.contains_key(&key) {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            return;
        }
        apply(write.entry(key).or_default());
    }

    /// Prometheus text format 0.0.4.
    pub(crate) fn render(&self) -> String {
        let mut text = String::new();
        let read = self.series.read().unwrap_or_else(PoisonError::into_inner);
        let mut last = "";
        for (series, value) in read.iter() {
            let value = value.load(Ordering::Relaxed);
            let (kind, value) = match series.kind {
                Kind::Counter => ("counter", value.to_string()),
                Kind::Gauge => ("gauge", f64::from_bits(value).to_string()),
            };
            // Writing into a String cannot fail.
            if series.name != last {
                let _ = writeln!(text, "# TYPE {} {kind}", series.name);
                last = &series.name;
            }
            let _ = writeln!(text, "{}{} {value}", series.name, labels(&series.labels));
        }
        let rejected = self.rejected.load(Ordering::Relaxed);
        let _ = writeln!(text, "# TYPE {REJECTED} counter\n{REJECTED} {rejected}");
        text
    }
}

fn valid(name: &str, labels: &[(String, String)]) -> bool {
    let identifier = |text: &str| {
        text.len() <= MOST_NAME_BYTES
            && text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
            && text
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
    };
    identifier(name)
        && labels.len() <= MOST_LABELS
        && labels
            .iter()
            .all(|(name, value)| identifier(name) && value.len() <= MOST_VALUE_BYTES)
}

fn labels(labels: &[(String, String)]) -> String {
    if labels.is_empty() {
        return String::new();
    }
    let pairs: Vec<String> = labels
        .iter()
        .map(|(name, value)| {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n");
            format!("{name}=\"{value}\"")
        })
        .collect();
    format!("{{{}}}", pairs.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair(name: &str, value: &str) -> Vec<(String, String)> {
        vec![(name.into(), value.into())]
    }

    #[test]
    fn series_are_added_up_and_rendered() {
        let metrics = Metrics::default();
        metrics.counter_add("a_total".into(), pair("kind", "x\"y\n"), 2);
        metrics.counter_add("a_total".into(), pair("kind", "x\"y\n"), 3);
        metrics.gauge_set("b".into(), vec![], 1.5);
        let text = metrics.render();
        assert!(text.contains("# TYPE a_total counter\na_total{kind=\"x\\\"y\\n\"} 5\n"));
        assert!(text.contains("# TYPE b gauge\nb 1.5\n"));
    }

    #[test]
    fn what_breaks_the_rules_is_counted() {
        let metrics = Metrics::default();
        metrics.counter_add("Bad".into(), vec![], 1);
        metrics.counter_add("a_total".into(), pair("k", &"v".repeat(129)), 1);
        for index in 0..=MOST_SERIES {
            metrics.gauge_set(format!("g{index}"), vec![], 0.0);
        }
        assert!(metrics.render().contains("sandbar_metrics_rejected_total 3\n"));
    }
}
