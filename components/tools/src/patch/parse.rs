//! Patches as they are sent: unified, context and normal differences, with anything between them.

/// A hunk: what is there, and what is to be there. Each line has its newline, but perhaps the last of a file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Hunk {
    /// First line of the old file, from 1; 0 for an empty one.
    pub at: usize,
    /// The same of the new file.
    pub new_at: usize,
    /// `' '`, `'-'` or `'+'`, and the text.
    pub lines: Vec<(u8, Vec<u8>)>,
}

impl Hunk {
    /// The other way round.
    pub fn reversed(&self) -> Self {
        let turn = |mark| match mark {
            b'-' => b'+',
            b'+' => b'-',
            other => other,
        };
        Self {
            at: self.new_at,
            new_at: self.at,
            lines: self
                .lines
                .iter()
                .map(|(mark, text)| (turn(*mark), text.clone()))
                .collect(),
        }
    }

    /// Lines of the old file, or of the new.
    pub fn side(&self, without: u8) -> Vec<&[u8]> {
        self.lines
            .iter()
            .filter(|(mark, _)| *mark != without)
            .map(|(_, text)| &**text)
            .collect()
    }
}

/// What is to be done to one file.
#[derive(Clone, Debug, Default)]
pub struct FilePatch {
    /// Names that stand in the headers: old, new.
    pub old: Option<String>,
    /// See `old`.
    pub new: Option<String>,
    /// Whether the headers say that the file is not there, before and after.
    pub missing: (bool, bool),
    /// The changes.
    pub hunks: Vec<Hunk>,
}

/// Hunks and lines beyond this are refused.
const MOST_NUMBER: usize = 100_000_000;

fn header_name(line: &[u8]) -> String {
    let text = String::from_utf8_lossy(line);
    let text = text.trim_end_matches(['\n', '\r']);
    // The time stands behind a tab; some leave blanks instead.
    let name = text.split('\t').next().unwrap_or_default();
    name.trim_matches('"').to_owned()
}

/// Whether a header names no file: `/dev/null`, or one of the first second of 1970, as `diff -N` has it.
fn is_missing(line: &[u8]) -> bool {
    let text = String::from_utf8_lossy(line);
    let time = text.split_once('\t').map_or("", |(_, time)| time);
    text.starts_with("/dev/null")
        || time.starts_with("1970-01-01 00:00:00")
        || time.starts_with("Thu Jan  1 00:00:00 1970")
}

/// `-1,2`, `+3`: start and length.
fn range(text: &str) -> Option<(usize, usize)> {
    let (start, length) = match text.split_once(',') {
        Some((start, length)) => (start.parse().ok()?, length.parse().ok()?),
        None => (text.parse().ok()?, 1),
    };
    (start <= MOST_NUMBER && length <= MOST_NUMBER).then_some((start, length))
}

/// Reads everything.
///
/// # Errors
/// A hunk is malformed, in which line.
pub fn parse(bytes: &[u8]) -> Result<Vec<FilePatch>, String> {
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    let mut files: Vec<FilePatch> = Vec::new();
    let mut at = 0;
    while at < lines.len() {
        let line = lines[at];
        let next = lines.get(at + 1).copied().unwrap_or_default();
        let is_header = line.starts_with(b"--- ") && next.starts_with(b"+++ ")
            || line.starts_with(b"*** ") && next.starts_with(b"--- ");
        if is_header {
            files.push(FilePatch {
                old: Some(header_name(&line[4..])),
                new: Some(header_name(&next[4..])),
                missing: (is_missing(&line[4..]), is_missing(&next[4..])),
                hunks: Vec::new(),
            });
            at += 2;
        } else if line.starts_with(b"@@ -") {
            let hunk = unified(&lines, &mut at)?;
            current(&mut files).hunks.push(hunk);
        } else if line.starts_with(b"***************") {
            let hunk = context(&lines, &mut at)?;
            current(&mut files).hunks.push(hunk);
        } else if let Some(hunk) = normal(&lines, &mut at)? {
            current(&mut files).hunks.push(hunk);
        } else {
            at += 1;
        }
    }
    files.retain(|file| !file.hunks.is_empty());
    Ok(files)
}

fn current(files: &mut Vec<FilePatch>) -> &mut FilePatch {
    if files.is_empty() {
        files.push(FilePatch::default());
    }
    let last = files.len() - 1;
    &mut files[last]
}

/// Takes the newline off the line before `\ No newline at end of file`.
fn no_newline(lines: &[&[u8]], at: &mut usize, text: &mut Vec<u8>) {
    if lines.get(*at).is_some_and(|line| line.starts_with(b"\\ ")) {
        if text.last() == Some(&b'\n') {
            text.pop();
        }
        *at += 1;
    }
}

