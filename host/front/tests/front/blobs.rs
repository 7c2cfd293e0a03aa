//! The blob store, as runners see it.

use crate::setup::{Setup, setup_with_data};
use bytes::Bytes;
use http::{Request, StatusCode};
use http_body_util::{BodyExt, Full};

/// SHA-256 of `hello`.
const HELLO: &str = "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824";

async fn call(
    setup: &Setup,
    method: &str,
    path: &str,
    bearer: &str,
    body: &'static [u8],
) -> (StatusCode, Bytes, String) {
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header("host", "front")
        .header("authorization", format!("Bearer {bearer}"))
        .body(Full::new(Bytes::from_static(body)))
        .expect("a request");
    let response = setup.send(request).await;
    let status = response.status();
    let length = response
        .headers()
        .get("content-length")
        .map(|value| value.to_str().expect("text").to_owned());
    let bytes = response.into_body().collect().await.expect("a body").to_bytes();
    (status, bytes, length.unwrap_or_default())
}

#[tokio::test]
async fn runners_keep_blobs_by_their_digest() {
    let (home, setup) = setup_with_data().await;
    let path = format!("/blobs/sha256/{HELLO}");
    assert_eq!(call(&setup, "HEAD", &path, "runner", b"").await.0, 404);
    let (status, body, _) = call(&setup, "GET", &path, "runner", b"").await;
    assert_eq!(status, 404);
    assert!(String::from_utf8_lossy(&body).contains("BLOB_NOT_FOUND"), "{body:?}");
    for _ in 0..2 {
        assert_eq!(call(&setup, "PUT", &path, "runner", b"hello").await.0, 204);
    }
    let (status, _, length) = call(&setup, "HEAD", &path, "runner", b"").await;
    assert_eq!((status.as_u16(), length.as_str()), (200, "5"));
    let (status, body, _) = call(&setup, "GET", &path, "runner", b"").await;
    assert_eq!((status.as_u16(), &body[..]), (200, &b"hello"[..]));
    assert!(home.path().join("blobs/sha256/2c").join(HELLO).is_file());
}

#[tokio::test]
async fn others_and_other_bytes_are_refused() {
    let (home, setup) = setup_with_data().await;
    let path = format!("/blobs/sha256/{HELLO}");
    for method in ["HEAD", "GET", "PUT"] {
        assert_eq!(call(&setup, method, &path, "user", b"hello").await.0, 403, "{method}");
        assert_eq!(call(&setup, method, &path, "nobody", b"hello").await.0, 401, "{method}");
    }
    let (status, body, _) = call(&setup, "PUT", &path, "runner", b"hullo").await;
    assert_eq!(status, 422);
    assert!(String::from_utf8_lossy(&body).contains("DIGEST_MISMATCH"), "{body:?}");
    assert_eq!(call(&setup, "DELETE", &path, "runner", b"").await.0, 405);
    for bad in [
        "/blobs/",
        "/blobs/sha256/",
        "/blobs/sha256/../../secrets.json",
        "/blobs/md5/00",
        "/blobs/sha256/2CF2",
    ] {
        assert_eq!(call(&setup, "GET", bad, "runner", b"").await.0, 400, "{bad}");
    }
    assert_eq!(call(&setup, "GET", &path, "runner", b"").await.0, 404);
    let left = std::fs::read_dir(home.path().join("blobs/incoming"))
        .expect("a directory")
        .count();
    assert_eq!(left, 0, "nothing half is left");
}
