//! Builds: the steps of an image, carried out in a sandbox that lives only for it, and what it then holds taken as a snapshot.
//!
//! | module | concern |
//! | --- | --- |
//! | `commands` | what is run for each step |
//! | `toolbox` | commands and uploads, through the cell's toolbox |
//! | `log` | the log's way to the platform |
//! | `cache` | what earlier builds have left for later ones |

mod cache;
mod commands;
mod log;
mod toolbox;

use crate::cells::Cells;
use crate::driver::Driver;
use crate::plane::Plane;
use crate::snapshots::{Snapshots, Taken};
use cache::{Cache, Chain};
use log::{Log, Platform};
use sandbar_dial::Origin;
use serde::Deserialize;
use serde_json::json;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, Instant};
use toolbox::{Ran, Toolbox};

/// How long a whole build may take; the plane gives up later.
const BUILD_TIME: Duration = Duration::from_secs(60 * 60);
/// Work that is worth a layer in the cache; less is done again.
const WORTH_CACHING: Duration = Duration::from_secs(1);
/// Layers that one build may add: sandboxes stand on all of them, and look through all of them.
const MOST_LAYERS: usize = 8;
/// User whose name commands of a build see: the one that sandboxes have by default.
const USER: &str = "daytona";
/// Ids of the sandboxes in which builds run.
const SANDBOX: &str = "build-";

/// What the plane wants built.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Order {
    snapshot_id: String,
    organization_id: String,
    #[serde(default)]
    region_id: String,
    /// The snapshot that it begins as; none: the userland alone.
    #[serde(default, rename = "image")]
    base_image: Option<BaseImage>,
    steps: Vec<Step>,
    /// Variables that the base gives to the first step.
    #[serde(default)]
    base_env: BTreeMap<String, String>,
    /// Scripts that stand before all other commands, by name.
    #[serde(default)]
    commands: BTreeMap<String, String>,
    /// Uploads that `COPY` finds its files in.
    #[serde(default)]
    context_hashes: Vec<String>,
    /// Whole CPUs.
    cpu: u64,
    /// GiB.
    memory: u64,
    /// GiB.
    disk: u64,
    #[serde(default)]
    network_block_all: bool,
    #[serde(default)]
    network_allow_list: Option<String>,
    #[serde(default)]
    domain_allow_list: Option<String>,
}

#[derive(Debug, Deserialize)]
struct BaseImage {
    id: String,
    manifest: String,
}

/// One step; what it means is said where the plane makes it.
#[derive(Debug, Deserialize)]
struct Step {
    line: usize,
    text: String,
    #[serde(flatten)]
    action: Action,
}

#[derive(Debug, PartialEq, Eq, serde::Serialize, Deserialize)]
#[serde(rename_all = "camelCase", tag = "action")]
enum Action {
    Run {
        argv: Vec<String>,
    },
    Copy {
        sources: Vec<String>,
        destination: String,
        #[serde(default)]
        mode: Option<u32>,
        unpack: bool,
    },
    Env {
        name: String,
        value: String,
    },
    Arg {
        name: String,
        value: String,
    },
    Workdir {
        path: String,
    },
    Note {
        reason: String,
    },
}

