//! `process/execute` and `process/code-run`.

use crate::client::Client;
use serde_json::json;
use std::time::{Duration, Instant};

#[tokio::test]
async fn commands_run_in_a_shell_with_merged_output() {
    let client = Client::new().await;
    assert_eq!(
        client.execute("echo out; echo err >&2; exit 42").await,
        (42, "out\nerr\n".into())
    );
    assert_eq!(client.execute("pwd").await, (0, "/home/daytona\n".into()));
    assert_eq!(
        client.execute("printf 'b\\na\\n' | sort | head -n 1").await,
        (0, "a\n".into())
    );
    let (code, output) = client.execute("ls /nowhere").await;
    assert_ne!(code, 0);
    assert!(output.contains("/nowhere"), "{output}");
}

#[tokio::test]
async fn the_environment_is_the_platforms_the_sandboxs_and_the_calls() {
    let client = Client::new().await;
    let body = json!({
        "command": "echo $HOME $USER $LANG $DAYTONA_SANDBOX_ID $FROM_SANDBOX $MINE; pwd",
        "cwd": "/tmp", "envs": { "MINE": "a b" },
    });
    let answer = client.post("/process/execute", &body).await;
    assert_eq!(
        answer.is_ok(200).json()["result"],
        "/home/daytona daytona C.UTF-8 s yes a b\n/tmp\n"
    );
}

#[tokio::test]
async fn nonsense_is_refused() {
    let client = Client::new().await;
    for (body, code) in [
        (json!({ "command": "  " }), "BAD_REQUEST"),
        (json!({ "command": "true", "envs": { "1x": "y" } }), "BAD_REQUEST"),
        (json!({ "command": "true", "timeout": -1 }), "BAD_REQUEST"),
        (json!({ "command": "true", "cwd": "/nowhere" }), "INVALID_FILE_PATH"),
        (json!({ "cmd": "true" }), "INVALID_REQUEST_BODY"),
    ] {
        client.post("/process/execute", &body).await.is_error(400, code);
    }
    let answer = client
        .post_bytes("/process/execute", "application/json", vec![b' '; (4 << 20) + 1])
        .await;
    answer.is_error(413, "INVALID_REQUEST_BODY");
}

#[tokio::test]
async fn a_command_that_runs_too_long_is_a_408_and_dead() {
    let client = Client::new().await;
    let since = Instant::now();
    let body = json!({ "command": "while :; do :; done", "timeout": 1 });
    let answer = client.post("/process/execute", &body).await;
    let error = answer.is_error(408, "PROCESS_EXECUTION_TIMEOUT");
    assert!(error["message"].as_str().is_some_and(|text| text.contains("timeout")));
    assert!(since.elapsed() < Duration::from_secs(10), "{:?}", since.elapsed());
    assert_eq!(client.execute("echo next").await, (0, "next\n".into()));
}

#[tokio::test]
async fn a_flood_of_output_is_cut_and_what_is_not_text_is_replaced() {
    let client = Client::new().await;
    let (code, output) = client.execute("yes").await;
    assert_eq!(code, 137);
    assert!(
        output.len() >= 16 << 20 && output.len() < (16 << 20) + 1000,
        "{}",
        output.len()
    );
    assert!(output.contains("output limit"));
    assert_eq!(client.execute("printf 'a\\377b'").await, (0, "a\u{fffd}b".into()));
}

#[tokio::test]
async fn python_code_runs_with_arguments() {
    let client = Client::new().await;
    let run = |body: serde_json::Value| {
        let client = &client;
        async move { client.post("/process/code-run", &body).await.is_ok(200).json() }
    };
    let answer = run(json!({
        "code": "import sys, os\nprint(sys.argv, os.environ['X'], os.getcwd())\nprint('e', file=sys.stderr)",
        "language": "python", "argv": ["a b", "c"], "envs": { "X": "y" },
    }))
    .await;
    assert_eq!(answer["exitCode"], 0, "{answer}");
    assert_eq!(answer["result"], "['-', 'a b', 'c'] y /home/daytona\ne\n");
    let answer = run(json!({ "code": "1/0", "language": "python" })).await;
    assert_eq!(answer["exitCode"], 1);
    let text = answer["result"].as_str().expect("a traceback");
    assert!(text.contains("ZeroDivisionError"), "{text}");
}

#[tokio::test]
async fn code_runs_in_node() {
    let client = Client::new().await;
    let run = async |body| client.post("/process/code-run", &body).await.json();
    let code = "console.log(process.argv.slice(2), process.env.X); console.error('e'); process.exit(4)";
    let answer =
        run(json!({ "code": code, "language": "javascript", "argv": ["a b", "c"], "envs": { "X": "y" } })).await;
    assert_eq!(answer["result"], "[ 'a b', 'c' ] y\ne\n");
    assert_eq!(answer["exitCode"], 4);
    let code = "enum E { A = 41 }\nconst n: number = E.A + 1;\nconsole.log(n);\nthrow new Error(`bad ${n}`);";
    let answer = run(json!({ "code": code, "language": "typescript" })).await;
    assert_eq!(answer["exitCode"], 1);
    let text = answer["result"].as_str().expect("text");
    assert!(
        text.starts_with("42\n") && text.contains("Error: bad 42") && text.contains(":4:"),
        "{text}"
    );
}

#[tokio::test]
async fn other_languages_are_refused_by_name() {
    let client = Client::new().await;
    let body = json!({ "code": "1", "language": "cobol" });
    let error = client
        .post("/process/code-run", &body)
        .await
        .is_error(400, "BAD_REQUEST");
    let text = error["message"].as_str().expect("a message");
    assert!(text.contains("cobol"), "{text}");
}

#[tokio::test]
async fn a_client_that_goes_takes_its_command_along() {
    let client = Client::new().await;
    let body = json!({ "command": "while :; do :; done" });
    let given_up = tokio::time::timeout(Duration::from_millis(500), client.post("/process/execute", &body));
    assert!(given_up.await.is_err());
    let since = Instant::now();
    loop {
        let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
        if stats["processes"] == 0 && stats["calls"] == 0 {
            break;
        }
        assert!(since.elapsed() < Duration::from_secs(10), "{stats}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test]
async fn a_machine_without_memory_left_says_so() {
    // Each sandbox may take 512 MiB; the machine has less than the shell starts with.
    let client = Client::on_machine(256 << 10).await;
    client.put(&client.spec(1)).await.is_ok(204);
    let answer = client.post("/process/execute", &json!({ "command": "true" })).await;
    let body = answer.is_error(429, "TOO_MANY_REQUESTS");
    let message = body["message"].as_str().expect("a message");
    assert!(message.contains("the machine"), "{message}");
}
