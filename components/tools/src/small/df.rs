//! df and nproc: what the sandbox's own limits say, as /proc tells them.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use sandbar_guest_rt::files;
use std::ffi::OsString;
use std::io::Write;
use std::path::Path;

const TOTAL: char = '\u{e000}';
const OUTPUT: char = '\u{e001}';
const DF: &[Opt] = &[
    opt('a', "all", Takes::Nothing),
    opt('B', "block-size", Takes::Value),
    opt('h', "human-readable", Takes::Nothing),
    opt('H', "si", Takes::Nothing),
    opt('i', "inodes", Takes::Nothing),
    opt('k', "", Takes::Nothing),
    opt('m', "", Takes::Nothing),
    opt('l', "local", Takes::Nothing),
    opt('P', "portability", Takes::Nothing),
    opt('T', "print-type", Takes::Nothing),
    opt('t', "type", Takes::Value),
    opt('x', "exclude-type", Takes::Value),
    opt(TOTAL, "total", Takes::Nothing),
    opt(OUTPUT, "output", Takes::Optional),
];

/// Limit and use, of bytes and of files.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quota {
    /// Bytes: all, used.
    pub bytes: (u64, u64),
    /// Files: all, used.
    pub inodes: (u64, u64),
}

impl Quota {
    fn parse(text: &str) -> Option<Self> {
        let row = |name: &str| {
            let mut words = text
                .lines()
                .find_map(|line| line.strip_prefix(name))?
                .split_whitespace();
            Some((words.next()?.parse().ok()?, words.next()?.parse().ok()?))
        };
        Some(Self {
            bytes: row("bytes ")?,
            inodes: row("inodes ")?,
        })
    }

    /// The sandbox's.
    pub fn of_the_sandbox() -> Option<Self> {
        Self::parse(&std::fs::read_to_string("/proc/quota").ok()?)
    }
}

