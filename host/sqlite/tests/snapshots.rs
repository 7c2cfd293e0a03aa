//! Snapshots, backups and volumes: what their verbs change together, and what they leave alone.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{
    NOW, ORGANIZATION, REGION, assert_invariants, create, destroy, open, placed, placed_on, run, runner, sandbox,
    scratch, seen,
};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{JobKind, ResourceKind, Sandbox, Snapshot, StoreError, Task, TaskResult, Volume};

fn task(kind: JobKind, subject: &str, sandbox: Option<&str>) -> Task {
    Task {
        id: format!("{subject}.1.task"),
        kind,
        subject: subject.into(),
        runner: "r".into(),
        sandbox: sandbox.map(str::to_owned),
        payload: "{}".into(),
        created: NOW,
    }
}

fn snapshot(id: &str) -> Snapshot {
    Snapshot {
        id: id.into(),
        organization: ORGANIZATION.into(),
        name: format!("name-{id}"),
        region: REGION.into(),
        hidden: false,
        state: "snapshotting".into(),
        image_name: None,
        build_info: None,
        config: "{}".into(),
        cpu: 1,
        memory_gib: 1,
        disk_gib: 1,
        size_bytes: None,
        manifest: None,
        error_reason: None,
        source_sandbox: Some("s".into()),
        runner: Some("r".into()),
        state_since: NOW,
        created: NOW,
        updated: NOW,
        last_used: None,
    }
}

fn made() -> Option<TaskResult> {
    Some(TaskResult {
        manifest: "sha256:00".into(),
        bytes: 7,
    })
}

async fn stopped(store: &SqliteStore, id: &str) -> Sandbox {
    create(store, id).await.expect("a create");
    let told = vec![seen(id, 1, "stopped")];
    store.report("r".into(), 0, told, None, NOW).await.expect("a report");
    store
        .change_intent(
            id.into(),
            1,
            "stopped".into(),
            format!("stop-{id}"),
            JobKind::StopSandbox,
            "{}".into(),
            None,
            NOW,
        )
        .await
        .expect("an intent")
}

#[test]
fn a_snapshot_is_made_once_counted_if_it_is_well_and_its_copies_are_removed() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        create(&store, "s").await.expect("a create");
        let order = task(JobKind::SnapshotSandbox, "p", Some("s"));
        let made_row = store
            .create_snapshot(snapshot("p"), Some(order), 1)
            .await
            .expect("a snapshot");
        assert_eq!(made_row.state, "snapshotting");
        let marked = store
            .get_sandbox(ORGANIZATION.into(), "s".into())
            .await
            .expect("the sandbox");
        assert_eq!(marked.doing, "snapshotting");
        let refused = store.create_snapshot(snapshot("q"), None, 1).await;
        assert!(
            matches!(refused, Err(StoreError::OverQuota(excess)) if excess.resource == ResourceKind::Snapshots),
            "{refused:?}"
        );
        // Handed out beside the sandbox's own job, and again when its lease is over.
        let jobs = store.claim_jobs("r".into(), 10, NOW, 10).await.expect("jobs");
        assert_eq!(
            jobs.iter().map(|job| job.kind).collect::<Vec<_>>(),
            [JobKind::CreateSandbox, JobKind::SnapshotSandbox]
        );
        assert!(
            store
                .claim_jobs("r".into(), 10, NOW + 9, 10)
                .await
                .expect("jobs")
                .is_empty()
        );

        let id = "p.1.task".to_owned();
        let foreign = store.end_task("other".into(), 0, id.clone(), made(), None, NOW).await;
        assert!(matches!(foreign, Err(StoreError::NotFound(_))), "{foreign:?}");
        let ended = store
            .end_task("r".into(), 0, id.clone(), made(), None, NOW + 1)
            .await
            .expect("an end");
        let it = ended.snapshot.expect("the snapshot");
        assert_eq!((it.state.as_str(), it.size_bytes), ("active", Some(7)));
        assert_eq!(ended.sandbox.expect("the sandbox").doing, "");
        let twice = store
            .end_task("r".into(), 0, id, None, Some("late".into()), NOW + 2)
            .await;
        assert!(matches!(twice, Err(StoreError::NotFound(_))), "{twice:?}");

        let runners = store.delete_snapshot("p".into(), NOW + 3).await.expect("a deletion");
        assert_eq!(runners, ["r"]);
        let jobs = store.claim_jobs("r".into(), 10, NOW + 100, 10).await.expect("jobs");
        assert!(
            jobs.iter()
                .any(|job| job.kind == JobKind::RemoveSnapshot && job.sandbox == "p")
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn one_that_failed_costs_nothing_and_its_name_is_free() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        create(&store, "s").await.expect("a create");
        let order = task(JobKind::SnapshotSandbox, "p", Some("s"));
        store
            .create_snapshot(snapshot("p"), Some(order), 1)
            .await
            .expect("a snapshot");
        let why = Some("no disk".to_owned());
        let ended = store
            .end_task(String::new(), 0, "p.1.task".into(), None, why, NOW)
            .await
            .expect("an end");
        let it = ended.snapshot.expect("the snapshot");
        assert_eq!(
            (it.state.as_str(), it.error_reason.as_deref()),
            ("error", Some("no disk"))
        );
        let again = Snapshot {
            name: it.name,
            ..snapshot("q")
        };
        store.create_snapshot(again, None, 1).await.expect("the name is free");
        assert!(matches!(
            store.get_snapshot(ORGANIZATION.into(), "p".into()).await,
            Err(StoreError::NotFound(_))
        ));
        let hidden = Snapshot {
            hidden: true,
            ..snapshot("h")
        };
        store
            .create_snapshot(hidden, None, 1)
            .await
            .expect("one for a create is not counted");
        assert!(matches!(
            store.get_snapshot("somebody else".into(), "q".into()).await,
            Err(StoreError::NotFound(_))
        ));
        assert_invariants(&store).await;
    });
}

