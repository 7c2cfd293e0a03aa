//! The front, put together.

use std::sync::{Arc, Weak};

use axum::Router;
use axum::extract::State;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt;
use sandbar_forward::{LinkKey, Near, Neighbourhood};
use tokio::sync::Semaphore;

use crate::access::AccessCache;
use crate::activity::Activity;
use crate::api::{Api, Asking};
use crate::build_logs::{self, BuildLogs};
use crate::events::Events;
use crate::fault::Fault;
use crate::forward::Aim;
use crate::limits::{MAX_CALLS, MAX_TUNNELS};
use crate::links::Links;
use crate::objects::{self, Objects};
use crate::watch::Watches;
use crate::{Body, BoxError, blobs, cors, duties, events, forward, link, preview, runners};

/// Path of the event stream.
const EVENTS: &str = "/api/socket.io";

/// The data path's front. Cheap to clone.
#[derive(Clone)]
pub struct Front(Arc<Shared>);

/// How a front behaves.
#[derive(Debug, Clone)]
pub struct FrontConfig {
    /// The key by which the API knows it.
    pub front_key: String,
    /// The domain directly below which every host is a preview, without a dot at its start; none: any domain.
    pub preview_domain: Option<String>,
    /// Whether it asks the API to act as time passes. Any number of fronts may; one of a region's proxy need not.
    pub ticks: bool,
    /// Where uploads for images and logs of builds are kept; none: this front keeps none.
    pub data_dir: Option<std::path::PathBuf>,
}

impl FrontConfig {
    /// A front of the plane itself, with previews on any domain.
    #[must_use]
    pub fn new(front_key: impl Into<String>) -> Self {
        Self {
            front_key: front_key.into(),
            preview_domain: None,
            ticks: true,
            data_dir: None,
        }
    }
}

/// What all requests share.
pub(crate) struct Shared {
    pub(crate) api: Arc<Asking>,
    pub(crate) access: AccessCache,
    pub(crate) activity: Activity,
    pub(crate) links: Links,
    pub(crate) calls: Arc<Semaphore>,
    pub(crate) tunnels: Arc<Semaphore>,
    pub(crate) watches: Watches,
    pub(crate) events: Events,
    pub(crate) objects: Option<Objects>,
    pub(crate) build_logs: Option<BuildLogs>,
    pub(crate) blobs: Option<blobs::Store>,
    preview_domain: Option<String>,
}

impl Front {
    /// A front of `api`. Must be called within a runtime: it tells the API by itself which runners are linked, and
    /// that time passes.
    #[must_use]
    pub fn new(api: Arc<dyn Api>, config: FrontConfig) -> Self {
        let api = Arc::new(Asking::new(api, &config.front_key));
        let shared = Arc::new(Shared {
            events: Events::new(Arc::clone(&api)),
            api,
            access: AccessCache::default(),
            activity: Activity::default(),
            links: Links::default(),
            calls: Arc::new(Semaphore::new(MAX_CALLS)),
            tunnels: Arc::new(Semaphore::new(MAX_TUNNELS)),
            watches: Watches::default(),
            blobs: config.data_dir.as_deref().and_then(blob_store),
            objects: config
                .data_dir
                .as_ref()
                .map(|data| Objects::new(data.join("objects"), &config.front_key)),
            build_logs: config.data_dir.map(|data| BuildLogs::new(data.join("build-logs"))),
            preview_domain: config.preview_domain.map(|domain| domain.trim_matches('.').to_owned()),
        });
        duties::start(&shared, config.ticks);
        Self(shared)
    }

    /// Serves `/toolbox/…`, previews, `/link`, the event stream, and what concerns a runner itself; everything else
    /// goes to the API. The owner of the
    /// listener sets TCP_NODELAY and allows upgrades.
    pub fn router(&self) -> Router {
        Router::new().fallback(dispatch).with_state(Arc::clone(&self.0))
    }

    /// Where runners of this process leave word that they can be called directly.
    #[must_use]
    pub fn neighbourhood(&self) -> Arc<dyn Neighbourhood> {
        Arc::clone(&self.0) as _
    }

    /// Runners that can be reached now.
    #[must_use]
    pub fn linked_runners(&self) -> usize {
        self.0.links.len()
    }
}

/// The blob store below a front's directory. A front without one still serves all else.
fn blob_store(data: &std::path::Path) -> Option<blobs::Store> {
    match sandbar_blobs::Directory::open(data.join("blobs")) {
        Ok(directory) => Some(blobs::Store::new(Arc::new(directory))),
        Err(error) => {
            tracing::error!(%error, directory = %data.display(), "there is no blob store: snapshots cannot be kept");
            None
        }
    }
}

impl Neighbourhood for Shared {
    fn settle(&self, key: &LinkKey, near: Weak<dyn Near>) {
        self.links.settle(key, near);
    }
}

async fn dispatch(State(shared): State<Arc<Shared>>, request: axum::extract::Request) -> Response<axum::body::Body> {
    let request: Request<Body> = request.map(|body| body.map_err(|e| Box::new(e) as BoxError).boxed_unsync());
    let method = request.method().as_str().to_owned();
    let path = request.uri().path().to_owned();
    let open = cors::applies(request.headers());
    let answer = if let Some(place) = preview::place(&request, shared.preview_domain.as_deref()) {
        opened(open, &method, &path, visit(&shared, request, &place).await)
    } else if let Some((sandbox, rest)) = forward::target(&path) {
        opened(open, &method, &path, toolbox(&shared, request, sandbox, rest).await)
    } else if path == "/link" {
        link::open(&shared, request).await
    } else if let Some(rest) = blobs::target(&path) {
        blobs::call(&shared, request, rest).await
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
    } else if objects::is_ours(request.method(), &path) {
        objects::call(&shared, request).await
    } else if let Some(ask) = build_logs::target(&request.method().clone(), &path) {
        build_logs::call(&shared, request, ask).await
    } else if let Some((runner, ask)) = runners::target(request.method(), &path) {
        runners::call(&shared, request, runner, ask).await
    } else {
        Ok(shared.api.pass(request).await)
    };
    answer
        .unwrap_or_else(|fault| fault.response(&method, &path))
        .map(axum::body::Body::new)
}

async fn toolbox(
    shared: &Arc<Shared>,
    request: Request<Body>,
    sandbox: &str,
    rest: &str,
) -> Result<Response<Body>, Fault> {
    if let Some(answer) = cors::preflight(&request) {
        return Ok(answer);
    }
    let aim = Aim::toolbox(&request, sandbox, rest)?;
    forward::call(shared, request, &aim).await
}

async fn visit(
    shared: &Arc<Shared>,
    mut request: Request<Body>,
    place: &preview::Place,
) -> Result<Response<Body>, Fault> {
    if let Some(answer) = cors::preflight(&request) {
        return Ok(answer);
    }
    let visit = preview::visit(&mut request, place);
    let mut response = forward::call(shared, request, &visit.aim).await?;
    preview::welcome(&mut response, visit.cookie);
    Ok(response)
}

/// Opens answer and refusal alike to pages of other origins, so that they can read either.
fn opened(
    open: bool,
    method: &str,
    path: &str,
    answer: Result<Response<Body>, Fault>,
) -> Result<Response<Body>, Fault> {
    if !open {
        return answer;
    }
    let mut response = answer.unwrap_or_else(|fault| fault.response(method, path));
    cors::open(response.headers_mut());
    Ok(response)
}
