//! Commits as people and scripts read them: `--format`, dates, decorations.

use crate::context::short;
use git2::{Commit, Oid, Repository, Time};
use std::collections::HashMap;
use std::fmt::Write;

const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

/// A moment, in its own zone.
struct Civil {
    year: i64,
    month: usize,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
    weekday: usize,
    zone: String,
    colon_zone: String,
}

/// The proleptic Gregorian calendar, by eras of 400 years.
fn civil(time: Time) -> Civil {
    let offset = i64::from(time.offset_minutes());
    let local = time.seconds().saturating_add(offset * 60);
    let (days, rest) = (local.div_euclid(86_400), local.rem_euclid(86_400));
    let shifted = days + 719_468;
    let (era, of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let day_of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let sign = if offset < 0 { '-' } else { '+' };
    let (zone_hours, zone_minutes) = (offset.abs() / 60, offset.abs() % 60);
    Civil {
        year: year_of_era + era * 400 + i64::from(month <= 2),
        month: usize::try_from(month - 1).unwrap_or(0),
        day: day_of_year - (153 * shifted_month + 2) / 5 + 1,
        hour: rest / 3600,
        minute: rest / 60 % 60,
        second: rest % 60,
        weekday: usize::try_from(days.rem_euclid(7)).unwrap_or(0),
        zone: format!("{sign}{zone_hours:02}{zone_minutes:02}"),
        colon_zone: format!("{sign}{zone_hours:02}:{zone_minutes:02}"),
    }
}

/// `Thu Jan 1 00:00:00 1970 +0000`
pub fn date(time: Time) -> String {
    let c = civil(time);
    format!(
        "{} {} {} {:02}:{:02}:{:02} {} {}",
        DAYS[c.weekday], MONTHS[c.month], c.day, c.hour, c.minute, c.second, c.year, c.zone
    )
}

/// `1970-01-01T00:00:00+00:00`
pub fn iso_strict(time: Time) -> String {
    let c = civil(time);
    let zone = if c.colon_zone == "+00:00" {
        "Z".into()
    } else {
        c.colon_zone
    };
    format!(
        "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}{zone}",
        c.year,
        c.month + 1,
        c.day,
        c.hour,
        c.minute,
        c.second
    )
}

fn iso(time: Time) -> String {
    let c = civil(time);
    format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02} {}",
        c.year,
        c.month + 1,
        c.day,
        c.hour,
        c.minute,
        c.second,
        c.zone
    )
}

fn short_date(time: Time) -> String {
    iso(time).split(' ').next().unwrap_or_default().to_owned()
}

fn relative(time: Time) -> String {
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .map_or(0, |now| now.as_secs());
    let age = now.saturating_sub(u64::try_from(time.seconds()).unwrap_or(0));
    let (count, unit) = match age {
        0..90 => (age, "second"),
        90..5400 => ((age + 30) / 60, "minute"),
        5400..129_600 => ((age + 1800) / 3600, "hour"),
        129_600..1_209_600 => ((age + 43_200) / 86_400, "day"),
        1_209_600..6_048_000 => ((age + 302_400) / 604_800, "week"),
        6_048_000..31_536_000 => ((age + 1_314_000) / 2_628_000, "month"),
        _ => (age / 31_536_000, "year"),
    };
    format!("{count} {unit}{} ago", if count == 1 { "" } else { "s" })
}

fn rfc(time: Time) -> String {
    let c = civil(time);
    format!(
        "{}, {} {} {} {:02}:{:02}:{:02} {}",
        DAYS[c.weekday], c.day, MONTHS[c.month], c.year, c.hour, c.minute, c.second, c.zone
    )
}

