//! Standard output, buffered, for the whole program.

use std::cell::RefCell;
use std::io::{BufWriter, IsTerminal, Stdout, Write};

/// Bytes kept before they are written.
const BUFFER: usize = 64 * 1024;

thread_local! {
    static OUT: RefCell<BufWriter<Stdout>> = RefCell::new(BufWriter::with_capacity(BUFFER, std::io::stdout()));
}

/// Writes bytes. Whoever reads them may have gone: then there is nobody to tell, and the program ends as git does.
pub fn bytes(bytes: &[u8]) {
    let written = OUT.with_borrow_mut(|out| out.write_all(bytes));
    if written.is_err() {
        sandbar_guest_rt::exit(141);
    }
}

/// Writes text.
pub fn text(text: &str) {
    bytes(text.as_bytes());
}

/// Writes a line.
pub fn line(text: &str) {
    bytes(text.as_bytes());
    bytes(b"\n");
}

/// Writes a line on standard error, after what is on standard output.
pub fn note(text: &str) {
    flush();
    let _ = writeln!(std::io::stderr(), "{text}");
}

/// Everything written so far is out.
pub fn flush() {
    let _ = OUT.with_borrow_mut(Write::flush);
}

/// Whether somebody looks at standard output.
pub fn is_terminal() -> bool {
    std::io::stdout().is_terminal()
}

/// `format!` and a line.
#[macro_export]
macro_rules! say {
    ($($part:tt)*) => { $crate::out::line(&format!($($part)*)) };
}

/// `format!` and a line on standard error.
#[macro_export]
macro_rules! note {
    ($($part:tt)*) => { $crate::out::note(&format!($($part)*)) };
}
