//! The two wasmtime engines: configuration, stores, limits, epochs and the cache of compiled code.
