//! The runners' links: who can be reached, and over what.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use http::{HeaderValue, Method, Request, StatusCode, Uri, Version};
use hyper::client::conn::http2::SendRequest;
use sandbar_forward::{Call, FORWARD_HEADER, LinkKey, Near, SEAL_LIFETIME, now_millis};
use tokio::sync::Notify;

use crate::Body;
use crate::fault::Fault;
use crate::limits::MAX_LINKS;

/// One runner's connection, on which the runner is the HTTP/2 server.
pub struct Link {
    number: u64,
    /// Seals calls over this link.
    pub key: LinkKey,
    /// Sends requests. Clones share the connection.
    pub sender: SendRequest<Body>,
    /// The runner itself, if it lives in this process.
    near: OnceLock<Weak<dyn Near>>,
}

impl Link {
    /// The runner, if it lives in this process.
    pub fn near(&self) -> Option<Arc<dyn Near>> {
        self.near.get()?.upgrade()
    }

    /// A request for this link, sealed: `path` with its query, `sandbox` empty for the runner's own routes.
    ///
    /// # Errors
    /// 400 for a path that cannot be sent.
    pub fn seal<B>(
        &self,
        method: &Method,
        path: &str,
        sandbox: &str,
        generation: u64,
        body: B,
    ) -> Result<Request<B>, Fault> {
        let bad = |_| Fault::new(StatusCode::BAD_REQUEST, "BAD_PATH", "the path cannot be forwarded");
        let uri: Uri = Uri::builder()
            .scheme("http")
            .authority("runner")
            .path_and_query(path)
            .build()
            .map_err(bad)?;
        let call = Call {
            method: method.as_str(),
            // As parsed: what the runner will see.
            path_and_query: uri.path_and_query().map_or("/", |p| p.as_str()),
            sandbox,
        };
        let lifetime = u64::try_from(SEAL_LIFETIME.as_millis()).unwrap_or(u64::MAX);
        let seal = self.key.seal(&call, generation, now_millis().saturating_add(lifetime));
        let seal = HeaderValue::try_from(seal).map_err(|_| {
            Fault::new(
                StatusCode::INTERNAL_SERVER_ERROR,
                "INTERNAL",
                "the call cannot be sealed",
            )
        })?;
        let mut request = Request::new(body);
        *request.method_mut() = method.clone();
        *request.uri_mut() = uri;
        *request.version_mut() = Version::HTTP_2;
        request.headers_mut().insert(FORWARD_HEADER, seal);
        Ok(request)
    }
}

/// Links by runner.
#[derive(Default)]
pub struct Links {
    by_runner: Mutex<HashMap<String, Arc<Link>>>,
    /// Runners of this process whose link is not in the table yet. Locked after the table.
    early: Mutex<Vec<(LinkKey, Weak<dyn Near>)>>,
    next: AtomicU64,
    change: Arc<Notify>,
}

impl Links {
    /// The runner's newest link.
    pub fn get(&self, runner: &str) -> Option<Arc<Link>> {
        self.by_runner
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(runner)
            .cloned()
    }

    /// [`Links::get`], or the answer to whoever wants to reach a runner that has none.
    ///
    /// # Errors
    /// 503.
    pub fn reach(&self, runner: &str) -> Result<Arc<Link>, Fault> {
        self.get(runner).ok_or_else(|| {
            let text = format!(
                "runner {runner} has no connection to this front at the moment; its sandboxes keep their files"
            );
            Fault::new(StatusCode::SERVICE_UNAVAILABLE, "RUNNER_UNREACHABLE", text)
        })
    }

    /// Who is linked now, in order.
    pub fn runners(&self) -> Vec<String> {
        let mut runners: Vec<String> = {
            let links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
            links.keys().cloned().collect()
        };
        runners.sort();
        runners
    }

    /// Notified when a runner has linked or left.
    pub fn changes(&self) -> Arc<Notify> {
        Arc::clone(&self.change)
    }

    /// Takes a new link in place of an older one of the runner, whose calls in flight go on to their end.
    /// The number is for [`Links::remove`]; none if there are too many links.
    pub fn insert(&self, runner: &str, key: LinkKey, sender: SendRequest<Body>) -> Option<u64> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let mut links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
        if links.len() >= MAX_LINKS && !links.contains_key(runner) {
            return None;
        }
        let near = OnceLock::new();
        let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(at) = early.iter().position(|(its, _)| its.is(&key)) {
            // Cannot be taken: the cell is new.
            let _ = near.set(early.swap_remove(at).1);
        }
        drop(early);
        let link = Link {
            number,
            key,
            sender,
            near,
        };
        links.insert(runner.to_owned(), Arc::new(link));
        drop(links);
        // Keeps a permit if nobody waits yet.
        self.change.notify_one();
        Some(number)
    }

    /// The runner at the other end of the link with this key lives in this process.
    pub fn settle(&self, key: &LinkKey, near: Weak<dyn Near>) {
        let links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
        match links.values().find(|link| link.key.is(key)) {
            // Whoever settles twice stays where it was.
            Some(link) => drop(link.near.set(near)),
            None => {
                let mut early = self.early.lock().unwrap_or_else(PoisonError::into_inner);
                early.retain(|(_, near)| near.strong_count() > 0);
                if early.len() < MAX_LINKS {
                    early.push((key.clone(), near));
                }
            }
        }
    }

    /// Forgets a link that has ended, unless a newer one has its place.
    pub fn remove(&self, runner: &str, number: u64) {
        let mut links = self.by_runner.lock().unwrap_or_else(PoisonError::into_inner);
        if links.get(runner).is_some_and(|link| link.number == number) {
            links.remove(runner);
            drop(links);
            self.change.notify_one();
        }
    }

    /// Runners linked now.
    pub fn len(&self) -> usize {
        self.by_runner.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}
