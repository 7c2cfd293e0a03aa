//! Both planes in one process tree.

use crate::data::{Data, Secrets, hash};
use crate::error::StartError;
use crate::listener::Listener;
use crate::options::{MAX_RUNNERS, Options, Ratios, Verdicts};
use crate::plane_api::InProcess;
use crate::precompile::compile_for;
use crate::{otlp, readiness};
use http_body_util::{BodyExt, Full};
use sandbar_engine::{CodeCache, ControlEngine};
use sandbar_front::{Front, FrontConfig};
use sandbar_plane::{Plane, PlaneConfig};
use sandbar_runner::{Capacity, Runner, RunnerConfig};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tower::ServiceExt;

/// Interval of a local runner's reports.
const REPORT_EVERY: Duration = Duration::from_secs(5);

/// The contract whose provider `Options::scheduler` is tried first.
const PLACEMENT: &str = "sandbar:scheduler/placement@0.1.0";

/// A running platform. Dropping it without [`Platform::shutdown`] ends the local runners' cells but lets no request end.
pub struct Platform {
    api_url: String,
    api_key: String,
    plane: Arc<Plane>,
    router: axum::Router,
    runners: Vec<Runner>,
    stop: watch::Sender<bool>,
    serving: JoinHandle<()>,
    exporting: Option<JoinHandle<()>>,
    // Held until the end: nobody else may use the directory.
    _data: Data,
}

impl Platform {
    /// Starts everything and returns when every local runner is ready. `progress` gets a line for each slow step.
    ///
    /// # Errors
    /// [`StartError`]; nothing is left running then.
    pub async fn start(options: Options, progress: &(dyn Fn(&str) + Sync)) -> Result<Platform, StartError> {
        let regions = options.region_ids();
        check(&options, &regions)?;
        let data = Data::open(&options.data_dir)?;
        let api_key = data.api_key()?;
        let names: Vec<String> = regions
            .iter()
            .flat_map(|region| (1..=options.runners).map(move |number| format!("{region}/local-{number}")))
            .collect();
        let secrets = data.secrets(&names)?;
        let engine = control_engine()?;
        compile_for(&engine, &options.home, &options.cache_dir, progress)?;

        let listener = Listener::bind(options.listen).await?;
        let origin = origin(&options, &listener);
        let mut variables = variables(&origin, &regions, &api_key, &secrets, &names);
        variables.extend(options.verdicts.into_iter().flat_map(judging));
        let plane = start_plane(&options, &data, &engine, variables).await?;
        let exporting = otlp::start(&plane)?;
        let front = Front::new(
            Arc::new(InProcess(Arc::clone(&plane))),
            front_config(&options, &secrets),
        );
        let router = front.router();
        let local = format!("http://{}", reachable(listener.address()));
        let (stop, stopped) = watch::channel(false);
        let serving = tokio::spawn(listener.serve(router.clone(), stopped));
        let mut platform = Platform {
            api_url: format!("{origin}/api"),
            api_key,
            plane,
            router,
            runners: Vec::new(),
            stop,
            serving,
            exporting,
            _data: data,
        };
        match platform
            .start_runners(&options, &secrets, &names, &local, (&engine, &front))
            .await
        {
            Ok(()) => Ok(platform),
            Err(error) => {
                platform.shutdown().await;
                Err(error)
            }
        }
    }

