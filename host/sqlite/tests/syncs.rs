//! Acknowledged means durable: which answers wait for which sync, counted at the file.

#![allow(missing_docs, reason = "tests")]

mod common;

use std::{path::Path, time::Duration};

use common::{NOW, ORGANIZATION, create, placed_on, prepare, run, sandbox, seen};
use sandbar_sqlite::{
    Options, SqliteStore,
    fault::{Failure, Fault, FaultVfs},
};
use sandbar_store::StoreError;

fn open(vfs: &FaultVfs, directory: &Path) -> SqliteStore {
    let options = Options {
        vfs: Some(vfs.name().to_owned()),
        background_checkpoint: false,
        ..Options::default()
    };
    SqliteStore::open(directory.join("plane.db"), &options).expect("it opens")
}

#[test]
fn exactly_one_sync_precedes_the_answer_to_a_create() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        for number in 0..20 {
            let (log, all) = (vfs.disk().syncs("-wal"), vfs.disk().syncs(""));
            create(&store, &format!("s{number}")).await.expect("a create");
            assert_eq!(vfs.disk().syncs("-wal") - log, 1, "syncs of the log before the answer");
            assert_eq!(vfs.disk().syncs("") - all, 1, "syncs of anything before the answer");
        }
    });
}

#[test]
fn reports_claims_and_refusals_wait_for_no_sync() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        create(&store, "s").await.expect("a create");
        let before = vfs.disk().syncs("");
        let jobs = store.claim_jobs("r".into(), 10, NOW, 60_000).await.expect("claims");
        assert_eq!(jobs.len(), 1);
        let changed = store
            .report("r".into(), 0, vec![seen("s", 1, "started")], None, NOW)
            .await
            .expect("a report")
            .changed;
        assert_eq!(changed[0].state, "started");
        let taken = store.create_sandbox(sandbox("s"), placed_on("r", "again")).await;
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{taken:?}");
        assert_eq!(vfs.disk().syncs("") - before, 0);
    });
}

#[test]
fn every_other_intent_takes_one_sync_and_what_is_said_again_none() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        create(&store, "s").await.expect("a create");
        let count = || vfs.disk().syncs("");
        let before = count();
        let moved = store
            .replace_runner("s".into(), 1, common::placed("j2"), NOW)
            .await
            .expect("moved");
        assert_eq!(count() - before, 1, "a move");
        let process = store
            .attach_runner("r".into(), "directory".into(), NOW)
            .await
            .expect("a process");
        assert_eq!(count() - before, 2, "an attach");
        let said = vec![seen("s", moved.generation, "started")];
        store
            .report("r".into(), process, said, Some(common::health(100)), NOW)
            .await
            .expect("a report");
        store
            .set_verdicts(vec![("r".into(), "ready".into())], NOW)
            .await
            .expect("verdicts");
        store.set_connected(vec!["r".into()], NOW).await.expect("connections");
        store.touch_keys(vec![("aa".repeat(32), NOW)]).await.expect("uses");
        store
            .record_refusal(ORGANIZATION.into(), "us".into(), "{}".into(), NOW)
            .await
            .expect("a refusal");
        assert_eq!(count() - before, 2, "none of these waits");
    });
}

#[test]
fn sixteen_creates_share_syncs() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        let before = vfs.disk().syncs("");
        // While the first one's sync is held, the others gather.
        let held = vfs.disk().hold_syncs();
        let creates: Vec<_> = (0..16)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { create(&store, &format!("s{number}")).await })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(200)).await;
        drop(held);
        for create in creates {
            create.await.expect("no panic").expect("a create");
        }
        let syncs = vfs.disk().syncs("") - before;
        assert!((1..=4).contains(&syncs), "{syncs} syncs for 16 creates");
    });
}

#[test]
fn nothing_irrevocable_leaves_before_the_sync() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        let held = vfs.disk().hold_syncs();
        let spawn = |store: &SqliteStore| {
            let store = store.clone();
            tokio::spawn(async move { create(&store, "s").await })
        };
        let created = spawn(&store);
        for _ in 0..5_000 {
            if vfs.disk().syncs_waiting() == 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
        assert_eq!(vfs.disk().syncs_waiting(), 1, "the create waits for its sync");
        // Committed, hence visible; but neither acknowledged nor told to listeners or the runner.
        store
            .get_sandbox(ORGANIZATION.into(), "s".into())
            .await
            .expect("it is visible");
        let changes = tokio::spawn({
            let store = store.clone();
            async move { store.changes(ORGANIZATION.into(), 0, 10).await }
        });
        let sandboxes = tokio::spawn({
            let store = store.clone();
            async move { store.runner_sandboxes("r".into()).await }
        });
        let jobs = tokio::spawn({
            let store = store.clone();
            async move { store.claim_jobs("r".into(), 10, NOW, 1).await }
        });
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(!created.is_finished() && !changes.is_finished());
        assert!(!sandboxes.is_finished() && !jobs.is_finished());
        drop(held);
        created.await.expect("no panic").expect("a create");
        assert_eq!(changes.await.expect("no panic").expect("changes").len(), 1);
        assert_eq!(sandboxes.await.expect("no panic").expect("sandboxes").len(), 1);
        assert_eq!(jobs.await.expect("no panic").expect("jobs").len(), 1);
    });
}

#[test]
fn a_failed_sync_acknowledges_nothing_and_ends_writing() {
    let directory = tempfile::tempdir().expect("a directory");
    let vfs = FaultVfs::register();
    run(async {
        let store = open(&vfs, directory.path());
        prepare(&store, 100).await;
        create(&store, "kept").await.expect("a create");
        vfs.disk().arm(Some(Fault {
            failure: Failure::Sync,
            at: 1,
            forever: false,
        }));
        let failed = create(&store, "unknown").await;
        assert!(
            matches!(&failed, Err(StoreError::Unavailable(why)) if why.contains("outcome unknown")),
            "{failed:?}"
        );
        // The disk is well again; but what it has lost nobody knows.
        let refused = create(&store, "refused").await;
        assert!(matches!(refused, Err(StoreError::Unavailable(_))), "{refused:?}");
        assert!(store.failure().is_some());
        let told = store.changes(ORGANIZATION.into(), 0, 10).await;
        assert!(matches!(told, Err(StoreError::Unavailable(_))), "{told:?}");
        store
            .get_sandbox(ORGANIZATION.into(), "kept".into())
            .await
            .expect("reads go on");
    });
}
