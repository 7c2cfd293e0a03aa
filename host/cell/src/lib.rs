//! The cell: the child process in which hostile code lives, and the toolbox it serves.
//!
//! ```text
//! runner ── HTTP/2 on descriptor 0 ── server ── control: PUT, stop, DELETE, stats
//!                                       └────── toolbox: files, execute, code-run
//!                                                  └── table: spec ── Tree, Sandbox while in use
//! ```
//!
//! Two runtimes: one answers, the other runs guests, so that guests that compute do not delay answers. A call that panics
//! is a 500; a guest that breaks the runtime takes this process down and nothing else.
#![forbid(unsafe_code)]

mod blocking;
mod call;
pub mod config;
mod control;
mod entrypoint;
pub mod error;
mod fork;
mod glob;
pub mod jail;
pub mod limits;
pub mod listen_guard;
pub mod multipart;
mod network;
mod paths;
mod physical;
mod preview;
mod preview_headers;
mod preview_pool;
mod preview_socket;
mod server;
mod snapshots;
pub mod spec;
mod streams;
mod table;
mod toolbox;
mod volumes;
mod work;

pub use config::{ArgumentError, CellConfig, EgressOptions, Mode};
pub use network::NetworkSpec;
pub use server::Cell;
pub use spec::{CellStats, SandboxLimits, SandboxSpec, SnapshotLayer, SnapshotState, VolumeSpec, valid_id};

use sandbar_compiler::Compiler;
use sandbar_engine::{CacheError, CodeCache, EngineError, MemoryBudget, Progress, SandboxEngine};
use sandbar_process::{LoadError, Programs, Threads};
use sandbar_tls::{Roots, RootsError};
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::process::ExitCode;
use std::sync::Arc;

/// Threads that answer. They only parse, route and copy.
const API_THREADS: usize = 2;

/// Exit code of a cell whose programs are not in the cache of compiled code. It cannot compile them behind its jail: run
/// [`Mode::Warm`] once, then start it again.
pub const COLD: u8 = 75;

/// Why a cell does not run.
#[derive(Debug, thiserror::Error)]
enum CellError {
    #[error(transparent)]
    Jail(#[from] jail::JailError),
    #[error(transparent)]
    Engine(#[from] EngineError),
    #[error(transparent)]
    Cache(#[from] CacheError),
    #[error(transparent)]
    Programs(#[from] LoadError),
    #[error(transparent)]
    Roots(#[from] RootsError),
    #[error("descriptor 0 is not the runner's socket: {0}")]
    Socket(#[source] io::Error),
    #[error("descriptor 1 is not the compiler's socket: {0}")]
    Compiler(#[source] io::Error),
    #[error("cannot tell how much memory the machine has: {0}")]
    Memory(#[source] io::Error),
    #[error("cannot start the cell's threads: {0}")]
    Runtime(#[source] io::Error),
    #[error("the runner's connection broke: {0}")]
    Connection(#[from] hyper::Error),
}

impl CellError {
    /// Whether compiled code is missing, which the jail lets nobody write.
    fn is_cold(&self) -> bool {
        let cache = match self {
            Self::Cache(error) | Self::Programs(LoadError::Code(error)) => error,
            _ => return false,
        };
        matches!(cache, CacheError::Io { source, .. }
            if source.kind() == io::ErrorKind::PermissionDenied)
    }
}

/// Runs a cell until its runner closes descriptor 0. This is the hidden subcommand `sandbar cell`; its arguments
/// are read with [`CellConfig::from_arguments`]. Call it while the process has one thread, and before any runtime: the
/// jail holds the calling thread and those it makes.
#[must_use]
pub fn main(config: CellConfig) -> ExitCode {
    match run(&config) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if error.is_cold() => {
            tracing::info!("the userland is not compiled yet");
            ExitCode::from(COLD)
        }
        Err(error) => {
            tracing::error!(%error, "the cell ends");
            ExitCode::FAILURE
        }
    }
}

fn run(config: &CellConfig) -> Result<(), CellError> {
    jail::die_with_parent().map_err(CellError::Runtime)?;
    jail::limits()?;
    // The jail has no file of the operator's.
    let roots = Roots::load(config.tls_roots.as_deref())?;
    if config.mode == Mode::Warm {
        load(config, roots)?;
        return Ok(());
    }
    // The jail has no /proc.
    let memory = physical::allowed().map_err(CellError::Memory)?;
    tracing::info!(mib = memory >> 20, "memory that sandboxes may take together");
    if config.jail {
        jail::close(config)?;
    }
    // What a crash has left of frozen layers that nothing stands on any more.
    if let Err(error) = server::frozen(&config.sandboxes).sweep(&config.sandboxes) {
        tracing::warn!(%error, "frozen layers cannot be swept");
    }
    let programs = load(config, roots)?;
    let memory = MemoryBudget::new(memory);
    let stream = socket(io::stdin().as_fd()).map_err(CellError::Socket)?;
    let guests = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(config.guest_threads)
        .thread_name("guest")
        .enable_all()
        .build()
        .map_err(CellError::Runtime)?;
    let api = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(API_THREADS)
        .max_blocking_threads(limits::BLOCKING_THREADS)
        .thread_name("api")
        .enable_all()
        .build()
        .map_err(CellError::Runtime)?;
    if config.compiler {
        let inside = guests.enter();
        let compiler = socket(io::stdout().as_fd()).and_then(Compiler::new);
        drop(inside);
        let code = CodeCache::open(config.guests())?;
        programs.compile_with(compiler.map_err(CellError::Compiler)?, code)?;
    }
    let threads = Threads::new(guests.handle().clone(), config.guest_threads).map_err(CellError::Runtime)?;
    let cell = Cell::with_egress(
        programs,
        config.sandboxes.clone(),
        config.userland.join("base"),
        memory,
        threads,
        config.egress.open(),
    );
    let served = api.block_on(async {
        let stream = tokio::net::UnixStream::from_std(stream).map_err(CellError::Socket)?;
        // On the runtime's own threads: this one would have to be woken for each frame.
        let served = tokio::spawn(async move { cell.serve(stream).await });
        match served.await {
            Ok(served) => served.map_err(CellError::Connection),
            Err(error) => Err(CellError::Runtime(io::Error::other(error))),
        }
    });
    // Nobody is left to answer to: threads that still run guests end with the process.
    guests.shutdown_background();
    api.shutdown_background();
    served
}

/// Maps the userland's compiled code, or compiles it.
fn load(config: &CellConfig, roots: Arc<Roots>) -> Result<Programs, CellError> {
    let engine = SandboxEngine::new()?;
    let cache = CodeCache::open(&config.cache_dir)?;
    let report = |progress: Progress<'_>| tracing::info!(?progress, "loading the userland");
    Ok(Programs::load_trusting(
        &engine,
        &cache,
        &config.userland,
        roots,
        &report,
    )?)
}

/// A descriptor that the runner gave, as a socket.
fn socket(given: BorrowedFd<'_>) -> io::Result<UnixStream> {
    let stream = UnixStream::from(given.try_clone_to_owned()?);
    stream.set_nonblocking(true)?;
    Ok(stream)
}
