//! Times on the wire: ISO 8601 in UTC with milliseconds and `Z`.

use jiff::Timestamp;

/// Formats milliseconds since the epoch. Moments after the year 9999 show as the last that can be written.
pub fn iso(millis: u64) -> String {
    let moment = i64::try_from(millis)
        .ok()
        .and_then(|millis| Timestamp::from_millisecond(millis).ok())
        .unwrap_or(Timestamp::MAX);
    moment.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// Reads a time as clients send it: ISO 8601 with an offset or `Z`. Moments before the epoch are the epoch.
pub fn parse(text: &str) -> Option<u64> {
    let moment: Timestamp = text.parse().ok()?;
    Some(u64::try_from(moment.as_millisecond()).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_milliseconds_and_a_z() {
        assert_eq!(iso(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(iso(1_767_225_600_000), "2026-01-01T00:00:00.000Z");
        assert_eq!(iso(1_767_225_600_007), "2026-01-01T00:00:00.007Z");
        assert!(iso(u64::MAX).starts_with("9999-12-3"));
    }

    #[test]
    fn times_are_read_with_any_offset() {
        assert_eq!(parse("2026-01-01T00:00:00.000Z"), Some(1_767_225_600_000));
        assert_eq!(parse("2026-01-01T01:00:00+01:00"), Some(1_767_225_600_000));
        assert_eq!(parse("1960-01-01T00:00:00Z"), Some(0));
        assert_eq!(parse("yesterday"), None);
    }
}
