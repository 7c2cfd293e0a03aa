//! Processes: Wasm instances with a pid, descriptors, pipes, limits, wait and kill.
