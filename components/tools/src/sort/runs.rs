//! Lines in memory, and on disk where they are more than memory should hold.

use super::key::Order;
use super::options::Options;
use crate::console;
use std::cmp::Ordering;
use std::ffi::OsString;
use std::fs::{File, OpenOptions};
use std::hash::{BuildHasher, RandomState};
use std::io::{self, BufRead, BufReader, Read, Seek, Write};
use std::path::Path;

/// Text that is sorted at once: with the table of its lines it stays well under the smallest sandbox's memory.
const MOST_TEXT: usize = 64 << 20;
/// Lines that are sorted at once.
const MOST_LINES: usize = 4 << 20;
/// The longest line.
const MOST_LINE: usize = 256 << 20;
/// The first piece that is asked for: a pipe's capacity.
const FIRST_READ: usize = 64 << 10;
/// Files that are joined at once; a sandbox's program may open more, but each has a buffer.
const MOST_JOINED: usize = 64;
/// Tries to find a name for a temporary file that is free.
const TRIES: u64 = 100;

/// Lines can be read in order from here.
pub type Source = Box<dyn Read>;

/// Opens an operand.
///
/// # Errors
/// As the file layer says, with the name.
pub fn open(name: &OsString) -> Result<Source, String> {
    if name == "-" {
        return Ok(Box::new(console::input()));
    }
    let failed = |error: io::Error| format!("cannot read: {}: {}", name.display(), console::reason(&error));
    let file = File::open(name).map_err(failed)?;
    if file.metadata().is_ok_and(|status| status.is_dir()) {
        return Err(format!("read failed: {}: Is a directory", name.display()));
    }
    Ok(Box::new(file))
}

#[derive(Clone, Copy)]
struct Line {
    prefix: u64,
    start: u32,
    length: u32,
}

impl Line {
    fn of(self, text: &[u8]) -> &[u8] {
        &text[self.start as usize..][..self.length as usize]
    }
}

/// Some lines in memory.
pub struct Chunk {
    text: Vec<u8>,
    lines: Vec<Line>,
}

impl Chunk {
    /// Brings `text` in order; every line of it has its end.
    fn sort(text: Vec<u8>, options: &Options) -> Self {
        let order = &options.order;
        let mut lines = Vec::with_capacity(memchr::memchr_iter(options.end, &text).count());
        let mut start = 0;
        for end in memchr::memchr_iter(options.end, &text) {
            let line = &text[start..end];
            lines.push(Line {
                prefix: order.prefix(line),
                start: start as u32,
                length: (end - start) as u32,
            });
            start = end + 1;
        }
        // The place as the last comparison makes the order stable without more memory.
        lines.sort_unstable_by(|a, b| {
            (a.prefix.cmp(&b.prefix))
                .then_with(|| order.compare(a.of(&text), b.of(&text)))
                .then_with(|| a.start.cmp(&b.start))
        });
        Self { text, lines }
    }

    /// Writes the lines in order.
    ///
    /// # Errors
    /// As `out` says.
    pub fn write(&self, out: &mut dyn Write, options: &Options) -> io::Result<()> {
        let mut writer = LineWriter::new(out, options);
        self.lines
            .iter()
            .try_for_each(|line| writer.line(line.of(&self.text)))?;
        writer.finish()
    }
}

/// Gathers lines to blocks, and leaves out those that `-u` leaves out.
struct LineWriter<'a> {
    out: &'a mut dyn Write,
    options: &'a Options,
    block: Vec<u8>,
    last: Option<Vec<u8>>,
}

impl<'a> LineWriter<'a> {
    fn new(out: &'a mut dyn Write, options: &'a Options) -> Self {
        let block = Vec::with_capacity(FIRST_READ * 2);
        Self {
            out,
            options,
            block,
            last: None,
        }
    }

    fn line(&mut self, line: &[u8]) -> io::Result<()> {
        if self.options.unique {
            match &mut self.last {
                Some(last) if self.options.order.compare(last, line) == Ordering::Equal => return Ok(()),
                Some(last) => {
                    last.clear();
                    last.extend_from_slice(line);
                }
                None => self.last = Some(line.to_vec()),
            }
        }
        self.block.extend_from_slice(line);
        self.block.push(self.options.end);
        if self.block.len() >= FIRST_READ {
            self.out.write_all(&self.block)?;
            self.block.clear();
        }
        Ok(())
    }

    fn finish(self) -> io::Result<()> {
        self.out.write_all(&self.block)?;
        self.out.flush()
    }
}

/// What has been read and sorted: in memory if it was little, else in temporary files.
pub enum Sorted {
    /// All of it.
    Memory(Chunk),
    /// Runs, in the order of the input.
    Disk(Vec<Source>),
}

/// Reads all files and sorts them.
///
/// # Errors
/// A file that cannot be read, a line that is too long, a temporary file that cannot be written.
pub fn sort(options: &Options) -> Result<Sorted, String> {
    let (mut text, mut runs) = (Vec::new(), Vec::new());
    let mut lines = 0;
    for name in &options.files {
        let mut source = open(name)?;
        let begun = text.len();
        let mut is_first = true;
        loop {
            let old = text.len();
            // Doubling reads little often and much seldom.
            let piece = old.clamp(FIRST_READ, 1 << 20);
            text.resize(old + piece, 0);
            let got = loop {
                match source.read(&mut text[old..]) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    other => break other,
                }
            };
            let got = got.map_err(|error| format!("read failed: {}: {}", name.display(), console::reason(&error)))?;
            text.truncate(old + got);
            if got == 0 {
                break;
            }
            lines += memchr::memchr_iter(options.end, &text[old..]).count();
            if text.len() >= MOST_TEXT || lines >= MOST_LINES {
                let Some(end) = memchr::memrchr(options.end, &text) else {
                    if text.len() >= MOST_LINE {
                        return Err(format!("{}: a line is longer than 256 MiB", name.display()));
                    }
                    continue;
                };
                let rest = text.split_off(end + 1);
                runs.push(spill(
                    &Chunk::sort(std::mem::replace(&mut text, rest), options),
                    options,
                )?);
                lines = 0;
                is_first = false;
            }
        }
        let from = if is_first { begun } else { 0 };
        if text.len() > from && text.last() != Some(&options.end) {
            text.push(options.end);
        }
    }
    let chunk = Chunk::sort(text, options);
    if runs.is_empty() {
        return Ok(Sorted::Memory(chunk));
    }
    runs.push(spill(&chunk, options)?);
    Ok(Sorted::Disk(runs))
}

