//! A database of an earlier version is brought to the present one, with everything in it.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{NOW, ORGANIZATION, assert_invariants, bootstrap, create, prepare, query, run, scratch, seen};
use sandbar_sqlite::{Options, SqliteStore};
use sandbar_store::SandboxQuery;

#[test]
fn the_first_version_is_brought_up_with_all_its_facts() {
    let directory = scratch();
    let path = directory.path().join("plane.db");
    let old = rusqlite::Connection::open(&path).expect("a file");
    old.execute_batch(include_str!("fixtures/version-1.sql"))
        .expect("the first version");
    drop(old);
    run(async {
        for _ in 0..2 {
            let store = SqliteStore::open(&path, &Options::default()).expect("it opens");
            assert_invariants(&store).await;
            store.close();
        }
        let store = SqliteStore::open(&path, &Options::default()).expect("it opens");
        let ids: Vec<_> = store
            .list_sandboxes(query())
            .await
            .expect("a list")
            .into_iter()
            .map(|it| it.id)
            .collect();
        assert_eq!(ids, ["a", "b", "c", "d"]);
        let labeled = SandboxQuery {
            labels: vec![("k".into(), "b".into())],
            ..query()
        };
        assert_eq!(
            store.list_sandboxes(labeled).await.expect("a list").len(),
            1,
            "labels were kept"
        );
        let usage = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        // `a` and `d` are to be started and well; `b` is stopped, `c` in error.
        assert_eq!((usage[0].cpu, usage[0].disk_gib, usage[0].sandboxes), (3, 3, 4));
        let heard = store.changes(ORGANIZATION.into(), 0, 10).await.expect("changes");
        assert_eq!(heard.len(), 5, "the destroyed one is still told");
        let jobs = store.claim_jobs("r".into(), 10, NOW, 1).await.expect("claims");
        assert_eq!(jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["job-d"]);
        let changed = store
            .report("r".into(), 0, vec![seen("d", 1, "started")], None, NOW)
            .await;
        assert_eq!(changed.expect("a report").changed.len(), 1);
        store.bootstrap(bootstrap()).await.expect("it goes on");
        prepare(&store, 10).await;
        create(&store, "new").await.expect("a create");
        assert_invariants(&store).await;
    });
}
