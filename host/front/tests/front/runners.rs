//! What concerns a runner itself.

use http::StatusCode;
use serde_json::json;

use crate::setup::setup;

#[tokio::test]
async fn components_and_metrics_go_over_the_link_sealed() {
    let setup = setup().await;
    let (status, body) = setup.call("PUT", "/api/runners/r1/component", "user", b"wasm").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("RUNNER_UNREACHABLE"))
    );
    setup.link(0).await;
    let (status, seen) = setup.call("PUT", "/api/runners/r1/component", "user", b"wasm").await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert_eq!(
        (&seen["method"], &seen["path"], &seen["body"], &seen["authorization"]),
        (&json!("PUT"), &json!("/component"), &json!(4), &json!(false))
    );
    let (status, seen) = setup.call("GET", "/api/runners/r1/metrics", "user", b"").await;
    assert_eq!((status, &seen["path"]), (StatusCode::OK, &json!("/metrics")));
    for (bearer, runner, want) in [
        ("nobody", "r1", StatusCode::UNAUTHORIZED),
        ("user", "r2", StatusCode::NOT_FOUND),
    ] {
        let (status, _) = setup
            .call("PUT", &format!("/api/runners/{runner}/component"), bearer, b"")
            .await;
        assert_eq!(status, want);
    }
}

#[tokio::test]
async fn a_component_has_a_limit() {
    let setup = setup().await;
    setup.link(0).await;
    let large: &'static [u8] = vec![0; sandbar_front::limits::MAX_COMPONENT + 1].leak();
    let (status, body) = setup.call("PUT", "/api/runners/r1/component", "user", large).await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::PAYLOAD_TOO_LARGE, &json!("PAYLOAD_TOO_LARGE"))
    );
}
