//! Where the time goes inside, from the platform's own histograms.

use crate::stats::Samples;
use sandbar_tests::Platform;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

/// Sum (seconds) and count of each histogram.
pub type Histograms = BTreeMap<String, (f64, f64)>;

/// Reads `/metrics`.
pub fn read(platform: &Platform) -> Histograms {
    let origin = platform.api_url.trim_end_matches("/api");
    let text = platform.api().get(&format!("{origin}/metrics")).text;
    let mut found = Histograms::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let Some((name, value)) = line.rsplit_once(' ') else {
            continue;
        };
        let Ok(value) = value.parse::<f64>() else { continue };
        let base = name.split('{').next().unwrap_or(name);
        let labels = name.strip_prefix(base).unwrap_or_default();
        if let Some(base) = base.strip_suffix("_seconds_sum") {
            found.entry(format!("{base}{labels}")).or_default().0 += value;
        } else if let Some(base) = base.strip_suffix("_seconds_count") {
            found.entry(format!("{base}{labels}")).or_default().1 += value;
        }
    }
    found
}

/// Means of what was recorded between two readings, one line each.
pub fn difference(before: &Histograms, after: &Histograms) -> String {
    let mut lines = vec!["  spans inside (mean, times recorded):".to_owned()];
    for (name, (sum, count)) in after {
        let (sum_before, count_before) = before.get(name).copied().unwrap_or_default();
        let times = count - count_before;
        if times > 0.0 {
            lines.push(format!(
                "    {:9.3} ms  x{times:<6} {name}",
                (sum - sum_before) / times * 1000.0
            ));
        }
    }
    lines.join("\n")
}

/// What the cell says of each command in `Server-Timing`: making the instance, and running it.
#[derive(Default)]
pub struct Inside(BTreeMap<String, Samples>);

impl Inside {
    /// Takes one answer's header, `name;dur=<ms>, ...`.
    pub fn add(&mut self, header: &str) {
        for part in header.split(',') {
            let Some((name, time)) = part.trim().split_once(";dur=") else {
                continue;
            };
            if let Ok(time) = time.parse::<f64>() {
                let samples = self.0.entry(name.to_owned()).or_default();
                samples.push(Duration::from_secs_f64(time.max(0.0) / 1000.0));
            }
        }
    }
}

impl fmt::Display for Inside {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines: Vec<String> = self
            .0
            .iter()
            .map(|(name, samples)| format!("  in the cell: {name:<22}{samples}"))
            .collect();
        out.write_str(&lines.join("\n"))
    }
}
