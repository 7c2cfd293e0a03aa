//! The front, put together.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use tokio::sync::Semaphore;

use crate::access::AccessCache;
use crate::activity::Activity;
use crate::api::{Api, Asking};
use crate::events::Events;
use crate::fault::Fault;
use crate::limits::MAX_CALLS;
use crate::links::Links;
use crate::{Body, BoxError, events, forward, link};

/// Path of the event stream.
const EVENTS: &str = "/api/socket.io";

/// The data path's front. Cheap to clone.
#[derive(Clone)]
pub struct Front(Arc<Shared>);

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) api: Arc<Asking>,
    pub(crate) access: AccessCache,
    pub(crate) activity: Activity,
    pub(crate) links: Links,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) events: Events,
}

impl Front {
    /// A front of `api`, which knows it by `front_key`.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, front_key: &str) -> Self {
        let api = Arc::new(Asking::new(api, front_key));
        Self(Arc::new(Shared {
            events: Events::new(Arc::clone(&api)),
            api,
            access: AccessCache::default(),
            activity: Activity::default(),
            links: Links::default(),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
        }))
    }

    /// Serves `/toolbox/…`, `/link` and the event stream; everything else goes to the API. The owner of the
    /// listener sets TCP_NODELAY and allows upgrades.
    pub fn router(&self) -> Router {
        Router::new().fallback(dispatch).with_state(Arc::clone(&self.0))
    }

    /// Runners that can be reached now.
    #[must_use]
    pub fn linked_runners(&self) -> usize {
        self.0.links.len()
    }
}

async fn dispatch(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response<axum::body::Body> {
    let request: Request<Body> = request.map(|body| body.map_err(|e| Box::new(e) as BoxError).boxed_unsync());
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let answer = if let Some((sandbox, rest)) = forward::target(&path) {
        forward::call(&shared, request, sandbox, rest).await
    } else if path == "/link" {
        link::open(&shared, request).await
    } else if path.trim_end_matches('/') == EVENTS {
        return match events::open(&shared, request).await {
            Ok(response) => response,
            Err(fault) => fault.response(&method, &path).map(axum::body::Body::new),
        };
    } else if path.starts_with("/toolbox/") || path == "/toolbox" {
        Err(Fault::new(
            StatusCode::NOT_FOUND,
            "NOT_FOUND",
            "toolbox paths are /toolbox/<sandbox>/<path>",
        ))
    } else {
        Ok(shared.api.pass(request).await)
    };
    answer
        .unwrap_or_else(|fault| fault.response(&method, &path))
        .map(axum::body::Body::new)
}