#[test]
fn an_archive_frees_the_runner_with_the_backup_and_a_failed_one_changes_nothing() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 2).await;
        let it = stopped(&store, "s").await;
        let order = || task(JobKind::CreateBackup, "backup-s", Some("s"));
        let wrong = store
            .begin_backup("s".into(), it.generation + 1, order(), true, NOW)
            .await;
        assert!(matches!(wrong, Err(StoreError::Conflict(_))), "{wrong:?}");
        let begun = store
            .begin_backup("s".into(), it.generation, order(), true, NOW)
            .await
            .expect("a backup");
        assert_eq!(
            (begun.desired.as_str(), begun.backup_state.as_str()),
            ("archived", "InProgress")
        );
        assert_invariants(&store).await;
        let why = Some("no disk".to_owned());
        let end = store
            .end_task("r".into(), 0, "backup-s.1.task".into(), None, why, NOW + 1)
            .await;
        let it = end.expect("an end").sandbox.expect("the sandbox");
        assert_eq!((it.desired.as_str(), it.state.as_str()), ("stopped", "stopped"));
        assert!(it.runner.is_some() && it.error_reason.is_some_and(|text| text.contains("no disk")));
        assert_invariants(&store).await;

        store
            .begin_backup("s".into(), it.generation, order(), true, NOW + 2)
            .await
            .expect("another");
        let end = store
            .end_task("r".into(), 0, "backup-s.1.task".into(), made(), None, NOW + 3)
            .await;
        let it = end.expect("an end").sandbox.expect("the sandbox");
        assert_eq!((it.state.as_str(), it.runner.as_deref()), ("archived", None));
        assert_eq!(store.get_runner("r".into()).await.expect("the runner").sold_disk_mib, 0);
        let usage = store.list_usage(ORGANIZATION.into()).await.expect("usage");
        assert_eq!((usage[0].disk_gib, usage[0].sandboxes), (0, 1));
        // What the runner still has of it is not its own.
        let told = vec![seen("s", 2, "stopped")];
        let outcome = store
            .report("r".into(), 0, told, None, NOW + 4)
            .await
            .expect("a report");
        assert_eq!(outcome.disowned.len(), 1);
        assert_invariants(&store).await;

        let placed = store
            .place_sandbox(
                "s".into(),
                it.generation,
                "restoring".into(),
                r#"{"id":"backup-s"}"#.into(),
                placed("again"),
                NOW + 5,
            )
            .await
            .expect("a place");
        assert_eq!(
            (placed.state.as_str(), placed.desired.as_str()),
            ("restoring", "started")
        );
        assert_invariants(&store).await;
        let told = vec![seen("s", placed.generation, "started")];
        let outcome = store
            .report("r".into(), 0, told, None, NOW + 6)
            .await
            .expect("a report");
        assert_eq!(outcome.changed[0].backup_state, "None");
        assert_invariants(&store).await;

        // One that was made while it ran does not have what was written until the stop.
        store
            .begin_backup("s".into(), placed.generation, order(), false, NOW + 7)
            .await
            .expect("a backup of what runs");
        let end = store
            .end_task("r".into(), 0, "backup-s.1.task".into(), made(), None, NOW + 8)
            .await;
        let it = end.expect("an end").sandbox.expect("the sandbox");
        assert_eq!(it.backup_state, "Completed");
        let told = vec![seen("s", placed.generation, "stopped")];
        let outcome = store
            .report("r".into(), 0, told, None, NOW + 9)
            .await
            .expect("a report");
        let it = &outcome.changed[0];
        assert_eq!((it.backup_state.as_str(), it.backup_manifest.is_some()), ("None", true));
        assert_invariants(&store).await;
    });
}

