//! `process/session`: one living shell each.

use crate::client::Client;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn create(client: &Client, id: &str) {
    client
        .post("/process/session", &json!({ "sessionId": id }))
        .await
        .is_ok(201);
}

async fn run(client: &Client, id: &str, command: &str) -> Value {
    let path = format!("/process/session/{id}/exec");
    let answer = client.post(&path, &json!({ "command": command })).await;
    answer.is_ok(200).json()
}

async fn run_async(client: &Client, id: &str, body: Value) -> String {
    let path = format!("/process/session/{id}/exec");
    let mut body = body;
    body["runAsync"] = true.into();
    let answer = client.post(&path, &body).await.is_ok(202).json();
    answer["cmdId"].as_str().expect("an id").to_owned()
}

async fn exit_code(client: &Client, session: &str, command: &str) -> i64 {
    let since = Instant::now();
    loop {
        let info = client
            .get(&format!("/process/session/{session}/command/{command}"))
            .await
            .is_ok(200)
            .json();
        if let Some(code) = info["exitCode"].as_i64() {
            return code;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{info}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn a_session_is_one_shell_that_remembers() {
    let client = Client::new().await;
    create(&client, "a").await;
    let first = run(&client, "a", "cd /tmp; export X='a b'; f() { echo \"f $1\"; }; y=1").await;
    assert_eq!(
        (first["exitCode"].as_i64(), first["stdout"].as_str()),
        (Some(0), Some("")),
        "{first}"
    );
    let second = run(
        &client,
        "a",
        "pwd; echo \"$X $y\"; f 'it'\"'\"'s'; sh -c 'echo $X'; echo oops >&2; (exit 7)",
    )
    .await;
    assert_eq!(second["stdout"], "/tmp\na b 1\nf it's\na b\n", "{second}");
    assert_eq!(
        (second["stderr"].as_str(), second["exitCode"].as_i64()),
        (Some("oops\n"), Some(7))
    );
    assert!(
        second["output"]
            .as_str()
            .is_some_and(|text| text.starts_with("\u{1}\u{1}\u{1}/tmp\n"))
    );
    let script = "for i in 1 2\ndo\n  echo \"line $i\"\ndone\ncat <<EOF\nhere\nEOF\ncat; echo end";
    assert_eq!(run(&client, "a", script).await["stdout"], "line 1\nline 2\nhere\nend\n");
    // A mistake is that command's, not the session's.
    let mistake = run(&client, "a", "if then").await;
    assert_ne!(mistake["exitCode"], 0, "{mistake}");
    assert_eq!(run(&client, "a", "echo $y").await["stdout"], "1\n");
    let listed = client.get("/process/session").await.json();
    assert_eq!(listed[0]["sessionId"], "a");
    assert_eq!(listed[0]["commands"].as_array().map(Vec::len), Some(5), "{listed}");
}

#[tokio::test]
async fn commands_run_strictly_in_order() {
    let client = Client::new().await;
    create(&client, "a").await;
    let slow = run_async(&client, "a", json!({ "command": "sleep 0.3; echo slow >> /tmp/order" })).await;
    let quick = run_async(&client, "a", json!({ "command": "echo quick >> /tmp/order" })).await;
    assert_eq!(run(&client, "a", "cat /tmp/order").await["stdout"], "slow\nquick\n");
    assert_eq!(
        exit_code(&client, "a", &slow).await + exit_code(&client, "a", &quick).await,
        0
    );
}

#[tokio::test]
async fn an_asynchronous_command_takes_input_and_its_log_shows_it_unless_asked_not_to() {
    let client = Client::new().await;
    create(&client, "a").await;
    for (quiet, expected) in [(false, "name? bob\nhello bob\n"), (true, "name? hello bob\n")] {
        let command = "printf 'name? '; read name; echo \"hello $name\"";
        let id = run_async(&client, "a", json!({ "command": command, "suppressInputEcho": quiet })).await;
        let path = format!("/process/session/a/command/{id}");
        let since = Instant::now();
        while client.get(&format!("{path}/logs")).await.json()["stdout"] != "name? " {
            assert!(since.elapsed() < Duration::from_secs(30));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client
            .post(&format!("{path}/input"), &json!({ "data": "bob" }))
            .await
            .is_ok(204);
        assert_eq!(exit_code(&client, "a", &id).await, 0);
        assert_eq!(client.get(&format!("{path}/logs")).await.json()["stdout"], expected);
        client
            .post(&format!("{path}/input"), &json!({ "data": "x" }))
            .await
            .is_error(410, "COMMAND_ALREADY_COMPLETED");
    }
}

#[tokio::test]
async fn logs_are_followed_over_a_websocket_to_the_end() {
    let client = Client::new().await;
    create(&client, "a").await;
    let command = "for i in 1 2 3; do echo out-$i; echo err-$i >&2; sleep 0.1; done";
    let id = run_async(&client, "a", json!({ "command": command })).await;
    let path = format!("/process/session/a/command/{id}/logs?follow=true");
    let mut expected = Vec::new();
    for number in 1..=3 {
        expected.extend_from_slice(b"\x01\x01\x01");
        expected.extend_from_slice(format!("out-{number}\n").as_bytes());
        expected.extend_from_slice(b"\x02\x02\x02");
        expected.extend_from_slice(format!("err-{number}\n").as_bytes());
    }
    for _ in 0..2 {
        // While it runs, and again when it has ended.
        let mut socket = client.socket(&path, "").await.expect("a socket");
        let seen = socket.rest().await;
        assert_eq!(String::from_utf8_lossy(&seen), String::from_utf8_lossy(&expected));
        assert_eq!(socket.close_code().0, 1000);
    }
    let plain = client.get(&path).await;
    assert_eq!(plain.body, expected);
    assert_eq!(
        client
            .socket("/process/session/a/command/nope/logs?follow=true", "")
            .await
            .err()
            .map(|s| s.as_u16()),
        Some(404)
    );
}

#[tokio::test]
async fn what_a_command_leaves_running_writes_to_that_commands_log() {
    let client = Client::new().await;
    create(&client, "a").await;
    let first = run(&client, "a", "(sleep 0.3; echo late) & echo first").await;
    assert_eq!(first["stdout"], "first\n", "{first}");
    assert_eq!(run(&client, "a", "sleep 0.6; echo second").await["stdout"], "second\n");
    let id = first["cmdId"].as_str().expect("an id");
    let logs = client
        .get(&format!("/process/session/a/command/{id}/logs"))
        .await
        .json();
    assert_eq!(logs["stdout"], "first\nlate\n", "{logs}");
}

#[tokio::test]
async fn deleting_a_session_kills_all_of_it() {
    let client = Client::new().await;
    create(&client, "a").await;
    run(&client, "a", "sleep 1000 & sleep 1000 & echo started").await;
    let waiting = run_async(&client, "a", json!({ "command": "sh -c 'sleep 1000'" })).await;
    let since = Instant::now();
    client.delete("/process/session/a").await.is_ok(204);
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["processes"], 0, "{stats}");
    client
        .get(&format!("/process/session/a/command/{waiting}"))
        .await
        .is_error(404, "NOT_FOUND");
    create(&client, "a").await;
}

#[tokio::test]
async fn who_waits_in_a_session_that_is_deleted_is_told() {
    let client = Client::new().await;
    create(&client, "a").await;
    let body = json!({ "command": "sleep 1000" });
    let waiting = client.post("/process/session/a/exec", &body);
    let deleting = async {
        tokio::time::sleep(Duration::from_millis(200)).await;
        client.delete("/process/session/a").await.is_ok(204);
    };
    let (answer, ()) = tokio::join!(waiting, deleting);
    answer.is_error(410, "SESSION_ENDED");
}

#[tokio::test]
async fn a_shell_that_exits_ends_its_session() {
    let client = Client::new().await;
    create(&client, "a").await;
    let last = run(&client, "a", "echo bye; exit 3").await;
    assert_eq!(
        (last["stdout"].as_str(), last["exitCode"].as_i64()),
        (Some("bye\n"), Some(3)),
        "{last}"
    );
    let answer = client
        .post("/process/session/a/exec", &json!({ "command": "true" }))
        .await;
    answer.is_error(410, "SESSION_ENDED");
    client.delete("/process/session/a").await.is_ok(204);
}

#[tokio::test]
async fn nonsense_is_refused() {
    let client = Client::new().await;
    create(&client, "a").await;
    client
        .post("/process/session", &json!({ "sessionId": "a" }))
        .await
        .is_error(409, "CONFLICT");
    client
        .post("/process/session", &json!({ "sessionId": "entrypoint" }))
        .await
        .is_error(400, "BAD_REQUEST");
    client
        .post("/process/session", &json!({ "sessionId": "" }))
        .await
        .is_error(400, "BAD_REQUEST");
    client.get("/process/session/b").await.is_error(404, "NOT_FOUND");
    client
        .get("/process/session/entrypoint")
        .await
        .is_error(404, "NOT_FOUND");
    client.delete("/process/session/b").await.is_error(404, "NOT_FOUND");
    let answer = client.post("/process/session/a/exec", &json!({ "command": " " })).await;
    answer.is_error(400, "BAD_REQUEST");
    client
        .post("/process/session/a/command/x/input", &json!({ "data": "" }))
        .await
        .is_error(404, "NOT_FOUND");
    // Each is a living shell, with memory of its own.
    let mut roomy = client.spec(2);
    roomy.limits.memory_mib = 4096;
    client
        .send(http::Method::POST, "/sandboxes/s/stop", "", "")
        .await
        .is_ok(204);
    client.put(&roomy).await.is_ok(204);
    for number in 0..64 {
        create(&client, &format!("more-{number}")).await;
    }
    let answer = client
        .post("/process/session", &json!({ "sessionId": "one too many" }))
        .await;
    answer.is_error(429, "TOO_MANY_REQUESTS");
}
