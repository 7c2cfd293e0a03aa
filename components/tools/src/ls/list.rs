//! How ls prints.

use crate::{calendar, modes, users};
use sandbar_guest_rt::files::{Kind, Status};
use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

/// Columns of a terminal that does not say.
pub const WIDTH: usize = 80;
/// Older files (or ones from the future) show a year instead of a time: half a year.
const RECENT: Duration = Duration::from_secs(31_556_952 / 2);
const GAP: usize = 2;

/// Which columns, and how.
#[allow(clippy::struct_excessive_bools)]
pub struct Style {
    pub long: bool,
    pub columns: bool,
    pub commas: bool,
    pub numeric: bool,
    pub no_owner: bool,
    pub no_group: bool,
    pub human: bool,
    pub inodes: bool,
    pub blocks: bool,
    pub classify: bool,
    pub slashes: bool,
    pub quoted: bool,
    pub color: bool,
    pub full_time: bool,
    pub width: usize,
}

impl Default for Style {
    fn default() -> Self {
        Self {
            long: false,
            columns: false,
            commas: false,
            numeric: false,
            no_owner: false,
            no_group: false,
            human: false,
            inodes: false,
            blocks: false,
            classify: false,
            slashes: false,
            quoted: false,
            color: false,
            full_time: false,
            width: WIDTH,
        }
    }
}

/// One line, or one cell.
pub struct Item {
    pub name: OsString,
    pub status: Status,
    path: PathBuf,
}

impl Item {
    pub fn new(name: OsString, path: &Path, follow: bool) -> io::Result<Self> {
        Ok(Self {
            name,
            status: super::status(path, follow)?,
            path: path.to_owned(),
        })
    }

    /// Kibibytes on disk, as `total` counts them.
    pub fn kibibytes(&self) -> u64 {
        match self.status.kind {
            Kind::Regular => self.status.size.div_ceil(4096) * 4,
            Kind::Directory => 4,
            _ => 0,
        }
    }

    pub fn extension(&self) -> Option<OsString> {
        Path::new(&self.name).extension().map(OsString::from)
    }

    /// A directory to enter: neither `.` nor `..` nor a link.
    pub fn is_real_directory(&self) -> bool {
        self.status.kind == Kind::Directory && self.name != "." && self.name != ".."
    }

    fn shown(&self, style: &Style) -> String {
        let mut text = self.name.to_string_lossy().into_owned();
        if style.quoted {
            text = format!("{text:?}");
        }
        if style.color {
            let color = match self.status.kind {
                Kind::Directory => "01;34",
                Kind::Symlink => "01;36",
                Kind::Regular if self.status.mode & 0o111 != 0 => "01;32",
                _ => "",
            };
            if !color.is_empty() {
                text = format!("\x1b[{color}m{text}\x1b[0m");
            }
        }
        text.push_str(match self.status.kind {
            Kind::Directory if style.classify || style.slashes => "/",
            Kind::Symlink if style.classify && !style.long => "@",
            Kind::Regular if style.classify && self.status.mode & 0o111 != 0 => "*",
            _ => "",
        });
        text
    }

    fn width(&self, style: &Style) -> usize {
        self.shown(&Style {
            color: false,
            width: 0,
            quoted: style.quoted,
            classify: style.classify,
            slashes: style.slashes,
            ..Style::default()
        })
        .chars()
        .count()
    }
}

/// Prints the items in the style.
///
/// # Errors
/// Those of writing.
pub fn print(items: &[Item], style: &Style, out: &mut impl Write) -> io::Result<()> {
    if style.long {
        return long(items, style, out);
    }
    if style.commas {
        let names: Vec<String> = items.iter().map(|item| item.shown(style)).collect();
        return if names.is_empty() {
            Ok(())
        } else {
            writeln!(out, "{}", names.join(", "))
        };
    }
    if style.columns {
        return columns(items, style, out);
    }
    for item in items {
        leading(item, style, out)?;
        writeln!(out, "{}", item.shown(style))?;
    }
    Ok(())
}

fn leading(item: &Item, style: &Style, out: &mut impl Write) -> io::Result<()> {
    if style.inodes {
        write!(out, "{} ", item.status.inode)?;
    }
    if style.blocks {
        write!(out, "{:>4} ", item.kibibytes())?;
    }
    Ok(())
}

