//! sort: our own, since uutils' needs threads to check and to merge. Lines are compared by eight bytes that stand for
//! their first key, and by the whole only where these are equal.

mod key;
mod options;
mod order;
mod runs;

use crate::console;
use options::{Options, Task};
use runs::Sorted;
use sandbar_guest_rt::files;
use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs::File;
use std::io::{BufReader, Write};
use std::path::Path;

/// As POSIX has it for errors.
const TROUBLE: i32 = 2;

/// Sorts, merges or checks: 0, 1 if a check found disorder, 2 with a message.
pub fn main(arguments: Vec<OsString>) -> i32 {
    let done = options::parse(arguments).and_then(|options| match options.task {
        Task::Check(loud) => check(&options, loud),
        Task::Sort => runs::sort(&options).and_then(|sorted| write(sorted, &options)),
        Task::Merge => sources(&options).and_then(|sources| write(Sorted::Disk(sources), &options)),
    });
    done.unwrap_or_else(|message| {
        console::complain("sort", message);
        TROUBLE
    })
}

fn sources(options: &Options) -> Result<Vec<runs::Source>, String> {
    let target = options
        .output
        .as_deref()
        .and_then(|path| files::status(path, true).ok());
    let is_target = |name: &OsString| {
        target.is_some_and(|target| {
            name != "-" && files::status(Path::new(name), true).is_ok_and(|status| status.inode == target.inode)
        })
    };
    options
        .files
        .iter()
        .map(|name| {
            if is_target(name) {
                runs::set_aside(name, options)
            } else {
                runs::open(name)
            }
        })
        .collect()
}

fn write(sorted: Sorted, options: &Options) -> Result<i32, String> {
    let name = options.output.as_deref().unwrap_or(Path::new("-")).display();
    let failed = |error: std::io::Error| format!("write failed: {name}: {}", console::reason(&error));
    let mut out: Box<dyn Write> = match &options.output {
        Some(path) => {
            Box::new(File::create(path).map_err(|error| format!("open failed: {name}: {}", console::reason(&error)))?)
        }
        None => Box::new(console::output()),
    };
    match sorted {
        Sorted::Memory(chunk) => chunk.write(&mut *out, options).map_err(failed)?,
        Sorted::Disk(sources) => runs::merge(sources, &mut *out, options)?,
    }
    Ok(0)
}

fn check(options: &Options, loud: bool) -> Result<i32, String> {
    let name = &options.files[0];
    let mut source = BufReader::with_capacity(64 << 10, runs::open(name)?);
    let failed = |error: std::io::Error| format!("read failed: {}: {}", name.display(), console::reason(&error));
    let (mut last, mut line, mut number) = (Vec::new(), Vec::new(), 0_u64);
    while runs::next_line(&mut source, options.end, &mut line).map_err(failed)? {
        number += 1;
        let order = options.order.compare(&last, &line);
        if number > 1 && (order == Ordering::Greater || options.unique && order == Ordering::Equal) {
            if loud {
                let text = String::from_utf8_lossy(&line);
                console::complain("sort", format_args!("{}:{number}: disorder: {text}", name.display()));
            }
            return Ok(1);
        }
        std::mem::swap(&mut last, &mut line);
        line.clear();
    }
    Ok(0)
}
