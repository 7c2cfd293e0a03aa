//! The event stream that SDKs wait on: socket.io over Engine.IO 4, WebSocket only.

mod feed;
mod protocol;
mod socket;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use axum::extract::FromRequestParts;
use axum::extract::ws::WebSocketUpgrade;
use http::{Request, Response, StatusCode};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::Body;
use crate::api::Asking;
use crate::fault::Fault;
use crate::limits::{MAX_ALL_SOCKETS, MAX_EVENT_BACKLOG, MAX_EVENT_FRAME, MAX_SOCKETS};
use crate::router::Shared;
use feed::Feed;

/// Who listens, by organization.
pub struct Events {
    api: Arc<Asking>,
    feeds: Mutex<HashMap<String, Weak<Feed>>>,
    places: Arc<Semaphore>,
}

impl Events {
    /// Of the changes that `api` tells.
    pub fn new(api: Arc<Asking>) -> Self {
        Self {
            api,
            feeds: Mutex::default(),
            places: Arc::new(Semaphore::new(MAX_ALL_SOCKETS)),
        }
    }

    /// The feed of an organization, shared by its sockets; it lives as long as one of them. None if there are
    /// too many sockets already.
    fn feed(&self, organization: &str) -> Option<Arc<Feed>> {
        let mut feeds = self.feeds.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(feed) = feeds.get(organization).and_then(Weak::upgrade) {
            // One count is this very handle.
            return (Arc::strong_count(&feed) <= MAX_SOCKETS).then_some(feed);
        }
        feeds.retain(|_, feed| feed.strong_count() > 0);
        let feed = Feed::start(Arc::clone(&self.api), organization);
        feeds.insert(organization.to_owned(), Arc::downgrade(&feed));
        Some(feed)
    }

    fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }
}

/// Answers the WebSocket upgrade of an event socket.
///
/// # Errors
/// 400 for anything but Engine.IO 4 over WebSocket, 503 if there are too many sockets.
pub async fn open(shared: &Arc<Shared>, request: Request<Body>) -> Result<Response<axum::body::Body>, Fault> {
    let query = request.uri().query().unwrap_or_default().to_owned();
    let has = |pair: &str| query.split('&').any(|part| part == pair);
    let refuse = |text: &str| Fault::new(StatusCode::BAD_REQUEST, "BAD_TRANSPORT", text);
    if !has("transport=websocket") {
        return Err(refuse("only `transport=websocket` is served"));
    }
    if !has("EIO=4") {
        return Err(refuse("only Engine.IO 4 is served"));
    }
    let (mut parts, _) = request.into_parts();
    let upgrade = WebSocketUpgrade::from_request_parts(&mut parts, &())
        .await
        .map_err(|_| refuse("a WebSocket upgrade is needed"))?;
    let full = || {
        Fault::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "TOO_MANY_SOCKETS",
            "too many event sockets",
        )
    };
    let place = shared.events.place().ok_or_else(full)?;
    let shared = Arc::clone(shared);
    Ok(upgrade
        .max_message_size(MAX_EVENT_FRAME)
        .max_frame_size(MAX_EVENT_FRAME)
        .max_write_buffer_size(MAX_EVENT_BACKLOG)
        .on_upgrade(move |socket| async move {
            socket::serve(&shared, socket).await;
            drop(place);
        }))
}
