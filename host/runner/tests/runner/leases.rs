//! Who holds a sandbox, and until when; and what flows over the link beside calls.

use crate::cases::{Home, config, start, until};
use crate::plane::{Plane, SOON};
use futures::{SinkExt, StreamExt};
use rustix::process::{Pid, Signal, kill_process};
use sandbar_engine::ControlEngine;
use sandbar_runner::{End, Runner};
use serde_json::{Value, json};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::Message;

pub async fn a_runner_that_slept_past_its_lease_acknowledges_nothing() {
    let (plane, home) = (Plane::start().await, Home::new());
    plane.set_lease(Duration::from_secs(3));
    let mut runner = Command::new(std::env::current_exe().expect("this program"))
        .arg("runner")
        .arg(plane.api_url())
        .arg(home.path())
        .stdin(Stdio::null())
        .spawn()
        .expect("a runner");
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    assert_eq!(plane.run("a", 1, "echo here").await, "here\n");
    // A command that ends while the runner sleeps: it has run, and still must not be acknowledged.
    let other = plane.clone();
    let slow = tokio::spawn(async move {
        let body = json!({ "command": "sleep 2; echo late" });
        other.call("a", 1, "/process/execute", body).await
    });
    tokio::time::sleep(Duration::from_millis(500)).await;
    let pid = Pid::from_raw(i32::try_from(runner.id()).expect("a pid")).expect("a pid");
    kill_process(pid, Signal::STOP).expect("it is ours");
    // No answer to a report brings the lease back from now on.
    plane.set_lease(Duration::ZERO);
    tokio::time::sleep(Duration::from_secs(4)).await;
    kill_process(pid, Signal::CONT).expect("it is ours");
    let slow = slow.await.expect("no panic");
    assert_eq!(slow.status, 503, "{}", slow.json());
    let refused = plane.call("a", 1, "/work-dir", Value::Null).await;
    assert_eq!(refused.status, 503, "{}", refused.json());
    assert!(
        refused.json()["message"]
            .as_str()
            .is_some_and(|text| text.contains("heard")),
        "{}",
        refused.json()
    );
    // Granted again, it goes on where it was.
    plane.set_lease(Duration::from_secs(60));
    let since = Instant::now();
    while plane.call("a", 1, "/work-dir", Value::Null).await.status != 200 {
        assert!(since.elapsed() < SOON, "the lease does not come back");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    runner.kill().expect("it is ours");
    runner.wait().expect("it is ours");
}

pub async fn a_newer_process_ends_the_older_and_another_directory_is_refused() {
    let (plane, home) = (Plane::start().await, Home::new());
    let older = start(&plane, home.path()).await;
    let engine = ControlEngine::new().expect("an engine");
    let elsewhere = Home::new();
    let other = Runner::start(config(plane.api_url(), elsewhere.path()), &engine)
        .await
        .expect("a runner");
    let end = tokio::time::timeout(SOON, other.ended()).await.expect("it is refused");
    assert!(
        matches!(&end, End::Conflict(text) if text.contains("another data directory")),
        "{end}"
    );
    assert!(end.to_string().contains("RUNNER_CONFLICT"));
    other.shutdown().await;
    // The same directory: a runner that came back before its old process was gone.
    let newer = Runner::start(config(plane.api_url(), home.path()), &engine)
        .await
        .expect("a runner");
    let end = tokio::time::timeout(SOON, older.ended()).await.expect("it is replaced");
    assert_eq!(end, End::Replaced);
    older.shutdown().await;
    newer.ready().await;
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    newer.shutdown().await;
    // Without its directory, and released by the operator, it begins anew.
    plane.release();
    let again = start(&plane, elsewhere.path()).await;
    again.shutdown().await;
}

pub async fn what_is_disowned_is_removed() {
    let (plane, home) = (Plane::start().await, Home::new());
    // Files that no entry explains, as a crash in the middle of a create leaves them.
    std::fs::create_dir_all(home.sandbox("orphan").join("upper/secret")).expect("files");
    std::fs::create_dir_all(home.sandbox("mine").join("upper")).expect("files");
    plane.disown("orphan", 5);
    plane.disown("b", 1);
    let runner = start(&plane, home.path()).await;
    let asked = plane.observed("orphan", "stopped").await;
    assert_eq!(asked["generation"], 0, "the plane is asked: {asked}");
    until("the orphan is removed", || !home.sandbox("orphan").exists()).await;
    assert!(home.sandbox("mine").exists(), "what nobody disowns stays");
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    plane.does("CREATE_SANDBOX", "b", 2, "started").await;
    plane.disown("a", 1);
    until("what is disowned is removed", || !home.sandbox("a").exists()).await;
    assert_eq!(plane.call("a", 1, "/work-dir", Value::Null).await.status, 404);
    assert_eq!(
        plane.run("b", 2, "echo newer").await,
        "newer\n",
        "a newer generation stays"
    );
    runner.shutdown().await;
}

pub async fn websockets_reach_the_cell() {
    let (plane, home) = (Plane::start().await, Home::new());
    let runner = start(&plane, home.path()).await;
    let refused = plane
        .websocket("a", 1, "/process/pty/x/connect")
        .await
        .expect_err("no such sandbox");
    assert_eq!(refused.status, 404);
    plane.does("CREATE_SANDBOX", "a", 1, "started").await;
    let refused = plane
        .websocket("a", 1, "/process/pty/x/connect")
        .await
        .expect_err("no such terminal");
    assert_eq!(
        (refused.status, &refused.json()["source"]),
        (404, &json!("DAYTONA_DAEMON"))
    );
    let mut socket = plane
        .websocket("a", 1, "/process/pty/create-connect?id=one&cols=80&rows=24")
        .await
        .unwrap_or_else(|answer| panic!("{}", answer.json()));
    let text = socket.next().await.expect("a frame").expect("a frame");
    assert!(text.to_text().is_ok_and(|text| text.contains("connected")), "{text:?}");
    socket
        .send(Message::binary(&b"echo $((6*7))-$GREETING\n"[..]))
        .await
        .expect("sent");
    let mut seen = String::new();
    let shown = async {
        while !seen.contains("42-hello") {
            let frame = socket.next().await.expect("a frame").expect("a frame");
            seen.push_str(&String::from_utf8_lossy(&frame.into_data()));
        }
    };
    tokio::time::timeout(SOON, shown)
        .await
        .unwrap_or_else(|_| panic!("no output"));
    runner.shutdown().await;
}
