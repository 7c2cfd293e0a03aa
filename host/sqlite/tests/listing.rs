//! Listings: pages, filters, windows.

#![allow(missing_docs, reason = "tests")]

mod common;

use common::{NOW, ORGANIZATION, REGION, assert_invariants, open, placed_on, query, run, runner, sandbox, scratch};
use sandbar_sqlite::SqliteStore;
use sandbar_store::{SandboxQuery, StoreError};

async fn ids(store: &SqliteStore, query: SandboxQuery) -> Vec<String> {
    let found = store.list_sandboxes(query).await.expect("a list");
    found.into_iter().map(|it| it.id).collect()
}

#[test]
fn pages_follow_each_other_without_gap_or_repeat() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 100).await;
        for number in 0..23_u64 {
            let mut it = sandbox(&format!("s{:02}", (number * 7) % 23));
            // Many of the same moment: the id decides.
            it.created = NOW + number / 6;
            it.last_activity = NOW - number / 6;
            store
                .create_sandbox(it, placed_on("r", &format!("j{number}")))
                .await
                .expect("a create");
        }
        for sort in ["createdAt", "name", "lastActivityAt"] {
            for descending in [false, true] {
                let whole = SandboxQuery {
                    sort: sort.into(),
                    descending,
                    ..query()
                };
                let whole = store.list_sandboxes(whole).await.expect("a list");
                assert_eq!(whole.len(), 23);
                let value = |it: &sandbar_store::Sandbox| match sort {
                    "createdAt" => it.created.to_string(),
                    "name" => it.name.clone(),
                    _ => it.last_activity.to_string(),
                };
                let mut keys: Vec<_> = whole.iter().map(|it| (value(it), it.id.clone())).collect();
                let mut after = None;
                let mut paged = Vec::new();
                loop {
                    let page = SandboxQuery {
                        sort: sort.into(),
                        descending,
                        limit: 5,
                        after,
                        ..query()
                    };
                    let page = store.list_sandboxes(page).await.expect("a page");
                    let Some(last) = page.last() else { break };
                    after = Some((value(last), last.id.clone()));
                    paged.extend(page.iter().map(|it| (value(it), it.id.clone())));
                }
                assert_eq!(paged, keys, "{sort} {descending}");
                keys.sort();
                if descending {
                    keys.reverse();
                }
                assert_eq!(paged, keys, "{sort} {descending} is in order");
            }
        }
        let nonsense = SandboxQuery {
            after: Some(("x".into(), "y".into())),
            ..query()
        };
        assert!(matches!(
            store.list_sandboxes(nonsense).await,
            Err(StoreError::Conflict(_))
        ));
        let unknown = SandboxQuery {
            sort: "created; DROP TABLE sandboxes".into(),
            ..query()
        };
        assert!(matches!(
            store.list_sandboxes(unknown).await,
            Err(StoreError::Internal(_))
        ));
        let many = SandboxQuery {
            ids: vec!["x".into(); 1_001],
            ..query()
        };
        assert!(matches!(store.list_sandboxes(many).await, Err(StoreError::Internal(_))));
    });
}

