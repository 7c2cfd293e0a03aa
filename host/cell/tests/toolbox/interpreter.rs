//! `process/interpreter`: Python that remembers.

use crate::client::Client;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

struct Ran {
    stdout: String,
    stderr: String,
    error: Option<Value>,
    control: Option<String>,
    close: (u16, String),
}

async fn run(client: &Client, request: Value) -> Ran {
    let mut socket = client
        .socket("/process/interpreter/execute", "")
        .await
        .expect("a socket");
    socket.send(Message::text(request.to_string())).await;
    let (mut stdout, mut stderr) = (String::new(), String::new());
    let (mut error, mut control) = (None, None);
    while let Some(Message::Text(text)) = socket.next().await {
        let frame: Value = serde_json::from_str(text.as_str()).expect("JSON");
        let text = || frame["text"].as_str().expect("a text").to_owned();
        assert_eq!(control, None, "nothing comes after the control frame");
        match frame["type"].as_str() {
            Some("stdout") => stdout.push_str(&text()),
            Some("stderr") => stderr.push_str(&text()),
            Some("error") => error = Some(frame.clone()),
            Some("control") => control = Some(text()),
            other => panic!("{other:?}"),
        }
    }
    Ran {
        stdout,
        stderr,
        error,
        control,
        close: socket.close_code(),
    }
}

#[tokio::test]
async fn variables_stay_in_their_context_and_errors_have_names() {
    let client = Client::new().await;
    let ran = run(
        &client,
        json!({ "code": "import sys\nx = 41\nprint('ü', x)\nprint('e', file=sys.stderr)" }),
    )
    .await;
    assert_eq!((ran.stdout.as_str(), ran.stderr.as_str()), ("ü 41\n", "e\n"));
    assert_eq!((ran.control.as_deref(), ran.close.0), (Some("completed"), 1000));
    let ran = run(
        &client,
        json!({ "code": "import os\nprint(x + 1, os.environ['V'])", "envs": { "V": "v" } }),
    )
    .await;
    assert_eq!(ran.stdout, "42 v\n", "{}", ran.stderr);
    let ran = run(&client, json!({ "code": "print('V' in os.environ)\n1/0" })).await;
    let error = ran.error.expect("an error");
    assert_eq!(
        (error["name"].as_str(), error["value"].as_str()),
        (Some("ZeroDivisionError"), Some("division by zero"))
    );
    let traceback = error["traceback"].as_str().expect("a text");
    assert!(
        traceback.contains("line 2") && !traceback.contains("interpreter.py"),
        "{traceback}"
    );
    assert_eq!(
        (ran.stdout.as_str(), ran.control.as_deref(), ran.close.0),
        ("False\n", Some("completed"), 1000)
    );

    let created = client
        .post("/process/interpreter/context", &json!({ "cwd": "/tmp" }))
        .await
        .is_ok(200)
        .json();
    assert_eq!(
        (
            created["cwd"].as_str(),
            created["language"].as_str(),
            created["active"].as_bool()
        ),
        (Some("/tmp"), Some("python"), Some(true))
    );
    let id = created["id"].as_str().expect("an id");
    let ran = run(
        &client,
        json!({ "code": "import os\nprint('x' in globals(), os.getcwd())", "contextId": id }),
    )
    .await;
    assert_eq!(ran.stdout, "False /tmp\n");
    let listed = client.get("/process/interpreter/context").await.json();
    assert_eq!(
        listed["contexts"].as_array().map(Vec::len),
        Some(1),
        "the default is not listed: {listed}"
    );
    client
        .delete(&format!("/process/interpreter/context/{id}"))
        .await
        .is_ok(200);
    let ran = run(&client, json!({ "code": "1", "contextId": id })).await;
    assert_eq!(ran.close.0, 1008, "{:?}", ran.close);
    client
        .delete("/process/interpreter/context/default")
        .await
        .is_error(400, "BAD_REQUEST");
    client
        .post("/process/interpreter/context", &json!({ "language": "ruby" }))
        .await
        .is_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn code_that_takes_too_long_is_cut_with_4008_and_the_context_lives() {
    let client = Client::new().await;
    let ran = run(
        &client,
        json!({ "code": "print('begun', flush=True)\nwhile True: pass", "timeout": 1 }),
    )
    .await;
    assert_eq!((ran.stdout.as_str(), ran.close.0, ran.control), ("begun\n", 4008, None));
    let ran = run(&client, json!({ "code": "print('fine')" })).await;
    assert_eq!((ran.stdout.as_str(), ran.close.0), ("fine\n", 1000), "{}", ran.stderr);
}

#[tokio::test]
async fn executions_of_one_context_are_serial_and_those_of_two_are_not() {
    let client = Client::new().await;
    let other = client
        .post("/process/interpreter/context", &json!({}))
        .await
        .is_ok(200)
        .json();
    let code = "import time\nn = globals().get('n', 0) + 1\nm = n\ntime.sleep(0.3)\nprint(m == n, n)";
    let (one, two, three) = tokio::join!(
        run(&client, json!({ "code": code })),
        run(&client, json!({ "code": code })),
        run(&client, json!({ "code": code, "contextId": other["id"] })),
    );
    let mut results = [one.stdout, two.stdout];
    results.sort();
    assert_eq!(results, ["True 1\n", "True 2\n"]);
    assert_eq!(three.stdout, "True 1\n");
}

#[tokio::test]
async fn an_interpreter_that_ends_starts_anew_and_nonsense_is_refused() {
    let client = Client::new().await;
    let ran = run(&client, json!({ "code": "import os\nos._exit(3)" })).await;
    assert_eq!((ran.control.as_deref(), ran.close.0), (Some("interrupted"), 1000));
    assert_eq!(run(&client, json!({ "code": "print(1)" })).await.stdout, "1\n");
    let ran = run(&client, json!({ "code": "def f(:\n  pass" })).await;
    assert_eq!(ran.error.expect("an error")["name"], "SyntaxError");
    for request in [
        json!({ "nothing": 1 }),
        json!({ "code": " " }),
        json!({ "code": "1", "contextId": "nope" }),
    ] {
        assert_eq!(run(&client, request).await.close.0, 1008);
    }
    assert_eq!(
        run(&client, json!({ "code": "print('\u{1e}x')\nprint(2)" }))
            .await
            .stdout,
        "\u{1e}x\n2\n"
    );
}
