//! Days and dates of the Gregorian calendar, in UTC: sandboxes have no time zones.

use std::time::SystemTime;

/// Days from 1970-01-01 to a date; none if there is no such month or day.
pub fn days_from_civil(year: i64, month: i64, day: i64) -> Option<i64> {
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(-9999..=9999).contains(&year) {
        return None;
    }
    // Years that start in March put the leap day last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

/// A moment taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Civil {
    /// Such as 2026.
    pub year: i64,
    /// 1 to 12.
    pub month: i64,
    /// 1 to 31.
    pub day: i64,
    /// 0 to 23.
    pub hour: i64,
    /// 0 to 59.
    pub minute: i64,
    /// 0 to 59.
    pub second: i64,
    /// 0 to 999,999,999.
    pub nanosecond: u32,
}

impl Civil {
    /// `2026-11-23 14:05:09`
    pub fn full(&self) -> String {
        let Self {
            year,
            month,
            day,
            hour,
            minute,
            second,
            ..
        } = self;
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}:{second:02}")
    }

    /// `Nov`
    pub fn month_name(&self) -> &'static str {
        const NAMES: [&str; 12] = [
            "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
        ];
        usize::try_from(self.month - 1)
            .ok()
            .and_then(|at| NAMES.get(at))
            .copied()
            .unwrap_or("???")
    }
}

/// Seconds since 1970, and nanoseconds.
pub fn unix(time: SystemTime) -> (i64, u32) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(since) => (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), since.subsec_nanos()),
        Err(before) => (-i64::try_from(before.duration().as_secs()).unwrap_or(i64::MAX), 0),
    }
}

/// A moment taken apart, in UTC.
pub fn civil(time: SystemTime) -> Civil {
    let (seconds, nanosecond) = unix(time);
    let days = seconds.div_euclid(86_400);
    let rest = seconds.rem_euclid(86_400);
    let shifted = days + 719_468;
    let era = shifted.div_euclid(146_097);
    let of_era = shifted.rem_euclid(146_097);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let march_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * march_month + 2) / 5 + 1;
    let month = if march_month < 10 {
        march_month + 3
    } else {
        march_month - 9
    };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Civil {
        year,
        month,
        day,
        hour: rest / 3600,
        minute: rest % 3600 / 60,
        second: rest % 60,
        nanosecond,
    }
}

/// Days of the week from Sunday, and months, by their full names; three letters are the short ones.
const DAYS: [&str; 7] = [
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
    "Thursday",
    "Friday",
    "Saturday",
];
const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// A moment (seconds since 1970) as `format` has it, with the conversions of strftime(3) in the C locale and UTC.
pub fn strftime(format: &str, seconds: i64) -> String {
    use std::fmt::Write;
    let moment = u64::try_from(seconds).map_or_else(
        |_| SystemTime::UNIX_EPOCH.checked_sub(std::time::Duration::from_secs(seconds.unsigned_abs())),
        |seconds| SystemTime::UNIX_EPOCH.checked_add(std::time::Duration::from_secs(seconds)),
    );
    let civil = civil(moment.unwrap_or(SystemTime::UNIX_EPOCH));
    let Civil {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = civil;
    let days = seconds.div_euclid(86_400);
    let weekday = (days + 4).rem_euclid(7);
    let of_year = days - days_from_civil(year, 1, 1).unwrap_or(days) + 1;
    let name = |names: &'static [&'static str], at: i64| {
        usize::try_from(at)
            .ok()
            .and_then(|at| names.get(at))
            .copied()
            .unwrap_or("?")
    };
    let short = |name: &'static str| &name[..name.len().min(3)];
    let (day_name, month_name) = (name(&DAYS, weekday), name(&MONTHS, month - 1));
    let twelve = if hour % 12 == 0 { 12 } else { hour % 12 };
    let mut out = String::new();
    let mut rest = format.chars();
    while let Some(c) = rest.next() {
        if c != '%' {
            out.push(c);
            continue;
        }
        let mut conversion = rest.next();
        while matches!(conversion, Some('-' | '_' | 'E' | 'O')) {
            conversion = rest.next();
        }
        let _ = match conversion {
            Some('Y') => write!(out, "{year}"),
            Some('C') => write!(out, "{:02}", year.div_euclid(100)),
            Some('y') => write!(out, "{:02}", year.rem_euclid(100)),
            Some('m') => write!(out, "{month:02}"),
            Some('d') => write!(out, "{day:02}"),
            Some('e') => write!(out, "{day:2}"),
            Some('H') => write!(out, "{hour:02}"),
            Some('k') => write!(out, "{hour:2}"),
            Some('I') => write!(out, "{twelve:02}"),
            Some('l') => write!(out, "{twelve:2}"),
            Some('M') => write!(out, "{minute:02}"),
            Some('S') => write!(out, "{second:02}"),
            Some('p') => write!(out, "{}", if hour < 12 { "AM" } else { "PM" }),
            Some('a') => write!(out, "{}", short(day_name)),
            Some('A') => write!(out, "{day_name}"),
            Some('b' | 'h') => write!(out, "{}", short(month_name)),
            Some('B') => write!(out, "{month_name}"),
            Some('j') => write!(out, "{of_year:03}"),
            Some('u') => write!(out, "{}", if weekday == 0 { 7 } else { weekday }),
            Some('w') => write!(out, "{weekday}"),
            Some('U') => write!(out, "{:02}", (of_year + 6 - weekday) / 7),
            Some('W') => write!(out, "{:02}", (of_year + 6 - (weekday + 6) % 7) / 7),
            Some('F') => write!(out, "{year}-{month:02}-{day:02}"),
            Some('T' | 'X') => write!(out, "{hour:02}:{minute:02}:{second:02}"),
            Some('R') => write!(out, "{hour:02}:{minute:02}"),
            Some('D' | 'x') => write!(out, "{month:02}/{day:02}/{:02}", year.rem_euclid(100)),
            Some('c') => write!(
                out,
                "{} {} {day:2} {hour:02}:{minute:02}:{second:02} {year}",
                short(day_name),
                short(month_name)
            ),
            Some('r') => write!(
                out,
                "{twelve:02}:{minute:02}:{second:02} {}",
                if hour < 12 { "AM" } else { "PM" }
            ),
            Some('s') => write!(out, "{seconds}"),
            Some('Z') => write!(out, "UTC"),
            Some('z') => write!(out, "+0000"),
            Some('n') => writeln!(out),
            Some('t') => write!(out, "\t"),
            Some('%') => write!(out, "%"),
            Some(other) => write!(out, "%{other}"),
            None => write!(out, "%"),
        };
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn there_and_back() {
        for (seconds, text) in [
            (0, "1970-01-01 00:00:00"),
            (951_782_400, "2000-02-29 00:00:00"),
            (1_795_442_709, "2026-11-23 14:05:09"),
            (4_107_542_399, "2100-02-28 23:59:59"),
        ] {
            let civil = civil(SystemTime::UNIX_EPOCH + Duration::from_secs(seconds));
            assert_eq!(civil.full(), text);
            let days = days_from_civil(civil.year, civil.month, civil.day).unwrap();
            assert_eq!(days, i64::try_from(seconds / 86_400).unwrap());
        }
        assert_eq!(days_from_civil(2026, 13, 1), None);
    }
}
