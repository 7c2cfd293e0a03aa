//! What was recorded since the last writing, as rows of the table.

use std::collections::BTreeMap;

/// Upper bounds of all histograms, in seconds (they serve bytes too, coarsely).
pub const BUCKETS: [f64; 11] = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1.0, 5.0, 60.0, 1_048_576.0];

/// Rows held at most between two writings; beyond that new series are dropped and counted.
pub const MAX_ROWS: usize = 2_000;
const MAX_LABELS: usize = 8;
const MAX_LABEL_VALUE: usize = 128;
const MAX_NAME: usize = 96;

/// Counts what broke a rule.
pub const REJECTED: &str = "sandbar_metrics_rejected_total";

/// How a row's value joins the one in the table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It is added.
    Counter,
    /// It takes the other's place.
    Gauge,
    /// It is added, and belongs to a histogram.
    Histogram,
}

impl Kind {
    /// The word of the exposition format.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Counter => "counter",
            Self::Gauge => "gauge",
            Self::Histogram => "histogram",
        }
    }
}

/// Which row of the table.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Name of the metric.
    pub family: String,
    /// Labels as text, without `le`; orders the rows of one series together.
    pub labels: String,
    /// Order within a series.
    pub rank: u32,
    /// How it is shown: name and labels.
    pub series: String,
    /// How values join.
    pub kind: Kind,
}

/// Rows and what to add to them.
#[derive(Debug, Default)]
pub struct Buffer {
    rows: BTreeMap<Row, f64>,
    rejected: f64,
}

/// Label pairs as the contract gives them.
pub type Labels = [(String, String)];

impl Buffer {
    /// An empty one.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            rows: BTreeMap::new(),
            rejected: 0.0,
        }
    }

    /// Adds to a counter.
    pub fn counter(&mut self, name: &str, labels: &Labels, amount: u64) {
        #[allow(clippy::cast_precision_loss, reason = "a batch of less than 2^53 events")]
        self.put(name, labels, &[(0, String::new(), None)], Kind::Counter, amount as f64);
    }

    /// Sets a gauge.
    pub fn gauge(&mut self, name: &str, labels: &Labels, value: f64) {
        self.put(name, labels, &[(0, String::new(), None)], Kind::Gauge, value);
    }

    /// Records a value in a histogram.
    pub fn histogram(&mut self, name: &str, labels: &Labels, value: f64) {
        if value.is_nan() {
            self.rejected += 1.0;
            return;
        }
        let bounds = BUCKETS
            .iter()
            .map(|b| (*b, b.to_string()))
            .chain([(f64::INFINITY, "+Inf".to_owned())]);
        // Every bucket is named, so that all of a series appear together; those below the value get nothing.
        for (rank, (bound, shown)) in bounds.enumerate() {
            let part = (
                u32::try_from(rank).unwrap_or(u32::MAX),
                "_bucket".to_owned(),
                Some(shown),
            );
            if !self.put(
                name,
                labels,
                &[part],
                Kind::Histogram,
                if value <= bound { 1.0 } else { 0.0 },
            ) {
                return;
            }
        }
        self.put(name, labels, &[(100, "_sum".to_owned(), None)], Kind::Histogram, value);
        self.put(name, labels, &[(101, "_count".to_owned(), None)], Kind::Histogram, 1.0);
    }

    /// Takes everything out.
    pub fn take(&mut self) -> Vec<(Row, f64)> {
        if self.rejected > 0.0 {
            let row = Row {
                family: REJECTED.to_owned(),
                labels: String::new(),
                rank: 0,
                series: REJECTED.to_owned(),
                kind: Kind::Counter,
            };
            self.rows.insert(row, std::mem::take(&mut self.rejected));
        }
        std::mem::take(&mut self.rows).into_iter().collect()
    }

    /// Puts back what could not be written.
    pub fn put_back(&mut self, rows: Vec<(Row, f64)>) {
        for (row, value) in rows {
            match row.kind {
                // A newer value stays.
                Kind::Gauge => {
                    self.rows.entry(row).or_insert(value);
                }
                Kind::Counter | Kind::Histogram => *self.rows.entry(row).or_insert(0.0) += value,
            }
        }
    }

    fn put(
        &mut self,
        name: &str,
        labels: &Labels,
        parts: &[(u32, String, Option<String>)],
        kind: Kind,
        value: f64,
    ) -> bool {
        if !is_allowed(name, labels) || self.rows.len() >= MAX_ROWS {
            self.rejected += 1.0;
            return false;
        }
        let pairs: Vec<String> = labels.iter().map(|(n, v)| format!("{n}=\"{}\"", escape(v))).collect();
        for (rank, suffix, bound) in parts {
            let all: Vec<String> = pairs
                .iter()
                .cloned()
                .chain(bound.iter().map(|le| format!("le=\"{le}\"")))
                .collect();
            let shown = if all.is_empty() {
                String::new()
            } else {
                format!("{{{}}}", all.join(","))
            };
            let row = Row {
                family: name.to_owned(),
                labels: pairs.join(","),
                rank: *rank,
                series: format!("{name}{suffix}{shown}"),
                kind,
            };
            let slot = self.rows.entry(row).or_insert(0.0);
            *slot = if kind == Kind::Gauge { value } else { *slot + value };
        }
        true
    }
}

