//! Another component for a running runner.

use crate::built;
use crate::cases::{Home, cells_of, start};
use crate::plane::Plane;
use bytes::Bytes;
use http::Method;
use serde_json::{Value, json};
use std::time::Instant;

/// A component that is valid, of the right world, and another file than the agent itself: the agent with a custom section.
fn second() -> Vec<u8> {
    let mut bytes = std::fs::read(built("components/runner.wasm")).expect("the agent");
    // Section 0 (custom), its size, the length of its name, the name, and nothing else.
    bytes.extend([0, 7, 6]);
    bytes.extend(b"second");
    bytes
}

pub async fn another_component_takes_over_and_a_broken_one_does_not() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.run("a", 1, "printf kept > f").await;
    let cells = cells_of(std::process::id());
    let other = plane.clone();
    let running = tokio::spawn(async move { other.run("a", 1, "sleep 3; echo through").await });

    let scheduler = std::fs::read(built("components/scheduler.wasm")).expect("another component");
    let loops = wat::parse_str(LOOPS).expect("a module");
    for (what, bytes, code) in [
        ("no component", b"not wasm at all".to_vec(), "COMPONENT_INVALID"),
        ("a core module", loops, "COMPONENT_INVALID"),
        ("another world", scheduler, "COMPONENT_WRONG_WORLD"),
    ] {
        let answer = plane.own(Method::PUT, "/component", bytes.into()).await;
        assert_eq!(
            (answer.status, &answer.json()["code"]),
            (422, &json!(code)),
            "{what}: {}",
            answer.json()
        );
        assert!(!home.path().join("component.wasm").exists(), "{what}");
    }
    let large = vec![0; sandbar_runner::component::MOST_BYTES + 1];
    let answer = plane.own(Method::PUT, "/component", large.into()).await;
    assert_eq!(
        (answer.status, &answer.json()["code"]),
        (413, &json!("COMPONENT_TOO_LARGE"))
    );
    assert_eq!(plane.run("a", 1, "cat f").await, "kept", "the present one goes on");

    let since = Instant::now();
    let answer = plane.own(Method::PUT, "/component", second().into()).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    eprintln!("pushed in {:?}", since.elapsed());
    assert!(home.path().join("component.wasm").is_file());
    assert_eq!(running.await.expect("no panic"), "through\n", "what ran goes on");
    assert_eq!(cells_of(std::process::id()), cells, "the cell did not notice");
    // The state was handed over: the generation, the stop and the start.
    plane.does("STOP_SANDBOX", "a", 2, "stopped").await;
    plane.does("START_SANDBOX", "a", 3, "started").await;
    assert_eq!(plane.run("a", 3, "cat f").await, "kept");
    let metrics = plane.own(Method::GET, "/metrics", Bytes::new()).await;
    assert!(String::from_utf8_lossy(&metrics.body).contains("sandbar_machine_used_ratio"));
    runner.shutdown().await;
}

/// A core module: not a component at all.
const LOOPS: &str = "(module (func (export \"configure\") (loop (br 0))))";

pub async fn a_pushed_component_is_used_at_the_next_start() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    let answer = plane.own(Method::PUT, "/component", second().into()).await;
    assert_eq!(answer.status, 200, "{}", answer.json());
    runner.shutdown().await;
    let runner = start(&plane, home.path()).await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    runner.shutdown().await;
    // One that is broken since is no reason not to start.
    std::fs::write(home.path().join("component.wasm"), b"broken").expect("damaged");
    let runner = start(&plane, home.path()).await;
    assert_eq!(plane.call("a", 1, "/work-dir", Value::Null).await.status, 200);
    runner.shutdown().await;
}
