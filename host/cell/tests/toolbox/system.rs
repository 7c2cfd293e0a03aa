//! `/env`, `/system/metrics`, `/computeruse`.

use crate::client::Client;
use http::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn the_environment_of_later_processes_changes() {
    let client = Client::new().await;
    let set = json!({ "set": { "A": "1", "B": "secret:x" } });
    assert_eq!(
        client.post("/env", &set).await.is_ok(200).json(),
        json!({ "A": "1", "B": "secret:x", "FROM_SANDBOX": "yes" })
    );
    assert_eq!(client.execute("echo $A-$B-$FROM_SANDBOX").await.1, "1-secret:x-yes\n");
    let unset = json!({ "unset": ["FROM_SANDBOX"], "unsetValuePrefix": "secret:" });
    assert_eq!(client.post("/env", &unset).await.is_ok(200).json(), json!({ "A": "1" }));
    assert_eq!(client.execute("echo $A-$B-$FROM_SANDBOX").await.1, "1--\n");
    client
        .post("/env", &json!({ "set": { "1x": "" } }))
        .await
        .is_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_changed_environment_survives_its_cell() {
    let client = Client::new().await;
    client
        .post("/env", &json!({ "set": { "KEPT": "a b" }, "unset": ["FROM_SANDBOX"] }))
        .await
        .is_ok(200);
    client
        .send(Method::POST, "/sandboxes/s/stop", "text/plain", "")
        .await
        .is_ok(204);
    let next = client.next_life().await;
    // A further change builds on the one before.
    let more = next.post("/env", &json!({ "set": { "MORE": "1" } })).await;
    assert_eq!(more.is_ok(200).json(), json!({ "KEPT": "a b", "MORE": "1" }));
    assert_eq!(next.execute("echo $KEPT-$MORE-$FROM_SANDBOX").await.1, "a b-1-\n");
    next.send(Method::POST, "/sandboxes/s/stop", "text/plain", "")
        .await
        .is_ok(204);
    let last = next.next_life().await;
    assert_eq!(last.execute("echo $KEPT-$MORE-$FROM_SANDBOX").await.1, "a b-1-\n");
    // It goes with its sandbox.
    last.send(Method::DELETE, "/sandboxes/s", "text/plain", "")
        .await
        .is_ok(204);
    assert!(!last.root().join("s/environment.json").exists());
}

/// Descriptors of this process that lead to files below `root`.
fn open_below(root: &std::path::Path) -> Vec<std::path::PathBuf> {
    std::fs::read_dir("/proc/self/fd")
        .expect("this process")
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .filter(|target| target.starts_with(root))
        .collect()
}

#[tokio::test]
async fn an_idle_sandbox_is_its_spec_and_nothing_else() {
    let client = Client::new().await;
    let stats = async || -> Value {
        client
            .send(Method::GET, "/stats", "text/plain", "")
            .await
            .is_ok(200)
            .json()
    };
    assert_eq!(
        client
            .execute("mkdir -p d/e; seq 9 > d/e/f; (sleep 30 &); cat d/e/f | tail -n 1")
            .await
            .1,
        "9\n"
    );
    // Something runs: nothing is closed.
    client.sweep().await;
    let busy = stats().await;
    assert_eq!(
        (busy["open"].as_u64(), busy["processes"].as_u64()),
        (Some(1), Some(1)),
        "{busy}"
    );
    assert!(!open_below(&client.root()).is_empty());
    client.execute("pkill -9 sleep").await;
    for _ in 0..500 {
        client.sweep().await;
        if stats().await["open"] == 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    let idle = stats().await;
    assert_eq!(
        (
            idle["open"].as_u64(),
            idle["processes"].as_u64(),
            idle["memoryBytes"].as_u64()
        ),
        (Some(0), Some(0), Some(0)),
        "{idle}"
    );
    assert_eq!(open_below(&client.root()), Vec::<std::path::PathBuf>::new());
    assert_eq!(client.execute("cat d/e/f | wc -l").await.1, "9\n");
}

#[tokio::test]
async fn metrics_are_the_sandboxs_own() {
    let client = Client::new().await;
    client.write("/tmp/big", vec![7; 1 << 20]).await;
    let metrics = client.get("/system/metrics").await.is_ok(200).json();
    assert_eq!(
        (metrics["cpuCount"].as_u64(), metrics["memTotal"].as_u64()),
        (Some(1), Some(512 << 20)),
        "{metrics}"
    );
    assert_eq!(metrics["diskTotal"].as_u64(), Some(64 << 20));
    let used = metrics["diskUsed"].as_u64().expect("a number");
    assert!(((1 << 20)..(2 << 20)).contains(&used), "{metrics}");
    assert_eq!(metrics["diskFree"].as_u64(), Some((64 << 20) - used));
    client
        .execute("i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done")
        .await;
    let metrics = client.get("/system/metrics").await.json();
    assert!(
        metrics["cpuUsedPct"]
            .as_f64()
            .is_some_and(|percent| percent > 1.0 && percent < 250.0),
        "{metrics}"
    );
}

#[tokio::test]
async fn there_is_no_desktop_and_it_is_said() {
    let client = Client::new().await;
    let answer = client.post("/computeruse/start", &json!({})).await;
    let body = answer.is_ok(503).json();
    for field in ["message", "details", "solution"] {
        assert!(body[field].as_str().is_some_and(|text| !text.is_empty()), "{body}");
    }
    assert_eq!(
        client.get("/computeruse/screenshot/region/compressed").await.status,
        503
    );
}