/// Why a build has failed. Users read the text.
#[derive(Debug, thiserror::Error)]
enum BuildError {
    #[error("the order for the build cannot be read: {0}")]
    Order(#[from] serde_json::Error),
    #[error("{0:?} cannot be the id of a snapshot")]
    Id(String),
    #[error("the runner is being stopped")]
    Gone,
    #[error("line {line}: {text}: {why}")]
    Step { line: usize, text: String, why: String },
    #[error("the build took longer than {} minutes", BUILD_TIME.as_secs() / 60)]
    Late,
    #[error(transparent)]
    Cell(#[from] crate::cells::CellError),
    #[error(transparent)]
    Toolbox(#[from] toolbox::ToolboxError),
    #[error("{0}")]
    Snapshot(String),
}

/// Builds images on this runner.
pub(crate) struct Builder {
    platform: Platform,
    snapshots: Arc<Snapshots>,
    driver: OnceLock<Weak<Driver>>,
    sandboxes: PathBuf,
    cache: Cache,
}

impl Builder {
    /// Of the runner whose data directory is `data`. `api` is the address of the plane's API, at whose origin uploads and logs are.
    pub(crate) fn new(plane: &Plane, api: &Origin, data: &Path, snapshots: Arc<Snapshots>) -> Self {
        let sandboxes = data.join("sandboxes");
        Self {
            platform: Platform::new(plane, api),
            snapshots,
            driver: OnceLock::new(),
            cache: Cache::new(&sandboxes),
            sandboxes,
        }
    }

    /// Gives it the driver, whose cell does the work.
    pub(crate) fn attach(&self, driver: Weak<Driver>) {
        // A second driver would be a fault of ours; the first stays.
        let _ = self.driver.set(driver);
    }

    /// Builds what `payload` describes into the snapshot that it names. Nothing but cached layers stays behind, however it ends.
    ///
    /// # Errors
    /// The reason, for a user.
    pub(crate) async fn build(&self, payload: &str) -> Result<Taken, String> {
        let order: Order = serde_json::from_str(payload).map_err(|error| BuildError::Order(error).to_string())?;
        if !sandbar_cell::valid_id(&format!("{SANDBOX}{}", order.snapshot_id)) {
            return Err(BuildError::Id(order.snapshot_id).to_string());
        }
        let log = Log::begin(&self.platform, &order.snapshot_id);
        let built = tokio::time::timeout(BUILD_TIME, self.run(&order, &log)).await;
        let built = built.unwrap_or(Err(BuildError::Late));
        let cleaned = self.remove(&order).await;
        let result = match (built, cleaned) {
            (Ok(taken), cleaned) => {
                if let Err(error) = cleaned {
                    tracing::warn!(%error, snapshot = order.snapshot_id, "the sandbox of a build stays");
                }
                log.say(format!("built: {} bytes\n", taken.bytes)).await;
                Ok(taken)
            }
            (Err(error), _) => {
                log.say(format!("failed: {error}\n")).await;
                Err(error.to_string())
            }
        };
        log.end().await;
        result
    }

    fn driver(&self) -> Result<Arc<Driver>, BuildError> {
        self.driver.get().and_then(Weak::upgrade).ok_or(BuildError::Gone)
    }

    async fn run(&self, order: &Order, log: &Log) -> Result<Taken, BuildError> {
        let driver = self.driver()?;
        let cells = driver.cells()?;
        let mut chain = Chain::new(order);
        let points: Vec<String> = order
            .steps
            .iter()
            .map(|step| chain.next(&step.action, &order.context_hashes))
            .collect();
        // The last step whose outcome is here.
        let known = points.iter().rposition(|point| self.cache.has(point));
        let image = match (known, &order.base_image) {
            (Some(at), _) => Some(points[at].clone()),
            (None, Some(base)) => {
                let ensured = self.snapshots.ensure(&base.id, &base.manifest).await;
                ensured.map_err(BuildError::Snapshot)?;
                Some(base.id.clone())
            }
            (None, None) => None,
        };
        let id = format!("{SANDBOX}{}", order.snapshot_id);
        // An earlier try may have been cut short.
        self.remove(order).await?;
        let spec = self.spec(order, &id, image.as_deref());
        cells.put(&id, &spec).await?;
        if let Some(at) = known {
            self.cache.used(&points[at]);
        }
        let mut build = Build {
            order,
            log,
            cells,
            platform: &self.platform,
            toolbox: Toolbox::new(cells, &id),
            spec,
            env: order.base_env.clone(),
            args: BTreeMap::new(),
            directory: "/".to_owned(),
            prepared: false,
            unpacked: false,
        };
        let (mut since, mut layers) = (Duration::ZERO, 0);
        for (at, step) in order.steps.iter().enumerate() {
            let cached = known.is_some_and(|known| at <= known);
            log.say(format!("[{}/{}] {}\n", at + 1, order.steps.len(), step.text))
                .await;
            let begun = Instant::now();
            build.step(step, cached).await?;
            since += begun.elapsed();
            if !cached && since > WORTH_CACHING && layers < MOST_LAYERS {
                build.tidy().await?;
                self.cache.keep(cells, &id, &points[at]).await;
                cells.put(&id, &build.spec).await?;
                (since, layers) = (Duration::ZERO, layers + 1);
            }
        }
        build.tidy().await?;
        log.say("taking the snapshot\n".to_owned()).await;
        let taken = self.snapshots.take(&id, &order.snapshot_id).await;
        taken.map_err(BuildError::Snapshot)
    }

    fn spec(&self, order: &Order, id: &str, image: Option<&str>) -> serde_json::Value {
        let mut spec = json!({
            "id": id,
            "generation": 1,
            "directory": self.sandboxes.join(id),
            "layers": [],
            "env": {},
            "user": USER,
            "organization": order.organization_id,
            "region": order.region_id,
            "snapshot": order.snapshot_id,
            "limits": {
                "cpuMilli": order.cpu.saturating_mul(1000),
                "memoryMib": order.memory.saturating_mul(1024),
                "diskMib": order.disk.saturating_mul(1024),
            },
            "network": {
                "blockAll": order.network_block_all,
                "allowList": order.network_allow_list,
                "domainAllowList": order.domain_allow_list,
            },
        });
        if let Some(image) = image {
            spec["image"] = image.into();
        }
        spec
    }

    /// Removes the build's sandbox with its files, if there is one.
    async fn remove(&self, order: &Order) -> Result<(), BuildError> {
        let id = format!("{SANDBOX}{}", order.snapshot_id);
        if !self.sandboxes.join(&id).exists() {
            return Ok(());
        }
        let driver = self.driver()?;
        let cells = driver.cells()?;
        // A cell that has been restarted does not know it any more.
        cells.put(&id, &self.spec(order, &id, None)).await?;
        Ok(cells.delete(&id).await?)
    }
}

/// One build on its way.
struct Build<'a> {
    order: &'a Order,
    log: &'a Log,
    cells: &'a Cells,
    platform: &'a Platform,
    toolbox: Toolbox<'a>,
    /// What the cell was told of the sandbox. What it begins as matters only while it has no files.
    spec: serde_json::Value,
    env: BTreeMap<String, String>,
    args: BTreeMap<String, String>,
    directory: String,
    /// Whether the commands of the order are in the sandbox.
    prepared: bool,
    /// Whether the uploads are.
    unpacked: bool,
}

impl Build<'_> {
    /// Carries one step out; of one whose outcome is there already, only what later ones need to know.
    async fn step(&mut self, step: &Step, cached: bool) -> Result<(), BuildError> {
        let (command, directory) = match &step.action {
            Action::Note { reason } => {
                self.log.say(format!("{reason}\n")).await;
                return Ok(());
            }
            Action::Env { name, value } => {
                self.env.insert(name.clone(), value.clone());
                return Ok(());
            }
            Action::Arg { name, value } => {
                self.args.insert(name.clone(), value.clone());
                return Ok(());
            }
            Action::Workdir { path } => {
                self.directory.clone_from(path);
                (commands::make_directory(path), "/".to_owned())
            }
            Action::Run { argv } => (commands::quoted(argv), self.directory.clone()),
            Action::Copy {
                sources,
                destination,
                mode,
                unpack,
            } => (commands::copy(sources, destination, *mode, *unpack), "/".to_owned()),
        };
        if cached {
            self.log.say("cached\n".to_owned()).await;
            return Ok(());
        }
        let failed = |why: String| BuildError::Step {
            line: step.line,
            text: short(&step.text),
            why,
        };
        self.prepare().await?;
        if matches!(step.action, Action::Copy { .. }) {
            self.unpack().await.map_err(|error| failed(error.to_string()))?;
        }
        match self.command(&command, &directory).await? {
            Ran { code: Some(0), .. } => Ok(()),
            Ran { timed_out: true, .. } => Err(failed("it took too long".to_owned())),
            Ran { code, .. } => {
                let code = code.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}"));
                Err(failed(format!("it ended with {code}; the build log has its output")))
            }
        }
    }