fn is_allowed(name: &str, labels: &Labels) -> bool {
    is_name(name)
        && labels.len() <= MAX_LABELS
        && labels
            .iter()
            .all(|(n, v)| is_name(n) && n != "le" && v.len() <= MAX_LABEL_VALUE)
        && labels
            .iter()
            .enumerate()
            .all(|(i, (n, _))| labels[..i].iter().all(|(other, _)| other != n))
}

fn is_name(name: &str) -> bool {
    name.len() <= MAX_NAME
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c == '_')
        && name
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
        pairs.iter().map(|(n, v)| ((*n).into(), (*v).into())).collect()
    }

    fn value(rows: &[(Row, f64)], series: &str) -> Option<f64> {
        rows.iter()
            .find(|(row, _)| row.series == series)
            .map(|(_, value)| *value)
    }

    #[test]
    fn sums_counters_and_keeps_the_last_gauge() {
        let mut buffer = Buffer::new();
        buffer.counter("a_total", &labels(&[("k", "x\"")]), 2);
        buffer.counter("a_total", &labels(&[("k", "x\"")]), 3);
        buffer.gauge("g", &[], 1.0);
        buffer.gauge("g", &[], 4.0);
        let rows = buffer.take();
        assert_eq!(value(&rows, "a_total{k=\"x\\\"\"}"), Some(5.0));
        assert_eq!(value(&rows, "g"), Some(4.0));
        assert!(buffer.take().is_empty());
    }

    #[test]
    fn a_histogram_counts_into_every_bucket_above() {
        let mut buffer = Buffer::new();
        buffer.histogram("h", &[], 0.02);
        buffer.histogram("h", &[], 2.0);
        let rows = buffer.take();
        for (series, want) in [
            ("h_bucket{le=\"0.01\"}", 0.0),
            ("h_bucket{le=\"0.025\"}", 1.0),
            ("h_bucket{le=\"5\"}", 2.0),
            ("h_bucket{le=\"+Inf\"}", 2.0),
            ("h_sum", 2.02),
            ("h_count", 2.0),
        ] {
            assert_eq!(value(&rows, series), Some(want), "{series}");
        }
    }

    #[test]
    fn what_could_not_be_written_is_not_lost() {
        let mut buffer = Buffer::new();
        buffer.counter("a_total", &[], 1);
        buffer.gauge("g", &[], 1.0);
        let rows = buffer.take();
        buffer.counter("a_total", &[], 1);
        buffer.gauge("g", &[], 2.0);
        buffer.put_back(rows);
        let rows = buffer.take();
        assert_eq!((value(&rows, "a_total"), value(&rows, "g")), (Some(2.0), Some(2.0)));
    }

    #[test]
    fn rules_and_bounds_hold() {
        let mut buffer = Buffer::new();
        buffer.counter("Bad", &[], 1);
        buffer.counter("a_total", &labels(&[("le", "x")]), 1);
        buffer.histogram("h", &[], f64::NAN);
        for i in 0..MAX_ROWS + 7 {
            buffer.gauge("g", &labels(&[("i", &i.to_string())]), 1.0);
        }
        let rows = buffer.take();
        assert_eq!(rows.len(), MAX_ROWS + 1);
        assert_eq!(value(&rows, REJECTED), Some(10.0));
    }
}
