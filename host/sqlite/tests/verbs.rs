//! What each verb promises, one by one.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{
    NOW, ORGANIZATION, REGION, assert_invariants, bootstrap, create, destroy, health, open, placed_on, query, run,
    runner, sandbox, scratch, seen,
};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{JobKind, Region, RegionKind, SandboxQuery, Settings, StoreError};

const DAY: u64 = 24 * 60 * 60 * 1_000;

async fn ids(store: &SqliteStore, query: SandboxQuery) -> Vec<String> {
    let found = store.list_sandboxes(query).await.expect("a list");
    found.into_iter().map(|it| it.id).collect()
}

#[test]
fn bootstrap_is_idempotent_and_a_new_key_replaces_the_old() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        store.bootstrap(bootstrap()).await.expect("again");
        let old = bootstrap().key_hash;
        let found = store.authenticate(old.clone()).await.expect("a look").expect("the key");
        assert_eq!(
            (found.organization.as_str(), found.subject.as_str()),
            (ORGANIZATION, "user")
        );
        assert_eq!(found.permissions, ["write:sandboxes"]);
        let mut facts = bootstrap();
        facts.key_hash = "cc".repeat(32);
        facts.organization.name = "Renamed".into();
        store.bootstrap(facts.clone()).await.expect("a new key");
        assert_eq!(store.authenticate(old).await.expect("a look"), None);
        assert!(store.authenticate(facts.key_hash).await.expect("a look").is_some());
        assert_eq!(
            store.get_organization(ORGANIZATION.into()).await.expect("it").name,
            "Default"
        );
        // A hash that is somebody else's is refused, and nothing changes hands.
        facts.key_hash = "bb".repeat(32);
        assert!(matches!(store.bootstrap(facts).await, Err(StoreError::Taken(_))));
    });
}

#[test]
fn a_replaced_runner_keeps_its_row_and_loses_its_old_token() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 4).await;
        create(&store, "s").await.expect("a create");
        let mut again = runner("other-id", 1);
        again.name = "name-r".into();
        let taken = store.create_runner(again.clone(), "dd".repeat(32), false).await;
        assert!(matches!(taken, Err(StoreError::Taken(_))), "{taken:?}");
        let kept = store
            .create_runner(again, "dd".repeat(32), true)
            .await
            .expect("replaced");
        assert_eq!((kept.id.as_str(), kept.sold_cpu_milli), ("r", 1_000));
        assert_eq!(store.authenticate("bb".repeat(32)).await.expect("a look"), None);
        let now = store
            .authenticate("dd".repeat(32))
            .await
            .expect("a look")
            .expect("the token");
        assert_eq!(now.subject, "r");
        assert_invariants(&store).await;
    });
}

#[test]
fn a_runner_leaves_only_empty_and_unschedulable_and_a_region_only_empty() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 4).await;
        let delete = || store.delete_runner("r".into(), false, 0);
        assert!(matches!(delete().await, Err(StoreError::Conflict(_))));
        create(&store, "s").await.expect("a create");
        let flags = store
            .set_runner_flags("r".into(), Some(true), None, None, NOW + 5)
            .await
            .expect("flags");
        assert!(flags.unschedulable && !flags.draining);
        assert!(matches!(delete().await, Err(StoreError::Conflict(_))));
        assert!(
            matches!(create(&store, "s2").await, Err(StoreError::Conflict(_))),
            "it is unschedulable"
        );
        store
            .report("r".into(), 0, vec![seen("s", 1, "destroyed")], None, NOW)
            .await
            .expect("a report");
        assert!(matches!(
            store.delete_region(REGION.into()).await,
            Err(StoreError::Conflict(_))
        ));
        delete().await.expect("it is empty");
        assert!(matches!(delete().await, Err(StoreError::NotFound(_))));
        assert_eq!(store.authenticate("bb".repeat(32)).await.expect("a look"), None);
        store.delete_region(REGION.into()).await.expect("it is empty");
        assert!(matches!(
            store.delete_region(REGION.into()).await,
            Err(StoreError::NotFound(_))
        ));
        assert_invariants(&store).await;
    });
}

