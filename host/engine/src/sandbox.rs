//! The engine of hostile code: WASI 0.2 only, pooled, interruptible, everything unneeded switched off.

use std::sync::Arc;

use wasmtime::{
    Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy, WasmBacktraceDetails,
};

use crate::error::EngineError;
use crate::ticker::Ticker;

/// Processes that can live at once in one cell. Each slot reserves address space (4 GiB and guards), not memory:
/// 2,000 of them take 8 TiB of the 128 TiB there are.
pub const MAX_PROCESSES: u32 = 2_000;
/// Core instances: a plain program has 3 (module, adapter shims), Python by componentize-py about 30. This is a count, which
/// reserves nothing: high enough that no sandbox's programs, however many pieces they have, take them from others.
const CORE_INSTANCES: u32 = MAX_PROCESSES * CORE_INSTANCES_PER_COMPONENT;
/// Memories: one each, and a few to spare for components with an adapter's own.
const MEMORIES: u32 = MAX_PROCESSES + 500;
/// Tables: programs of several modules have a shim table each.
const TABLES: u32 = 3 * MAX_PROCESSES;
/// One linear memory can reach what 32 bits address; the sandbox's budget is the real limit.
const MEMORY_BYTES: usize = 4 << 30;
/// Python's function table has about 47,000 entries; with one reference a word, a table reserves 800 KB.
const TABLE_ELEMENTS: usize = 100_000;
/// Measured need: 1.5 MB for the largest Python module's instance data.
const INSTANCE_BYTES: usize = 4 << 20;
/// A component that links Python's extension modules has up to about 40 modules.
const CORE_INSTANCES_PER_COMPONENT: u32 = 64;
const MEMORIES_PER_COMPONENT: u32 = 8;
const TABLES_PER_COMPONENT: u32 = 32;
/// Stack of Wasm frames. Parsers recurse (a shell's, Python's); pages are only touched when used.
const WASM_STACK_BYTES: usize = 8 << 20;
/// The whole stack of a process: host functions get the 2 MiB above the Wasm part.
const STACK_BYTES: usize = WASM_STACK_BYTES + (2 << 20);
/// Memory images up to this size are mapped copy-on-write even when sparse (Python's has 20 to 40 MiB).
const DENSE_IMAGE_BYTES: u64 = 256 << 20;
/// Warm slots kept per module, so that a hot program finds its image mapped.
const WARM_SLOTS: u32 = 100;

/// The engine of hostile code. Cheap to clone; the epoch thread stops with the last clone.
#[derive(Clone, Debug)]
pub struct SandboxEngine {
    engine: Engine,
    _ticker: Arc<Ticker>,
}

impl SandboxEngine {
    /// Makes the engine, with a pool for [`MAX_PROCESSES`] processes, and starts its epoch thread.
    ///
    /// # Errors
    /// When the machine does not have the address space, or no further thread.
    pub fn new() -> Result<Self, EngineError> {
        let engine = Engine::new(&config()).map_err(EngineError::Configure)?;
        let ticker = Arc::new(Ticker::start(&engine)?);
        Ok(Self {
            engine,
            _ticker: ticker,
        })
    }

    /// An engine that only compiles: its code is this engine's, but it has no pool, whose address space a process with a
    /// limit on its memory could not have.
    ///
    /// # Errors
    /// When wasmtime refuses the configuration.
    pub fn to_compile() -> Result<Engine, EngineError> {
        let mut config = config();
        config.allocation_strategy(InstanceAllocationStrategy::OnDemand);
        Engine::new(&config).map_err(EngineError::Configure)
    }

    /// The wasmtime engine, for stores, linkers and components.
    pub fn wasmtime(&self) -> &Engine {
        &self.engine
    }
}

fn config() -> Config {
    let mut config = Config::new();
    config
        .strategy(Strategy::Cranelift)
        .cranelift_opt_level(OptLevel::Speed)
        .parallel_compilation(true)
        .allocation_strategy(InstanceAllocationStrategy::Pooling(pool()))
        .memory_init_cow(true)
        .memory_guaranteed_dense_image_size(DENSE_IMAGE_BYTES)
        .table_lazy_init(true)
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(STACK_BYTES)
        // A guest's own symbols are of no use to the host, and parsing them is work that a guest could inflate.
        .wasm_backtrace_details(WasmBacktraceDetails::Disable);
    switch_off_proposals(&mut config);
    config
}

/// What no program of the userland needs is off: each of these has had its advisories.
fn switch_off_proposals(config: &mut Config) {
    config
        .concurrency_support(false)
        .wasm_component_model_async(false)
        .wasm_threads(false)
        .wasm_shared_everything_threads(false)
        .wasm_gc(false)
        .wasm_function_references(false)
        .wasm_memory64(false)
        .wasm_exceptions(false)
        .wasm_stack_switching(false)
        .wasm_custom_page_sizes(false)
        .wasm_wide_arithmetic(false)
        .wasm_relaxed_simd(false)
        .wasm_tail_call(false)
        .shared_memory(false);
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(MAX_PROCESSES)
        .total_core_instances(CORE_INSTANCES)
        .total_memories(MEMORIES)
        .total_tables(TABLES)
        .total_stacks(MAX_PROCESSES)
        .total_gc_heaps(0)
        .max_memory_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT)
        .max_unused_warm_slots(WARM_SLOTS)
        // Nothing of a dead process stays in memory: measured, keeping pages gains no speed.
        .linear_memory_keep_resident(0)
        .table_keep_resident(0)
        .async_stack_keep_resident(0);
    pool
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::hash::{DefaultHasher, Hash, Hasher};

    #[test]
    fn code_of_the_compiling_engine_fits() {
        let hash = |engine: &Engine| {
            let mut hasher = DefaultHasher::new();
            engine.precompile_compatibility_hash().hash(&mut hasher);
            hasher.finish()
        };
        let (running, compiling) = (SandboxEngine::new().unwrap(), SandboxEngine::to_compile().unwrap());
        assert_eq!(hash(running.wasmtime()), hash(&compiling));
    }
}
