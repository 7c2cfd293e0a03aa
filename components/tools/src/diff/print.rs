//! Differences in the forms that diff has.

use super::compare::Run;
use std::io::{self, Write};

/// A file as lines, each with its newline.
pub struct Text<'a> {
    /// Its name, with the time behind a tab, as headers show it.
    pub label: String,
    /// Its lines.
    pub lines: Vec<&'a [u8]>,
}

/// Lines of a file, each with its newline but perhaps the last.
pub fn lines(bytes: &[u8]) -> Vec<&[u8]> {
    let mut lines = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = memchr::memchr(b'\n', &bytes[at..]).map_or(bytes.len(), |length| at + length + 1);
        lines.push(&bytes[at..end]);
        at = end;
    }
    lines
}

fn line(out: &mut impl Write, mark: &[u8], text: &[u8]) -> io::Result<()> {
    out.write_all(mark)?;
    out.write_all(text)?;
    if text.last() == Some(&b'\n') {
        Ok(())
    } else {
        out.write_all(b"\n\\ No newline at end of file\n")
    }
}

/// Runs that are near each other share a hunk.
fn hunks(runs: &[Run], context: usize) -> Vec<&[Run]> {
    let mut hunks = Vec::new();
    let mut start = 0;
    for at in 1..=runs.len() {
        if at == runs.len() || runs[at].old.0 - runs[at - 1].old.1 > 2 * context {
            hunks.push(&runs[start..at]);
            start = at;
        }
    }
    hunks
}

/// Where a hunk begins and ends in both files, its context included.
fn bounds(hunk: &[Run], context: usize, old: usize, new: usize) -> ((usize, usize), (usize, usize)) {
    let (first, last) = (hunk[0], hunk[hunk.len() - 1]);
    let before = context.min(first.old.0).min(first.new.0);
    let after = context.min(old - last.old.1).min(new - last.new.1);
    (
        (first.old.0 - before, last.old.1 + after),
        (first.new.0 - before, last.new.1 + after),
    )
}

/// `-u`
pub fn unified(old: &Text, new: &Text, runs: &[Run], context: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "--- {}\n+++ {}", old.label, new.label)?;
    let range = |(from, to): (usize, usize)| match to - from {
        0 => format!("{from},0"),
        1 => format!("{}", from + 1),
        length => format!("{},{length}", from + 1),
    };
    for hunk in hunks(runs, context) {
        let (in_old, in_new) = bounds(hunk, context, old.lines.len(), new.lines.len());
        writeln!(out, "@@ -{} +{} @@", range(in_old), range(in_new))?;
        let mut at = in_old.0;
        for run in hunk {
            for text in &old.lines[at..run.old.0] {
                line(out, b" ", text)?;
            }
            for text in &old.lines[run.old.0..run.old.1] {
                line(out, b"-", text)?;
            }
            for text in &new.lines[run.new.0..run.new.1] {
                line(out, b"+", text)?;
            }
            at = run.old.1;
        }
        for text in &old.lines[at..in_old.1] {
            line(out, b" ", text)?;
        }
    }
    Ok(())
}

/// `-c`
pub fn context(old: &Text, new: &Text, runs: &[Run], context: usize, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "*** {}\n--- {}", old.label, new.label)?;
    let range = |(from, to): (usize, usize)| {
        if to - from <= 1 {
            to.to_string()
        } else {
            format!("{},{to}", from + 1)
        }
    };
    for hunk in hunks(runs, context) {
        let (in_old, in_new) = bounds(hunk, context, old.lines.len(), new.lines.len());
        writeln!(out, "***************\n*** {} ****", range(in_old))?;
        for (is_new, (from, to), text) in [(false, in_old, old), (true, in_new, new)] {
            if is_new {
                writeln!(out, "--- {} ----", range(in_new))?;
            }
            let of = |run: &Run| if is_new { run.new } else { run.old };
            // A half without changes of its own is not shown.
            if hunk.iter().all(|run| of(run).0 == of(run).1) {
                continue;
            }
            let mut at = from;
            for run in hunk {
                let (start, end) = of(run);
                for one in &text.lines[at..start] {
                    line(out, b"  ", one)?;
                }
                let both = run.old.0 < run.old.1 && run.new.0 < run.new.1;
                let mark: &[u8] = match (both, is_new) {
                    (true, _) => b"! ",
                    (false, true) => b"+ ",
                    (false, false) => b"- ",
                };
                for one in &text.lines[start..end] {
                    line(out, mark, one)?;
                }
                at = end;
            }
            for one in &text.lines[at..to] {
                line(out, b"  ", one)?;
            }
        }
    }
    Ok(())
}

