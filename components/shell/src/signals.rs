//! Signals by name and number.

/// All that have a name here, with their Linux numbers.
pub(crate) const SIGNALS: [(&str, u32); 31] = [
    ("HUP", 1),
    ("INT", 2),
    ("QUIT", 3),
    ("ILL", 4),
    ("TRAP", 5),
    ("ABRT", 6),
    ("BUS", 7),
    ("FPE", 8),
    ("KILL", 9),
    ("USR1", 10),
    ("SEGV", 11),
    ("USR2", 12),
    ("PIPE", 13),
    ("ALRM", 14),
    ("TERM", 15),
    ("STKFLT", 16),
    ("CHLD", 17),
    ("CONT", 18),
    ("STOP", 19),
    ("TSTP", 20),
    ("TTIN", 21),
    ("TTOU", 22),
    ("URG", 23),
    ("XCPU", 24),
    ("XFSZ", 25),
    ("VTALRM", 26),
    ("PROF", 27),
    ("WINCH", 28),
    ("IO", 29),
    ("PWR", 30),
    ("SYS", 31),
];

/// Those that the world lets a program catch.
pub(crate) const CATCHABLE: [u32; 11] = [1, 2, 3, 10, 12, 13, 14, 15, 17, 20, 28];

/// The number of a signal given by number or by name, with or without `SIG`.
pub(crate) fn number(text: &str) -> Option<u32> {
    if let Ok(n) = text.parse::<u32>() {
        return (n <= 64).then_some(n);
    }
    let upper = text.to_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    SIGNALS.iter().find(|(n, _)| *n == name).map(|(_, n)| *n)
}

/// The name of a signal, without `SIG`.
pub(crate) fn name(number: u32) -> Option<&'static str> {
    SIGNALS.iter().find(|(_, n)| *n == number).map(|(name, _)| *name)
}

/// What is said of a job that a signal ended.
pub(crate) fn describe(signal: i32) -> &'static str {
    match signal {
        1 => "Hangup",
        2 => "Interrupt",
        3 => "Quit",
        4 => "Illegal instruction",
        5 => "Trace/breakpoint trap",
        6 => "Aborted",
        8 => "Floating point exception",
        9 => "Killed",
        10 => "User defined signal 1",
        11 => "Segmentation fault",
        12 => "User defined signal 2",
        13 => "Broken pipe",
        14 => "Alarm clock",
        15 => "Terminated",
        _ => "Signal",
    }
}

/// The table that `kill -l` and `trap -l` print: five to a row.
pub(crate) fn table() -> String {
    let mut out = String::new();
    for (i, (name, number)) in SIGNALS.iter().enumerate() {
        let end = if i % 5 == 4 || i + 1 == SIGNALS.len() {
            '\n'
        } else {
            '\t'
        };
        out.push_str(&format!("{number:2}) SIG{name}{end}"));
    }
    out
}