    async fn command(&self, command: &str, directory: &str) -> Result<Ran, BuildError> {
        let mut envs = self.args.clone();
        envs.extend(self.env.clone());
        let path = envs.get("PATH").map_or(commands::PATH, String::as_str);
        let path = format!("{}:{path}", commands::COMMANDS);
        envs.insert("PATH".to_owned(), path);
        Ok(self.toolbox.run(command, directory, &envs, self.log).await?)
    }

    /// The commands of the order stand first in the path.
    async fn prepare(&mut self) -> Result<(), BuildError> {
        if self.prepared {
            return Ok(());
        }
        self.quietly(&commands::make_directory(commands::COMMANDS)).await?;
        for (name, script) in self.order.commands.iter().filter(|(name, _)| commands::plain(name)) {
            let path = format!("{}/{name}", commands::COMMANDS);
            self.toolbox.upload(&path, script.clone().into()).await?;
        }
        self.quietly(&format!("chmod -R 755 {}", commands::COMMANDS)).await?;
        self.prepared = true;
        Ok(())
    }

    /// The uploads, unpacked by the sandbox's own tar: they are as hostile as whatever else runs there.
    async fn unpack(&mut self) -> Result<(), BuildError> {
        if self.unpacked {
            return Ok(());
        }
        self.quietly(&commands::make_directory(commands::CONTEXT)).await?;
        for hash in &self.order.context_hashes {
            let body = self.platform.context(&self.order.organization_id, hash).await;
            let body = body.map_err(BuildError::Snapshot)?;
            self.toolbox.stream(commands::ARCHIVE, body).await?;
            self.quietly(&commands::unpack()).await?;
        }
        self.unpacked = true;
        Ok(())
    }