#[test]
fn filters_take_any_text_as_text() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 100).await;
        let odd = [
            "a'b",
            "$.x\"]",
            "100%",
            "_",
            "ключ",
            "' OR 1=1 --",
            "",
            "\u{0}",
            "a\\\"b",
        ];
        for (number, text) in odd.iter().enumerate() {
            let mut it = sandbox(&format!("s{number}"));
            it.labels = format!(
                "{{{}:{},\"all\":\"yes\"}}",
                serde_json_string(text),
                serde_json_string(text)
            );
            store
                .create_sandbox(it, placed_on("r", &format!("j{number}")))
                .await
                .expect("a create");
        }
        for (number, text) in odd.iter().enumerate() {
            let labels = vec![((*text).into(), (*text).into()), ("all".into(), "yes".into())];
            let found = ids(&store, SandboxQuery { labels, ..query() }).await;
            assert_eq!(found, [format!("s{number}")], "{text:?}");
            let labels = vec![((*text).into(), format!("{text}x"))];
            assert!(ids(&store, SandboxQuery { labels, ..query() }).await.is_empty());
        }
        assert_eq!(
            ids(
                &store,
                SandboxQuery {
                    labels: vec![("all".into(), "yes".into())],
                    ..query()
                }
            )
            .await
            .len(),
            9
        );
        let prefix = |text: &str| SandboxQuery {
            name_prefix: Some(text.into()),
            ..query()
        };
        assert_eq!(ids(&store, prefix("NAME-S")).await.len(), 9);
        assert!(ids(&store, prefix("%")).await.is_empty());
        assert_eq!(
            ids(
                &store,
                SandboxQuery {
                    states: vec!["creating".into()],
                    ..query()
                }
            )
            .await
            .len(),
            9
        );
        assert!(
            ids(
                &store,
                SandboxQuery {
                    states: vec!["started' OR ''='".into()],
                    ..query()
                }
            )
            .await
            .is_empty()
        );
        let two = SandboxQuery {
            ids: vec!["s1".into(), "s3".into()],
            regions: vec![REGION.into()],
            ..query()
        };
        assert_eq!(ids(&store, two).await, ["s1", "s3"]);
        assert_invariants(&store).await;
    });
}

/// A JSON string of any text.
fn serde_json_string(text: &str) -> String {
    let escaped: String = text
        .chars()
        .map(|letter| match letter {
            '"' | '\\' => format!("\\{letter}"),
            letter if letter < ' ' => format!("\\u{:04x}", letter as u32),
            letter => letter.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

#[test]
fn a_large_region_gives_windows_that_differ_and_hold_room() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        for number in 0..120 {
            // Ten with ample room, twenty with some, the rest full.
            let room = if number < 10 {
                20
            } else if number < 30 {
                2
            } else {
                0
            };
            let token = format!("{number:064}");
            store
                .create_runner(runner(&format!("r{number}"), room), token, false)
                .await
                .expect("a runner");
        }
        let window = async |seed: u64, limit| {
            let found = store
                .placement_window(REGION.into(), seed << 33, limit, String::new())
                .await
                .expect("a window");
            found.into_iter().map(|it| (it.id, it.cpu_milli)).collect::<Vec<_>>()
        };
        let mut seen = std::collections::BTreeSet::new();
        for seed in 0..64 {
            let found = window(seed << 25, 16).await;
            assert_eq!(found.len(), 16);
            assert!(
                found.iter().filter(|(_, room)| *room == 20_000).count() >= 6,
                "{found:?}"
            );
            assert!(
                found
                    .iter()
                    .filter(|(_, room)| *room == 2_000 || *room == 1_000)
                    .count()
                    >= 6,
                "{found:?}"
            );
            assert_eq!(
                found.iter().collect::<std::collections::BTreeSet<_>>().len(),
                16,
                "none twice"
            );
            seen.extend(found);
        }
        assert!(seen.len() >= 30, "windows of different seeds differ: {}", seen.len());
        assert_eq!(window(1, 256).await.len(), 121, "a region that fits is given whole");
        assert!(
            store
                .placement_window("nowhere".into(), 1, 10, String::new())
                .await
                .expect("a window")
                .is_empty()
        );
        let full = window(3, 100).await;
        assert_eq!(
            full.len(),
            100,
            "the full ones fill up, so that a refusal can count them"
        );
    });
}

#[test]
fn listed_runners_are_those_asked_for() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1).await;
        let mut owned = runner("mine", 1);
        owned.organization = Some(ORGANIZATION.into());
        store
            .create_runner(owned, "ee".repeat(32), false)
            .await
            .expect("a runner");
        let names = async |region: Option<&str>, organization: Option<&str>| {
            let found = store
                .list_runners(region.map(Into::into), organization.map(Into::into))
                .await;
            found.expect("a list").into_iter().map(|it| it.id).collect::<Vec<_>>()
        };
        assert_eq!(names(None, None).await, ["mine", "r"]);
        assert_eq!(names(Some(REGION), None).await, ["mine", "r"]);
        assert_eq!(names(Some(REGION), Some(ORGANIZATION)).await, ["mine"]);
        assert!(names(Some("eu"), None).await.is_empty());
    });
}

