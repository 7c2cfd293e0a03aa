//! What may be opened, and what is refused.

#![allow(missing_docs, reason = "tests")]

mod common;

use std::{fs, os::unix::fs::PermissionsExt as _};

use common::{ORGANIZATION, assert_invariants, create, open, run, scratch};
use sandbar_sqlite::{OpenError, Options, SqliteStore};

#[test]
fn two_cannot_open_the_same_database() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let second = SqliteStore::open(directory.path().join("plane.db"), &Options::default());
        assert!(matches!(second, Err(OpenError::InUse { .. })), "{second:?}");
        store.close();
        SqliteStore::open(directory.path().join("plane.db"), &Options::default()).expect("it is free again");
    });
}

#[test]
fn only_its_owner_may_read_it() {
    let directory = scratch();
    run(async {
        let _store = open(directory.path(), 1).await;
        for name in ["plane.db", "plane.db-wal", "plane.db-shm"] {
            let mode = fs::metadata(directory.path().join(name))
                .expect("a file")
                .permissions()
                .mode();
            assert_eq!(mode & 0o077, 0, "{name} is {mode:o}");
        }
    });
}

#[test]
fn a_file_that_is_no_database_is_refused_and_left_alone() {
    let directory = scratch();
    let path = directory.path().join("plane.db");
    let text = "not a database, but something that somebody may still want\n".repeat(200);
    fs::write(&path, &text).expect("a file");
    let refused = SqliteStore::open(&path, &Options::default());
    assert!(matches!(refused, Err(OpenError::Damaged { .. })), "{refused:?}");
    assert_eq!(fs::read_to_string(&path).expect("a file"), text);
}

#[test]
fn a_damaged_page_is_refused_with_a_reason() {
    let directory = scratch();
    let path = directory.path().join("plane.db");
    run(async {
        let store = open(directory.path(), 1_000).await;
        for number in 0..200 {
            create(&store, &format!("s{number}")).await.expect("a create");
        }
        store.close();
    });
    let _ = fs::remove_file(directory.path().join("plane.db-wal"));
    let mut bytes = fs::read(&path).expect("a file");
    assert!(bytes.len() > 40 * 4_096, "it is large enough to damage");
    // The headers of every tenth page of trees.
    for page in (2..bytes.len() / 4_096).step_by(10) {
        bytes[page * 4_096..page * 4_096 + 8].fill(0x5a);
    }
    fs::write(&path, bytes).expect("a file");
    let refused = SqliteStore::open(&path, &Options::default());
    let Err(error @ OpenError::Damaged { .. }) = refused else {
        panic!("{refused:?}")
    };
    assert!(error.to_string().contains("restore"), "{error}");
}

#[test]
fn a_database_of_a_newer_program_is_refused() {
    let directory = scratch();
    let path = directory.path().join("plane.db");
    run(async { open(directory.path(), 1).await.close() });
    let connection = rusqlite::Connection::open(&path).expect("it opens");
    connection
        .execute("INSERT INTO schema_migrations VALUES (1000, 'of the future', 'x')", [])
        .expect("a row");
    drop(connection);
    let refused = SqliteStore::open(&path, &Options::default());
    assert!(
        matches!(&refused, Err(OpenError::Schema { source, .. }) if source.to_string().contains("newer")),
        "{refused:?}"
    );
}

#[test]
fn everything_is_there_after_a_close_and_an_open() {
    let directory = scratch();
    run(async {
        for round in 0..3 {
            let store = open(directory.path(), 100).await;
            create(&store, &format!("s{round}")).await.expect("a create");
            for earlier in 0..=round {
                store
                    .get_sandbox(ORGANIZATION.into(), format!("s{earlier}"))
                    .await
                    .expect("it is there");
            }
            assert_invariants(&store).await;
            store.close();
            let late = create(&store, "late").await;
            assert!(
                matches!(late, Err(sandbar_store::StoreError::Unavailable(_))),
                "{late:?}"
            );
        }
    });
}

#[test]
fn the_log_does_not_grow_for_ever() {
    let directory = scratch();
    run(async {
        let options = Options {
            checkpoint_pages: 100,
            ..Options::default()
        };
        let store = SqliteStore::open(directory.path().join("plane.db"), &options).expect("it opens");
        common::prepare(&store, 100_000).await;
        let tasks: Vec<_> = (0..8)
            .map(|task| {
                let store = store.clone();
                tokio::spawn(async move {
                    for number in 0..300 {
                        create(&store, &format!("s{task}-{number}")).await.expect("a create");
                    }
                })
            })
            .collect();
        for task in tasks {
            task.await.expect("no panic");
        }
        let log = fs::metadata(directory.path().join("plane.db-wal"))
            .expect("the log")
            .len();
        // The hard limit, and what one batch may add before it is noticed.
        assert!(log < (4 * 100 + 1_500) * 4_120, "the log has {log} bytes");
        assert!(store.metrics().snapshot().checkpoints > 5);
    });
}
