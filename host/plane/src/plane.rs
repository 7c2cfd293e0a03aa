//! The running application: takes requests, finds their component, and bounds what goes in.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Instant;

use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body::Body as _;
use http_body_util::BodyExt;
use tokio::sync::{Semaphore, SemaphorePermit};
use wasmtime_wasi_http::handler::{ExpirationError, InstantiationError};

use crate::error::PlaneError;
use crate::headers;
use crate::limits::{MAX_BODY, MAX_QUEUED, MAX_REQUESTS, QUEUE_TIME, SHUTDOWN_TIME};
use crate::manifest::{Application, RESERVED_PREFIX};
use crate::metrics::{Metrics, Timer};
use crate::routes::Table;
use crate::service::Handler;
use crate::signals::Signals;
use crate::start::{self, PlaneConfig};
use crate::state::Shared;
use crate::{Body, BoxError, observe, respond};

/// What answers a route.
pub(crate) enum Answer {
    /// A component.
    Component(Handler),
    /// Always the same.
    Static {
        status: u16,
        headers: BTreeMap<String, String>,
        body: String,
    },
}

/// A running control plane.
pub struct Plane {
    application: Application,
    routes: Table<Answer>,
    shared: Arc<Shared>,
    places: Semaphore,
    queued: AtomicUsize,
    closed: AtomicBool,
    seconds: Timer,
}

impl Plane {
    /// Starts the application of `config.manifest`. Compiling, where the cache does not have the code yet, takes
    /// about a second per MB; it happens on a blocking thread.
    ///
    /// # Errors
    /// [`PlaneError`]: manifest, variables, components or database.
    pub async fn start(config: PlaneConfig) -> Result<Arc<Self>, PlaneError> {
        let started = tokio::task::spawn_blocking(|| start::start(config)).await;
        started.map_err(|e| PlaneError::Engine(e.to_string()))?
    }

    pub(crate) fn new(application: Application, routes: Table<Answer>, shared: Arc<Shared>) -> Self {
        Self {
            seconds: shared.metrics.timer("sandbar_request_seconds", &[]),
            application,
            routes,
            shared,
            places: Semaphore::new(MAX_REQUESTS),
            queued: AtomicUsize::new(0),
            closed: AtomicBool::new(false),
        }
    }