    async fn start_runners(
        &mut self,
        options: &Options,
        secrets: &Secrets,
        names: &[String],
        origin: &str,
        (engine, front): (&ControlEngine, &Front),
    ) -> Result<(), StartError> {
        let exe = match &options.executable {
            Some(exe) => exe.clone(),
            None => std::env::current_exe()
                .map_err(|error| StartError::Option(format!("cannot find this program's file: {error}")))?,
        };
        for name in names {
            let config = RunnerConfig {
                api_url: format!("{origin}/api"),
                front_url: Some(origin.to_owned()),
                ca_file: None,
                token: secrets.runners.get(name).cloned().unwrap_or_default(),
                name: name.clone(),
                data_dir: self._data.path("runners").join(name.replace('/', "-")),
                userland: options.home.userland.clone(),
                cache_dir: options.cache_dir.clone(),
                exe: exe.clone(),
                component: options.home.components.join("runner.wasm"),
                ratios: share(options.ratios, names.len()),
                capacity: Capacity::default(),
                metrics_listen: None,
                egress_allow: options.egress_allow.clone(),
                egress_none: false,
                guest_ca_file: options.guest_ca_file.clone(),
                report_every: REPORT_EVERY,
                jail: true,
            };
            let started = Runner::start_beside(config, engine, Some(front.neighbourhood())).await;
            let runner = started.map_err(|error| StartError::Runner {
                name: name.clone(),
                reason: error.to_string(),
            })?;
            self.runners.push(runner);
        }
        readiness::wait(&self.runners).await
    }

    /// What SDKs get as `DAYTONA_API_URL`; ends in `/api`.
    #[must_use]
    pub fn api_url(&self) -> &str {
        &self.api_url
    }

    /// The API key of the first organization.
    #[must_use]
    pub fn api_key(&self) -> &str {
        &self.api_key
    }

    /// One call to the API or a toolbox from inside this process, with this platform's key; answers of 300 and
    /// above come back as errors with the body's text.
    ///
    /// # Errors
    /// The text of the answer, or of what broke.
    pub async fn call(&self, method: &str, path: &str, body: &str) -> Result<serde_json::Value, String> {
        let request = http::Request::builder()
            .method(method)
            .uri(format!("http://localhost{path}"))
            .header("authorization", format!("Bearer {}", self.api_key))
            .header("content-type", "application/json")
            .header("host", "localhost")
            .body(axum::body::Body::new(Full::new(bytes::Bytes::copy_from_slice(
                body.as_bytes(),
            ))))
            .map_err(|error| error.to_string())?;
        let answer = self
            .router
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        let status = answer.status();
        let bytes = answer
            .into_body()
            .collect()
            .await
            .map_err(|error| error.to_string())?
            .to_bytes();
        let text = String::from_utf8_lossy(&bytes);
        if !status.is_success() {
            return Err(format!("{status}: {text}"));
        }
        Ok(serde_json::from_str(&text).unwrap_or(serde_json::Value::Null))
    }

    /// Ends runners, cells and listener. Sandboxes keep their files.
    pub async fn shutdown(self) {
        // Before the listener: what runners saw last is to be reported.
        futures::future::join_all(self.runners.into_iter().map(Runner::shutdown)).await;
        let _ = self.stop.send(true);
        let _ = self.serving.await;
        if let Some(exporting) = &self.exporting {
            exporting.abort();
        }
        self.plane.shutdown().await;
    }
}

fn front_config(options: &Options, secrets: &Secrets) -> FrontConfig {
    FrontConfig {
        preview_domain: options.preview_domain.clone(),
        data_dir: Some(options.data_dir.clone()),
        ..FrontConfig::new(&secrets.front_key)
    }
}

/// Several local runners sell one machine: each sells its part.
fn share(whole: Ratios, runners: usize) -> Ratios {
    #[expect(clippy::cast_precision_loss, reason = "at most some hundred runners")]
    let parts = runners.max(1) as f64;
    Ratios {
        cpu: whole.cpu / parts,
        memory: whole.memory / parts,
        disk: whole.disk / parts,
    }
}

/// The engine for our own components.
///
/// # Errors
/// If this machine cannot run it.
pub fn control_engine() -> Result<ControlEngine, StartError> {
    ControlEngine::new().map_err(|error| StartError::Plane(error.to_string()))
}

