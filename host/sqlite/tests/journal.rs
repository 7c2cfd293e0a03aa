//! Decisions, leases, grants, regions' credentials and quotas.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{
    NOW, ORGANIZATION, REGION, assert_invariants, create, open, organization, placed, run, sandbox, scratch, seen,
};
use sandbar_sqlite::{Options, SqliteStore};
use sandbar_store::{
    Grant, GrantKind, JobKind, Principal, Quota, QuotaExcess, Region, RegionCredential, RegionKind, RegionService,
    ResourceKind, StoreError, Totals, limits,
};

#[test]
fn decisions_are_found_by_sandbox_and_region_and_in_pages() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 9).await;
        create(&store, "a").await.expect("a create");
        store
            .record_refusal(ORGANIZATION.into(), "eu".into(), "none".into(), NOW + 1)
            .await
            .expect("a refusal");
        create(&store, "b").await.expect("a create");
        let list = async |sandbox: Option<&str>, region: Option<&str>, after| {
            let found = store
                .list_decisions(sandbox.map(Into::into), region.map(Into::into), after, 2)
                .await;
            found
                .expect("decisions")
                .into_iter()
                .map(|it| (it.position, it.sandbox))
                .collect::<Vec<_>>()
        };
        assert_eq!(list(None, None, 0).await, [(1, "a".into()), (2, String::new())]);
        assert_eq!(list(None, None, 2).await, [(3, "b".into())]);
        assert_eq!(list(Some("b"), None, 0).await, [(3, "b".into())]);
        assert_eq!(list(None, Some("eu"), 0).await, [(2, String::new())]);
        assert!(list(Some("a"), Some("eu"), 0).await.is_empty());
        assert!(list(Some("nobody"), None, 0).await.is_empty());
        let mut long = placed("j");
        long.decision = "x".repeat(limits::MAX_FACTS + 1);
        let refused = store.create_sandbox(sandbox("long"), long).await;
        assert!(matches!(refused, Err(StoreError::Internal(_))), "{refused:?}");
        assert_invariants(&store).await;
    });
}

#[test]
fn the_journal_keeps_the_newest_hundred_thousand() {
    let directory = scratch();
    let path = directory.path().join("plane.db");
    run(async { open(directory.path(), 9).await.close() });
    // Rows made here stand for days of placements.
    let connection = rusqlite::Connection::open(&path).expect("it opens");
    connection
        .execute_batch(
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 100100)
             INSERT INTO decisions SELECT i, NULL, '', 'org', 'us', i, 'old' FROM n",
        )
        .expect("rows");
    drop(connection);
    run(async {
        let store = SqliteStore::open(&path, &Options::default()).expect("it opens");
        for _ in 0..300 {
            store
                .record_refusal(ORGANIZATION.into(), REGION.into(), "new".into(), NOW)
                .await
                .expect("a refusal");
        }
        let oldest = store.list_decisions(None, None, 0, 1).await.expect("decisions")[0].position;
        let newest = store.list_decisions(None, None, 100_399, 9).await.expect("decisions");
        assert_eq!(newest.iter().map(|it| it.position).collect::<Vec<_>>(), [100_400]);
        let kept = 100_400 - oldest + 1;
        assert!(
            (100_000..100_000 + limits::TRIM_EVERY).contains(&kept),
            "{kept} are kept"
        );
    });
}

#[test]
fn a_lease_has_one_holder_until_it_ends() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let take = |holder: &str, now| store.take_lease("tick".into(), holder.into(), now, now + 10);
        assert_eq!(take("a", NOW).await, Ok(true));
        assert_eq!(take("b", NOW + 9).await, Ok(false));
        assert_eq!(take("a", NOW + 9).await, Ok(true), "kept");
        assert_eq!(take("b", NOW + 18).await, Ok(false));
        assert_eq!(take("b", NOW + 19).await, Ok(true), "it has ended");
        assert_eq!(take("a", NOW + 19).await, Ok(false));
        assert_eq!(
            store.take_lease("other".into(), "a".into(), NOW, NOW + 1).await,
            Ok(true)
        );
    });
}

