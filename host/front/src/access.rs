//! May this caller reach that sandbox? The API says; a yes is believed for half a second.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderName, HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use crate::api::Asking;
use crate::fault::Fault;
use crate::limits::{ACCESS_TIME, API_TIME, MAX_ACCESS};

/// Header in which a preview's token goes to the API.
const PREVIEW_TOKEN: HeaderName = HeaderName::from_static("sandbar-preview-token");

/// What the API says of a sandbox that the caller may reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Id, also where the caller named it by name or token.
    pub sandbox_id: String,
    /// Whose it is.
    pub organization_id: String,
    /// Where it is.
    pub runner_id: Option<String>,
    /// Generation of the plane's intent.
    pub generation: u64,
    /// State as clients see it.
    pub state: String,
}

/// States in which a sandbox takes no calls. In all others its runner knows best: the plane hears of a start
/// after the runner.
const RESTING: [&str; 7] = [
    "stopped",
    "stopping",
    "destroyed",
    "destroying",
    "archived",
    "archiving",
    "error",
];

impl Access {
    /// Whether the sandbox takes no calls now.
    pub fn rests(&self) -> bool {
        RESTING.contains(&self.state.as_str())
    }
}

/// Who asks for what: one question to the API, as often as it has to be put.
#[derive(Debug, Clone)]
pub struct Question {
    path: String,
    authorization: Option<HeaderValue>,
    token: Option<HeaderValue>,
}

/// A question without its credentials, which are kept as a hash only.
pub type Key = [u8; 32];

impl Question {
    /// Whether a caller may use the toolbox of `sandbox`, a path segment as the client wrote it.
    ///
    /// # Errors
    /// 401 without a credential.
    pub fn toolbox(authorization: Option<&HeaderValue>, sandbox: &str) -> Result<Self, Fault> {
        let Some(authorization) = authorization else {
            return Err(Fault::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "the Authorization header is missing",
            ));
        };
        Ok(Self {
            path: format!("/api/internal/access/{sandbox}"),
            authorization: Some(authorization.clone()),
            token: None,
        })
    }

    /// Whether a caller may see a port of a sandbox, which `label` names by its id or by a signed token.
    pub fn preview(label: &str, port: u16, authorization: Option<HeaderValue>, token: Option<HeaderValue>) -> Self {
        Self {
            path: format!("/api/internal/preview?sandbox={label}&port={port}"),
            authorization,
            token,
        }
    }

    /// The caller's own credential, if it has one.
    pub fn authorization(&self) -> Option<&HeaderValue> {
        self.authorization.as_ref()
    }

    /// What tells this question from others.
    pub fn key(&self) -> Key {
        let mut hash = Sha256::new();
        let mut part = |bytes: &[u8]| {
            // Each with its length, so that no two questions are spelt alike.
            hash.update((bytes.len() as u64).to_le_bytes());
            hash.update(bytes);
        };
        part(self.path.as_bytes());
        for value in [&self.authorization, &self.token] {
            part(value.as_ref().map_or(b"", HeaderValue::as_bytes));
        }
        hash.finalize().into()
    }

    async fn put(&self, api: &Asking) -> Result<Access, Fault> {
        let token = self.token.clone().map(|token| (PREVIEW_TOKEN, token));
        let asked = api.ask_json_with(self.path.clone(), self.authorization.clone(), token);
        let late = |_| {
            Fault::new(
                StatusCode::GATEWAY_TIMEOUT,
                "API_TIMEOUT",
                "the control plane did not answer in time",
            )
        };
        let value = tokio::time::timeout(API_TIME, asked)
            .await
            .map_err(late)?
            .map_err(|(status, body)| Fault::Api(status, body))?;
        serde_json::from_value(value).map_err(|_| {
            Fault::new(
                StatusCode::BAD_GATEWAY,
                "API_ERROR",
                "the control plane gave no usable answer",
            )
        })
    }
}

/// One question on its way, shared by all who have it. The time is when it was put.
type Pending = Arc<OnceCell<(Instant, Result<Access, Fault>)>>;

#[derive(Default)]
struct Known {
    yes: HashMap<Key, (Instant, Access)>,
    pending: HashMap<Key, Pending>,
}

/// Yeses by question.
#[derive(Default)]
pub struct AccessCache {
    known: Mutex<Known>,
}

impl AccessCache {
    /// Asks, unless a yes is fresh. Of calls that come while a question is on its way, none puts it again.
    ///
    /// # Errors
    /// The API's own refusal, or 504 if it does not answer.
    pub async fn check(&self, api: &Asking, question: &Question) -> Result<Access, Fault> {
        let key = question.key();
        let came = Instant::now();
        loop {
            let pending = {
                let mut known = self.lock();
                if let Some((at, access)) = known.yes.get(&key)
                    && at.elapsed() < ACCESS_TIME
                {
                    return Ok(access.clone());
                }
                Arc::clone(known.pending.entry(key).or_default())
            };
            let (asked, answer) = pending
                .get_or_init(|| async {
                    let asked = Instant::now();
                    let answer = question.put(api).await;
                    let mut known = self.lock();
                    if let Ok(access) = &answer {
                        known.keep(key, asked, access);
                    }
                    known.pending.remove(&key);
                    (asked, answer)
                })
                .await
                .clone();
            // Who joined a question that was put long before asks for itself: a key may have been revoked since.
            if answer.is_err() || came.saturating_duration_since(asked) < ACCESS_TIME {
                return answer;
            }
        }
    }

    /// Forgets a yes that has turned out to be old.
    pub fn forget(&self, question: &Question) {
        self.lock().yes.remove(&question.key());
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Its time runs from the question, not from the answer: the key may have been revoked in between.
    fn keep(&mut self, key: Key, asked: Instant, access: &Access) {
        // A sandbox that rests may be started at any moment, by a call that does not come through here.
        if access.rests() {
            return;
        }
        if self.yes.len() >= MAX_ACCESS {
            self.yes.retain(|_, (at, _)| at.elapsed() < ACCESS_TIME);
        }
        if self.yes.len() < MAX_ACCESS {
            self.yes.insert(key, (asked, access.clone()));
        }
    }
}
