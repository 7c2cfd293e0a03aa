//! Terminals: what processes see, what is shown, what typing does.

use std::time::Duration;

use sandbar_process::{Child, ExitStatus, Limits, Signal, Terminal, Window};

use crate::world::{Fixture, PATIENCE, detached, sandbox, world};

struct Screen {
    terminal: Terminal,
    child: Child,
    shown: String,
}

impl Screen {
    fn start(fixture: &Fixture, arguments: &[&str]) -> Self {
        let window = Window::new(80, 24).expect("a size");
        let terminal = Terminal::new(&fixture.sandbox, window);
        let mut spawn = detached(arguments);
        let descriptor = terminal.descriptor();
        (spawn.stdin, spawn.stdout, spawn.stderr) = (descriptor.clone(), descriptor.clone(), descriptor);
        let child = fixture.sandbox.spawn(spawn).expect("starts");
        Self {
            terminal,
            child,
            shown: String::new(),
        }
    }

    fn types(&self, text: &str) {
        world().runtime.block_on(self.terminal.input(text.as_bytes()));
    }

    /// Waits until this is shown next.
    #[track_caller]
    fn shows(&mut self, expected: &str) {
        while self.shown.len() < expected.len() {
            let next = async { tokio::time::timeout(PATIENCE, self.terminal.output()).await };
            let next = world().runtime.block_on(next);
            let bytes = next.unwrap_or_else(|_| panic!("{expected:?} does not come, only {:?}", self.shown));
            self.shown.push_str(&String::from_utf8_lossy(&bytes.expect("more")));
        }
        let rest = self.shown.split_off(expected.len());
        assert_eq!(self.shown, expected, "before {rest:?}");
        self.shown = rest;
    }

    fn ends(&self) -> ExitStatus {
        let wait = async { tokio::time::timeout(PATIENCE, self.child.wait()).await };
        world().runtime.block_on(wait).expect("ends")
    }
}

#[test]
fn processes_see_a_terminal() {
    let fixture = sandbox(Limits::default());
    let mut screen = Screen::start(&fixture, &["terminal"]);
    screen.shows("0 true 80x24\r\n1 true 80x24\r\n2 true 80x24\r\nstd true true\r\n");
    assert_eq!(screen.ends(), ExitStatus::Exited(0));
    let (code, text) = fixture.run(&["terminal"]);
    assert_eq!(
        (code, text.as_str()),
        (0, "0 false none\n1 false none\n2 false none\nstd false false\n")
    );
    fixture.assert_clean();
}

#[test]
fn lines_are_edited_echoed_and_ended() {
    let fixture = sandbox(Limits::default());
    let mut screen = Screen::start(&fixture, &["lines"]);
    screen.types("ab\u{7f}c\rnext\n");
    screen.shows("ab\u{8} \u{8}c\r\nnext\r\n");
    screen.shows("\"ac\\n\"\r\n\"next\\n\"\r\n");
    screen.types("part\u{4}");
    screen.shows("part\"part\"\r\n");
    screen.types("\u{4}");
    screen.shows("end\r\n");
    screen.types("more\n");
    screen.shows("more\r\n\"more\\n\"\r\n");
    screen.types("\u{4}\u{4}");
    screen.shows("end\r\nend\r\n");
    assert_eq!(screen.ends(), ExitStatus::Exited(0));
}

#[test]
fn raw_mode_hands_every_byte_on() {
    let fixture = sandbox(Limits::default());
    let mut screen = Screen::start(&fixture, &["raw"]);
    screen.shows("ready\r\n");
    screen.types("\u{3}\u{4}\r\u{7f}q");
    screen.shows("03\r\n04\r\n0d\r\n7f\r\n71\r\n");
    assert_eq!(screen.ends(), ExitStatus::Exited(0));
}

#[test]
fn control_characters_reach_the_foreground_group_and_nobody_else() {
    let fixture = sandbox(Limits::default());
    let mut screen = Screen::start(&fixture, &["foreground"]);
    screen.shows("ready\r\n");
    screen.types("\u{3}");
    screen.shows("^C130\r\n");
    assert_eq!(screen.ends(), ExitStatus::Exited(0));

    let mut screen = Screen::start(&fixture, &["foreground"]);
    screen.shows("ready\r\n");
    screen.types("\u{1a}");
    screen.shows("^Z");
    let stopped = || fixture.sandbox.processes().iter().filter(|info| info.stopped).count();
    for _ in 0..1000 {
        if stopped() == 1 {
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(stopped(), 1, "the child, not its parent");
    screen.child.kill_session(Signal::KILL);
    fixture.assert_clean();
}

#[test]
fn a_new_size_is_told() {
    let fixture = sandbox(Limits::default());
    let mut screen = Screen::start(&fixture, &["window"]);
    screen.shows("ready\r\n");
    screen.terminal.resize(Window::new(132, 50).expect("a size"));
    screen.shows("0 true 132x50\r\n");
    assert_eq!(screen.ends(), ExitStatus::Exited(0));
    for (columns, rows) in [(0, 1), (1, 0), (1001, 1), (1, 1001)] {
        assert!(Window::new(columns, rows).is_err());
    }
}

#[test]
fn a_line_that_is_cut_ends_input_and_hangs_up() {
    let fixture = sandbox(Limits::default());
    let screen = Screen::start(&fixture, &["sleep", "600000"]);
    screen.terminal.hang_up();
    assert_eq!(screen.ends(), ExitStatus::Signaled(Signal::HUP));
    let screen = Screen::start(&fixture, &["yes"]);
    std::thread::sleep(Duration::from_millis(50));
    // Nobody takes what it shows: it waits, and the host's memory does not grow.
    assert_eq!(screen.child.try_wait(), None);
    drop(screen.terminal);
    assert!(matches!(
        world().runtime.block_on(screen.child.wait()),
        ExitStatus::Signaled(_)
    ));
    fixture.assert_clean();
}
