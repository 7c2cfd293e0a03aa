//! May this caller reach that sandbox? The API says; a yes is believed for half a second.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use http::{HeaderValue, StatusCode};
use serde::Deserialize;
use sha2::{Digest, Sha256};

use crate::api::Asking;
use crate::fault::Fault;
use crate::limits::{ACCESS_TIME, API_TIME, MAX_ACCESS};

/// What the API says of a sandbox that the caller may reach.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Access {
    /// Id, also where the caller named it by name.
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

type Key = ([u8; 32], String);

/// Yeses by caller and sandbox. Credentials are kept as hashes only.
#[derive(Default)]
pub struct AccessCache {
    known: Mutex<HashMap<Key, (Instant, Access)>>,
}

impl AccessCache {
    /// Asks, unless a yes is fresh. `sandbox` is a path segment as the client wrote it.
    ///
    /// # Errors
    /// The API's own refusal, or 504 if it does not answer.
    pub async fn check(
        &self,
        api: &Asking,
        authorization: Option<&HeaderValue>,
        sandbox: &str,
    ) -> Result<Access, Fault> {
        let Some(authorization) = authorization else {
            return Err(Fault::new(
                StatusCode::UNAUTHORIZED,
                "UNAUTHORIZED",
                "the Authorization header is missing",
            ));
        };
        let key = (Sha256::digest(authorization.as_bytes()).into(), sandbox.to_owned());
        if let Some(access) = self.fresh(&key) {
            return Ok(access);
        }
        let asked = Instant::now();
        let path = format!("/api/internal/access/{sandbox}");
        let answer = tokio::time::timeout(API_TIME, api.ask_json(path, Some(authorization.clone()))).await;
        let late = |_| {
            Fault::new(
                StatusCode::GATEWAY_TIMEOUT,
                "API_TIMEOUT",
                "the control plane did not answer in time",
            )
        };
        let value = answer
            .map_err(late)?
            .map_err(|(status, body)| Fault::Api(status, body))?;
        let access: Access = serde_json::from_value(value).map_err(|_| {
            Fault::new(
                StatusCode::BAD_GATEWAY,
                "API_ERROR",
                "the control plane gave no usable answer",
            )
        })?;
        // A sandbox that rests may be started at any moment, by a call that does not come through here.
        if !access.rests() {
            self.keep(key, asked, access.clone());
        }
        Ok(access)
    }

    /// Forgets a yes that has turned out to be old.
    pub fn forget(&self, authorization: Option<&HeaderValue>, sandbox: &str) {
        if let Some(authorization) = authorization {
            let key = (Sha256::digest(authorization.as_bytes()).into(), sandbox.to_owned());
            self.known.lock().unwrap_or_else(PoisonError::into_inner).remove(&key);
        }
    }

    fn fresh(&self, key: &Key) -> Option<Access> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known
            .get(key)
            .filter(|(at, _)| at.elapsed() < ACCESS_TIME)
            .map(|(_, access)| access.clone())
    }

    /// Its time runs from the question, not from the answer: the key may have been revoked in between.
    fn keep(&self, key: Key, asked: Instant, access: Access) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MAX_ACCESS {
            known.retain(|_, (at, _)| at.elapsed() < ACCESS_TIME);
        }
        if known.len() < MAX_ACCESS {
            known.insert(key, (asked, access));
        }
    }
}
