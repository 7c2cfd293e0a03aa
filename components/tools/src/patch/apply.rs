//! Hunks put into a file: where they say, or near, or with less of their context.

use super::parse::Hunk;
use std::io::{self, Write};

/// How far a hunk may be from fitting.
#[derive(Clone, Copy)]
pub struct Limits {
    /// Lines of context that may be wrong at each end.
    pub fuzz: usize,
    /// Runs of blanks match any others.
    pub blanks: bool,
}

/// A patched file.
pub struct Outcome {
    /// What it is now.
    pub content: Vec<u8>,
    /// Hunks that did not fit.
    pub rejected: Vec<Hunk>,
    /// What is to be told.
    pub said: Vec<String>,
    /// Whether every hunk was where it should be.
    pub exact: bool,
}

fn same(a: &[u8], b: &[u8], blanks: bool) -> bool {
    if !blanks {
        return a == b;
    }
    a.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .eq(b.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty()))
}

/// Applies what fits.
pub fn apply(content: &[u8], hunks: &[Hunk], limits: Limits) -> Outcome {
    let lines: Vec<&[u8]> = content.split_inclusive(|byte| *byte == b'\n').collect();
    let mut outcome = Outcome {
        content: Vec::with_capacity(content.len()),
        rejected: Vec::new(),
        said: Vec::new(),
        exact: true,
    };
    // Lines copied so far, and how far hunks were from their place: the next one is as far.
    let (mut copied, mut offset, mut grown) = (0_usize, 0_isize, 0_isize);
    for (number, hunk) in hunks.iter().enumerate() {
        let old = hunk.side(b'+');
        let wanted = if old.is_empty() && hunk.at > 0 {
            hunk.at
        } else {
            hunk.at.saturating_sub(1)
        };
        let leading = hunk.lines.iter().take_while(|(mark, _)| *mark == b' ').count();
        let trailing = hunk.lines.iter().rev().take_while(|(mark, _)| *mark == b' ').count();
        let most_fuzz = limits.fuzz.min(leading.max(trailing));
        let found = (0..=most_fuzz).find_map(|fuzz| {
            let (head, tail) = (fuzz.min(leading), fuzz.min(trailing));
            if head + tail > old.len() {
                return None;
            }
            let inner = &old[head..old.len() - tail];
            place(
                &lines,
                inner,
                wanted.saturating_add_signed(offset) + head,
                copied,
                limits.blanks,
            )
            .map(|at| (at, head, tail, fuzz))
        });
        let Some((at, head, tail, fuzz)) = found else {
            outcome.exact = false;
            outcome.said.push(format!(
                "Hunk #{} FAILED at {}.",
                number + 1,
                hunk.at.saturating_add_signed(grown)
            ));
            outcome.rejected.push(hunk.clone());
            continue;
        };
        let moved = at.cast_signed() - head.cast_signed() - wanted.cast_signed();
        if moved != 0 || fuzz > 0 {
            outcome.exact = false;
            let fuzzy = if fuzz > 0 {
                format!(" with fuzz {fuzz}")
            } else {
                String::new()
            };
            let far = match moved {
                0 => String::new(),
                1 | -1 => format!(" (offset {moved} line)"),
                _ => format!(" (offset {moved} lines)"),
            };
            let shown = (at + 1 - head.min(at)).saturating_add_signed(grown);
            outcome
                .said
                .push(format!("Hunk #{} succeeded at {shown}{fuzzy}{far}.", number + 1));
        }
        offset = moved;
        for line in &lines[copied..at] {
            outcome.content.extend_from_slice(line);
        }
        let mut here = at;
        let last = hunk.lines.len() - tail;
        for (mark, text) in &hunk.lines[head..last] {
            match mark {
                b'+' => {
                    outcome.content.extend_from_slice(text);
                    grown += 1;
                }
                b'-' => {
                    here += 1;
                    grown -= 1;
                }
                // What is there, which may differ in blanks.
                _ => {
                    outcome.content.extend_from_slice(lines[here]);
                    here += 1;
                }
            }
        }
        copied = here;
    }
    for line in &lines[copied..] {
        outcome.content.extend_from_slice(line);
    }
    outcome
}

/// Where lines stand, nearest to where they should, and not before `least`.
fn place(lines: &[&[u8]], wanted: &[&[u8]], at: usize, least: usize, blanks: bool) -> Option<usize> {
    let last = lines.len().checked_sub(wanted.len())?;
    let fits = |start: usize| {
        start >= least
            && start <= last
            && lines[start..start + wanted.len()]
                .iter()
                .zip(wanted)
                .all(|(a, b)| same(a, b, blanks))
    };
    if wanted.is_empty() {
        return (at <= last && at >= least).then_some(at);
    }
    (0..=lines.len()).find_map(|distance| {
        if fits(at + distance) {
            return Some(at + distance);
        }
        at.checked_sub(distance).filter(|start| fits(*start))
    })
}

/// A hunk in unified form.
///
/// # Errors
/// The output fails.
pub fn show(hunk: &Hunk, out: &mut impl Write) -> io::Result<()> {
    let count = |without| hunk.lines.iter().filter(|(mark, _)| *mark != without).count();
    let range = |at: usize, length: usize| {
        if length == 1 {
            at.to_string()
        } else {
            format!("{at},{length}")
        }
    };
    writeln!(
        out,
        "@@ -{} +{} @@",
        range(hunk.at, count(b'+')),
        range(hunk.new_at, count(b'-'))
    )?;
    for (mark, text) in &hunk.lines {
        out.write_all(&[*mark])?;
        out.write_all(text)?;
        if text.last() != Some(&b'\n') {
            out.write_all(b"\n\\ No newline at end of file\n")?;
        }
    }
    Ok(())
}