/// The letters of `strftime` that dates of commits are written with; others stay as they are.
fn formatted(time: Time, format: &str) -> String {
    let c = civil(time);
    let mut text = String::new();
    let mut letters = format.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        match letters.next() {
            Some('Y') => text.push_str(&c.year.to_string()),
            Some('y') => text.push_str(&format!("{:02}", c.year.rem_euclid(100))),
            Some('m') => text.push_str(&format!("{:02}", c.month + 1)),
            Some('d') => text.push_str(&format!("{:02}", c.day)),
            Some('e') => text.push_str(&format!("{:2}", c.day)),
            Some('H') => text.push_str(&format!("{:02}", c.hour)),
            Some('M') => text.push_str(&format!("{:02}", c.minute)),
            Some('S') => text.push_str(&format!("{:02}", c.second)),
            Some('F') => text.push_str(&short_date(time)),
            Some('T') => text.push_str(&format!("{:02}:{:02}:{:02}", c.hour, c.minute, c.second)),
            Some('z') => text.push_str(&c.zone),
            Some('a') => text.push_str(DAYS[c.weekday]),
            Some('b') => text.push_str(MONTHS[c.month]),
            Some('s') => text.push_str(&time.seconds().to_string()),
            Some('%') => text.push('%'),
            Some(other) => text.extend(['%', other]),
            None => text.push('%'),
        }
    }
    text
}

/// A moment in the way that `--date` names.
pub fn dated(time: Time, way: &str) -> String {
    if let Some(format) = way.strip_prefix("format:") {
        return formatted(time, format);
    }
    match way {
        "rfc" | "rfc2822" => rfc(time),
        // A sandbox's clock shows UTC.
        "local" => {
            let text = date(Time::new(time.seconds(), 0));
            text.trim_end_matches(" +0000").to_owned()
        }
        "iso" | "iso8601" => iso(time),
        "iso-strict" | "iso8601-strict" => iso_strict(time),
        "short" => short_date(time),
        "relative" => relative(time),
        "unix" => time.seconds().to_string(),
        "raw" => format!("{} {}", time.seconds(), civil(time).zone),
        _ => date(time),
    }
}

/// Which references point at which commits.
pub type Decorations = HashMap<Oid, Vec<String>>;

/// All of them, HEAD first.
pub fn decorations(repository: &Repository, full: bool) -> Decorations {
    let mut found = Decorations::new();
    let current = crate::context::branch(repository);
    let head = repository.head().ok().and_then(|head| head.target());
    if let (Some(id), true) = (head, repository.head_detached().unwrap_or(false)) {
        found.entry(id).or_default().push("HEAD".into());
    }
    let Ok(references) = repository.references() else {
        return found;
    };
    let mut rows: Vec<(u8, String, Oid)> = Vec::new();
    for reference in references.flatten() {
        let whole = |short: &str, prefix: &str| {
            if full {
                format!("{prefix}{short}")
            } else {
                short.to_owned()
            }
        };
        let Ok(name) = reference.name().map(str::to_owned) else {
            continue;
        };
        let Ok(commit) = reference.peel_to_commit() else {
            continue;
        };
        if let Some(branch) = name.strip_prefix("refs/heads/") {
            if current.as_deref() == Some(branch) {
                rows.push((0, format!("HEAD -> {}", whole(branch, "refs/heads/")), commit.id()));
            } else {
                rows.push((3, whole(branch, "refs/heads/"), commit.id()));
            }
        } else if let Some(tag) = name.strip_prefix("refs/tags/") {
            rows.push((1, format!("tag: {}", whole(tag, "refs/tags/")), commit.id()));
        } else if let Some(remote) = name.strip_prefix("refs/remotes/") {
            rows.push((2, whole(remote, "refs/remotes/"), commit.id()));
        }
    }
    // As git lists them: what HEAD leads to, then each kind from the end of the alphabet.
    rows.sort_by(|one, other| one.0.cmp(&other.0).then_with(|| other.1.cmp(&one.1)));
    for (_, name, id) in rows {
        found.entry(id).or_default().push(name);
    }
    found
}

