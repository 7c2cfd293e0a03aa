//! Files to and fro, one and many.

use crate::client::Client;
use http::Method;
use http_body_util::BodyExt;
use sandbar_cell::multipart::{Event, Parser};
use serde_json::{Value, json};
use std::fmt::Write;

/// Bytes that repeat nowhere soon, with every value.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

const KIND: &str = "multipart/form-data; boundary=XX";

/// A multipart body of (name, filename, bytes).
fn body(parts: &[(&str, Option<&str>, &[u8])]) -> Vec<u8> {
    let mut body = Vec::new();
    for (name, filename, bytes) in parts {
        let mut head = format!("--XX\r\nContent-Disposition: form-data; name=\"{name}\"");
        if let Some(filename) = filename {
            let _ = write!(head, "; filename=\"{filename}\"\r\nContent-Type: text/plain");
        }
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(b"\r\n\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(b"--XX--\r\n");
    body
}

#[tokio::test]
async fn five_mebibytes_both_ways() {
    let client = Client::new().await;
    let bytes = noise(5 << 20);
    client.write("deep/er/noise", bytes.clone()).await;
    let answer = client.get("/files/download?path=deep/er/noise").await;
    assert_eq!(answer.headers["content-type"], "application/octet-stream");
    assert_eq!(answer.headers["content-length"], bytes.len().to_string().as_str());
    assert_eq!(answer.headers["content-disposition"], "attachment; filename=\"noise\"");
    assert!(answer.body == bytes);
    client
        .get("/files/download?path=deep")
        .await
        .is_error(400, "INVALID_FILE_PATH");
    client
        .get("/files/download?path=none")
        .await
        .is_error(404, "FILE_NOT_FOUND");
}

#[tokio::test]
async fn one_file_as_old_and_new_clients_send_it() {
    let client = Client::new().await;
    let parts = body(&[("file", Some("x"), b"bytes")]);
    let answer = client.post_bytes("/files/upload?path=old", KIND, parts.clone()).await;
    assert!(answer.is_ok(200).body.is_empty());
    let answer = client.post_bytes("/files/upload-v2?path=new", KIND, parts).await;
    let expected = json!({ "name": "new", "path": "/home/daytona/new", "type": "file" });
    assert_eq!(answer.is_ok(200).json(), expected);
    assert_eq!(client.read("old").await, "bytes");
    assert_eq!(client.read("new").await, "bytes");
    let wrong = body(&[("other", None, b"bytes")]);
    let answer = client.post_bytes("/files/upload?path=no", KIND, wrong).await;
    answer.is_error(400, "INVALID_REQUEST_BODY");
    let answer = client.post_bytes("/files/upload?path=no", "text/plain", "bytes").await;
    answer.is_error(400, "INVALID_REQUEST_BODY");
    client.write("old", "shorter").await;
    assert_eq!(client.read("old").await, "shorter");
}

#[tokio::test]
async fn many_files_in_either_order_of_parts() {
    let client = Client::new().await;
    let big = noise(3 << 20);
    let all_paths_first = body(&[
        ("files[0].path", None, b"/m/a.bin"),
        ("files[1].path", None, b"m/b.txt"),
        ("files[0].file", Some("/m/a.bin"), &big),
        ("files[1].file", Some("m/b.txt"), b"bee"),
    ]);
    let answer = client.post_bytes("/files/bulk-upload", KIND, all_paths_first).await;
    let expected = json!({ "files": [
        { "path": "/m/a.bin", "bytes": big.len() }, { "path": "m/b.txt", "bytes": 3 },
    ]});
    assert_eq!(answer.is_ok(200).json(), expected);
    assert!(client.read("/m/a.bin").await == big);
    let pairs = body(&[
        ("files[0].path", None, b"m/b.txt"),
        ("files[0].file", Some("b.txt"), b"new"),
        ("files[1].path", None, b"m/c.txt"),
        ("files[1].file", Some("c.txt"), b""),
    ]);
    client.post_bytes("/files/bulk-upload", KIND, pairs).await.is_ok(200);
    assert_eq!(client.read("m/b.txt").await, "new");
    assert_eq!(client.read("m/c.txt").await, "");
    let info = client.get("/files/info?path=m/c.txt").await.json();
    assert_eq!(info["permissions"], "0644");
}

#[tokio::test]
async fn one_bad_file_does_not_stop_the_others() {
    let client = Client::new().await;
    let parts = body(&[
        ("files[0].path", None, b"/bin"),
        ("files[1].path", None, b"good"),
        ("files[0].file", Some("x"), b"over a directory"),
        ("files[1].file", Some("y"), b"good"),
        ("files[7].file", Some("z"), b"no path"),
        ("files[8].path", None, b"no file"),
    ]);
    let answer = client.post_bytes("/files/bulk-upload", KIND, parts).await;
    let answer = answer.is_ok(400).json();
    assert_eq!(answer["files"], json!([{ "path": "good", "bytes": 4 }]));
    let errors = answer["errors"].as_array().expect("errors");
    assert_eq!(errors.len(), 3, "{errors:?}");
    assert!(errors[0].as_str().is_some_and(|error| error.starts_with("/bin: ")));
    assert_eq!(client.read("good").await, "good");
    let empty = client.post_bytes("/files/bulk-upload", KIND, body(&[])).await;
    empty.is_error(400, "INVALID_REQUEST_BODY");
    let cut = &body(&[("files[0].path", None, b"x")])[..40];
    let cut = client.post_bytes("/files/bulk-upload", KIND, cut.to_vec()).await;
    cut.is_error(400, "INVALID_REQUEST_BODY");
}

#[tokio::test]
async fn many_files_come_back_in_order_with_their_errors() {
    let client = Client::new().await;
    let bytes = noise(600 << 10);
    client.write("n", bytes.clone()).await;
    client.write("/w/e", "").await;
    let asked = ["n", "missing", "/w/e", "/w"];
    let answer = client.post("/files/bulk-download", &json!({ "paths": asked })).await;
    let kind = answer.headers["content-type"].to_str().expect("a type");
    let mut parser = Parser::for_content_type(kind).expect("a boundary");
    parser.feed(&answer.is_ok(200).body);
    parser.finish();
    let mut parts: Vec<(String, String, Vec<u8>)> = Vec::new();
    loop {
        match parser.next().expect("multipart").expect("the whole body is here") {
            Event::Part(head) => {
                parts.push((head.name, head.filename.expect("a filename"), vec![]));
            }
            Event::Data(data) => parts.last_mut().expect("a part").2.extend_from_slice(&data),
            Event::PartEnd => {}
            Event::End => break,
        }
    }
    let names: Vec<(&str, &str)> = parts
        .iter()
        .map(|(name, file, _)| (name.as_str(), file.as_str()))
        .collect();
    assert_eq!(
        names,
        [("file", "n"), ("error", "missing"), ("file", "/w/e"), ("error", "/w")]
    );
    assert!(parts[0].2 == bytes);
    let error: Value = serde_json::from_slice(&parts[1].2).expect("JSON");
    assert_eq!(
        (&error["statusCode"], &error["code"]),
        (&json!(404), &json!("FILE_NOT_FOUND"))
    );
    client
        .post("/files/bulk-download", &json!({ "paths": [] }))
        .await
        .is_error(400, "BAD_REQUEST");
}

#[tokio::test]
async fn a_slow_reader_holds_its_call_and_little_else() {
    let client = Client::new().await;
    client.write("n", noise(8 << 20)).await;
    let response = client
        .start(Method::GET, "/toolbox/s/files/download?path=n", "", "")
        .await;
    let stats = client.send(Method::GET, "/stats", "", "").await.json();
    assert_eq!(stats["calls"], 1, "the stream is still open");
    let body = response.into_body().collect().await.expect("a body").to_bytes();
    assert!(body == noise(8 << 20));
}
