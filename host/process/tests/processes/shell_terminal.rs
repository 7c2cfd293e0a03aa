//! The real shell at a terminal: prompt, line editing, Ctrl-C, Ctrl-Z, jobs, window size.

use std::time::{Duration, Instant};

use sandbar_process::{Child, ExitStatus, Terminal, Window};

use crate::userland::userland;
use crate::world::{Fixture, PATIENCE, detached, world};

struct Session {
    fixture: Fixture,
    terminal: Terminal,
    child: Child,
    shown: String,
}

impl Session {
    fn start() -> Self {
        let fixture = userland();
        let terminal = Terminal::new(&fixture.sandbox, Window::new(80, 24).expect("a size"));
        let mut spawn = detached(&[]);
        spawn.arguments = vec!["sh".into()];
        spawn.environment = [("PATH", "/usr/bin"), ("HOME", "/tmp"), ("PS1", "$ "), ("TERM", "dumb")]
            .map(|(name, value)| (name.into(), value.into()))
            .into();
        let descriptor = terminal.descriptor();
        (spawn.stdin, spawn.stdout, spawn.stderr) = (descriptor.clone(), descriptor.clone(), descriptor);
        let child = fixture.sandbox.spawn(spawn).expect("starts");
        let mut session = Self {
            fixture,
            terminal,
            child,
            shown: String::new(),
        };
        session.shows("$ ");
        session
    }

    fn types(&self, keys: &str) {
        world().runtime.block_on(self.terminal.input(keys.as_bytes()));
    }

    /// Waits until this is shown, and takes everything up to its end.
    #[track_caller]
    fn shows(&mut self, expected: &str) -> String {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(at) = self.shown.find(expected) {
                let rest = self.shown.split_off(at + expected.len());
                return std::mem::replace(&mut self.shown, rest);
            }
            let left = end.saturating_duration_since(Instant::now());
            let next = async { tokio::time::timeout(left, self.terminal.output()).await };
            match world().runtime.block_on(next) {
                Ok(Some(bytes)) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                _ => panic!("{expected:?} is not shown, but {:?}", self.shown),
            }
        }
    }

    /// Types a line and gives what it printed, up to the next prompt.
    #[track_caller]
    fn runs(&mut self, line: &str) -> String {
        self.types(line);
        self.shows(line);
        self.types("\r");
        let shown = self.shows("$ ");
        shown
            .trim_start_matches(['\r', '\n'])
            .trim_end_matches("$ ")
            .replace("\r\n", "\n")
    }

    /// Waits until so many processes run.
    #[track_caller]
    fn has(&self, processes: usize) {
        let end = Instant::now() + PATIENCE;
        while self.fixture.sandbox.usage().processes < processes as _ {
            assert!(Instant::now() < end, "{processes} processes do not run");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    #[track_caller]
    fn ends(self) -> ExitStatus {
        let wait = async { tokio::time::timeout(PATIENCE, self.child.wait()).await };
        let status = world().runtime.block_on(wait).expect("ends");
        self.fixture.assert_clean();
        status
    }
}

/// Long enough for a program to have started.
fn pause() {
    std::thread::sleep(Duration::from_millis(200));
}

#[test]
fn lines_are_edited_and_run() {
    let mut t = Session::start();
    assert_eq!(t.runs("echo hi | tr a-z A-Z"), "HI\n");
    t.types("echo ac\x1b[Db\r");
    t.shows("\nabc");
    t.shows("$ ");
    t.types("\x1b[A\x17again\r");
    t.shows("\nagain");
    t.shows("$ ");
    assert_eq!(t.runs("echo $COLUMNS $LINES $-"), "80 24 himBHs\n");
    t.types("exit 4\r");
    assert_eq!(t.ends(), ExitStatus::Exited(4));
}

#[test]
fn the_keyboard_ends_and_stops_jobs() {
    let mut t = Session::start();
    // Each with the processes that run then, the shell among them: on a loaded machine a key could come too early.
    for (command, processes) in [
        ("sleep 100", 2),
        ("while :; do :; done", 1),
        ("sleep 100 | cat", 3),
        ("(sleep 100; echo no)", 2),
    ] {
        t.types(command);
        t.shows(command);
        t.types("\r");
        t.has(processes);
        pause();
        t.types("\x03");
        t.shows("$ ");
        assert_eq!(t.runs("echo $?"), "130\n", "after {command}");
    }
    t.types("sleep 60\r");
    t.shows("sleep 60");
    pause();
    t.types("\x1a");
    t.shows("[1]+  Stopped                 sleep 60\r\n$ ");
    assert_eq!(t.runs("bg"), "[1]+ sleep 60 &\n");
    assert_eq!(t.runs("jobs"), "[1]+  Running                 sleep 60 &\n");
    t.types("fg\r");
    t.shows("fg\r");
    pause();
    t.types("\x03");
    t.shows("$ ");
    assert_eq!(t.runs("jobs; echo $?"), "0\n");
    t.types("\x04");
    t.shows("exit");
    assert_eq!(t.ends(), ExitStatus::Exited(0));
}

#[test]
fn a_program_reads_what_is_typed() {
    let mut t = Session::start();
    t.types("cat\r");
    t.shows("cat");
    pause();
    t.types("typed\r");
    t.shows("typed\r\ntyped\r\n");
    t.types("\x04");
    t.shows("$ ");
    t.types("read -s x\r");
    pause();
    t.types("secret\r");
    t.shows("$ ");
    assert_eq!(t.runs("echo got $x"), "got secret\n");
}

/// Scripts that nest or grow without end: the guest's stack must hold what the shell's own limits allow.
#[test]
fn bombs_end_with_an_error_of_the_shell() {
    let nested = |open: &str, close: &str| format!("echo {}1{}", open.repeat(5000), close.repeat(5000));
    let scripts = [
        "f() { f; }; f".to_owned(),
        "f() { eval f; }; f".to_owned(),
        "f() { (f); }; f; exit 1".to_owned(),
        "f() { if true; then { for i in 1; do f; done; }; fi; }; f".to_owned(),
        "f() { case x in x) while true; do f; done;; esac; }; f".to_owned(),
        "f() { local x=$(f); return 1; }; f".to_owned(),
        "set -x; f() { f; }; f".to_owned(),
        "trap 'f' DEBUG; f() { f; }; f".to_owned(),
        nested("$((", "))"),
        nested("$(echo ", ")"),
        nested("${x:-", "}"),
        format!("{} echo {}", "( ".repeat(140), " )".repeat(140)) + "; exit 1",
        "x=x; echo $((x))".to_owned(),
    ];
    for script in scripts {
        let fixture = userland();
        let mut exec = crate::world::command(&["sh", "-c", &script]);
        exec.environment = vec![("PATH".into(), "/usr/bin".into()), ("HOME".into(), "/tmp".into())];
        let outcome = fixture.exec(exec).expect("starts");
        let shown: String = script.chars().take(60).collect();
        let code = outcome.status.code();
        assert!(
            !outcome.timed_out && code > 0 && code < 128,
            "{:?} for {shown}: {}",
            outcome.status,
            String::from_utf8_lossy(&outcome.output)
                .chars()
                .take(200)
                .collect::<String>()
        );
    }
}
