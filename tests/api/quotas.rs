//! Limits and totals: where they hold, what they say, and that usage is what there is.

use crate::machine::Machine;
use crate::plane::start;
use crate::regions::stranger;
use serde_json::{Value, json};

#[tokio::test(flavor = "multi_thread")]
async fn totals_hold_in_shared_regions_and_not_in_custom_ones() {
    let plane = start(&[]).await;
    let operator = plane.operator();
    Machine::start(&plane, &operator, "us", "m1", 64).await;
    let ann = stranger(&plane, "ann").await;
    let id = ann.get("/api/users/me").await.ok(200).text("organizationId");
    // The documented total of the default region is 10 CPUs, 10 GiB of memory, 30 of disk.
    for _ in 0..2 {
        ann.post("/api/sandbox", json!({"cpu": 4})).await.ok(200);
    }
    let refused = ann.post("/api/sandbox", json!({"cpu": 4})).await.ok(400);
    assert_eq!(refused.text("code"), "QUOTA_EXCEEDED");
    let text = refused.text("message");
    assert!(text.contains("CPU") && text.contains("10"), "{text}");
    let limit = ann
        .post("/api/sandbox", json!({"cpu": 5}))
        .await
        .ok(400)
        .text("message");
    assert!(limit.contains('5') && limit.contains('4'), "{limit}");

    let usage = ann.get(&format!("/api/organizations/{id}/usage")).await.ok(200).json;
    let us = &usage["regionUsage"][0];
    assert_eq!(
        (&us["regionId"], &us["totalCpuQuota"], &us["currentCpuUsage"]),
        (&json!("us"), &json!(10), &json!(8))
    );
    // What is stopped gives CPU and memory back, and keeps its disk.
    let listed = ann.get("/api/sandbox").await.ok(200).json;
    let first = listed["items"][0]["id"].as_str().unwrap_or_default().to_owned();
    ann.post(&format!("/api/sandbox/{first}/stop"), Value::Null)
        .await
        .ok(200);
    let usage = ann.get(&format!("/api/organizations/{id}/usage")).await.ok(200).json;
    let us = &usage["regionUsage"][0];
    assert_eq!(
        (&us["currentCpuUsage"], &us["currentDiskUsage"]),
        (&json!(4), &json!(6)),
        "{usage}"
    );
    ann.post("/api/sandbox", json!({"cpu": 4})).await.ok(200);
    let refused = ann
        .post(&format!("/api/sandbox/{first}/start"), Value::Null)
        .await
        .ok(400);
    assert_eq!(refused.text("code"), "QUOTA_EXCEEDED");

    let lab = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    Machine::start(&plane, &ann, &lab, "m1", 64).await;
    for _ in 0..4 {
        ann.post("/api/sandbox", json!({"cpu": 4, "target": "Lab"}))
            .await
            .ok(200);
    }
    ann.post("/api/sandbox", json!({"cpu": 5, "target": "Lab"}))
        .await
        .ok(400);
    let broken = operator.get("/api/admin/invariants").await.ok(200).json;
    assert_eq!(broken, json!({"broken": []}));
}

#[tokio::test(flavor = "multi_thread")]
async fn another_shared_region_needs_a_row() {
    let plane = start(&[]).await;
    let operator = plane.operator();
    Machine::start(&plane, &operator, "eu", "m1", 64).await;
    let ann = stranger(&plane, "ann").await;
    let id = ann.get("/api/users/me").await.ok(200).text("organizationId");
    ann.post("/api/sandbox", json!({"target": "eu"})).await.ok(403);
    let path = format!("/api/admin/organizations/{id}/quota/eu");
    ann.post(&path, json!({"totalCpuQuota": 1})).await.ok(403);
    operator.post(&path, json!({"totalCpuQuota": 1})).await.ok(201);
    operator.post(&path, json!({"totalCpuQuota": 1})).await.ok(409);
    let made = ann
        .post("/api/sandbox", json!({"target": "eu"}))
        .await
        .ok(200)
        .text("id");
    ann.post("/api/sandbox", json!({"target": "eu"})).await.ok(400);
    operator.patch(&path, json!({"totalCpuQuota": 3})).await.ok(204);
    ann.post("/api/sandbox", json!({"target": "eu"})).await.ok(200);
    let row = operator.get(&format!("{path}/wasm")).await.ok(200).json;
    assert_eq!(
        (&row["totalCpuQuota"], &row["totalMemoryQuota"]),
        (&json!(3), &json!(10))
    );
    assert_eq!(
        ann.get(&format!("/api/sandbox/{made}/region-quota")).await.ok(200).json["totalCpuQuota"],
        3
    );

    ann.post(&format!("/api/sandbox/{made}/resize"), json!({"cpu": 3}))
        .await
        .ok(400);
    let resized = ann
        .post(&format!("/api/sandbox/{made}/resize"), json!({"cpu": 2}))
        .await
        .ok(200)
        .json;
    assert_eq!(resized["cpu"], 2, "{resized}");
    operator.delete(&format!("{path}/wasm")).await.ok(204);
    ann.post("/api/sandbox", json!({"target": "eu"})).await.ok(403);
    operator
        .patch(
            &format!("/api/organizations/{id}/quota"),
            json!({"maxCpuPerSandbox": 1}),
        )
        .await
        .ok(204);
    ann.post("/api/sandbox", json!({"cpu": 2})).await.ok(400);
}
