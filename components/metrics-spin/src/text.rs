//! Prometheus text format 0.0.4 of the table's rows.

use std::fmt::Write;

/// Writes `rows` of (family, kind, series, value), sorted by family.
#[must_use]
pub fn exposition(rows: &[(String, String, String, f64)]) -> String {
    let mut out = String::new();
    let mut family_written = None;
    for (family, kind, series, value) in rows {
        // Writing to a String cannot fail.
        if family_written != Some(family) {
            family_written = Some(family);
            let _ = writeln!(out, "# TYPE {family} {kind}");
        }
        let _ = writeln!(out, "{series} {value}");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_type_line_for_each_family() {
        let row =
            |family: &str, series: &str, value| (family.to_owned(), "counter".to_owned(), series.to_owned(), value);
        let text = exposition(&[
            row("a", "a{x=\"1\"}", 1.0),
            row("a", "a{x=\"2\"}", 2.5),
            row("b", "b", 3.0),
        ]);
        assert_eq!(
            text,
            "# TYPE a counter\na{x=\"1\"} 1\na{x=\"2\"} 2.5\n# TYPE b counter\nb 3\n"
        );
    }
}
