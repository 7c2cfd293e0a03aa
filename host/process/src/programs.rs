//! The programs of the userland, compiled and linked, ready to be instantiated.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use sandbar_compiler::Compiler;
use sandbar_engine::{CacheError, CodeCache, Progress, SandboxEngine, sandbox::MAX_PROCESSES};
use sandbar_tls::{Roots, RootsError};
use tokio::sync::Semaphore;
use wasmtime::component::{HasData, Linker};
use wasmtime_wasi::cli::{WasiCli, WasiCliView as _};
use wasmtime_wasi::clocks::{WasiClocks, WasiClocksView as _};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi::random::WasiRandom;

use crate::bindings::wit;
use crate::interrupts;
use crate::own::Own;
use crate::polls::HasPolls;
use crate::state::State;

/// Most programs that a userland may have: each keeps its code mapped.
const MAX_PROGRAMS: usize = 64;
/// Programs to which a write to a closed pipe is always an error that they handle, whatever their parent asked for:
/// the shell ends only the stage of its own that wrote, with 141, and Python raises BrokenPipeError, as CPython does
/// by ignoring the signal from its start.
const IGNORE_SIGPIPE: [&str; 2] = ["python", "shell"];
/// A page of linear memory; custom page sizes are switched off.
const PAGE_BYTES: u64 = 64 << 10;

/// The userland could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The directory cannot be read.
    #[error("cannot read the userland in {path}: {source}; build it with `cargo xtask up`")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// No `.wasm` file is in the directory, or more than 64.
    #[error("the userland in {0} has no programs, or more than {MAX_PROGRAMS}; build it with `cargo xtask up`")]
    Number(PathBuf),
    /// A program cannot be compiled or loaded.
    #[error(transparent)]
    Code(#[from] CacheError),
    /// The roots for TLS cannot be used.
    #[error(transparent)]
    Roots(#[from] RootsError),
    /// A program imports something that sandboxes do not have, or is no command.
    #[error("program {name} does not fit a sandbox: {source:#}")]
    Link {
        /// The program's name.
        name: String,
        /// What is missing.
        #[source]
        source: wasmtime::Error,
    },
}

/// The programs that sandboxes run, by name, shared by all sandboxes of a cell. Cheap to clone.
#[derive(Clone)]
pub struct Programs(Arc<Inner>);

struct Inner {
    engine: SandboxEngine,
    programs: BTreeMap<String, Arc<Program>>,
    /// Whom programs trust for TLS.
    roots: Arc<Roots>,
    /// Slots of the engine's pool, so that a full pool is refused by spawn and never met later.
    slots: Arc<Semaphore>,
    /// Set once somebody compiles users' programs.
    own: OnceLock<Arc<Own>>,
}

/// One program, ready to be instantiated.
pub(crate) struct Program {
    pub(crate) command: CommandPre<State>,
    /// Linear memory that every instance starts with, in bytes.
    pub(crate) initial_memory: u64,
    /// Whether it handles closed pipes itself: see [`IGNORE_SIGPIPE`].
    pub(crate) ignores_sigpipe: bool,
}

impl std::fmt::Debug for Programs {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Programs")
            .field(&self.names().collect::<Vec<_>>())
            .finish()
    }
}

impl Programs {
    /// Loads every `NAME.wasm` of `directory` as the program NAME: commands (`wasi:cli/run`) that import no more
    /// than WASI 0.2, `sandbar:process` and `sandbar:files`. Blocks; the first time it compiles, which takes about
    /// a second for each MB, and `progress` tells.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load(
        engine: &SandboxEngine,
        cache: &CodeCache,
        directory: &Path,
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Self, LoadError> {
        Self::load_trusting(engine, cache, directory, Roots::public()?, progress)
    }

