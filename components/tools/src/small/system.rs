//! What asks about the machine: there is none, so the answers are those of the sandbox.

use crate::console;
use crate::process;
use crate::users::{self, OWN_ID, PASSWD};
use std::ffi::OsString;
use std::io::Write;
use std::time::SystemTime;

fn print(text: &str) -> i32 {
    let mut out = console::output();
    i32::from(out.write_all(text.as_bytes()).and_then(|()| out.flush()).is_err())
}

fn words(arguments: &[OsString]) -> Vec<String> {
    arguments
        .iter()
        .skip(1)
        .map(|word| word.to_string_lossy().into_owned())
        .collect()
}

/// hostname: what /etc/hostname says. It cannot be set.
pub fn hostname(arguments: Vec<OsString>) -> i32 {
    let given = words(&arguments);
    if given.iter().any(|word| word == "-I" || word == "-i") {
        return print("127.0.0.1\n");
    }
    if given.iter().any(|word| !word.starts_with('-')) {
        console::complain("hostname", "you must be root to change the host name");
        return 1;
    }
    let name = std::fs::read_to_string("/etc/hostname").unwrap_or_else(|_| "sandbox".into());
    print(&format!("{}\n", name.trim()))
}

/// uptime: since the sandbox's files were opened.
pub fn uptime(arguments: Vec<OsString>) -> i32 {
    let text = std::fs::read_to_string("/proc/uptime").unwrap_or_default();
    let seconds = text
        .split('.')
        .next()
        .and_then(|text| text.parse::<u64>().ok())
        .unwrap_or(0);
    let (now, _) = crate::calendar::unix(SystemTime::now());
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3600 % 24, seconds / 60 % 60);
    if words(&arguments).iter().any(|word| word == "-p" || word == "--pretty") {
        let plural = |number: u64, what: &str| format!("{number} {what}{}", if number == 1 { "" } else { "s" });
        let mut parts = Vec::new();
        for (number, what) in [(days, "day"), (hours, "hour"), (minutes, "minute")] {
            if number > 0 || what == "minute" && parts.is_empty() {
                parts.push(plural(number, what));
            }
        }
        return print(&format!("up {}\n", parts.join(", ")));
    }
    let days_text = match days {
        0 => String::new(),
        1 => "1 day, ".into(),
        more => format!("{more} days, "),
    };
    let time = if hours > 0 {
        format!("{hours:2}:{minutes:02}")
    } else {
        format!("{minutes} min")
    };
    print(&format!(
        " {} up {days_text}{time},  1 user,  load average: 0.00, 0.00, 0.00\n",
        crate::calendar::strftime("%H:%M:%S", now)
    ))
}

/// getconf: the values that scripts ask for.
pub fn getconf(arguments: Vec<OsString>) -> i32 {
    let given = words(&arguments);
    let value = match given.first().map(String::as_str) {
        Some("_NPROCESSORS_ONLN" | "_NPROCESSORS_CONF") => {
            return print(&format!("{}\n", super::df::processors()));
        }
        Some("PAGE_SIZE" | "PAGESIZE") => "65536",
        Some("ARG_MAX") => "1048576",
        Some("LONG_BIT") => "32",
        Some("PATH_MAX") => "4096",
        Some("NAME_MAX") => "255",
        Some("OPEN_MAX") => "1024",
        Some("CLK_TCK") => "100",
        Some("PATH") => "/bin:/usr/bin",
        Some(other) => {
            console::complain("getconf", format_args!("Unrecognized variable `{other}'"));
            return 2;
        }
        None => {
            console::complain("getconf", "usage: getconf NAME");
            return 2;
        }
    };
    print(&format!("{value}\n"))
}

