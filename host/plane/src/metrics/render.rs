//! Prometheus text format 0.0.4.

use std::fmt::Write;
use std::sync::atomic::Ordering;

use super::{BUCKETS, Histogram, Key, Series};

/// Of series that are sorted by name.
pub(super) fn text(all: &[(Key, Series)], rejected: u64) -> String {
    let mut out = String::with_capacity(all.len() * 96 + 128);
    let mut kind_written_for = None;
    for (key, series) in all {
        if kind_written_for != Some(&key.name) {
            kind_written_for = Some(&key.name);
            line(&mut out, format_args!("# TYPE {} {}", key.name, kind(key, series)));
        }
        match series {
            Series::Counter(value) => {
                line(
                    &mut out,
                    format_args!("{}{} {}", key.name, labels(key, None), value.load(Ordering::Relaxed)),
                );
            }
            Series::Gauge(bits) => {
                let value = f64::from_bits(bits.load(Ordering::Relaxed));
                line(
                    &mut out,
                    format_args!("{}{} {}", key.name, labels(key, None), number(value)),
                );
            }
            Series::Histogram(histogram) => buckets(&mut out, key, histogram),
        }
    }
    line(&mut out, format_args!("# TYPE sandbar_metrics_rejected_total counter"));
    line(&mut out, format_args!("sandbar_metrics_rejected_total {rejected}"));
    out
}

fn kind(key: &Key, series: &Series) -> &'static str {
    match series {
        // A sum of seconds, kept elsewhere, that only grows.
        Series::Gauge(_) if key.name.ends_with("_total") => "counter",
        Series::Counter(_) => "counter",
        Series::Gauge(_) => "gauge",
        Series::Histogram(_) => "histogram",
    }
}

fn buckets(out: &mut String, key: &Key, histogram: &Histogram) {
    let mut sum = 0;
    for (bound, count) in BUCKETS.iter().copied().chain([f64::INFINITY]).zip(&histogram.counts) {
        sum += count.load(Ordering::Relaxed);
        line(
            out,
            format_args!("{}_bucket{} {sum}", key.name, labels(key, Some(&number(bound)))),
        );
    }
    let total = f64::from_bits(histogram.sum.load(Ordering::Relaxed));
    line(
        out,
        format_args!("{}_sum{} {}", key.name, labels(key, None), number(total)),
    );
    line(out, format_args!("{}_count{} {sum}", key.name, labels(key, None)));
}

fn number(value: f64) -> String {
    if value == f64::INFINITY {
        "+Inf".into()
    } else if value == f64::NEG_INFINITY {
        "-Inf".into()
    } else {
        value.to_string()
    }
}

fn labels(key: &Key, bound: Option<&str>) -> String {
    let mut parts: Vec<String> = key
        .labels
        .iter()
        .map(|(n, v)| format!("{n}=\"{}\"", escape(v)))
        .collect();
    parts.extend(bound.map(|le| format!("le=\"{le}\"")));
    if parts.is_empty() {
        String::new()
    } else {
        format!("{{{}}}", parts.join(","))
    }
}

fn escape(value: &str) -> String {
    value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n")
}

fn line(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = writeln!(out, "{text}");
}
