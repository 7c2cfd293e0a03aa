//! Where sandboxes go, why, and what happens where they fail.

use crate::machine::Machine;
use crate::plane::{Client, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;

async fn region(owner: &Client, name: &str) -> String {
    owner
        .post("/api/regions", json!({"name": name}))
        .await
        .ok(201)
        .text("id")
}

async fn invariants(plane: &Arc<Plane>) {
    let broken = plane.operator().get("/api/admin/invariants").await.ok(200).json;
    assert_eq!(broken, json!({"broken": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_lands_in_its_region_and_the_decision_can_be_read() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let (lab, far) = (region(&ann, "Lab").await, region(&ann, "Far").await);
    let near = Machine::start(&plane, &ann, &lab, "m1", 8).await;
    Machine::start(&plane, &ann, &far, "m2", 8).await;
    for target in ["Lab", &lab] {
        let made = ann.post("/api/sandbox", json!({"target": target})).await.ok(200);
        assert_eq!(
            (made.text("target"), made.text("runnerId"), made.text("state")),
            (lab.clone(), near.id.clone(), "started".into())
        );
        let placement = ann
            .get(&format!("/api/sandbox/{}/placement", made.text("id")))
            .await
            .ok(200)
            .json;
        let decision = &placement["decisions"][0];
        assert_eq!(decision["outcome"]["chosen"]["runner"], near.id, "{placement}");
        assert_eq!(
            decision["facts"]["candidates"][0][0], near.id,
            "the owner of the machines sees all: {placement}"
        );
        assert_eq!(decision["facts"]["need"], json!([1_000, 1_024, 3_072]));
    }
    let journal = ann
        .get(&format!("/api/admin/decisions?region={lab}"))
        .await
        .ok(200)
        .json;
    assert_eq!(journal["decisions"].as_array().map(Vec::len), Some(2), "{journal}");
    ann.get("/api/admin/decisions").await.ok(403);
    stranger(&plane, "bob")
        .await
        .get(&format!("/api/admin/decisions?region={lab}"))
        .await
        .ok(404);
    plane.operator().get("/api/admin/decisions?limit=1").await.ok(200);
    invariants(&plane).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refusal_says_which_filter_left_nobody_and_where_there_is_room() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let lab = region(&ann, "Lab").await;
    let refused = ann.post("/api/sandbox", json!({"target": "Lab"})).await.ok(400);
    assert_eq!(refused.text("code"), "NO_RUNNER_AVAILABLE");
    assert!(refused.text("message").contains("no runners"), "{}", refused.json);

    let machine = Machine::start(&plane, &ann, &lab, "m1", 2).await;
    let big = json!({"target": "Lab", "cpu": 3});
    let refused = ann.post("/api/sandbox", big.clone()).await.ok(400);
    assert!(refused.text("message").contains("filter capacity"), "{}", refused.json);
    let roomy = region(&ann, "Roomy").await;
    Machine::start(&plane, &ann, &roomy, "m2", 8).await;
    let refused = ann.post("/api/sandbox", big).await.ok(400);
    assert!(refused.text("message").contains("room in: Roomy"), "{}", refused.json);

    let path = format!("/api/runners/{}/scheduling", machine.id);
    ann.patch(&path, json!({"unschedulable": true})).await.ok(200);
    let refused = ann.post("/api/sandbox", json!({"target": "Lab"})).await.ok(400);
    assert!(refused.text("message").contains("filter state"), "{}", refused.json);
    let journal = ann
        .get(&format!("/api/admin/decisions?region={lab}"))
        .await
        .ok(200)
        .json;
    let refusals = journal["decisions"].as_array().into_iter().flatten();
    assert_eq!(
        refusals.filter(|it| it["outcome"]["refused"].is_object()).count(),
        4,
        "{journal}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_sold_twice_under_a_burst() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let lab = region(&ann, "Lab").await;
    for name in ["m1", "m2", "m3"] {
        Machine::start(&plane, &ann, &lab, name, 4).await;
    }
    let burst: Vec<_> = (0..20)
        .map(|_| {
            let ann = ann.clone();
            tokio::spawn(async move { ann.post("/api/sandbox", json!({"target": "Lab"})).await })
        })
        .collect();
    let (mut made, mut refused) = (0, 0);
    for each in burst {
        let answer = each.await.expect("no panic");
        match answer.status {
            200 => made += 1,
            _ => {
                refused += 1;
                assert_eq!(answer.ok(400).text("code"), "NO_RUNNER_AVAILABLE");
            }
        }
    }
    assert_eq!((made, refused), (12, 8));
    let runners = ann.get("/api/runners").await.ok(200).json;
    for runner in runners.as_array().into_iter().flatten() {
        assert_eq!(runner["sold"]["cpu"], 4, "{runner}");
    }
    invariants(&plane).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_on_one_runner_is_tried_once_on_another() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let lab = region(&ann, "Lab").await;
    let bad = Machine::start(&plane, &ann, &lab, "m1", 8).await;
    bad.fails(true);
    let refused = ann
        .post("/api/sandbox", json!({"target": "Lab", "name": "lonely"}))
        .await
        .ok(400);
    assert!(refused.text("message").contains("no memory left"), "{}", refused.json);
    // What was never started holds nothing.
    let sold = async |machine: &Machine| {
        ann.get(&format!("/api/runners/{}", machine.id)).await.ok(200).json["sold"]["cpu"].clone()
    };
    assert_eq!(sold(&bad).await, 0);
    let seen = ann.get("/api/sandbox/lonely").await.ok(200);
    assert_eq!(
        (seen.text("state"), &seen.json["runnerId"]),
        ("error".into(), &Value::Null)
    );
    ann.post("/api/sandbox/lonely/start", Value::Null).await.ok(400);
    ann.delete("/api/sandbox/lonely").await.ok(200);
    ann.get("/api/sandbox/lonely").await.ok(404);

    let good = Machine::start(&plane, &ann, &lab, "m2", 8).await;
    let mut retried = 0;
    for _ in 0..6 {
        let made = ann.post("/api/sandbox", json!({"target": "Lab"})).await.ok(200);
        assert_eq!(made.text("runnerId"), good.id);
        let id = made.text("id");
        let placement = ann.get(&format!("/api/sandbox/{id}/placement")).await.ok(200).json;
        let decisions = placement["decisions"].as_array().cloned().unwrap_or_default();
        if decisions.len() == 2 {
            retried += 1;
            assert_eq!(decisions[1]["facts"]["avoid"], json!([bad.id]));
            // The leftovers are the plane's no longer.
            let seen = json!([{"sandboxId": id, "generation": 1, "state": "error"}]);
            let answer = bad.report(seen, None).await.ok(200).json;
            assert_eq!(answer["disowned"][0]["sandboxId"], json!(id), "{answer}");
        }
    }
    assert!(retried > 0, "six placements, and none went to the failing runner first");
    assert_eq!((sold(&bad).await, sold(&good).await), (json!(0), json!(6)));
    invariants(&plane).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_of_a_region_decides() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let lab = region(&ann, "Lab").await;
    for name in ["m1", "m2", "m3"] {
        Machine::start(&plane, &ann, &lab, name, 8).await;
    }
    let used = async |count: usize| {
        let mut all = std::collections::BTreeSet::new();
        let mut ids = Vec::new();
        for _ in 0..count {
            let made = ann.post("/api/sandbox", json!({"target": "Lab"})).await.ok(200);
            all.insert(made.text("runnerId"));
            ids.push(made.text("id"));
        }
        for id in ids {
            ann.delete(&format!("/api/sandbox/{id}")).await.ok(200);
        }
        all.len()
    };
    assert!(used(8).await > 1, "spread is the default");
    ann.patch(&format!("/api/regions/{lab}"), json!({"placementPolicy": "pack"}))
        .await
        .ok(200);
    assert_eq!(used(8).await, 1, "pack fills one runner first");
}
