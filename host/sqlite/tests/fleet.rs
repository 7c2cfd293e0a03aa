//! Runners that attach, return, are lost and replaced; what that does to sandboxes.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{
    NOW, ORGANIZATION, REGION, assert_invariants, create, destroy, health, open, placed_on, run, runner, scratch, seen,
};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{DueQuery, Finding, JobKind, Settings, StoreError};

async fn with_two(directory: &std::path::Path, room: u64) -> SqliteStore {
    let store = open(directory, room).await;
    let second = store.create_runner(runner("r2", room), "b2".repeat(32), false).await;
    second.expect("a second runner");
    store
}

async fn observe(store: &SqliteStore, runner: &str, id: &str, generation: u64, state: &str) -> Vec<(String, u64)> {
    let said = vec![seen(id, generation, state)];
    store
        .report(runner.into(), 0, said, None, NOW + 5)
        .await
        .expect("a report")
        .disowned
}

fn lost(id: &str, generation: u64) -> Finding {
    Finding {
        sandbox: id.into(),
        generation,
        state: "error".into(),
        error_reason: Some("its runner is lost".into()),
        recoverable: false,
        fence: true,
        release: true,
    }
}

async fn sold(store: &SqliteStore, id: &str) -> u64 {
    store.get_runner(id.into()).await.expect("it").sold_cpu_milli
}

#[test]
fn a_newer_process_fences_the_older_and_another_directory_waits_for_the_lease() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 5).await;
        let attach = |instance: &str, now| store.attach_runner("r".into(), instance.into(), now);
        assert_eq!(attach("a", NOW).await, Ok(1));
        assert_eq!(attach("a", NOW).await, Ok(2), "the same directory takes over at once");
        let mut said = health(5);
        said.lease_until = NOW + 1_000;
        let report = |process| store.report("r".into(), process, vec![], Some(said.clone()), NOW);
        assert!(
            matches!(report(1).await, Err(StoreError::Conflict(_))),
            "it was replaced"
        );
        report(2).await.expect("the newest");
        report(0).await.expect("not checked");
        assert!(
            matches!(attach("b", NOW + 999).await, Err(StoreError::Conflict(_))),
            "the lease lasts"
        );
        let kept = store.get_runner("r".into()).await.expect("it");
        assert_eq!((kept.instance.as_str(), kept.lease_until), ("a", NOW + 1_000));
        create(&store, "s").await.expect("a create");
        assert!(
            matches!(attach("b", NOW + 1_000).await, Err(StoreError::Conflict(_))),
            "it has a sandbox"
        );
        let claim = || store.claim_jobs("r".into(), 9, NOW + 9, 20_000);
        let handed = async || claim().await.expect("claims").len();
        assert_eq!((handed().await, handed().await), (1, 0), "handed out once");
        let again = store.attach_runner("r".into(), "a".into(), NOW + 9).await;
        assert_eq!((again, handed().await), (Ok(3), 1), "the next process has to do it");
        observe(&store, "r", "s", 1, "destroyed").await;
        assert_eq!(attach("b", NOW + 1_000).await, Ok(4));
        assert!(matches!(report(2).await, Err(StoreError::Conflict(_))));
        let foreign = store.report("r".into(), 2, vec![], None, NOW).await;
        assert!(
            matches!(foreign, Err(StoreError::Conflict(_))),
            "without health as well"
        );
        let unknown = store.attach_runner("x".into(), "a".into(), NOW).await;
        assert!(matches!(unknown, Err(StoreError::NotFound(_))));
    });
}