#[test]
fn grants_open_their_sandbox_until_they_or_it_are_gone() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 9).await;
        create(&store, "s").await.expect("a create");
        let grant = |id: &str, kind, expires| Grant {
            id: id.into(),
            kind,
            sandbox: "s".into(),
            organization: ORGANIZATION.into(),
            port: 3000,
            created: NOW,
            expires,
        };
        let preview = grant("g1", GrantKind::Preview, NOW + 9);
        let make = |grant: Grant, hash: &str| store.create_grant(grant, hash.into());
        make(preview.clone(), "h1").await.expect("a grant");
        assert!(matches!(make(preview.clone(), "h1").await, Err(StoreError::Taken(_))));
        make(grant("g2", GrantKind::Ssh, NOW + 9), "h1")
            .await
            .expect("another kind");
        make(grant("g3", GrantKind::Preview, NOW + 9), "h3")
            .await
            .expect("a grant");
        let mut foreign = preview.clone();
        foreign.organization = "others".into();
        assert!(matches!(make(foreign, "h4").await, Err(StoreError::NotFound(_))));
        let get = |kind, hash: &str| store.get_grant(kind, hash.into());
        assert_eq!(
            get(GrantKind::Preview, "h1").await.expect("a look"),
            Some(preview.clone())
        );
        assert_eq!(get(GrantKind::Ssh, "h3").await.expect("a look"), None);
        let delete = |kind, hash: Option<&str>| store.delete_grants(kind, "s".into(), hash.map(Into::into));
        assert_eq!(delete(GrantKind::Preview, Some("h1")).await, Ok(1));
        assert_eq!(delete(GrantKind::Preview, None).await, Ok(1));
        assert_eq!(delete(GrantKind::Preview, None).await, Ok(0));
        for number in 0..limits::MAX_GRANTS - 1 {
            make(grant("more", GrantKind::Preview, NOW + 9), &format!("m{number}"))
                .await
                .expect("a grant");
        }
        assert!(matches!(
            make(preview.clone(), "one more").await,
            Err(StoreError::Conflict(_))
        ));
        let later = Grant {
            created: NOW + 9,
            expires: NOW + 20,
            ..preview
        };
        make(later, "later")
            .await
            .expect("those that have run out are forgotten");
        assert_eq!(delete(GrantKind::Preview, None).await, Ok(1));
        store
            .report("r".into(), 0, vec![seen("s", 1, "destroyed")], None, NOW)
            .await
            .expect("a report");
        assert_eq!(
            get(GrantKind::Ssh, "h1").await.expect("a look"),
            None,
            "gone with its sandbox"
        );
        assert_invariants(&store).await;
    });
}

fn region(id: &str, name: &str) -> Region {
    Region {
        id: id.into(),
        name: name.into(),
        kind: RegionKind::Custom,
        organization: Some(ORGANIZATION.into()),
        enforce_quotas: false,
        policy: "pack".into(),
        proxy_url: Some("https://proxy".into()),
        ssh_gateway_url: None,
        snapshot_manager_url: None,
        created: NOW,
        updated: NOW,
    }
}

fn credential(service: RegionService, hash: &str) -> RegionCredential {
    RegionCredential {
        service,
        hash: hash.into(),
        login: Some(("daytona".into(), "secret".into())).filter(|_| service == RegionService::SnapshotManager),
    }
}

#[test]
fn the_keys_of_a_region_die_when_they_are_replaced_removed_or_it_goes() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let keys = vec![
            credential(RegionService::Proxy, "p1"),
            credential(RegionService::SshGateway, "s1"),
            credential(RegionService::SnapshotManager, "m1"),
        ];
        store.create_region(region("lab", "lab"), keys).await.expect("a region");
        let who = async |hash: &str| {
            let found = store.authenticate(hash.into()).await.expect("a look");
            found.map(|it| (it.principal, it.organization, it.subject))
        };
        let ours = |principal| Some((principal, ORGANIZATION.to_owned(), "lab".to_owned()));
        assert_eq!(who("p1").await, ours(Principal::RegionProxy));
        assert_eq!(who("s1").await, ours(Principal::RegionSshGateway));
        assert_eq!(who("m1").await, None, "nobody comes to us with it");
        let login = || store.get_region_login("lab".into());
        assert_eq!(
            login().await.expect("a look"),
            Some(("daytona".into(), "secret".into()))
        );

        let mut changed = region("lab", "laboratory");
        changed.updated = NOW + 1;
        let stale = store.change_region(changed.clone(), NOW - 1, vec![]).await;
        assert!(matches!(stale, Err(StoreError::Conflict(_))), "{stale:?}");
        let keys = vec![
            credential(RegionService::Proxy, "p2"),
            credential(RegionService::SshGateway, ""),
        ];
        store.change_region(changed.clone(), NOW, keys).await.expect("changed");
        assert_eq!((who("p1").await, who("s1").await), (None, None));
        assert_eq!(who("p2").await, ours(Principal::RegionProxy));
        assert_eq!(store.get_region("lab".into()).await.expect("it"), changed);
        store
            .create_region(region("two", "two"), vec![])
            .await
            .expect("a region");
        let mut same = changed.clone();
        same.name = "two".into();
        assert!(matches!(
            store.change_region(same, NOW + 1, vec![]).await,
            Err(StoreError::Taken(_))
        ));
        let stolen = store.change_region(
            changed.clone(),
            NOW + 1,
            vec![credential(RegionService::Proxy, "bb".repeat(32).as_str())],
        );
        assert!(matches!(stolen.await, Err(StoreError::Taken(_))), "a runner's token");
        assert_eq!(store.list_regions(None).await.expect("all").len(), 3);
        store.delete_region("lab".into()).await.expect("deleted");
        assert_eq!(who("p2").await, None);
        assert!(matches!(login().await, Err(StoreError::NotFound(_))));
        assert_invariants(&store).await;
    });
}