    /// As [`Programs::load`], whose programs trust the public roots for TLS, with roots of the caller's.
    ///
    /// # Errors
    /// See [`LoadError`].
    pub fn load_trusting(
        engine: &SandboxEngine,
        cache: &CodeCache,
        directory: &Path,
        roots: Arc<Roots>,
        progress: &dyn Fn(Progress<'_>),
    ) -> Result<Self, LoadError> {
        let files = wasm_files(directory)?;
        let linker = linker(engine).map_err(|source| LoadError::Link {
            name: "(WASI)".into(),
            source,
        })?;
        let mut programs = BTreeMap::new();
        for (name, path) in files {
            let component = cache.load(engine.wasmtime(), &path, progress)?;
            let pages = component
                .resources_required()
                .and_then(|needs| needs.max_initial_memory_size)
                .unwrap_or(0);
            let initial_memory = pages.saturating_mul(PAGE_BYTES);
            let command = linker
                .instantiate_pre(&component)
                .and_then(CommandPre::new)
                .map_err(|source| LoadError::Link {
                    name: name.clone(),
                    source,
                })?;
            let program = Program {
                command,
                initial_memory,
                ignores_sigpipe: IGNORE_SIGPIPE.contains(&name.as_str()),
            };
            programs.insert(name, Arc::new(program));
        }
        let slots = Arc::new(Semaphore::new(MAX_PROCESSES as usize));
        Ok(Self(Arc::new(Inner {
            engine: engine.clone(),
            programs,
            roots,
            slots,
            own: OnceLock::new(),
        })))
    }

    /// From now on, programs that users bring run as well: `compiler` compiles them, `code` is where it keeps what comes out.
    /// They may import WASI 0.2 and `sandbar:process`, HTTP components `wasi:http` besides. Without this, or the second
    /// time, nothing changes.
    ///
    /// # Errors
    /// [`LoadError::Link`], if the engine refuses what they may import.
    pub fn compile_with(&self, compiler: Compiler, code: CodeCache) -> Result<(), LoadError> {
        let engine = self.0.engine.clone();
        let linker = own_linker(&engine).map_err(|source| LoadError::Link {
            name: "(WASI)".into(),
            source,
        })?;
        let _ = self.0.own.set(Arc::new(Own::new(engine, linker, compiler, code)));
        Ok(())
    }

    /// Users' programs, if they can be run.
    pub(crate) fn own(&self) -> Option<&Arc<Own>> {
        self.0.own.get()
    }

    /// The names, in order.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.programs.keys().map(String::as_str)
    }

    pub(crate) fn get(&self, name: &str) -> Option<&Arc<Program>> {
        self.0.programs.get(name)
    }

    pub(crate) fn engine(&self) -> &SandboxEngine {
        &self.0.engine
    }

    pub(crate) fn roots(&self) -> &Arc<Roots> {
        &self.0.roots
    }

    pub(crate) fn slots(&self) -> &Arc<Semaphore> {
        &self.0.slots
    }
}

fn wasm_files(directory: &Path) -> Result<Vec<(String, PathBuf)>, LoadError> {
    let error = |source| LoadError::Directory {
        path: directory.into(),
        source,
    };
    let mut files = Vec::new();
    for entry in std::fs::read_dir(directory).map_err(error)? {
        let path = entry.map_err(error)?.path();
        let name = path.file_stem().and_then(|stem| stem.to_str());
        if let (Some(name), Some("wasm")) = (name, path.extension().and_then(|ending| ending.to_str())) {
            files.push((name.to_owned(), path));
        }
    }
    if files.is_empty() || files.len() > MAX_PROGRAMS {
        return Err(LoadError::Number(directory.into()));
    }
    files.sort();
    Ok(files)
}

struct Processes;

impl HasData for Processes {
    type Data<'a> = &'a mut State;
}

/// Everything that a program of the userland may import, and nothing else.
fn linker(engine: &SandboxEngine) -> wasmtime::Result<Linker<State>> {
    let mut linker = common(engine)?;
    sandbar_tls::add_to_linker(&mut linker, State::tls)?;
    interrupts::add_to_linker(&mut linker)?;
    Ok(linker)
}

/// Everything that a program of a user's may import.
fn own_linker(engine: &SandboxEngine) -> wasmtime::Result<Linker<State>> {
    let mut linker = common(engine)?;
    wasmtime_wasi_http::p2::add_only_http_to_linker_async(&mut linker)?;
    Ok(linker)
}

/// What every program may import. Sockets are those of the sandbox's own network.
fn common(engine: &SandboxEngine) -> wasmtime::Result<Linker<State>> {
    use wasmtime_wasi::p2::bindings::{cli, clocks, random};

    let mut linker = Linker::<State>::new(engine.wasmtime());
    let l = &mut linker;
    wasmtime_wasi_io::bindings::wasi::io::error::add_to_linker::<State, Table>(l, |state| &mut state.table)?;
    wasmtime_wasi_io::bindings::wasi::io::poll::add_to_linker::<State, HasPolls>(l, State::polls)?;
    wasmtime_wasi_io::bindings::wasi::io::streams::add_to_linker::<State, Table>(l, |state| &mut state.table)?;
    clocks::wall_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    clocks::monotonic_clock::add_to_linker::<State, WasiClocks>(l, State::clocks)?;
    random::random::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    random::insecure_seed::add_to_linker::<State, WasiRandom>(l, |state| state.wasi.random())?;
    cli::exit::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::environment::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_input::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_output::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdin::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stdout::add_to_linker::<State, WasiCli>(l, State::cli)?;
    cli::terminal_stderr::add_to_linker::<State, WasiCli>(l, State::cli)?;
    sandbar_wasi_files::add_to_linker(l, State::files)?;
    sandbar_wasi_net::add_to_linker(l, State::net)?;
    wit::add_to_linker::<State, Processes>(l, |state| state)?;
    Ok(linker)
}

struct Table;

impl HasData for Table {
    type Data<'a> = &'a mut wasmtime::component::ResourceTable;
}