    /// Takes out of the sandbox what is not part of the image.
    async fn tidy(&mut self) -> Result<(), BuildError> {
        if std::mem::take(&mut self.prepared) | std::mem::take(&mut self.unpacked) {
            self.quietly(&format!("rm -rf {}", commands::SCRATCH)).await?;
        }
        // Whatever a step has left running writes no more.
        self.cells.stop(self.toolbox.sandbox()).await?;
        Ok(())
    }

    /// A command of ours, which does not fail unless the sandbox is full.
    async fn quietly(&self, command: &str) -> Result<(), BuildError> {
        match self.toolbox.run(command, "/", &BTreeMap::new(), self.log).await? {
            Ran { code: Some(0), .. } => Ok(()),
            _ => Err(BuildError::Snapshot(
                "the sandbox of the build cannot be prepared; its disk may be full: ask for more disk".to_owned(),
            )),
        }
    }
}

/// An instruction, as much of it as tells which.
fn short(text: &str) -> String {
    const SHOWN: usize = 120;
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_as_the_plane_makes_it() {
        let text = r#"{"snapshotId":"s","organizationId":"o","regionId":"r","base":{"kind":"userland"},"cpu":1,"memory":1,"disk":3,
            "contextHashes":["ab"],"commands":{"apt":"x"},"steps":[
            {"line":1,"text":"FROM x","action":"note","reason":"y"},
            {"line":2,"text":"RUN z","action":"run","argv":["/bin/sh","-c","z"]},
            {"line":3,"text":"COPY a b","action":"copy","sources":["a"],"destination":"/b","unpack":false},
            {"line":4,"text":"WORKDIR /w","action":"workdir","path":"/w"},
            {"line":5,"text":"ENV A=b","action":"env","name":"A","value":"b"}]}"#;
        let order: Order = serde_json::from_str(text).expect("an order");
        assert_eq!(order.steps.len(), 5);
        assert_eq!(order.steps[3].action, Action::Workdir { path: "/w".into() });
    }
}
