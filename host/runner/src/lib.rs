//! A runner: drives the runner component, keeps cells alive, dials the plane.
//!
//! | module | concern |
//! | --- | --- |
//! | `agent`, `driver` | the component, and the execution of its actions |
//! | `component` | another component for a running runner |
//! | `cells`, `spec` | the cell as a child process and HTTP/2 server, and what it is told |
//! | `plane`, `jobs`, `reporter` | attaching to the plane, what comes from it, and what goes to it |
//! | `link` | toolbox calls and WebSockets on their way from the plane to the cell |
//! | `snapshots`, `blobs` | snapshots in the cell, and their way to and from the platform's blob store |
//! | `build` | images: their steps in a sandbox of their own, their cache and logs |
//! | `tasks` | snapshots, backups and builds, and how their ends are told |
//! | `admissions` | what the agent has said lately of calls |
//! | `journal`, `identity` | what a restart finds |
//! | `machine`, `health`, `clock` | what there is to sell, how busy and well it is, and until when it holds |
#![forbid(unsafe_code)]

mod admissions;
mod agent;
mod backoff;
mod blobs;
mod build;
mod cells;
mod clock;
pub mod compiler;
pub mod component;
pub mod config;
mod driver;
pub mod error;
mod health;
mod identity;
mod jobs;
mod journal;
mod link;
pub mod machine;
mod metrics;
mod metrics_server;
mod plane;
mod reporter;
mod snapshots;
mod spec;
mod tasks;
mod volumes;
mod wire;

pub use config::{Capacity, Ratios, RunnerConfig};
pub use error::{End, RunnerError};

use crate::agent::{Configuration, Event, Factory, Sample};
use crate::backoff::Backoff;
use crate::build::Builder;
use crate::cells::Cells;
use crate::clock::Clock;
use crate::component::Workshop;
use crate::driver::{Driver, agent_amounts};
use crate::journal::Journal;
use crate::link::Served;
use crate::machine::Sampler;
use crate::metrics::Metrics;
use crate::plane::Plane;
use crate::reporter::Reporter;
use crate::snapshots::Snapshots;
use crate::tasks::Tasks;
use crate::wire::Attached;
use sandbar_cell::{CellConfig, EgressOptions, Mode};
use sandbar_dial::{Origin, Trust};
use sandbar_engine::{CodeCache, ControlEngine};
use sandbar_forward::Neighbourhood;
use sandbar_net::Cidr;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often the agent's clock ticks: deadlines and reports are multiples of it.
const TICK: Duration = Duration::from_millis(500);
/// How often the machine is measured.
const SAMPLE_EVERY: Duration = Duration::from_secs(2);

/// Snapshots that sandboxes can be made from: the userland is the one layer there is.
const SNAPSHOTS: [&str; 1] = ["default"];
/// How long open calls may take to end at shutdown.
const DRAIN: Duration = Duration::from_secs(5);
/// How long the last report may take.
const LAST_REPORT: Duration = Duration::from_secs(2);
const FIRST_RETRY: Duration = Duration::from_millis(50);
const LAST_RETRY: Duration = Duration::from_secs(5);

/// A running runner. Dropping it without [`Runner::shutdown`] ends it too, without waiting for the cell.
pub struct Runner {
    driver: Arc<Driver>,
    plane: Plane,
    reporter: Reporter,
    metrics: Arc<Metrics>,
    linked: watch::Receiver<bool>,
    stop: watch::Sender<bool>,
    life: JoinHandle<()>,
    tasks: Vec<JoinHandle<()>>,
}

impl std::fmt::Debug for Runner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Runner").finish_non_exhaustive()
    }
}

impl Runner {
    /// Starts a runner: loads its component, starts its cell, and keeps trying to reach the plane in the background.
    /// `engine` is shared with whoever else in this process runs our own components. The userland should be compiled
    /// into the cache before, by whoever can show progress; else the first cell does it.
    ///
    /// # Errors
    /// What would fail again at every try: a broken component, a data directory that cannot be written, a
    /// binary that cannot be started, an address that is not one. An unreachable plane is no error.
    pub async fn start(config: RunnerConfig, engine: &ControlEngine) -> Result<Self, RunnerError> {
        Self::start_beside(config, engine, None).await
    }

