//! Many callers at once: never oversold, never two of one name.

#![allow(missing_docs, reason = "tests")]

mod common;

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use common::{
    NOW, ORGANIZATION, REGION, assert_invariants, create, destroy, open, placed, placed_on, query, run, sandbox,
    scratch, seen,
};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{JobKind, ResourceKind, StoreError, Totals};

#[test]
fn concurrent_creates_never_oversell() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        let creates: Vec<_> = (0..64)
            .map(|number| {
                let store = store.clone();
                tokio::spawn(async move { create(&store, &format!("s{number}")).await })
            })
            .collect();
        let (mut made, mut refused) = (0, 0);
        for create in creates {
            match create.await.expect("no panic") {
                Ok(_) => made += 1,
                Err(StoreError::Conflict(_)) => refused += 1,
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((made, refused), (10, 54));
        let runner = store.get_runner("r".into()).await.expect("the runner");
        assert_eq!(runner.sold_cpu_milli, 10_000);
        assert_invariants(&store).await;
    });
}

#[test]
fn of_one_name_there_is_one() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 100).await;
        let creates: Vec<_> = (0..32)
            .map(|number| {
                let store = store.clone();
                let mut it = sandbox(&format!("s{number}"));
                it.name = "wanted".into();
                let job = format!("j{number}");
                tokio::spawn(async move { store.create_sandbox(it, placed_on("r", &job)).await })
            })
            .collect();
        let mut made = 0;
        for create in creates {
            match create.await.expect("no panic") {
                Ok(_) => made += 1,
                Err(StoreError::Taken(name)) => assert_eq!(name, "wanted"),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!(made, 1);
        assert_invariants(&store).await;
    });
}

#[test]
fn each_job_is_claimed_once_in_a_lease() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 100).await;
        for number in 0..40 {
            create(&store, &format!("s{number}")).await.expect("a create");
        }
        let claims: Vec<_> = (0..16)
            .map(|_| {
                let store = store.clone();
                tokio::spawn(async move { store.claim_jobs("r".into(), 5, NOW, 60_000).await })
            })
            .collect();
        let mut claimed = Vec::new();
        for claim in claims {
            claimed.extend(
                claim
                    .await
                    .expect("no panic")
                    .expect("a claim")
                    .into_iter()
                    .map(|job| job.sandbox),
            );
        }
        claimed.sort();
        let count = claimed.len();
        claimed.dedup();
        assert_eq!((count, claimed.len()), (40, 40));
        assert_eq!(store.list_sandboxes(query()).await.expect("a list").len(), 40);
    });
}

const TOTALS: Totals = Totals {
    cpu: 7,
    memory_gib: 100,
    disk_gib: 9,
};

#[test]
fn totals_are_held_at_every_moment() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1_000).await;
        // A watcher reads what any reader can see, while sixteen callers make, stop, start and destroy.
        let over = Arc::new(AtomicBool::new(false));
        let watcher = tokio::spawn({
            let (store, over) = (store.clone(), Arc::clone(&over));
            async move {
                let mut looks = 0_u32;
                while !over.load(Relaxed) {
                    for it in store.list_usage(ORGANIZATION.into()).await.expect("usage") {
                        assert!(it.cpu <= 7 && it.disk_gib <= 9, "{it:?}");
                    }
                    let breaches = store.broken_invariants().await.expect("invariants");
                    assert!(breaches.is_empty(), "{breaches:#?}");
                    looks += 1;
                }
                looks
            }
        });
        let callers: Vec<_> = (0..16)
            .map(|caller| {
                let store = store.clone();
                tokio::spawn(async move {
                    let (mut made, mut refused) = (0, 0);
                    for round in 0..12 {
                        let id = format!("s{caller}-{round}");
                        let mut placement = placed(&format!("j-{id}"));
                        placement.totals = Some(TOTALS);
                        match store.create_sandbox(sandbox(&id), placement).await {
                            Ok(_) => made += 1,
                            Err(StoreError::OverQuota(excess)) => {
                                assert!(excess.used + excess.asked > excess.total, "{excess:?}");
                                refused += 1;
                                continue;
                            }
                            Err(error) => panic!("{error}"),
                        }
                        live(&store, &id).await;
                    }
                    (made, refused)
                })
            })
            .collect();
        let (mut made, mut refused) = (0, 0);
        for caller in callers {
            let (more, less) = caller.await.expect("no panic");
            (made, refused) = (made + more, refused + less);
        }
        over.store(true, Relaxed);
        let looks = watcher.await.expect("no breach");
        assert!(
            made > 20 && refused > 0 && looks > 3,
            "{made} made, {refused} refused, {looks} looks"
        );
        let usage = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        assert_eq!(
            (usage[0].region.as_str(), usage[0].cpu, usage[0].sandboxes),
            (REGION, 0, 0)
        );
        assert_invariants(&store).await;
    });
}

/// Stops, starts again if the total allows it, and is destroyed.
async fn live(store: &SqliteStore, id: &str) {
    let intent = async |generation, desired: &str, kind| {
        let (id, job) = (id.to_owned(), format!("{desired}-{id}"));
        let totals = Some(TOTALS);
        store
            .change_intent(id, generation, desired.into(), job, kind, "{}".into(), totals, NOW)
            .await
    };
    let stopped = intent(1, "stopped", JobKind::StopSandbox)
        .await
        .expect("to stop is always allowed");
    let generation = match intent(stopped.generation, "started", JobKind::StartSandbox).await {
        Ok(it) => it.generation,
        Err(StoreError::OverQuota(excess)) => {
            assert_eq!(excess.resource, ResourceKind::Cpu, "its disk counts already");
            stopped.generation
        }
        Err(error) => panic!("{error}"),
    };
    let doomed = destroy(store, id, generation)
        .await
        .expect("to destroy is always allowed");
    let said = vec![seen(id, doomed.generation, "destroyed")];
    let done = store.report("r".into(), 0, said, None, NOW).await.expect("a report");
    assert_eq!(done.changed.len(), 1);
}
