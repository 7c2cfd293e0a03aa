//! Snapshots of sandboxes and volumes in them, through the cell.

use crate::client::Client;
use http::Method;
use sandbar_cell::{SandboxSpec, VolumeSpec};
use serde_json::{Value, json};

async fn read(client: &Client, sandbox: &str, path: &str) -> String {
    let path = format!("/toolbox/{sandbox}/files/download?path={path}");
    let answer = client.send(Method::GET, &path, "", "").await;
    String::from_utf8_lossy(&answer.is_ok(200).body).into_owned()
}

async fn run(client: &Client, sandbox: &str, command: &str) -> Value {
    let body = json!({"command": command, "timeout": 60}).to_string();
    let path = format!("/toolbox/{sandbox}/process/execute");
    client.send(Method::POST, &path, "application/json", body).await.json()
}

fn of(client: &Client, id: &str, image: &str) -> SandboxSpec {
    SandboxSpec {
        id: id.into(),
        directory: client.root().join(id),
        image: Some(image.into()),
        ..client.spec(1)
    }
}

async fn take(client: &Client, id: &str, from: &str) -> Value {
    let body = json!({ "from": from }).to_string();
    let path = format!("/snapshots/{id}");
    client.send(Method::PUT, &path, "application/json", body).await.json()
}

#[tokio::test]
async fn a_sandbox_begins_as_a_snapshot_of_a_running_and_of_a_stopped_one() {
    let client = Client::new().await;
    client.write("a.txt", "one").await;
    let taken = take(&client, "first", "s").await;
    assert_eq!(taken["whole"], true, "{taken}");
    client.write("a.txt", "two").await;
    client.send(Method::POST, "/sandboxes/s/stop", "", "").await.is_ok(204);
    take(&client, "second", "s").await;
    // Taken once: what came later is not in it.
    assert_eq!(take(&client, "first", "s").await, taken);
    for (id, image, text) in [("x", "first", "one"), ("y", "second", "two"), ("z", "first", "one")] {
        client.put(&of(&client, id, image)).await.is_ok(204);
        assert_eq!(read(&client, id, "a.txt").await, text);
    }
    client
        .put(&of(&client, "none", "nothing"))
        .await
        .is_error(404, "NOT_FOUND");
    for bad in ["../s", "", ".layers"] {
        client.put(&of(&client, "none", bad)).await.is_error(400, "BAD_REQUEST");
    }
    // Who began as it keeps it.
    for id in ["first", "second", "never"] {
        let path = format!("/snapshots/{id}");
        client.send(Method::DELETE, &path, "", "").await.is_ok(204);
    }
    assert_eq!(read(&client, "z", "a.txt").await, "one");
    for id in ["s", "x", "y", "z"] {
        let path = format!("/sandboxes/{id}");
        client.send(Method::DELETE, &path, "", "").await.is_ok(204);
    }
    let left = |name| std::fs::read_dir(client.root().join(name)).map_or(0, Iterator::count);
    assert_eq!((left(".layers"), left(".snapshots")), (0, 0));
}

#[tokio::test]
async fn a_snapshot_moves_from_cell_to_cell() {
    let (here, there) = (Client::new().await, Client::new().await);
    here.write("a.txt", "moved").await;
    run(
        &here,
        "s",
        "mkdir d; ln -s ../a.txt d/l; chmod 700 d; rm -f /etc/passwd",
    )
    .await;
    let taken = take(&here, "snap", "s").await;
    let layer = taken["layers"][0]["id"].as_str().expect("a layer").to_owned();
    let archive = here
        .send(Method::GET, &format!("/snapshots/snap/layers/{layer}"), "", "")
        .await;
    let archive = archive.is_ok(200).body.clone();
    let known = here.send(Method::GET, "/snapshots/snap", "", "").await.json();
    let layer = &known["layers"][0];
    let path = format!("/snapshots/snap/layers/{}", layer["digest"].as_str().expect("a digest"));
    let import = format!(
        "{path}?compressed={}&bytes={}&names={}",
        layer["compressed"], layer["bytes"], layer["names"]
    );
    assert_eq!(there.send(Method::POST, &path, "", "").await.json()["reused"], false);
    let half = archive[..archive.len() / 2].to_vec();
    there
        .send(Method::PUT, &import, "", half)
        .await
        .is_error(422, "INVALID_REQUEST_BODY");
    there
        .send(Method::GET, "/snapshots/snap", "", "")
        .await
        .is_error(404, "NOT_FOUND");
    there.send(Method::PUT, &import, "", archive.to_vec()).await.is_ok(204);
    there.put(&of(&there, "early", "snap")).await.is_error(404, "NOT_FOUND");
    there
        .send(Method::PUT, "/snapshots/snap", "application/json", "{}")
        .await
        .is_ok(200);
    there.put(&of(&there, "far", "snap")).await.is_ok(204);
    assert_eq!(read(&there, "far", "d/l").await, "moved");
    there
        .send(Method::GET, "/toolbox/far/files/info?path=/etc/passwd", "", "")
        .await
        .is_error(404, "FILE_NOT_FOUND");
}

