//! The tools: uutils coreutils, grep and find as one multicall program.
