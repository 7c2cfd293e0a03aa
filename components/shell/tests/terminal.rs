//! The interactive shell at a real terminal of the machine: what is typed, what is shown, what jobs do.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::{AsRawFd, FromRawFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// Longer than anything here takes, even on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(20);

struct Terminal {
    master: File,
    output: Receiver<Vec<u8>>,
    shown: String,
    child: Child,
    home: tempfile::TempDir,
}

fn window(fd: &impl AsRawFd, columns: u16, rows: u16) {
    let size = libc::winsize {
        ws_row: rows,
        ws_col: columns,
        ws_xpixel: 0,
        ws_ypixel: 0,
    };
    // SAFETY: TIOCSWINSZ reads a winsize, which is ours.
    let result = unsafe { libc::ioctl(fd.as_raw_fd(), libc::TIOCSWINSZ, &raw const size) };
    assert_eq!(result, 0, "TIOCSWINSZ");
}

impl Terminal {
    fn start(arguments: &[&str], files: &[(&str, &str)]) -> Self {
        let home = tempfile::tempdir().expect("a home");
        for (name, text) in files {
            std::fs::write(home.path().join(name), text).expect("a file");
        }
        let (mut master, mut slave) = (-1, -1);
        // SAFETY: openpty fills in two descriptors; the null pointers ask for defaults.
        let opened = unsafe {
            libc::openpty(
                &raw mut master,
                &raw mut slave,
                std::ptr::null_mut(),
                std::ptr::null_mut(),
                std::ptr::null_mut(),
            )
        };
        assert_eq!(opened, 0, "openpty");
        // SAFETY: both were just opened, and nobody else owns them.
        let (master, slave) = unsafe { (File::from_raw_fd(master), File::from_raw_fd(slave)) };
        window(&master, 80, 24);
        let stdio = || Stdio::from(slave.try_clone().expect("a copy"));
        let mut command = Command::new(env!("CARGO_BIN_EXE_shell"));
        command
            .args(arguments)
            .current_dir(home.path())
            .env_clear()
            .env("PATH", "/usr/bin:/bin")
            .env("HOME", home.path())
            .env("PS1", "$ ")
            .env("TERM", "dumb")
            .stdin(stdio())
            .stdout(stdio())
            .stderr(stdio());
        // SAFETY: setsid and ioctl are async-signal-safe; descriptor 0 is the terminal by then.
        unsafe {
            command.pre_exec(|| {
                libc::setsid();
                libc::ioctl(0, libc::TIOCSCTTY, 0);
                Ok(())
            });
        }
        let child = command.spawn().expect("the shell starts");
        drop(slave);
        let mut reader = master.try_clone().expect("a copy");
        let (sender, output) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            // The end of the terminal is an error on Linux.
            while let Ok(n) = reader.read(&mut buffer) {
                if n == 0 || sender.send(buffer[..n].to_vec()).is_err() {
                    break;
                }
            }
        });
        Self {
            master,
            output,
            shown: String::new(),
            child,
            home,
        }
    }

    fn types(&mut self, keys: &str) {
        self.master.write_all(keys.as_bytes()).expect("typed");
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
            match self.output.recv_timeout(left) {
                Ok(bytes) => self.shown.push_str(&String::from_utf8_lossy(&bytes)),
                Err(_) => panic!("{expected:?} is not shown, but {:?}", self.shown),
            }
        }
    }

    /// Types a line at the prompt and gives what it printed, up to the next prompt.
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

    #[track_caller]
    fn ends(&mut self) -> Option<i32> {
        let end = Instant::now() + PATIENCE;
        loop {
            if let Some(status) = self.child.try_wait().expect("waited for") {
                return status.code();
            }
            assert!(Instant::now() < end, "the shell does not end: {:?}", self.shown);
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // Already ended, if the test has got that far.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn shell() -> Terminal {
    let mut terminal = Terminal::start(&[], &[]);
    terminal.shows("$ ");
    terminal
}

#[test]
fn commands_run_and_their_status_is_kept() {
    let mut t = shell();
    assert_eq!(t.runs("echo hi there"), "hi there\n");
    assert_eq!(t.runs("false"), "");
    assert_eq!(t.runs("echo $?"), "1\n");
    assert_eq!(t.runs("echo ${nope?gone}; echo no").lines().count(), 1);
    assert_eq!(t.runs("if true; fi").lines().count(), 1);
    assert_eq!(t.runs("x=5; f() { echo f$x; }; f"), "f5\n");
    assert_eq!(t.runs("echo $-"), "himBHs\n");
    t.types("exit 7\r");
    assert_eq!(t.ends(), Some(7));
}

#[test]
fn control_c_ends_whatever_runs() {
    let mut t = shell();
    t.types("half a li");
    t.shows("half a li");
    t.types("\x03");
    t.shows("^C");
    t.shows("$ ");
    assert_eq!(t.runs("echo $?"), "130\n");
    for command in [
        "sleep 100",
        "sleep 100; echo no",
        "while :; do :; done",
        "while :; do sleep 0.01; done",
        "f() { while :; do :; done; }; f",
        "(sleep 100; echo no) | cat",
        "x=$(sleep 100)",
        "read x",
        "sleep 100 | sleep 100",
    ] {
        t.types(command);
        t.shows(command);
        t.types("\r");
        t.shows("\n");
        std::thread::sleep(Duration::from_millis(150));
        t.types("\x03");
        let shown = t.shows("$ ");
        assert!(!shown.contains("no"), "{command}: {shown:?}");
        assert_eq!(t.runs("echo $?"), "130\n", "after {command}");
    }
    assert_eq!(t.runs("jobs"), "");
}

#[test]
fn jobs_stop_and_go_on() {
    let mut t = shell();
    t.types("sleep 30\r");
    t.shows("sleep 30");
    std::thread::sleep(Duration::from_millis(200));
    t.types("\x1a");
    let shown = t.shows("$ ").replace("\r\n", "\n");
    assert_eq!(shown, "\n^Z\n[1]+  Stopped                 sleep 30\n$ ");
    assert_eq!(t.runs("echo $?"), "148\n");
    assert_eq!(t.runs("jobs"), "[1]+  Stopped                 sleep 30\n");
    assert_eq!(t.runs("bg"), "[1]+ sleep 30 &\n");
    assert_eq!(t.runs("jobs"), "[1]+  Running                 sleep 30 &\n");
    assert_eq!(t.runs("kill %1; wait %1 2>/dev/null; echo $?"), "143\n");
    t.types("(sleep 0.3; echo x; sleep 0.3; echo y) | cat\r");
    std::thread::sleep(Duration::from_millis(150));
    t.types("\x1a");
    t.shows("Stopped");
    t.shows("$ ");
    t.types("fg\r");
    t.shows("x\r\ny\r\n");
    t.shows("$ ");
    assert_eq!(
        t.runs("fg"),
        "shell: fg: current: no such job\n".replace("shell", &name())
    );
}

fn name() -> String {
    env!("CARGO_BIN_EXE_shell").to_owned()
}

#[test]
fn background_jobs_are_told_of() {
    let mut t = shell();
    let shown = t.runs("sleep 0.1 &");
    assert!(shown.starts_with("[1] "), "{shown:?}");
    std::thread::sleep(Duration::from_millis(300));
    assert_eq!(t.runs(":"), "[1]+  Done                    sleep 0.1\n");
    t.runs("sh -c 'exit 3' &");
    std::thread::sleep(Duration::from_millis(200));
    assert_eq!(t.runs(":"), "[1]+  Exit 3                  sh -c 'exit 3'\n");
    t.runs("sleep 50 & sleep 60 &");
    let shown = t.runs("jobs");
    assert_eq!(
        shown,
        "[1]-  Running                 sleep 50 &\n[2]+  Running                 sleep 60 &\n"
    );
    assert_eq!(t.runs("kill %1 %2; sleep 0.2").replace("\n\n", "\n").lines().count(), 2);
    assert_eq!(t.runs("disown %9; echo $?").lines().last(), Some("1"));
}

#[test]
fn stopped_jobs_keep_the_shell_once() {
    let mut t = shell();
    t.types("sleep 30\r");
    std::thread::sleep(Duration::from_millis(200));
    t.types("\x1a");
    t.shows("Stopped");
    t.shows("$ ");
    t.types("exit\r");
    t.shows("There are stopped jobs.");
    t.shows("$ ");
    t.types("exit 0\r");
    assert_eq!(t.ends(), Some(0));
}

#[test]
fn a_foreground_program_owns_the_terminal() {
    let mut t = shell();
    t.types("cat\r");
    t.shows("cat");
    std::thread::sleep(Duration::from_millis(200));
    t.types("typed\r");
    t.shows("typed\r\ntyped\r\n");
    t.types("\x04");
    t.shows("$ ");
    // A mode that a killed program leaves is repaired.
    t.runs("stty raw -echo; sh -c 'kill -9 $$'");
    assert_eq!(t.runs("echo ok"), "ok\n");
    assert!(
        t.runs("stty -a | tr ' ;' '\\n\\n' | grep -x 'icanon\\|echo\\|isig' | sort | tr '\\n' ' '")
            .starts_with("echo icanon isig")
    );
}

#[test]
fn commands_of_several_lines() {
    let mut t = shell();
    t.types("for i in 1 2\r");
    t.shows("> ");
    t.types("do echo $i; done\r");
    t.shows("1\r\n2\r\n");
    t.shows("$ ");
    t.types("cat <<E\r");
    t.shows("> ");
    t.types("a $((1+1))\r");
    t.shows("> ");
    t.types("E\r");
    t.shows("a 2\r\n");
    t.shows("$ ");
    t.types("echo 'x\r");
    t.shows("> ");
    t.types("\x03");
    t.shows("$ ");
    assert_eq!(t.runs("echo back"), "back\n");
    // And the whole comes back from the history.
    t.types("\x1b[A\x1b[A\x1b[A\x1b[A\r");
    t.shows("1\r\n2\r\n");
}

#[test]
fn history_is_kept_in_its_file() {
    let mut t = Terminal::start(&[], &[(".bash_history", "echo old\n")]);
    t.shows("$ ");
    t.types("\x1b[A");
    t.shows("echo old");
    t.types("\r");
    t.shows("\nold");
    t.shows("$ ");
    assert_eq!(t.runs("history"), "    1  echo old\n    2  echo old\n    3  history\n");
    assert_eq!(t.runs("echo a b"), "a b\n");
    assert_eq!(t.runs("echo !$ !-2").lines().last(), Some("b history"));
    assert_eq!(t.runs("!nothing").lines().count(), 1);
    t.types("\x04");
    t.shows("exit");
    assert_eq!(t.ends(), Some(0));
    let file = std::fs::read_to_string(t.home.path().join(".bash_history")).expect("written");
    assert_eq!(file, "echo old\necho old\nhistory\necho a b\necho b history\n");
}

#[test]
fn startup_files_and_prompts() {
    let files = [
        (".profile", "from_profile=1\n"),
        (".bashrc", "PS1='[\\w $?]$ '; alias ll='echo listing'\n"),
    ];
    let mut t = Terminal::start(&[], &files);
    t.shows("[~ 0]$ ");
    assert_eq!(t.runs("echo ${from_profile-none}").lines().next(), Some("none"));
    t.types("ll; cd /tmp; false\r");
    t.shows("listing");
    t.shows("[/tmp 1]$ ");
    t.types("PS1='\\[\\e[1m\\]\\u@\\h\\[\\e[0m\\]$ '\r");
    t.shows("\x1b[1m");
    t.shows("@sandbox");
    let mut login = Terminal::start(&["-l"], &[(".profile", "from_profile=1; PS1='$ '\n")]);
    login.shows("$ ");
    assert_eq!(login.runs("echo $from_profile"), "1\n");
    login.types("\x04");
    login.shows("logout");
    let mut bare = Terminal::start(&["--norc", "-i"], &files);
    bare.shows("$ ");
    assert_eq!(bare.runs("alias; echo $?"), "0\n");
}

#[test]
fn tab_completes() {
    let mut t = Terminal::start(&[], &[("alpha one.txt", ""), ("beta1", ""), ("beta2", "")]);
    t.shows("$ ");
    t.types("echo al\t");
    t.shows("echo al");
    t.types("\r");
    t.shows("alpha one.txt");
    t.shows("$ ");
    t.types("echo be\t");
    t.shows("ta");
    t.types("\t\t");
    t.shows("beta1  beta2");
    t.types("1\r");
    t.shows("\nbeta1");
    t.shows("$ ");
    t.types("verylong_name=5\r");
    t.shows("$ ");
    t.types("echo $verylo\t\r");
    t.shows("\n5");
    t.shows("$ ");
    t.types("readon\t-p | cat\r");
    t.shows("$ ");
    t.types("mkdir -p dir/sub\r");
    t.shows("$ ");
    t.types("cd di\tsu\t; pwd\r");
    t.shows("/dir/sub\r\n");
}

#[test]
fn a_new_window_size_is_seen() {
    let mut t = shell();
    assert_eq!(t.runs("echo $COLUMNS $LINES"), "80 24\n");
    window(&t.master, 30, 10);
    std::thread::sleep(Duration::from_millis(100));
    // Wider than the new window: the editor breaks the line, the command gets it whole.
    t.types("echo abcdefghijklmnopqrstuvwxyz\r");
    t.shows("\nabcdefghijklmnopqrstuvwxyz");
    t.shows("$ ");
    assert_eq!(t.runs("echo $COLUMNS $LINES"), "30 10\n");
}

#[test]
fn traps_run_at_the_prompt_too() {
    let mut t = shell();
    t.runs("trap 'echo got usr1' USR1");
    t.runs("sh -c \"sleep 0.2; kill -USR1 $$\" & disown");
    t.shows("got usr1");
    assert_eq!(t.runs("trap 'echo got int' INT"), "");
    t.types("sleep 30\r");
    std::thread::sleep(Duration::from_millis(200));
    t.types("\x03");
    t.shows("$ ");
    assert_eq!(t.runs("kill -INT $$"), "got int\n");
    assert_eq!(t.runs("kill -TERM $$; echo alive"), "alive\n");
}

#[test]
fn a_hang_up_saves_the_history() {
    let mut t = shell();
    t.runs("echo remember");
    let pid = i32::try_from(t.child.id()).expect("a pid");
    // SAFETY: the pid is that of our own child, which has not been waited for.
    let sent = unsafe { libc::kill(pid, libc::SIGHUP) };
    assert_eq!(sent, 0);
    assert_eq!(t.ends(), Some(129));
    let file = std::fs::read_to_string(t.home.path().join(".bash_history")).expect("written");
    assert_eq!(file, "echo remember\n");
}

#[test]
fn hostile_input_at_the_prompt() {
    let mut t = shell();
    t.types("\x1b[200~");
    t.types(&"x".repeat(1 << 20));
    t.types("\x1b[201~\x03");
    t.shows("$ ");
    t.types(&"\x1b[".repeat(5000));
    t.types("\x03\x03");
    t.types("\x03");
    t.shows("$ ");
    t.types(&"(".repeat(5000));
    t.types("\r");
    t.shows("nesting too deep");
    t.master.write_all(b"\xff\xfe\xc3\x28\x03").expect("typed");
    t.shows("^C");
    t.types("echo still here\r");
    t.shows("\nstill here");
}
