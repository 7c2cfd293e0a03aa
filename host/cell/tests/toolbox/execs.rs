//! `process/execs`: executions as resources.

use crate::client::Client;
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

async fn start(client: &Client, body: Value) -> String {
    let started = client.post("/process/execs", &body).await;
    started.is_ok(201).json()["id"].as_str().expect("an id").to_owned()
}

async fn ended(client: &Client, id: &str) -> Value {
    let since = Instant::now();
    loop {
        let info = client.get(&format!("/process/execs/{id}")).await.is_ok(200).json();
        if info["running"] == false {
            return info;
        }
        assert!(since.elapsed() < Duration::from_secs(30), "{info}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn an_execution_survives_its_client_and_is_read_again_from_any_offset() {
    let client = Client::new().await;
    let id = start(
        &client,
        json!({ "command": "echo one; echo two >&2; sleep 0.3; echo three; exit 4", "cwd": "/tmp" }),
    )
    .await;
    let path = format!("/process/execs/{id}/output");
    // The first follower is cut off in the middle.
    let response = client
        .start(http::Method::GET, &format!("/toolbox/s{path}?follow=true"), "", "")
        .await;
    let first = response
        .into_body()
        .frame()
        .await
        .expect("a frame")
        .expect("bytes")
        .into_data()
        .expect("data");
    assert!(first.starts_with(b"\x01\x01\x01one\n"), "{first:?}");
    let info = ended(&client, &id).await;
    assert_eq!(
        (info["exitCode"].as_i64(), info["cwd"].as_str()),
        (Some(4), Some("/tmp")),
        "{info}"
    );
    let whole = client.get(&path).await;
    assert_eq!(
        &whole.body[..],
        b"\x01\x01\x01one\n\x02\x02\x02two\n\x01\x01\x01three\n"
    );
    let rest = client.get(&format!("{path}?offset={}&follow=true", first.len())).await;
    assert_eq!([&first[..], &rest.body[..]].concat(), whole.body);
    assert_eq!(rest.headers["x-output-offset"], first.len().to_string().as_str());
    let list = client.get("/process/execs").await.json();
    assert_eq!(list["execs"][0]["id"], id.as_str(), "{list}");
    client.delete(&format!("/process/execs/{id}")).await.is_ok(204);
    client.get(&path).await.is_error(404, "NOT_FOUND");
}

#[tokio::test]
async fn executions_take_signals_and_input() {
    let client = Client::new().await;
    let id = start(&client, json!({ "command": "cat", "stdin": true })).await;
    let path = |what: &str| format!("/process/execs/{id}/{what}");
    client
        .post(&path("input"), &json!({ "data": "hello\n" }))
        .await
        .is_ok(204);
    client
        .post(&path("input"), &json!({ "data": "end", "close": true }))
        .await
        .is_ok(204);
    assert_eq!(ended(&client, &id).await["exitCode"], 0);
    assert_eq!(
        &client.get(&path("output")).await.body[..],
        b"\x01\x01\x01hello\n\x01\x01\x01end"
    );
    client
        .post(&path("input"), &json!({ "data": "x" }))
        .await
        .is_error(410, "GONE");
    client
        .post(&path("signal"), &json!({ "signal": "TERM" }))
        .await
        .is_error(410, "GONE");

    let id = start(&client, json!({ "command": "sleep 1000; echo not reached" })).await;
    let path = |what: &str| format!("/process/execs/{id}/{what}");
    client
        .post(&path("input"), &json!({ "data": "x" }))
        .await
        .is_error(409, "CONFLICT");
    client
        .post(&path("signal"), &json!({ "signal": "NONSENSE" }))
        .await
        .is_error(400, "BAD_REQUEST");
    client
        .post(&path("signal"), &json!({ "signal": "SIGKILL" }))
        .await
        .is_ok(204);
    let info = ended(&client, &id).await;
    assert_eq!(
        (info["exitCode"].as_i64(), info["signal"].as_u64()),
        (Some(137), Some(9)),
        "{info}"
    );
}

#[tokio::test]
async fn a_flood_that_nobody_reads_is_bounded_and_says_what_is_gone() {
    let client = Client::new().await;
    let id = start(&client, json!({ "command": "yes", "timeout": 1 })).await;
    let info = ended(&client, &id).await;
    assert_eq!(
        (info["timedOut"].as_bool(), info["exitCode"].as_i64()),
        (Some(true), Some(137)),
        "{info}"
    );
    let kept = info["outputBytes"].as_u64().expect("a number");
    assert!((1..=8 << 20).contains(&kept), "{kept}");
    let output = client
        .get(&format!("/process/execs/{id}/output?offset=0&follow=true"))
        .await;
    let begin: u64 = output.headers["x-output-offset"]
        .to_str()
        .expect("text")
        .parse()
        .expect("a number");
    assert!(begin > 0, "the beginning is gone");
    assert_eq!(output.body.len() as u64, kept);
    assert!(output.body.starts_with(b"\x01\x01\x01y\n"));
}

#[tokio::test]
async fn execute_tells_its_id_and_what_it_leaves_in_the_background_goes_on() {
    let client = Client::new().await;
    let body = json!({ "command": "sh -c 'sleep 0.5; echo late > /tmp/late' & echo early" });
    let since = Instant::now();
    let answer = client.post("/process/execute", &body).await.is_ok(200).json();
    assert!(since.elapsed() < Duration::from_millis(450), "{:?}", since.elapsed());
    assert_eq!(
        (answer["exitCode"].as_i64(), answer["result"].as_str()),
        (Some(0), Some("early\n"))
    );
    let id = answer["execId"].as_str().expect("an id");
    let output = client.get(&format!("/process/execs/{id}/output")).await;
    assert_eq!(&output.body[..], b"\x01\x01\x01early\n");
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert_eq!(&client.read("/tmp/late").await[..], b"late\n");
}

#[tokio::test]
async fn deleting_kills_everything_that_was_started() {
    let client = Client::new().await;
    let id = start(
        &client,
        json!({ "command": "sleep 1000 & sleep 1000 & sh -c 'sleep 1000 & wait' & wait" }),
    )
    .await;
    tokio::time::sleep(Duration::from_millis(200)).await;
    client.delete(&format!("/process/execs/{id}")).await.is_ok(204);
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["processes"], 0, "{stats}");
}

#[tokio::test]
async fn a_bomb_of_executions_meets_a_typed_limit() {
    let client = Client::new().await;
    let mut refused = 0;
    for _ in 0..1000 {
        let answer = client.post("/process/execs", &json!({ "command": "sleep 1000" })).await;
        // Of processes or of memory, whichever comes first.
        if answer.status != 201 {
            answer.is_error(429, "TOO_MANY_REQUESTS");
            refused += 1;
        }
    }
    // A shell that finds no memory for its child ends, and makes room for the next one.
    assert!(refused >= 100, "{refused}");
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert!(
        stats["processes"].as_u64().is_some_and(|number| number <= 260),
        "{stats}"
    );
    client
        .send(http::Method::POST, "/sandboxes/s/stop", "", "")
        .await
        .is_ok(204);
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["processes"], 0, "{stats}");
}
