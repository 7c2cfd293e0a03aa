use super::*;

#[test]
fn renders_each_kind() {
    let metrics = Metrics::default();
    metrics.counter_add("a_total", &[("k", "x")], 2);
    metrics.counter_add("a_total", &[("k", "x")], 3);
    metrics.counter_add("a_total", &[("k", "y\"\\\n")], 1);
    metrics.gauge_set("g", &[], -1.5);
    metrics.histogram_record("h_seconds", &[], 0.002);
    metrics.histogram_record("h_seconds", &[], 1e12);
    let text = metrics.render();
    for line in [
        "# TYPE a_total counter\na_total{k=\"x\"} 5\na_total{k=\"y\\\"\\\\\\n\"} 1\n",
        "# TYPE g gauge\ng -1.5\n",
        "# TYPE h_seconds histogram\nh_seconds_bucket{le=\"0.000064\"} 0\n",
        "h_seconds_bucket{le=\"0.0025\"} 1\n",
        "h_seconds_bucket{le=\"+Inf\"} 2\n",
        "h_seconds_sum 1000000000000.002\nh_seconds_count 2\n",
        "sandbar_metrics_rejected_total 0\n",
    ] {
        assert!(text.contains(line), "{line:?} is missing in\n{text}");
    }
}

#[test]
fn what_breaks_a_rule_is_dropped_and_counted() {
    let metrics = Metrics::default();
    let long = "v".repeat(MAX_LABEL_VALUE + 1);
    metrics.counter_add("Bad", &[], 1);
    metrics.counter_add("a b", &[], 1);
    metrics.counter_add("a_total", &[("le", "x")], 1);
    metrics.counter_add("a_total", &[("k", &long)], 1);
    metrics.counter_add("a_total", &[("k", "1"), ("k", "2")], 1);
    metrics.counter_add("a_total", &[("k", "v"); MAX_LABELS + 1], 1);
    metrics.histogram_record("h", &[], f64::NAN);
    metrics.gauge_set("g", &[], 1.0);
    metrics.counter_add("g", &[], 1);
    let text = metrics.render();
    assert!(text.contains("sandbar_metrics_rejected_total 8\n"), "{text}");
    assert!(!text.contains("a_total"), "{text}");
}

#[test]
fn series_are_bounded_and_known_ones_go_on() {
    let metrics = Metrics::with_limit(10);
    for i in 0..50 {
        metrics.counter_add("a_total", &[("i", &i.to_string())], 1);
    }
    metrics.counter_add("a_total", &[("i", "0")], 1);
    let text = metrics.render();
    assert_eq!(text.matches("a_total{").count(), 10);
    assert!(text.contains("a_total{i=\"0\"} 2\n"), "{text}");
    assert!(text.contains("sandbar_metrics_rejected_total 40\n"), "{text}");
}

#[test]
fn handles_count_into_the_same_series() {
    let metrics = Metrics::default();
    metrics.counter("a_total", &[]).add(1);
    metrics.counter_add("a_total", &[], 1);
    metrics.timer("t_seconds", &[]).record(Duration::from_millis(3));
    let text = metrics.render();
    assert!(
        text.contains("a_total 2\n") && text.contains("t_seconds_count 1\n"),
        "{text}"
    );
}
