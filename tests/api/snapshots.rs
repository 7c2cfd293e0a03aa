//! Snapshots: made of sandboxes, listed, switched, removed, and sandboxes made of them.

use crate::machine::{Machine, manifest};
use crate::plane::{Client, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;

/// A plane with a region of a stranger's and a machine in it.
pub async fn lab(variables: &[(&str, &str)]) -> (Arc<Plane>, Client, Machine, String) {
    let plane = start(variables).await;
    let ann = stranger(&plane, "ann").await;
    let region = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    let machine = Machine::start(&plane, &ann, &region, "m1", 32).await;
    (plane, ann, machine, region)
}

/// What a job tells its runner.
pub fn payload(job: &Value) -> Value {
    serde_json::from_str(job["payload"].as_str().unwrap_or_default()).expect("a payload")
}

async fn sandbox(ann: &Client, name: &str) -> String {
    let body = json!({"target": "Lab", "name": name, "cpu": 2, "memory": 3, "disk": 4});
    ann.post("/api/sandbox", body).await.ok(200).text("id")
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_of_a_sandbox_is_what_others_are_made_of() {
    let (_plane, ann, machine, region) = lab(&[]).await;
    let id = sandbox(&ann, "box").await;
    let seen = ann
        .post("/api/sandbox/box/snapshot", json!({"name": "org/app:1"}))
        .await
        .ok(200)
        .json;
    assert_eq!((&seen["id"], &seen["state"]), (&json!(id), &json!("started")));
    let job = machine.told("SNAPSHOT_SANDBOX").await;
    assert_eq!(
        (&job["resourceType"], &payload(&job)["sandboxId"]),
        (&json!("SNAPSHOT"), &json!(id))
    );

    let made = ann.get("/api/snapshots/org%2Fapp:1").await.ok(200).json;
    let want = json!({
        "general": false, "name": "org/app:1", "state": "active", "size": 1.0, "cpu": 2, "mem": 3, "disk": 4, "gpu": 0,
        "sourceSandboxId": id, "regionIds": [region], "ref": manifest(), "initialRunnerId": machine.id,
        "sandboxClass": "wasm", "errorReason": null, "lastUsedAt": null, "entrypoint": null,
    });
    for (field, value) in want.as_object().expect("an object") {
        assert_eq!(&made[field], value, "{field} of {made}");
    }
    assert_eq!(job["resourceId"], made["id"]);

    // Of the size of the snapshot, on whichever runner, with its digest.
    let child = ann
        .post("/api/sandbox", json!({"target": "Lab", "snapshot": "org/app:1"}))
        .await
        .ok(200)
        .json;
    assert_eq!(
        (&child["snapshot"], &child["cpu"], &child["memory"], &child["disk"]),
        (&json!("org/app:1"), &json!(2), &json!(3), &json!(4))
    );
    let told = payload(&machine.told("CREATE_SANDBOX").await);
    assert_eq!(told["image"], json!({"id": made["id"], "manifest": manifest()}));
    assert!(
        ann.get("/api/snapshots/org%2Fapp:1").await.ok(200).json["lastUsedAt"].is_string(),
        "it was used"
    );
    let by_id = made["id"].as_str().expect("an id");
    let body = json!({"target": "Lab", "snapshot": by_id, "cpu": 1});
    assert_eq!(ann.post("/api/sandbox", body).await.ok(200).json["cpu"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_snapshotted_is_refused_and_what_fails_leaves_nothing() {
    let (plane, ann, machine, _) = lab(&[]).await;
    let id = sandbox(&ann, "box").await;
    for (body, status) in [
        (json!({}), 400),
        (json!({"name": "a b"}), 400),
        (json!({"name": "a", "includeMemory": true}), 400),
        (json!({"name": "sandbar"}), 409),
    ] {
        ann.post("/api/sandbox/box/snapshot", body).await.ok(status);
    }
    ann.post("/api/sandbox/none/snapshot", json!({"name": "a"}))
        .await
        .ok(404);

    machine.fails_tasks(true);
    let refused = ann
        .post("/api/sandbox/box/snapshot", json!({"name": "a"}))
        .await
        .ok(400);
    assert!(
        refused.json["message"]
            .as_str()
            .is_some_and(|text| text.contains("no disk left")),
        "{refused:?}"
    );
    let failed = ann.get("/api/snapshots/a").await.ok(200).json;
    assert_eq!(
        (&failed["state"], &failed["errorReason"]),
        (&json!("error"), &json!("no disk left on this machine"))
    );
    // Whatever is left of it on the machine is removed.
    assert_eq!(machine.told("REMOVE_SNAPSHOT").await["resourceId"], failed["id"]);
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).json["state"], "started");
    let body = json!({"target": "Lab", "snapshot": "a"});
    let refused = ann.post("/api/sandbox", body).await.ok(400);
    assert!(
        refused.json["message"]
            .as_str()
            .is_some_and(|text| text.contains("error"))
    );

    // Its name is free, and it counts for nothing.
    machine.fails_tasks(false);
    ann.post("/api/sandbox/box/snapshot", json!({"name": "a"}))
        .await
        .ok(200);
    ann.post("/api/sandbox/box/snapshot", json!({"name": "a"}))
        .await
        .ok(409);
    for number in 1..30 {
        let body = json!({"name": format!("s{number}")});
        ann.post("/api/sandbox/box/snapshot", body).await.ok(200);
    }
    let refused = ann
        .post("/api/sandbox/box/snapshot", json!({"name": "more"}))
        .await
        .ok(403);
    assert!(
        refused.json["message"].as_str().is_some_and(|text| text.contains("30")),
        "{refused:?}"
    );
    ann.delete("/api/snapshots/s1").await.ok(200);
    ann.post("/api/sandbox/box/snapshot", json!({"name": "more"}))
        .await
        .ok(200);

    ann.delete(&format!("/api/sandbox/{id}")).await.ok(200);
    let body = json!({"target": "Lab", "snapshot": "a"});
    ann.post("/api/sandbox", body).await.ok(200);
    let broken = plane.operator().get("/api/admin/invariants").await.ok(200).json;
    assert_eq!(
        broken["broken"].as_array().or(broken.as_array()).map(Vec::len),
        Some(0),
        "{broken}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn snapshots_are_listed_in_pages_switched_and_deleted() {
    let (plane, ann, machine, _) = lab(&[]).await;
    sandbox(&ann, "box").await;
    for name in ["alpha", "beta", "gamma"] {
        ann.post("/api/sandbox/box/snapshot", json!({"name": name}))
            .await
            .ok(200);
    }
    let names = |json: &Value| -> Vec<String> {
        let items = json["items"].as_array().expect("items").iter();
        items
            .map(|it| it["name"].as_str().unwrap_or_default().to_owned())
            .collect()
    };
    let all = ann.get("/api/snapshots?sort=name&order=asc").await.ok(200).json;
    assert_eq!(names(&all), ["alpha", "beta", "gamma", "sandbar"]);
    assert_eq!((&all["total"], &all["totalPages"]), (&json!(4), &json!(1)));
    assert_eq!(all["items"][3]["general"], true);
    let page = ann
        .get("/api/snapshots?sort=name&order=asc&limit=2&page=2")
        .await
        .ok(200)
        .json;
    assert_eq!(names(&page), ["gamma", "sandbar"]);
    let part = ann.get("/api/snapshots?name=ET").await.ok(200).json;
    assert_eq!(names(&part), ["beta"]);
    for query in ["page=0", "limit=0", "limit=201", "sort=color", "order=up"] {
        ann.get(&format!("/api/snapshots?{query}")).await.ok(400);
    }

    ann.post("/api/snapshots/alpha/deactivate", Value::Null).await.ok(204);
    assert_eq!(ann.get("/api/snapshots/alpha").await.ok(200).json["state"], "inactive");
    ann.post("/api/snapshots/alpha/deactivate", Value::Null).await.ok(400);
    let body = json!({"target": "Lab", "snapshot": "alpha"});
    ann.post("/api/sandbox", body.clone()).await.ok(400);
    let again = ann
        .post("/api/snapshots/alpha/activate", Value::Null)
        .await
        .ok(200)
        .json;
    assert_eq!(again["state"], "active");
    ann.post("/api/snapshots/alpha/activate", Value::Null).await.ok(400);
    let kept = ann.post("/api/sandbox", body).await.ok(200).text("id");

    // Gone at once; the machine removes its copy; what was made of it stays.
    let id = ann.get("/api/snapshots/alpha").await.ok(200).text("id");
    ann.delete(&format!("/api/snapshots/{id}")).await.ok(200);
    ann.get("/api/snapshots/alpha").await.ok(404);
    ann.delete(&format!("/api/snapshots/{id}")).await.ok(404);
    assert_eq!(machine.told("REMOVE_SNAPSHOT").await["resourceId"], json!(id));
    ann.get(&format!("/api/sandbox/{kept}")).await.ok(200);

    // The platform's own is everybody's and nobody's.
    for (method, path) in [
        ("DELETE", "/api/snapshots/sandbar"),
        ("POST", "/api/snapshots/sandbar/deactivate"),
    ] {
        ann.send(method, path, Value::Null).await.ok(403);
    }
    let eve = stranger(&plane, "eve").await;
    eve.get("/api/snapshots/beta").await.ok(404);
    eve.delete("/api/snapshots/beta").await.ok(404);
    assert_eq!(names(&eve.get("/api/snapshots").await.ok(200).json), ["sandbar"]);
    assert_eq!(eve.get("/api/snapshots/sandbar").await.ok(200).json["state"], "active");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_is_snapshotting_until_it_is_done_and_only_its_runner_may_say_so() {
    let (plane, ann, machine, region) = lab(&[]).await;
    sandbox(&ann, "box").await;
    machine.answers(false);
    let waiting = {
        let ann = ann.clone();
        tokio::spawn(async move { ann.post("/api/sandbox/box/snapshot", json!({"name": "slow"})).await })
    };
    let job = machine.told("SNAPSHOT_SANDBOX").await;
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).json["state"], "snapshotting");
    assert_eq!(
        ann.get("/api/snapshots/slow").await.ok(200).json["state"],
        "snapshotting"
    );
    ann.post("/api/sandbox/box/snapshot", json!({"name": "other"}))
        .await
        .ok(409);
    // In use by nobody yet.
    ann.post("/api/sandbox", json!({"target": "Lab", "snapshot": "slow"}))
        .await
        .ok(400);

    let other = Machine::start(&plane, &ann, &region, "m2", 8).await;
    other.end(&job).await.ok(404);
    let nonsense = json!({"status": "COMPLETED", "resultMetadata": "{\"manifest\": \"../x\", \"bytes\": 1}"});
    let status = format!("/api/jobs/{}/status", job["id"].as_str().unwrap_or_default());
    plane.client(&machine.token).post(&status, nonsense).await.ok(400);
    machine.end(&job).await.ok(200);
    assert_eq!(waiting.await.expect("an answer").ok(200).json["state"], "started");
    // It has ended, once.
    machine.end(&job).await.ok(404);
    assert_eq!(ann.get("/api/snapshots/slow").await.ok(200).json["state"], "active");
}
