//! `/env`, `/system/metrics`, `/computeruse`.

use crate::client::Client;
use serde_json::json;

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