#[test]
fn regions_are_seen_by_their_owner_and_shared_ones_by_all() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let custom = Region {
            id: "lab_x1".into(),
            name: "lab".into(),
            kind: RegionKind::Custom,
            organization: Some(ORGANIZATION.into()),
            enforce_quotas: false,
            policy: "spread".into(),
            proxy_url: Some("https://proxy".into()),
            ssh_gateway_url: None,
            snapshot_manager_url: None,
            created: NOW,
            updated: NOW,
        };
        store.create_region(custom.clone(), vec![]).await.expect("a region");
        let mut same_name = custom.clone();
        same_name.id = "lab_x2".into();
        assert!(matches!(
            store.create_region(same_name.clone(), vec![]).await,
            Err(StoreError::Taken(_))
        ));
        same_name.organization = Some("others".into());
        store
            .create_region(same_name, vec![])
            .await
            .expect("another's region of the same name");
        let names = |regions: Vec<Region>| regions.into_iter().map(|it| it.id).collect::<Vec<_>>();
        let ours = store.list_regions(Some(ORGANIZATION.into())).await.expect("regions");
        assert_eq!(ours[0], custom);
        assert_eq!(names(ours), ["lab_x1", "us"]);
        assert_eq!(
            names(store.list_regions(Some("nobody".into())).await.expect("regions")),
            ["us"]
        );
    });
}

#[test]
fn a_create_is_found_by_id_and_name_and_only_by_its_organization() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        let made = create(&store, "s").await.expect("a create");
        assert_eq!((made.runner.as_deref(), made.generation), (Some("r"), 1));
        for key in ["s", "name-s"] {
            assert_eq!(
                store.get_sandbox(ORGANIZATION.into(), key.into()).await.expect("it"),
                made
            );
            let foreign = store.get_sandbox("other".into(), key.into()).await;
            assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
        }
        // A sandbox whose name is another's id: the id wins.
        let mut confusing = sandbox("t");
        confusing.name = "s".into();
        store
            .create_sandbox(confusing, placed_on("r", "j"))
            .await
            .expect("a create");
        assert_eq!(
            store.get_sandbox(ORGANIZATION.into(), "s".into()).await.expect("it").id,
            "s"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn a_refused_create_leaves_nothing() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let mut large = sandbox("large");
        large.memory_gib = 2;
        let refused = store.create_sandbox(large, placed_on("r", "j")).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let mut elsewhere = sandbox("elsewhere");
        elsewhere.region = "eu".into();
        let refused = store.create_sandbox(elsewhere, placed_on("r", "j")).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let refused = store.create_sandbox(sandbox("x"), placed_on("gone", "j")).await;
        assert!(matches!(refused, Err(StoreError::Conflict(_))), "{refused:?}");
        let mut orphan = sandbox("orphan");
        orphan.organization = "nobody".into();
        let refused = store.create_sandbox(orphan, placed_on("r", "j")).await;
        assert!(matches!(refused, Err(StoreError::NotFound(_))), "{refused:?}");
        let mut mislabeled = sandbox("mislabeled");
        mislabeled.labels = "[1]".into();
        let refused = store.create_sandbox(mislabeled, placed_on("r", "j")).await;
        assert!(matches!(refused, Err(StoreError::Internal(_))), "{refused:?}");
        assert_eq!(store.get_runner("r".into()).await.expect("it").sold_cpu_milli, 0);
        assert!(
            store
                .claim_jobs("r".into(), 10, NOW, 1)
                .await
                .expect("claims")
                .is_empty()
        );
        assert!(store.list_sandboxes(query()).await.expect("a list").is_empty());
        create(&store, "fits").await.expect("the room is free");
        assert_invariants(&store).await;
    });
}

