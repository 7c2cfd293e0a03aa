//! What time brings about: verdicts, lost machines and their return, draining, intervals.

use crate::machine::{Machine, health};
use crate::plane::{Client, Plane, start};
use crate::regions::stranger;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;

/// Silence is short here.
const FAST: [(&str, &str); 5] = [
    ("report_every", "50"),
    ("suspect_after", "200"),
    ("disconnected_after", "400"),
    ("lost_after", "800"),
    ("runner_lease", "300"),
];

async fn lab(plane: &Arc<Plane>) -> (Client, String) {
    let ann = stranger(plane, "ann").await;
    let id = ann
        .post("/api/regions", json!({"name": "Lab"}))
        .await
        .ok(201)
        .text("id");
    (ann, id)
}

async fn silence() {
    tokio::time::sleep(Duration::from_millis(1_000)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_create_does_not_wait_for_a_machine_that_has_just_died() {
    let plane = start(&FAST).await;
    let (ann, lab) = lab(&plane).await;
    let dead = Machine::start(&plane, &ann, &lab, "m1", 64).await;
    dead.answers(false);
    let begun = std::time::Instant::now();
    let asked = {
        let ann = ann.clone();
        tokio::spawn(async move { ann.post("/api/sandbox", json!({"target": "Lab"})).await })
    };
    dead.told("CREATE_SANDBOX").await;
    let other = Machine::start(&plane, &ann, &lab, "m2", 8).await;
    // It goes on reporting, as machines do.
    let beat = tokio::spawn({
        let (plane, token) = (Arc::clone(&plane), other.token.clone());
        async move {
            let client = plane.client(&token);
            loop {
                let body = json!({"observations": [], "health": health(8, 16, 80)});
                client.post("/api/runners/report", body).await;
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    });
    silence().await;
    plane.tick().await;
    let made = asked.await.expect("an answer").ok(200);
    beat.abort();
    assert_eq!(made.text("runnerId"), other.id);
    assert!(begun.elapsed() < Duration::from_secs(10), "{:?}", begun.elapsed());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_machine_says_so_and_comes_back_with_its_sandboxes() {
    let plane = start(&FAST).await;
    let (ann, lab) = lab(&plane).await;
    let machine = Machine::start(&plane, &ann, &lab, "m1", 8).await;
    let kept = ann
        .post("/api/sandbox", json!({"target": "Lab", "name": "kept"}))
        .await
        .ok(200)
        .text("id");
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "gone"}))
        .await
        .ok(200);
    silence().await;
    plane.tick().await;
    let runner = format!("/api/runners/{}", machine.id);
    let seen = ann.get(&runner).await.ok(200).json;
    assert_eq!(
        (&seen["verdict"]["name"], &seen["state"]),
        (&json!("lost"), &json!("disabled"))
    );
    let seen = ann.get("/api/sandbox/kept").await.ok(200).json;
    assert_eq!((&seen["state"], &seen["recoverable"]), (&json!("error"), &json!(false)));
    assert!(
        seen["errorReason"].as_str().is_some_and(|text| text.contains("m1")),
        "{seen}"
    );
    ann.post("/api/sandbox/kept/recover", Value::Null).await.ok(400);
    // Whoever no longer wants it is not kept waiting for the machine.
    machine.answers(false);
    ann.delete("/api/sandbox/gone").await.ok(200);
    plane.tick().await;
    ann.get("/api/sandbox/gone").await.ok(404);

    let alive = json!([{"sandboxId": kept, "generation": 1, "state": "started"}]);
    machine.report(alive, Some(health(8, 16, 80))).await.ok(200);
    assert_eq!(ann.get("/api/sandbox/kept").await.ok(200).text("state"), "started");
    plane.tick().await;
    assert_eq!(ann.get(&runner).await.ok(200).json["state"], "ready");
    let metrics = plane.client("").get("/metrics").await.ok(200).json.to_string();
    for part in [
        "sandbar_runner_verdict_changes_total",
        "sandbar_region_allocated_cpu_cores",
        "sandbar_creates_total",
    ] {
        assert!(metrics.contains(part), "no {part}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_brake_lets_nobody_be_called_lost_when_a_region_goes_silent_at_once() {
    let plane = start(&FAST).await;
    let (ann, lab) = lab(&plane).await;
    for name in ["m1", "m2", "m3"] {
        Machine::start(&plane, &ann, &lab, name, 8).await;
    }
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200);
    silence().await;
    plane.tick().await;
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).text("state"), "started");
    let runners = ann.get("/api/runners").await.ok(200).json;
    for runner in runners.as_array().into_iter().flatten() {
        assert_eq!(
            runner["verdict"]["since"],
            Value::Null,
            "acted upon in spite of the brake: {runner}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn draining_stops_what_is_started_only_if_asked() {
    let plane = start(&[]).await;
    let (ann, lab) = lab(&plane).await;
    let machine = Machine::start(&plane, &ann, &lab, "m1", 8).await;
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200);
    let path = format!("/api/runners/{}/draining", machine.id);
    let state = async || ann.get("/api/sandbox/box").await.ok(200).text("state");
    ann.patch(&path, json!({"draining": true})).await.ok(200);
    ann.post("/api/sandbox", json!({"target": "Lab"})).await.ok(400);
    plane.tick().await;
    assert_eq!(state().await, "started");
    let seen = ann
        .patch(&path, json!({"draining": true, "stopStarted": true}))
        .await
        .ok(200)
        .json;
    assert_eq!((&seen["draining"], &seen["drainStarted"]), (&json!(true), &json!(true)));
    plane.tick().await;
    for _ in 0..100 {
        if state().await == "stopped" {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(state().await, "stopped");
    ann.delete("/api/sandbox/box").await.ok(200);
    let seen = ann.get(&format!("/api/runners/{}", machine.id)).await.ok(200).json;
    assert_eq!(seen["state"], "decommissioned", "{seen}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stopped_goes_when_its_interval_is_over() {
    let plane = start(&[]).await;
    let (ann, lab) = lab(&plane).await;
    Machine::start(&plane, &ann, &lab, "m1", 8).await;
    ann.post("/api/sandbox", json!({"target": "Lab", "name": "box"}))
        .await
        .ok(200);
    ann.post("/api/sandbox/box/stop", Value::Null).await.ok(200);
    plane.tick().await;
    assert_eq!(ann.get("/api/sandbox/box").await.ok(200).text("state"), "stopped");
    ann.post("/api/sandbox/box/autodelete/0", Value::Null).await.ok(200);
    for _ in 0..100 {
        plane.tick().await;
        if ann.get("/api/sandbox/box").await.status == 404 {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("still there: {:?}", ann.get("/api/sandbox/box").await);
}

#[tokio::test(flavor = "multi_thread")]
async fn ticks_are_for_fronts_and_any_number_may_ask() {
    let plane = start(&[]).await;
    plane.operator().post("/api/internal/tick", Value::Null).await.ok(404);
    let fronts: Vec<_> = (0..8)
        .map(|_| {
            tokio::spawn({
                let plane = Arc::clone(&plane);
                async move { plane.tick().await.status }
            })
        })
        .collect();
    for each in fronts {
        assert_eq!(each.await.expect("no panic"), 200);
    }
}