/// locale: the C locale, with UTF-8.
pub fn locale(arguments: Vec<OsString>) -> i32 {
    let given = words(&arguments);
    match given.first().map(String::as_str) {
        Some("-a") => print("C\nC.utf8\nPOSIX\n"),
        Some("charmap") => print("UTF-8\n"),
        _ => {
            let lang = std::env::var("LANG").unwrap_or_default();
            let all = std::env::var("LC_ALL").unwrap_or_default();
            let effective = [all.as_str(), lang.as_str(), "POSIX"]
                .into_iter()
                .find(|text| !text.is_empty())
                .unwrap_or("POSIX")
                .to_owned();
            let mut text = format!("LANG={lang}\nLANGUAGE=\n");
            for name in [
                "CTYPE",
                "NUMERIC",
                "TIME",
                "COLLATE",
                "MONETARY",
                "MESSAGES",
                "PAPER",
                "NAME",
                "ADDRESS",
                "TELEPHONE",
                "MEASUREMENT",
                "IDENTIFICATION",
            ] {
                text.push_str(&format!("LC_{name}=\"{effective}\"\n"));
            }
            text.push_str(&format!("LC_ALL={all}\n"));
            print(&text)
        }
    }
}

/// sync: what a program has written is handed to the host already.
pub fn sync(_: Vec<OsString>) -> i32 {
    0
}

/// chown and chgrp: there is one user, to whom everything belongs.
pub fn chown(arguments: Vec<OsString>) -> i32 {
    let name = arguments
        .first()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default();
    let program = if name.ends_with("chgrp") { "chgrp" } else { "chown" };
    let given = words(&arguments);
    let reference = given.iter().any(|word| word.starts_with("--reference"));
    let mut operands = given.iter().filter(|word| !word.starts_with('-'));
    let owner = if reference { None } else { operands.next() };
    let files: Vec<&String> = operands.collect();
    if files.is_empty() {
        console::complain(program, "missing operand");
        return 1;
    }
    let own = users::name_of(PASSWD, OWN_ID);
    let is_own = |text: &str| text.is_empty() || text == own || text == OWN_ID.to_string();
    let allowed = owner.is_none_or(|owner| owner.split([':', '.']).all(is_own));
    let mut code = 0;
    for file in files {
        if let Err(error) = sandbar_guest_rt::files::status(std::path::Path::new(file), false) {
            console::complain(
                program,
                format_args!("cannot access '{file}': {}", console::reason(&error)),
            );
            code = 1;
        } else if !allowed {
            console::complain(
                program,
                format_args!("changing ownership of '{file}': Operation not permitted: a sandbox has one user, {own}"),
            );
            code = 1;
        }
    }
    code
}

/// free: memory of the sandbox's processes, and the whole where /proc/meminfo tells it.
pub fn free(arguments: Vec<OsString>) -> i32 {
    let given = words(&arguments);
    let human = given.iter().any(|word| word.starts_with('-') && word.contains('h'));
    let unit = if given.iter().any(|word| word == "-b") {
        1
    } else if given.iter().any(|word| word == "-m") {
        1 << 20
    } else if given.iter().any(|word| word == "-g") {
        1 << 30
    } else {
        1024
    };
    let used: u64 = process::list()
        .map(|all| all.iter().map(|one| one.memory).sum())
        .unwrap_or(0);
    let text = std::fs::read_to_string("/proc/meminfo").unwrap_or_default();
    let of = |name: &str| {
        let line = text
            .lines()
            .find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
        line.split_whitespace()
            .next()?
            .parse::<u64>()
            .ok()
            .map(|kibibytes| kibibytes * 1024)
    };
    let total = of("MemTotal").unwrap_or(used);
    let left = total.saturating_sub(used);
    let shown = |bytes: u64| {
        if human {
            format!("{}i", crate::ls::human(bytes))
        } else {
            (bytes / unit).to_string()
        }
    };
    let row = |name: &str, cells: &[u64]| {
        let cells: String = cells.iter().map(|bytes| format!("{:>12}", shown(*bytes))).collect();
        format!("{name:<8}{cells}\n")
    };
    print(&format!(
        "{:8}{:>12}{:>12}{:>12}{:>12}{:>12}{:>12}\n{}{}",
        "",
        "total",
        "used",
        "free",
        "shared",
        "buff/cache",
        "available",
        row("Mem:", &[total, used, left, 0, 0, left]),
        row("Swap:", &[0, 0, 0])
    ))
}
