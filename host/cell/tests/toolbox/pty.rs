//! `process/pty`: terminal sessions.

use crate::client::Client;
use crate::socket::Socket;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Message;

const EXIT_CONTROL: &str = "X-Daytona-Pty-Exit-Control";

async fn connected(client: &Client, path: &str) -> Socket {
    let mut socket = client.socket(path, EXIT_CONTROL).await.expect("a socket");
    assert_eq!(socket.json().await, json!({ "type": "control", "status": "connected" }));
    assert_eq!(socket.protocol.as_deref(), Some(EXIT_CONTROL));
    socket
}

async fn exited(socket: &mut Socket) -> Value {
    loop {
        match socket.next().await {
            Some(Message::Text(text)) => {
                let frame: Value = serde_json::from_str(text.as_str()).expect("JSON");
                assert_eq!(frame["status"], "exited");
                assert!(socket.next().await.is_none());
                return frame;
            }
            Some(_) => {}
            None => panic!("no exit frame, closed {:?}", socket.closed),
        }
    }
}

#[tokio::test]
async fn a_shell_at_a_terminal_echoes_runs_and_exits_with_its_code() {
    let client = Client::new().await;
    let envs = URL_SAFE_NO_PAD.encode(r#"{"MINE":"a b"}"#);
    let protocols = format!("{EXIT_CONTROL}, X-Daytona-Pty-Envs~{envs}");
    let mut socket = client
        .socket("/process/pty/create-connect?id=t&cols=100&rows=30&cwd=/tmp", &protocols)
        .await
        .expect("a socket");
    assert_eq!(socket.json().await["status"], "connected");
    socket.types("echo \"[$MINE] [$TERM] $(pwd)\"\r").await;
    socket.until("[a b] [xterm-256color] /tmp\r\n").await;
    socket.types("test -t 0 && test -t 1 && echo is-a-terminal\r").await;
    socket.until("\ris-a-terminal\r\n").await;
    let info = client.get("/process/pty/t").await.is_ok(200).json();
    for (field, value) in [
        ("id", json!("t")),
        ("cwd", json!("/tmp")),
        ("cols", json!(100)),
        ("rows", json!(30)),
        ("active", json!(true)),
        ("lazyStart", json!(false)),
        ("envs", json!({ "MINE": "a b" })),
    ] {
        assert_eq!(info[field], value, "{field}");
    }
    socket.types("exit 5\r").await;
    assert_eq!(exited(&mut socket).await["exitCode"], 5);
    let (code, reason) = socket.close_code();
    assert_eq!(code, 1011);
    assert_eq!(serde_json::from_str::<Value>(&reason).expect("JSON")["exitCode"], 5);
    client
        .post("/process/pty/t/resize", &json!({ "cols": 10, "rows": 10 }))
        .await
        .is_error(410, "GONE");
}

#[tokio::test]
async fn control_c_ends_the_command_and_not_the_shell() {
    let client = Client::new().await;
    let mut socket = connected(&client, "/process/pty/create-connect?id=t").await;
    socket.types("sleep 1000\r").await;
    socket.until("sleep 1000\r\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    socket.types("\u{3}").await;
    socket.types("echo code $?\r").await;
    socket.until("code 130\r\n").await;
    // Ctrl-D on an empty line ends the shell.
    socket.types("\u{4}").await;
    let frame = exited(&mut socket).await;
    assert_eq!(
        socket.close_code().0,
        if frame["exitCode"] == 0 { 1000 } else { 1011 },
        "{frame}"
    );
}

#[tokio::test]
async fn control_z_stops_the_command_and_it_can_be_continued() {
    let client = Client::new().await;
    let mut socket = connected(&client, "/process/pty/create-connect?id=t").await;
    socket.types("sleep 2; echo over-$?\r").await;
    socket.until("sleep 2; echo over-$?\r\n").await;
    tokio::time::sleep(std::time::Duration::from_millis(300)).await;
    socket.types("\u{1a}").await;
    socket.until("Stopped").await;
    socket.types("jobs | grep -c Stopped\r").await;
    socket.until("\r1\r\n").await;
    socket.types("fg; echo back-$?\r").await;
    socket.until("\nback-0\r\n").await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_is_cut_and_the_others_go_on() {
    let client = Client::new().await;
    let created = client.post("/process/pty", &json!({ "id": "t" })).await;
    created.is_ok(201);
    let mut lazy = connected(&client, "/process/pty/t/connect").await;
    let mut eager = connected(&client, "/process/pty/t/connect").await;
    // More than windows and buffers between here and the terminal hold.
    eager.types("yes | head -c 20000000; echo done-$((1+1))\r").await;
    eager
        .until_within("\ndone-2\r\n", std::time::Duration::from_secs(60))
        .await;
    lazy.rest().await;
    assert_eq!(lazy.close_code().0, 1008);
}

#[tokio::test]
async fn a_lost_client_finds_its_terminal_again() {
    let client = Client::new().await;
    let created = client
        .post("/process/pty", &json!({ "id": "t", "cols": 80, "rows": 24 }))
        .await;
    assert_eq!(created.is_ok(201).json()["sessionId"], "t");
    let mut socket = connected(&client, "/process/pty/t/connect").await;
    socket.types("x=kept; echo first-$x\r").await;
    socket.until("\rfirst-kept\r\n").await;
    drop(socket);
    let mut socket = connected(&client, "/process/pty/t/connect").await;
    socket.until("\rfirst-kept\r\n").await;
    let mut second = connected(&client, "/process/pty/t/connect").await;
    socket.types("echo again-$x\r").await;
    socket.until("\ragain-kept\r\n").await;
    second.until("\ragain-kept\r\n").await;
    let info = client
        .post("/process/pty/t/resize", &json!({ "cols": 120, "rows": 40 }))
        .await;
    assert_eq!(info.is_ok(200).json()["cols"], 120);
    client.delete("/process/pty/t").await.is_ok(200);
    assert_eq!(exited(&mut socket).await["exitCode"], 137);
    assert_eq!(socket.close_code().0, 1011);
    client.get("/process/pty/t").await.is_error(404, "NOT_FOUND");
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["processes"], 0, "{stats}");
}

#[tokio::test]
async fn deleting_a_terminal_kills_what_was_disowned() {
    let client = Client::new().await;
    let mut socket = connected(&client, "/process/pty/create-connect?id=t").await;
    socket
        .types("sleep 1000 & disown; (sleep 1000 &); echo started\r")
        .await;
    socket.until("\nstarted\r\n").await;
    client.delete("/process/pty/t").await.is_ok(200);
    let stats = client.send(http::Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["processes"], 0, "{stats}");
}

#[tokio::test]
async fn a_lazy_shell_starts_with_its_first_client() {
    let client = Client::new().await;
    client
        .post("/process/pty", &json!({ "id": "t", "lazyStart": true }))
        .await
        .is_ok(201);
    let processes = || async { client.send(http::Method::GET, "/stats", "", "").await.json()["processes"].clone() };
    assert_eq!(processes().await, 0);
    let mut socket = connected(&client, "/process/pty/t/connect").await;
    socket.types("echo here\r").await;
    socket.until("\rhere\r\n").await;
    assert_eq!(processes().await, 1);
}

#[tokio::test]
async fn nonsense_is_refused_before_the_upgrade() {
    let client = Client::new().await;
    client.post("/process/pty", &json!({ "id": "t" })).await.is_ok(201);
    client
        .post("/process/pty", &json!({ "id": "t" }))
        .await
        .is_error(409, "CONFLICT");
    let refused = |path: &'static str, protocols: &'static str| {
        let client = &client;
        async move { client.socket(path, protocols).await.err().map(|status| status.as_u16()) }
    };
    assert_eq!(refused("/process/pty/create-connect?id=t", "").await, Some(409));
    assert_eq!(refused("/process/pty/u/connect", "").await, Some(404));
    assert_eq!(
        refused("/process/pty/create-connect?id=v&cols=1001", "").await,
        Some(400)
    );
    assert_eq!(
        refused("/process/pty/create-connect?id=v", "X-Daytona-Pty-Envs~!").await,
        Some(400)
    );
    client
        .get("/process/pty/create-connect?id=v")
        .await
        .is_error(400, "BAD_REQUEST");
    for body in [json!({ "cols": 0, "rows": 5 }), json!({ "cols": 5, "rows": 1001 })] {
        client
            .post("/process/pty/t/resize", &body)
            .await
            .is_error(400, "BAD_REQUEST");
    }
    assert_eq!(
        client.get("/process/pty").await.json()["sessions"]
            .as_array()
            .map(Vec::len),
        Some(1)
    );
}

#[tokio::test]
async fn a_flood_waits_for_its_reader() {
    let client = Client::new().await;
    let mut socket = connected(&client, "/process/pty/create-connect?id=t").await;
    socket.types("yes | head -c 3000000; echo done-$((1+1))\r").await;
    let seen = socket.until("\ndone-2\r\n").await;
    assert!(seen.matches("y\r\n").count() >= 1_499_999, "{}", seen.len());
}
