//! The store in a directory: what is in it is whole, whatever happens on the way in.

use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use sandbar_blobs::{BlobError, Blobs, ByteStream, Digest, Directory};
use sha2::Digest as _;
use std::io;

fn store() -> (tempfile::TempDir, Directory) {
    let home = tempfile::tempdir().expect("a directory");
    let store = Directory::with_limit(home.path().join("blobs"), 1 << 20).expect("a store");
    (home, store)
}

fn digest(bytes: &[u8]) -> Digest {
    let hex: String = sha2::Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Digest::parse(&hex).expect("a digest")
}

fn pieces(all: &[&str]) -> ByteStream {
    let all: Vec<io::Result<Bytes>> = all.iter().map(|piece| Ok(Bytes::from((*piece).to_owned()))).collect();
    stream::iter(all).boxed()
}

/// Files below the store's directory.
fn files(home: &tempfile::TempDir) -> Vec<String> {
    let mut found = Vec::new();
    let mut stack = vec![home.path().join("blobs")];
    while let Some(directory) = stack.pop() {
        for entry in std::fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                stack.push(path);
            } else {
                found.push(path.file_name().expect("a name").to_string_lossy().into_owned());
            }
        }
    }
    found
}

#[tokio::test]
async fn what_is_stored_is_found() {
    let (home, store) = store();
    let name = digest(b"one two");
    assert_eq!(store.size(&name).await.expect("an answer"), None);
    assert!(store.read(&name).await.expect("an answer").is_none());
    for _ in 0..2 {
        assert_eq!(store.write(&name, pieces(&["one ", "two"])).await.expect("stored"), 7);
    }
    assert_eq!(store.size(&name).await.expect("an answer"), Some(7));
    let (size, bytes) = store.read(&name).await.expect("an answer").expect("there");
    let whole: Vec<Bytes> = bytes.try_collect().await.expect("bytes");
    assert_eq!((size, whole.concat().as_slice()), (7, &b"one two"[..]));
    assert_eq!(files(&home), [name.to_string()]);
    let again = Directory::open(home.path().join("blobs")).expect("opened again");
    assert_eq!(again.size(&name).await.expect("an answer"), Some(7));
}

#[tokio::test]
async fn what_is_not_as_announced_leaves_nothing() {
    let (home, store) = store();
    let name = digest(b"one two");
    let wrong = store.write(&name, pieces(&["one", "two"])).await;
    assert!(matches!(wrong, Err(BlobError::Mismatch { .. })), "{wrong:?}");
    let broken = stream::iter([Ok(Bytes::from("one two")), Err(io::Error::other("cut"))]).boxed();
    let broken = store.write(&name, broken).await;
    assert!(matches!(broken, Err(BlobError::Broken(_))), "{broken:?}");
    let endless = stream::repeat_with(|| Ok(Bytes::from(vec![0; 1 << 16]))).boxed();
    let endless = store.write(&name, endless).await;
    assert!(
        matches!(endless, Err(BlobError::TooLarge { most }) if most == 1 << 20),
        "{endless:?}"
    );
    // A caller that goes in the middle.
    let silent = stream::iter([Ok(Bytes::from("one"))]).chain(stream::pending()).boxed();
    let gone = tokio::time::timeout(std::time::Duration::from_millis(50), store.write(&name, silent)).await;
    assert!(gone.is_err());
    assert_eq!(files(&home), [""; 0]);
    assert_eq!(store.size(&name).await.expect("an answer"), None);
}

#[tokio::test]
async fn what_a_crash_has_left_goes_at_the_start() {
    let (home, store) = store();
    let name = digest(b"whole");
    store.write(&name, pieces(&["whole"])).await.expect("stored");
    std::fs::write(home.path().join("blobs/incoming/half"), b"ha").expect("a file");
    Directory::open(home.path().join("blobs")).expect("opened again");
    assert_eq!(files(&home), [name.to_string()]);
}

#[tokio::test]
async fn many_at_once_store_the_same() {
    let (home, store) = store();
    let text = "x".repeat(500_000);
    let name = digest(text.as_bytes());
    let writes = (0..16).map(|_| {
        let (store, name, text) = (store.clone(), name.clone(), text.clone());
        async move { store.write(&name, pieces(&[&text[..250_000], &text[250_000..]])).await }
    });
    for written in futures::future::join_all(writes).await {
        assert_eq!(written.expect("stored"), 500_000);
    }
    assert_eq!(files(&home), [name.to_string()]);
}
