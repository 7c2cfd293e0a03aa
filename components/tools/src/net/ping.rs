//! ping: there is no ICMP in a sandbox, and that is said.

use crate::console;
use std::ffi::OsString;

/// Says what can be done instead; 2, as ping has it when it cannot run.
pub fn main(_: Vec<OsString>) -> i32 {
    console::complain(
        "ping",
        "there is no ICMP in a sandbox; try a connection instead, as with `curl -sS -o /dev/null http://host/`",
    );
    2
}
