//! clear, reset, tput, stty, less.

use crate::console;
use crate::process::{self, Mode};
use std::ffi::OsString;
use std::io::{self, BufRead, BufReader, IsTerminal, Read, Write};

fn print(text: &str) -> i32 {
    let mut out = console::output();
    i32::from(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err())
}

/// clear
pub fn clear(_: Vec<OsString>) -> i32 {
    print("\x1b[H\x1b[2J\x1b[3J")
}

/// reset: the line discipline as it is in the beginning, and an empty screen.
pub fn reset(_: Vec<OsString>) -> i32 {
    let _ = process::set_terminal_mode(0, SANE);
    print("\x1bc\x1b[!p\x1b[?3;4l\x1b[4l\x1b>")
}

const SANE: Mode = Mode {
    echo: true,
    canonical: true,
    signals: true,
    output: true,
};

/// The terminal's size, from whatever stream is one, or the environment, or the usual.
fn size() -> (u16, u16) {
    let variable = |name: &str| std::env::var(name).ok()?.parse().ok();
    (0..3)
        .find_map(|stream| process::terminal_size(stream).ok())
        .unwrap_or((variable("COLUMNS").unwrap_or(80), variable("LINES").unwrap_or(24)))
}

/// tput: the capabilities that scripts use, as xterm has them.
pub fn tput(arguments: Vec<OsString>) -> i32 {
    let mut words: Vec<String> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    if words.first().is_some_and(|word| word == "-T") {
        words.drain(..2.min(words.len()));
    }
    let number = |at: usize| words.get(at).and_then(|word| word.parse::<u32>().ok()).unwrap_or(0);
    let color = |base: u32| match number(1) {
        n @ 0..=7 => format!("\x1b[{}m", base + n),
        n @ 8..=15 => format!("\x1b[{}m", base + 60 + n - 8),
        n => format!("\x1b[{};5;{n}m", base + 8),
    };
    let text = match words.first().map(String::as_str) {
        Some("cols") => format!("{}\n", size().0),
        Some("lines") => format!("{}\n", size().1),
        Some("colors") => "256\n".into(),
        Some("setaf") => color(30),
        Some("setab") => color(40),
        Some("sgr0") => "\x1b(B\x1b[m".into(),
        Some("bold") => "\x1b[1m".into(),
        Some("dim") => "\x1b[2m".into(),
        Some("rev" | "smso") => "\x1b[7m".into(),
        Some("rmso") => "\x1b[27m".into(),
        Some("smul") => "\x1b[4m".into(),
        Some("rmul") => "\x1b[24m".into(),
        Some("clear") => "\x1b[H\x1b[2J\x1b[3J".into(),
        Some("el") => "\x1b[K".into(),
        Some("ed") => "\x1b[J".into(),
        Some("civis") => "\x1b[?25l".into(),
        Some("cnorm") => "\x1b[?12l\x1b[?25h".into(),
        Some("smcup") => "\x1b[?1049h".into(),
        Some("rmcup") => "\x1b[?1049l".into(),
        Some("home") => "\x1b[H".into(),
        Some("cup") => format!("\x1b[{};{}H", number(1) + 1, number(2) + 1),
        Some("sc") => "\x1b7".into(),
        Some("rc") => "\x1b8".into(),
        Some("bel") => "\x07".into(),
        Some("init" | "reset") => String::new(),
        Some(other) => {
            console::complain("tput", format_args!("unknown terminfo capability '{other}'"));
            return 4;
        }
        None => {
            console::complain("tput", "usage: tput capability [parameter ...]");
            return 2;
        }
    };
    print(&text)
}