#[test]
fn every_filter_narrows_and_every_order_pages() {
    let directory = scratch();
    run(async {
        let store = open(directory.path(), 1_000).await;
        for number in 0..12_u32 {
            let mut it = sandbox(&format!("s{number:02}"));
            (it.cpu, it.memory_gib, it.disk_gib) = (1 + number % 3, 1 + number % 4, 1 + number % 5);
            it.created = NOW + u64::from(number);
            it.last_activity = NOW + 100 - u64::from(number);
            it.snapshot = ["default", "node"][number as usize % 2].into();
            it.public = number % 4 == 0;
            let made = store.create_sandbox(it, placed_on("r", &format!("j{number}"))).await;
            made.expect("a create");
        }
        let mut broken = common::seen("s11", 1, "error");
        broken.recoverable = true;
        store
            .report("r".into(), 0, vec![broken], None, NOW)
            .await
            .expect("a report");
        let count = async |query: SandboxQuery| ids(&store, query).await.len();
        let all = || query();
        assert_eq!(
            count(SandboxQuery {
                snapshots: vec!["node".into()],
                ..all()
            })
            .await,
            6
        );
        assert_eq!(
            count(SandboxQuery {
                cpu: (Some(2), None),
                ..all()
            })
            .await,
            8
        );
        assert_eq!(
            count(SandboxQuery {
                cpu: (Some(2), Some(2)),
                ..all()
            })
            .await,
            4
        );
        assert_eq!(
            count(SandboxQuery {
                memory_gib: (None, Some(1)),
                ..all()
            })
            .await,
            3
        );
        assert_eq!(
            count(SandboxQuery {
                disk_gib: (Some(5), None),
                ..all()
            })
            .await,
            2
        );
        assert_eq!(
            count(SandboxQuery {
                created: (Some(NOW + 3), Some(NOW + 5)),
                ..all()
            })
            .await,
            3
        );
        assert_eq!(
            count(SandboxQuery {
                active: (Some(NOW + 99), None),
                ..all()
            })
            .await,
            2
        );
        assert_eq!(
            count(SandboxQuery {
                public: Some(true),
                ..all()
            })
            .await,
            3
        );
        assert_eq!(
            count(SandboxQuery {
                recoverable: Some(true),
                ..all()
            })
            .await,
            1
        );
        let narrow = SandboxQuery {
            snapshots: vec!["default".into()],
            cpu: (Some(1), Some(1)),
            public: Some(false),
            ..all()
        };
        assert_eq!(ids(&store, narrow).await, ["s06"], "all filters together");
        common::destroy(&store, "s11", 1).await.expect("an intent");
        assert_eq!(count(all()).await, 11);
        assert_eq!(
            count(SandboxQuery {
                errored_deleted: true,
                ..all()
            })
            .await,
            12
        );

        for sort in ["cpu", "memoryGib", "diskGib"] {
            for descending in [false, true] {
                let order = SandboxQuery {
                    sort: sort.into(),
                    descending,
                    ..all()
                };
                let whole = ids(&store, order.clone()).await;
                let (mut paged, mut after) = (Vec::new(), None);
                loop {
                    let page = SandboxQuery {
                        after: after.clone(),
                        limit: 4,
                        ..order.clone()
                    };
                    let page = store.list_sandboxes(page).await.expect("a page");
                    let Some(last) = page.last() else { break };
                    let value = match sort {
                        "cpu" => last.cpu,
                        "memoryGib" => last.memory_gib,
                        _ => last.disk_gib,
                    };
                    after = Some((value.to_string(), last.id.clone()));
                    paged.extend(page.into_iter().map(|it| it.id));
                }
                assert_eq!(paged, whole, "{sort} {descending}");
                assert_eq!(whole.len(), 11);
            }
        }
    });
}