#[test]
fn a_newer_intent_fences_older_reports_and_replaces_the_older_job() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        create(&store, "s").await.expect("a create");
        let stopped = store
            .change_intent(
                "s".into(),
                1,
                "stopped".into(),
                "j2".into(),
                JobKind::StopSandbox,
                "{}".into(),
                None,
                NOW + 1,
            )
            .await
            .expect("an intent");
        assert_eq!((stopped.generation, stopped.desired.as_str()), (2, "stopped"));
        let stale = store
            .change_intent(
                "s".into(),
                1,
                "started".into(),
                "j3".into(),
                JobKind::StartSandbox,
                "{}".into(),
                None,
                NOW,
            )
            .await;
        assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
        let jobs = store.claim_jobs("r".into(), 10, NOW, 60_000).await.expect("claims");
        assert_eq!(jobs.iter().map(|job| job.id.as_str()).collect::<Vec<_>>(), ["j2"]);

        for old in [
            seen("s", 1, "destroyed"),
            seen("s", 3, "destroyed"),
            seen("unknown", 1, "started"),
        ] {
            let changed = store
                .report("r".into(), 0, vec![old], None, NOW)
                .await
                .expect("a report")
                .changed;
            assert!(changed.is_empty(), "{changed:?}");
        }
        let foreign = store
            .report("another".into(), 0, vec![seen("s", 2, "destroyed")], None, NOW)
            .await;
        assert!(
            foreign.expect("a report").changed.is_empty(),
            "another runner has no say"
        );
        let mut done = seen("s", 2, "stopped");
        done.job = Some("j2".into());
        let changed = store
            .report("r".into(), 0, vec![done.clone()], None, NOW + 9)
            .await
            .expect("a report")
            .changed;
        assert_eq!((changed.len(), changed[0].state.as_str()), (1, "stopped"));
        let again = store
            .report("r".into(), 0, vec![done], None, NOW + 10)
            .await
            .expect("a report")
            .changed;
        assert!(again.is_empty(), "saying the same again changes nothing");
        assert!(
            store
                .claim_jobs("r".into(), 10, NOW + DAY, 1)
                .await
                .expect("claims")
                .is_empty(),
            "it is ended"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn a_job_is_handed_out_again_after_its_lease() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        for (id, created) in [("b", NOW + 2), ("a", NOW + 3), ("c", NOW + 1)] {
            let mut it = sandbox(id);
            it.created = created;
            store
                .create_sandbox(it, placed_on("r", &format!("job-{id}")))
                .await
                .expect("a create");
        }
        let claim = async |now, limit| {
            let jobs = store.claim_jobs("r".into(), limit, now, 1_000).await.expect("claims");
            jobs.into_iter()
                .map(|job| (job.sandbox, job.attempts))
                .collect::<Vec<_>>()
        };
        assert_eq!(claim(NOW, 2).await, [("c".into(), 1), ("b".into(), 1)], "oldest first");
        assert_eq!(claim(NOW + 999, 10).await, [("a".into(), 1)]);
        assert_eq!(claim(NOW + 1_000, 10).await, [("c".into(), 2), ("b".into(), 2)]);
        assert!(claim(NOW, 10).await.is_empty());
    });
}