#[test]
fn tokens_rotate_with_an_overlap() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let token = |byte: &str| byte.repeat(32);
        let expires = async |byte: &str| {
            let found = store.authenticate(token(byte)).await.expect("a look");
            found.map(|it| (it.subject, it.expires))
        };
        let good = |until| Some(("r".to_owned(), until));
        store
            .rotate_runner_token("r".into(), token("t1"), NOW + 60)
            .await
            .expect("rotated");
        assert_eq!(expires("bb").await, good(Some(NOW + 60)), "the old one ends");
        assert_eq!(expires("t1").await, good(None));
        store
            .rotate_runner_token("r".into(), token("t2"), NOW + 90)
            .await
            .expect("rotated");
        assert_eq!(expires("bb").await, None, "two at most");
        assert_eq!(expires("t1").await, good(Some(NOW + 90)));
        let used = store.rotate_runner_token("r".into(), token("t1"), 0).await;
        assert!(matches!(used, Err(StoreError::Taken(_))), "{used:?}");
        store
            .rotate_runner_token("r".into(), token("t3"), 0)
            .await
            .expect("rotated");
        assert_eq!((expires("t1").await, expires("t2").await), (None, None), "dead at once");
        assert_eq!(expires("t3").await, good(None));
        assert_invariants(&store).await;
    });
}

