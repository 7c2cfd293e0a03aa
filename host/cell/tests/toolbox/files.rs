//! Files one at a time.

use crate::client::Client;
use serde_json::json;

#[tokio::test]
async fn places() {
    let client = Client::new().await;
    for path in ["/user-home-dir", "/work-dir", "/project-dir"] {
        assert_eq!(
            client.get(path).await.is_ok(200).json(),
            json!({ "dir": "/home/daytona" })
        );
    }
    assert!(client.get("/version").await.is_ok(200).json()["version"].is_string());
    client.get("/nothing").await.is_error(404, "NOT_FOUND");
    client.delete("/version").await.is_error(405, "BAD_REQUEST");
}

#[tokio::test]
async fn guests_and_toolbox_see_the_same_files() {
    let client = Client::new().await;
    client.write("dir/a.txt", "one").await;
    assert_eq!(client.execute("cat dir/a.txt").await, (0, "one".into()));
    let (code, output) = client.execute("printf two > dir/b.txt && chmod 600 dir/b.txt").await;
    assert_eq!(code, 0, "{output}");
    let info = client.get("/files/info?path=dir/b.txt").await.is_ok(200).json();
    assert_eq!(info["name"], "b.txt");
    assert_eq!(info["size"], 3);
    assert_eq!(info["mode"], "-rw-------");
    assert_eq!(info["permissions"], "0600");
    assert_eq!(info["isDir"], false);
    let list = client.get("/files?path=dir").await.is_ok(200).json();
    let names: Vec<&str> = list
        .as_array()
        .expect("a list")
        .iter()
        .filter_map(|info| info["name"].as_str())
        .collect();
    assert_eq!(names, ["a.txt", "b.txt"]);
}

#[tokio::test]
async fn lists_go_as_deep_as_asked() {
    let client = Client::new().await;
    client.write("/w/x/y/z.txt", "").await;
    let count = |depth: &'static str| {
        let client = &client;
        async move {
            let list = client.get(&format!("/files?path=/w{depth}")).await;
            list.is_ok(200).json().as_array().map(Vec::len)
        }
    };
    assert_eq!(count("").await, Some(1));
    assert_eq!(count("&depth=2").await, Some(2));
    assert_eq!(count("&depth=9").await, Some(3));
    client.get("/files?path=/nowhere").await.is_error(404, "FILE_NOT_FOUND");
}

#[tokio::test]
async fn folders_moves_modes_and_removal() {
    let client = Client::new().await;
    let post = |path: &'static str| client.post(path, &json!(null));
    post("/files/folder?path=a/b&mode=700").await.is_ok(201);
    post("/files/folder?path=a/b&mode=700").await.is_ok(201);
    post("/files/folder?path=c&mode=rwx").await.is_error(400, "BAD_REQUEST");
    let info = client.get("/files/info?path=a/b").await.json();
    assert_eq!((&info["permissions"], &info["isDir"]), (&json!("0700"), &json!(true)));

    client.write("a/f", "x").await;
    client.write("a/g", "y").await;
    post("/files/move?source=a/f&destination=a/g")
        .await
        .is_error(409, "CONFLICT");
    post("/files/move?source=a/none&destination=a/h")
        .await
        .is_error(404, "FILE_NOT_FOUND");
    post("/files/move?source=a/f&destination=none/h")
        .await
        .is_error(404, "FILE_NOT_FOUND");
    post("/files/move?source=a/f&destination=a/h").await.is_ok(200);
    client.get("/files/info?path=a/f").await.is_error(404, "FILE_NOT_FOUND");

    post("/files/permissions?path=a/h&mode=640&owner=daytona&group=1000")
        .await
        .is_ok(200);
    assert_eq!(client.get("/files/info?path=a/h").await.json()["permissions"], "0640");
    post("/files/permissions?path=a/h&owner=nobody")
        .await
        .is_error(400, "BAD_REQUEST");
    post("/files/permissions?path=none&mode=640")
        .await
        .is_error(404, "FILE_NOT_FOUND");

    client.delete("/files?path=a").await.is_error(400, "INVALID_FILE_PATH");
    client.delete("/files?path=a/h").await.is_ok(204);
    client.delete("/files?path=a&recursive=true").await.is_ok(204);
    client.delete("/files?path=a").await.is_error(404, "FILE_NOT_FOUND");
    assert!(
        client
            .delete("/files?path=/&recursive=true")
            .await
            .status
            .is_client_error()
    );
}

#[tokio::test]
async fn nothing_leads_outside() {
    let client = Client::new().await;
    let secret = client.root().join("secret");
    std::fs::write(&secret, "canary").expect("a file");
    let (code, output) = client
        .execute(&format!(
            "ln -s {} out; ln -s ../../../../../../../..{} up",
            secret.display(),
            secret.display()
        ))
        .await;
    assert_eq!(code, 0, "{output}");
    for path in ["out", "up", "../../../../../../../../etc/shadow", "/proc/1/environ"] {
        let answer = client.get(&format!("/files/download?path={path}")).await;
        assert!(!answer.status.is_success(), "{path}");
        assert!(!answer.body.windows(6).any(|window| window == b"canary"));
    }
    client
        .post_bytes("/files/upload-v2?path=out", "x/y", "overwritten")
        .await;
    assert_eq!(std::fs::read(&secret).expect("still there"), b"canary");
    for path in ["a%00b", "", "%2e%2e%2f%2e%2e"] {
        let answer = client.get(&format!("/files/download?path={path}")).await;
        assert!(answer.status.is_client_error(), "{path:?} {:?}", answer.status);
    }
}

#[tokio::test]
async fn a_full_disk_says_so() {
    let client = Client::new().await;
    let answer = client
        .post_bytes("/files/upload-v2?path=big", "x/y", vec![1; 65 << 20])
        .await;
    answer.is_error(400, "DISK_QUOTA_EXCEEDED");
    client.delete("/files?path=big").await.is_ok(204);
    client.write("small", "x").await;
}

#[tokio::test]
async fn search_and_replace() {
    let client = Client::new().await;
    client.write("/w/a.txt", "one\ntwo three\n").await;
    client.write("/w/b/c.txt", "three").await;
    client.write("/w/b/d.bin", &b"three\0"[..]).await;
    let found = client.get("/files/find?path=/w&pattern=three").await.is_ok(200).json();
    let mut found: Vec<(&str, u64)> = found
        .as_array()
        .expect("a list")
        .iter()
        .map(|hit| {
            (
                hit["file"].as_str().expect("a file"),
                hit["line"].as_u64().expect("a line"),
            )
        })
        .collect();
    found.sort_unstable();
    assert_eq!(found, [("/w/a.txt", 2), ("/w/b/c.txt", 1)]);
    let names = client
        .get("/files/search?path=/w&pattern=*.txt")
        .await
        .is_ok(200)
        .json();
    assert_eq!(names["files"].as_array().map(Vec::len), Some(2));
    let body = json!({ "files": ["/w/a.txt", "/none"], "pattern": "three", "newValue": "3" });
    let results = client.post("/files/replace", &body).await.is_ok(200).json();
    assert_eq!(
        (&results[0]["success"], &results[1]["success"]),
        (&json!(true), &json!(false))
    );
    assert_eq!(client.read("/w/a.txt").await, "one\ntwo 3\n");
}
