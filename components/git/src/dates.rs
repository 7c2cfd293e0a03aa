//! Moments as people write them: `--date`, `--since`, `--until`.

use git2::Time;

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];
const DAYS: [&str; 7] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];

/// The present second.
pub fn now() -> i64 {
    std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| i64::try_from(now.as_secs()).unwrap_or(i64::MAX))
}

/// Days since 1970 of a date of the Gregorian calendar.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let shifted = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (shifted.div_euclid(400), shifted.rem_euclid(400));
    let of_year = (153 * (month + if month > 2 { -3 } else { 9 }) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// `+0100`, `-05:30`, `Z`: minutes.
fn zone(text: &str) -> Option<i32> {
    if matches!(text, "Z" | "z" | "UTC" | "GMT") {
        return Some(0);
    }
    let sign = match text.as_bytes().first()? {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    let number: i32 = digits.parse().ok().filter(|_| digits.len() <= 4)?;
    let (hours, minutes) = if digits.len() <= 2 {
        (number, 0)
    } else {
        (number / 100, number % 100)
    };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// `2 weeks ago`, `3.days.ago`, `yesterday`: seconds before now.
fn relative(text: &str) -> Option<i64> {
    let lower = text.to_lowercase();
    match lower.as_str() {
        "now" | "today" => return Some(0),
        "yesterday" => return Some(86_400),
        _ => {}
    }
    let words: Vec<&str> = lower.split(['.', ' ', '_']).filter(|word| !word.is_empty()).collect();
    let [count, unit, rest @ ..] = words.as_slice() else {
        return None;
    };
    if !matches!(rest, [] | ["ago"]) {
        return None;
    }
    let count: i64 = match *count {
        "a" | "an" | "one" => 1,
        "last" => 1,
        other => other.parse().ok()?,
    };
    let unit = match unit.trim_end_matches('s') {
        "second" | "sec" => 1,
        "minute" | "min" => 60,
        "hour" => 3600,
        "day" => 86_400,
        "week" => 604_800,
        "month" => 2_628_000,
        "year" => 31_536_000,
        _ => return None,
    };
    Some(count.saturating_mul(unit))
}

/// A moment; none if it is no date. A date alone is its midnight; without a zone it is UTC's, which is a sandbox's.
pub fn parse(text: &str) -> Option<Time> {
    let text = text.trim();
    if let Some(ago) = relative(text) {
        return Some(Time::new(now().saturating_sub(ago), 0));
    }
    let (first, second) = text.split_once(' ').unwrap_or((text, ""));
    let plain = first.strip_prefix('@').unwrap_or(first);
    if (first.starts_with('@') || plain.len() > 8)
        && plain.bytes().all(|byte| byte.is_ascii_digit())
        && let Ok(seconds) = plain.parse()
    {
        let minutes = if second.is_empty() { 0 } else { zone(second)? };
        return Some(Time::new(seconds, minutes));
    }
    let (mut year, mut month, mut day) = (None, None, None);
    let mut clock = (0, 0, 0);
    let mut minutes = 0;
    let spaced: String = text
        .char_indices()
        .map(|(at, letter)| {
            let digit = |at: Option<usize>| {
                at.and_then(|at| text.as_bytes().get(at))
                    .is_some_and(u8::is_ascii_digit)
            };
            if letter == 'T' && digit(at.checked_sub(1)) && digit(Some(at + 1)) || letter == ',' {
                ' '
            } else {
                letter
            }
        })
        .collect();
    for word in spaced.split_whitespace() {
        let lower = word.to_lowercase();
        let beginning = lower.get(..3).unwrap_or_default();
        if word.contains(':') && word.as_bytes()[0].is_ascii_digit() {
            let end = word.find(['+', '-', 'Z']).unwrap_or(word.len());
            let mut parts = word[..end]
                .split(':')
                .map(|part| part.split('.').next().unwrap_or(part).parse::<i64>());
            clock = (
                parts.next()?.ok()?,
                parts.next()?.ok()?,
                parts.next().map_or(Some(0), Result::ok)?,
            );
            if end < word.len() {
                minutes = zone(&word[end..])?;
            }
        } else if let Some(found) = zone(word) {
            minutes = found;
        } else if let Some(at) = MONTHS.iter().position(|name| *name == beginning) {
            month = i64::try_from(at + 1).ok();
        } else if DAYS.contains(&beginning) {
        } else if let [one, two, three] = word.split(['-', '/', '.']).collect::<Vec<_>>()[..] {
            let (one, two, three): (i64, i64, i64) = (one.parse().ok()?, two.parse().ok()?, three.parse().ok()?);
            (year, month, day) = match word.contains('.') {
                _ if one > 31 => (Some(one), Some(two), Some(three)),
                true => (Some(three), Some(two), Some(one)),
                false => (Some(three), Some(one), Some(two)),
            };
        } else {
            let number: i64 = word.parse().ok()?;
            if number > 31 {
                year = Some(number);
            } else {
                day = Some(number);
            }
        }
    }
    let (year, month, day) = (year?, month?, day?);
    let fits = (1970..=9999).contains(&year)
        && (1..=12).contains(&month)
        && (1..=31).contains(&day)
        && (0..24).contains(&clock.0)
        && (0..60).contains(&clock.1)
        && (0..=60).contains(&clock.2);
    let local = days(year, month, day) * 86_400 + clock.0 * 3600 + clock.1 * 60 + clock.2;
    fits.then(|| Time::new(local - i64::from(minutes) * 60, minutes))
}