#[test]
fn tasks_of_the_lost_and_the_late_are_found() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        create(&store, "s").await.expect("a create");
        let order = task(JobKind::SnapshotSandbox, "p", Some("s"));
        store
            .create_snapshot(snapshot("p"), Some(order), 9)
            .await
            .expect("a snapshot");
        let due = async |now: u64, lost: &[&str]| {
            let lost = lost.iter().map(|it| (*it).to_owned()).collect();
            let overdue = vec![(JobKind::SnapshotSandbox, 100), (JobKind::CreateBackup, 1)];
            store.due_tasks(now, overdue, lost, 10).await.expect("tasks").len()
        };
        assert_eq!(due(NOW + 99, &[]).await, 0);
        assert_eq!(due(NOW + 100, &[]).await, 1);
        assert_eq!(due(NOW, &["r"]).await, 1);
        assert_eq!(due(NOW + 100, &["r"]).await, 1, "named twice, told once");
        assert_eq!(due(NOW, &["other"]).await, 0);
    });
}

#[test]
fn volumes_bind_where_they_are_first_mounted_and_are_kept_while_somebody_has_them() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        store
            .create_runner(runner("q", 10), "cc".repeat(32), true)
            .await
            .expect("a runner");
        let volume = Volume {
            id: "v".into(),
            organization: ORGANIZATION.into(),
            name: "data".into(),
            region: String::new(),
            runner: None,
            quota_gib: 10,
            state: "ready".into(),
            error_reason: None,
            created: NOW,
            updated: NOW,
            last_used: None,
        };
        store.create_volume(volume.clone(), 1).await.expect("a volume");
        assert!(matches!(
            store.create_volume(volume.clone(), 9).await,
            Err(StoreError::Taken(_))
        ));
        let second = Volume {
            id: "w".into(),
            name: "more".into(),
            ..volume
        };
        assert!(matches!(
            store.create_volume(second, 1).await,
            Err(StoreError::OverQuota(_))
        ));

        let with = |id: &str| Sandbox {
            volumes: r#"[{"id":"v","mountPath":"/data"}]"#.into(),
            ..sandbox(id)
        };
        store.create_sandbox(with("a"), placed("ja")).await.expect("the first");
        let bound = store
            .get_volume(ORGANIZATION.into(), "data".into())
            .await
            .expect("the volume");
        assert_eq!((bound.runner.as_deref(), bound.region.as_str()), (Some("r"), REGION));
        let elsewhere = store.create_sandbox(with("b"), placed_on("q", "jb")).await;
        assert!(matches!(elsewhere, Err(StoreError::Conflict(_))), "{elsewhere:?}");
        // Nothing of the refused one is left.
        assert_eq!(store.get_runner("q".into()).await.expect("the runner").sold_disk_mib, 0);
        let foreign = Sandbox {
            volumes: r#"[{"id":"none","mountPath":"/data"}]"#.into(),
            ..sandbox("c")
        };
        assert!(store.create_sandbox(foreign, placed("jc")).await.is_err());
        assert_invariants(&store).await;

        let kept = store.delete_volume(ORGANIZATION.into(), "v".into(), NOW).await;
        assert!(matches!(kept, Err(StoreError::Conflict(_))), "{kept:?}");
        destroy(&store, "a", 1).await.expect("an intent");
        let told = vec![seen("a", 2, "destroyed")];
        store
            .report("r".into(), 0, told, None, NOW + 1)
            .await
            .expect("a report");
        let runner = store
            .delete_volume(ORGANIZATION.into(), "v".into(), NOW + 2)
            .await
            .expect("it goes");
        assert_eq!(runner.as_deref(), Some("r"));
        let jobs = store.claim_jobs("r".into(), 10, NOW + 3, 10).await.expect("jobs");
        assert_eq!((jobs.len(), jobs[0].kind), (1, JobKind::RemoveVolume));
    });
}

#[test]
fn what_waits_for_its_build_takes_of_the_quota_but_no_room() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 10).await;
        let waiting = Sandbox {
            state: "pending_build".into(),
            build: Some("p".into()),
            ..sandbox("s")
        };
        store
            .create_sandbox(waiting, placed_on("", ""))
            .await
            .expect("a create");
        assert_eq!(store.get_runner("r".into()).await.expect("the runner").sold_disk_mib, 0);
        assert_eq!(store.list_usage(ORGANIZATION.into()).await.expect("usage")[0].cpu, 1);
        assert_invariants(&store).await;
        assert_eq!(store.waiting_sandboxes(10).await.expect("a list").len(), 1);
        let image = r#"{"id":"p","manifest":"sha256:00"}"#;
        let it = store
            .place_sandbox("s".into(), 1, "creating".into(), image.into(), placed("j"), NOW)
            .await
            .expect("a place");
        assert_eq!((it.runner.as_deref(), it.generation), (Some("r"), 2));
        assert!(store.waiting_sandboxes(10).await.expect("a list").is_empty());
        assert_invariants(&store).await;
    });
}
