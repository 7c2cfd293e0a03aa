//! Standard streams and messages.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::mem::ManuallyDrop;
use std::os::fd::FromRawFd;

/// Bytes gathered before one write: a pipe's capacity, so that a full buffer fills it at once.
const OUTPUT_BUFFER: usize = 64 * 1024;

/// Standard output, buffered in blocks: std's own is flushed at every line.
pub type Output = BufWriter<Raw>;

/// A standard stream by number, never closed.
pub struct Raw(ManuallyDrop<File>);

impl Raw {
    /// # Safety
    /// `number` must be an open descriptor for the whole run of the program: 0, 1 or 2.
    unsafe fn new(number: i32) -> Self {
        // SAFETY: the caller warrants that it is open; ManuallyDrop never closes it.
        Self(ManuallyDrop::new(unsafe { File::from_raw_fd(number) }))
    }
}

impl Write for Raw {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self.0).write(bytes)
    }
    fn flush(&mut self) -> io::Result<()> {
        (&*self.0).flush()
    }
}

impl io::Read for Raw {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(bytes)
    }
}

/// Standard output, buffered. Flush it before the program ends.
pub fn output() -> Output {
    // SAFETY: 1 is standard output, which nothing here closes.
    BufWriter::with_capacity(OUTPUT_BUFFER, unsafe { Raw::new(1) })
}

/// Standard input, unbuffered.
pub fn input() -> Raw {
    // SAFETY: 0 is standard input, which nothing here closes.
    unsafe { Raw::new(0) }
}

/// Writes `program: message` on standard error. That it cannot be written is nobody's to hear.
pub fn complain(program: &str, message: impl std::fmt::Display) {
    let _ = writeln!(io::stderr(), "{program}: {message}");
}

/// The plain words of an error, as `strerror` has them: without std's "(os error N)".
pub fn reason(error: &io::Error) -> String {
    let text = error.to_string();
    match text.rfind(" (os error ") {
        Some(at) => text[..at].to_owned(),
        None => text,
    }
}
