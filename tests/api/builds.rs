//! Snapshots from images, and sandboxes that wait for a build.

use crate::machine::manifest;
use crate::snapshots::{lab, payload};
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test(flavor = "multi_thread")]
async fn an_image_is_built_where_there_is_room() {
    let (_plane, ann, machine, _) = lab(&[]).await;
    let body = json!({"name": "py", "imageName": "python:3.12-slim", "regionId": "Lab", "cpu": 2});
    let asked = ann.post("/api/snapshots", body).await.ok(200).json;
    assert!(
        ["building", "active"].contains(&asked["state"].as_str().unwrap_or_default()),
        "{asked}"
    );
    let job = machine.told("BUILD_SNAPSHOT").await;
    let told = payload(&job);
    assert_eq!((&told["snapshotId"], &told["cpu"]), (&asked["id"], &json!(2)));
    assert!(told["steps"].is_array(), "{told}");
    let mut seen = Value::Null;
    for _ in 0..100 {
        seen = ann.get("/api/snapshots/py").await.ok(200).json;
        if seen["state"] == "active" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        (&seen["state"], &seen["imageName"]),
        (&json!("active"), &json!("python:3.12-slim"))
    );
    let url = ann.get("/api/snapshots/py/build-logs-url").await.ok(200).text("url");
    assert!(url.ends_with(&format!(
        "/snapshots/{}/build-logs",
        seen["id"].as_str().unwrap_or_default()
    )));
    for (body, word) in [
        (json!({"name": "x", "imageName": "python", "regionId": "Lab"}), "tag"),
        (json!({"name": "x", "regionId": "Lab"}), "exactly one"),
        (
            json!({"name": "x", "imageName": "no-such-base:1", "regionId": "Lab"}),
            "no-such-base",
        ),
        (
            json!({"name": "x", "imageName": "python:3.12", "cpu": 99, "regionId": "Lab"}),
            "99",
        ),
    ] {
        let refused = ann.post("/api/snapshots", body).await.ok(400);
        assert!(
            refused.json["message"].as_str().is_some_and(|text| text.contains(word)),
            "{refused:?}"
        );
    }
    let body = json!({"name": "x", "imageName": "python:3.12", "regionId": "nowhere"});
    ann.post("/api/snapshots", body).await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sandbox_waits_for_its_build_and_the_next_one_does_not() {
    let (_plane, ann, machine, _) = lab(&[]).await;
    let build = json!({"dockerfileContent": "FROM python:3.12-slim\nENV A=b\nRUN echo hello\n"});
    let body = |name: &str| json!({"target": "Lab", "name": name, "buildInfo": build, "env": {"C": "d"}, "memory": 2});
    machine.answers(false);
    let first = ann.post("/api/sandbox", body("first")).await.ok(200).json;
    assert_eq!(
        (&first["state"], &first["memory"]),
        (&json!("pending_build"), &json!(2))
    );
    assert_eq!(first["buildInfo"]["dockerfileContent"], build["dockerfileContent"]);
    let job = machine.told("BUILD_SNAPSHOT").await;
    let second = ann.post("/api/sandbox", body("second")).await.ok(200).json;
    assert_eq!(
        (&second["snapshot"], &second["state"]),
        (&first["snapshot"], &json!("pending_build"))
    );
    let url = ann.get("/api/sandbox/first/build-logs-url").await.ok(200).text("url");
    assert!(url.contains(job["resourceId"].as_str().unwrap_or_default()), "{url}");
    machine.answers(true);
    machine.end(&job).await.ok(200);
    for name in ["first", "second"] {
        let mut seen = Value::Null;
        for _ in 0..100 {
            seen = ann.get(&format!("/api/sandbox/{name}")).await.ok(200).json;
            if seen["state"] == "started" {
                break;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        assert_eq!(seen["state"], "started", "{seen}");
        assert_eq!(
            seen["env"],
            json!({"A": "b", "C": "d"}),
            "of the image and of the create"
        );
    }
    let told = payload(&machine.told("CREATE_SANDBOX").await);
    assert_eq!(told["image"]["manifest"], json!(manifest()));
    // The same build is there: started at once, and built once.
    let third = ann.post("/api/sandbox", body("third")).await.ok(200).json;
    assert_eq!(third["state"], "started");
    let builds = machine
        .done()
        .iter()
        .filter(|job| job["type"] == "BUILD_SNAPSHOT")
        .count();
    assert_eq!(builds, 1);
    // It is nobody's snapshot.
    assert_eq!(ann.get("/api/snapshots").await.ok(200).json["total"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failed_build_fails_whoever_waits_and_costs_nothing() {
    let (_plane, ann, machine, _) = lab(&[]).await;
    machine.fails_tasks(true);
    let body =
        json!({"target": "Lab", "name": "box", "buildInfo": {"dockerfileContent": "FROM python:3.12\nRUN false\n"}});
    ann.post("/api/sandbox", body.clone()).await.ok(200);
    let mut seen = Value::Null;
    for _ in 0..100 {
        seen = ann.get("/api/sandbox/box").await.ok(200).json;
        if seen["state"] == "build_failed" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(
        (&seen["state"], &seen["errorReason"], &seen["runnerId"]),
        (
            &json!("build_failed"),
            &json!("no disk left on this machine"),
            &Value::Null
        )
    );
    ann.post("/api/sandbox/box/start", Value::Null).await.ok(409);
    ann.delete("/api/sandbox/box").await.ok(200);
    ann.get("/api/sandbox/box").await.ok(404);
    // The next try builds again.
    machine.fails_tasks(false);
    ann.post("/api/sandbox", body).await.ok(200);
    for text in ["FROM nothing-known:1", "RUN first", ""] {
        let body = json!({"target": "Lab", "buildInfo": {"dockerfileContent": text}});
        ann.post("/api/sandbox", body).await.ok(400);
    }
}
