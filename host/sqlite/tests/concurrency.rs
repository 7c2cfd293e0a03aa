//! Many callers at once: never oversold, never two of one name.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{NOW, assert_invariants, create, open, placed_on, query, run, sandbox, scratch};
use sandbar_store::StoreError;

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
