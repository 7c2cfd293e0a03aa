//! Programs that users bring: a `.wasm` file that is executable runs like a binary.
//!
//! The process starts first, with its pid and its streams; its program is found by the digest of its bytes, and compiled if
//! it never was, while the process waits: it can be killed there, and its sandbox pays for the reading. What is loaded is
//! shared by all sandboxes of the cell; nobody gains from that what they do not have, as the bytes are the key.

mod link;
mod read;
mod recent;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use sandbar_compiler::{Compiler, Verdict as Compiled};
use sandbar_engine::{CodeCache, SandboxEngine};
use sandbar_files::File;
use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use wasmtime::component::Linker;

use crate::limits::MAX_LOADING;
use crate::sandbox::Sandbox;
use crate::state::State;
pub(crate) use link::{Loaded, Ready};
use read::Digest;
use recent::Recent;

/// How often code that was cleared away before it could be loaded is asked for again.
const TRIES: usize = 2;

/// Why a program does not run here; a sentence for its user.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Refusal(pub(crate) String);

/// What users' programs are loaded with; one for a cell.
pub(crate) struct Own {
    engine: SandboxEngine,
    linker: Linker<State>,
    compiler: Compiler,
    cache: CodeCache,
    recent: Mutex<Recent>,
    /// Programs held in memory, on their way to the compiler.
    room: Arc<Semaphore>,
}

impl Own {
    pub(crate) fn new(engine: SandboxEngine, linker: Linker<State>, compiler: Compiler, cache: CodeCache) -> Self {
        Self {
            engine,
            linker,
            compiler,
            cache,
            recent: Mutex::default(),
            room: Arc::new(Semaphore::new(MAX_LOADING)),
        }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        // Whole between statements.
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The program in `file`, ready to run.
    ///
    /// # Errors
    /// Why it cannot run.
    pub(crate) async fn load(self: &Arc<Self>, sandbox: &Sandbox, file: &File) -> Result<Arc<Loaded>, Refusal> {
        let digest = read::digest(file).await?;
        if let Some(loaded) = self.recent().get(&digest) {
            return Ok(loaded);
        }
        // One at a time for each sandbox: nobody queues before others more than once.
        let turn = permit(sandbox.compiling()).await?;
        let room = permit(&self.room).await?;
        // What is compiled is what was read now, whatever became of the file since.
        let (digest, wasm) = read::whole(file).await?;
        if let Some(loaded) = self.recent().get(&digest) {
            return Ok(loaded);
        }
        // A task of its own: a killed process must not leave half a question with the compiler.
        let (own, threads) = (Arc::clone(self), sandbox.threads().light().clone());
        let task = threads.clone().spawn(async move {
            let _held = (turn, room);
            own.make(&threads, digest, wasm).await
        });
        task.await.unwrap_or_else(|_| Err(ending()))
    }

    async fn make(self: Arc<Self>, threads: &Handle, digest: Digest, wasm: Vec<u8>) -> Result<Arc<Loaded>, Refusal> {
        for _ in 0..TRIES {
            let compiled = self.compiler.compile(&wasm).await;
            let (kind, code) = match compiled.map_err(|error| Refusal(error.to_string()))? {
                Compiled::Program { kind, code } => (kind, code),
                Compiled::Refused(reason) => return Err(Refusal(reason)),
                Compiled::Unavailable(reason) => {
                    return Err(Refusal(format!("it cannot be compiled now: {reason}")));
                }
            };
            let own = Arc::clone(&self);
            let linked = threads.spawn_blocking(move || link::link(&own.engine, &own.linker, &own.cache, kind, &code));
            if let Some(loaded) = linked.await.unwrap_or_else(|_| Err(ending()))? {
                let loaded = Arc::new(loaded);
                self.recent().put(digest, Arc::clone(&loaded));
                return Ok(loaded);
            }
        }
        Err(Refusal(
            "its compiled code was cleared away before it could run; try again".into(),
        ))
    }
}

async fn permit(of: &Arc<Semaphore>) -> Result<OwnedSemaphorePermit, Refusal> {
    Arc::clone(of).acquire_owned().await.map_err(|_| ending())
}

/// Nobody is left to read it.
fn ending() -> Refusal {
    Refusal("the cell is ending".into())
}
