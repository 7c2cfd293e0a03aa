//! Toolbox calls and links.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};
use sandbar_forward::LINK_PROTOCOL;
use serde_json::{Value, json};

use crate::setup::setup;

#[tokio::test]
async fn a_call_reaches_the_runner_sealed_and_without_the_credential() {
    let setup = setup().await;
    setup.link(0).await;
    let (status, seen) = setup
        .call("POST", "/toolbox/box/files/upload?path=%2Fa%20b", "user", b"12345")
        .await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert_eq!(
        (&seen["path"], &seen["body"], &seen["authorization"]),
        (
            &json!("/toolbox/s1/files/upload?path=%2Fa%20b"),
            &json!(5),
            &json!(false)
        )
    );
    let (status, _) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!(status, StatusCode::OK);
    assert_eq!(
        setup.plane.asked.load(Ordering::SeqCst),
        1,
        "the second question was answered from memory"
    );
}

#[tokio::test]
async fn a_runner_of_this_process_is_called_directly_and_sealed_all_the_same() {
    let setup = setup().await;
    let (link, near) = setup.link_near(0).await;
    let upload = "/toolbox/box/files/upload?path=%2Fa%20b";
    let (status, seen) = setup.call("POST", upload, "user", b"12345").await;
    assert_eq!(status, StatusCode::OK, "{seen}");
    assert_eq!(
        (&seen["near"], &seen["path"], &seen["body"], &seen["authorization"]),
        (
            &json!(true),
            &json!("/toolbox/s1/files/upload?path=%2Fa%20b"),
            &json!(5),
            &json!(false)
        )
    );
    let (status, _) = setup.call("GET", "/toolbox/box/version", "nobody", b"").await;
    assert_eq!(status, StatusCode::UNAUTHORIZED);
    // What is large streams, over the link.
    static LARGE: [u8; 100_000] = [7; 100_000];
    let (status, seen) = setup.call("POST", upload, "user", &LARGE).await;
    assert_eq!(
        (status, &seen["near"], &seen["body"]),
        (StatusCode::OK, &json!(null), &json!(100_000))
    );
    // A runner that has gone from here is called over the link, as long as there is one.
    drop(near);
    let (status, seen) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!((status, &seen["near"]), (StatusCode::OK, &json!(null)), "{seen}");
    link.abort();
    let _ = link.await;
    for _ in 0..200 {
        if setup.front.linked_runners() == 0 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let (status, _) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
}

#[tokio::test]
async fn refusals_are_the_documented_ones() {
    let setup = setup().await;
    let (status, body) = setup.call("GET", "/toolbox/box/version", "user", b"").await;
    assert_eq!(
        (status, &body["source"]),
        (StatusCode::SERVICE_UNAVAILABLE, &json!("DAYTONA_PROXY")),
        "{body}"
    );
    let (status, body) = setup.call("GET", "/toolbox/box/version", "nobody", b"").await;
    assert_eq!(
        (status, &body["message"]),
        (StatusCode::UNAUTHORIZED, &json!("Unauthorized"))
    );
    let (status, _) = setup.call("GET", "/toolbox/other/version", "user", b"").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = setup.call("GET", "/toolbox/../internal/identity", "user", b"").await;
    assert_eq!(status, StatusCode::NOT_FOUND);
    let (status, _) = setup.call("GET", "/link", "runner", b"").await;
    assert_eq!(status, StatusCode::BAD_REQUEST, "no upgrade was asked");
    let (status, _) = setup
        .call("GET", "/api/socket.io/?EIO=4&transport=polling", "user", b"")
        .await;
    assert_eq!(status, StatusCode::BAD_REQUEST);
    let (status, body) = setup.call("GET", "/api/config", "user", b"").await;
    assert_eq!((status, body), (StatusCode::OK, json!({ "passed": "/api/config" })));
    setup.plane.stopped.store(true, Ordering::SeqCst);
    tokio::time::sleep(Duration::from_millis(600)).await;
    let (status, body) = setup.call("GET", "/toolbox/s1/version", "user", b"").await;
    assert_eq!(
        (status, &body["code"]),
        (StatusCode::CONFLICT, &json!("SANDBOX_NOT_STARTED")),
        "{body}"
    );
}

#[tokio::test]
async fn an_old_generation_is_asked_again_once() {
    let setup = setup().await;
    setup.link(1).await;
    let (status, _) = setup.call("POST", "/toolbox/s1/process/execute", "user", b"{}").await;
    assert_eq!(status, StatusCode::CONFLICT, "the API still says the old one");
    // The yes in memory is old now: the sandbox was restarted.
    setup.plane.generation.store(1, Ordering::SeqCst);
    let (status, seen) = setup.call("POST", "/toolbox/s1/process/execute", "user", b"{}").await;
    assert_eq!((status, &seen["body"]), (StatusCode::OK, &json!(2)));
}

#[tokio::test]
async fn only_a_runner_links() {
    let setup = setup().await;
    for (bearer, want) in [("user", StatusCode::FORBIDDEN), ("nobody", StatusCode::UNAUTHORIZED)] {
        let request = Request::get("/link")
            .header("host", "front")
            .header("connection", "Upgrade")
            .header("upgrade", LINK_PROTOCOL)
            .header("authorization", format!("Bearer {bearer}"))
            .body(Full::default())
            .expect("a request");
        assert_eq!(setup.send(request).await.status(), want);
    }
}

#[tokio::test]
async fn a_burst_puts_one_question() {
    let setup = setup().await;
    setup.link(0).await;
    setup.plane.delay.store(100, Ordering::SeqCst);
    let calls = (0..50).map(|_| setup.call("GET", "/toolbox/s1/version", "user", b""));
    for (status, seen) in futures::future::join_all(calls).await {
        assert_eq!(status, StatusCode::OK, "{seen}");
    }
    assert_eq!(setup.plane.asked.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_long_answer_ends_with_the_callers_access() {
    let setup = setup().await;
    setup.link(0).await;
    let request = Request::get("/toolbox/s1/drip")
        .header("host", "front")
        .header("authorization", "Bearer user")
        .body(Full::default())
        .expect("a request");
    let mut body = setup.send(request).await.into_body();
    let since = Instant::now();
    while since.elapsed() < Duration::from_millis(1500) {
        assert!(
            matches!(body.frame().await, Some(Ok(_))),
            "it goes on while it is allowed"
        );
    }
    setup.plane.revoked.store(true, Ordering::SeqCst);
    let since = Instant::now();
    while let Some(Ok(_)) = body.frame().await {
        assert!(
            since.elapsed() < Duration::from_millis(1500),
            "it goes on after the key is revoked"
        );
    }
    assert!(since.elapsed() < Duration::from_millis(1500), "{:?}", since.elapsed());
}

#[tokio::test]
async fn pages_of_other_origins_may_call_but_never_with_cookies() {
    let setup = setup().await;
    setup.link(0).await;
    let preflight = Request::options("/toolbox/s1/version")
        .header("host", "front")
        .header("origin", "https://app.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "authorization")
        .body(Full::default())
        .expect("a request");
    let (status, headers, _) = setup.exchange(preflight).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    assert_eq!(headers["access-control-allow-headers"], "authorization");
    for bearer in ["user", "nobody"] {
        let request = Request::get("/toolbox/s1/version")
            .header("host", "front")
            .header("origin", "https://app.example")
            .header("authorization", format!("Bearer {bearer}"))
            .body(Full::default())
            .expect("a request");
        let (_, headers, _) = setup.exchange(request).await;
        assert_eq!(headers["access-control-allow-origin"], "*", "{bearer}");
        assert!(!headers.contains_key("access-control-allow-credentials"));
    }
}

#[tokio::test]
async fn the_plane_is_told_of_links_and_of_time() {
    let setup = setup().await;
    let link = setup.link(0).await;
    let told = |runners: Value| {
        let plane = std::sync::Arc::clone(&setup.plane);
        async move {
            for _ in 0..300 {
                let last = plane.links.lock().expect("lock").last().cloned();
                if last == Some(json!({ "runners": runners })) {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            panic!(
                "the plane was not told {runners}: {:?}",
                plane.links.lock().expect("lock")
            );
        }
    };
    told(json!(["r1"])).await;
    link.abort();
    told(json!([])).await;
    tokio::time::sleep(Duration::from_millis(1200)).await;
    assert!(setup.plane.ticks.load(Ordering::SeqCst) >= 2);
}