/// Down, then across, in as many columns as fit.
fn columns(items: &[Item], style: &Style, out: &mut impl Write) -> io::Result<()> {
    let widths: Vec<usize> = items.iter().map(|item| item.width(style)).collect();
    for count in (1..=items.len()).rev() {
        let rows = items.len().div_ceil(count);
        let column_widths: Vec<usize> = widths
            .chunks(rows)
            .map(|column| column.iter().max().copied().unwrap_or(0))
            .collect();
        let total = column_widths.iter().sum::<usize>() + GAP * (column_widths.len().saturating_sub(1));
        if total > style.width && count > 1 {
            continue;
        }
        for row in 0..rows {
            for (column, width) in column_widths.iter().enumerate() {
                let Some(item) = items.get(column * rows + row) else {
                    break;
                };
                let is_last = (column + 1) * rows + row >= items.len();
                leading(item, style, out)?;
                write!(out, "{}", item.shown(style))?;
                if !is_last {
                    write!(out, "{:1$}", "", width + GAP - widths[column * rows + row])?;
                }
            }
            writeln!(out)?;
        }
        return Ok(());
    }
    Ok(())
}

fn long(items: &[Item], style: &Style, out: &mut impl Write) -> io::Result<()> {
    let mut names = Names::default();
    let now = SystemTime::now();
    let rows: Vec<[String; 4]> = items
        .iter()
        .map(|item| {
            let status = &item.status;
            [
                status.links.to_string(),
                if style.numeric {
                    status.uid.to_string()
                } else {
                    names.of(users::PASSWD, status.uid)
                },
                if style.numeric {
                    status.gid.to_string()
                } else {
                    names.of(users::GROUP, status.gid)
                },
                if style.human {
                    human(status.size)
                } else {
                    status.size.to_string()
                },
            ]
        })
        .collect();
    let width = |index: usize| rows.iter().map(|row| row[index].chars().count()).max().unwrap_or(0);
    let (links, owner, group, size) = (width(0), width(1), width(2), width(3));
    for (item, row) in items.iter().zip(&rows) {
        leading(item, style, out)?;
        write!(out, "{} {:>links$} ", modes::in_letters(&item.status), row[0])?;
        if !style.no_owner {
            write!(out, "{:<owner$} ", row[1])?;
        }
        if !style.no_group {
            write!(out, "{:<group$} ", row[2])?;
        }
        write!(
            out,
            "{:>size$} {} {}",
            row[3],
            time(item.status.modified, now, style),
            item.shown(style)
        )?;
        if item.status.kind == Kind::Symlink
            && let Ok(target) = std::fs::read_link(&item.path)
        {
            write!(out, " -> {}", target.display())?;
        }
        writeln!(out)?;
    }
    Ok(())
}

/// Names of ids, each looked up once.
#[derive(Default)]
struct Names(BTreeMap<(&'static str, u32), String>);

impl Names {
    fn of(&mut self, table: &'static str, id: u32) -> String {
        self.0
            .entry((table, id))
            .or_insert_with(|| users::name_of(table, id))
            .clone()
    }
}

fn time(modified: SystemTime, now: SystemTime, style: &Style) -> String {
    let civil = calendar::civil(modified);
    if style.full_time {
        return format!("{}.{:09} +0000", civil.full(), civil.nanosecond);
    }
    let is_recent = now.duration_since(modified).is_ok_and(|age| age < RECENT);
    if is_recent {
        format!(
            "{} {:>2} {:02}:{:02}",
            civil.month_name(),
            civil.day,
            civil.hour,
            civil.minute
        )
    } else {
        format!("{} {:>2} {:>5}", civil.month_name(), civil.day, civil.year)
    }
}

/// Bytes in at most four characters, rounded up: `1.5K`, `12M`.
pub fn human(bytes: u64) -> String {
    const UNITS: [char; 6] = ['K', 'M', 'G', 'T', 'P', 'E'];
    if bytes < 1024 {
        return bytes.to_string();
    }
    let (mut unit, mut size) = (0, 1024_u64);
    while unit + 1 < UNITS.len() && bytes.div_ceil(size) >= 1024 {
        size <<= 10;
        unit += 1;
    }
    let tenths = (u128::from(bytes) * 10).div_ceil(u128::from(size));
    if tenths < 100 {
        format!("{}.{}{}", tenths / 10, tenths % 10, UNITS[unit])
    } else {
        format!("{}{}", bytes.div_ceil(size), UNITS[unit])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_people() {
        for (bytes, text) in [
            (0, "0"),
            (1023, "1023"),
            (1024, "1.0K"),
            (1025, "1.1K"),
            (10_240, "10K"),
            (1 << 20, "1.0M"),
            (1_048_575, "1.0M"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn prints_in_columns() {
        let here = std::env::temp_dir();
        let items: Vec<Item> = ["a", "bbbb", "c"]
            .iter()
            .map(|name| Item::new((*name).into(), &here, true).unwrap())
            .collect();
        let printed = |width| {
            let mut out = Vec::new();
            print(
                &items,
                &Style {
                    columns: true,
                    width,
                    ..Style::default()
                },
                &mut out,
            )
            .unwrap();
            String::from_utf8(out).unwrap()
        };
        assert_eq!(printed(80), "a  bbbb  c\n");
        assert_eq!(printed(8), "a     c\nbbbb\n");
        assert_eq!(printed(3), "a\nbbbb\nc\n");
    }
}
