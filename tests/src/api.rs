//! A small blocking client, for what the SDKs cannot say (wrong keys, bad bodies, exact codes).

use serde_json::Value;
use std::time::Duration;

/// An answer: any status, decoded if it is JSON.
#[derive(Debug)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body, `Null` if it is not JSON.
    pub json: Value,
    /// The body as text, lossy.
    pub text: String,
    /// `Server-Timing`, empty if there is none.
    pub timing: String,
}

/// A client of one platform with one key.
#[derive(Clone)]
pub struct Api {
    agent: ureq::Agent,
    base: String,
    key: String,
    header: Option<(String, String)>,
}

impl Api {
    /// `base` ends in `/api`.
    pub fn new(base: &str, key: &str) -> Api {
        let agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(Duration::from_secs(90)))
            .build()
            .new_agent();
        Api {
            agent,
            base: base.trim_end_matches('/').to_owned(),
            key: key.to_owned(),
            header: None,
        }
    }

    /// The same client with one more header.
    pub fn with_header(&self, name: &str, value: &str) -> Api {
        Api {
            header: Some((name.to_owned(), value.to_owned())),
            ..self.clone()
        }
    }

    /// The same platform with another key.
    pub fn with_key(&self, key: &str) -> Api {
        Api {
            key: key.to_owned(),
            ..self.clone()
        }
    }

    /// `GET` of a path below the API base, or of a whole URL.
    pub fn get(&self, path: &str) -> Reply {
        self.send("GET", path, None)
    }

    /// `POST` with a JSON body.
    pub fn post(&self, path: &str, body: &Value) -> Reply {
        self.send("POST", path, Some(body.to_string().into_bytes()))
    }

    /// `PUT` with a JSON body.
    pub fn put(&self, path: &str, body: &Value) -> Reply {
        self.send("PUT", path, Some(body.to_string().into_bytes()))
    }

    /// `PATCH` with a JSON body.
    pub fn patch(&self, path: &str, body: &Value) -> Reply {
        self.send("PATCH", path, Some(body.to_string().into_bytes()))
    }

    /// `DELETE`.
    pub fn delete(&self, path: &str) -> Reply {
        self.send("DELETE", path, None)
    }

    /// Any method and body; a transport failure is status 0 with its text.
    pub fn send(&self, method: &str, path: &str, body: Option<Vec<u8>>) -> Reply {
        let url = if path.starts_with("http") {
            path.to_owned()
        } else {
            format!("{}{path}", self.base)
        };
        let mut request = ureq::http::Request::builder().method(method).uri(url);
        if !self.key.is_empty() {
            request = request.header("Authorization", format!("Bearer {}", self.key));
        }
        if let Some((name, value)) = &self.header {
            request = request.header(name, value);
        }
        if body.is_some() {
            request = request.header("Content-Type", "application/json");
        }
        let sent = match body {
            Some(body) => self.agent.run(request.body(body).expect("a request")),
            None => self.agent.run(request.body(()).expect("a request")),
        };
        match sent {
            Err(error) => Reply {
                status: 0,
                json: Value::Null,
                text: error.to_string(),
                timing: String::new(),
            },
            Ok(mut answer) => {
                let text = answer
                    .body_mut()
                    .with_config()
                    .limit(256 << 20)
                    .lossy_utf8(true)
                    .read_to_string()
                    .unwrap_or_default();
                let json = serde_json::from_str(&text).unwrap_or(Value::Null);
                let timing = answer
                    .headers()
                    .get("server-timing")
                    .and_then(|value| value.to_str().ok());
                let timing = timing.unwrap_or_default().to_owned();
                Reply {
                    status: answer.status().as_u16(),
                    json,
                    text,
                    timing,
                }
            }
        }
    }

    /// Creates a sandbox from `body`; panics with the answer unless it is started.
    pub fn create(&self, body: &Value) -> Value {
        let reply = self.post("/sandbox", body);
        assert_eq!(reply.status, 200, "create: {}", reply.text);
        assert_eq!(reply.json["state"], "started", "create: {}", reply.text);
        reply.json
    }

    /// Base of a sandbox's toolbox.
    pub fn toolbox(sandbox: &Value) -> String {
        let base = sandbox["toolboxProxyUrl"]
            .as_str()
            .unwrap_or_default()
            .trim_end_matches('/');
        format!("{base}/{}", sandbox["id"].as_str().unwrap_or_default())
    }

    /// `process/execute` in a sandbox.
    pub fn exec(&self, sandbox: &Value, command: &str) -> Reply {
        self.exec_with(sandbox, serde_json::json!({ "command": command }))
    }

    /// `process/execute` with a whole body.
    pub fn exec_with(&self, sandbox: &Value, body: Value) -> Reply {
        self.post(&format!("{}/process/execute", Api::toolbox(sandbox)), &body)
    }
}