/// stty: the line discipline of the terminal on standard input.
pub fn stty(arguments: Vec<OsString>) -> i32 {
    let words: Vec<String> = arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect();
    let mut mode = match process::terminal_mode(0) {
        Ok(mode) => mode,
        Err(_) => {
            console::complain("stty", "'standard input': Inappropriate ioctl for device");
            return 1;
        }
    };
    let (columns, rows) = size();
    if words.is_empty() || words[0] == "-a" {
        let sign = |on: bool| if on { "" } else { "-" };
        return print(&format!(
            "speed 38400 baud; rows {rows}; columns {columns};\n{}isig {}icanon {}echo {}opost\n",
            sign(mode.signals),
            sign(mode.canonical),
            sign(mode.echo),
            sign(mode.output)
        ));
    }
    let packed = |mode: Mode| {
        u8::from(mode.echo) | u8::from(mode.canonical) << 1 | u8::from(mode.signals) << 2 | u8::from(mode.output) << 3
    };
    for word in &words {
        match word.as_str() {
            "size" => return print(&format!("{rows} {columns}\n")),
            "-g" | "--save" => return print(&format!("sandbar:{:x}\n", packed(mode))),
            "sane" | "cooked" | "-raw" => mode = SANE,
            "raw" | "-cooked" => {
                mode = Mode {
                    canonical: false,
                    signals: false,
                    output: false,
                    ..mode
                }
            }
            "cbreak" | "-icanon" => mode.canonical = false,
            "-cbreak" | "icanon" => mode.canonical = true,
            "echo" => mode.echo = true,
            "-echo" => mode.echo = false,
            "isig" => mode.signals = true,
            "-isig" => mode.signals = false,
            "opost" | "onlcr" => mode.output = true,
            "-opost" | "-onlcr" => mode.output = false,
            text => {
                if let Some(bits) = text
                    .strip_prefix("sandbar:")
                    .and_then(|bits| u8::from_str_radix(bits, 16).ok())
                {
                    mode = Mode {
                        echo: bits & 1 != 0,
                        canonical: bits & 2 != 0,
                        signals: bits & 4 != 0,
                        output: bits & 8 != 0,
                    };
                }
                // Settings of lines that are none (speeds, control characters) change nothing.
            }
        }
    }
    match process::set_terminal_mode(0, mode) {
        Ok(()) => 0,
        Err(error) => {
            console::complain("stty", console::reason(&error));
            1
        }
    }
}

/// less and more: a page at a time at a terminal, everything at once elsewhere.
pub fn pager(arguments: Vec<OsString>) -> i32 {
    let files: Vec<OsString> = arguments
        .into_iter()
        .skip(1)
        .filter(|word| !word.as_encoded_bytes().starts_with(b"-") && !word.as_encoded_bytes().starts_with(b"+"))
        .collect();
    let mut inputs: Vec<Box<dyn Read>> = Vec::new();
    let mut code = 0;
    for file in &files {
        match std::fs::File::open(file) {
            Ok(opened) => inputs.push(Box::new(opened)),
            Err(error) => {
                console::complain("less", format_args!("{}: {}", file.display(), console::reason(&error)));
                code = 1;
            }
        }
    }
    if files.is_empty() {
        inputs.push(Box::new(console::input()));
    }
    // Keys come from the terminal on standard error if the text comes by standard input; without one there are no keys.
    let keys = io::stdout().is_terminal() && !files.is_empty() && io::stdin().is_terminal();
    let shown = inputs
        .into_iter()
        .try_for_each(|input| if keys { page(input) } else { whole(input) });
    match shown {
        Ok(()) => code,
        Err(_) => 1,
    }
}

fn whole(mut input: Box<dyn Read>) -> io::Result<()> {
    let mut out = console::output();
    crate::data::codec::copy(&mut *input, &mut out)?;
    out.flush()
}

/// Space: a page more; enter: a line; q: the end.
fn page(input: Box<dyn Read>) -> io::Result<()> {
    let before = process::terminal_mode(0)?;
    let mut input = BufReader::new(input);
    let mut out = console::output();
    let mut left = usize::from(size().1.max(2)) - 1;
    let mut line = Vec::new();
    let mut outcome = Ok(());
    let _ = process::set_terminal_mode(
        0,
        Mode {
            echo: false,
            canonical: false,
            ..before
        },
    );
    loop {
        line.clear();
        match input.by_ref().take(1 << 20).read_until(b'\n', &mut line) {
            Ok(0) => break,
            Ok(_) => {}
            Err(error) => {
                outcome = Err(error);
                break;
            }
        }
        if left == 0 {
            let _ = write!(out, "\x1b[7m--More--\x1b[27m").and_then(|()| out.flush());
            let mut key = [0];
            let read = console::input().read(&mut key).unwrap_or(0);
            let _ = write!(out, "\r\x1b[K");
            match (read, key[0]) {
                (0, _) | (_, b'q' | b'Q' | 3 | 4) => break,
                (_, b'\r' | b'\n' | b'j') => left = 1,
                _ => left = usize::from(size().1.max(2)) - 1,
            }
        }
        if let Err(error) = out.write_all(&line) {
            outcome = Err(error);
            break;
        }
        left -= 1;
    }
    let _ = out.flush();
    let _ = process::set_terminal_mode(0, before);
    outcome
}
