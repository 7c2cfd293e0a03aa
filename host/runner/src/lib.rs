//! A runner: drives the runner component, keeps cells alive, dials the plane.
//!
//! | module | concern |
//! | --- | --- |
//! | `agent`, `driver` | the component, and the execution of its actions |
//! | `cells` | the cell as a child process and HTTP/2 server |
//! | `jobs`, `reporter`, `plane` | what comes from the plane, and what goes to it |
//! | `link` | toolbox calls on their way from the plane to the cell |
//! | `journal` | what a restart finds |
//! | `machine` | what there is to sell, and how busy it is |
#![forbid(unsafe_code)]

mod address;
mod agent;
mod backoff;
mod cells;
pub mod config;
mod driver;
pub mod error;
mod jobs;
mod journal;
mod link;
pub mod machine;
mod metrics;
mod plane;
mod reporter;
mod wire;

pub use config::{Ratios, RunnerConfig};
pub use error::RunnerError;

use crate::address::Address;
use crate::agent::{Configuration, Event, Factory, Sample};
use crate::cells::Cells;
use crate::driver::{Driver, agent_amounts};
use crate::journal::Journal;
use crate::machine::Sampler;
use crate::metrics::Metrics;
use crate::plane::Plane;
use crate::reporter::Reporter;
use sandbar_cell::{CellConfig, Mode};
use sandbar_engine::{CodeCache, ControlEngine};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// How often the agent's clock ticks: deadlines and reports are multiples of it.
const TICK: Duration = Duration::from_millis(500);
/// How often the machine is measured.
const SAMPLE_EVERY: Duration = Duration::from_secs(2);

/// A running runner. Dropping it without [`Runner::shutdown`] ends it too, without waiting for the cell.
pub struct Runner {
    driver: Arc<Driver>,
    reporter: Reporter,
    metrics: Arc<Metrics>,
    linked: watch::Receiver<bool>,
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
        let address = Address::parse(&config.api_url)?;
        let front = match &config.front_url {
            Some(url) => Address::parse(url)?,
            None => address.clone(),
        };
        let plane = Plane::new(address, &config.token).ok_or(RunnerError::Token)?;
        let engine = engine.clone();
        let prepared = config.clone();
        let metrics = Arc::new(Metrics::default());
        let recorder = Arc::clone(&metrics);
        let (prepared, start) = tokio::task::spawn_blocking(move || Start::prepare(prepared, &engine, recorder))
            .await
            .map_err(|error| RunnerError::Machine(std::io::Error::other(error)))??;
        let (reporter, reporting) = Reporter::start(plane.clone());
        let driver = Driver::new(start.factory, start.journal.clone(), start.records, reporter.clone())
            .map_err(RunnerError::Agent)?;
        let weak = Arc::downgrade(&driver);
        let cell = CellConfig {
            userland: prepared.userland,
            cache_dir: prepared.cache_dir,
            sandboxes: start.journal.root().to_owned(),
            guest_threads: std::thread::available_parallelism().map_or(1, usize::from),
            egress: Default::default(),
            tls_roots: None,
            jail: prepared.jail,
            mode: Mode::Serve,
        };
        let cells = Cells::start(prepared.exe.clone(), cell, move || {
            if let Some(driver) = weak.upgrade() {
                driver.event(Event::CellRestarted);
            }
        })
        .map_err(|source| RunnerError::Cell {
            exe: prepared.exe,
            source,
        })?;
        driver.attach(cells);
        let (up, linked) = watch::channel(false);
        let tasks = vec![
            reporting,
            tokio::spawn(beat(Arc::clone(&driver), start.sampler)),
            tokio::spawn(jobs::run(plane.clone(), Arc::clone(&driver))),
            tokio::spawn(link::run(plane, front, Arc::clone(&driver), up)),
        ];
        Ok(Self {
            driver,
            reporter,
            metrics,
            linked,
            tasks,
        })
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

    /// Ends the runner and its cell. Sandboxes keep their files. Returns when the cell is gone.
    pub async fn shutdown(self) {
        self.stop_tasks();
        if let Ok(cells) = self.driver.cells() {
            cells.shutdown().await;
        }
    }

    fn stop_tasks(&self) {
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

/// What is made before anything runs; all of it blocks.
struct Start {
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
        let detected = machine::detect(&config.data_dir).map_err(RunnerError::Machine)?;
        let allocatable = machine::allocatable(detected, config.ratios)?;
        tracing::info!(?detected, ?allocatable, "capacity");
        let configuration = Configuration {
            runner: config.name.clone(),
            allocatable: agent_amounts(allocatable),
            report_every: u64::try_from(config.report_every.as_millis()).unwrap_or(u64::MAX),
            version: env!("CARGO_PKG_VERSION").into(),
        };
        let factory = Factory::load(engine, &cache, &config.component, configuration, metrics)?;
        let sandboxes = config.data_dir.join("sandboxes");
        let journal = Journal::open(sandboxes.clone()).map_err(data(&sandboxes))?;
        let records = journal.read_all().map_err(data(&sandboxes))?;
        let sampler = Sampler::new(&config.data_dir);
        let start = Self {
            factory,
            journal,
            records,
            sampler,
        };
        Ok((config, start))
    }
}

fn absolute(path: &Path) -> Result<PathBuf, RunnerError> {
    std::fs::canonicalize(path).map_err(|source| RunnerError::Data {
        path: path.to_owned(),
        source,
    })
}

/// Ticks and samples, until it is dropped.
async fn beat(driver: Arc<Driver>, mut sampler: Sampler) {
    let mut tick = tokio::time::interval(TICK);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut sampled: Option<tokio::time::Instant> = None;
    loop {
        let now = tick.tick().await;
        if sampled.is_none_or(|last| now.duration_since(last) >= SAMPLE_EVERY) {
            sampled = Some(now);
            // Four small files of /proc: not worth a thread.
            let usage = sampler.sample();
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
