//! Settings, sizes, forks and lists of sandboxes.

use crate::machine::Machine;
use crate::plane::{Client, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

async fn lab() -> (Arc<Plane>, Client, Machine) {
    let plane = start(&[]).await;
    let ann = stranger(&plane, "ann").await;
    let id = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    let machine = Machine::start(&plane, &ann, &id, "m1", 32).await;
    (plane, ann, machine)
}

/// The newest job of this kind that the machine was given.
async fn told(machine: &Machine, kind: &str) -> Value {
    for _ in 0..100 {
        if let Some(job) = machine.done().iter().rev().find(|job| job["type"] == kind) {
            return serde_json::from_str(job["payload"].as_str().unwrap_or_default()).expect("a payload");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("no {kind} among {:?}", machine.done());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runner_is_told_of_sizes_and_networks() {
    let (_plane, ann, machine) = lab().await;
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200);
    let body = json!({"networkAllowList": "10.0.0.0/8", "domainAllowList": "example.com"});
    let seen = ann.post("/api/sandbox/box/network-settings", body).await.ok(200).json;
    assert_eq!(seen["networkAllowList"], "10.0.0.0/8");
    let payload = told(&machine, "UPDATE_SANDBOX").await;
    assert_eq!(
        (&payload["networkAllowList"], &payload["generation"]),
        (&json!("10.0.0.0/8"), &json!(2))
    );
    ann.post("/api/sandbox/box/network-settings", json!({"networkAllowList": "all"}))
        .await
        .ok(400);

    ann.post("/api/sandbox/box/resize", json!({"cpu": 1})).await.ok(400);
    ann.post("/api/sandbox/box/resize", json!({"disk": 9})).await.ok(400);
    let seen = ann
        .post("/api/sandbox/box/resize", json!({"cpu": 2, "memory": 4}))
        .await
        .ok(200)
        .json;
    assert_eq!(
        (&seen["cpu"], &seen["memory"], &seen["state"]),
        (&json!(2), &json!(4), &json!("started"))
    );
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(200);
    ann.post("/api/sandbox/box/resize", json!({"disk": 9})).await.ok(200);
    ann.post("/api/sandbox/box/resize", json!({"disk": 3})).await.ok(400);
    let seen = ann.post("/api/sandbox/box/start", Value::Null).await.ok(200).json;
    assert_eq!((&seen["disk"], &seen["state"]), (&json!(9), &json!("started")));
    let payload = told(&machine, "START_SANDBOX").await;
    assert_eq!((&payload["storageQuota"], &payload["cpuQuota"]), (&json!(9), &json!(2)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fork_is_made_where_its_parent_is() {
    let (plane, ann, machine) = lab().await;
    let region = ann.get("/api/regions").await.ok(200).json[0]["id"]
        .as_str()
        .unwrap_or_default()
        .to_owned();
    for name in ["m2", "m3"] {
        Machine::start(&plane, &ann, &region, name, 32).await;
    }
    let parent = loop {
        let made = ann
            .post("/api/sandbox", json!({"target": "Lab", "labels": {"a": "b"}}))
            .await
            .ok(200);
        if made.text("runnerId") == machine.id {
            break made;
        }
    };
    let (id, path) = (parent.text("id"), format!("/api/sandbox/{}", parent.text("id")));
    for _ in 0..4 {
        let child = ann.post(&format!("{path}/fork"), json!({})).await.ok(200);
        assert_eq!(
            (child.text("runnerId"), child.text("state")),
            (machine.id.clone(), "started".into())
        );
        assert_eq!(child.json["labels"], json!({"a": "b"}));
    }
    assert_eq!(told(&machine, "CREATE_SANDBOX").await["parent"], json!(id));
    let children = ann.get(&format!("{path}/forks")).await.ok(200).json;
    assert_eq!(children.as_array().map(Vec::len), Some(4));
    let child = children[0]["id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(
        ann.get(&format!("/api/sandbox/{child}/parent"))
            .await
            .ok(200)
            .text("id"),
        id
    );
    let grandchild = ann
        .post(&format!("/api/sandbox/{child}/fork"), json!({"name": "young"}))
        .await
        .ok(200);
    let line = ann
        .get(&format!("/api/sandbox/{}/ancestors", grandchild.text("name")))
        .await
        .ok(200)
        .json;
    let line: Vec<_> = line
        .as_array()
        .into_iter()
        .flatten()
        .map(|it| it["id"].clone())
        .collect();
    assert_eq!(line, [json!(child), json!(id)]);
    ann.get(&format!("{path}/parent")).await.ok(404);
    // The parent's files are below the child's, but its record may go.
    ann.delete(&path).await.ok(200);
    ann.get(&format!("/api/sandbox/{child}/parent")).await.ok(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_delete_is_heard_in_every_state() {
    let (_plane, ann, machine) = lab().await;
    machine.answers(false);
    let create = {
        let ann = ann.clone();
        tokio::spawn(async move { ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"})).await })
    };
    told(&machine, "CREATE_SANDBOX").await;
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).text("state"), "creating");
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(409);
    machine.answers(true);
    ann.delete("/api/sandbox/box").await.ok(200);
    ann.get("/api/sandbox/box").await.ok(404);
    create.await.expect("no panic").ok(409);
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_filtered_sorted_and_come_in_pages() {
    let (_plane, ann, _machine) = lab().await;
    for (name, cpu) in [("a1", 1), ("a2", 3), ("b1", 2)] {
        let body =
            json!({"target": "Lab", "name": name, "cpu": cpu, "labels": {"kind": &name[..1]}, "public": name == "a1"});
        ann.post("/api/sandbox", body).await.ok(200);
    }
    ann.post("/api/sandbox/b1/stop", Value::Null).await.ok(200);
    let names = async |query: &str| {
        let page = ann.get(&format!("/api/sandbox?{query}")).await.ok(200).json;
        let items = page["items"].as_array().cloned().unwrap_or_default();
        items
            .iter()
            .map(|it| it["name"].as_str().unwrap_or_default().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(names("sort=cpu&order=desc").await, ["a2", "b1", "a1"]);
    assert_eq!(names("sort=name&order=asc&name=A").await, ["a1", "a2"]);
    assert_eq!(names("sort=name&order=asc&minCpu=1.5&maxCpu=3").await, ["a2", "b1"]);
    assert_eq!(names("isPublic=true").await, ["a1"]);
    assert_eq!(names("states=stopped").await, ["b1"]);
    assert_eq!(
        names("sort=name&order=asc&states=stopped&states=started").await,
        ["a1", "a2", "b1"]
    );
    assert_eq!(names("labels=%7B%22kind%22%3A%22b%22%7D").await, ["b1"]);
    assert_eq!(names("regionIds=us").await, Vec::<String>::new());
    assert_eq!(names("createdAtAfter=2999-01-01T00:00:00Z").await, Vec::<String>::new());
    let (mut seen, mut query) = (Vec::new(), "sort=memoryGib&order=asc&limit=1".to_owned());
    loop {
        let page = ann.get(&format!("/api/sandbox?{query}")).await.ok(200).json;
        seen.extend(
            page["items"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|it| it["name"].clone()),
        );
        match page["nextCursor"].as_str() {
            Some(cursor) => query = format!("sort=memoryGib&order=asc&limit=1&cursor={cursor}"),
            None => break,
        }
    }
    assert_eq!(seen.len(), 3, "{seen:?}");
    let page = ann.get("/api/sandbox/paginated?limit=2&page=2").await.ok(200).json;
    assert_eq!(
        (
            &page["total"],
            &page["totalPages"],
            page["items"].as_array().map(Vec::len)
        ),
        (&json!(3), &json!(2), Some(1))
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn runners_speak_the_documented_protocol_too() {
    let (plane, ann, machine) = lab().await;
    let id = ann
        .post("/api/sandbox", json!({"target": "Lab"}))
        .await
        .ok(200)
        .text("id");
    let runner = plane.client(&machine.token);
    let own = runner
        .get("/api/sandbox/for-runner?states=started&skipReconcilingSandboxes=true")
        .await
        .ok(200)
        .json;
    assert_eq!(own[0]["id"], json!(id));
    assert_eq!(
        runner
            .get(&format!("/api/jobs/{id}.1.create"))
            .await
            .ok(200)
            .text("status"),
        "COMPLETED"
    );
    runner
        .post(&format!("/api/jobs/{id}.1.create/status"), json!({"status": "FAILED"}))
        .await
        .ok(409);
    runner.get("/api/jobs/nonsense").await.ok(404);
    assert_eq!(
        runner.get("/api/jobs?status=IN_PROGRESS").await.ok(200).json["total"],
        0
    );
    let body = json!({"state": "error", "errorReason": "out of memory", "recoverable": true});
    runner.put(&format!("/api/sandbox/{id}/state"), body).await.ok(200);
    let seen = ann.get(&format!("/api/sandbox/{id}")).await.ok(200);
    assert_eq!(
        (seen.text("state"), seen.text("errorReason")),
        ("error".into(), "out of memory".into())
    );
    runner
        .put(&format!("/api/sandbox/{id}/state"), json!({"state": "started"}))
        .await
        .ok(400);
    let back = ann
        .post(&format!("/api/sandbox/{id}/recover"), Value::Null)
        .await
        .ok(200);
    assert_eq!(back.text("state"), "started");
    ann.post(&format!("/api/sandbox/{id}/recover"), Value::Null)
        .await
        .ok(400);
    runner
        .post("/api/runners/healthcheck", crate::machine::health(32, 64, 320))
        .await
        .ok(200);
    runner
        .post("/api/runners/healthcheck", json!({"appVersion": "1"}))
        .await
        .ok(400);
}