fn spill(chunk: &Chunk, options: &Options) -> Result<Source, String> {
    temporary(&options.temporary, |file| chunk.write(file, options))
}

/// A file that has no name any more, filled and rewound.
fn temporary(directory: &Path, fill: impl FnOnce(&mut File) -> io::Result<()>) -> Result<Source, String> {
    let seed = RandomState::new();
    let mut made = Err(io::Error::from(io::ErrorKind::AlreadyExists));
    let mut path = directory.to_owned();
    for attempt in 0..TRIES {
        path = directory.join(format!("sort{:016x}", seed.hash_one(attempt)));
        made = OpenOptions::new().read(true).write(true).create_new(true).open(&path);
        match &made {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            _ => break,
        }
    }
    let failed = |error: io::Error| {
        format!(
            "cannot create temporary file in '{}': {}",
            directory.display(),
            console::reason(&error)
        )
    };
    let mut file = made.map_err(failed)?;
    // Gone when the program is, however that ends.
    let _ = std::fs::remove_file(&path);
    fill(&mut file)
        .and_then(|()| file.rewind())
        .map_err(|error| format!("write failed: {}: {}", path.display(), console::reason(&error)))?;
    Ok(Box::new(file))
}

/// Copies an operand into a temporary file, so that the output may overwrite it.
///
/// # Errors
/// As reading and writing say.
pub fn set_aside(name: &OsString, options: &Options) -> Result<Source, String> {
    let mut source = open(name)?;
    temporary(&options.temporary, |file| io::copy(&mut source, file).map(|_| ()))
}

/// One of the files that are joined.
struct Input {
    source: BufReader<Source>,
    line: Vec<u8>,
    prefix: u64,
}

impl Input {
    /// Reads the next line. False at the end.
    fn advance(&mut self, order: &Order, end: u8) -> io::Result<bool> {
        self.line.clear();
        if next_line(&mut self.source, end, &mut self.line)? {
            self.prefix = order.prefix(&self.line);
            return Ok(true);
        }
        Ok(false)
    }
}

/// The next line without its end; false if there is none.
///
/// # Errors
/// As reading says; a line that is too long.
pub fn next_line(source: &mut impl BufRead, end: u8, line: &mut Vec<u8>) -> io::Result<bool> {
    let got = source.by_ref().take(MOST_LINE as u64).read_until(end, line)?;
    if line.last() == Some(&end) {
        line.pop();
    } else if got >= MOST_LINE {
        return Err(io::Error::other("a line is longer than 256 MiB"));
    }
    Ok(got > 0)
}

/// Joins sources that are in order each; of equal lines, those of the earlier source come first.
///
/// # Errors
/// As reading, writing and temporary files say.
pub fn merge(mut sources: Vec<Source>, out: &mut dyn Write, options: &Options) -> Result<(), String> {
    while sources.len() > MOST_JOINED {
        let rest = sources.split_off(MOST_JOINED);
        let mut trouble = Ok(());
        let joined = temporary(&options.temporary, |file| {
            trouble = join(sources, file, options);
            Ok(())
        })?;
        trouble.map_err(failed)?;
        sources = vec![joined];
        sources.extend(rest);
    }
    join(sources, out, options).map_err(failed)
}

fn failed(error: io::Error) -> String {
    format!("cannot merge: {}", console::reason(&error))
}

fn join(sources: Vec<Source>, out: &mut dyn Write, options: &Options) -> io::Result<()> {
    let (order, end) = (&options.order, options.end);
    let mut inputs = Vec::with_capacity(sources.len());
    for source in sources {
        let mut input = Input {
            source: BufReader::with_capacity(FIRST_READ, source),
            line: Vec::new(),
            prefix: 0,
        };
        if input.advance(order, end)? {
            inputs.push(input);
        }
    }
    let before = |inputs: &[Input], a: usize, b: usize| {
        let (left, right) = (&inputs[a], &inputs[b]);
        (left.prefix.cmp(&right.prefix))
            .then_with(|| order.compare(&left.line, &right.line))
            .then(a.cmp(&b))
            .is_lt()
    };
    // A heap of their numbers, the first line on top.
    let mut heap: Vec<usize> = (0..inputs.len()).collect();
    let sink = |heap: &mut [usize], inputs: &[Input], mut at: usize| {
        loop {
            let mut least = at;
            for child in [2 * at + 1, 2 * at + 2] {
                if child < heap.len() && before(inputs, heap[child], heap[least]) {
                    least = child;
                }
            }
            if least == at {
                return;
            }
            heap.swap(at, least);
            at = least;
        }
    };
    for at in (0..heap.len() / 2).rev() {
        sink(&mut heap, &inputs, at);
    }
    let mut writer = LineWriter::new(out, options);
    while let Some(top) = heap.first().copied() {
        writer.line(&inputs[top].line)?;
        if !inputs[top].advance(order, end)? {
            heap.swap_remove(0);
        }
        sink(&mut heap, &inputs, 0);
    }
    writer.finish()
}
