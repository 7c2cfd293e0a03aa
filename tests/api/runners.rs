//! Runners: registration, tokens, takeover, reports, what their own and other credentials see of them.

use crate::machine::{Machine, health};
use crate::plane::{Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;

async fn lab(plane: &Arc<Plane>, name: &str) -> (crate::plane::Client, String) {
    let owner = stranger(plane, name).await;
    let id = owner
        .post("/api/regions", json!({"name": "Lab", "proxyUrl": "https://p.example"}))
        .await
        .ok(201);
    let id = id.text("id");
    (owner, id)
}

#[tokio::test(flavor = "multi_thread")]
async fn registration_has_the_documented_codes() {
    let plane = start(&[]).await;
    let (ann, region) = lab(&plane, "ann").await;
    let (bob, _) = lab(&plane, "bob").await;
    let body = json!({"regionId": region, "name": "m1", "tags": ["fast"]});
    let made = ann.post("/api/runners", body.clone()).await.ok(201);
    assert!(made.text("apiKey").len() >= 32);
    ann.post("/api/runners", body.clone()).await.ok(409);
    bob.post("/api/runners", body).await.ok(404);
    ann.post("/api/runners", json!({"regionId": "us", "name": "m1"}))
        .await
        .ok(403);
    ann.post("/api/runners", json!({"regionId": region, "name": "no spaces"}))
        .await
        .ok(400);
    ann.post("/api/runners", json!({"regionId": region})).await.ok(400);

    let runner = format!("/api/runners/{}", made.text("id"));
    let seen = ann.get(&runner).await.ok(200).json;
    assert_eq!(
        (&seen["state"], &seen["tags"]),
        (&json!("initializing"), &json!(["fast"]))
    );
    bob.get(&runner).await.ok(404);
    ann.get("/api/runners/nonsense").await.ok(400);
    assert_eq!(bob.get("/api/runners").await.ok(200).json, json!([]));
    bob.get(&format!("/api/runners?regionId={region}")).await.ok(404);
    ann.get("/api/runners?regionId=us").await.ok(403);
    ann.delete(&runner).await.ok(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_report_makes_a_runner_ready_with_all_its_gauges() {
    let plane = start(&[]).await;
    let (ann, region) = lab(&plane, "ann").await;
    let machine = Machine::start(&plane, &ann, &region, "m1", 8).await;
    plane.tick().await;
    let seen = ann.get(&format!("/api/runners/{}", machine.id)).await.ok(200).json;
    assert_eq!(
        (&seen["state"], &seen["verdict"]["name"]),
        (&json!("ready"), &json!("ready"))
    );
    assert!(seen["verdict"]["since"].is_string(), "{seen}");
    for (field, want) in [("cpu", 8), ("memory", 16), ("disk", 80), ("currentSnapshotCount", 1)] {
        assert_eq!(seen[field], want, "{field}: {seen}");
    }
    assert_eq!(
        seen["serviceHealth"],
        json!([{"serviceName": "cells", "healthy": true}])
    );
    assert!(
        seen["availabilityScore"].as_u64().is_some_and(|score| score > 50),
        "{seen}"
    );
    assert!(seen["leaseUntil"].is_string() && seen["connected"] == false, "{seen}");

    let own = plane.client(&machine.token).get("/api/runners/me").await.ok(200);
    assert_eq!(
        (own.text("apiKey"), own.text("regionType")),
        (machine.token.clone(), "custom".to_owned())
    );
    let mut ill = health(8, 16, 80);
    ill["serviceHealth"] = json!([{"serviceName": "cells", "healthy": false, "errorReason": "no space"}]);
    machine.report(json!([]), Some(ill)).await.ok(200);
    let seen = ann.get(&format!("/api/runners/{}", machine.id)).await.ok(200).json;
    assert_eq!(
        (&seen["state"], &seen["verdict"]["name"]),
        (&json!("unresponsive"), &json!("unhealthy"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_token_rotates_without_a_break_or_at_once() {
    let plane = start(&[]).await;
    let (ann, region) = lab(&plane, "ann").await;
    let machine = Machine::start(&plane, &ann, &region, "m1", 8).await;
    let rotate = format!("/api/runners/{}/rotate-token", machine.id);
    let second = ann
        .post(&rotate, json!({"graceSeconds": 60}))
        .await
        .ok(200)
        .text("apiKey");
    for token in [&machine.token, &second] {
        assert_eq!(
            plane.client(token).get("/api/runners/me").await.ok(200).text("id"),
            machine.id
        );
    }
    let third = ann.post(&rotate, json!({})).await.ok(200).text("apiKey");
    for dead in [&machine.token, &second] {
        plane.client(dead).get("/api/runners/me").await.ok(401);
    }
    plane.client(&third).get("/api/runners/me").await.ok(200);
    ann.post(&rotate, json!({"graceSeconds": 1_000_000})).await.ok(400);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_directory_takes_over_and_another_one_is_a_conflict() {
    let plane = start(&[]).await;
    let (ann, region) = lab(&plane, "ann").await;
    let machine = Machine::start(&plane, &ann, &region, "m1", 8).await;
    let client = plane.client(&machine.token);
    let (here, there) = (
        "7b0ff6c4-0000-4000-8000-000000000001",
        "7b0ff6c4-0000-4000-8000-000000000002",
    );
    let attach = async |instance: &str| client.post("/api/runners/attach", json!({"instance": instance})).await;
    let first = attach(here).await.ok(200).json;
    assert_eq!(
        (&first["runnerId"], &first["region"]),
        (&json!(machine.id), &json!(region))
    );
    assert_eq!(first["linkUrl"], "https://p.example/link");
    let second = attach(here).await.ok(200).json;
    let refused = attach(there).await.ok(409);
    assert_eq!(refused.text("code"), "RUNNER_CONFLICT");
    attach("no-uuid").await.ok(400);

    let report = async |process: &Value| {
        let client = client.with("sandbar-runner-process", &process.to_string());
        let body = json!({"observations": [], "health": health(8, 16, 80)});
        client.post("/api/runners/report", body).await
    };
    assert_eq!(report(&first["process"]).await.ok(409).text("code"), "RUNNER_REPLACED");
    let answer = report(&second["process"]).await.ok(200).json;
    assert_eq!(answer, json!({"leaseMs": 60_000, "disowned": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_runner_has_and_is_not_its_own_is_disowned() {
    let plane = start(&[]).await;
    let (ann, region) = lab(&plane, "ann").await;
    let machine = Machine::start(&plane, &ann, &region, "m1", 8).await;
    let nobodys = "7b0ff6c4-0000-4000-8000-000000000009";
    let seen = json!([{"sandboxId": nobodys, "generation": 3, "state": "started"}]);
    let answer = machine.report(seen, None).await.ok(200).json;
    assert_eq!(answer["disowned"][0]["sandboxId"], nobodys, "{answer}");
    assert!(
        answer["disowned"][0]["generation"].as_u64().is_some_and(|it| it >= 3),
        "{answer}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn services_of_a_region_see_what_is_in_it() {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let region = async |name: &str| {
        let body = json!({"name": name, "proxyUrl": "https://p.example", "sshGatewayUrl": "ssh://g.example"});
        ann.post("/api/regions", body).await.ok(201)
    };
    let (lab, other) = (region("Lab").await, region("Other").await);
    let machine = Machine::start(&plane, &ann, &lab.text("id"), "m1", 8).await;
    let sandbox = ann
        .post("/api/sandbox", json!({"target": "Lab"}))
        .await
        .ok(200)
        .text("id");
    let full = format!("/api/runners/{}/full", machine.id);
    for key in ["proxyApiKey", "sshGatewayApiKey"] {
        let (near, far) = (plane.client(&lab.text(key)), plane.client(&other.text(key)));
        for path in [
            &full,
            &format!("/api/runners/by-sandbox/{sandbox}"),
            &format!("/api/sandbox/{sandbox}"),
        ] {
            near.get(path).await.ok(200);
            far.get(path).await.ok(404);
        }
        assert_eq!(near.get(&full).await.text("apiKey"), "", "only a hash is kept");
    }
    let of = async |it: &crate::plane::Answer| {
        let found = plane
            .client(&it.text("proxyApiKey"))
            .get("/api/runners/by-snapshot-ref?ref=sandbar")
            .await;
        found.ok(200).json.as_array().map(Vec::len)
    };
    assert_eq!((of(&lab).await, of(&other).await), (Some(1), Some(0)));
}
