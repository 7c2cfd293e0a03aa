//! kill -9 in the middle of a load of creates, moves, resizes, findings and intents. This test has a `main` of its own: it starts itself again as the
//! process that is killed.

#![allow(
    missing_docs,
    clippy::print_stdout,
    reason = "a test that talks to its child by pipe"
)]

mod common;

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Write as _},
    path::Path,
    process::{Command, ExitCode, Stdio},
};

use libtest_mimic::{Arguments, Trial};

use common::{NOW, ORGANIZATION, assert_invariants, create, health, placed, prepare, run, scratch, seen, soak};
use sandbar_sqlite::{Options, SqliteStore};
use sandbar_store::{Finding, JobKind, Sandbox};

/// Lives of sandboxes for ever, eight at once; says the id and generation of each change as soon as it is acknowledged.
fn child(directory: &Path) {
    run(async {
        let store = SqliteStore::open(directory.join("plane.db"), &Options::default()).expect("it opens");
        prepare(&store, 1_000_000).await;
        let process = store
            .attach_runner("r".into(), "directory".into(), NOW)
            .await
            .expect("a process");
        let life = std::process::id();
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0.. {
                        live(&store, process, &format!("{life}-{task}-{number}"), number).await;
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
    });
}

/// One sandbox through some of the verbs that change it.
async fn live(store: &SqliteStore, process: u64, id: &str, number: u64) {
    let said = |it: &Sandbox| {
        let mut out = std::io::stdout().lock();
        writeln!(out, "{} {} {}", it.id, it.generation, it.cpu).expect("the parent listens");
        out.flush().expect("the parent listens");
    };
    let made = create(store, id).await.expect("a create");
    said(&made);
    let again = |generation: u64| placed(&format!("job-{id}-{generation}"));
    let made = if number.is_multiple_of(2) {
        let moved = store
            .replace_runner(id.into(), made.generation, again(2), NOW)
            .await
            .expect("moved");
        said(&moved);
        moved
    } else {
        made
    };
    let seen = vec![seen(id, made.generation, "started")];
    store
        .report("r".into(), process, seen, Some(health(1_000_000)), NOW)
        .await
        .expect("a report");
    let (job, payload) = (format!("resize-{id}"), "{}".to_owned());
    let resized = store
        .resize_sandbox(id.into(), made.generation, 2, 1, 1, None, job, payload, NOW)
        .await;
    let resized = resized.expect("resized");
    said(&resized);
    if number.is_multiple_of(3) {
        let finding = Finding {
            sandbox: id.into(),
            generation: resized.generation,
            state: "error".into(),
            error_reason: Some("lost".into()),
            recoverable: false,
            fence: true,
            release: true,
        };
        said(&store.find_out(vec![finding], NOW).await.expect("found")[0]);
    } else {
        let (desired, job) = ("stopped".to_owned(), format!("stop-{id}"));
        let (kind, generation) = (JobKind::StopSandbox, resized.generation);
        let stopped = store
            .change_intent(id.into(), generation, desired, job, kind, "{}".into(), None, NOW)
            .await;
        said(&stopped.expect("stopped"));
    }
}

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() == Some("--child") {
        child(Path::new(&arguments.next().expect("a directory")));
        return ExitCode::SUCCESS;
    }
    let trial = Trial::test("what_was_acknowledged_survives_kill_9", || {
        acknowledged_changes_survive();
        Ok(())
    });
    libtest_mimic::run(&Arguments::from_args(), vec![trial]).exit_code()
}

fn acknowledged_changes_survive() {
    let directory = scratch();
    let mut acknowledged = BTreeMap::new();
    for round in 0..3 * soak() {
        let mut process = Command::new(std::env::current_exe().expect("a path"))
            .arg("--child")
            .arg(directory.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("a child");
        let lines = BufReader::new(process.stdout.take().expect("a pipe")).lines();
        for (count, line) in lines.enumerate() {
            let line = line.expect("a line");
            let mut words = line.split(' ');
            let id = words.next().expect("an id").to_owned();
            let numbers: Vec<u64> = words.map(|word| word.parse().expect("a number")).collect();
            acknowledged.insert(id, (numbers[0], numbers[1]));
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
            for (id, (generation, cpu)) in &acknowledged {
                let found = store.get_sandbox(ORGANIZATION.into(), id.clone()).await;
                let kept = found.as_ref().is_ok_and(|it| {
                    it.generation > *generation || (it.generation == *generation && u64::from(it.cpu) == *cpu)
                });
                assert!(kept, "round {round}: {id} was acknowledged at {generation}: {found:?}");
            }
        });
    }
    assert!(acknowledged.len() > 100, "only {} sandboxes", acknowledged.len());
}
