//! Another agent component for a running runner: compiled in a bounded process, tried beside the present one, kept for the next
//! start.

use crate::driver::Driver;
use crate::error::RunnerError;
use http::StatusCode;
use sandbar_engine::{CacheError, CodeCache, ControlEngine};
use sha2::{Digest, Sha256};
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::{ExitCode, Stdio};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncReadExt;
use tokio::process::Command;

/// Largest component, as the front has it.
pub const MOST_BYTES: usize = 16 << 20;
/// How long compiling may take; the agent itself takes a second.
const COMPILE_DEADLINE: Duration = Duration::from_secs(60);
/// CPU seconds and bytes of memory that the compiler may use.
const COMPILE_CPU: u64 = 90;
const COMPILE_MEMORY: u64 = 2 << 30;
/// Bytes of the compiler's words that are passed on.
const MOST_WORDS: u64 = 2_000;
/// The component that was pushed last, in the data directory.
const FILE: &str = "component.wasm";
const NEW: &str = "component.new.wasm";
/// The hidden subcommand that compiles.
pub const SUBCOMMAND: &str = "compile-agent";

/// Why a pushed component was not taken. The present one goes on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PushError {
    #[error("the component has more than {MOST_BYTES} bytes")]
    TooLarge,
    #[error("another component is being pushed; try again when it is done")]
    Busy,
    #[error("the component does not compile: {0}")]
    Compile(String),
    #[error("compiling did not end within {} s; the component is too large or too strange", COMPILE_DEADLINE.as_secs())]
    CompileTime,
    #[error("the component is not a runner agent of this version's contract: {0:#}")]
    World(#[source] wasmtime::Error),
    #[error("the new component does not start: {0:#}")]
    Start(#[source] wasmtime::Error),
    #[error("the new component failed on the state of the present one: {0:#}")]
    Import(#[source] wasmtime::Error),
    #[error("the new component refuses the state of the present one: {0}")]
    State(String),
    #[error("the new component failed its first call: {0:#}")]
    FirstCall(#[source] wasmtime::Error),
    #[error("the component cannot be kept in the data directory: {0}")]
    Keep(#[from] io::Error),
}

impl PushError {
    /// Status and code for programs.
    pub(crate) fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "COMPONENT_TOO_LARGE"),
            Self::Busy => (StatusCode::CONFLICT, "COMPONENT_BUSY"),
            Self::Compile(_) => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_INVALID"),
            Self::CompileTime => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_COMPILE_TIMEOUT"),
            Self::World(_) => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_WRONG_WORLD"),
            Self::Start(_) => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_START_FAILED"),
            Self::Import(_) | Self::State(_) => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_STATE_REFUSED"),
            Self::FirstCall(_) => (StatusCode::UNPROCESSABLE_ENTITY, "COMPONENT_CALL_FAILED"),
            Self::Keep(_) => (StatusCode::INSUFFICIENT_STORAGE, "COMPONENT_NOT_KEPT"),
        }
    }
}

/// Takes pushed components.
pub(crate) struct Workshop {
    /// Started as `<exe> compile-agent <cache> <file>`.
    pub(crate) exe: PathBuf,
    pub(crate) cache_dir: PathBuf,
    pub(crate) data_dir: PathBuf,
    /// One at a time.
    pub(crate) busy: tokio::sync::Mutex<()>,
}

impl Workshop {
    /// The component to start with: the one pushed last, if there is one.
    pub(crate) fn pushed(data_dir: &Path) -> Option<PathBuf> {
        let path = data_dir.join(FILE);
        path.is_file().then_some(path)
    }

    /// Compiles, tries and keeps a component; gives its SHA-256 in hex.
    pub(crate) async fn push(&self, driver: &Arc<Driver>, bytes: Vec<u8>) -> Result<String, PushError> {
        if bytes.len() > MOST_BYTES {
            return Err(PushError::TooLarge);
        }
        // The compiler would also take text, and tell its lines in its reasons.
        if !bytes.starts_with(b"\0asm") {
            return Err(PushError::Compile("it is no WebAssembly file".to_owned()));
        }
        let _turn = self.busy.try_lock().map_err(|_| PushError::Busy)?;
        let digest: String = Sha256::digest(&bytes)
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let new = self.data_dir.join(NEW);
        let written = new.clone();
        blocking(move || write(&written, &bytes).map_err(PushError::Keep)).await?;
        let tried = self.try_out(driver, &new).await;
        let kept = self.data_dir.join(FILE);
        blocking(move || match tried {
            Ok(()) => {
                fs::rename(&new, &kept)?;
                Ok(())
            }
            Err(error) => {
                // It stays where it disturbs nobody if even that fails.
                let _ = fs::remove_file(&new);
                Err(error)
            }
        })
        .await?;
        tracing::info!(digest, "another runner component is in place");
        Ok(digest)
    }

    async fn try_out(&self, driver: &Arc<Driver>, file: &Path) -> Result<(), PushError> {
        self.compile(file).await?;
        let (driver, file, cache_dir) = (Arc::clone(driver), file.to_owned(), self.cache_dir.clone());
        blocking(move || {
            let present = driver.factory();
            let broken = |error: CacheError| PushError::Compile(error.to_string());
            // Maps what the other process has compiled.
            let component = CodeCache::open(&cache_dir)
                .and_then(|cache| cache.load(present.engine().wasmtime(), &file, &|_| {}))
                .map_err(broken)?;
            let factory = present.another(&component).map_err(PushError::World)?;
            driver.replace(factory)
        })
        .await
    }

    /// In a process of its own: the compiler's time and memory are the uploader's to waste, not this runner's.
    async fn compile(&self, file: &Path) -> Result<(), PushError> {
        let mut child = Command::new(&self.exe)
            .arg(SUBCOMMAND)
            .arg(&self.cache_dir)
            .arg(file)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let words = child.stderr.take();
        let ended = tokio::time::timeout(COMPILE_DEADLINE, async {
            let mut text = String::new();
            if let Some(words) = words {
                // What it says beyond the limit, or not in UTF-8, is of no use to anybody.
                let mut bytes = Vec::new();
                let _ = words.take(MOST_WORDS).read_to_end(&mut bytes).await;
                text = String::from_utf8_lossy(&bytes).trim().to_owned();
            }
            (child.wait().await, text)
        });
        match ended.await {
            Ok((Ok(status), _)) if status.success() => Ok(()),
            Ok((Ok(status), text)) if text.is_empty() => {
                Err(PushError::Compile(format!("the compiler ended with {status}")))
            }
            Ok((Ok(_), text)) => Err(PushError::Compile(text)),
            Ok((Err(error), _)) => Err(PushError::Keep(error)),
            Err(_) => Err(PushError::CompileTime),
        }
    }
}

fn write(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use io::Write;
    let mut file = fs::File::create(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

async fn blocking<T: Send + 'static>(
    call: impl FnOnce() -> Result<T, PushError> + Send + 'static,
) -> Result<T, PushError> {
    tokio::task::spawn_blocking(call)
        .await
        .map_err(|error| PushError::Keep(io::Error::other(error.to_string())))?
}

/// The hidden subcommand `compile-agent <cache> <file>`: compiles one component into the cache, within limits on time and
/// memory. Reasons go to standard error.
pub fn compile_main(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    match compile(arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("{reason}");
            ExitCode::FAILURE
        }
    }
}

fn compile(arguments: impl IntoIterator<Item = OsString>) -> Result<(), String> {
    use rustix::process::{Resource, Rlimit, setrlimit};
    let mut arguments = arguments.into_iter();
    let (Some(cache), Some(file), None) = (arguments.next(), arguments.next(), arguments.next()) else {
        return Err(format!(
            "{SUBCOMMAND} takes a cache directory and a file; a runner starts it, not a person"
        ));
    };
    let engine = ControlEngine::new().map_err(|error| error.to_string())?;
    // Of data, not of address space, and beside what the engine has reserved: it reserves far more than it uses.
    let reserved = data_bytes().ok_or("cannot tell how much memory the compiler has")?;
    let limits = [
        (Resource::Cpu, COMPILE_CPU),
        (Resource::Data, reserved.saturating_add(COMPILE_MEMORY)),
        (Resource::Core, 0),
    ];
    for (resource, most) in limits {
        let limit = Rlimit {
            current: Some(most),
            maximum: Some(most),
        };
        setrlimit(resource, limit).map_err(|error| format!("cannot limit the compiler: {error}"))?;
    }
    let cache = CodeCache::open(PathBuf::from(cache)).map_err(|error| error.to_string())?;
    cache
        .load(engine.wasmtime(), Path::new(&file), &|_| {})
        .map(drop)
        .map_err(|error| match error {
            // Where this machine keeps the file is nobody's business.
            CacheError::Compile { source, .. } => format!("{source:#}"),
            error => error.to_string(),
        })
}

/// Bytes of private writable memory that this process has mapped.
fn data_bytes() -> Option<u64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmData:"))?;
    let kib: u64 = line.split_ascii_whitespace().next()?.parse().ok()?;
    Some(kib << 10)
}

/// Loads the component pushed last, else `built_in`; a pushed one that fails is left aside.
pub(crate) fn start<T>(
    data_dir: &Path,
    built_in: &Path,
    load: impl Fn(&Path) -> Result<T, RunnerError>,
) -> Result<T, RunnerError> {
    if let Some(pushed) = Workshop::pushed(data_dir) {
        match load(&pushed) {
            Ok(loaded) => return Ok(loaded),
            Err(error) => {
                tracing::error!(%error, "the pushed runner component does not start; the built-in one is used")
            }
        }
    }
    load(built_in)
}
