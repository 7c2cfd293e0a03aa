//! Volumes: made, listed, mounted where they are, removed.

use crate::machine::Machine;
use crate::regions::stranger;
use crate::snapshots::{lab, payload};
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn volumes_are_made_found_listed_and_removed() {
    let (plane, ann, ..) = lab(&[]).await;
    let made = ann.post("/api/volumes", json!({"name": "data"})).await.ok(200).json;
    assert_eq!((&made["name"], &made["state"]), (&json!("data"), &json!("ready")));
    let id = made["id"].as_str().expect("an id").to_owned();
    let unnamed = ann.post("/api/volumes", json!({})).await.ok(200).json;
    assert_eq!(unnamed["name"], unnamed["id"]);
    ann.post("/api/volumes", json!({"name": "data"})).await.ok(400);
    ann.post("/api/volumes", json!({"name": "<b>"})).await.ok(400);
    for path in [format!("/api/volumes/{id}"), "/api/volumes/by-name/data".to_owned()] {
        assert_eq!(ann.get(&path).await.ok(200).json, made);
    }
    ann.get("/api/volumes/by-name/none").await.ok(404);
    assert_eq!(
        ann.get("/api/volumes").await.ok(200).json.as_array().map(Vec::len),
        Some(2)
    );
    let eve = stranger(&plane, "eve").await;
    eve.get(&format!("/api/volumes/{id}")).await.ok(404);
    eve.delete(&format!("/api/volumes/{id}")).await.ok(404);
    assert_eq!(eve.get("/api/volumes").await.ok(200).json, json!([]));
    ann.delete(&format!("/api/volumes/{id}")).await.ok(200);
    ann.get("/api/volumes/by-name/data").await.ok(404);
    for number in 1..100 {
        ann.post("/api/volumes", json!({"name": format!("v{number}")}))
            .await
            .ok(200);
    }
    let refused = ann.post("/api/volumes", json!({"name": "more"})).await.ok(400).json;
    assert_eq!(refused["code"], "QUOTA_EXCEEDED");
}

#[tokio::test(flavor = "multi_thread")]
async fn sandboxes_live_where_their_volumes_are() {
    let (plane, ann, m1, region) = lab(&[]).await;
    let m2 = Machine::start(&plane, &ann, &region, "m2", 32).await;
    let volume = ann
        .post("/api/volumes", json!({"name": "data"}))
        .await
        .ok(200)
        .text("id");
    let body = |name: &str| {
        json!({"target": "Lab", "name": name, "volumes": [
            {"volumeId": "data", "mountPath": "/data", "subpath": "a/b"}]})
    };
    let first = ann.post("/api/sandbox", body("first")).await.ok(200).json;
    let shown = json!([{"volumeId": volume, "mountPath": "/data", "subpath": "a/b"}]);
    assert_eq!(first["volumes"], shown);
    for number in 0..6 {
        let next = ann.post("/api/sandbox", body(&format!("n{number}"))).await.ok(200).json;
        assert_eq!(next["runnerId"], first["runnerId"], "beside the first");
    }
    let (home, away) = if first["runnerId"] == json!(m1.id) {
        (&m1, &m2)
    } else {
        (&m2, &m1)
    };
    let told = payload(&home.told("CREATE_SANDBOX").await);
    assert_eq!(
        told["volumes"],
        json!([{"id": volume, "mountPath": "/data", "subpath": "a/b", "readOnly": false, "quotaGib": 10}])
    );
    assert!(ann.get("/api/volumes/by-name/data").await.ok(200).json["lastUsedAt"].is_string());

    // One that is on another machine cannot be mounted beside it.
    let flags = format!("/api/runners/{}/scheduling", home.id);
    ann.patch(&flags, json!({"unschedulable": true})).await.ok(200);
    ann.post("/api/volumes", json!({"name": "far"})).await.ok(200);
    let body_far = json!({"target": "Lab", "name": "far", "volumes": [{"volumeId": "far", "mountPath": "/far"}]});
    assert_eq!(
        ann.post("/api/sandbox", body_far).await.ok(200).json["runnerId"],
        json!(away.id)
    );
    ann.patch(&flags, json!({"unschedulable": false})).await.ok(200);
    let both = json!({"target": "Lab", "volumes": [
        {"volumeId": "data", "mountPath": "/data"}, {"volumeId": "far", "mountPath": "/far"}]});
    let refused = ann.post("/api/sandbox", both).await.ok(400);
    assert!(
        refused.json["message"]
            .as_str()
            .is_some_and(|text| text.contains("different machines"))
    );
    for (volumes, word) in [
        (json!([{"volumeId": "none", "mountPath": "/x"}]), "none"),
        (json!([{"volumeId": "data", "mountPath": "/etc"}]), "/etc"),
        (json!([{"volumeId": "data", "mountPath": "x"}]), "absolute"),
        (
            json!([{"volumeId": "data", "mountPath": "/x", "subpath": "../y"}]),
            "subpath",
        ),
    ] {
        let refused = ann
            .post("/api/sandbox", json!({"target": "Lab", "volumes": volumes}))
            .await
            .ok(400);
        assert!(
            refused.json["message"].as_str().is_some_and(|text| text.contains(word)),
            "{refused:?}"
        );
    }

    // In use, then not.
    ann.delete("/api/volumes/far").await.ok(409);
    ann.delete("/api/sandbox/far").await.ok(200);
    ann.delete("/api/volumes/far").await.ok(200);
    assert_eq!(away.told("REMOVE_VOLUME").await["resourceType"], "VOLUME");
    // Whoever is stopped still has it.
    ann.post("/api/sandbox/first/stop", Value::Null).await.ok(200);
    for number in 0..6 {
        ann.delete(&format!("/api/sandbox/n{number}")).await.ok(200);
    }
    ann.delete("/api/volumes/data").await.ok(409);
}
