//! From a manifest to a running application.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use sandbar_engine::{CodeCache, ControlEngine};
use sandbar_sqlite::{Options, SqliteStore};
use wasmtime::component::{Component, Linker};
use wasmtime_wasi_http::p3::bindings::ServicePre;

use crate::dependency::{Bridge, PLACEMENT, Policies, Provider};
use crate::error::PlaneError;
use crate::host_calls::HostCalls;
use crate::manifest::{self, Application};
use crate::metrics::Metrics;
use crate::plane::{Answer, Plane};
use crate::provide;
use crate::routes::{Pattern, Table};
use crate::service::{Handler, InstanceFigures, Service};
use crate::signals::Signals;
use crate::state::Shared;

/// What a plane is started with.
pub struct PlaneConfig {
    /// The engine of the control plane's components.
    pub engine: ControlEngine,
    /// Compiled code.
    pub cache: CodeCache,
    /// Path of `spin.toml`; sources in it are relative to its directory.
    pub manifest: PathBuf,
    /// Values of application variables, over the manifest's defaults.
    pub variables: BTreeMap<String, String>,
    /// The database file; made if missing.
    pub database: PathBuf,
    /// Components to try before the manifest's own, by interface (`sandbar:scheduler/placement@0.1.0`). If such a
    /// one traps or misses the deadline, the manifest's own answers.
    pub overrides: BTreeMap<String, PathBuf>,
    /// Further schedulers, by the name of the policy that they are. One answers the calls of `place` that ask for it; if it traps,
    /// misses the deadline or names a runner that it was not offered, the usual one answers.
    pub policies: BTreeMap<String, PathBuf>,
    /// Where components are compiled is slow; called with a line for the operator each time it happens.
    pub progress: fn(&str),
}

impl PlaneConfig {
    /// A configuration with no variables, no overrides and no progress lines.
    #[must_use]
    pub fn new(engine: ControlEngine, cache: CodeCache, manifest: PathBuf, database: PathBuf) -> Self {
        Self {
            engine,
            cache,
            manifest,
            database,
            variables: BTreeMap::new(),
            overrides: BTreeMap::new(),
            policies: BTreeMap::new(),
            progress: |_| {},
        }
    }
}

/// Starts the application. Blocks while components are compiled, so call it off the async threads' hot path.
pub(crate) fn start(config: PlaneConfig) -> Result<Arc<Plane>, PlaneError> {
    let application = manifest::load(&config.manifest, &config.variables)?;
    if let Some(unknown) = config.overrides.keys().find(|name| !is_dependency(&application, name)) {
        return Err(PlaneError::Component {
            component: unknown.clone(),
            reason: "no component of the manifest has a replaceable dependency of this name".into(),
        });
    }
    let metrics = Arc::new(Metrics::default());
    let store =
        SqliteStore::open(&config.database, &Options::default()).map_err(|e| PlaneError::Store(e.to_string()))?;
    let shared = Arc::new(Shared {
        store,
        signals: Signals::default(),
        calls: HostCalls::new(&metrics),
        metrics: Arc::clone(&metrics),
    });
    let mut handlers = BTreeMap::new();
    for (id, component) in &application.components {
        handlers.insert(id.clone(), service(&config, id, component, &shared)?);
    }
    let routes = application.routes.iter().filter_map(|route| {
        // A private route has no pattern: nothing outside reaches it.
        let pattern = Pattern::parse(route.pattern.as_ref()?);
        let answer = match &route.target {
            manifest::Target::Component(id) => Answer::Component(handlers.get(id)?.clone()),
            manifest::Target::Static { status, headers, body } => Answer::Static {
                status: *status,
                headers: headers.clone(),
                body: body.clone(),
            },
        };
        Some((pattern, answer))
    });
    let table = Table::new(routes.collect::<Vec<_>>());
    Ok(Arc::new(Plane::new(application, table, shared)))
}

fn is_dependency(application: &Application, interface: &str) -> bool {
    !provide::NATIVE.contains(&interface)
        && application
            .components
            .values()
            .any(|component| component.dependencies.contains_key(interface))
}

fn service(
    config: &PlaneConfig,
    id: &str,
    description: &manifest::Component,
    shared: &Arc<Shared>,
) -> Result<Handler, PlaneError> {
    let refuse = |reason: String| PlaneError::Component {
        component: id.to_owned(),
        reason,
    };
    let component = compile(config, id, &description.source)?;
    let mut linker = Linker::new(config.engine.wasmtime());
    provide::add_to_linker(&mut linker).map_err(|e| refuse(format!("{e:#}")))?;
    for (interface, source) in &description.dependencies {
        if provide::NATIVE.contains(&interface.as_str()) {
            continue;
        }
        let replacement = config.overrides.get(interface);
        let mut providers = Vec::new();
        for source in replacement.into_iter().chain([source]) {
            providers.push(provider(config, interface, source)?);
        }
        let policies = match interface.as_str() {
            PLACEMENT => policies(config, &shared.metrics)?,
            _ => Policies::default(),
        };
        let bridge = Bridge::with_policies(interface, providers, policies, &shared.metrics);
        bridge.link(&config.engine, &component, &mut linker).map_err(&refuse)?;
    }
    let pre = linker
        .instantiate_pre(&component)
        .map_err(|e| refuse(format!("{e:#}")))?;
    let pre = ServicePre::new(pre).map_err(|e| refuse(format!("it does not answer HTTP requests: {e:#}")))?;
    Ok(Handler::new(Service {
        name: id.to_owned(),
        engine: config.engine.clone(),
        pre,
        shared: Arc::clone(shared),
        variables: Arc::new(description.variables.clone()),
        environment: description.environment.clone(),
        figures: InstanceFigures::new(&shared.metrics, id),
    }))
}

fn provider(config: &PlaneConfig, interface: &str, source: &Path) -> Result<Arc<Provider>, PlaneError> {
    let dependency = compile(config, interface, source)?;
    let name = source.display().to_string();
    Provider::new(&config.engine, &name, interface, &dependency).map_err(|reason| PlaneError::Component {
        component: name,
        reason,
    })
}

fn policies(config: &PlaneConfig, metrics: &Metrics) -> Result<Policies, PlaneError> {
    let brought = config.policies.iter().map(|(name, source)| {
        let provider = provider(config, PLACEMENT, source)?;
        Ok((name.clone(), provider))
    });
    Ok(Policies::new(brought.collect::<Result<_, PlaneError>>()?, metrics))
}

fn compile(config: &PlaneConfig, id: &str, source: &Path) -> Result<Component, PlaneError> {
    let report = |progress: sandbar_engine::Progress<'_>| match progress {
        sandbar_engine::Progress::Waiting { name } => {
            (config.progress)(&format!("waiting for another process that compiles {name}"))
        }
        sandbar_engine::Progress::Compiling { name, bytes } => {
            (config.progress)(&format!("compiling {name} ({} KiB)", bytes >> 10))
        }
        sandbar_engine::Progress::Compiled { name, elapsed } => {
            (config.progress)(&format!("compiled {name} in {elapsed:.1?}"))
        }
    };
    config
        .cache
        .load(config.engine.wasmtime(), source, &report)
        .map_err(|e| PlaneError::Component {
            component: id.to_owned(),
            reason: e.to_string(),
        })
}
