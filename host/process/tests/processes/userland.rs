//! The real shell, tools and Python on the process layer. `cargo xtask build` makes them.

use std::sync::OnceLock;
use std::time::Instant;

use sandbar_process::{Limits, Programs};

use crate::world::{Fixture, command, programs, sandbox_with_disk, workspace};

/// A sandbox over the base layer that real ones have.
pub fn userland() -> Fixture {
    userland_on(Default::default(), Limits::default())
}

/// One with limits of its own.
pub fn userland_on(disk: sandbar_files::Limits, limits: Limits) -> Fixture {
    static PROGRAMS: OnceLock<Programs> = OnceLock::new();
    let built = workspace().join("target/userland");
    let programs = PROGRAMS.get_or_init(|| {
        for program in ["shell.wasm", "tools.wasm", "python.wasm", "base/usr/bin/sh"] {
            let file = built.join(program);
            assert!(file.exists(), "{} is missing: run `cargo xtask build`", file.display());
        }
        programs(&built)
    });
    sandbox_with_disk(programs.clone(), &built.join("base"), disk, limits)
}

impl Fixture {
    pub fn command(&self, arguments: &[&str]) -> (i32, String) {
        let mut exec = command(arguments);
        exec.environment = vec![("PATH".into(), "/usr/bin".into()), ("HOME".into(), "/tmp".into())];
        let outcome = self.exec(exec).expect("starts");
        assert!(!outcome.timed_out, "{arguments:?} did not end: {outcome:?}");
        (
            outcome.status.code(),
            String::from_utf8_lossy(&outcome.output).into_owned(),
        )
    }

    pub fn sh(&self, script: &str) -> (i32, String) {
        self.command(&["sh", "-c", script])
    }
}

#[test]
fn tools_run() {
    let fixture = userland();
    assert_eq!(fixture.command(&["true"]), (0, String::new()));
    assert_eq!(fixture.command(&["false"]).0, 1);
    assert_eq!(fixture.command(&["seq", "3"]), (0, "1\n2\n3\n".into()));
    assert_eq!(fixture.command(&["cat", "/nosuch"]).0, 1);
    assert_eq!(fixture.command(&["pwd"]), (0, "/tmp\n".into()));
    fixture.assert_clean();
}

#[test]
fn the_shell_joins_programs() {
    let fixture = userland();
    assert_eq!(fixture.sh("echo a b; exit 3"), (3, "a b\n".into()));
    assert_eq!(fixture.sh("seq 10 | sort -rn | head -1"), (0, "10\n".into()));
    assert_eq!(
        fixture.sh("for i in 1 2 3; do echo $i; done | wc -l | tr -d ' '"),
        (0, "3\n".into())
    );
    assert_eq!(fixture.sh("yes | head -1; echo $?"), (0, "y\n0\n".into()));
    assert_eq!(
        fixture.sh("echo $(echo in | cat) > /tmp/f; cat < /tmp/f"),
        (0, "in\n".into())
    );
    assert_eq!(
        fixture.sh("seq 100000 > /tmp/n; sort -rn /tmp/n | tail -1; rm /tmp/n"),
        (0, "1\n".into())
    );
    assert_eq!(fixture.sh("nosuch").0, 127);
    assert_eq!(fixture.sh("cat << E\nx $((1+2))\nE"), (0, "x 3\n".into()));
    fixture.assert_clean();
}

#[test]
fn python_runs_and_starts_processes() {
    let fixture = userland();
    assert_eq!(fixture.command(&["python3", "-c", "print(1)"]), (0, "1\n".into()));
    let (code, text) = fixture.command(&["python3", "-c", "raise SystemExit(5)"]);
    assert_eq!(code, 5, "{text}");
    let (code, text) = fixture.command(&["python3", "-c", "1/0"]);
    assert!(code == 1 && text.contains("ZeroDivisionError"), "{code} {text}");
    let script =
        "import subprocess; print(subprocess.run(['seq', '3'], capture_output=True, text=True).stdout, end='')";
    assert_eq!(fixture.command(&["python3", "-c", script]), (0, "1\n2\n3\n".into()));
    let script =
        "import subprocess; print(subprocess.run('seq 5 | wc -l', shell=True, capture_output=True, text=True))";
    let (code, text) = fixture.command(&["python3", "-c", script]);
    assert!(
        code == 0 && text.contains("returncode=0") && text.contains('5'),
        "{text}"
    );
    fixture.assert_clean();
}

#[test]
fn python_meets_the_memory_limit() {
    let fixture = userland();
    let (code, text) = fixture.command(&["python3", "-c", "x = [0]\nwhile True: x = x + x"]);
    assert!(
        text.contains("MemoryError") || text.contains("out of memory (limit 1024 MiB)"),
        "{code} {text}"
    );
    assert_ne!(code, 0);
    fixture.assert_clean();
}

#[test]
fn figures_of_the_userland() {
    let fixture = userland();
    let time = |what: &str, arguments: &[&str]| {
        let mut times: Vec<_> = (0..100)
            .map(|_| {
                let start = Instant::now();
                assert_eq!(fixture.command(arguments).0, 0);
                start.elapsed().as_micros()
            })
            .collect();
        times.sort_unstable();
        println!("{what}, µs (p50 p99): {} {}", times[50], times[99]);
    };
    time("exec of true", &["true"]);
    time("exec of sh -c :", &["sh", "-c", ":"]);
    time("exec of sh -c true", &["sh", "-c", "/usr/bin/true"]);
    time("exec of python3 -c 'print(1)'", &["python3", "-c", "print(1)"]);
    assert_eq!(fixture.sh("yes | head -c 67108864 > /tmp/big").0, 0);
    let scripts = [
        "cat /tmp/big > /tmp/out",
        "cat /tmp/big | cat > /tmp/out",
        "cat /tmp/big | cat | cat > /tmp/out",
        "cat /tmp/big | cat | cat | cat | cat > /tmp/out",
    ];
    // Turn by turn, so that whatever else the machine does strikes all alike.
    let mut times = [const { Vec::new() }; 4];
    for _ in 0..9 {
        for (script, times) in scripts.iter().zip(&mut times) {
            let start = Instant::now();
            assert_eq!(fixture.sh(script).0, 0);
            times.push(start.elapsed().as_secs_f64());
        }
    }
    for (script, times) in scripts.iter().zip(&mut times) {
        times.sort_unstable_by(f64::total_cmp);
        println!("{script}: {:.0} MB/s (median of 9)", 67.108_864 / times[4]);
    }
}
