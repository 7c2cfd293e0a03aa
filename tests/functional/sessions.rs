//! What a client starts is found again after the client is gone.

use sandbar_tests::{Api, Platform};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

/// Long enough for a loaded machine; who waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A `GET` over a connection of its own, dropped once `enough` is in the answer: what has arrived until then.
fn cut(platform: &Platform, url: &str, enough: &str) -> String {
    let rest = url.trim_start_matches("http://");
    let (host, path) = rest.split_once('/').expect("a URL");
    let mut stream = TcpStream::connect(host).expect("the platform listens");
    stream.set_read_timeout(Some(PATIENCE)).expect("a socket");
    write!(
        stream,
        "GET /{path} HTTP/1.1\r\nhost: {host}\r\nauthorization: Bearer {}\r\n\r\n",
        platform.api_key
    )
    .expect("the request is taken");
    let (mut seen, mut piece) = (Vec::new(), [0; 512]);
    while !String::from_utf8_lossy(&seen).contains(enough) {
        match stream.read(&mut piece).expect("the answer comes") {
            0 => break,
            length => seen.extend_from_slice(piece.get(..length).unwrap_or_default()),
        }
    }
    String::from_utf8_lossy(&seen).into_owned()
}

fn until(what: &str, is: impl Fn() -> bool) {
    let started = Instant::now();
    while !is() {
        assert!(started.elapsed() < PATIENCE, "not within {PATIENCE:?}: {what}");
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn a_session_survives_a_lost_client_and_is_found_again() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let session = format!("{}/process/session", Api::toolbox(&sandbox));
    assert_eq!(api.post(&session, &json!({ "sessionId": "kept" })).status, 201);
    let exec = |command: &str, later: bool| {
        let body = json!({ "command": command, "runAsync": later, "suppressInputEcho": true });
        api.post(&format!("{session}/kept/exec"), &body).json
    };
    exec("cd /tmp; MINE=remembered", false);
    let asking = exec(
        "echo begin; for i in 1 2 3 4 5; do echo $i; sleep 0.1; done; read answer; echo got $answer",
        true,
    );
    let id = asking["cmdId"].as_str().expect("a command").to_owned();
    // The client that follows is lost in the middle.
    let seen = cut(
        &platform,
        &format!("{session}/kept/command/{id}/logs?follow=true"),
        "begin",
    );
    assert!(seen.contains("begin"), "{seen}");

    // Another one finds the session, the command, its whole log, and goes on with it.
    let other = platform.api();
    let list = other.get(&session);
    assert_eq!(list.json[0]["sessionId"], "kept", "{}", list.text);
    assert_eq!(
        list.json[0]["commands"].as_array().map(Vec::len),
        Some(2),
        "{}",
        list.text
    );
    let given = other.post(
        &format!("{session}/kept/command/{id}/input"),
        &json!({ "data": "word" }),
    );
    assert_eq!(given.status, 204, "{}", given.text);
    let command = || other.get(&format!("{session}/kept/command/{id}")).json;
    until("the command ends", || command()["exitCode"] == 0);
    let log = other
        .with_header("X-Daytona-SDK-Version", "0.226.1")
        .get(&format!("{session}/kept/command/{id}/logs"));
    assert_eq!(log.json["stdout"], "begin\n1\n2\n3\n4\n5\ngot word\n", "{}", log.text);
    assert_eq!(exec("echo $MINE; pwd", false)["stdout"], "remembered\n/tmp\n");
}

#[test]
fn output_is_read_again_from_where_the_connection_was_cut() {
    let platform = Platform::start();
    let api = platform.api();
    let sandbox = api.create(&json!({}));
    let execs = format!("{}/process/execs", Api::toolbox(&sandbox));
    let command = "i=0; while [ $i -lt 2000 ]; do echo line-$i; i=$((i+1)); [ $i = 1000 ] && sleep 0.5; done; true";
    let begun = api.post(&execs, &json!({ "command": command }));
    assert_eq!(begun.status, 201, "{}", begun.text);
    let one = format!("{execs}/{}", begun.json["id"].as_str().expect("an id"));
    let first = cut(&platform, &format!("{one}/output?follow=true"), "line-200");
    assert!(first.contains("line-0"), "{first}");

    // What came is known by its length; the rest is asked for. Both together are the whole, byte for byte.
    let offset = 1234;
    let rest = api.get(&format!("{one}/output?offset={offset}&follow=true"));
    assert_eq!(rest.status, 200, "{}", rest.text);
    let whole = api.get(&format!("{one}/output"));
    let expected: String = (0..2000)
        .map(|number| format!("\u{1}\u{1}\u{1}line-{number}\n"))
        .collect();
    assert_eq!(whole.text, expected);
    assert_eq!(rest.text, expected.get(offset..).expect("longer than that"));
    let info: Value = api.get(&one).json;
    assert_eq!(
        (&info["running"], &info["exitCode"]),
        (&json!(false), &json!(0)),
        "{info}"
    );
}