    /// The metrics of components and host.
    #[must_use]
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.shared.metrics
    }

    /// All metrics in Prometheus text format 0.0.4.
    #[must_use]
    pub fn render_metrics(&self) -> String {
        observe::render(&self.shared)
    }

    /// All metrics as the body of an OTLP export; see [`Metrics::otlp`].
    #[must_use]
    pub fn otlp_metrics(&self, service: &str, start: u64, now: u64) -> serde_json::Value {
        observe::refresh(&self.shared);
        self.shared.metrics.otlp(service, start, now)
    }

    /// Who waits for what; to wake from outside of a component.
    #[must_use]
    pub fn signals(&self) -> &Signals {
        &self.shared.signals
    }

    /// Takes no further request and waits for those inside, 10 s at most. True if none was left.
    pub async fn shutdown(&self) -> bool {
        self.closed.store(true, Ordering::Release);
        let all = u32::try_from(MAX_REQUESTS).unwrap_or(u32::MAX);
        matches!(
            tokio::time::timeout(SHUTDOWN_TIME, self.places.acquire_many(all)).await,
            Ok(Ok(_))
        )
    }

    /// Answers one request. Never fails: what goes wrong becomes an error answer.
    pub async fn handle(&self, request: Request<Body>) -> Response<Body> {
        let start = Instant::now();
        let path = request.uri().path().to_owned();
        let response = match self.answer(request, &path).await {
            Ok(response) => response,
            Err((status, message)) => respond::error(status, &path, &message),
        };
        self.seconds.record(start.elapsed());
        let code = response.status();
        self.shared
            .metrics
            .counter_add("sandbar_requests_total", &[("code", code.as_str())], 1);
        response
    }

    async fn answer(&self, mut request: Request<Body>, path: &str) -> Result<Response<Body>, Refusal> {
        headers::check(&request).map_err(|(status, text)| (status, text.to_owned()))?;
        if let Some(rest) = path.strip_prefix(RESERVED_PREFIX) {
            return self.well_known(rest);
        }
        let Some((pattern, answer, captures)) = self.routes.find(path) else {
            return Err((StatusCode::NOT_FOUND, "no such route".into()));
        };
        let handler = match answer {
            Answer::Component(handler) => handler,
            Answer::Static { status, headers, body } => return fixed(*status, headers, body),
        };
        if request.body().size_hint().lower() > MAX_BODY {
            // Read on for a while: a client that is still sending would see a broken pipe, not this answer.
            crate::body::drain(request.into_body()).await;
            return Err((
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {MAX_BODY} bytes"),
            ));
        }
        let _place = self.place().await?;
        headers::prepare(&mut request, pattern, &captures);
        let (parts, body) = request.into_parts();
        let (body, exceeded) = crate::body::limited(body, MAX_BODY);
        let result = handler.handle((), Request::from_parts(parts, body)).await;
        if exceeded.load(Ordering::Acquire) {
            return Err((
                StatusCode::PAYLOAD_TOO_LARGE,
                format!("the body is larger than {MAX_BODY} bytes"),
            ));
        }
        match result {
            Ok(response) => Ok(response.map(|body| body.map_err(|e| Box::new(e) as BoxError).boxed_unsync())),
            Err(error) => Err(failed(&error)),
        }
    }

    /// A place among the requests inside, waited for a short while.
    async fn place(&self) -> Result<SemaphorePermit<'_>, Refusal> {
        let full = || {
            (
                StatusCode::SERVICE_UNAVAILABLE,
                "the control plane is overloaded; try again".to_owned(),
            )
        };
        if self.closed.load(Ordering::Acquire) {
            return Err((
                StatusCode::SERVICE_UNAVAILABLE,
                "the control plane is shutting down".into(),
            ));
        }
        if let Ok(place) = self.places.try_acquire() {
            return Ok(place);
        }
        if self.queued.fetch_add(1, Ordering::AcqRel) >= MAX_QUEUED {
            self.queued.fetch_sub(1, Ordering::AcqRel);
            return Err(full());
        }
        let waiting = Queued(&self.queued);
        let place = tokio::time::timeout(QUEUE_TIME, self.places.acquire()).await;
        drop(waiting);
        match place {
            Ok(Ok(place)) => Ok(place),
            Ok(Err(_)) | Err(_) => Err(full()),
        }
    }

    fn well_known(&self, rest: &str) -> Result<Response<Body>, Refusal> {
        match rest {
            "/health" => Ok(Response::new(respond::full("OK"))),
            "/info" => {
                let info = serde_json::json!({ "name": self.application.name, "version": self.application.version });
                let mut response = Response::new(respond::full(info.to_string()));
                let json = HeaderValue::from_static("application/json");
                response.headers_mut().insert(http::header::CONTENT_TYPE, json);
                Ok(response)
            }
            _ => Err((StatusCode::NOT_FOUND, "no such route".into())),
        }
    }
}

/// Status and text of an error answer.
type Refusal = (StatusCode, String);

/// Counts out of the queue when dropped, also when the client goes away while it waits.
struct Queued<'a>(&'a AtomicUsize);

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::AcqRel);
    }
}

fn fixed(status: u16, headers: &BTreeMap<String, String>, body: &str) -> Result<Response<Body>, Refusal> {
    let broken = |_| {
        (
            StatusCode::INTERNAL_SERVER_ERROR,
            "the manifest's static response is not valid".to_owned(),
        )
    };
    let mut response = Response::new(respond::full(body.to_owned()));
    *response.status_mut() = StatusCode::from_u16(status).map_err(|_| broken(()))?;
    for (name, value) in headers {
        let name = HeaderName::try_from(name).map_err(|_| broken(()))?;
        let value = HeaderValue::try_from(value).map_err(|_| broken(()))?;
        response.headers_mut().insert(name, value);
    }
    Ok(response)
}

/// What a client is told when a component gave no answer; the log knows more.
fn failed(error: &wasmtime::Error) -> Refusal {
    let text = if error.downcast_ref::<ExpirationError>().is_some() {
        "the control plane did not answer in time; try again"
    } else if error.downcast_ref::<InstantiationError<()>>().is_some() {
        "the control plane has no room for another instance; try again"
    } else {
        "the control plane failed on this request; try again"
    };
    tracing::error!("a request got no answer: {error:#}");
    (StatusCode::SERVICE_UNAVAILABLE, text.to_owned())
}
