//! Files and commands that a program reads and writes, by name.

use super::input::Records;
use crate::console;
use crate::process::{self, Child, Command, Ended, Stdio};
use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufWriter, IsTerminal, Write};

/// Files and commands open at once; a sandbox has a limit of its own, too.
const MOST_OPEN: usize = 200;

enum Sink {
    File(BufWriter<File>),
    Command(Option<BufWriter<Box<dyn Write>>>, Child),
    Errors,
}

enum Feed {
    File(Records),
    Command(Records, Child),
}

/// Everything that is open.
pub struct Streams {
    /// Standard output.
    pub out: console::Output,
    /// Whether each line of it is to be seen at once.
    eager: bool,
    sinks: HashMap<(bool, Vec<u8>), Sink>,
    feeds: HashMap<(bool, Vec<u8>), Feed>,
}

fn name(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Opens a file to be read; `-` and `/dev/stdin` are standard input.
///
/// # Errors
/// It cannot be opened.
pub fn open(path: &[u8]) -> io::Result<Records> {
    if path == b"-" || path == b"/dev/stdin" {
        return Ok(Records::new(Box::new(console::input())));
    }
    let file = File::open(name(path))?;
    if file.metadata()?.is_dir() {
        return Err(io::Error::new(io::ErrorKind::IsADirectory, "Is a directory"));
    }
    Ok(Records::new(Box::new(file)))
}

impl Streams {
    /// Nothing but standard output.
    pub fn new() -> Self {
        Self {
            out: console::output(),
            eager: io::stdout().is_terminal(),
            sinks: HashMap::new(),
            feeds: HashMap::new(),
        }
    }

    fn room(&self) -> io::Result<()> {
        if self.sinks.len() + self.feeds.len() >= MOST_OPEN {
            return Err(io::Error::other("too many open files; close() those that are done"));
        }
        Ok(())
    }

    /// Writes to standard output.
    ///
    /// # Errors
    /// It cannot be written.
    pub fn print(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.out.write_all(bytes)?;
        if self.eager { self.out.flush() } else { Ok(()) }
    }

    /// Writes to a file (or appends), or to a command's input.
    ///
    /// # Errors
    /// It cannot be opened or written.
    pub fn write(&mut self, target: &[u8], append: bool, is_command: bool, bytes: &[u8]) -> io::Result<()> {
        if !is_command && (target == b"/dev/stdout" || target == b"-") {
            return self.print(bytes);
        }
        let key = (is_command, target.to_vec());
        if !self.sinks.contains_key(&key) {
            self.room()?;
            let sink = if is_command {
                self.flush()?;
                let mut command = Command::shell(&name(target));
                command.input = Stdio::Pipe;
                let mut child = process::spawn(&command)?;
                Sink::Command(child.input.take().map(BufWriter::new), child)
            } else if target == b"/dev/stderr" {
                Sink::Errors
            } else {
                let mut options = File::options();
                options.create(true).write(true);
                if append {
                    options.append(true);
                } else {
                    options.truncate(true);
                }
                Sink::File(BufWriter::new(options.open(name(target))?))
            };
            self.sinks.insert(key.clone(), sink);
        }
        match self.sinks.get_mut(&key) {
            Some(Sink::File(file)) => file.write_all(bytes),
            Some(Sink::Command(Some(pipe), _)) => pipe.write_all(bytes),
            Some(Sink::Errors) => {
                let _ = self.out.flush();
                io::stderr().write_all(bytes)
            }
            _ => Ok(()),
        }
    }

    /// The records of a file or of a command's output.
    ///
    /// # Errors
    /// It cannot be opened or started.
    pub fn records(&mut self, source: &[u8], is_command: bool) -> io::Result<&mut Records> {
        let key = (is_command, source.to_vec());
        if !self.feeds.contains_key(&key) {
            self.room()?;
            let feed = if is_command {
                self.flush()?;
                let mut command = Command::shell(&name(source));
                command.output = Stdio::Pipe;
                let mut child = process::spawn(&command)?;
                let output = child.output.take().ok_or(io::ErrorKind::BrokenPipe)?;
                Feed::Command(Records::new(output), child)
            } else {
                Feed::File(open(source)?)
            };
            self.feeds.insert(key.clone(), feed);
        }
        match self.feeds.get_mut(&key) {
            Some(Feed::File(records) | Feed::Command(records, _)) => Ok(records),
            None => Err(io::ErrorKind::NotFound.into()),
        }
    }

    /// Flushes everything.
    ///
    /// # Errors
    /// Something cannot be written.
    pub fn flush(&mut self) -> io::Result<()> {
        self.out.flush()?;
        for sink in self.sinks.values_mut() {
            match sink {
                Sink::File(file) => file.flush()?,
                Sink::Command(Some(pipe), _) => pipe.flush()?,
                _ => {}
            }
        }
        Ok(())
    }

    /// Closes what has this name: its exit status, 0 for a file, -1 if nothing has it.
    pub fn close(&mut self, target: &[u8]) -> i32 {
        let mut status = -1;
        for is_command in [false, true] {
            let key = (is_command, target.to_vec());
            if let Some(sink) = self.sinks.remove(&key) {
                status = close_sink(sink);
            }
            match self.feeds.remove(&key) {
                Some(Feed::Command(records, child)) => {
                    drop(records);
                    status = code(child.wait());
                }
                Some(Feed::File(_)) => status = 0,
                None => {}
            }
        }
        status
    }

    /// Closes everything, and waits for the commands; false if something could not be written.
    pub fn finish(&mut self) -> bool {
        let mut good = self.out.flush().is_ok();
        for (_, sink) in self.sinks.drain() {
            let is_file = matches!(sink, Sink::File(_));
            good &= close_sink(sink) >= 0 || !is_file;
        }
        for (_, feed) in self.feeds.drain() {
            if let Feed::Command(records, child) = feed {
                drop(records);
                let _ = child.wait();
            }
        }
        good
    }
}

fn close_sink(sink: Sink) -> i32 {
    match sink {
        Sink::File(mut file) => match file.flush() {
            Ok(()) => 0,
            Err(error) => {
                console::complain("awk", format_args!("cannot write: {}", console::reason(&error)));
                -1
            }
        },
        Sink::Command(pipe, child) => {
            if let Some(mut pipe) = pipe {
                // A command that reads no more is no fault of the writer.
                let _ = pipe.flush();
            }
            code(child.wait())
        }
        Sink::Errors => 0,
    }
}

fn code(ended: io::Result<Ended>) -> i32 {
    match ended {
        Ok(Ended::Exited(code)) => code,
        Ok(Ended::Signaled(signal)) => 256 + signal,
        Err(_) => -1,
    }
}
