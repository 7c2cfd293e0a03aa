//! Backups, archives, restores: by the user, by time, and after the loss of a machine.

use crate::machine::{Machine, health, manifest};
use crate::snapshots::{lab, payload};
use serde_json::{Value, json};
use std::time::Duration;

async fn stopped(ann: &crate::plane::Client, name: &str) -> Value {
    ann.post("/api/sandbox", json!({"target": "Lab", "name": name}))
        .await
        .ok(200);
    ann.post(&format!("/api/sandbox/{name}/stop"), Value::Null)
        .await
        .ok(200)
        .json
}

/// Waits until a sandbox is in this state.
async fn until(ann: &crate::plane::Client, name: &str, field: &str, want: &str) -> Value {
    let mut seen = Value::Null;
    for _ in 0..200 {
        seen = ann.get(&format!("/api/sandbox/{name}")).await.ok(200).json;
        if seen[field] == want {
            return seen;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("{name} never had {field} {want}: {seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_archived_sandbox_is_on_no_machine_and_starts_on_any() {
    let (plane, ann, m1, region) = lab(&[]).await;
    let before = stopped(&ann, "box").await;
    let asked = ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200).json;
    assert!(
        ["archiving", "archived"].contains(&asked["state"].as_str().unwrap_or_default()),
        "{asked}"
    );
    let seen = until(&ann, "box", "state", "archived").await;
    assert_eq!(
        (&seen["runnerId"], &seen["backupState"], &seen["desiredState"]),
        (&Value::Null, &json!("Completed"), &json!("archived"))
    );
    assert!(seen["backupCreatedAt"].is_string());
    // Its machine's room is free, and what is left there is disowned.
    let runner = ann.get(&format!("/api/runners/{}", m1.id)).await.ok(200).json;
    assert_eq!(runner["sold"]["diskGiB"], 0, "{runner}");
    let told = json!([{"sandboxId": before["id"], "generation": 2, "state": "stopped"}]);
    let answer = m1.report(told, None).await.ok(200).json;
    assert_eq!(answer["disowned"][0]["sandboxId"], before["id"]);

    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(400);
    assert_eq!(
        ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200).json["state"],
        "archived"
    );
    let flags = format!("/api/runners/{}/scheduling", m1.id);
    ann.patch(&flags, json!({"unschedulable": true})).await.ok(200);
    let m2 = Machine::start(&plane, &ann, &region, "m2", 8).await;
    let started = ann.post("/api/sandbox/box/start", Value::Null).await.ok(200).json;
    assert_eq!(
        (&started["state"], &started["runnerId"], &started["backupState"]),
        (&json!("started"), &json!(m2.id), &json!("None"))
    );
    let told = payload(&m2.told("CREATE_SANDBOX").await);
    let id = format!("backup-{}", before["id"].as_str().unwrap_or_default());
    assert_eq!(told["image"], json!({"id": id, "manifest": manifest()}));
    // An archived one can be deleted like any other.
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(200);
    ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200);
    until(&ann, "box", "state", "archived").await;
    ann.delete("/api/sandbox/box").await.ok(200);
    ann.get("/api/sandbox/box").await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_archived_says_why_and_what_fails_is_stopped_as_before() {
    let (_plane, ann, machine, _) = lab(&[]).await;
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "on"}))
        .await
        .ok(200);
    ann.post("/api/sandbox/on/archive", Value::Null).await.ok(400);
    ann.post("/api/sandbox/none/archive", Value::Null).await.ok(404);
    stopped(&ann, "box").await;
    machine.fails_tasks(true);
    ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200);
    let seen = until(&ann, "box", "backupState", "Error").await;
    assert_eq!(
        (&seen["state"], &seen["desiredState"]),
        (&json!("stopped"), &json!("stopped"))
    );
    assert!(
        seen["errorReason"]
            .as_str()
            .is_some_and(|text| text.contains("no disk left")),
        "{seen}"
    );
    machine.fails_tasks(false);
    assert_eq!(
        ann.post("/api/sandbox/box/start", Value::Null).await.ok(200).json["state"],
        "started"
    );
    // It goes on where it was: no restore.
    assert_eq!(machine.told("START_SANDBOX").await["resourceType"], "SANDBOX");
    // While it is archiving, nothing else.
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(200);
    machine.answers(false);
    ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200);
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).json["state"], "archiving");
    ann.post("/api/sandbox/box/start", Value::Null).await.ok(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_is_of_a_moment() {
    let (_plane, ann, machine, _) = lab(&[]).await;
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200);
    let asked = ann.post("/api/sandbox/box/backup", Value::Null).await.ok(200).json;
    assert!(
        ["InProgress", "Completed"].contains(&asked["backupState"].as_str().unwrap_or_default()),
        "{asked}"
    );
    let seen = until(&ann, "box", "backupState", "Completed").await;
    assert_eq!(
        (&seen["state"], &seen["runnerId"]),
        (&json!("started"), &json!(machine.id))
    );
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(200);
    let again = ann.post("/api/sandbox/box/start", Value::Null).await.ok(200).json;
    assert_eq!(again["backupState"], "None");
    assert_eq!(again["backupCreatedAt"], seen["backupCreatedAt"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_draining_machine_is_left_with_a_backup_and_never_without() {
    let (plane, ann, m1, region) = lab(&[]).await;
    stopped(&ann, "kept").await;
    stopped(&ann, "bare").await;
    ann.post("/api/sandbox/kept/backup", Value::Null).await.ok(200);
    until(&ann, "kept", "backupState", "Completed").await;
    let drain = format!("/api/runners/{}/draining", m1.id);
    ann.patch(&drain, json!({"draining": true})).await.ok(200);
    // Nowhere else is room: better there than nowhere.
    assert_eq!(
        ann.post("/api/sandbox/bare/start", Value::Null).await.ok(200).json["runnerId"],
        json!(m1.id)
    );
    let m2 = Machine::start(&plane, &ann, &region, "m2", 8).await;
    let moved = ann.post("/api/sandbox/kept/start", Value::Null).await.ok(200).json;
    assert_eq!(
        (&moved["runnerId"], &moved["state"]),
        (&json!(m2.id), &json!("started"))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_machine_gives_up_what_has_a_backup_and_takes_the_rest_along() {
    let fast = [
        ("report_every", "50"),
        ("suspect_after", "200"),
        ("disconnected_after", "400"),
        ("lost_after", "800"),
        ("runner_lease", "300"),
    ];
    let (plane, ann, m1, region) = lab(&fast).await;
    let kept = stopped(&ann, "kept").await;
    stopped(&ann, "bare").await;
    ann.post("/api/sandbox/kept/backup", Value::Null).await.ok(200);
    let backup = until(&ann, "kept", "backupState", "Completed").await;
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    plane.tick().await;
    let bare = ann.get("/api/sandbox/bare").await.ok(200).json;
    assert_eq!((&bare["state"], &bare["recoverable"]), (&json!("error"), &json!(false)));
    let seen = ann.get("/api/sandbox/kept").await.ok(200).json;
    assert_eq!((&seen["state"], &seen["recoverable"]), (&json!("error"), &json!(true)));
    let time = backup["backupCreatedAt"].as_str().expect("a time");
    assert!(
        seen["errorReason"].as_str().is_some_and(|text| text.contains(time)),
        "{seen}"
    );
    ann.post("/api/sandbox/bare/start", Value::Null).await.ok(400);

    let m2 = Machine::start(&plane, &ann, &region, "m2", 8).await;
    let started = ann.post("/api/sandbox/kept/start", Value::Null).await.ok(200).json;
    assert_eq!(
        (&started["runnerId"], &started["state"], &started["backupCreatedAt"]),
        (&json!(m2.id), &json!("started"), &json!(time))
    );
    // The machine comes back: what it has of the moved one is disowned, the other is as it was.
    let told = json!([
        {"sandboxId": kept["id"], "generation": 2, "state": "stopped"},
        {"sandboxId": bare["id"], "generation": 2, "state": "stopped"},
    ]);
    let answer = m1.report(told, Some(health(32, 64, 320))).await.ok(200).json;
    assert_eq!(answer["disowned"].as_array().map(Vec::len), Some(1), "{answer}");
    assert_eq!(answer["disowned"][0]["sandboxId"], kept["id"]);
    assert_eq!(ann.get("/api/sandbox/bare").await.ok(200).json["state"], "stopped");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_of_a_lost_machine_fails_and_holds_nobody_up() {
    let fast = [
        ("report_every", "50"),
        ("suspect_after", "200"),
        ("disconnected_after", "400"),
        ("lost_after", "800"),
        ("runner_lease", "300"),
    ];
    let (plane, ann, m1, _) = lab(&fast).await;
    stopped(&ann, "box").await;
    m1.answers(false);
    ann.post("/api/sandbox/box/archive", Value::Null).await.ok(200);
    tokio::time::sleep(Duration::from_millis(1_000)).await;
    plane.tick().await;
    let seen = ann.get("/api/sandbox/box").await.ok(200).json;
    assert_eq!(seen["backupState"], "Error", "{seen}");
    assert_ne!(seen["state"], "archiving", "{seen}");
}