#[test]
fn totals_bind_what_is_started_and_every_excess_is_named() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 99).await;
        let totals = |cpu, memory_gib, disk_gib| {
            Some(Totals {
                cpu,
                memory_gib,
                disk_gib,
            })
        };
        let make = async |id: &str, totals| {
            let mut placement = placed(&format!("j-{id}"));
            placement.totals = totals;
            store.create_sandbox(sandbox(id), placement).await
        };
        let excess = |resource, total, used, asked| {
            StoreError::OverQuota(QuotaExcess {
                resource,
                total,
                used,
                asked,
            })
        };
        make("a", totals(2, 9, 9)).await.expect("it fits");
        make("b", totals(2, 9, 9)).await.expect("it fits");
        assert_eq!(
            make("c", totals(2, 9, 9)).await,
            Err(excess(ResourceKind::Cpu, 2, 2, 1))
        );
        assert_eq!(
            make("c", totals(9, 2, 9)).await,
            Err(excess(ResourceKind::Memory, 2, 2, 1))
        );
        assert_eq!(
            make("c", totals(9, 9, 1)).await,
            Err(excess(ResourceKind::Disk, 1, 2, 1))
        );
        let intent = async |generation, desired: &str, kind, totals| {
            let (id, job) = ("a".to_owned(), format!("{desired}{generation}"));
            store
                .change_intent(id, generation, desired.into(), job, kind, "{}".into(), totals, NOW)
                .await
        };
        intent(1, "stopped", JobKind::StopSandbox, totals(0, 0, 0))
            .await
            .expect("to stop takes nothing");
        let usage = async || store.list_usage(ORGANIZATION.into()).await.expect("usage")[0].clone();
        let taken = usage().await;
        assert_eq!(
            (taken.cpu, taken.memory_gib, taken.disk_gib, taken.sandboxes),
            (1, 1, 2, 2)
        );
        let start = intent(2, "started", JobKind::StartSandbox, totals(1, 9, 0)).await;
        assert_eq!(start, Err(excess(ResourceKind::Cpu, 1, 1, 1)));
        intent(2, "started", JobKind::StartSandbox, totals(2, 9, 0))
            .await
            .expect("its disk counts already");
        intent(3, "destroyed", JobKind::DestroySandbox, None)
            .await
            .expect("an intent");
        let taken = usage().await;
        assert_eq!(
            (taken.cpu, taken.disk_gib, taken.sandboxes),
            (1, 1, 2),
            "counted until it is gone, at no charge"
        );
        assert_eq!(
            store.get_runner("r".into()).await.expect("it").sold_cpu_milli,
            2_000,
            "it is still sold"
        );
        assert_invariants(&store).await;
    });
}

#[test]
fn quotas_are_kept_for_organizations_and_regions_that_exist() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let quota = |organization: &str, region: &str, cpu| Quota {
            organization: organization.into(),
            region: region.into(),
            cpu,
            memory_gib: 2,
            disk_gib: 3,
            updated: NOW,
        };
        let put = |it: Quota| store.put_quota(it);
        assert!(matches!(put(quota("x", REGION, 1)).await, Err(StoreError::NotFound(_))));
        assert!(matches!(
            put(quota(ORGANIZATION, "x", 1)).await,
            Err(StoreError::NotFound(_))
        ));
        put(quota(ORGANIZATION, REGION, 1)).await.expect("a quota");
        put(quota(ORGANIZATION, REGION, 7)).await.expect("another");
        let list = || store.list_quotas(ORGANIZATION.into());
        assert_eq!(list().await.expect("a list"), [quota(ORGANIZATION, REGION, 7)]);
        store
            .create_organization(organization("two"), "user".into(), 9)
            .await
            .expect("an organization");
        put(quota("two", REGION, 1)).await.expect("a quota");
        store.delete_organization("two".into()).await.expect("with its quota");
        assert!(store.list_quotas("two".into()).await.expect("a list").is_empty());
        let delete = || store.delete_quota(ORGANIZATION.into(), REGION.into());
        delete().await.expect("deleted");
        assert!(matches!(delete().await, Err(StoreError::NotFound(_))));
    });
}
