//! kill -9 in the middle of a load of creates. This test has a `main` of its own: it starts itself again as the
//! process that is killed.

#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a test that talks to its child by pipe"
)]

mod common;

use std::{
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use libtest_mimic::{Arguments, Trial};

use common::{ORGANIZATION, assert_invariants, create, prepare, run, scratch, soak};
use sandbar_sqlite::{Options, SqliteStore};

/// Creates for ever, eight at once, saying each as soon as it is acknowledged.
fn child(directory: &Path) {
    run(async {
        let store = SqliteStore::open(directory.join("plane.db"), &Options::default()).expect("it opens");
        prepare(&store, 1_000_000).await;
        let life = std::process::id();
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0.. {
                        let id = format!("{life}-{task}-{number}");
                        create(&store, &id).await.expect("a create");
                        let mut out = std::io::stdout().lock();
                        writeln!(out, "{id}").expect("the parent listens");
                        out.flush().expect("the parent listens");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--child") {
        child(Path::new(&arguments.next().expect("a directory")));
        return ExitCode::SUCCESS;
    }
    let trial = Trial::test("acknowledged_creates_survive_kill_9", || {
        acknowledged_creates_survive();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn acknowledged_creates_survive() {
    let directory = scratch();
    let mut acknowledged = Vec::new();
    for round in 0..3 * soak() {
        let mut process = Command::new(std::env::current_exe().expect("a path"))
            .arg("--child")
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        for (count, line) in lines.enumerate() {
            acknowledged.push(line.expect("a line"));
            if count as u64 == 150 + 37 * round {
                // SIGKILL. What it has still said before is read on to the end of the pipe.
                process.kill().expect("it is killed");
            }
        }
        process.wait().expect("it has ended");
        run(async {
            let path = directory.path().join("plane.db");
            let store = SqliteStore::open(path, &Options::default()).expect("it opens again");
            assert_invariants(&store).await;
            for id in &acknowledged {
                let found = store.get_sandbox(ORGANIZATION.into(), id.clone()).await;
                assert!(found.is_ok(), "round {round}: {id} was acknowledged: {found:?}");
            }
        });
    }
    assert!(acknowledged.len() > 400, "only {} creates", acknowledged.len());
}
