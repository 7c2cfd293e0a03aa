//! What the runner asks of its cell.

use crate::client::Client;
use http::Method;

#[tokio::test]
async fn making_twice_is_making_once() {
    let client = Client::new().await;
    client.put(&client.spec(1)).await.is_ok(204);
    client.put(&client.spec(2)).await.is_ok(204);
    client.put(&client.spec(1)).await.is_error(409, "CONFLICT");
    let stats = client.send(Method::GET, "/stats", "", "").await.json();
    assert_eq!(
        (stats["sandboxes"].as_u64(), stats["open"].as_u64()),
        (Some(1), Some(0))
    );
}

#[tokio::test]
async fn a_spec_cannot_lead_elsewhere() {
    let client = Client::empty().await;
    let mut spec = client.spec(1);
    spec.directory = "/etc".into();
    client.put(&spec).await.is_error(400, "BAD_REQUEST");
    spec.directory = client.root().join("s/../../x");
    client.put(&spec).await.is_error(400, "BAD_REQUEST");
    client.get("/version").await.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn stop_keeps_files_and_delete_does_not() {
    let client = Client::new().await;
    client.write("kept.txt", "kept").await;
    for _ in 0..2 {
        client.send(Method::POST, "/sandboxes/s/stop", "", "").await.is_ok(204);
    }
    client.get("/files/info?path=kept.txt").await.is_error(409, "CONFLICT");
    client.put(&client.spec(2)).await.is_ok(204);
    assert_eq!(client.read("kept.txt").await, "kept");
    for _ in 0..2 {
        client.send(Method::DELETE, "/sandboxes/s", "", "").await.is_ok(204);
    }
    client.get("/files/info?path=kept.txt").await.is_error(404, "NOT_FOUND");
    assert!(!client.root().join("s/upper").exists());
    client.put(&client.spec(3)).await.is_ok(204);
    client
        .get("/files/info?path=kept.txt")
        .await
        .is_error(404, "FILE_NOT_FOUND");
}

#[tokio::test]
async fn stop_ends_what_runs() {
    let client = std::sync::Arc::new(Client::new().await);
    let other = client.clone();
    let running = tokio::spawn(async move { other.execute("while :; do :; done").await });
    let running_processes = || async {
        let stats = client.send(Method::GET, "/stats", "", "").await.json();
        stats["processes"].as_u64().expect("a number")
    };
    while running_processes().await == 0 {
        tokio::task::yield_now().await;
    }
    client.send(Method::POST, "/sandboxes/s/stop", "", "").await.is_ok(204);
    let (code, _) = running.await.expect("an answer");
    assert_eq!(code, 137);
    assert_eq!(running_processes().await, 0);
}