/// The form without options.
pub fn normal(old: &Text, new: &Text, runs: &[Run], out: &mut impl Write) -> io::Result<()> {
    let range = |(from, to): (usize, usize)| match to - from {
        0 => from.to_string(),
        1 => (from + 1).to_string(),
        _ => format!("{},{to}", from + 1),
    };
    for run in runs {
        let letter = match (run.old.0 == run.old.1, run.new.0 == run.new.1) {
            (true, _) => 'a',
            (_, true) => 'd',
            _ => 'c',
        };
        writeln!(out, "{}{letter}{}", range(run.old), range(run.new))?;
        for text in &old.lines[run.old.0..run.old.1] {
            line(out, b"< ", text)?;
        }
        if letter == 'c' {
            writeln!(out, "---")?;
        }
        for text in &new.lines[run.new.0..run.new.1] {
            line(out, b"> ", text)?;
        }
    }
    Ok(())
}

/// `-y`: two columns in `width`.
pub fn side_by_side(
    old: &Text,
    new: &Text,
    runs: &[Run],
    width: usize,
    common: bool,
    out: &mut impl Write,
) -> io::Result<()> {
    // Halves begin at tab stops, as GNU has them.
    let offset = (width + 8 + 3) / 16 * 8;
    let half = offset.saturating_sub(3).min(width.saturating_sub(offset)).max(1);
    let mut row = |left: Option<&[u8]>, mark: char, right: Option<&[u8]>| -> io::Result<()> {
        let clean = |text: &[u8]| -> String {
            let text = String::from_utf8_lossy(text);
            text.trim_end_matches('\n')
                .replace('\t', "        ")
                .chars()
                .take(half)
                .collect()
        };
        let left = left.map(clean).unwrap_or_default();
        let mut out_line = left.clone();
        let mut column = left.chars().count();
        let mut to = |out_line: &mut String, target: usize| {
            // With tabs as far as they go.
            while column / 8 * 8 + 8 <= target {
                out_line.push('\t');
                column = column / 8 * 8 + 8;
            }
            while column < target {
                out_line.push(' ');
                column += 1;
            }
        };
        if mark != ' ' {
            let middle = (half + offset - 1) / 2;
            to(&mut out_line, middle);
            out_line.push(mark);
            column = middle + 1;
        }
        if let Some(right) = right {
            let mut to = |out_line: &mut String, target: usize| {
                while column / 8 * 8 + 8 <= target {
                    out_line.push('\t');
                    column = column / 8 * 8 + 8;
                }
                while column < target {
                    out_line.push(' ');
                    column += 1;
                }
            };
            let right = clean(right);
            if !right.is_empty() {
                to(&mut out_line, offset);
                out_line.push_str(&right);
            }
        }
        writeln!(out, "{out_line}")
    };
    let (mut i, mut j) = (0, 0);
    for run in runs.iter().copied().chain([Run {
        old: (old.lines.len(), old.lines.len()),
        new: (new.lines.len(), new.lines.len()),
    }]) {
        while i < run.old.0 && j < run.new.0 {
            if common {
                row(Some(old.lines[i]), ' ', Some(new.lines[j]))?;
            }
            i += 1;
            j += 1;
        }
        while i < run.old.1 || j < run.new.1 {
            let left = (i < run.old.1).then(|| old.lines[i]);
            let right = (j < run.new.1).then(|| new.lines[j]);
            let mark = match (left, right) {
                (Some(_), Some(_)) => '|',
                (Some(_), None) => '<',
                _ => '>',
            };
            row(left, mark, right)?;
            i += usize::from(left.is_some());
            j += usize::from(right.is_some());
        }
    }
    Ok(())
}
