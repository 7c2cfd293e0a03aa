//! rev, column.

use crate::console;
use crate::getopt::{self, Opt, Takes, opt};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, Read, Write};

/// Input that must be held in memory whole.
const MOST_INPUT: u64 = 256 << 20;

fn inputs(files: &[OsString]) -> io::Result<Box<dyn Read>> {
    let mut all: Box<dyn Read> = Box::new(io::empty());
    if files.is_empty() {
        return Ok(Box::new(console::input()));
    }
    for file in files {
        if file == "-" {
            all = Box::new(all.chain(console::input()));
        } else {
            let opened = std::fs::File::open(file).map_err(|error| {
                io::Error::new(error.kind(), format!("{}: {}", file.display(), console::reason(&error)))
            })?;
            all = Box::new(all.chain(opened));
        }
    }
    Ok(all)
}

fn finish(program: &str, done: io::Result<()>) -> i32 {
    match done {
        Ok(()) => 0,
        Err(error) => {
            console::complain(program, console::reason(&error));
            1
        }
    }
}

/// rev: the characters of each line, last to first.
pub fn rev(arguments: Vec<OsString>) -> i32 {
    let mut out = console::output();
    let run = |out: &mut console::Output| -> io::Result<()> {
        let mut input = BufReader::new(inputs(&arguments[1..])?);
        let mut line = Vec::new();
        loop {
            line.clear();
            if input.by_ref().take(MOST_INPUT).read_until(b'\n', &mut line)? == 0 {
                return out.flush();
            }
            let ended = line.last() == Some(&b'\n');
            let text = String::from_utf8_lossy(&line);
            let reversed: String = text.trim_end_matches('\n').chars().rev().collect();
            out.write_all(reversed.as_bytes())?;
            if ended {
                out.write_all(b"\n")?;
            }
        }
    };
    let done = run(&mut out);
    finish("rev", done)
}

const COLUMN: &[Opt] = &[
    opt('t', "table", Takes::Nothing),
    opt('s', "separator", Takes::Value),
    opt('o', "output-separator", Takes::Value),
    opt('N', "table-columns", Takes::Value),
    opt('R', "table-right", Takes::Value),
    opt('c', "output-width", Takes::Value),
    opt('x', "fillrows", Takes::Nothing),
];

/// column: a table with `-t`, or lines in columns.
pub fn column(arguments: Vec<OsString>) -> i32 {
    let parsed = match getopt::parse(COLUMN, arguments.into_iter().skip(1), true) {
        Ok(parsed) => parsed,
        Err(message) => {
            console::complain("column", message);
            return 1;
        }
    };
    let (mut table, mut separators, mut between, mut width) = (false, None, "  ".to_owned(), 80_usize);
    let (mut head, mut right): (Vec<String>, Vec<usize>) = (Vec::new(), Vec::new());
    for (option, value) in parsed.options {
        let text = value
            .map(|value| value.to_string_lossy().into_owned())
            .unwrap_or_default();
        match option {
            't' => table = true,
            's' => separators = Some(text),
            'o' => between = text,
            'N' => head = text.split(',').map(str::to_owned).collect(),
            'R' => right = text.split(',').filter_map(|number| number.parse().ok()).collect(),
            'c' => width = text.parse().unwrap_or(80).clamp(1, 10_000),
            _ => {}
        }
    }
    let mut out = console::output();
    let run = |out: &mut console::Output| -> io::Result<()> {
        let mut bytes = Vec::new();
        inputs(&parsed.operands)?.take(MOST_INPUT).read_to_end(&mut bytes)?;
        let text = String::from_utf8_lossy(&bytes);
        let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
        if table {
            let mut rows: Vec<Vec<String>> = Vec::new();
            if !head.is_empty() {
                rows.push(head.clone());
            }
            rows.extend(lines.iter().map(|line| match &separators {
                Some(set) => line.split(|c| set.contains(c)).map(str::to_owned).collect(),
                None => line.split_whitespace().map(str::to_owned).collect(),
            }));
            print_table(&rows, &between, &right, out)?;
        } else {
            print_columns(&lines, width, out)?;
        }
        out.flush()
    };
    let done = run(&mut out);
    finish("column", done)
}

fn print_table(rows: &[Vec<String>], between: &str, right: &[usize], out: &mut impl Write) -> io::Result<()> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            rows.iter()
                .filter_map(|row| row.get(at))
                .map(|cell| cell.chars().count())
                .max()
                .unwrap_or(0)
        })
        .collect();
    for row in rows {
        for (at, width) in widths.iter().enumerate() {
            let cell = row.get(at).map(String::as_str).unwrap_or_default();
            let missing = width - cell.chars().count();
            let is_right = right.contains(&(at + 1));
            if is_right {
                write!(out, "{:missing$}{cell}", "")?;
            } else if at + 1 == columns {
                write!(out, "{cell}")?;
            } else {
                write!(out, "{cell}{:missing$}", "")?;
            }
            if at + 1 < columns {
                write!(out, "{between}")?;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}

fn print_columns(lines: &[&str], width: usize, out: &mut impl Write) -> io::Result<()> {
    let longest = lines.iter().map(|line| line.chars().count()).max().unwrap_or(0);
    // Columns begin at tab stops.
    let step = (longest / 8 + 1) * 8;
    let columns = (width / step).max(1);
    let rows = lines.len().div_ceil(columns);
    for row in 0..rows {
        let mut column = 0;
        let mut at = row;
        while let Some(line) = lines.get(at) {
            write!(out, "{line}")?;
            let next = at + rows;
            if next < lines.len() {
                let mut written = line.chars().count();
                while written < step {
                    write!(out, "\t")?;
                    written = (written / 8 + 1) * 8;
                }
            }
            column += 1;
            at = next;
            if column == columns {
                break;
            }
        }
        writeln!(out)?;
    }
    Ok(())
}