    /// As [`Runner::start`]; `near` is the front, if it lives in this process.
    ///
    /// # Errors
    /// As of [`Runner::start`].
    pub async fn start_beside(
        config: RunnerConfig,
        engine: &ControlEngine,
        near: Option<Arc<dyn Neighbourhood>>,
    ) -> Result<Self, RunnerError> {
        let origin = Origin::parse(&config.api_url)?;
        let front = config.front_url.as_deref().map(Origin::parse).transpose()?;
        let trust = Trust::new(config.ca_file.as_deref())?;
        let plane = Plane::new(origin.clone(), trust, &config.token).ok_or(RunnerError::Token)?;
        let engine = engine.clone();
        let prepared = config.clone();
        let metrics = Arc::new(Metrics::default());
        let recorder = Arc::clone(&metrics);
        let (config, start) = tokio::task::spawn_blocking(move || Start::prepare(prepared, &engine, recorder))
            .await
            .map_err(|error| RunnerError::Machine(std::io::Error::other(error)))??;
        let snapshots = Snapshots::new(&plane, &origin, &config.data_dir).map_err(|source| RunnerError::Data {
            path: config.data_dir.clone(),
            source,
        })?;
        let snapshots = Arc::new(snapshots);
        let builder = Builder::new(&plane, &origin, &config.data_dir, Arc::clone(&snapshots));
        let clock = Clock::start();
        let reporter = Reporter::new();
        let driver = Driver::new(
            start.factory,
            start.journal.clone(),
            start.records,
            reporter.clone(),
            clock,
            Tasks::new(plane.clone(), snapshots, builder),
        )
        .map_err(RunnerError::Agent)?;
        let weak = Arc::downgrade(&driver);
        let cell = CellConfig {
            userland: config.userland.clone(),
            cache_dir: config.cache_dir.clone(),
            sandboxes: start.journal.root().to_owned(),
            guest_threads: std::thread::available_parallelism().map_or(1, usize::from),
            egress: EgressOptions {
                none: config.egress_none,
                allow: config.egress_allow.clone(),
                deny: plane_addresses(&origin, front.as_ref()).await,
            },
            tls_roots: config.guest_ca_file.clone(),
            compiler: true,
            jail: config.jail,
            mode: Mode::Serve,
        };
        let mut tasks = Vec::new();
        if let Some(address) = config.metrics_listen {
            tasks.push(metrics_server::start(address, Arc::clone(&metrics)).await?);
        }
        let cells = Cells::start(config.exe.clone(), cell, move || {
            if let Some(driver) = weak.upgrade() {
                driver.event(Event::CellRestarted);
            }
        })
        .map_err(|source| RunnerError::Cell {
            exe: config.exe.clone(),
            source,
        })?;
        let (up, linked) = watch::channel(false);
        let (stop, stopped) = watch::channel(false);
        let life = Life {
            plane: plane.clone(),
            instance: start.instance,
            front: front.clone(),
            near,
            origin,
            report_every: config.report_every,
            reporter: reporter.clone(),
            clock,
            served: Arc::new(Served {
                driver: Arc::clone(&driver),
                workshop: Workshop {
                    exe: config.exe.clone(),
                    cache_dir: config.cache_dir.clone(),
                    data_dir: config.data_dir.clone(),
                    busy: tokio::sync::Mutex::default(),
                },
                metrics: Arc::clone(&metrics),
            }),
            sampler: start.sampler,
            health: (config.data_dir, config.userland),
            up,
            stopped,
        };
        Ok(Self {
            life: tokio::spawn(life.run(cells)),
            driver,
            plane,
            reporter,
            metrics,
            linked,
            stop,
            tasks,
        })
    }

    /// Waits until this runner must end although nobody asked it to, and tells why. Calls are refused already then; what is left
    /// is [`Runner::shutdown`].
    pub async fn ended(&self) -> End {
        self.plane.ended().await
    }

    /// Waits until the runner can serve: its cell answers, the plane has taken its health report, and the link is up.
    /// Never ends while the plane is unreachable; wrap it in a timeout.
    pub async fn ready(&self) {
        self.reporter.heard().await;
        // An error means that the link's task has ended, at shutdown.
        let _ = self.linked.clone().wait_for(|up| *up).await;
        while let Err(error) = self.stats().await {
            tracing::debug!(%error, "the cell does not answer yet");
            tokio::time::sleep(TICK).await;
        }
    }

    async fn stats(&self) -> Result<sandbar_cell::CellStats, cells::CellError> {
        self.driver.cells()?.stats().await
    }