fn check(options: &Options, regions: &[String]) -> Result<(), StartError> {
    if !(1..=MAX_RUNNERS).contains(&options.runners) {
        return Err(StartError::Option(format!(
            "a region has 1 to {MAX_RUNNERS} local runners, not {}",
            options.runners
        )));
    }
    for (index, region) in regions.iter().enumerate() {
        let good = (2..=64).contains(&region.len())
            && region
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"_.-".contains(&byte));
        if !good {
            return Err(StartError::Option(format!(
                "{region:?} cannot be a region: its id has 2 to 64 letters, digits, `_`, `.` or `-`"
            )));
        }
        if regions[..index].contains(region) {
            return Err(StartError::Option(format!("region {region:?} is named twice")));
        }
    }
    let runner = options.home.components.join("runner.wasm");
    for needed in [&options.home.manifest, &options.home.userland, &runner] {
        if !needed.exists() {
            return Err(StartError::Missing(needed.clone()));
        }
    }
    let brought = options.scheduler.iter().chain(options.policies.values());
    for file in brought.chain(options.guest_ca_file.iter()) {
        if !file.is_file() {
            return Err(StartError::Missing(file.clone()));
        }
    }
    Ok(())
}

/// Base URL for clients, without a slash at its end.
fn origin(options: &Options, listener: &Listener) -> String {
    match &options.public_url {
        Some(url) => url.trim_end_matches('/').to_owned(),
        None => format!("http://{}", reachable(listener.address())),
    }
}

/// An address that listens everywhere is reached from here through loopback.
fn reachable(address: std::net::SocketAddr) -> std::net::SocketAddr {
    let mut address = address;
    if address.ip().is_unspecified() {
        let loopback = if address.is_ipv4() {
            [127, 0, 0, 1].into()
        } else {
            std::net::Ipv6Addr::LOCALHOST.into()
        };
        address.set_ip(loopback);
    }
    address
}

fn variables(
    origin: &str,
    regions: &[String],
    key: &str,
    secrets: &Secrets,
    names: &[String],
) -> BTreeMap<String, String> {
    let tokens: Vec<String> = names
        .iter()
        .filter_map(|name| {
            let (region, runner) = name.split_once('/')?;
            Some(format!("{region}:{runner}:{}", hash(secrets.runners.get(name)?)))
        })
        .collect();
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_millis();
    BTreeMap::from([
        ("toolbox_proxy_url".to_owned(), format!("{origin}/toolbox")),
        ("default_region".to_owned(), regions.join(",")),
        ("bootstrap_key_hash".to_owned(), hash(key)),
        ("runner_token_hash".to_owned(), tokens.join(",")),
        ("front_key_hash".to_owned(), hash(&secrets.front_key)),
        ("plane_started".to_owned(), now.to_string()),
    ])
}

/// The longest a runner holds its sandboxes by one report.
const LEASE: Duration = Duration::from_secs(60);

/// A lease ends well before its runner is called lost: two copies must never both acknowledge. And a runner reports twice before
/// its silence would make it suspect.
fn judging(verdicts: Verdicts) -> [(String, String); 5] {
    let lease = LEASE.min(verdicts.lost * 3 / 4);
    let report = REPORT_EVERY.min(verdicts.suspect / 2);
    [
        ("suspect_after", verdicts.suspect),
        ("disconnected_after", verdicts.disconnected),
        ("lost_after", verdicts.lost),
        ("runner_lease", lease),
        ("report_every", report),
    ]
    .map(|(name, time)| (name.to_owned(), time.as_millis().to_string()))
}

async fn start_plane(
    options: &Options,
    data: &Data,
    engine: &ControlEngine,
    variables: BTreeMap<String, String>,
) -> Result<Arc<Plane>, StartError> {
    let cache = CodeCache::open(&options.cache_dir).map_err(|error| StartError::Plane(error.to_string()))?;
    let overrides: BTreeMap<String, PathBuf> = options
        .scheduler
        .iter()
        .map(|scheduler| (PLACEMENT.to_owned(), scheduler.clone()))
        .collect();
    let mut config = PlaneConfig::new(
        engine.clone(),
        cache,
        options.home.manifest.clone(),
        data.path("plane.db"),
    );
    config.variables = variables;
    config.overrides = overrides;
    config.policies = options.policies.clone();
    Plane::start(config)
        .await
        .map_err(|error| StartError::Plane(error.to_string()))
}
