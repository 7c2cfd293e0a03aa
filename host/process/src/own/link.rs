//! From compiled code to a program that can be instantiated.

use sandbar_compiler::Kind;
use sandbar_engine::{CodeCache, SandboxEngine};
use wasmtime::component::{Component, Linker};
use wasmtime_wasi::p2::bindings::CommandPre;
use wasmtime_wasi_http::p2::bindings::ProxyPre;

use super::Refusal;
use crate::state::State;

/// Memories that one slot of the engine's pool stands for; and tables.
const MEMORIES_OF_SLOT: u32 = 1;
const TABLES_OF_SLOT: u32 = 3;
/// Slots of a program that does not say what it needs: as many as the engine lets any have.
const MOST_SLOTS: u32 = 11;

/// A program of a user's.
pub(crate) struct Loaded {
    pub(crate) ready: Ready,
    /// Slots of the engine's pool that an instance takes.
    pub(crate) slots: u32,
}

/// How it is run.
pub(crate) enum Ready {
    Command(CommandPre<State>),
    Http(ProxyPre<State>),
}

/// The program whose code is kept under `name`; none if it is not kept any more. Blocks.
pub(crate) fn link(
    engine: &SandboxEngine,
    linker: &Linker<State>,
    cache: &CodeCache,
    kind: Kind,
    name: &str,
) -> Result<Option<Loaded>, Refusal> {
    let found = cache.get(engine.wasmtime(), name);
    let Some(component) = found.map_err(|error| Refusal(format!("its compiled code cannot be loaded: {error}")))?
    else {
        return Ok(None);
    };
    let instance = linker.instantiate_pre(&component);
    let ready = match kind {
        Kind::Command => instance.and_then(CommandPre::new).map(Ready::Command),
        Kind::Http => instance.and_then(ProxyPre::new).map(Ready::Http),
    };
    Ok(Some(Loaded {
        ready: ready.map_err(|error| Refusal(format!("it does not fit a sandbox: {}", sentence(&error))))?,
        slots: slots(&component),
    }))
}

fn slots(component: &Component) -> u32 {
    component.resources_required().map_or(MOST_SLOTS, |needs| {
        let memories = needs.num_memories.div_ceil(MEMORIES_OF_SLOT);
        memories.max(needs.num_tables.div_ceil(TABLES_OF_SLOT)).max(1)
    })
}

/// An error and its causes in one line.
fn sentence(error: &wasmtime::Error) -> String {
    format!("{error:#}").replace('\n', " ")
}