/// df: the one file system there is.
pub fn df(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(DF, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("df", message);
            return 1;
        }
    };
    let (mut unit, mut human, mut inodes, mut kind, mut posix, mut columns) =
        (1024_u64, false, false, false, false, None);
    for (option, value) in parsed.options {
        let text = value.unwrap_or_default().to_string_lossy().into_owned();
        match option {
            'h' | 'H' => human = true,
            'i' => inodes = true,
            'm' => unit = 1 << 20,
            'P' => posix = true,
            'T' => kind = true,
            OUTPUT => columns = Some(text),
            'B' => {
                unit = match text.trim_start_matches(|c: char| c.is_ascii_digit()) {
                    "" => text.parse().ok().filter(|unit| *unit > 0).unwrap_or(1024),
                    "K" | "k" | "KiB" => 1 << 10,
                    "M" | "MiB" => 1 << 20,
                    "G" | "GiB" => 1 << 30,
                    _ => {
                        console::complain("df", format_args!("invalid -B argument '{text}'"));
                        return 1;
                    }
                }
            }
            _ => {}
        }
    }
    let mut code = 0;
    let mut known = parsed.operands.is_empty();
    for operand in &parsed.operands {
        match files::status(Path::new(operand), true) {
            Ok(_) => known = true,
            Err(error) => {
                console::complain("df", format_args!("{}: {}", operand.display(), console::reason(&error)));
                code = 1;
            }
        }
    }
    if !known {
        return code;
    }
    let Some(quota) = Quota::of_the_sandbox() else {
        console::complain(
            "df",
            "the size of the disk is not told here; `du -sh /` tells what is used",
        );
        return 1;
    };
    let (all, used) = if inodes { quota.inodes } else { quota.bytes };
    let left = all.saturating_sub(used);
    let shown = |amount: u64| match (human, inodes) {
        (true, _) => crate::ls::human(amount),
        (false, true) => amount.to_string(),
        (false, false) => amount.div_ceil(unit).to_string(),
    };
    let percent = format!("{}%", (u128::from(used) * 100).div_ceil(u128::from(all.max(1))));
    let head = match (inodes, human, posix) {
        (true, ..) => "Inodes".to_owned(),
        (_, true, _) => "Size".to_owned(),
        (_, _, true) => format!("{unit}-blocks"),
        _ if unit % (1 << 30) == 0 => format!("{}G-blocks", unit >> 30),
        _ if unit % (1 << 20) == 0 => format!("{}M-blocks", unit >> 20),
        _ if unit % 1024 == 0 => format!("{}K-blocks", unit >> 10),
        _ => format!("{unit}B-blocks"),
    };
    let use_head = match (inodes, posix) {
        (true, _) => "IUse%",
        (_, true) => "Capacity",
        _ => "Use%",
    };
    let (used_head, left_head) = match (inodes, human) {
        (true, _) => ("IUsed", "IFree"),
        (_, true) => ("Used", "Avail"),
        _ => ("Used", "Available"),
    };
    // Title, value, whether it is aligned to the right, name for --output.
    let mut cells = vec![("Filesystem", "sandbar".to_owned(), false, "source")];
    if kind {
        cells.push(("Type", "overlay".into(), false, "fstype"));
    }
    cells.push((head.as_str(), shown(all), true, "size"));
    cells.push((used_head, shown(used), true, "used"));
    cells.push((left_head, shown(left), true, "avail"));
    cells.push((use_head, percent, true, "pcent"));
    cells.push(("Mounted on", "/".into(), false, "target"));
    if let Some(columns) = columns.filter(|columns| !columns.is_empty()) {
        let all = std::mem::take(&mut cells);
        for name in columns.split(',') {
            match all.iter().find(|cell| cell.3 == name) {
                Some(cell) => cells.push(cell.clone()),
                None => {
                    console::complain("df", format_args!("option --output: field '{name}' unknown"));
                    return 1;
                }
            }
        }
    }
    let mut lines = [String::new(), String::new()];
    let last = cells.len() - 1;
    for (at, (title, value, right, name)) in cells.iter().enumerate() {
        // As wide as GNU's are at least.
        let least = match *name {
            "source" => 14,
            "size" | "used" | "avail" => 5,
            _ => 4,
        };
        let width = title.len().max(value.len()).max(least);
        for (line, text) in lines.iter_mut().zip([*title, value.as_str()]) {
            if at > 0 {
                line.push(' ');
            }
            match (right, at == last) {
                (true, _) => line.push_str(&format!("{text:>width$}")),
                (false, true) => line.push_str(text),
                (false, false) => line.push_str(&format!("{text:<width$}")),
            }
        }
    }
    let mut out = console::output();
    let written = writeln!(out, "{}\n{}", lines[0], lines[1]).and_then(|()| out.flush());
    if written.is_err() { 1 } else { code }
}

/// Processors that /proc/cpuinfo lists; one if it is not there.
pub fn processors() -> u64 {
    let text = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let listed = text.lines().filter(|line| line.starts_with("processor")).count();
    (listed as u64).max(1)
}

/// nproc.
pub fn nproc(arguments: Vec<OsString>) -> i32 {
    let mut ignored = 0;
    let mut words = arguments.iter().skip(1).map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        let number = match word.as_ref() {
            "--all" => continue,
            "--ignore" => words.next().map(|word| word.into_owned()),
            other => other.strip_prefix("--ignore=").map(str::to_owned),
        };
        match number.as_deref().map(str::parse::<u64>) {
            Some(Ok(number)) => ignored = number,
            _ => {
                console::complain("nproc", format_args!("extra operand '{word}'"));
                return 1;
            }
        }
    }
    let mut out = console::output();
    let count = processors().saturating_sub(ignored).max(1);
    i32::from(writeln!(out, "{count}").and_then(|()| out.flush()).is_err())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota() {
        let quota = Quota::parse("bytes 100 20\ninodes 7 3\n");
        assert_eq!(
            quota,
            Some(Quota {
                bytes: (100, 20),
                inodes: (7, 3)
            })
        );
        assert_eq!(Quota::parse("bytes 1\n"), None);
    }
}