#[test]
fn a_sandbox_that_never_started_moves_and_the_first_runner_is_told() {
    let directory = scratch();
    run(async {
        let store = with_two(directory.path(), 3).await;
        create(&store, "s").await.expect("a create");
        observe(&store, "r", "s", 1, "error").await;
        assert_eq!(
            store.list_usage(ORGANIZATION.into()).await.expect("usage")[0].cpu,
            0,
            "errors count nothing"
        );
        let stale = store.replace_runner("s".into(), 7, placed_on("r2", "j2"), NOW).await;
        assert!(matches!(stale, Err(StoreError::Conflict(_))));
        let moved = store
            .replace_runner("s".into(), 1, placed_on("r2", "j2"), NOW + 6)
            .await
            .expect("moved");
        assert_eq!(
            (moved.runner.as_deref(), moved.generation, moved.state.as_str()),
            (Some("r2"), 2, "creating")
        );
        assert_eq!((sold(&store, "r").await, sold(&store, "r2").await), (0, 1_000));
        assert_eq!(
            store.list_usage(ORGANIZATION.into()).await.expect("usage")[0].cpu,
            1,
            "it counts again"
        );
        assert_eq!(
            observe(&store, "r", "s", 1, "started").await,
            [("s".to_owned(), 2)],
            "not its own any more"
        );
        assert!(
            store
                .claim_jobs("r".into(), 9, NOW + 9, 1)
                .await
                .expect("claims")
                .is_empty()
        );
        assert_eq!(
            store.claim_jobs("r2".into(), 9, NOW + 9, 1).await.expect("claims")[0].id,
            "j2"
        );
        assert!(observe(&store, "r2", "s", 2, "started").await.is_empty());
        let started = store.replace_runner("s".into(), 2, placed_on("r", "j3"), NOW).await;
        assert!(
            matches!(started, Err(StoreError::Conflict(_))),
            "its files are where it is"
        );
        let decisions = store
            .list_decisions(Some("s".into()), None, 0, 10)
            .await
            .expect("decisions");
        let chosen: Vec<_> = decisions.into_iter().map(|it| it.facts).collect();
        assert_eq!(chosen, [r#"{"chosen":"r"}"#, r#"{"chosen":"r2"}"#]);
        assert_invariants(&store).await;
    });
}

#[test]
fn what_a_runner_does_not_hold_is_disowned() {
    let directory = scratch();
    run(async {
        let store = with_two(directory.path(), 3).await;
        assert_eq!(
            observe(&store, "r", "never", 4, "started").await,
            [("never".to_owned(), 4)]
        );
        create(&store, "s").await.expect("a create");
        assert_eq!(
            observe(&store, "r2", "s", 1, "started").await,
            [("s".to_owned(), 1)],
            "another's"
        );
        destroy(&store, "s", 1).await.expect("an intent");
        assert!(
            observe(&store, "r", "s", 1, "started").await.is_empty(),
            "an old generation is not foreign"
        );
        assert!(observe(&store, "r", "s", 2, "destroyed").await.is_empty());
        assert_eq!(
            observe(&store, "r", "s", 1, "started").await,
            [("s".to_owned(), 2)],
            "it is no more"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn a_lost_sandbox_is_released_and_can_only_be_destroyed() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 3).await;
        create(&store, "s").await.expect("a create");
        observe(&store, "r", "s", 1, "started").await;
        assert!(
            store
                .find_out(vec![lost("s", 9), lost("x", 1)], NOW)
                .await
                .expect("findings")
                .is_empty()
        );
        let found = store.find_out(vec![lost("s", 1)], NOW + 7).await.expect("findings");
        assert_eq!(
            (found[0].runner.as_deref(), found[0].generation, found[0].state_since),
            (None, 2, NOW + 7)
        );
        assert_eq!(found[0].error_reason.as_deref(), Some("its runner is lost"));
        assert_eq!(sold(&store, "r").await, 0);
        assert_eq!(
            observe(&store, "r", "s", 1, "started").await,
            [("s".to_owned(), 2)],
            "the returning runner hears"
        );
        let start = store
            .change_intent(
                "s".into(),
                2,
                "started".into(),
                "j".into(),
                JobKind::StartSandbox,
                "{}".into(),
                None,
                NOW,
            )
            .await;
        assert!(matches!(start, Err(StoreError::Conflict(_))), "{start:?}");
        let region = store.delete_region(REGION.into()).await;
        assert!(matches!(region, Err(StoreError::Conflict(_))));
        let gone = destroy(&store, "s", 2).await.expect("an intent");
        assert_eq!(gone.state, "destroyed", "nobody else has to do anything");
        let usage = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        assert_eq!((usage[0].cpu, usage[0].disk_gib, usage[0].sandboxes), (0, 0, 0));
        assert_invariants(&store).await;
    });
}

#[test]
fn a_new_size_changes_capacity_and_usage_by_the_difference() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 3).await;
        create(&store, "s").await.expect("a create");
        let resize = async |generation, size: (u32, u32, u32), job: &str| {
            let (id, payload) = ("s".to_owned(), "{}".to_owned());
            store
                .resize_sandbox(
                    id,
                    generation,
                    size.0,
                    size.1,
                    size.2,
                    None,
                    job.into(),
                    payload,
                    NOW + 3,
                )
                .await
        };
        assert!(
            matches!(resize(1, (2, 1, 1), "j").await, Err(StoreError::Conflict(_))),
            "it is being made"
        );
        observe(&store, "r", "s", 1, "started").await;
        let larger = resize(1, (2, 1, 3), "j").await.expect("larger");
        assert_eq!((larger.cpu, larger.disk_gib, larger.generation), (2, 3, 2));
        assert_eq!(sold(&store, "r").await, 2_000);
        let usage = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        assert_eq!((usage[0].cpu, usage[0].disk_gib), (2, 3));
        let jobs = store.claim_jobs("r".into(), 9, NOW + 9, 1_000).await.expect("claims");
        assert!(
            jobs.iter()
                .any(|job| job.kind == JobKind::UpdateSandbox && job.generation == 2),
            "{jobs:?}"
        );
        assert!(
            matches!(resize(2, (4, 1, 1), "j").await, Err(StoreError::Conflict(_))),
            "3 CPUs are there"
        );
        resize(2, (1, 1, 1), "").await.expect("smaller, without a job");
        assert!(
            store
                .claim_jobs("r".into(), 9, NOW + 99_999, 1)
                .await
                .expect("claims")
                .is_empty()
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn a_silent_runner_leaves_with_what_is_to_be_destroyed_anyway() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 3).await;
        store
            .report("r".into(), 0, vec![], Some(health(3)), NOW)
            .await
            .expect("a report");
        create(&store, "kept").await.expect("a create");
        create(&store, "doomed").await.expect("a create");
        destroy(&store, "doomed", 1).await.expect("an intent");
        let flag = store
            .set_runner_flags("r".into(), Some(true), None, Some(true), NOW)
            .await
            .expect("flags");
        assert!(flag.unschedulable && flag.drain_started);
        let delete = |force, silent| store.delete_runner("r".into(), force, silent);
        assert!(
            matches!(delete(true, NOW + 1).await, Err(StoreError::Conflict(_))),
            "one is not to be destroyed"
        );
        assert!(
            store.get_sandbox(ORGANIZATION.into(), "doomed".into()).await.is_ok(),
            "nothing has changed"
        );
        destroy(&store, "kept", 1).await.expect("an intent");
        assert!(
            matches!(delete(true, NOW).await, Err(StoreError::Conflict(_))),
            "it has reported since"
        );
        assert!(
            matches!(delete(false, NOW + 1).await, Err(StoreError::Conflict(_))),
            "not without force"
        );
        delete(true, NOW + 1).await.expect("it is silent");
        assert!(matches!(
            store.get_runner("r".into()).await,
            Err(StoreError::NotFound(_))
        ));
        let heard = store.changes(ORGANIZATION.into(), 0, 10).await.expect("changes");
        assert!(
            heard.iter().all(|it| it.state == "destroyed" && it.runner.is_none()),
            "{heard:?}"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn what_is_due_is_found_and_nothing_else() {
    let directory = scratch();
    run(async {
        let store = with_two(directory.path(), 20).await;
        for id in ["idle", "busy", "never", "stopped", "late", "waits"] {
            create(&store, id).await.expect("a create");
        }
        for id in ["idle", "busy", "never", "stopped"] {
            let mut said = seen(id, 1, "started");
            said.job = Some(format!("job-{id}"));
            store
                .report("r".into(), 0, vec![said], None, NOW)
                .await
                .expect("a report");
        }
        let set = async |id: &str, settings: Settings| {
            let done = store
                .change_settings(ORGANIZATION.into(), id.into(), settings, NOW)
                .await;
            done.expect("settings");
        };
        set(
            "busy",
            Settings {
                last_activity: Some(NOW + 120_000),
                ..Settings::default()
            },
        )
        .await;
        set(
            "never",
            Settings {
                auto_stop: Some(0),
                ..Settings::default()
            },
        )
        .await;
        set(
            "stopped",
            Settings {
                auto_delete: Some(1),
                ..Settings::default()
            },
        )
        .await;
        set(
            "idle",
            Settings {
                auto_stop: Some(1),
                ..Settings::default()
            },
        )
        .await;
        let stop = (String::from("stopped"), JobKind::StopSandbox);
        store
            .change_intent(
                "stopped".into(),
                1,
                stop.0,
                "stop".into(),
                stop.1,
                "{}".into(),
                None,
                NOW,
            )
            .await
            .expect("an intent");
        let mut said = seen("stopped", 2, "stopped");
        said.job = Some("stop".into());
        store
            .report("r".into(), 0, vec![said], None, NOW + 1_000)
            .await
            .expect("a report");

        let due = async |now, overdue: &[(&str, u64)], lost: &[&str], limit| {
            let query = DueQuery {
                now,
                overdue: overdue
                    .iter()
                    .map(|(state, patience)| ((*state).into(), *patience))
                    .collect(),
                lost: lost.iter().map(|&id| id.into()).collect(),
                limit,
            };
            let found = store.due_sandboxes(query).await.expect("due ones");
            let mut ids: Vec<_> = found.into_iter().map(|it| it.id).collect();
            ids.sort();
            ids
        };
        assert!(due(NOW + 59_999, &[], &[], 100).await.is_empty());
        assert_eq!(due(NOW + 60_000, &[], &[], 100).await, ["idle"]);
        assert_eq!(due(NOW + 61_000, &[], &[], 100).await, ["idle", "stopped"]);
        assert_eq!(due(NOW + 61_000, &[], &[], 1).await.len(), 1);
        let overdue = [("started", 30_000)];
        assert_eq!(
            due(NOW + 30_001, &overdue, &[], 100).await,
            ["late", "waits"],
            "made, but not seen started"
        );
        assert!(due(NOW + 30_000, &overdue, &[], 100).await.is_empty());
        assert!(
            due(NOW + 50_000, &[("stopped", 1)], &[], 100).await.is_empty(),
            "the stop has ended"
        );
        let all = due(NOW + 61_000, &overdue, &["r", "r2"], 100).await;
        assert_eq!(all, ["busy", "idle", "late", "never", "stopped", "waits"], "each once");
        store
            .find_out(
                vec![Finding {
                    release: false,
                    fence: false,
                    ..lost("late", 1)
                }],
                NOW,
            )
            .await
            .expect("found");
        assert!(
            !due(NOW, &[], &["r"], 100).await.contains(&"late".to_owned()),
            "that it is lost is known"
        );
        destroy(&store, "late", 1).await.expect("an intent");
        assert!(
            due(NOW, &[], &["r"], 100).await.contains(&"late".to_owned()),
            "it still has to be removed"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn verdicts_connections_and_rooms_are_remembered() {
    let directory = scratch();
    run(async {
        let store = with_two(directory.path(), 3).await;
        let verdict =
            |name: &str, now| store.set_verdicts(vec![("r".into(), name.into()), ("x".into(), name.into())], now);
        verdict("suspect", NOW).await.expect("set");
        verdict("suspect", NOW + 5).await.expect("set");
        store
            .set_connected(vec!["r".into(), "r2".into()], NOW + 9)
            .await
            .expect("set");
        store.set_connected(vec!["r".into()], NOW + 3).await.expect("set");
        let it = store.get_runner("r".into()).await.expect("it");
        assert_eq!(
            (it.verdict.as_str(), it.verdict_since, it.connected_until),
            ("suspect", NOW, NOW + 9)
        );
        let page = store
            .region_runners(REGION.into(), "r".into(), 10, String::new())
            .await
            .expect("a page");
        assert_eq!(page.into_iter().map(|it| it.id).collect::<Vec<_>>(), ["r2"]);
        let said = store.report("r".into(), 0, vec![], Some(health(3)), NOW).await;
        said.expect("a report");
        for (snapshot, has) in [("", true), ("default", true), ("defaul", false), ("other", false)] {
            let window = store.placement_window(REGION.into(), 1, 10, snapshot.into()).await;
            let reported = window.expect("a window").into_iter().find(|it| it.id == "r");
            let reported = reported.expect("in the window");
            assert_eq!(
                (reported.has_snapshot, reported.verdict.as_str()),
                (has, "suspect"),
                "{snapshot:?}"
            );
        }
        let room = |cpu| store.regions_with_room(vec![REGION.into(), "eu".into()], cpu, 1_024, 1_024);
        assert_eq!(room(3_000).await.expect("rooms"), [REGION]);
        assert!(room(3_001).await.expect("rooms").is_empty());
        for id in ["r", "r2"] {
            store
                .set_runner_flags(id.into(), None, Some(true), None, NOW)
                .await
                .expect("flags");
        }
        assert!(room(1).await.expect("rooms").is_empty(), "draining ones take nothing");
    });
}

#[test]
fn a_runner_that_has_less_to_sell_sells_no_more_and_breaks_nothing() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 3).await;
        create(&store, "s1").await.expect("a create");
        create(&store, "s2").await.expect("a create");
        store
            .report("r".into(), 0, vec![], Some(health(1)), NOW)
            .await
            .expect("a report");
        assert_invariants(&store).await;
        assert!(matches!(create(&store, "s3").await, Err(StoreError::Conflict(_))));
        observe(&store, "r", "s1", 1, "destroyed").await;
        assert!(
            matches!(create(&store, "s3").await, Err(StoreError::Conflict(_))),
            "one is still there"
        );
        assert_invariants(&store).await;
    });
}