#[test]
fn destroyed_frees_name_and_capacity_and_is_forgotten_a_day_later() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        create(&store, "s").await.expect("a create");
        let intent = destroy(&store, "s", 1).await.expect("an intent");
        assert!(
            store.get_sandbox(ORGANIZATION.into(), "s".into()).await.is_ok(),
            "it is still there"
        );
        assert_eq!(
            store.runner_sandboxes("r".into()).await.expect("a list")[0].desired,
            "destroyed"
        );
        let gone = store
            .report("r".into(), 0, vec![seen("s", 2, "destroyed")], None, NOW + 1)
            .await
            .expect("a report")
            .changed;
        assert_eq!(gone[0].runner, None);
        let missing = store.get_sandbox(ORGANIZATION.into(), "s".into()).await;
        assert!(matches!(missing, Err(StoreError::NotFound(_))), "{missing:?}");
        let late = destroy(&store, "s", 2).await;
        assert!(matches!(late, Err(StoreError::NotFound(_))), "{late:?}");
        assert!(ids(&store, query()).await.is_empty());
        assert!(store.runner_sandboxes("r".into()).await.expect("a list").is_empty());
        let mut second = sandbox("s2");
        second.name = "name-s".into();
        store
            .create_sandbox(second, placed_on("r", "j"))
            .await
            .expect("name and room are free");

        let heard = store
            .changes(ORGANIZATION.into(), intent.change, 10)
            .await
            .expect("changes");
        let heard: Vec<_> = heard.into_iter().map(|it| (it.id, it.state)).collect();
        assert_eq!(
            heard,
            [("s".into(), "destroyed".to_owned()), ("s2".into(), "creating".into())]
        );
        store
            .report("r".into(), 0, vec![], Some(health(1)), NOW + DAY)
            .await
            .expect("a report");
        assert_eq!(
            store.changes(ORGANIZATION.into(), 0, 10).await.expect("changes").len(),
            2,
            "not yet a day"
        );
        store
            .report("r".into(), 0, vec![], Some(health(1)), NOW + DAY + 2)
            .await
            .expect("a report");
        assert_eq!(
            store.changes(ORGANIZATION.into(), 0, 10).await.expect("changes").len(),
            1
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn health_is_kept_and_an_unknown_runner_has_none() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let mut said = health(7);
        said.load = f64::NAN;
        store
            .report("r".into(), 0, vec![], Some(said), NOW + 7)
            .await
            .expect("a report");
        let it = store.get_runner("r".into()).await.expect("it");
        assert_eq!(
            (it.cpu_milli, it.last_report, it.version.as_str()),
            (7_000, NOW + 7, "2")
        );
        assert_eq!((it.cpu_used, it.load), (12.5, 0.0));
        let unknown = store.report("nobody".into(), 0, vec![], Some(health(1)), NOW).await;
        assert!(matches!(unknown, Err(StoreError::NotFound(_))), "{unknown:?}");
    });
}

#[test]
fn settings_change_what_is_given_and_are_told() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        let made = create(&store, "s").await.expect("a create");
        let settings = Settings {
            labels: Some(r#"{"team":"blue"}"#.into()),
            public: Some(true),
            auto_delete: Some(0),
            last_activity: Some(NOW + 77),
            ..Settings::default()
        };
        let changed = store
            .change_settings(ORGANIZATION.into(), "name-s".into(), settings, NOW + 80)
            .await
            .expect("settings");
        assert_eq!((changed.public, changed.auto_delete, changed.auto_stop), (true, 0, 15));
        assert_eq!(
            (changed.last_activity, changed.updated, changed.generation),
            (NOW + 77, NOW + 80, 1)
        );
        assert!(changed.change > made.change);
        let labeled = |name: &str, value: &str| SandboxQuery {
            labels: vec![(name.into(), value.into())],
            ..query()
        };
        assert_eq!(ids(&store, labeled("team", "blue")).await, ["s"]);
        assert!(
            ids(&store, labeled("purpose", "test")).await.is_empty(),
            "labels are replaced"
        );
        let foreign = store
            .change_settings("other".into(), "s".into(), Settings::default(), NOW)
            .await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
        assert_invariants(&store).await;
    });
}

#[test]
fn what_is_seen_to_have_arrived_ends_its_job_also_if_the_report_does_not_name_it() {
    let directory = tempfile::tempdir().expect("a directory");
    run(async {
        let store = open(directory.path(), 3).await;
        create(&store, "s").await.expect("a create");
        let open_jobs = async |at| {
            let jobs = store.claim_jobs("r".into(), 10, at, 1).await.expect("claims");
            jobs.len()
        };
        let tell = |generation, state: &str| store.report("r".into(), 0, vec![seen("s", generation, state)], None, NOW);
        tell(1, "error").await.expect("a report");
        assert_eq!(open_jobs(NOW).await, 1, "a failure that names no job ends none");
        tell(0, "started").await.expect("a report");
        assert_eq!(open_jobs(NOW + 10).await, 1, "an older life ends none");
        tell(1, "started").await.expect("a report");
        assert_eq!(open_jobs(NOW + 20).await, 0);
        assert_invariants(&store).await;
    });
}