/// Two sandboxes with the same volume at `/data`.
async fn pair(client: &Client) {
    for id in ["one", "two"] {
        let spec = SandboxSpec {
            id: id.into(),
            directory: client.root().join(id),
            volumes: vec![VolumeSpec {
                id: "vol".into(),
                mount_path: "/data".into(),
                subpath: None,
                read_only: false,
                quota_mib: 64,
            }],
            ..client.spec(1)
        };
        client.put(&spec).await.is_ok(204);
    }
}

#[tokio::test]
async fn a_volume_is_the_same_in_two_sandboxes_and_outlives_them() {
    let client = Client::new().await;
    pair(&client).await;
    run(
        &client,
        "one",
        "echo shared > /data/file && mkdir /data/d && mv /data/file /data/d/moved",
    )
    .await;
    assert_eq!(
        run(&client, "two", "cat /data/d/moved; ls /data").await["result"],
        "shared\nd\n"
    );
    client
        .send(Method::DELETE, "/volumes/vol", "", "")
        .await
        .is_error(409, "CONFLICT");
    for id in ["one", "two"] {
        let path = format!("/sandboxes/{id}");
        client.send(Method::DELETE, &path, "", "").await.is_ok(204);
    }
    pair(&client).await;
    assert_eq!(read(&client, "two", "/data/d/moved").await, "shared\n");
    for id in ["one", "two"] {
        let path = format!("/sandboxes/{id}");
        client.send(Method::DELETE, &path, "", "").await.is_ok(204);
    }
    client.send(Method::DELETE, "/volumes/vol", "", "").await.is_ok(204);
    client.send(Method::DELETE, "/volumes/vol", "", "").await.is_ok(204);
    assert_eq!(
        std::fs::read_dir(client.root().join(".volumes")).map_or(0, Iterator::count),
        0
    );
}

#[tokio::test]
async fn volumes_that_cannot_be_are_refused() {
    let client = Client::new().await;
    let volume = |id: &str, mount_path: &str, subpath: Option<&str>| VolumeSpec {
        id: id.into(),
        mount_path: mount_path.into(),
        subpath: subpath.map(str::to_owned),
        read_only: false,
        quota_mib: 1,
    };
    for bad in [
        vec![volume("../v", "/data", None)],
        vec![volume("v", "data", None)],
        vec![volume("v", "/", None)],
        vec![volume("v", "/a/../..", None)],
        vec![volume("v", "/data", Some("../x"))],
        vec![volume("v", "/data", None), volume("w", "/data/", None)],
    ] {
        let spec = SandboxSpec {
            id: "bad".into(),
            directory: client.root().join("bad"),
            volumes: bad,
            ..client.spec(1)
        };
        client.put(&spec).await.is_error(400, "BAD_REQUEST");
    }
}

/// Rows that both sandboxes' programs add, each in transactions of its own that read before they write.
#[tokio::test]
async fn sqlite_on_a_volume_is_safe_from_two_sandboxes() {
    let client = Client::new().await;
    pair(&client).await;
    let made = run(&client, "one", "python3 -c \"import sqlite3; d=sqlite3.connect('/data/x.db'); d.execute('create table c(n)'); d.execute('insert into c values(0)'); d.commit()\"").await;
    assert_eq!(made["exitCode"], 0, "{made}");
    let add = "python3 -c \"
import sqlite3
d = sqlite3.connect('/data/x.db', timeout=30, isolation_level=None)
for i in range(300):
    d.execute('begin immediate')
    n = d.execute('select n from c').fetchone()[0]
    d.execute('update c set n = ?', (n + 1,))
    d.execute('commit')
\"";
    let (one, two) = tokio::join!(run(&client, "one", add), run(&client, "two", add));
    assert_eq!(
        (&one["exitCode"], &two["exitCode"]),
        (&json!(0), &json!(0)),
        "{one} {two}"
    );
    let count = run(&client, "two", "python3 -c \"import sqlite3; d=sqlite3.connect('/data/x.db'); print(d.execute('select n from c').fetchone()[0], d.execute('pragma integrity_check').fetchone()[0])\"").await;
    assert_eq!(count["result"], "600 ok\n", "{count}");

    // A lock that one holds, the other meets.
    let hold = "python3 -c \"
import sqlite3, time, os
d = sqlite3.connect('/data/x.db', isolation_level=None)
d.execute('begin immediate')
open('/data/held', 'w').close()
while not os.path.exists('/data/met'): time.sleep(0.01)
d.execute('commit')
\"";
    let meet = "python3 -c \"
import sqlite3, time, os
while not os.path.exists('/data/held'): time.sleep(0.01)
d = sqlite3.connect('/data/x.db', timeout=0, isolation_level=None)
try:
    d.execute('begin immediate')
    print('both')
except sqlite3.OperationalError as e:
    print(e)
open('/data/met', 'w').close()
\"";
    let (held, met) = tokio::join!(run(&client, "one", hold), run(&client, "two", meet));
    assert_eq!(met["result"], "database is locked\n", "{held} {met}");
}
