//! The engine of our own components: WASI 0.2 and 0.3, pooled, interruptible.

use std::sync::Arc;

use wasmtime::{Config, Engine, InstanceAllocationStrategy, OptLevel, PoolingAllocationConfig, Strategy};

use crate::error::EngineError;
use crate::ticker::Ticker;

/// Component instances that can live at once: one for each API request in flight, and the runners' agents.
const COMPONENT_INSTANCES: u32 = 1_000;
/// The composed API component has about a dozen core instances, with its dependencies and their adapters.
const CORE_INSTANCES: u32 = 20_000;
const MEMORIES: u32 = 5_000;
const TABLES: u32 = 10_000;
/// A fiber for each call in flight; async exports run in fibers of their own.
const STACKS: u32 = 2_000;
/// No component of ours comes near this; it bounds one that a user brings.
const MEMORY_BYTES: usize = 512 << 20;
const TABLE_ELEMENTS: usize = 50_000;
const INSTANCE_BYTES: usize = 2 << 20;
const CORE_INSTANCES_PER_COMPONENT: u32 = 100;
const MEMORIES_PER_COMPONENT: u32 = 20;
const TABLES_PER_COMPONENT: u32 = 60;
const WASM_STACK_BYTES: usize = 1 << 20;
const STACK_BYTES: usize = WASM_STACK_BYTES + (1 << 20);

/// The engine of our own components. Cheap to clone; the epoch thread stops with the last clone.
///
/// Each store must choose what a tick does to it, by [`crate::yield_each_tick`] or [`crate::interrupt_after`];
/// without either its code traps at the first tick.
#[derive(Clone, Debug)]
pub struct ControlEngine {
    engine: Engine,
    _ticker: Arc<Ticker>,
}

impl ControlEngine {
    /// Makes the engine and starts its epoch thread.
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
        .epoch_interruption(true)
        .max_wasm_stack(WASM_STACK_BYTES)
        .async_stack_size(STACK_BYTES)
        .wasm_component_model_async(true)
        .wasm_threads(false)
        .wasm_gc(false)
        .wasm_memory64(false)
        .shared_memory(false);
    config
}

fn pool() -> PoolingAllocationConfig {
    let mut pool = PoolingAllocationConfig::new();
    pool.total_component_instances(COMPONENT_INSTANCES)
        .total_core_instances(CORE_INSTANCES)
        .total_memories(MEMORIES)
        .total_tables(TABLES)
        .total_stacks(STACKS)
        .total_gc_heaps(0)
        .max_memory_size(MEMORY_BYTES)
        .table_elements(TABLE_ELEMENTS)
        .max_core_instance_size(INSTANCE_BYTES)
        .max_component_instance_size(INSTANCE_BYTES)
        .max_core_instances_per_component(CORE_INSTANCES_PER_COMPONENT)
        .max_memories_per_component(MEMORIES_PER_COMPONENT)
        .max_tables_per_component(TABLES_PER_COMPONENT);
    pool
}
