//! Behaviours at a terminal.

use std::io::{IsTerminal, Read, Write, stdin, stdout};

use crate::bindings::sandbar::process::processes::{self, Descriptor, Errno, TerminalMode, stdio};
use crate::bindings::wasi::io::poll;
use crate::children::{Start, code};

fn input() -> Option<Descriptor> {
    stdio(0).ok()
}

/// Says of each descriptor whether it is a terminal, and of what size.
pub fn describe() -> u8 {
    for number in 0..3 {
        let Ok(descriptor) = stdio(number) else { return 1 };
        let size = match descriptor.terminal_size() {
            Ok(size) => format!("{}x{}", size.columns, size.rows),
            Err(Errno::NotTerminal) => "none".into(),
            Err(_) => return 2,
        };
        println!("{number} {} {size}", descriptor.is_terminal());
    }
    println!("std {} {}", stdin().is_terminal(), stdout().is_terminal());
    0
}

/// Shows each read of standard input, up to the second end of input in a row.
pub fn lines() -> u8 {
    let mut ends = 0;
    let mut buffer = [0; 4096];
    while ends < 2 {
        match stdin().read(&mut buffer) {
            Ok(0) => {
                ends += 1;
                println!("end");
            }
            Ok(count) => {
                ends = 0;
                println!("{:?}", String::from_utf8_lossy(&buffer[..count]));
            }
            Err(_) => return 1,
        }
        let _ = stdout().flush();
    }
    0
}

/// Without line discipline: shows bytes as they come, up to a `q`.
pub fn raw() -> u8 {
    let Some(descriptor) = input() else { return 1 };
    let Ok(before) = descriptor.terminal_mode() else {
        return 2;
    };
    if before != TerminalMode::all() || descriptor.set_terminal_mode(TerminalMode::OUTPUT).is_err() {
        return 3;
    }
    println!("ready");
    let mut byte = [0];
    while let Ok(1) = stdin().read(&mut byte) {
        println!("{:02x}", byte[0]);
        if byte[0] == b'q' {
            return u8::from(descriptor.set_terminal_mode(before).is_err());
        }
    }
    4
}

/// Waits for the window to change, then says its size.
pub fn window() -> u8 {
    if processes::catch(&[28]).is_err() {
        return 1;
    }
    println!("ready");
    poll::poll(&[&processes::subscribe_signals()]);
    describe()
}

/// Gives the terminal to a child in a group of its own, and takes it back when the child has ended.
pub fn foreground() -> u8 {
    let Some(terminal) = input() else { return 1 };
    let mut child = Start::new(&["sleep", "600000"]);
    child.group = Some(0);
    let Ok(child) = child.go() else { return 2 };
    if terminal.foreground() != Ok(processes::own_pid()) || terminal.set_foreground(9999) != Err(Errno::NoProcess) {
        return 3;
    }
    if terminal.set_foreground(child.pid()).is_err() {
        return 4;
    }
    println!("ready");
    println!("{}", code(child.wait()));
    u8::from(terminal.set_foreground(processes::own_pid()).is_err())
}