    /// What the cell holds now; none while it is being restarted.
    pub async fn cell_stats(&self) -> Option<sandbar_cell::CellStats> {
        self.stats().await.ok()
    }

    /// The runner's metrics in Prometheus text format.
    #[must_use]
    pub fn metrics(&self) -> String {
        self.metrics.render()
    }

    /// Ends the runner and its cell: open calls get a while to end, what was seen is reported. Sandboxes keep their files.
    /// Returns when the cell is gone.
    pub async fn shutdown(mut self) {
        self.stop.send_replace(true);
        // It ends with the link.
        if tokio::time::timeout(DRAIN, &mut self.life).await.is_err() {
            tracing::info!("some calls did not end in time");
        }
        self.stop_tasks();
        if let Ok(cells) = self.driver.cells() {
            cells.shutdown().await;
        }
    }

    fn stop_tasks(&self) {
        self.life.abort();
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl Drop for Runner {
    fn drop(&mut self) {
        self.stop_tasks();
    }
}

/// A runner from its attachment to its end.
struct Life {
    plane: Plane,
    instance: String,
    front: Option<Origin>,
    near: Option<Arc<dyn Neighbourhood>>,
    origin: Origin,
    report_every: Duration,
    reporter: Reporter,
    clock: Clock,
    served: Arc<Served>,
    sampler: Sampler,
    /// Data directory and userland, to be looked at.
    health: (PathBuf, PathBuf),
    up: watch::Sender<bool>,
    stopped: watch::Receiver<bool>,
}

impl Life {
    async fn run(self, cells: Cells) {
        let driver = Arc::clone(&self.served.driver);
        let mut stopped = self.stopped.clone();
        // The cell is given to the driver at once, so that a shutdown finds it.
        driver.attach(cells);
        let attached = tokio::select! {
            attached = attach(&self.plane, &self.instance) => attached,
            _ = stopped.wait_for(|stop| *stop) => return,
        };
        tracing::info!(
            runner = attached.runner_id,
            region = attached.region,
            process = attached.process,
            "attached"
        );
        let every = match Duration::from_millis(attached.report_every_ms) {
            Duration::ZERO => self.report_every,
            told => told.min(self.report_every),
        };
        driver.begin(every);
        let front = link::Front {
            origin: self
                .front
                .unwrap_or_else(|| told_front(&attached).unwrap_or(self.origin)),
            near: self.near,
        };
        let granted = {
            let driver = Arc::clone(&driver);
            move |granted: reporter::Granted| driver.granted(granted.until, granted.disowned)
        };
        // Dropped, and so ended, with this future.
        let mut others = tokio::task::JoinSet::new();
        others.spawn(self.reporter.clone().run(self.plane.clone(), self.clock, granted));
        others.spawn(beat(
            Arc::clone(&driver),
            self.sampler,
            Arc::clone(&self.served.metrics),
        ));
        others.spawn(health::run(Arc::clone(&driver), self.health.0, self.health.1));
        others.spawn(jobs::run(self.plane.clone(), driver));
        tokio::select! {
            () = link::run(self.plane.clone(), front, self.served, self.up, self.stopped) => {}
            // Another process is this runner now: nothing of it may be acknowledged by this one.
            _ = self.plane.ended() => {}
        }
        let _ = tokio::time::timeout(LAST_REPORT, self.reporter.flushed()).await;
    }
}

/// Tries until the plane agrees, or says that it never will: then [`Runner::ended`] knows.
async fn attach(plane: &Plane, instance: &str) -> Attached {
    let mut backoff = Backoff::new(FIRST_RETRY, LAST_RETRY);
    loop {
        let error = tokio::select! {
            attached = plane.attach(instance) => match attached {
                Ok(attached) => return attached,
                Err(error) => error,
            },
            _ = plane.ended() => std::future::pending().await,
        };
        let wait = backoff.next();
        tracing::warn!(%error, ?wait, "not attached to the plane");
        tokio::time::sleep(wait).await;
    }
}

/// Where the plane wants the link.
fn told_front(attached: &Attached) -> Option<Origin> {
    let url = attached.link_url.as_deref().filter(|url| !url.is_empty())?;
    match Origin::parse(url) {
        Ok(origin) => Some(origin),
        Err(error) => {
            tracing::error!(%error, "the plane names a front that cannot be dialled; the API's own is used");
            None
        }
    }
}

/// What is made before anything runs; all of it blocks.
struct Start {
    instance: String,
    factory: Factory,
    journal: Journal,
    records: Vec<journal::Record>,
    sampler: Sampler,
}

impl Start {
    fn prepare(
        mut config: RunnerConfig,
        engine: &ControlEngine,
        metrics: Arc<Metrics>,
    ) -> Result<(RunnerConfig, Self), RunnerError> {
        let data = |path: &Path| {
            let path = path.to_owned();
            move |source| RunnerError::Data { path, source }
        };
        std::fs::create_dir_all(&config.data_dir).map_err(data(&config.data_dir))?;
        // The cell starts in another directory and behind a jail: all its paths are absolute and without links.
        for path in [
            &mut config.data_dir,
            &mut config.userland,
            &mut config.exe,
            &mut config.component,
        ] {
            *path = absolute(path)?;
        }
        let cache = CodeCache::open(&config.cache_dir)?;
        config.cache_dir = absolute(&config.cache_dir)?;
        // The cell cannot make it, and may look before the compiler has.
        CodeCache::open(config.cache_dir.join("guests"))?;
        let detected = machine::detect(&config.data_dir).map_err(RunnerError::Machine)?;
        let allocatable = machine::allocatable(detected, config.ratios, config.capacity)?;
        tracing::info!(?detected, ?allocatable, "capacity");
        let configuration = Configuration {
            runner: config.name.clone(),
            allocatable: agent_amounts(allocatable),
            report_every: u64::try_from(config.report_every.as_millis()).unwrap_or(u64::MAX),
            version: env!("CARGO_PKG_VERSION").into(),
            snapshots: SNAPSHOTS.map(str::to_owned).into(),
        };
        let factory = component::start(&config.data_dir, &config.component, |wasm| {
            let factory = Factory::load(engine, &cache, wasm, configuration.clone(), Arc::clone(&metrics))?;
            factory.make().map_err(RunnerError::Agent)?;
            Ok(factory)
        })?;
        let instance = identity::instance(&config.data_dir).map_err(data(&config.data_dir))?;
        let sandboxes = config.data_dir.join("sandboxes");
        let journal = Journal::open(sandboxes.clone()).map_err(data(&sandboxes))?;
        let records = journal.read_all().map_err(data(&sandboxes))?;
        let sampler = Sampler::new(&config.data_dir);
        let start = Self {
            instance,
            factory,
            journal,
            records,
            sampler,
        };
        Ok((config, start))
    }
}

/// The plane's own addresses, which no sandbox may reach. A name that cannot be looked up now is no reason not to start: private
/// addresses are out of reach anyway.
async fn plane_addresses(origin: &Origin, front: Option<&Origin>) -> Vec<Cidr> {
    let mut addresses = std::collections::BTreeSet::new();
    for origin in std::iter::once(origin).chain(front) {
        match tokio::net::lookup_host((origin.host.as_str(), origin.port)).await {
            Ok(found) => addresses.extend(found.map(|address| address.ip())),
            Err(error) => tracing::warn!(%error, host = origin.host, "the plane's address cannot be looked up"),
        }
    }
    addresses
        .into_iter()
        .filter_map(|address| {
            let whole = if address.is_ipv4() { 32 } else { 128 };
            format!("{address}/{whole}").parse().ok()
        })
        .collect()
}

fn absolute(path: &Path) -> Result<PathBuf, RunnerError> {
    std::fs::canonicalize(path).map_err(|source| RunnerError::Data {
        path: path.to_owned(),
        source,
    })
}

/// Ticks and samples, until it is dropped.
async fn beat(driver: Arc<Driver>, mut sampler: Sampler, metrics: Arc<Metrics>) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled: Option<tokio::time::Instant> = None;
    loop {
        let now = tick.tick().await;
        if sampled.is_none_or(|last| now.duration_since(last) >= SAMPLE_EVERY) {
            sampled = Some(now);
            // Four small files of /proc: not worth a thread.
            let usage = sampler.sample();
            for (resource, percent) in [("cpu", usage.cpu), ("memory", usage.memory), ("disk", usage.disk)] {
                let labels = vec![("resource".to_owned(), resource.to_owned())];
                metrics.gauge_set("sandbar_machine_used_ratio".to_owned(), labels, percent / 100.0);
            }
            driver.event(Event::Sample(Sample {
                cpu_used: usage.cpu,
                memory_used: usage.memory,
                disk_used: usage.disk,
                load: usage.load,
            }));
        }
        driver.event(Event::Tick);
    }
}