/// How commits are shown.
pub struct Style {
    /// Name of a built-in way, or a text with `%`.
    pub format: String,
    /// As `--date` names it.
    pub date: String,
    /// Full hashes are cut.
    pub abbreviate: bool,
    /// What is beside hashes; empty for nothing.
    pub decorations: Decorations,
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The first paragraph, on one line.
pub fn subject(commit: &Commit<'_>) -> String {
    text(commit.message_bytes())
        .trim_start()
        .lines()
        .take_while(|line| !line.trim().is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// A subject as `format-patch` would call the file.
fn file_name(subject: &str) -> String {
    let mut text = String::new();
    for letter in subject.chars() {
        if letter.is_ascii_alphanumeric() || matches!(letter, '.' | '_') {
            text.push(letter);
        } else if !text.ends_with('-') {
            text.push('-');
        }
    }
    text.trim_matches(['-', '.']).to_owned()
}

fn body(commit: &Commit<'_>) -> String {
    let message = text(commit.message_bytes());
    let mut lines = message.trim_start().lines().skip_while(|line| !line.trim().is_empty());
    lines.next();
    let rest: Vec<&str> = lines.collect();
    let rest = rest.join("\n");
    let rest = rest.trim();
    if rest.is_empty() {
        String::new()
    } else {
        format!("{rest}\n")
    }
}

/// Whether a way ends each commit with a line, rather than standing between two.
pub fn ends_lines(format: &str) -> bool {
    !format.starts_with("format:")
}

/// A commit as a style has it, without the line's end.
pub fn show(commit: &Commit<'_>, style: &Style) -> String {
    let hash = |id: Oid| {
        if style.abbreviate {
            commit
                .id()
                .to_string()
                .get(..7)
                .map_or_else(String::new, |_| id.to_string()[..7].to_owned())
        } else {
            id.to_string()
        }
    };
    let beside = style
        .decorations
        .get(&commit.id())
        .map_or_else(String::new, |names| format!(" ({})", names.join(", ")));
    let author = commit.author();
    let committer = commit.committer();
    let person = |who: &git2::Signature<'_>| format!("{} <{}>", text(who.name_bytes()), text(who.email_bytes()));
    let indented: String = text(commit.message_bytes())
        .trim()
        .lines()
        .map(|line| {
            if line.is_empty() {
                "    \n".into()
            } else {
                format!("    {line}\n")
            }
        })
        .collect();
    let merge = if commit.parent_count() > 1 {
        let parents: Vec<String> = commit.parents().map(|parent| short(parent.as_object())).collect();
        format!("Merge: {}\n", parents.join(" "))
    } else {
        String::new()
    };
    let top = format!("commit {}{beside}\n{merge}", hash(commit.id()));
    match style.format.as_str() {
        "oneline" => format!("{}{beside} {}", hash(commit.id()), subject(commit)),
        "reference" => format!(
            "{} ({}, {})",
            short(commit.as_object()),
            subject(commit),
            short_date(author.when())
        ),
        "short" => format!("{top}Author: {}\n\n    {}\n", person(&author), subject(commit)),
        "" | "medium" => format!(
            "{top}Author: {}\nDate:   {}\n\n{indented}",
            person(&author),
            dated(author.when(), &style.date)
        ),
        "full" => format!(
            "{top}Author: {}\nCommit: {}\n\n{indented}",
            person(&author),
            person(&committer)
        ),
        "fuller" => format!(
            "{top}Author:     {}\nAuthorDate: {}\nCommit:     {}\nCommitDate: {}\n\n{indented}",
            person(&author),
            dated(author.when(), &style.date),
            person(&committer),
            dated(committer.when(), &style.date)
        ),
        custom => {
            let custom = custom
                .strip_prefix("format:")
                .or_else(|| custom.strip_prefix("tformat:"))
                .unwrap_or(custom);
            expand(commit, style, custom)
        }
    }
}

fn expand(commit: &Commit<'_>, style: &Style, format: &str) -> String {
    let mut out = String::new();
    let mut rest = format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let (taken, value) = placeholder(commit, style, rest);
        match value {
            Some(value) => out.push_str(&value),
            None => {
                out.push('%');
                continue;
            }
        }
        rest = &rest[taken..];
    }
    out.push_str(rest);
    out
}

fn placeholder(commit: &Commit<'_>, style: &Style, rest: &str) -> (usize, Option<String>) {
    let mut letters = rest.chars();
    let Some(first) = letters.next() else { return (0, None) };
    let second = letters.next();
    let one = |value: String| (1, Some(value));
    let names = || {
        style
            .decorations
            .get(&commit.id())
            .map_or_else(String::new, |names| names.join(", "))
    };
    match first {
        'H' => one(commit.id().to_string()),
        'h' => one(short(commit.as_object())),
        'T' => one(commit.tree_id().to_string()),
        't' => one(commit.tree_id().to_string()[..7].to_owned()),
        'P' => one(commit
            .parent_ids()
            .map(|id| id.to_string())
            .collect::<Vec<_>>()
            .join(" ")),
        'p' => one(commit
            .parents()
            .map(|parent| short(parent.as_object()))
            .collect::<Vec<_>>()
            .join(" ")),
        's' => one(subject(commit)),
        'f' => one(file_name(&subject(commit))),
        'b' => one(body(commit)),
        'B' => one(text(commit.message_bytes())),
        'n' => one("\n".into()),
        '%' => one("%".into()),
        'd' => {
            let names = names();
            one(if names.is_empty() { names } else { format!(" ({names})") })
        }
        'D' => one(names()),
        'a' | 'c' => {
            let who = if first == 'a' {
                commit.author()
            } else {
                commit.committer()
            };
            let value = match second {
                Some('n' | 'N') => text(who.name_bytes()),
                Some('e' | 'E') => text(who.email_bytes()),
                Some('l') => text(who.email_bytes()).split('@').next().unwrap_or_default().to_owned(),
                Some('d') => dated(who.when(), &style.date),
                Some('D') => {
                    let c = civil(who.when());
                    format!(
                        "{}, {} {} {} {:02}:{:02}:{:02} {}",
                        DAYS[c.weekday], c.day, MONTHS[c.month], c.year, c.hour, c.minute, c.second, c.zone
                    )
                }
                Some('t') => who.when().seconds().to_string(),
                Some('i') => iso(who.when()),
                Some('I') => iso_strict(who.when()),
                Some('r') => relative(who.when()),
                Some('s') => short_date(who.when()),
                _ => return (0, None),
            };
            (2, Some(value))
        }
        'x' => match rest.get(1..3).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => (3, Some(char::from(byte).to_string())),
            None => (0, None),
        },
        // Colours are for terminals that ask for them; none here.
        'C' => {
            if let Some(end) = rest.strip_prefix("C(").and_then(|inner| inner.find(')')) {
                return (end + 3, Some(String::new()));
            }
            for name in ["reset", "red", "green", "blue", "yellow", "bold"] {
                if rest[1..].starts_with(name) {
                    return (1 + name.len(), Some(String::new()));
                }
            }
            (0, None)
        }
        _ => (0, None),
    }
}

/// `N files changed, N insertions(+), N deletions(-)`, as `git diff --shortstat` has it.
pub fn counts(files: usize, insertions: usize, deletions: usize) -> String {
    let plural = |count: usize| if count == 1 { "" } else { "s" };
    let mut text = format!(" {files} file{} changed", plural(files));
    if insertions > 0 || deletions == 0 {
        let _ = write!(text, ", {insertions} insertion{}(+)", plural(insertions));
    }
    if deletions > 0 || insertions == 0 {
        let _ = write!(text, ", {deletions} deletion{}(-)", plural(deletions));
    }
    text
}
