//! A control plane in this process: the real components and the real store, without runners, fronts or sockets.

use http::Request;
use http_body_util::{BodyExt as _, Full};
use sandbar_engine::{CodeCache, ControlEngine};
use sandbar_plane::{Body, PlaneConfig};
use serde_json::Value;
use std::path::PathBuf;
use std::sync::Arc;

/// The first key and the front's, with their hashes.
pub const KEY: &str = "sandbar-test-key";
const KEY_HASH: &str = "f94a9081bb2506e0de5285ff90e57f45b818939f6324050d9d6b9ecfbb12b59b";
pub const FRONT: &str = "sandbar-test-token";
const FRONT_HASH: &str = "4ab36ded1309cc422c194117489d1ad3b95f385bbd781c37eec7e19eae756572";

/// A plane with its database.
pub struct Plane {
    plane: Arc<sandbar_plane::Plane>,
    _data: tempfile::TempDir,
}

fn root() -> PathBuf {
    sandbar_tests::root()
}

/// Where the components are, if not where xtask puts them.
fn components() -> PathBuf {
    std::env::var_os("SANDBAR_COMPONENTS").map_or_else(|| root().join("target/components"), PathBuf::from)
}

/// Starts a plane with two shared regions, `us` and `eu`, and these variables.
pub async fn start(variables: &[(&str, &str)]) -> Arc<Plane> {
    let data = tempfile::tempdir().expect("a directory");
    let text = std::fs::read_to_string(root().join("spin.toml")).expect("the manifest");
    let manifest = data.path().join("spin.toml");
    let found = format!("{}/", components().display());
    std::fs::write(&manifest, text.replace("target/components/", &found)).expect("a manifest");
    let mut config = PlaneConfig::new(
        ControlEngine::new().expect("an engine"),
        // Shared by the tests: compiling the components takes seconds.
        CodeCache::open(root().join("target/cache")).expect("a cache"),
        manifest,
        data.path().join("plane.db"),
    );
    let usual = [
        ("bootstrap_key_hash", KEY_HASH),
        ("front_key_hash", FRONT_HASH),
        ("default_region", "us,eu"),
        ("toolbox_proxy_url", "http://plane.test:3986/toolbox"),
    ];
    for (name, value) in usual.iter().chain(variables) {
        config.variables.insert((*name).to_owned(), (*value).to_owned());
    }
    let plane = sandbar_plane::Plane::start(config)
        .await
        .unwrap_or_else(|error| panic!("{error}"));
    Arc::new(Plane { plane, _data: data })
}

impl Plane {
    /// A client with a key; empty: without one.
    pub fn client(self: &Arc<Self>, key: &str) -> Client {
        Client {
            plane: Arc::clone(self),
            key: key.to_owned(),
            headers: Vec::new(),
        }
    }

    /// The first user: an operator.
    pub fn operator(self: &Arc<Self>) -> Client {
        self.client(KEY)
    }

    /// The plane's own front, for whoever has this key.
    pub fn front(self: &Arc<Self>, key: &str) -> Client {
        self.client(key).with("sandbar-front-key", FRONT)
    }

    /// One tick that did its work: ticks keep a distance from each other.
    pub async fn tick(self: &Arc<Self>) -> Answer {
        for _ in 0..200 {
            let answer = self.front("").post("/api/internal/tick", Value::Null).await.ok(200);
            if answer.json["done"] == true {
                return answer;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("no tick did its work");
    }
}

/// Somebody who calls.
#[derive(Clone)]
pub struct Client {
    plane: Arc<Plane>,
    key: String,
    headers: Vec<(String, String)>,
}

/// What was answered.
#[derive(Debug)]
pub struct Answer {
    pub what: String,
    pub status: u16,
    pub json: Value,
}

impl Answer {
    /// The same, if it has this status; else the test fails with the answer.
    pub fn ok(self, status: u16) -> Self {
        assert_eq!(self.status, status, "{}: {}", self.what, self.json);
        self
    }

    /// A field that is a text.
    pub fn text(&self, field: &str) -> String {
        let value = &self.json[field];
        let text = value
            .as_str()
            .unwrap_or_else(|| panic!("{}: no {field} in {}", self.what, self.json));
        text.to_owned()
    }
}

impl Client {
    /// The same with a header.
    pub fn with(&self, name: &str, value: &str) -> Self {
        let mut it = self.clone();
        it.headers.push((name.to_owned(), value.to_owned()));
        it
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.send("GET", path, Value::Null).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.send("POST", path, body).await
    }

    pub async fn put(&self, path: &str, body: Value) -> Answer {
        self.send("PUT", path, body).await
    }

    pub async fn patch(&self, path: &str, body: Value) -> Answer {
        self.send("PATCH", path, body).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.send("DELETE", path, Value::Null).await
    }

    /// Any call; `Null` is no body.
    pub async fn send(&self, method: &str, path: &str, body: Value) -> Answer {
        let bytes = if body.is_null() {
            String::new()
        } else {
            body.to_string()
        };
        let body: Body = Full::new(bytes.into_bytes().into())
            .map_err(|never| match never {})
            .boxed_unsync();
        let mut request = Request::builder()
            .method(method)
            .uri(path)
            .header("host", "plane.test")
            .header("content-type", "application/json");
        if !self.key.is_empty() {
            request = request.header("authorization", format!("Bearer {}", self.key));
        }
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        let request = request.body(body).expect("a request");
        let (parts, body) = self.plane.plane.handle(request).await.into_parts();
        let bytes = body.collect().await.expect("a whole answer").to_bytes();
        let json =
            serde_json::from_slice(&bytes).unwrap_or_else(|_| String::from_utf8_lossy(&bytes).into_owned().into());
        Answer {
            what: format!("{method} {path}"),
            status: parts.status.as_u16(),
            json,
        }
    }
}
