//! OTLP in its JSON encoding (`ExportMetricsServiceRequest`): cumulative sums, gauges and histograms.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{BUCKETS, Histogram, Key, Series};

/// Of series that are sorted by name; times in nanoseconds since the epoch.
pub(super) fn request(all: &[(Key, Series)], service: &str, start: u64, now: u64) -> Value {
    let metrics: Vec<Value> = all
        .chunk_by(|a, b| a.0.name == b.0.name)
        .filter_map(|same| metric(same, start, now))
        .collect();
    json!({ "resourceMetrics": [{
        "resource": { "attributes": [attribute("service.name", service)] },
        "scopeMetrics": [{ "scope": { "name": "sandbar" }, "metrics": metrics }],
    }] })
}

/// Cumulative, in the protocol's numbers.
const CUMULATIVE: u32 = 2;

fn metric(same: &[(Key, Series)], start: u64, now: u64) -> Option<Value> {
    let (first, kind) = same.first()?;
    let points: Vec<Value> = same
        .iter()
        .map(|(key, series)| point(key, series, start, now))
        .collect();
    let data = match kind {
        Series::Counter(_) => {
            json!({ "sum": { "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points } })
        }
        Series::Gauge(_) if first.name.ends_with("_total") => {
            json!({ "sum": { "aggregationTemporality": CUMULATIVE, "isMonotonic": true, "dataPoints": points } })
        }
        Series::Gauge(_) => json!({ "gauge": { "dataPoints": points } }),
        Series::Histogram(_) => {
            json!({ "histogram": { "aggregationTemporality": CUMULATIVE, "dataPoints": points } })
        }
    };
    let mut metric = json!({ "name": first.name, "unit": unit(&first.name) });
    if let (Value::Object(metric), Value::Object(data)) = (&mut metric, data) {
        metric.extend(data);
    }
    Some(metric)
}

fn unit(name: &str) -> &'static str {
    let name = name.trim_end_matches("_total");
    if name.ends_with("_seconds") {
        "s"
    } else if name.ends_with("_bytes") {
        "By"
    } else {
        "1"
    }
}

fn point(key: &Key, series: &Series, start: u64, now: u64) -> Value {
    let labels: Vec<Value> = key.labels.iter().map(|(name, value)| attribute(name, value)).collect();
    // 64-bit integers are strings in this encoding.
    let mut point = json!({
        "attributes": labels, "startTimeUnixNano": start.to_string(), "timeUnixNano": now.to_string(),
    });
    match series {
        Series::Counter(value) => point["asInt"] = value.load(Ordering::Relaxed).to_string().into(),
        Series::Gauge(bits) => point["asDouble"] = f64::from_bits(bits.load(Ordering::Relaxed)).into(),
        Series::Histogram(histogram) => buckets(&mut point, histogram),
    }
    point
}

fn buckets(point: &mut Value, histogram: &Histogram) {
    let counts: Vec<u64> = histogram
        .counts
        .iter()
        .map(|count| count.load(Ordering::Relaxed))
        .collect();
    point["count"] = counts.iter().sum::<u64>().to_string().into();
    point["sum"] = f64::from_bits(histogram.sum.load(Ordering::Relaxed)).into();
    point["bucketCounts"] = counts.iter().map(u64::to_string).collect::<Vec<_>>().into();
    point["explicitBounds"] = BUCKETS.to_vec().into();
}

fn attribute(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

#[cfg(test)]
mod tests {
    use crate::metrics::Metrics;

    #[test]
    fn each_kind_has_its_shape() {
        let metrics = Metrics::default();
        metrics.counter_add("a_total", &[("kind", "x")], 2);
        metrics.counter_add("a_total", &[("kind", "y")], 3);
        metrics.gauge_set("b_bytes", &[], 1.5);
        metrics.histogram_record("c_seconds", &[], 0.002);
        let value = metrics.otlp("sandbar", 1, 2);
        let all = value["resourceMetrics"][0]["scopeMetrics"][0]["metrics"]
            .as_array()
            .expect("metrics")
            .clone();
        assert_eq!(all.len(), 3, "{value}");
        assert_eq!(all[0]["sum"]["dataPoints"][1]["asInt"], "3");
        assert_eq!(all[0]["sum"]["isMonotonic"], true);
        assert_eq!(
            (&all[1]["gauge"]["dataPoints"][0]["asDouble"], &all[1]["unit"]),
            (&1.5.into(), &"By".into())
        );
        let histogram = &all[2]["histogram"]["dataPoints"][0];
        assert_eq!((&histogram["count"], &histogram["sum"]), (&"1".into(), &0.002.into()));
        let bounds = histogram["explicitBounds"].as_array().expect("bounds").len();
        assert_eq!(histogram["bucketCounts"].as_array().expect("counts").len(), bounds + 1);
    }
}