fn unified(lines: &[&[u8]], at: &mut usize) -> Result<Hunk, String> {
    let number = *at + 1;
    let wrong = |what: &str| format!("malformed patch at line {number}: {what}");
    let header = String::from_utf8_lossy(lines[*at]).into_owned();
    let mut words = header.split_whitespace().skip(1);
    let old = words.next().and_then(|word| range(word.strip_prefix('-')?));
    let new = words.next().and_then(|word| range(word.strip_prefix('+')?));
    let (Some(old), Some(new)) = (old, new) else {
        return Err(wrong(header.trim_end()));
    };
    let mut hunk = Hunk {
        at: old.0,
        new_at: new.0,
        lines: Vec::new(),
    };
    let (mut left, mut right) = (old.1, new.1);
    *at += 1;
    while left > 0 || right > 0 {
        let line = lines.get(*at).ok_or_else(|| wrong("it ends too early"))?;
        let (mark, text) = match line.first() {
            // Mailers cut blanks at line ends.
            Some(b'\n') => (b' ', *line),
            Some(mark @ (b' ' | b'-' | b'+')) => (*mark, &line[1..]),
            _ => {
                return Err(format!(
                    "malformed patch at line {}: {}",
                    *at + 1,
                    String::from_utf8_lossy(line).trim_end()
                ));
            }
        };
        if mark != b'+' {
            left = left
                .checked_sub(1)
                .ok_or_else(|| wrong("it has more old lines than it says"))?;
        }
        if mark != b'-' {
            right = right
                .checked_sub(1)
                .ok_or_else(|| wrong("it has more new lines than it says"))?;
        }
        let mut text = text.to_vec();
        *at += 1;
        no_newline(lines, at, &mut text);
        hunk.lines.push((mark, text));
    }
    Ok(hunk)
}

type Half = (usize, Vec<(u8, Vec<u8>)>);

/// One half of a context hunk, after its range.
fn half(lines: &[&[u8]], at: &mut usize, head: &str, tail: &str, stop: &str) -> Result<Half, String> {
    let number = *at + 1;
    let text = lines
        .get(*at)
        .map(|line| String::from_utf8_lossy(line).trim_end().to_owned())
        .unwrap_or_default();
    let numbers = text
        .strip_prefix(head)
        .and_then(|rest| rest.strip_suffix(tail))
        .ok_or_else(|| format!("malformed patch at line {number}: {text}"))?;
    let start = numbers
        .split(',')
        .next()
        .and_then(|text| text.parse().ok())
        .filter(|n| *n <= MOST_NUMBER);
    let start = start.ok_or_else(|| format!("malformed patch at line {number}: {text}"))?;
    *at += 1;
    let mut found = Vec::new();
    while let Some(line) = lines.get(*at) {
        let is_end = !stop.is_empty() && line.starts_with(stop.as_bytes()) && line.trim_ascii_end().ends_with(b" ----");
        let mark = match line.first() {
            _ if is_end => break,
            Some(mark @ (b' ' | b'!' | b'-' | b'+')) if line.get(1) == Some(&b' ') => *mark,
            _ => break,
        };
        let mut text = line[2..].to_vec();
        *at += 1;
        no_newline(lines, at, &mut text);
        found.push((mark, text));
    }
    Ok((start, found))
}

fn context(lines: &[&[u8]], at: &mut usize) -> Result<Hunk, String> {
    *at += 1;
    let (old_at, mut old) = half(lines, at, "*** ", " ****", "--- ")?;
    let (new_at, mut new) = half(lines, at, "--- ", " ----", "")?;
    // A half without changes is left out: its context is that of the other.
    if old.is_empty() {
        old = new.iter().filter(|(mark, _)| *mark == b' ').cloned().collect();
    }
    if new.is_empty() {
        new = old.iter().filter(|(mark, _)| *mark == b' ').cloned().collect();
    }
    let mut merged = Vec::new();
    let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
    loop {
        while let Some((_, text)) = old.next_if(|(mark, _)| *mark != b' ') {
            merged.push((b'-', text));
        }
        while let Some((_, text)) = new.next_if(|(mark, _)| *mark != b' ') {
            merged.push((b'+', text));
        }
        match (old.next(), new.next()) {
            (Some((_, text)), Some(_)) => merged.push((b' ', text)),
            (None, None) => break,
            _ => {
                return Err(format!(
                    "malformed patch before line {}: the halves of a hunk do not fit",
                    *at + 1
                ));
            }
        }
    }
    Ok(Hunk {
        at: old_at,
        new_at,
        lines: merged,
    })
}

/// `5,7c8,10` and what follows; none if the line is no such thing.
fn normal(lines: &[&[u8]], at: &mut usize) -> Result<Option<Hunk>, String> {
    let line = String::from_utf8_lossy(lines[*at]).trim_end().to_owned();
    let Some(letter) = line.find(['a', 'c', 'd']) else {
        return Ok(None);
    };
    let span = |text: &str| -> Option<(usize, usize)> {
        let (from, to) = text.split_once(',').unwrap_or((text, text));
        Some((from.parse().ok()?, to.parse().ok()?))
    };
    let (Some(old), Some(new)) = (span(&line[..letter]), span(&line[letter + 1..])) else {
        return Ok(None);
    };
    let number = *at + 1;
    *at += 1;
    let mut hunk = Hunk {
        at: old.0,
        new_at: new.0,
        lines: Vec::new(),
    };
    for (mark, wanted, count) in [
        (
            b'-',
            &b"< "[..],
            if &line[letter..=letter] == "a" {
                0
            } else {
                (old.1 + 1).saturating_sub(old.0)
            },
        ),
        (
            b'+',
            b"> ",
            if &line[letter..=letter] == "d" {
                0
            } else {
                (new.1 + 1).saturating_sub(new.0)
            },
        ),
    ] {
        if mark == b'+' && lines.get(*at).is_some_and(|line| line.starts_with(b"---")) {
            *at += 1;
        }
        for _ in 0..count {
            let text = lines.get(*at).and_then(|line| line.strip_prefix(wanted));
            let mut text = text
                .ok_or_else(|| format!("malformed patch at line {number}: it ends too early"))?
                .to_vec();
            *at += 1;
            no_newline(lines, at, &mut text);
            hunk.lines.push((mark, text));
        }
    }
    Ok(Some(hunk))
}
