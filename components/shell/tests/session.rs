//! A shell as a session keeps it: fed through a pipe for a long time.

use std::io::{BufRead, BufReader, Write};
use std::process::{Command, Stdio};

/// Commands of one session.
const COMMANDS: usize = 2000;

/// What the shell may grow by over all but the first tenth of them, in KiB: allocator noise, no leak.
const MAX_GROWTH: u64 = 2048;

fn resident(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("it runs");
    let line = status.lines().find(|l| l.starts_with("VmRSS:")).expect("a size");
    line.split_whitespace()
        .nth(1)
        .and_then(|n| n.parse().ok())
        .expect("a number")
}

#[test]
fn thousands_of_commands_through_a_pipe_do_not_grow_it() {
    let work = tempfile::tempdir().expect("a directory");
    let mut child = Command::new(env!("CARGO_BIN_EXE_shell"))
        .current_dir(work.path())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the shell starts");
    let mut input = child.stdin.take().expect("piped");
    let mut output = BufReader::new(child.stdout.take().expect("piped")).lines();
    std::fs::write(work.path().join("in"), "").expect("a file");
    let mut early = 0;
    for i in 0..COMMANDS {
        let command = match i % 5 {
            0 => format!("x={i}; y=$((x + 1))"),
            1 => "z=$(echo $y)".to_owned(),
            2 => "f() { local a=(1 2 3); echo ${#a[@]} > /dev/null; }; f".to_owned(),
            3 => "(exit 3) & wait $!; [ $? = 3 ] || echo broken".to_owned(),
            _ => "read -r w < <(echo word); for k in 1 2; do :; done | cat > /dev/null".to_owned(),
        };
        std::fs::write(work.path().join("cmd.sh"), command).expect("a file");
        writeln!(input, "{{ . ./cmd.sh; }} < in > out 2> err; echo {i} $?").expect("taken");
        let line = output.next().expect("an answer").expect("text");
        assert_eq!(line, format!("{i} 0"));
        if i == COMMANDS / 10 {
            early = resident(child.id());
        }
    }
    let late = resident(child.id());
    assert!(late < early + MAX_GROWTH, "grown from {early} to {late} KiB");
    drop(input);
    assert!(child.wait().expect("it ends").success());
}
