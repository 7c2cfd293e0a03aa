//! Regions: who sees them, their services and the credentials of these, and when they go.

use crate::machine::{Machine, health};
use crate::plane::{Client, Plane, start};
use serde_json::{Value, json};
use std::sync::Arc;

/// Another user with a personal organization; a key of it.
pub async fn stranger(plane: &Arc<Plane>, name: &str) -> Client {
    let made = plane
        .operator()
        .post("/api/admin/users", json!({"name": name}))
        .await
        .ok(201);
    plane.client(&made.text("apiKey"))
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(|it| it["name"].as_str())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn credentials_are_shown_once_and_die_when_they_are_made_anew() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let body = json!({
        "name": "Lab", "proxyUrl": "https://proxy.lab.example", "sshGatewayUrl": "ssh://gate.lab.example:2222",
        "snapshotManagerUrl": "https://snapshots.lab.example",
    });
    let made = ann.post("/api/regions", body).await.ok(201);
    let (id, proxy, gateway) = (made.text("id"), made.text("proxyApiKey"), made.text("sshGatewayApiKey"));
    assert!(id.starts_with("lab_") && id.len() == 8, "{id}");
    assert_eq!(made.text("snapshotManagerUsername"), "daytona");
    assert_eq!(made.text("snapshotManagerPassword").len(), 16);
    let seen = ann.get(&format!("/api/regions/{id}")).await.ok(200);
    assert!(!seen.json.to_string().contains(&proxy), "shown again: {}", seen.json);

    let by_snapshot = "/api/runners/by-snapshot-ref?ref=sandbar";
    plane.client(&proxy).get(by_snapshot).await.ok(200);
    let fresh = ann
        .post(&format!("/api/regions/{id}/regenerate-proxy-api-key"), Value::Null)
        .await
        .ok(200);
    plane.client(&proxy).get(by_snapshot).await.ok(401);
    plane.client(&fresh.text("apiKey")).get(by_snapshot).await.ok(200);
    ann.post(
        &format!("/api/regions/{id}/regenerate-ssh-gateway-api-key"),
        Value::Null,
    )
    .await
    .ok(200);
    plane
        .client(&gateway)
        .get("/api/sandbox/ssh-access/validate?token=x")
        .await
        .ok(401);
    let login = format!("/api/regions/{id}/regenerate-snapshot-manager-credentials");
    assert_eq!(ann.post(&login, Value::Null).await.ok(200).text("username"), "daytona");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_url_that_comes_later_has_a_key_only_after_it_was_made_anew() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let id = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    let regenerate = format!("/api/regions/{id}/regenerate-proxy-api-key");
    let refused = ann.post(&regenerate, Value::Null).await.ok(400);
    assert!(
        refused.text("message").to_lowercase().contains("proxy"),
        "{}",
        refused.json
    );
    let path = format!("/api/regions/{id}");
    let changed = ann
        .patch(
            &path,
            json!({"proxyUrl": "https://p.example", "placementPolicy": "pack"}),
        )
        .await
        .ok(200);
    assert_eq!(changed.json, json!(""));
    let key = ann.post(&regenerate, Value::Null).await.ok(200).text("apiKey");
    plane
        .client(&key)
        .get("/api/runners/by-snapshot-ref?ref=x")
        .await
        .ok(200);
    let seen = ann.get(&path).await.ok(200).json;
    assert_eq!(
        (&seen["proxyUrl"], &seen["placementPolicy"]),
        (&json!("https://p.example"), &json!("pack"))
    );
    // The URL goes, and its key with it.
    ann.patch(&path, json!({"proxyUrl": null})).await.ok(200);
    plane
        .client(&key)
        .get("/api/runners/by-snapshot-ref?ref=x")
        .await
        .ok(401);
    for bad in [
        json!({"proxyUrl": "nonsense"}),
        json!({"sshGatewayUrl": "ftp://x"}),
        json!({"placementPolicy": "A B"}),
    ] {
        ann.patch(&path, bad).await.ok(400);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn names_are_checked_and_foreign_regions_do_not_exist() {
    let plane = start(&[]).await;
    let (ann, bob) = (stranger(&plane, "ann").await, stranger(&plane, "bob").await);
    for bad in ["", "x", "no spaces", "a/b", &"n".repeat(256)] {
        ann.post("/api/regions", json!({"name": bad})).await.ok(400);
    }
    let id = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    let taken = ann.post("/api/regions", json!({"name": "Lab"})).await.ok(409);
    assert!(taken.text("message").contains("Lab"));
    bob.post("/api/regions", json!({"name": "Lab"})).await.ok(201);

    let path = format!("/api/regions/{id}");
    bob.get(&path).await.ok(404);
    bob.patch(&path, json!({"placementPolicy": "pack"})).await.ok(404);
    bob.delete(&path).await.ok(404);
    bob.post(&format!("{path}/regenerate-proxy-api-key"), Value::Null)
        .await
        .ok(404);
    ann.delete("/api/regions/us").await.ok(404);
    // By name and by id: a target of another organization is as if it were not there.
    bob.post("/api/sandbox", json!({"target": id})).await.ok(404);
    ann.delete(&path).await.ok(204);
    ann.get(&path).await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_make_shared_and_dedicated_regions() {
    let plane = start(&[]).await;
    let (ann, bob) = (stranger(&plane, "ann").await, stranger(&plane, "bob").await);
    let tenant = ann.get("/api/users/me").await.ok(200).text("organizationId");
    let operator = plane.operator();
    operator
        .post("/api/admin/regions", json!({"name": "open", "enforceQuotas": false}))
        .await
        .ok(201);
    let dedicated = json!({"name": "anns", "regionType": "dedicated", "organizationId": tenant});
    operator.post("/api/admin/regions", dedicated).await.ok(201);
    operator
        .post("/api/admin/regions", json!({"name": "x1", "regionType": "dedicated"}))
        .await
        .ok(400);
    operator
        .post("/api/admin/regions", json!({"name": "x2", "regionType": "custom"}))
        .await
        .ok(400);
    ann.post("/api/admin/regions", json!({"name": "mine"})).await.ok(403);

    let anns = ann.get("/api/regions").await.ok(200).json;
    let bobs = bob.get("/api/regions").await.ok(200).json;
    assert_eq!(names(&anns), ["anns", "open", "us"], "{anns}");
    assert_eq!(names(&bobs), ["open", "us"], "{bobs}");
    bob.get("/api/regions/anns").await.ok(404);
    let shared = plane.client("").get("/api/shared-regions").await.ok(200).json;
    assert_eq!(names(&shared), ["eu", "open", "us"]);
    operator.delete("/api/admin/regions/open").await.ok(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_region_says_whether_it_can_be_reached_and_stays_while_it_has_runners() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let id = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    let path = format!("/api/regions/{id}");
    let reach = async || ann.get(&path).await.ok(200).json["reachability"].clone();
    assert_eq!(reach().await, "no-runners");
    let machine = Machine::start(&plane, &ann, &id, "m1", 8).await;
    assert_eq!(reach().await, "unreachable");
    plane
        .front("")
        .post("/api/internal/links", json!({"runners": [machine.id]}))
        .await
        .ok(204);
    assert_eq!(reach().await, "reachable");
    let refused = ann.delete(&path).await.ok(400);
    assert!(refused.text("message").contains("runners"), "{}", refused.json);
    machine.report(json!([]), Some(health(8, 16, 80))).await.ok(200);
    let runner = format!("/api/runners/{}", machine.id);
    ann.patch(&format!("{runner}/scheduling"), json!({"unschedulable": true}))
        .await
        .ok(200);
    ann.delete(&runner).await.ok(204);
    ann.delete(&path).await.ok(204);
}
